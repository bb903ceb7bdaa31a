// apiclient: the API's client, for operators, scripts and people. One static file.
#include <sys/random.h>

#include <string>
#include <string_view>
#include <vector>

#include "api/apiclient/client.h"
#include "api/apiclient/verbs.h"
#include "api/listener.h"
#include "base/program.h"

namespace {

using api::Client;
using api::Format;

constexpr const char* kExamples =
    "  apiclient update apply --check --reboot   # take what there is, and start it\n"
    "  apiclient update check                    # is there one?\n"
    "  apiclient update status\n"
    "  apiclient update cancel                   # what was applied does not start\n"
    "  apiclient reboot\n"
    "  apiclient get settings.updates os\n"
    "  apiclient set updates.version-lock=v1.2.0 updates.ignore-waves=true\n"
    "  apiclient set --json '{\"updates\": {\"seed\": 17}}'\n"
    "  apiclient raw -u /actions/refresh-updates -m POST\n";

struct Options {
  std::string socket_path{api::kDefaultSocketPath};
  api::RawRequest raw;
  api::ApplyOptions apply;
  bool json = false;
  std::vector<std::string> prefixes;
  std::vector<std::string> pairs;
  std::string document;

  // Whether anything was given that only a raw request has.
  bool HasRawOptions() const {
    return !raw.uri.empty() || !raw.data.empty() || raw.verbose || raw.method != "GET";
  }
  Format format() const { return json ? Format::kJson : Format::kText; }
};

// A transaction of this command's own.
std::string TransactionName() {
  std::uint64_t random = 0;
  (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
  return "apiclient-" + std::to_string(random);
}

void AddJson(CLI::App& command, Options& options, const std::string& what) {
  command.add_flag("-j,--json", options.json, what);
}

void AddRawOptions(CLI::App& command, Options& options) {
  api::RawRequest& request = options.raw;
  command.add_option("-u,--uri", request.uri, "What to ask for: a path, and a query if need be")
      ->type_name("URI");
  command.add_option("-m,-X,--method", request.method, "The method (default: GET)")
      ->type_name("METHOD");
  command.add_option("-d,--data", request.data, "The request's body")->type_name("DATA");
  command.add_flag("-v,--verbose", request.verbose, "Print the status on stderr too");
  AddJson(command, options, "As it is: what the API answers is JSON");
}

struct Verbs {
  CLI::App* raw;
  CLI::App* get;
  CLI::App* set;
  CLI::App* reboot;
  CLI::App* update;
  CLI::App* check;
  CLI::App* apply;
  CLI::App* cancel;
  CLI::App* status;

  bool IsOtherThanRaw() const {
    return get->parsed() || set->parsed() || reboot->parsed() || update->parsed();
  }
};

Verbs AddVerbs(CLI::App& app, Options& options) {
  Verbs verbs{};
  verbs.update = app.add_subcommand("update", "Look for an update, apply it, tell of it");
  verbs.update->require_subcommand(1);
  verbs.check = verbs.update->add_subcommand("check", "Look for updates, and print the status");
  AddJson(*verbs.check, options, "As it is: the status is JSON");
  verbs.apply = verbs.update->add_subcommand("apply", "Write the update, and make it next to boot");
  verbs.apply->add_flag("-c,--check", options.apply.check, "Look for updates first");
  verbs.apply->add_flag("-r,--reboot", options.apply.reboot, "Reboot when all has gone well");
  AddJson(*verbs.apply, options, "The status as JSON at the end; progress, a line each, on stderr");
  verbs.cancel = verbs.update->add_subcommand("cancel", "Keep an applied update from starting");
  AddJson(*verbs.cancel, options, "The status as JSON");
  verbs.status = verbs.update->add_subcommand("status", "Tell how things stand");
  AddJson(*verbs.status, options, "As JSON: the status, what runs, and the history");

  verbs.reboot = app.add_subcommand("reboot", "Restart the host");
  AddJson(*verbs.reboot, options, "Say so as JSON");

  verbs.get = app.add_subcommand("get", "Print settings, or what the host is, as JSON");
  verbs.get->add_option("PREFIX", options.prefixes, "settings.updates, os, or a path of the API")
      ->required();
  AddJson(*verbs.get, options, "As it is: the answer is JSON");

  verbs.set = app.add_subcommand("set", "Change settings, all of those that are given or none");
  auto* pairs = verbs.set->add_option("KEY=VALUE", options.pairs, "updates.seed=17");
  verbs.set
      ->add_option("-j,--json", options.document, "The changes as GET /settings would print them")
      ->type_name("JSON")
      ->excludes(pairs);

  verbs.raw = app.add_subcommand("raw", "Send one request, and print what is answered");
  AddRawOptions(*verbs.raw, options);
  return verbs;
}

base::Result<int> RunSet(const Client& client, const Options& options) {
  if (!options.document.empty()) {
    return api::SetDocument(client, options.document, TransactionName());
  }
  if (!options.pairs.empty()) return api::SetPairs(client, options.pairs, TransactionName());
  return base::Fail(base::ErrorCode::kUsage, "set: nothing given (see apiclient set --help)");
}

base::Result<int> RunRaw(const Client& client, const Options& options) {
  if (options.raw.uri.empty()) {
    return base::Fail(base::ErrorCode::kUsage,
                      "no command and no --uri given (see apiclient "
                      "--help)");
  }
  return api::Raw(client, options.raw);
}

base::Result<int> Run(const Verbs& verbs, Options& options) {
  const Client client(options.socket_path);
  options.apply.format = options.format();
  if (verbs.IsOtherThanRaw() && options.HasRawOptions()) {
    return base::Fail(base::ErrorCode::kUsage,
                      "--uri, --method, --data and --verbose go with raw only");
  }
  if (verbs.check->parsed()) return api::UpdateCheck(client);
  if (verbs.apply->parsed()) return api::UpdateApply(client, options.apply);
  if (verbs.cancel->parsed()) return api::UpdateCancel(client, options.format());
  if (verbs.status->parsed()) return api::UpdateStatusVerb(client, options.format());
  if (verbs.reboot->parsed()) return api::Reboot(client, options.format());
  if (verbs.get->parsed()) return api::Get(client, options.prefixes);
  if (verbs.set->parsed()) return RunSet(client, options);
  return RunRaw(client, options);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks the API server of this host; without a command: one request (raw)",
               "apiclient");
  base::SetUpProgram(app, kExamples);
  app.add_option("-s,--socket-path", options.socket_path,
                 "Where the server listens (default: /run/api.sock)")
      ->type_name("PATH");
  AddRawOptions(app, options);
  const Verbs verbs = AddVerbs(app, options);
  return base::RunProgram(app, argc, argv, [&] { return Run(verbs, options); });
}
