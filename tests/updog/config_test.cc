#include "updog/config.h"

#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace updog {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kSmallest = R"(
metadata_base_url = "https://updates.example/metadata/"
targets_base_url = "https://updates.example/targets/"
seed = 7
)";

base::Result<Config> Parse(const std::string& addition) {
  return ParseConfig(addition + std::string(kSmallest), "/etc/updog.toml");
}

TEST(ParseConfig, HasDefaultsForAllButUrlsAndSeed) {
  const auto config = Parse("");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->metadata_base_url, "https://updates.example/metadata/");
  EXPECT_EQ(config->targets_base_url, "https://updates.example/targets/");
  EXPECT_EQ(config->seed, 7U);
  EXPECT_EQ(config->version_lock.version, std::nullopt);
  EXPECT_FALSE(config->ignore_waves);
  EXPECT_THAT(config->no_proxy, IsEmpty());
  EXPECT_EQ(config->trusted_root, "/usr/share/updog/root.json");
  EXPECT_EQ(config->metadata_dir, "/var/cache/updog/metadata");
  EXPECT_EQ(config->state_dir, "/var/lib/updog");
  EXPECT_EQ(config->os_release, "/usr/lib/os-release");
  EXPECT_EQ(config->disk, "");
  EXPECT_EQ(config->active_set, std::nullopt);
}

TEST(ParseConfig, ReadsEveryKey) {
  const auto config = ParseConfig(R"(
metadata_base_url = "http://a/m"
targets_base_url = "file:///t"
seed = 2048
version_lock = "v1.2.3"
ignore_waves = true
https_proxy = "http://proxy:3128"
no_proxy = ["localhost", ".example"]
trusted_root = "/r"
metadata_dir = "/m"
migrations_dir = "/g"
state_dir = "/s"
os_release = "/o"
arch = "riscv64"
disk = "/d"
active_set = "b"
ca_bundle = "/ca"
client_certificate = "/cc"
client_key = "/ck"
)",
                                  "f");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->targets_base_url, "file:///t");
  EXPECT_EQ(config->seed, 2048U);
  EXPECT_EQ(config->version_lock.version->text(), "1.2.3");
  EXPECT_TRUE(config->ignore_waves);
  EXPECT_EQ(config->https_proxy, "http://proxy:3128");
  EXPECT_THAT(config->no_proxy, ElementsAre("localhost", ".example"));
  EXPECT_EQ(config->trusted_root, "/r");
  EXPECT_EQ(config->metadata_dir, "/m");
  EXPECT_EQ(config->migrations_dir, "/g");
  EXPECT_EQ(config->state_dir, "/s");
  EXPECT_EQ(config->os_release, "/o");
  EXPECT_EQ(config->arch, "riscv64");
  EXPECT_EQ(config->disk, "/d");
  EXPECT_EQ(config->active_set, partitions::Slot::kB);
  EXPECT_EQ(config->ca_bundle, "/ca");
  EXPECT_EQ(config->client_certificate, "/cc");
  EXPECT_EQ(config->client_key, "/ck");
}

struct BadConfig {
  std::string toml;
  std::string line;
};
class UnusableConfig : public testing::TestWithParam<BadConfig> {};

TEST_P(UnusableConfig, IsRefusedNamingFileAndKey) {
  const auto config = ParseConfig(GetParam().toml, "/etc/updog.toml");
  EXPECT_THAT(config, Fails(ErrorCode::kUsage));
  EXPECT_THAT(config, FailsSaying("/etc/updog.toml: " + GetParam().line));
}

std::string With(std::string_view line) {
  return std::string(line) + std::string(kSmallest);
}

INSTANTIATE_TEST_SUITE_P(
    Config, UnusableConfig,
    testing::Values(
        BadConfig{"", "metadata_base_url: missing"},
        BadConfig{"metadata_base_url = 'https://x'", "targets_base_url: missing"},
        BadConfig{"metadata_base_url = 'https://x'\ntargets_base_url = 'https://x'",
                  "seed: missing; choose a number"},
        BadConfig{"metadata_url = 'https://x'", "metadata_url: unknown key"},
        BadConfig{"metadata_base_url = 7", "metadata_base_url: not a string"},
        BadConfig{"metadata_base_url = 'ftp://x'", "metadata_base_url: 'ftp://x' is not an https"},
        BadConfig{"metadata_base_url = '/srv'", "metadata_base_url: '/srv' is not an https"},
        BadConfig{"metadata_base_url = 'https://x/?a=b'",
                  "metadata_base_url: 'https://x/?a=b' has a query"},
        BadConfig{"metadata_base_url = 'https://x'\ntargets_base_url = ''", "targets_base_url: ''"},
        BadConfig{"metadata_base_url = 'https://x'\ntargets_base_url = 'https://x'\nseed = 2049",
                  "seed: not a whole number from 0 to 2047, in digits"},
        BadConfig{"metadata_base_url = 'https://x'\ntargets_base_url = 'https://x'\nseed = -1",
                  "seed: not a whole number"},
        BadConfig{"metadata_base_url = 'https://x'\ntargets_base_url = 'https://x'\nseed = '7'",
                  "seed: not a whole number"},
        BadConfig{"metadata_base_url = 'https://x'\ntargets_base_url = 'https://x'\nseed = 7.0",
                  "seed: not a whole number"},
        BadConfig{With("version_lock = 'newest'"), "version_lock: 'newest' is neither latest"},
        BadConfig{With("version_lock = 1"), "version_lock: not a string"},
        BadConfig{With("ignore_waves = 'yes'"), "ignore_waves: neither true nor false"},
        BadConfig{With("https_proxy = ['x']"), "https_proxy: not a string"},
        BadConfig{"metadata_base_url = 'https://'", "metadata_base_url: 'https://' has no host"},
        BadConfig{With("no_proxy = 'localhost'"), "no_proxy: not a list of strings"},
        BadConfig{With("no_proxy = [1]"), "no_proxy: not a list of strings"},
        BadConfig{With("trusted_root = ''"), "trusted_root: empty"},
        BadConfig{With("metadata_dir = 5"), "metadata_dir: not a string"},
        BadConfig{With("migrations_dir = 5"), "migrations_dir: not a string"},
        BadConfig{With("state_dir = 5"), "state_dir: not a string"},
        BadConfig{With("os_release = 5"), "os_release: not a string"},
        BadConfig{With("arch = 64"), "arch: not a string"},
        BadConfig{With("disk = true"), "disk: not a string"},
        BadConfig{With("disk = '/d'"), "active_set: missing; disk needs it"},
        BadConfig{With("active_set = 'a'"), "active_set: is for use with disk"},
        BadConfig{With("disk = '/d'\nactive_set = 'c'"), "active_set: "},
        BadConfig{With("disk = '/d'\nactive_set = 1"), "active_set: not a string"},
        BadConfig{With("ca_bundle = 1"), "ca_bundle: not a string"},
        BadConfig{With("client_key = '/k'"), "client_certificate: missing"},
        BadConfig{With("client_certificate = '/c'"), "client_key: missing"},
        BadConfig{"[metadata_base_url]\nx = 1\n", "metadata_base_url: not a string"},
        BadConfig{"seed = 1\nseed = 2", "line 2"}, BadConfig{"seed =", "line 1"}));

TEST(ParseConfig, TakesADirectoryForTheSameWithASlashAtItsEnd) {
  const auto config = Parse("migrations_dir = '/a/b//'\nstate_dir = '/'");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->migrations_dir, "/a/b");
  EXPECT_EQ(config->state_dir, "/");
}

TEST(ParseImageConfig, LeavesOutWhatEachHostAddsAndRefusesTheRest) {
  EXPECT_THAT(ParseImageConfig("", "x"), IsOk());
  EXPECT_THAT(ParseImageConfig("proxy = 'http://x'", "x"),
              testing::AllOf(Fails(ErrorCode::kUsage), FailsSaying("x: proxy: unknown key")));
  EXPECT_THAT(ParseImageConfig("metadata_base_url = 'nowhere'", "x"), Fails(ErrorCode::kUsage));
}

TEST(LoadConfig, CallsAMissingFileAWrongConfiguration) {
  EXPECT_THAT(LoadConfig("/does/not/exist.toml"), Fails(ErrorCode::kUsage));
  EXPECT_THAT(LoadConfig("/does/not/exist.toml"), FailsSaying("/does/not/exist.toml"));
}

TEST(LoadConfig, ReadsAFile) {
  const test::TempDir dir;
  std::ofstream(dir / "updog.toml") << kSmallest;
  EXPECT_THAT(LoadConfig(dir / "updog.toml"), IsOk());
}

TEST(ParseOsRelease, UnderstandsQuotesCommentsAndWhatItDoesNotNeed) {
  const OsRelease release = ParseOsRelease(
      "# a comment\n"
      "NAME=Demo\n"
      "VARIANT_ID=demo\n"
      "VERSION_ID='1.2.3'  \r\n"
      "\n"
      "no assignment\n"
      "PRETTY_NAME=\"Demo \\\"OS\\\" \\$1\"\n"
      "BUILD_ID=abc=def");
  EXPECT_EQ(release.variant_id, "demo");
  EXPECT_EQ(release.version_id, "1.2.3");
  EXPECT_EQ(release.pretty_name, "Demo \"OS\" $1");
  EXPECT_EQ(release.build_id, "abc=def");
}

TEST(ParseOsRelease, LeavesEmptyWhatIsNotSet) {
  EXPECT_EQ(ParseOsRelease("VARIANT_ID=").variant_id, "");
  EXPECT_EQ(ParseOsRelease("").version_id, "");
}

}  // namespace
}  // namespace updog
