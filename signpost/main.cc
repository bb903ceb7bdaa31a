// signpost: shows and changes which set of partitions boots next.
#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "base/program.h"
#include "signpost/signpost.h"
#include "signpost/status_text.h"

namespace signpost {
namespace {

constexpr const char* kExamples =
    R"(  signpost status                                   the running system's disk
  signpost status --json --disk disk.img --active a  a disk image whose set A counts as running
  signpost mark-successful-boot                     this version works: keep it
  signpost clear-inactive                           before the inactive set is written
  signpost mark-inactive-valid --tries 3            after it was written and verified
  signpost upgrade-to-inactive                      it boots next
  signpost cancel-upgrade                           the running version stays the next
  signpost rollback-to-inactive                     back to the version before
  signpost has-boot-ever-succeeded                  for scripts
  signpost rewrite-table                            repairs a damaged copy
)";

struct Options {
  std::optional<std::string> disk;
  std::optional<std::string> active;
  bool json = false;
  std::uint8_t tries = 1;
};

base::Result<std::optional<ChosenDisk>> Chosen(const Options& options) {
  if (options.disk.has_value() != options.active.has_value())
    return base::Fail(base::ErrorCode::kUsage, "--disk and --active go together");
  if (!options.disk) return std::nullopt;
  return ChosenDisk{.path = *options.disk, .active = TRY(ParseSlot(*options.active))};
}

// What a subcommand does with the disk.
using Action = std::function<base::Result<>(Signpost&, const Options&)>;
// The same for those that change the inactive set's flags.
using LockedAction = base::Result<> (Signpost::*)(const UpdateLock&);

base::Result<> PrintStatus(Signpost& signpost, const Options& options) {
  const Status status = TRY(signpost.ReadStatus());
  std::cout << (options.json ? StatusJson(status) : StatusText(status));
  return {};
}

base::Result<> PrintEverSucceeded(Signpost& signpost, const Options& /*options*/) {
  if (TRY(signpost.ReadStatus()).boot_ever_succeeded) std::cout << "true\n";
  return {};
}

base::Result<> MarkInactiveValid(Signpost& signpost, const Options& options) {
  const UpdateLock lock = TRY(signpost.LockForUpdate());
  return signpost.MarkInactiveValid(lock, options.tries);
}

Action WithUpdateLock(LockedAction action) {
  return [action](Signpost& signpost, const Options& /*options*/) -> base::Result<> {
    const UpdateLock lock = TRY(signpost.LockForUpdate());
    return (signpost.*action)(lock);
  };
}

Action Unlocked(base::Result<> (Signpost::*action)()) {
  return [action](Signpost& signpost, const Options& /*options*/) { return (signpost.*action)(); };
}

// Declares the subcommands; the one that is given puts its action into `chosen`.
void AddVerbs(CLI::App& app, Options& options, Action& chosen) {
  const auto add = [&app, &chosen](const char* name, const char* help, Action action) {
    return app.add_subcommand(name, help)->callback([&chosen, action = std::move(action)] {
      chosen = action;
    });
  };
  add("status", "Print the disk, its sets and flags, which set runs and which is next", PrintStatus)
      ->add_flag("--json", options.json, "As one JSON object");
  add("clear-inactive", "The inactive set never boots: it may be written now",
      WithUpdateLock(&Signpost::ClearInactive));
  add("mark-inactive-valid", "The inactive set holds a whole version", MarkInactiveValid)
      ->add_option("--tries", options.tries, "Starts it is given, 1 to 15 (default: 1)");
  add("upgrade-to-inactive", "The inactive set's new version boots next",
      WithUpdateLock(&Signpost::UpgradeToInactive));
  add("cancel-upgrade", "Take upgrade-to-inactive back", WithUpdateLock(&Signpost::CancelUpgrade));
  add("rollback-to-inactive", "The inactive set's old version boots next",
      WithUpdateLock(&Signpost::RollbackToInactive));
  add("mark-successful-boot", "The running version works: its trial is over",
      Unlocked(&Signpost::MarkSuccessfulBoot));
  add("has-boot-ever-succeeded", "Print true if a boot of this disk ever succeeded, else nothing",
      PrintEverSucceeded);
  add("rewrite-table", "Write both copies of the partition table as they are",
      Unlocked(&Signpost::RewriteTable));
}

int Main(int argc, const char* const* argv) {
  CLI::App app("Show and change which set of partitions boots next", "signpost");
  base::SetUpProgram(app, kExamples);
  app.require_subcommand(1);
  Options options;
  app.add_option("--disk", options.disk,
                 "Work on this disk image or disk instead of the running system's")
      ->type_name("FILE");
  app.add_option("--active", options.active, "The set of --disk that counts as running: a or b")
      ->type_name("SET");
  Action action;
  AddVerbs(app, options, action);
  return base::RunProgram(app, argc, argv, [&]() -> base::Result<int> {
    const std::optional<ChosenDisk> chosen = TRY(Chosen(options));
    Signpost signpost = TRY(Signpost::Open(chosen, TRY(partitions::CurrentSystem())));
    TRY(action(signpost, options));
    return base::kExitDone;
  });
}

}  // namespace
}  // namespace signpost

int main(int argc, char** argv) {
  return signpost::Main(argc, argv);
}
