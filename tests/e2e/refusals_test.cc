// Every refusal: one line that names the thing and the reason, an exit status, and a host that
// still boots what it ran.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "partitions/boot_flags.h"
#include "partitions/slot_selection.h"
#include "tests/e2e/world.h"
#include "tests/support/repository_builder.h"

namespace test {
namespace {

using testing::HasSubstr;

std::string FlipByte(std::string bytes, std::size_t index) {
  bytes.at(index) = static_cast<char>(bytes.at(index) ^ 1);
  return bytes;
}

class RefusalTest : public WorldTest {
 protected:
  // What is served at the path of the root image, or of any published file.
  void Answer(const std::string& ending, const Handler& handler) {
    server_.On("/" + publisher_.PathOf(ending), handler);
  }
  std::string Published(const std::string& ending) const {
    return publisher_.Files().at(publisher_.PathOf(ending));
  }
  // A disk of which not one byte may change.
  void ExpectRefusedUntouched(const Host& host, const std::string& text, int exit_status = 1) {
    ExpectRefusal(host.Updog({"update"}), exit_status, text);
    host.ExpectDiskUntouched();
    host.ExpectUnharmed();
  }
  // Refused in the middle: the inactive set is cleared, so nothing will start it; and the next,
  // good, update goes through.
  void ExpectRefusedAndHarmless(const Host& host, const std::string& image,
                                const std::string& reason) {
    const ProcessResult result = host.Updog({"update"});
    ExpectRefusal(result, 1, image + ": ");
    EXPECT_THAT(result.errors, HasSubstr(reason));
    host.ExpectUnharmed();
    EXPECT_FALSE(partitions::WillBoot(partitions::BootFlagsOf(host.disk().attributes(kBootB))));
    publisher_.Serve(server_);
    EXPECT_EQ(host.Updog({"update"}).output, "demo 1.1.0\n");
    EXPECT_TRUE(Holds(host, "1.1.0"));
  }
};

// The network.

TEST_F(RefusalTest, UnreachableServer) {
  Host host = MakeHost();
  const std::string gone = [] { return LoopbackServer().Url(); }();
  host.SetConfig("metadata_base_url", "\"" + gone + "/metadata\"");
  ExpectRefusedUntouched(host, gone + "/metadata/");
}

TEST_F(RefusalTest, MissingMetadata) {
  const Host host = MakeHost();
  server_.On("/metadata/timestamp.json", test::Answer(404));
  ExpectRefusedUntouched(host, "timestamp.json?seed=42&version=1.0.0: HTTP status 404");
}

TEST_F(RefusalTest, MissingImage) {
  const Host host = MakeHost();
  Answer("root.img.zst", test::Answer(404));
  ExpectRefusedAndHarmless(host, "root image", "HTTP status 404");
}

TEST_F(RefusalTest, TruncatedMetadata) {
  const Host host = MakeHost();
  Answer("targets.json", CloseAfter(Published("targets.json"), 100));
  ExpectRefusedUntouched(host, "targets.json?seed=42&version=1.0.0: transfer closed with");
}

TEST_F(RefusalTest, TruncatedImage) {
  const Host host = MakeHost();
  const std::string image = Published("root.img.zst");
  // A shorter body that is complete by its own headers.
  Answer("root.img.zst", ServeFile(image.substr(0, image.size() - 1)));
  ExpectRefusedAndHarmless(host, "root image", "bytes, listed are");
}

TEST_F(RefusalTest, ConnectionCutInTheImage) {
  const Host host = MakeHost();
  const std::string image = Published("root.img.zst");
  Answer("root.img.zst", CloseAfter(image, image.size() / 2));
  ExpectRefusedAndHarmless(host, "root image", "transfer closed with");
}

TEST_F(RefusalTest, EndlessMetadata) {
  const Host host = MakeHost();
  server_.On("/metadata/timestamp.json",
             RawThenForEver("HTTP/1.1 200 OK\r\n\r\n{", std::string(10'000, ' ')));
  ExpectRefusedUntouched(host, "more than the accepted");
}

TEST_F(RefusalTest, EndlessImage) {
  const Host host = MakeHost();
  Answer("root.img.zst", RawThenForEver("HTTP/1.1 200 OK\r\n\r\n" + Published("root.img.zst"),
                                        std::string(10'000, 'x')));
  ExpectRefusedAndHarmless(host, "root image", "more than the accepted");
}

TEST_F(RefusalTest, ImageOfAnotherLength) {
  const Host host = MakeHost();
  Answer("hash.img.zst", ServeFile(Published("hash.img.zst") + "x"));
  ExpectRefusedAndHarmless(host, "hash image", "bytes announced");
}

TEST_F(RefusalTest, ImageWithOneByteFlipped) {
  const Host host = MakeHost();
  const std::string image = Published("root.img.zst");
  for (const std::size_t place : {std::size_t{0}, image.size() / 2, image.size() - 1}) {
    Answer("root.img.zst", ServeFile(FlipByte(image, place)));
    const ProcessResult result = host.Updog({"update"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.errors, HasSubstr("root image: "));
    host.ExpectUnharmed();
  }
}

TEST_F(RefusalTest, AnotherImageOfTheSameLength) {
  publisher_.AddRelease({.version = "1.2.0", .ending = ""});
  PublishAndServe();
  const Host host = MakeHost();
  Answer("1.2.0-root.img", ServeFile(MakeBytes(2 << 20, "another")));
  ExpectRefusal(host.Updog({"update"}), 1, "root image: target demo-1.2.0-root.img: sha256");
  host.ExpectUnharmed();
}

// Trust.

TEST_F(RefusalTest, MetadataWithAWrongHash) {
  const Host host = MakeHost();
  Answer("targets.json", ServeFile(FlipByte(Published("targets.json"), 50)));
  ExpectRefusedUntouched(host, "targets.json: sha256 is ");
}

TEST_F(RefusalTest, MetadataWithAWrongSignature) {
  const Host host = MakeHost();
  const std::string timestamp = Published("timestamp.json");
  const std::size_t sig = timestamp.find("\"sig\"");
  ASSERT_NE(sig, std::string::npos);
  const std::size_t digit = timestamp.find_first_of("0123456789abcdef", sig + 6);
  std::string changed = timestamp;
  changed[digit] = changed[digit] == '0' ? '1' : '0';
  Answer("timestamp.json", ServeFile(changed));
  ExpectRefusedUntouched(host, "timestamp.json: signature threshold 1 not met: 0 valid");
}

TEST_F(RefusalTest, RepositoryThatAnAttackerSigned) {
  const Host host = MakeHost();
  Publisher attacker(dir_ / "attacker");
  attacker.AddRelease({.version = "6.6.6"});
  attacker.Publish();
  attacker.Publish();
  attacker.Serve(server_);
  ExpectRefusedUntouched(host, "timestamp.json: signature threshold 1 not met: 0 valid");
}

TEST_F(RefusalTest, ExpiredMetadata) {
  const Host host = MakeHost();
  publisher_.Publish("2021-01-01T00:00:00Z");
  publisher_.Serve(server_);
  ExpectRefusedUntouched(host, "timestamp.json: expired at 2021-01-01T00:00:00Z");
}

TEST_F(RefusalTest, RolledBackMetadata) {
  const Host host = MakeHost();
  const auto old_files = publisher_.Files();
  publisher_.AddRelease({.version = "1.2.0"});
  PublishAndServe();
  ASSERT_EQ(host.Updog({"check-update"}).output, "demo 1.2.0\n");
  for (const auto& [path, bytes] : old_files) server_.On("/" + path, ServeFile(bytes));
  ExpectRefusedUntouched(host, "timestamp.json: version 1 is below the trusted 2");
}

TEST_F(RefusalTest, TrustedRootThatIsNone) {
  Host host = MakeHost();
  WriteAll(dir_ / "no-root.json", "{}");
  host.SetConfig("trusted_root", "\"" + dir_ / "no-root.json" + "\"");
  ExpectRefusedUntouched(host, "trusted root: signatures: missing");
  host.SetConfig("trusted_root", "\"/does/not/exist\"");
  ExpectRefusedUntouched(host, "trusted root: /does/not/exist: No such file");
}

// The manifest.

TEST_F(RefusalTest, MalformedManifest) {
  const Host host = MakeHost();
  const std::string manifest = ReadAll(publisher_.manifest_path());
  const auto publish = [&](const std::string& text) {
    WriteAll(publisher_.manifest_path(), text);
    PublishAndServe();
  };
  publish("{\"updates\": 7}");
  ExpectRefusedUntouched(host, "manifest.json: updates: not an array");
  publish(manifest + "x");
  ExpectRefusedUntouched(host, "manifest.json: not valid JSON");
  std::string twice = manifest;
  twice.insert(twice.find("\"arch\""), "\"arch\": \"x86_64\",\n");
  publish(twice);
  ExpectRefusedUntouched(host, "manifest.json: updates[0]: name 'arch' occurs twice");
}

TEST_F(RefusalTest, UpdateWithUnusableWavesIsPassedOver) {
  const Host host = MakeHost();
  std::string manifest = ReadAll(publisher_.manifest_path());
  manifest.replace(manifest.find("\"waves\": {}"), 11,
                   "\"waves\": {\"5\": \"2020-01-01T00:00:00Z\", \"5\": \"2020-01-01T00:00:00Z\"}");
  WriteAll(publisher_.manifest_path(), manifest);
  PublishAndServe();
  const ProcessResult check = host.Updog({"check-update"});
  EXPECT_EQ(check.exit_status, 3);
  EXPECT_THAT(check.errors, HasSubstr("updates[0].waves: 5 occurs twice"));
  EXPECT_THAT(check.errors, HasSubstr("no update available: version 1.1.0 has unusable waves"));
}

TEST_F(RefusalTest, UnknownVariantOrArchitecture) {
  Host host = MakeHost();
  for (const std::string verb : {"update", "check-update"}) {
    ExpectRefusal(host.Updog({verb, "--variant", "metal-toaster"}), 1,
                  "no update for variant metal-toaster on x86_64");
  }
  host.SetConfig("arch", "\"z80\"");
  ExpectRefusedUntouched(host, "no update for variant demo on z80");
}

TEST_F(RefusalTest, VersionThatIsNotOffered) {
  const Host host = MakeHost();
  ExpectRefusal(host.Updog({"update", "--image", "9.9.9"}), 1, "no version 9.9.9");
  ExpectRefusal(host.Updog({"update", "--image", "v1.1.0"}), 2, "--image: 'v1.1.0'");
  host.ExpectDiskUntouched();
}

TEST_F(RefusalTest, ImageThatIsNoTarget) {
  const Host host = MakeHost();
  std::string manifest = ReadAll(publisher_.manifest_path());
  manifest.replace(manifest.find("root.img"), 8, "soot.img");
  WriteAll(publisher_.manifest_path(), manifest);
  PublishAndServe();
  ExpectRefusedUntouched(host, "demo-1.1.0-soot.img.zst");
}

// The disk.

TEST_F(RefusalTest, NoInactiveSet) {
  const Host host = MakeHost({.sets = Sets::kOne});
  ExpectRefusal(host.Updog({"update"}), 1, "no inactive set");
  ExpectRefusal(host.Updog({"update-apply"}), 1, "no inactive set");
  ExpectRefusal(host.Updog({"update-revert"}), 1, "no inactive set");
  host.ExpectDiskUntouched();
}

TEST_F(RefusalTest, RunningVersionStillOnTrial) {
  const Host host = MakeHost();
  partitions::BootFlags trial{.priority = 2, .tries_left = 0, .successful = false};
  host.disk().SetAttributes(kBootA, partitions::WithBootFlags(0, trial));
  trial = {.priority = 1, .tries_left = 3, .successful = true};
  host.disk().SetAttributes(kBootB, partitions::WithBootFlags(0, trial));
  const std::string before = host.disk().Read();
  ExpectRefusal(host.Updog({"update"}), 1, "still on trial");
  EXPECT_TRUE(host.disk().Read() == before);
}

TEST_F(RefusalTest, DiskWithoutOurPartitions) {
  Host host = MakeHost();
  const std::string plain = dir_ / "plain.img";
  ASSERT_EQ(RunProcess({.program = "truncate", .arguments = {"-s", "8M", plain}}).exit_status, 0);
  host.SetConfig("disk", "\"" + plain + "\"");
  ExpectRefusal(host.Updog({"update"}), 1, plain);
  ASSERT_EQ(
      RunProcess({.program = "/sbin/sgdisk", .arguments = {"-n", "1:0:0", plain}}).exit_status, 0);
  ExpectRefusal(host.Updog({"update"}), 1, plain);
  host.SetConfig("disk", "\"/does/not/exist\"");
  ExpectRefusal(host.Updog({"update"}), 1, "/does/not/exist");
}

TEST_F(RefusalTest, ImageLargerThanItsPartition) {
  publisher_.AddRelease({.version = "1.2.0", .root_bytes = (4 << 20) + 1});
  PublishAndServe();
  const Host host = MakeHost();
  server_.Forget();
  ExpectRefusedUntouched(host, "root image demo-1.2.0-root.img.zst: ");
  EXPECT_THAT(server_.Targets(), testing::Each(testing::Not(HasSubstr(".img"))));
}

// A repository whose tools do not sign the size of the raw image.
TEST_F(RefusalTest, ImageLargerThanItsPartitionWhereItsSizeIsNotSigned) {
  const std::string raw = dir_ / "huge.img";
  WriteAll(raw, MakeBytes((4 << 20) + 1, "huge"));
  ASSERT_EQ(RunProcess({.program = "zstd", .arguments = {"-q", raw}}).exit_status, 0);
  RepositoryBuilder repository;
  repository.AddTarget("manifest.json", ReadAll(publisher_.manifest_path()));
  repository.AddTarget("demo-1.1.0-boot.img.zst", Published("boot.img.zst"));
  repository.AddTarget("demo-1.1.0-root.img.zst", ReadAll(raw + ".zst"));
  repository.AddTarget("demo-1.1.0-hash.img.zst", Published("hash.img.zst"));
  for (const tough::Role role : {tough::Role::kRoot, tough::Role::kTargets, tough::Role::kSnapshot,
                                 tough::Role::kTimestamp}) {
    repository.SetExpiry(role, base::Now() + std::chrono::days(7));
  }
  repository.PublishRoot();
  repository.Publish();
  for (const auto& [name, bytes] : repository.files()) {
    server_.On("/other/metadata/" + name, ServeFile(bytes));
  }
  for (const auto& [name, bytes] : repository.target_files()) {
    server_.On("/other/targets/" + name, ServeFile(bytes));
  }
  WriteAll(dir_ / "other-root.json", repository.File("1.root.json"));
  const Host host(dir_ / "other", dir_ / "other-root.json", server_.Url("/other"));
  ExpectRefusal(host.Updog({"update"}), 1, "root image: ");
  host.ExpectUnharmed();
  EXPECT_FALSE(partitions::WillBoot(partitions::BootFlagsOf(host.disk().attributes(kBootB))));
}

TEST_F(RefusalTest, NothingToApplyOrRevert) {
  const Host host = MakeHost();
  ExpectRefusal(host.Updog({"update-apply"}), 1, "not marked valid");
  ExpectRefusal(host.Updog({"update-revert"}), 1, "nothing to take back");
  host.ExpectDiskUntouched();
  ASSERT_EQ(host.Updog({"update"}).exit_status, 0);
  ExpectRefusal(host.Updog({"update-apply"}), 1, "set B is next to boot already");
}

TEST_F(RefusalTest, RebootOfADiskImage) {
  const Host host = MakeHost();
  for (const std::string verb : {"update", "update-apply"}) {
    ExpectRefusal(host.Updog({verb, "--reboot"}), 2, "--reboot: ");
  }
  host.ExpectDiskUntouched();
}

// Others at work.

TEST_F(RefusalTest, SecondUpdogAndSignpostBesideARunningUpdate) {
  Host host = MakeHost();
  Answer("root.img.zst", RawThenStall("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  Process first(host.UpdogOptions({"update", "--log-level", "info"}));
  ASSERT_TRUE(first.WaitForErrors("writing root image"));

  ExpectRefusal(host.Updog({"update"}), 1, "another process is using ");
  // With another cache only the disk is shared.
  host.SetConfig("metadata_dir", "\"" + dir_ / "other-metadata" + "\"");
  ExpectRefusal(host.Updog({"update"}), 1, "another update is running on ");
  for (const std::string verb : {"clear-inactive", "mark-inactive-valid", "upgrade-to-inactive",
                                 "cancel-upgrade", "rollback-to-inactive"}) {
    const ProcessResult result = host.Signpost({verb});
    EXPECT_EQ(result.exit_status, 1) << verb;
    EXPECT_EQ(std::ranges::count(result.errors, '\n'), 1) << result.errors;
  }
  EXPECT_EQ(host.Signpost({"status"}).exit_status, 0);
  EXPECT_EQ(host.Signpost({"mark-successful-boot"}).exit_status, 0);

  first.Signal(SIGKILL);
  EXPECT_EQ(first.Wait().signal, SIGKILL);
  host.ExpectUnharmed();
  // The locks died with it.
  publisher_.Serve(server_);
  EXPECT_EQ(host.Updog({"update"}).output, "demo 1.1.0\n");
}

// The host itself.

TEST_F(RefusalTest, ConfigurationWithAWrongKeyOrType) {
  Host host = MakeHost();
  host.SetConfig("sead", "42");
  ExpectRefusedUntouched(host, "updog.toml: sead: unknown key", 2);
  host.SetConfig("sead", "");
  host.SetConfig("seed", "\"42\"");
  ExpectRefusedUntouched(host, "updog.toml: seed: not a whole number from 0 to 2047", 2);
  host.SetConfig("seed", "");
  ExpectRefusedUntouched(host, "updog.toml: seed: missing", 2);
  host.SetConfig("seed", "= =");
  ExpectRefusedUntouched(host, "updog.toml: line ", 2);
}

TEST_F(RefusalTest, CacheDirectoryOnAFullDisk) {
  const Host host = MakeHost();
  ProcessOptions options = host.UpdogOptions({"update"});
  options.environment = {{"LD_PRELOAD", Program("tests/support/libfull_directory.so")},
                         {"FULL_DIRECTORY", host.metadata_dir()}};
  ExpectRefusal(RunProcess(options), 1, "No space left on device");
  host.ExpectDiskUntouched();
  // Nothing is left behind that would stand in the way of the next one.
  EXPECT_EQ(host.Updog({"update"}).output, "demo 1.1.0\n");
}

TEST_F(RefusalTest, WrongArguments) {
  const Host host = MakeHost();
  ExpectRefusal(host.Updog({}), 2, "no command");
  ExpectRefusal(host.Updog({"upgrade"}), 2, "upgrade");
  ExpectRefusal(host.Updog({"update", "--progress", "loud"}), 2,
                "--progress: 'loud' is none of auto, bar, json, none");
  ExpectRefusal(host.Updog({"update", "--upd"}), 2, "--upd");
  ExpectRefusal(RunProcess({.program = Program("updog/updog"),
                            .arguments = {"--config", "/does/not/exist", "update"}}),
                2, "/does/not/exist");
}

TEST_F(RefusalTest, OsReleaseWithoutVariantOrVersion) {
  Host host = MakeHost();
  host.SetConfig("os_release", "\"" + dir_ / "os-release" + "\"");
  ExpectRefusedUntouched(host, "os-release");
  WriteAll(dir_ / "os-release", "VERSION_ID=1.0.0\n");
  ExpectRefusedUntouched(host, "no VARIANT_ID", 2);
  WriteAll(dir_ / "os-release", "VARIANT_ID=demo\nVERSION_ID=12\n");
  ExpectRefusedUntouched(host, "VERSION_ID in ");
}

}  // namespace
}  // namespace test
