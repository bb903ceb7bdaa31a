// updata: a publisher's tool for update manifests (manifest.json).
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/compress.h"
#include "base/exit_status.h"
#include "base/program.h"
#include "base/time.h"
#include "updog/updata/commands.h"

namespace {

namespace updata = updog::updata;

constexpr const char* kExamples =
    "  updata init manifest.json\n"
    "  updata add-update manifest.json --variant demo --arch x86_64 --version 1.1.0 \\\n"
    "      --boot boot.img.zst --root root.img.zst --hash hash.img.zst\n"
    "  updata set-waves manifest.json --version 1.1.0 --wave-file default "
    "--start-at \"in 2 hours\"\n"
    "  updata waves preview default                  # how a release spreads, as a plot\n"
    "  updata waves preview manifest.json --version 1.1.0 --seed 1234\n"
    "  updata set-max-version manifest.json --max-version 1.0.0   # withdraw what is newer\n"
    "  updata remove-update manifest.json --version 1.0.0\n"
    "  updata set-migrations manifest.json --from Release.toml\n"
    "  updata validate manifest.json && updata show manifest.json\n"
    "  updata compress-image root.img --out root.img.zst --frame-size 4\n";

// The command line, as text.
struct Arguments {
  std::string file;
  std::string variant;
  std::string arch;
  std::string version;
  std::string max_version;
  std::string boot;
  std::string root;
  std::string hash;
  std::string wave_file;
  std::string start_at;
  std::string release_file;
  std::string out;
  std::uint64_t hosts = 10'000;
  std::optional<std::uint32_t> seed;
  std::string svg;
  std::string png;
  std::uint64_t frame_mib = 0;
  int level = base::CompressOptions().level;
};

base::Result<updog::Version> ParseVersion(const std::string& option, const std::string& text) {
  auto version = updog::Version::Parse(text);
  if (version) return *std::move(version);
  return base::Fail(base::ErrorCode::kUsage, option + ": " + version.error().message());
}

base::Result<std::optional<updog::Version>> ParseOptionalVersion(const std::string& option,
                                                                 const std::string& text) {
  if (text.empty()) return std::nullopt;
  return TRY(ParseVersion(option, text));
}

base::Result<updog::Selector> MakeSelector(const Arguments& arguments) {
  updog::Selector selector;
  if (!arguments.variant.empty()) selector.variant = arguments.variant;
  if (!arguments.arch.empty()) selector.arch = arguments.arch;
  selector.version = TRY(ParseOptionalVersion("--version", arguments.version));
  return selector;
}

base::Result<int> AddUpdate(const Arguments& arguments) {
  return updata::AddUpdate(
      arguments.file,
      {.variant = arguments.variant,
       .arch = arguments.arch,
       .version = TRY(ParseVersion("--version", arguments.version)),
       .max_version = TRY(ParseOptionalVersion("--max-version", arguments.max_version)),
       .images = {.boot = arguments.boot, .root = arguments.root, .hash = arguments.hash}});
}

base::Result<int> RemoveUpdate(const Arguments& arguments) {
  return updata::RemoveUpdate(arguments.file, TRY(MakeSelector(arguments)));
}

base::Result<base::Time> ParseStart(const Arguments& arguments) {
  const base::Time now = base::Now();
  if (arguments.start_at.empty()) return now;
  auto start = base::ParseTimeOrOffset(arguments.start_at, now);
  if (start) return *start;
  return base::Fail(base::ErrorCode::kUsage, "--start-at: " + start.error().message());
}

base::Result<int> SetWaves(const Arguments& arguments) {
  return updata::SetWaves(arguments.file, TRY(MakeSelector(arguments)), arguments.wave_file,
                          TRY(ParseStart(arguments)));
}

base::Result<int> PreviewWaves(const Arguments& arguments) {
  updata::PreviewRequest request{.input = arguments.file,
                                 .selector = TRY(MakeSelector(arguments)),
                                 .start = TRY(ParseStart(arguments)),
                                 .hosts = arguments.hosts,
                                 .seed = arguments.seed,
                                 .plots = {}};
  for (const std::string& plot : {arguments.svg, arguments.png}) {
    if (!plot.empty()) request.plots.push_back(plot);
  }
  return updata::PreviewWaves(request);
}

base::Result<int> SetMaxVersion(const Arguments& arguments) {
  return updata::SetMaxVersion(arguments.file, TRY(MakeSelector(arguments)),
                               TRY(ParseVersion("--max-version", arguments.max_version)));
}

base::Result<int> CompressImage(const Arguments& arguments) {
  base::CompressOptions options;
  options.level = arguments.level;
  if (arguments.frame_mib > 0) options.frame_bytes = arguments.frame_mib << 20;
  TRY(base::CompressFile(arguments.file, arguments.out, options));
  return base::kExitDone;
}

// Declares the subcommands, each with what it runs.
class Commands {
 public:
  Commands(CLI::App& app, Arguments& arguments) : app_(app), arguments_(arguments) {
    Add("init", "Make a manifest that offers nothing",
        [](const Arguments& a) { return updata::Init(a.file); });
    Add("validate", "Name every fault of a manifest, with its place",
        [](const Arguments& a) { return updata::Validate(a.file); });
    Add("show", "Describe a manifest in words",
        [](const Arguments& a) { return updata::Show(a.file); });
    AddForUpdates();
    AddPreview();
    AddCompression();
  }

  base::Result<int> Run() const {
    for (const auto& [command, run] : run_) {
      if (command->parsed()) return run(arguments_);
    }
    return base::Fail(base::ErrorCode::kUsage, "no command given (see updata --help)");
  }

 private:
  using Action = std::function<base::Result<int>(const Arguments&)>;

  CLI::App& Add(const std::string& name, const std::string& description, Action action) {
    CLI::App* command = app_.add_subcommand(name, description);
    command->add_option("FILE", arguments_.file, "The file")->required();
    run_[command] = std::move(action);
    return *command;
  }

  void AddPreview() {
    CLI::App* waves = app_.add_subcommand("waves", "About schedules");
    waves->require_subcommand(1);
    CLI::App* preview = waves->add_subcommand(
        "preview", "Show how a release spreads: a table and a plot, or one host's second");
    preview
        ->add_option("INPUT", arguments_.file,
                     "accelerated, default or emergency; a schedule's file; or a manifest (.json)")
        ->required();
    AddSelection(*preview, {.required = false});
    AddStart(*preview);
    preview->add_option("--hosts", arguments_.hosts, "How many there are in the fleet")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    preview->add_option("--seed", arguments_.seed, "Only when the host with this seed is ready")
        ->check(CLI::Range(0, 2048));
    preview->add_option("--svg", arguments_.svg, "Draw into this file (NAME.svg)");
    preview->add_option("--png", arguments_.png, "Draw into this file (NAME.png)");
    run_[preview] = PreviewWaves;
  }

  void AddStart(CLI::App& command) {
    command.add_option("--start-at", arguments_.start_at,
                       "When the release starts: a time, or \"in 2 hours\" (default: now)");
  }

  void AddForUpdates() {
    CLI::App& add = Add("add-update", "Offer an update to everybody at once", AddUpdate);
    AddSelection(add, {.required = true});
    add.add_option("--max-version", arguments_.max_version,
                   "Highest version for this variant and architecture (default: as it is, or the "
                   "new version)");
    add.add_option("--boot", arguments_.boot, "Target with the boot image")->required();
    add.add_option("--root", arguments_.root, "Target with the root image")->required();
    add.add_option("--hash", arguments_.hash, "Target with the hash image")->required();

    CLI::App& remove = Add("remove-update", "Take an update out", RemoveUpdate);
    AddSelection(remove, {.required = false});

    CLI::App& waves = Add("set-waves", "Let an update spread as a schedule says", SetWaves);
    AddSelection(waves, {.required = false});
    waves
        .add_option("-w,--wave-file", arguments_.wave_file,
                    "Schedule: a file in TOML, or accelerated, default or emergency")
        ->required();
    AddStart(waves);

    CLI::App& maximum =
        Add("set-max-version", "Lower it to withdraw what is newer, or raise it", SetMaxVersion);
    maximum.add_option("--max-version", arguments_.max_version, "The version")->required();
    maximum.add_option("--variant", arguments_.variant, "Only this variant");
    maximum.add_option("--arch", arguments_.arch, "Only this architecture");

    CLI::App& migrations =
        Add("set-migrations", "Take all migrations from a Release.toml",
            [](const Arguments& a) { return updata::SetMigrations(a.file, a.release_file); });
    migrations.add_option("--from", arguments_.release_file, "The Release.toml")->required();
  }

  struct Selection {
    bool required;
  };
  void AddSelection(CLI::App& command, Selection selection) {
    command.add_option("--variant", arguments_.variant, "Variant")->required(selection.required);
    command.add_option("--arch", arguments_.arch, "Architecture")->required(selection.required);
    command.add_option("--version", arguments_.version, "Version")->required(selection.required);
  }

  void AddCompression() {
    CLI::App& command =
        Add("compress-image", "Compress an image for hosts, as zstd", CompressImage);
    command.add_option("--out", arguments_.out, "The compressed file")->required();
    command
        .add_option("--frame-size", arguments_.frame_mib,
                    "MiB of the image in each frame; 4 lets hosts decompress with two cores "
                    "(default: one frame)")
        ->check(CLI::Range(1, 1024));
    command.add_option("--level", arguments_.level, "1 to 22")
        ->check(CLI::Range(base::kMinZstdLevel, base::kMaxZstdLevel))
        ->capture_default_str();
  }

  CLI::App& app_;
  Arguments& arguments_;
  std::map<CLI::App*, Action> run_;
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Edits the update manifest of a repository", "updata");
  base::SetUpProgram(app, kExamples);
  const Commands commands(app, arguments);
  return base::RunProgram(app, argc, argv, [&commands] { return commands.Run(); });
}
