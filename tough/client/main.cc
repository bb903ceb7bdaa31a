// tuf-client: the library's client as a program, with the command line that the TUF project's
// conformance suite drives. Exit status 0 or 1, nothing else.

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/program.h"
#include "base/time.h"
#include "tough/client.h"
#include "tough/http_transport.h"

namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr const char* kExamples =
    "  tuf-client --metadata-dir D init root.json\n"
    "  tuf-client --metadata-dir D --metadata-url https://example.org/metadata refresh\n"
    "  tuf-client --metadata-dir D --metadata-url https://example.org/metadata \\\n"
    "             --target-base-url https://example.org/targets --target-name NAME \\\n"
    "             --target-dir X download";

// The anchor of every run (R32). It has no ending: files that end in ".json" are trusted metadata,
// and root.json is the newest root.
constexpr const char* kAnchorName = "/trusted_root";

struct Arguments {
  std::string metadata_dir;
  std::string metadata_url;
  std::string target_base_url;
  std::string target_dir;
  std::vector<std::string> target_names;
  std::string root_path;
};

Result<std::unique_ptr<tough::HttpTransport>> MakeTransport() {
  tough::HttpOptions options;
  options.user_agent = "tuf-client";
  options.jitter_seed = std::random_device()();
  return tough::HttpTransport::Create(std::move(options));
}

tough::ClientOptions OptionsFrom(const Arguments& arguments) {
  tough::ClientOptions options;
  options.metadata_base_url = arguments.metadata_url;
  options.targets_base_url = arguments.target_base_url;
  options.metadata_dir = arguments.metadata_dir;
  return options;
}

Result<> Init(const Arguments& arguments) {
  const std::string root = TRY(base::ReadFile(arguments.root_path, tough::Limits().root_bytes));
  const auto transport = TRY(MakeTransport());
  // Verifies the root, makes the directory and holds its lock while the files are put in place.
  const tough::Client client = TRY_CONTEXT(
      tough::Client::Open(root, OptionsFrom(arguments), *transport), arguments.root_path);
  TRY(base::ReplaceFile(arguments.metadata_dir + "/root.json", base::AsBytes(root)));
  return base::ReplaceFile(arguments.metadata_dir + kAnchorName, base::AsBytes(root));
}

Result<tough::Client> OpenAndRefresh(const Arguments& arguments, base::Time now,
                                     tough::Transport& transport) {
  const std::string path = arguments.metadata_dir + kAnchorName;
  auto root = base::ReadFile(path, tough::Limits().root_bytes, base::Links::kRefuse);
  if (!root && root.error().code() == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound, path + ": no trusted root; run \"tuf-client init\" first");
  }
  tough::Client client =
      TRY(tough::Client::Open(TRY(std::move(root)), OptionsFrom(arguments), transport));
  TRY(client.Refresh(now));
  return client;
}

Result<> Refresh(const Arguments& arguments) {
  const auto transport = TRY(MakeTransport());
  TRY(OpenAndRefresh(arguments, base::Now(), *transport));
  return {};
}

Result<> Download(const Arguments& arguments) {
  const auto transport = TRY(MakeTransport());
  tough::Client client = TRY(OpenAndRefresh(arguments, base::Now(), *transport));
  for (const std::string& name : arguments.target_names) {
    TRY(client.Save(name, arguments.target_dir, base::Now()));
  }
  return {};
}

Result<> RequireOption(const std::string& value, const char* option) {
  if (!value.empty()) return {};
  return Fail(ErrorCode::kUsage, std::string(option) + " is required");
}

Result<> Run(const CLI::App& app, const Arguments& arguments) {
  if (app.got_subcommand("init")) return Init(arguments);
  TRY(RequireOption(arguments.metadata_url, "--metadata-url"));
  if (app.got_subcommand("refresh")) return Refresh(arguments);
  TRY(RequireOption(arguments.target_base_url, "--target-base-url"));
  TRY(RequireOption(arguments.target_dir, "--target-dir"));
  TRY(RequireOption(arguments.target_names.empty() ? "" : "given", "--target-name"));
  return Download(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A client of The Update Framework", "tuf-client");
  base::SetUpProgram(app, kExamples);
  app.require_subcommand(1);
  Arguments arguments;
  app.add_option("--metadata-dir", arguments.metadata_dir, "Where trusted metadata lies")
      ->required()
      ->type_name("DIR");
  app.add_option("--metadata-url", arguments.metadata_url, "The repository's metadata")
      ->type_name("URL");
  app.add_option("--target-base-url", arguments.target_base_url, "The repository's targets")
      ->type_name("URL");
  app.add_option("--target-dir", arguments.target_dir, "Where to save targets")->type_name("DIR");
  app.add_option("--target-name", arguments.target_names, "A target to download; repeatable")
      ->allow_extra_args(false)  // else the subcommand after it would be one more name
      ->type_name("NAME");
  app.add_subcommand("init", "Start from a trusted root; makes no request")
      ->add_option("ROOT", arguments.root_path, "A root.json from a source that you trust")
      ->required();
  app.add_subcommand("refresh", "Bring the trusted metadata up to date");
  app.add_subcommand("download", "Refresh, then download and verify targets");
  const int status = base::RunProgram(app, argc, argv, [&]() -> Result<int> {
    TRY(Run(app, arguments));
    return base::kExitDone;
  });
  return status == base::kExitDone ? 0 : 1;
}
