#include "updog/updater.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sink.h"
#include "tough/schema.h"
#include "updog/history.h"
#include "updog/migrations.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;
using partitions::ExpectedImage;
using partitions::ImageWriter;

std::string Name(const PlannedImage& image) {
  return fmt::format("{} image {:.100}", image.kind, image.target);
}

// `custom.image` of a target: length and digest of the image that its bytes decompress to.
base::Result<ExpectedImage> DecodeExpected(const Value& value) {
  const Object* image = value.object();
  if (image == nullptr) return base::Fail(ErrorCode::kMalformed, "not an object");
  ExpectedImage expected;
  expected.length_bytes = TRY(base::json::RequireInteger(*image, "length", 0, tough::kMaxInteger));
  const Object* hashes = TRY(base::json::RequireObject(*image, "hashes"));
  const std::string* sha256 = TRY(base::json::RequireString(*hashes, "sha256"));
  expected.sha256 = TRY_CONTEXT(base::HexDecode(*sha256), "hashes.sha256");
  if (expected.sha256.size() != 32) {
    return base::Fail(ErrorCode::kMalformed, "hashes.sha256: not 64 hexadecimal digits");
  }
  return expected;
}

// What signed metadata says of the raw image: its own member, or, of a target that is not
// compressed, the target's own length and digest.
base::Result<std::optional<ExpectedImage>> ExpectedOf(const tough::TargetFile& file,
                                                      base::Compression compression) {
  const Object* custom = file.custom.object();
  const Value* image = custom == nullptr ? nullptr : custom->Find("image");
  if (image != nullptr) return TRY_CONTEXT(DecodeExpected(*image), "custom.image");
  if (compression != base::Compression::kNone) return std::nullopt;
  for (const tough::Hash& hash : file.hashes) {
    if (hash.algorithm != base::DigestAlgorithm::kSha256) continue;
    return ExpectedImage{.length_bytes = file.length, .sha256 = TRY(base::HexDecode(hash.hex))};
  }
  return std::nullopt;
}

base::Result<PlannedImage> PlanImage(tough::Client& client, std::string_view kind,
                                     const std::string& target, base::Digest& digest) {
  const tough::TargetFile file = TRY(client.FindTarget(target));
  PlannedImage image{.kind = kind,
                     .target = target,
                     .download_bytes = file.length,
                     .compression = base::CompressionOf(target),
                     .expected = {}};
  image.expected = TRY(ExpectedOf(file, image.compression));
  digest.Update(base::AsBytes(fmt::format("{} {}", kind, file.length)));
  for (const tough::Hash& hash : file.hashes) {
    digest.Update(base::AsBytes(fmt::format(" {}:{}", base::DigestName(hash.algorithm), hash.hex)));
  }
  digest.Update(base::AsBytes("\n"));
  return image;
}

// Passes a download on and reports it. What the writer tells in the meantime is reported from the
// moment when all has been downloaded, so that there is one count at a time.
class MeteredSink final : public base::ByteSink {
 public:
  MeteredSink(const PlannedImage& image, const ProgressCallback& on_progress)
      : image_(image), on_progress_(on_progress) {}

  void set_writer(ImageWriter* writer) { writer_ = writer; }

  base::Result<> Write(base::ByteView bytes) override {
    TRY(writer_->Write(bytes));
    downloaded_bytes_ += bytes.size();
    on_progress_({.phase = Phase::kDownload,
                  .image = image_.kind,
                  .done_bytes = downloaded_bytes_,
                  .total_bytes = image_.download_bytes});
    return {};
  }

  base::Result<> Finish() override {
    download_complete_ = true;
    return writer_->Finish();
  }

  void OnWriterProgress(const partitions::ImageProgress& progress) {
    if (!download_complete_) return;
    Progress report{.phase = Phase::kWrite,
                    .image = image_.kind,
                    .done_bytes = progress.verified_bytes,
                    .total_bytes = std::nullopt};
    if (image_.expected) report.total_bytes = image_.expected->length_bytes;
    on_progress_(report);
  }

 private:
  const PlannedImage& image_;
  const ProgressCallback& on_progress_;
  ImageWriter* writer_ = nullptr;
  std::uint64_t downloaded_bytes_ = 0;
  bool download_complete_ = false;
};

base::Result<std::unique_ptr<ImageWriter>> OpenWriter(
    const PlannedImage& image, const partitions::Extent& where,
    std::function<void(const partitions::ImageProgress&)> on_progress) {
  partitions::ImageWriterOptions options;
  options.where = where;
  options.compression = image.compression;
  options.expected = image.expected;
  options.on_progress = std::move(on_progress);
  return TRY_CONTEXT(ImageWriter::Create(std::move(options)), Name(image));
}

base::Result<> Install(const PlannedImage& image, const partitions::Extent& where,
                       tough::Client& client, base::Time now, const ProgressCallback& on_progress) {
  base::log::Info(fmt::format("writing {} to {}", Name(image), where.path));
  MeteredSink sink(image, on_progress);
  const auto report = [&sink](const partitions::ImageProgress& progress) {
    sink.OnWriterProgress(progress);
  };
  const std::unique_ptr<ImageWriter> writer = TRY(OpenWriter(image, where, report));
  sink.set_writer(writer.get());
  TRY_CONTEXT(client.Download(image.target, now, sink), fmt::format("{} image", image.kind));
  return {};
}

std::array<partitions::Extent, 3> Extents(const signpost::SetStatus& set) {
  return {set.boot, set.root, set.hash};
}

// Opens each partition and lets it go again: one that is too small or in use is found while the
// inactive set is still what it was.
base::Result<> CheckPartitions(const Plan& plan, const signpost::SetStatus& set) {
  const std::array<partitions::Extent, 3> extents = Extents(set);
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    TRY(OpenWriter(plan.images[i], extents[i], {}));
  }
  return {};
}

}  // namespace

base::Result<Manifest> LoadManifest(tough::Client& client, base::Time now) {
  TRY(client.Refresh(now));
  const std::string text = TRY(client.Fetch(kManifestName, kMaxManifestBytes, now));
  Manifest manifest = TRY_CONTEXT(ParseManifest(text), kManifestName);
  for (std::size_t i = 0; i < manifest.updates.size(); ++i) {
    const Update& update = manifest.updates[i];
    if (!update.waves_fault) continue;
    base::log::Warning(fmt::format("{}: updates[{}].waves: {}; {} {} is passed over", kManifestName,
                                   i, *update.waves_fault, update.variant, update.version.text()));
  }
  return manifest;
}

base::Result<Plan> MakePlan(tough::Client& client, const Manifest& manifest, const Update& update,
                            const Version& running) {
  Plan plan;
  plan.update = &update;
  plan.migrations = TRY(PlanMigrations(manifest, running, update.version));
  base::Digest digest(base::DigestAlgorithm::kSha256);
  const Images& images = update.images;
  plan.images = {
      TRY_CONTEXT(PlanImage(client, "boot", images.boot, digest), "boot image"),
      TRY_CONTEXT(PlanImage(client, "root", images.root, digest), "root image"),
      TRY_CONTEXT(PlanImage(client, "hash", images.hash, digest), "hash image"),
  };
  plan.digest = base::HexEncode(digest.Finish());
  return plan;
}

Updater::Updater(signpost::Signpost signpost, signpost::UpdateLock lock, std::string state_dir)
    : signpost_(std::move(signpost)), lock_(std::move(lock)), state_dir_(std::move(state_dir)) {}

base::Result<Updater> Updater::Open(signpost::Signpost signpost, std::string state_dir) {
  signpost::UpdateLock lock = TRY(signpost.LockForUpdate());
  return Updater(std::move(signpost), std::move(lock), std::move(state_dir));
}

base::Result<std::optional<Staged>> Updater::ReadStaged() const {
  return updog::ReadStaged(state_dir_, TRY(signpost_.ReadStatus()));
}

base::Result<Updater::Place> Updater::PlaceOf(const Plan& plan) const {
  const signpost::Status status = TRY(signpost_.ReadStatus());
  const std::optional<Staged> staged = updog::ReadStaged(state_dir_, status);
  const Staged wanted{.set = signpost_.inactive(),
                      .variant = plan.update->variant,
                      .arch = plan.update->arch,
                      .version = plan.update->version,
                      .digest = plan.digest};
  if (staged != wanted) return Place::kNowhere;
  return status.next == signpost_.inactive() ? Place::kNext : Place::kStaged;
}

base::Result<Updater::Place> Updater::PlaceOf(const Version& version) const {
  const signpost::Status status = TRY(signpost_.ReadStatus());
  const std::optional<Staged> staged = updog::ReadStaged(state_dir_, status);
  if (!staged || staged->version != version) return Place::kNowhere;
  return status.next == signpost_.inactive() ? Place::kNext : Place::kStaged;
}

base::Result<> Updater::Prepare(const Plan& plan, tough::Client& client, base::Time now,
                                const std::function<base::Result<>()>& on_cleared,
                                const ProgressCallback& on_progress) {
  const signpost::Status status = TRY(signpost_.ReadStatus());
  if (status.running_on_trial()) {
    return base::Fail(ErrorCode::kState,
                      "the running version is still on trial: the other set is the only one known "
                      "to be good");
  }
  const signpost::SetStatus inactive = TRY(signpost_.ReadInactive());
  TRY(CheckPartitions(plan, inactive));

  // From here until the mark the selector never starts the inactive set, wherever a cut falls.
  TRY(signpost_.ClearInactive(lock_));
  // What was staged is about to be overwritten: should this be cut short and somebody mark the set
  // valid by hand, nothing may say that the older version is in it.
  TRY(RemoveStaged(state_dir_));
  TRY(on_cleared());
  const std::array<partitions::Extent, 3> extents = Extents(inactive);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    // An image may take hours, and before the next one the metadata's expiry is looked at again
    // (R72): at `now` and what has passed since, by a clock that nobody sets.
    const auto passed =
        std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    TRY(Install(plan.images[i], extents[i], client, now + passed, on_progress));
  }
  // The record first: a set that is marked valid is always the one that the record describes.
  TRY(WriteStaged(state_dir_, {.set = signpost_.inactive(),
                               .variant = plan.update->variant,
                               .arch = plan.update->arch,
                               .version = plan.update->version,
                               .digest = plan.digest}));
  TRY(signpost_.MarkInactiveValid(lock_));
  base::log::Info(fmt::format("{} {} is in set {}", plan.update->variant,
                              plan.update->version.text(),
                              partitions::SlotName(signpost_.inactive())));
  return {};
}

// Before the flags: from a record without a start nothing follows, but a version whose start nobody
// recorded could fail again and again. A history that cannot be written is no reason to stay
// behind.
void Updater::RecordAttempt(const Staged& staged, const signpost::SetStatus& set, base::Time now) {
  auto history = ReadHistory(state_dir_);
  if (history) {
    RecordApplied(*history,
                  {.variant = staged.variant,
                   .version = staged.version,
                   .set = staged.set,
                   .tries = set.flags.tries_left},
                  now);
  }
  const auto written = history ? WriteHistory(state_dir_, *history)
                               : base::Result<>(std::unexpected(history.error()));
  if (!written) base::log::Warning(written.error().message());
}

base::Result<> Updater::Apply(base::Time now) {
  const signpost::Status status = TRY(signpost_.ReadStatus());
  const signpost::SetStatus inactive = TRY(signpost_.ReadInactive());
  if (status.next == signpost_.inactive()) {
    return base::Fail(ErrorCode::kState, fmt::format("set {} is next to boot already",
                                                     partitions::SlotName(signpost_.inactive())));
  }
  const std::optional<Staged> staged = updog::ReadStaged(state_dir_, status);
  if (staged) RecordAttempt(*staged, inactive, now);
  return signpost_.UpgradeToInactive(lock_);
}

base::Result<> Updater::Revert() {
  const signpost::Status status = TRY(signpost_.ReadStatus());
  TRY(signpost_.ReadInactive());
  if (status.next != signpost_.inactive()) {
    return base::Fail(ErrorCode::kState,
                      fmt::format("there is nothing to take back: set {}, which runs, is next to "
                                  "boot; signpost rollback-to-inactive starts the other one",
                                  partitions::SlotName(signpost_.active())));
  }
  return signpost_.CancelUpgrade(lock_);
}

}  // namespace updog
