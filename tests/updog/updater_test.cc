#include "updog/updater.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "tests/support/disk_image.h"
#include "tests/support/matchers.h"
#include "tests/support/memory_transport.h"
#include "tests/support/repository_builder.h"
#include "tests/support/temp_dir.h"
#include "updog/history.h"

namespace updog {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;
using partitions::Slot;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kNow;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kMetadataUrl = "http://x/m/";
constexpr std::string_view kTargetsUrl = "http://x/t/";

std::string Sha256(std::string_view text) {
  return base::HexEncode(base::DigestOf(base::DigestAlgorithm::kSha256, base::AsBytes(text)));
}

// `custom.image` as the publisher's tools write it.
Value CustomImage(std::uint64_t length, const std::string& sha256) {
  Object hashes;
  hashes.Set("sha256", sha256);
  Object image;
  image.Set("length", Value::Unsigned(length));
  image.Set("hashes", std::move(hashes));
  Object custom;
  custom.Set("image", std::move(image));
  return custom;
}

// A repository in memory with one update, 1.1.0, of raw images; and a disk that runs 1.0.0.
class UpdaterTest : public testing::Test {
 protected:
  UpdaterTest() : disk_(test::DiskImage::Create(dir_ / "disk.img")) {
    repository_.AddTarget("boot.img", boot_);
    repository_.AddTarget("root.img", root_);
    repository_.AddTarget("hash.img", hash_);
    SetManifest("root.img", "");
  }

  void SetManifest(const std::string& root_image, const std::string& migrations) {
    repository_.AddTarget("manifest.json",
                          R"({"updates": [{"variant": "demo", "arch": "x86_64", "version": "1.1.0",
            "max_version": "1.1.0", "waves": {},
            "images": {"boot": "boot.img", "root": ")" +
                              root_image + R"(", "hash": "hash.img"}}], "migrations": {)" +
                              migrations + "}}");
  }

  // Publishes, opens the client and loads the manifest.
  void Load() {
    repository_.PublishNextVersions();
    tough::ClientOptions options;
    options.metadata_base_url = kMetadataUrl;
    options.targets_base_url = kTargetsUrl;
    options.metadata_dir = dir_ / "metadata";
    client_ = std::make_unique<tough::Client>(
        tough::Client::Open(repository_.File("1.root.json"), options, transport_).value());
    auto manifest = LoadManifest(*client_, kNow);
    ASSERT_THAT(manifest, IsOk());
    manifest_ = *std::move(manifest);
  }
  base::Result<Plan> MakeThePlan() {
    return MakePlan(*client_, manifest_, manifest_.updates[0], Version::Parse("1.0.0").value());
  }
  signpost::Signpost OpenSignpost() {
    return signpost::Signpost::Open(signpost::ChosenDisk{.path = disk_.path(), .active = Slot::kA},
                                    {})
        .value();
  }
  Updater OpenUpdater() { return Updater::Open(OpenSignpost(), dir_ / "state").value(); }

  base::Result<std::string> Serve(const std::string& url) const {
    for (const auto& [base_url, files] : {std::pair(kMetadataUrl, &repository_.files()),
                                          std::pair(kTargetsUrl, &repository_.target_files())}) {
      if (!url.starts_with(base_url)) continue;
      const auto file = files->find(url.substr(base_url.size()));
      if (file != files->end()) return file->second;
    }
    return base::Fail(ErrorCode::kNotFound, url + ": not there");
  }

  test::TempDir dir_;
  test::DiskImage disk_;
  const std::string boot_ = std::string(100'000, 'b');
  const std::string root_ = std::string(3'000'001, 'r');
  const std::string hash_ = std::string(4'096, 'h');
  test::RepositoryBuilder repository_;
  test::MemoryTransport transport_{[this](const std::string& url) { return Serve(url); }};
  std::unique_ptr<tough::Client> client_;
  Manifest manifest_;
};

TEST_F(UpdaterTest, PlansRawImagesByTheirOwnLengthAndHash) {
  Load();
  const auto plan = MakeThePlan();
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->images[1].kind, "root");
  EXPECT_EQ(plan->images[1].download_bytes, root_.size());
  EXPECT_EQ(plan->images[1].compression, base::Compression::kNone);
  ASSERT_TRUE(plan->images[1].expected.has_value());
  EXPECT_EQ(plan->images[1].expected->length_bytes, root_.size());
  EXPECT_EQ(base::HexEncode(plan->images[1].expected->sha256), Sha256(root_));
  EXPECT_THAT(plan->migrations, IsEmpty());
}

TEST_F(UpdaterTest, PlansCompressedImagesByTheSignedSizeIfThereIsOne) {
  repository_.AddTarget("big.img.zst", "compressed", CustomImage(7'000, Sha256("raw")));
  repository_.AddTarget("old.img.lz4", "compressed");
  SetManifest("big.img.zst", "");
  Load();
  auto plan = MakeThePlan();
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->images[1].compression, base::Compression::kZstd);
  EXPECT_EQ(plan->images[1].expected->length_bytes, 7'000U);
  EXPECT_EQ(base::HexEncode(plan->images[1].expected->sha256), Sha256("raw"));

  SetManifest("old.img.lz4", "");
  client_.reset();
  Load();
  plan = MakeThePlan();
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->images[1].compression, base::Compression::kLz4);
  EXPECT_FALSE(plan->images[1].expected.has_value());
}

TEST_F(UpdaterTest, RefusesASignedSizeThatIsNone) {
  const std::string digest = Sha256("x");
  const std::vector<std::pair<Value, std::string>> cases = {
      {CustomImage(1, "zz" + digest.substr(2)), "custom.image: hashes.sha256: "},
      {CustomImage(1, digest.substr(2)), "custom.image: hashes.sha256: not 64"},
      {CustomImage(std::uint64_t{1} << 53, digest), "custom.image: length: not an integer"},
      {base::json::Parse(R"({"image": {"length": 1}})").value(), "custom.image: hashes: missing"},
      {base::json::Parse(R"({"image": 5})").value(), "custom.image: not an object"}};
  for (const auto& [custom, fault] : cases) {
    repository_.AddTarget("root.img.zst", "compressed", custom);
    SetManifest("root.img.zst", "");
    client_.reset();
    Load();
    EXPECT_THAT(MakeThePlan(), FailsSaying("root image: " + fault));
  }
}

TEST_F(UpdaterTest, PlansTheMigrations) {
  SetManifest("root.img", R"j("(1.0.0, 1.1.0)": ["migrate_a"])j");
  Load();
  EXPECT_THAT(MakeThePlan()->migrations, ElementsAre("migrate_a"));
  SetManifest("root.img", R"j("(0.9.0, 1.0.0)": [])j");
  client_.reset();
  Load();
  EXPECT_THAT(MakeThePlan(), Fails(ErrorCode::kNotFound));
}

TEST_F(UpdaterTest, TellsImagesApartThatHaveTheSameVersion) {
  Load();
  const std::string digest = MakeThePlan()->digest;
  repository_.AddTarget("root.img", root_ + "x");
  client_.reset();
  Load();
  EXPECT_NE(MakeThePlan()->digest, digest);
}

TEST_F(UpdaterTest, PreparesAppliesAndReverts) {
  Load();
  const Plan plan = MakeThePlan().value();
  Updater updater = OpenUpdater();
  EXPECT_THAT(updater.PlaceOf(plan), IsOkAnd(Updater::Place::kNowhere));
  std::vector<std::string> reported;
  ASSERT_THAT(updater.Prepare(
                  plan, *client_, kNow, [] { return base::Result<>(); },
                  [&reported](const Progress& progress) {
                    if (progress.done_bytes == progress.total_bytes) {
                      reported.emplace_back(progress.image);
                    }
                  }),
              IsOk());
  EXPECT_THAT(reported, testing::IsSupersetOf({"boot", "root", "hash"}));
  EXPECT_THAT(updater.PlaceOf(plan), IsOkAnd(Updater::Place::kStaged));
  EXPECT_THAT(disk_.Read(disk_.extent(test::kRootB)), testing::StartsWith(root_));

  EXPECT_THAT(updater.Revert(), Fails(ErrorCode::kState));
  EXPECT_THAT(updater.Apply(kNow), IsOk());
  EXPECT_THAT(updater.PlaceOf(plan), IsOkAnd(Updater::Place::kNext));
  EXPECT_THAT(updater.Apply(kNow), FailsSaying("set B is next to boot already"));
  EXPECT_THAT(updater.Revert(), IsOk());
  EXPECT_THAT(updater.PlaceOf(plan), IsOkAnd(Updater::Place::kStaged));
}

TEST_F(UpdaterTest, BeginsAnAttemptInTheHistoryBeforeItAppliesAnUpdate) {
  Load();
  const Plan plan = MakeThePlan().value();
  Updater updater = OpenUpdater();
  ASSERT_THAT(updater.Prepare(
                  plan, *client_, kNow, [] { return base::Result<>(); }, [](const Progress&) {}),
              IsOk());
  EXPECT_THAT(ReadHistory(dir_ / "state")->attempts, testing::IsEmpty());

  ASSERT_THAT(updater.Apply(kNow), IsOk());

  const History history = ReadHistory(dir_ / "state").value();
  ASSERT_THAT(history.attempts, testing::SizeIs(1));
  EXPECT_EQ(history.attempts[0].version, plan.update->version);
  EXPECT_EQ(history.attempts[0].set, partitions::Slot::kB);
  EXPECT_EQ(history.attempts[0].tries_left, 1);
}

TEST_F(UpdaterTest, IsTheOnlyOneOnItsDisk) {
  const Updater updater = OpenUpdater();
  EXPECT_THAT(Updater::Open(OpenSignpost(), dir_ / "state"), Fails(ErrorCode::kBusy));
}

// Where the state directory cannot be written, the set is not marked valid without its record.
TEST_F(UpdaterTest, MarksNothingValidThatItCannotRecord) {
  Load();
  Updater updater = Updater::Open(OpenSignpost(), dir_ / "disk.img/state").value();
  EXPECT_THAT(updater.Prepare(
                  MakeThePlan().value(), *client_, kNow, [] { return base::Result<>(); },
                  [](const Progress&) {}),
              testing::Not(IsOk()));
  EXPECT_EQ(partitions::BootFlagsOf(disk_.attributes(test::kBootB)), partitions::BootFlags());
}

}  // namespace
}  // namespace updog
