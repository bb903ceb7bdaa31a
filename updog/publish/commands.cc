#include "updog/publish/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <utility>

#include "base/exit_status.h"
#include "base/log.h"
#include "updog/halted.h"
#include "updog/publish/outlook.h"
#include "updog/publish/release.h"

namespace updog::publish {
namespace {

using base::ErrorCode;

void Print(const std::string& text) {
  (void)std::fputs(text.c_str(), stdout);
}

base::Result<std::string> RequireManifest(const Repository& repository) {
  if (repository.manifest()) return *repository.manifest();
  return base::Fail(ErrorCode::kNotFound, "no manifest.json is published yet");
}

base::Result<std::vector<HaltedUpdate>> HaltedOf(const std::string& manifest) {
  const base::json::Value document =
      TRY(base::json::Parse(manifest, {.duplicates = base::json::Duplicates::kKeep}));
  return DecodeHalted(*document.object());
}

// What a manifest lists, halted updates too: versions that hosts may run.
base::Result<std::vector<Update>> UpdatesOf(const std::optional<std::string>& text) {
  if (!text) return std::vector<Update>();
  Manifest manifest = TRY(ParseManifest(*text));
  for (HaltedUpdate& halted : TRY(HaltedOf(*text))) {
    manifest.updates.push_back(std::move(halted.update));
  }
  return std::move(manifest.updates);
}

// What is left to be done with a stage, in the order in which no host ever sees a name without its
// file.
void PrintCopying(const std::string& directory) {
  Print(
      fmt::format("nothing is visible yet; to make it so:\n"
                  "  rsync -a {0}/targets/ SERVER:targets/\n"
                  "  rsync -a {0}/metadata/ SERVER:metadata/\n",
                  directory));
}

// The way of all verbs that change the manifest.
class ManifestChange {
 public:
  static base::Result<ManifestChange> Begin(Request request) {
    const Place place = request.place;
    const base::Time now = request.now;
    Repository repository = TRY(Repository::Open(std::move(request.repository)));
    std::vector<Update> running = TRY_CONTEXT(UpdatesOf(repository.manifest()), kManifestName);
    ManifestEditor editor = ManifestEditor::Create();
    if (repository.manifest()) editor = TRY(ManifestEditor::Parse(*repository.manifest()));
    return ManifestChange(std::move(repository), std::move(editor), std::move(running), place, now);
  }

  Repository& repository() { return repository_; }
  ManifestEditor& editor() { return editor_; }
  base::Time now() const { return now_; }

  base::Result<int> Publish() {
    const std::string text = editor_.Serialize();
    const std::vector<Fault> faults = FindFaults(text);
    if (!faults.empty()) {
      return base::Fail(ErrorCode::kMalformed,
                        fmt::format("{}: {}", kManifestName, faults.front().Line()));
    }
    const Manifest manifest = TRY(ParseManifest(text));
    const std::vector<Outlook> outlooks = TRY(FindOutlooks(manifest, running_, now_));
    TRY(repository_.SetManifest(text));
    TRY(repository_.Publish(now_));
    Print(Describe(outlooks, now_) + Describe(TRY(HaltedOf(text)), now_));
    if (place_ == Place::kStage) PrintCopying(repository_.directory());
    return base::kExitDone;
  }

 private:
  ManifestChange(Repository repository, ManifestEditor editor, std::vector<Update> running,
                 Place place, base::Time now)
      : repository_(std::move(repository)),
        editor_(std::move(editor)),
        running_(std::move(running)),
        place_(place),
        now_(now) {}

  Repository repository_;
  ManifestEditor editor_;
  std::vector<Update> running_;
  Place place_;
  base::Time now_;
};

base::Result<int> ChangeManifest(Request request,
                                 const std::function<base::Result<>(ManifestChange&)>& change) {
  ManifestChange manifest = TRY(ManifestChange::Begin(std::move(request)));
  TRY(RequireManifest(manifest.repository()));
  TRY(manifest.repository().BeginManifest());
  TRY(change(manifest));
  return manifest.Publish();
}

base::Result<> AddFiles(Repository& repository, const Release& release) {
  for (const ReleaseFile& image : release.images) {
    TRY(repository.AddTarget(image.name, image.path));
  }
  for (const ReleaseFile& migration : release.migrations) {
    // All of them are named each time; those of older releases need not be at hand any more.
    if (repository.Lists(migration.name)) continue;
    TRY(repository.AddTarget(migration.name, migration.path));
  }
  return {};
}

std::vector<std::string> NamesOf(const Release& release) {
  std::vector<std::string> names = {std::string(kManifestName)};
  for (const ReleaseFile& image : release.images) names.push_back(image.name);
  for (const ReleaseFile& migration : release.migrations) names.push_back(migration.name);
  return names;
}

}  // namespace

base::Result<int> PublishRelease(Request request, const ReleaseRequest& wanted) {
  const Release release = TRY(LoadRelease(wanted.release_file));
  const NewUpdate& update = release.update;
  ManifestChange change = TRY(ManifestChange::Begin(std::move(request)));
  TRY(change.repository().BeginRelease(NamesOf(release)));
  ManifestEditor& editor = change.editor();
  // The new maximum would offer them again.
  const Selector same_kind{.variant = update.variant, .arch = update.arch, .version = {}};
  for (const std::string& name : editor.DropWithdrawn(same_kind)) {
    Print(fmt::format("{} is withdrawn and no longer listed\n", name));
  }
  TRY(editor.AddUpdate(update));
  TRY(editor.SetWaves({update.variant, update.arch, update.version}, wanted.waves));
  if (release.migrations_toml) TRY(editor.SetMigrations(*release.migrations_toml));
  TRY(AddFiles(change.repository(), release));
  return change.Publish();
}

base::Result<int> Withdraw(Request request, const Selector& selector) {
  return ChangeManifest(std::move(request),
                        [&](ManifestChange& change) { return change.editor().Withdraw(selector); });
}

base::Result<int> Halt(Request request, const Selector& selector) {
  return ChangeManifest(std::move(request), [&](ManifestChange& change) {
    return change.editor().Halt(selector, change.now());
  });
}

base::Result<int> Resume(Request request, const Selector& selector) {
  return ChangeManifest(std::move(request), [&](ManifestChange& change) {
    return change.editor().Resume(selector, change.now());
  });
}

base::Result<int> SetWaves(Request request, const Selector& selector, const Waves& waves) {
  return ChangeManifest(std::move(request), [&](ManifestChange& change) {
    return change.editor().Reschedule(selector, waves, change.now());
  });
}

base::Result<int> Refresh(Request request) {
  const base::Time now = request.now;
  const Place place = request.place;
  const base::Time expires = request.repository.expires.timestamp;
  Repository repository = TRY(Repository::Open(std::move(request.repository)));
  TRY(repository.BeginTimestamp());
  TRY(repository.Publish(now));
  Print(fmt::format("timestamp expires {}\n", base::FormatTime(expires)));
  // Nobody reads the mail of cron until there is some.
  for (const std::string& line : repository.ExpiringBefore(now + std::chrono::weeks(3))) {
    base::log::Warning(line + ": its keys are needed soon");
  }
  if (place == Place::kStage) PrintCopying(repository.directory());
  return base::kExitDone;
}

}  // namespace updog::publish
