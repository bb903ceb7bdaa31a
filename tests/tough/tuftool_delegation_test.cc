// tuftool delegation, as a repository's owner and those who are delegated to run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "tests/tough/tuftool_fixture.h"

namespace tough {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class TuftoolDelegation : public TuftoolTest {
 protected:
  // A repository, and a key "os.pem" which its owner does not have a use for yet.
  void SetUp() override {
    MakeRepository();
    Done({"root", "init", "scratch.json"});
    MakeKey("os");
  }
  std::string MakeKey(const std::string& name) {
    std::string keyid = Done({"root", "gen-ed25519-key", "scratch.json", name + ".pem"});
    keyid.pop_back();
    return keyid;
  }
  static std::vector<std::string> Delegation(const std::string& verb,
                                             const std::vector<std::string>& more) {
    return Joined({"delegation", verb, "-r", "root.json", "-m", "out/metadata"}, more);
  }
  const std::vector<std::string> kPublish = {"--sign-all", "-o", "out", "-k", "online.pem"};
  void DelegateOs() {
    Done(Joined(Delegation("add-role", {"-d", "os", "-p", "os/*", "--new-key", "os.pem", "-k",
                                        "os.pem", "-e", "in 3 weeks"}),
                kPublish));
  }
  // The whole repository is what a client accepts: update reads and verifies all of it.
  void ExpectWhole() {
    Done({"update", "-r", "root.json", "-k", "online.pem", "-m", "out/metadata",
          "--timestamp-expires", "in 9 days", "-o", "out"});
  }
};

TEST_F(TuftoolDelegation, DelegatesToARoleThatItMakes) {
  DelegateOs();
  EXPECT_THAT(Metadata("2.targets.json"), HasSubstr("\"paths\":[\"os/*\"]"));
  EXPECT_THAT(Metadata("2.snapshot.json"), HasSubstr("\"os.json\":{\"hashes\""));
  EXPECT_TRUE(Exists("out/metadata/1.os.json"));
  ExpectWhole();
}

TEST_F(TuftoolDelegation, AddsTargetsToTheRoleThatHasThem) {
  DelegateOs();
  Write(directory_ / "more/os/image", "image");
  Write(directory_ / "more/readme", "text");
  Done(Joined(Delegation("update-delegated-targets", {"-t", "more", "-k", "os.pem"}), kPublish));
  EXPECT_THAT(Metadata("2.os.json"), HasSubstr("os/image"));
  EXPECT_THAT(Metadata("3.targets.json"), HasSubstr("readme"));
  EXPECT_THAT(Metadata("3.targets.json"), Not(HasSubstr("os/image")));
  ExpectWhole();
  Done(Joined(kDownload, {"-n", "os/image", "got"}));
  EXPECT_EQ(Read(directory_ / "got/os/image"), "image");
  Done(Joined(
      Delegation("update-delegated-targets", {"--remove-target", "os/image", "-k", "os.pem"}),
      kPublish));
  EXPECT_THAT(Metadata("3.os.json"), Not(HasSubstr("os/image")));
}

TEST_F(TuftoolDelegation, DownloadsTheTargetsOfEveryRole) {
  DelegateOs();
  Write(directory_ / "more/os/image", "image");
  Write(directory_ / "more/readme", "text");
  Done(Joined(Delegation("update-delegated-targets", {"-t", "more", "-k", "os.pem"}), kPublish));
  // Listed by a role that may not sign for it: no target of anybody who looks for it (R65).
  Write(directory_ / "stray/elsewhere", "nobody's");
  Done(Joined(
      Delegation("update-delegated-targets", {"--role", "os", "-t", "stray", "-k", "os.pem"}),
      kPublish));
  const test::ProcessResult result = Run(Joined(kDownload, {"got"}));
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(Read(directory_ / "got/manifest.json"), "{}");
  EXPECT_EQ(Read(directory_ / "got/readme"), "text");
  EXPECT_EQ(Read(directory_ / "got/os/image"), "image");
  EXPECT_FALSE(Exists("got/elsewhere"));
  EXPECT_THAT(result.errors, HasSubstr("elsewhere: listed only by roles that may not"));
}

// The owner never sees the delegate's key, nor the delegate the owner's.
TEST_F(TuftoolDelegation, HandsRolesOverWithoutKeys) {
  Done({"delegation", "--signing-role", "os", "create-role", "-k", "os.pem", "-e", "in 1 week",
        "-o", "hand"});
  Done(Joined(Delegation("add-role",
                         {"-d", "os", "-p", "os/*", "--new-key", "os.pem", "-i", "hand/metadata"}),
              kPublish));
  ExpectWhole();
  Write(directory_ / "more/os/image", "image");
  Done(Delegation("update-delegated-targets",
                  {"--role", "os", "-t", "more", "-k", "os.pem", "-o", "hand"}));
  EXPECT_FALSE(Exists("out/metadata/2.os.json"));
  Done({"update", "-r", "root.json", "-k", "online.pem", "-m", "out/metadata", "--role", "os", "-i",
        "hand/metadata", "-o", "out"});
  EXPECT_THAT(Metadata("2.os.json"), HasSubstr("os/image"));
  ExpectWhole();
}

TEST_F(TuftoolDelegation, TakesNoRoleThatIsNotSignedAsItsDelegatorAsks) {
  DelegateOs();
  MakeKey("other");
  Done({"delegation", "--signing-role", "os", "create-role", "-k", "other.pem", "-e", "in 1 week",
        "-v", "2", "-o", "hand"});
  const std::vector<std::string> update = {
      "update", "-r", "root.json",     "-k", "online.pem", "-m", "out/metadata", "--role",
      "os",     "-i", "hand/metadata", "-o", "out"};
  Refuses(update, 1, "os, as it was handed in: signature threshold 1 not met");
  EXPECT_FALSE(Exists("out/metadata/2.os.json"));
  Done({"delegation", "--signing-role", "os", "create-role", "-k", "os.pem", "-e", "in 1 week",
        "-v", "1", "-o", "hand"});
  Refuses(update, 1, "os version 1 is not above the published 1");
}

TEST_F(TuftoolDelegation, CollectsSignaturesForARoleOfSeveralKeys) {
  MakeKey("second");
  Done(Joined(Delegation("add-role",
                         {"-d", "os", "-p", "os/*", "-t", "2", "--new-key", "os.pem", "--new-key",
                          "second.pem", "-k", "os.pem", "-k", "second.pem", "-e", "in 3 weeks"}),
              kPublish));
  const std::vector<std::string> renew =
      Delegation("update-delegated-targets",
                 {"--role", "os", "-e", "in 4 weeks", "-o", "hand", "-k", "os.pem"});
  Refuses(renew, 1, "os: the given keys are not enough: signature threshold 2 not met");
  Done(Joined(renew, {"--ignore-threshold"}));
  Done({"delegation", "sign-role", "hand/metadata/os.json", "-k", "second.pem"});
  Done({"update", "-r", "root.json", "-k", "online.pem", "-m", "out/metadata", "--role", "os", "-i",
        "hand/metadata", "-o", "out"});
  ExpectWhole();
}

TEST_F(TuftoolDelegation, RotatesTheKeyOfARole) {
  DelegateOs();
  const std::string old_keyid = MakeKey("old");  // not a key of the role
  const std::string new_keyid = MakeKey("new");
  EXPECT_EQ(Done(Joined(Delegation("add-key", {"-d", "os", "--new-key", "new.pem"}), kPublish)),
            new_keyid + "\n");
  Refuses(Joined(Delegation("remove-key", {"-d", "os", "--keyid", old_keyid}), kPublish), 1,
          "no key " + old_keyid);
  const base::json::Value tree = base::json::Parse(Metadata("1.os.json")).value();
  const base::json::Value& signature = tree.object()->Find("signatures")->array()->front();
  const std::string os_keyid = *signature.object()->Find("keyid")->string();
  // What the old key signed no longer counts: the new one has to sign, and signs a new version.
  const std::vector<std::string> remove =
      Joined(Delegation("remove-key", {"-d", "os", "--keyid", os_keyid}), kPublish);
  Refuses(remove, 1, "os: the given keys are not enough");
  Done(Joined(remove, {"-k", "new.pem"}));
  EXPECT_TRUE(Exists("out/metadata/2.os.json"));
  EXPECT_THAT(Metadata("4.targets.json"), Not(HasSubstr(os_keyid)));
  ExpectWhole();
}

TEST_F(TuftoolDelegation, KeepsARemovedRoleInTheSnapshotForClientsThatKnowIt) {
  DelegateOs();
  Done(Joined(Delegation("remove-role", {"-d", "os"}), kPublish));
  EXPECT_THAT(Metadata("3.targets.json"), Not(HasSubstr("os/*")));
  EXPECT_THAT(Metadata("3.snapshot.json"), HasSubstr("\"os.json\""));
  ExpectWhole();
  // And a role of its name goes on where it was.
  DelegateOs();
  EXPECT_TRUE(Exists("out/metadata/2.os.json"));
  ExpectWhole();
}

TEST_F(TuftoolDelegation, DelegatesToBinsByTheHashOfNames) {
  for (const bool succinct : {true, false}) {
    SCOPED_TRACE(succinct);
    fs::remove_all(directory_ / "out");
    Done(Joined({"create", "--add-targets", "in", "--outdir", "out"}, kSigning));
    std::vector<std::string> add =
        Joined(Delegation("add-bins", {"-d", "bin", "-b", "3", "--new-key", "os.pem", "-k",
                                       "os.pem", "-e", "in 3 weeks"}),
               kPublish);
    if (!succinct) add.emplace_back("--explicit");
    Done(add);
    EXPECT_TRUE(Exists("out/metadata/1.bin-7.json"));
    EXPECT_FALSE(Exists("out/metadata/1.bin-8.json"));
    ExpectWhole();
    // The SHA-256 of "file" begins with 3b: its first three bits are 001.
    Write(directory_ / "more/file", "content");
    Done(Joined(Delegation("update-delegated-targets", {"-t", "more", "-k", "os.pem"}), kPublish));
    EXPECT_THAT(Metadata("2.bin-1.json"), HasSubstr("\"file\""));
    ExpectWhole();
    fs::remove_all(directory_ / "got");
    Done(Joined(kDownload, {"got"}));
    EXPECT_EQ(Read(directory_ / "got/file"), "content");
  }
}

TEST_F(TuftoolDelegation, RefusesWhatClientsReadDifferently) {
  const auto add = [this](const std::vector<std::string>& more) {
    return Joined(Joined(Delegation("add-role", more), {"--new-key", "os.pem", "-e", "in 1 week"}),
                  kPublish);
  };
  Refuses(add({"-d", "os", "-p", "os/**"}), 2, "* never matches a slash");
  Refuses(add({"-d", "os", "-p", "os/{a,b}"}), 2, "brace");
  Refuses(add({"-d", "os", "-p", "/os/*"}), 2, "empty segment");
  Refuses(add({"-d", "os", "-p", "[^a]"}), 2, "[^");
  Refuses(add({"-d", "os", "-x", "AB"}), 2, "not lower-case hexadecimal");
  Refuses(add({"-d", "1.root", "-p", "os/*"}), 2, "top-level role");
  Refuses(add({"-d", "os"}), 2, "which targets?");
  Refuses(add({"-d", "os", "-p", "a", "-x", "ab"}), 2, "excludes");
}

TEST_F(TuftoolDelegation, SaysWhatIsMissing) {
  Refuses(Joined(Delegation("remove-role", {"-d", "os"}), kPublish), 1, "no delegation to os");
  Refuses(
      Joined(Delegation("add-role", {"-d", "os", "-p", "os/*", "--new-key", "os.pem"}), kPublish),
      2, "os is new: give its --expires");
  Refuses(Joined(Delegation("add-role", {"-d", "os", "-p", "os/*", "-t", "2", "--new-key", "os.pem",
                                         "-e", "in 1 week"}),
                 kPublish),
          2, "os: a threshold of 2 with 1 keys");
  Refuses({"delegation", "--signing-role", "nobody", "add-role", "-d", "os", "-p", "a", "--new-key",
           "os.pem", "-r", "root.json", "-m", "out/metadata", "-k", "online.pem", "-o", "out"},
          1, "no role nobody in this repository");
}

}  // namespace
}  // namespace tough
