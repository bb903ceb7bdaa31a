// tuftool as its users run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/tough/key_vectors.h"
#include "tests/tough/tuftool_fixture.h"

namespace tough {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

TEST_F(TuftoolTest, ExplainsItselfWithExamples) {
  EXPECT_THAT(Done({"--help"}), AllOf(HasSubstr("Examples:"), HasSubstr("tuftool create --root")));
  EXPECT_THAT(Done({"root", "sign", "--help"}),
              AllOf(HasSubstr("Examples:\n  tuftool root sign "), Not(HasSubstr("create"))));
}

TEST_F(TuftoolTest, RefusesWrongUsageInOneLine) {
  Refuses({}, 2, "subcommand is required");
  Refuses({"frobnicate"}, 2, "unknown command 'frobnicate'");
  Refuses({"root", "frobnicate"}, 2, "unknown command 'frobnicate'");
  Refuses({"create"}, 2, "--root is required");
  Refuses({"root", "init", "root.json", "--colour"}, 2, "--colour");
  MakeRoot();
  Refuses({"root", "set-threshold", "root.json", "mirrors", "1"}, 2, "mirrors");
  Refuses({"root", "set-threshold", "root.json", "root", "0"}, 2, "THRESHOLD");
  Refuses({"root", "expire", "root.json", "tomorrow"}, 2, "TIME: ");
}

TEST_F(TuftoolTest, MakesARoot) {
  MakeRoot();
  const Root root = DecodedRoot();
  EXPECT_EQ(root.version, 1U);
  EXPECT_TRUE(root.consistent_snapshot);
  EXPECT_EQ(root.keys.size(), 2U);
  EXPECT_EQ(root.root.keyids.size(), 1U);
  EXPECT_EQ(root.timestamp.keyids, root.targets.keyids);
}

TEST_F(TuftoolTest, NeverOverwritesARootOrAKey) {
  MakeRoot();
  const std::string root = Read(directory_ / "root.json");
  const std::string key = Read(directory_ / "root.pem");
  Refuses({"root", "init", "root.json"}, 1, "root.json: is there already");
  Refuses({"root", "gen-rsa-key", "root.json", "root.pem"}, 1, "never overwritten");
  EXPECT_EQ(Read(directory_ / "root.json"), root);
  EXPECT_EQ(Read(directory_ / "root.pem"), key);
}

TEST_F(TuftoolTest, PrintsTheKeyidOfANewKeyAndKeepsItsFilePrivate) {
  Done({"root", "init", "root.json"});
  const std::string keyid =
      Done({"root", "gen-rsa-key", "root.json", "key.pem", "--role", "targets", "-b", "2048"});
  EXPECT_EQ(DecodedRoot().targets.keyids.front() + "\n", keyid);
  struct stat status{};
  ASSERT_EQ(stat((directory_ / "key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(TuftoolTest, EditsARoot) {
  MakeRoot();
  Done({"root", "set-version", "root.json", "7"});
  Done({"root", "bump-version", "root.json"});
  Done({"root", "set-threshold", "root.json", "snapshot", "2"});
  Done({"root", "expire", "root.json", "2031-02-03T04:05:06Z"});
  const Root root = DecodedRoot();
  EXPECT_EQ(root.version, 8U);
  EXPECT_EQ(root.snapshot.threshold, 2U);
  EXPECT_EQ(base::FormatTime(root.expires), "2031-02-03T04:05:06Z");
  EXPECT_THAT(Read(directory_ / "root.json"), Not(HasSubstr("\"sig\"")));
}

TEST_F(TuftoolTest, AddsAndRemovesKeys) {
  MakeRoot();
  Write(directory_ / "public.pem", vectors::kRsa2048);
  std::string keyid =
      Done({"root", "add-key", "root.json", "--key", "public.pem", "-r", "targets", "-r", "root"});
  keyid.pop_back();
  EXPECT_EQ(DecodedRoot().root.keyids.size(), 2U);
  Done({"root", "remove-key", "root.json", keyid, "root"});
  EXPECT_EQ(DecodedRoot().root.keyids.size(), 1U);
  EXPECT_EQ(DecodedRoot().targets.keyids.size(), 2U);
  Done({"root", "remove-key", "root.json", keyid});
  EXPECT_EQ(DecodedRoot().keys.size(), 2U);
  Refuses({"root", "remove-key", "root.json", keyid}, 1, "no key " + keyid);
}

TEST_F(TuftoolTest, SignsWithEncryptedKeys) {
  Done({"root", "init", "root.json"});
  Done({"root", "expire", "root.json", "in 1 week"});
  Write(directory_ / "key.pem", vectors::kPrivateP256Encrypted);
  Refuses({"root", "add-key", "root.json", "-k", "key.pem", "-r", "root"}, 2,
          "key.pem: the key is encrypted: give its passphrase");
  Write(directory_ / "passphrase", "secret\n");
  Done({"root", "add-key", "root.json", "-k", "key.pem", "-r", "root", "--passphrase-file",
        "passphrase"});
  environment_ = {{"TUFTOOL_PASSPHRASE", "secret"}};
  Done({"root", "sign", "root.json", "-k", "key.pem"});
  environment_ = {{"TUFTOOL_PASSPHRASE", "wrong"}};
  Refuses({"root", "sign", "root.json", "-k", "key.pem"}, 2, "key.pem: wrong passphrase");
}

TEST_F(TuftoolTest, RotatesTheRootKeyByCrossSigning) {
  MakeRepository();
  std::string old_keyid = DecodedRoot().root.keyids.front();
  fs::copy_file(directory_ / "root.json", directory_ / "1.root.json");
  Done({"root", "bump-version", "root.json"});
  Done({"root", "remove-key", "root.json", old_keyid, "root"});
  Done({"root", "gen-ed25519-key", "root.json", "new.pem", "-r", "root"});
  Refuses({"root", "sign", "root.json", "-k", "new.pem", "--cross-sign", "1.root.json"}, 1,
          "the one before: signature threshold 1 not met");
  Done({"root", "sign", "root.json", "-k", "new.pem", "--cross-sign", "1.root.json", "-i"});
  Done({"root", "sign", "root.json", "-k", "root.pem", "--cross-sign", "1.root.json"});
  fs::copy_file(directory_ / "root.json", directory_ / "out/metadata/2.root.json");
  Done({"download", "--root", "1.root.json", "-m", "out/metadata", "-t", "out/targets", "got"});
}

TEST_F(TuftoolTest, ShowsACeremonyWhatChangesAndWhoIsStillToSign) {
  MakeRoot();
  fs::copy_file(directory_ / "root.json", directory_ / "1.root.json");
  const std::string old_keyid = DecodedRoot().root.keyids.front();
  Done({"root", "bump-version", "root.json"});
  Done({"root", "remove-key", "root.json", old_keyid, "root"});
  std::string new_keyid =
      Done({"root", "gen-ed25519-key", "root.json", "new.pem", "-r", "root", "-r", "targets"});
  new_keyid.pop_back();
  Done({"root", "set-threshold", "root.json", "targets", "2"});
  const auto show = [this] { return Done({"root", "show", "root.json", "-c", "1.root.json"}); };
  const std::string before = show();
  EXPECT_THAT(before, HasSubstr("Signatures by its own keys: INCOMPLETE, 1 needed\n  missing " +
                                new_keyid.substr(0, 12)));
  EXPECT_THAT(before, HasSubstr("by the keys of version 1: INCOMPLETE, 1 needed\n  missing " +
                                old_keyid.substr(0, 12)));
  EXPECT_THAT(before, HasSubstr("root: without " + old_keyid.substr(0, 12)));
  EXPECT_THAT(before, HasSubstr("targets: threshold 1 becomes 2"));
  EXPECT_THAT(before, HasSubstr("targets: with " + new_keyid.substr(0, 12)));
  Done({"root", "sign", "root.json", "-k", "new.pem", "-i"});
  EXPECT_THAT(show(), AllOf(HasSubstr("its own keys: complete"), HasSubstr("1: INCOMPLETE")));
  Done({"root", "sign", "root.json", "-k", "root.pem", "-c", "1.root.json"});
  EXPECT_THAT(show(), AllOf(HasSubstr("version 1: complete"),
                            HasSubstr("signed  " + old_keyid.substr(0, 12))));
}

TEST_F(TuftoolTest, TellsACeremonyTheSameAsJson) {
  MakeRoot();
  fs::copy_file(directory_ / "root.json", directory_ / "1.root.json");
  const std::string old_keyid = DecodedRoot().root.keyids.front();
  Done({"root", "bump-version", "root.json"});
  Done({"root", "remove-key", "root.json", old_keyid, "root"});
  std::string new_keyid = Done({"root", "gen-ed25519-key", "root.json", "new.pem", "-r", "root"});
  new_keyid.pop_back();
  Done({"root", "sign", "root.json", "-k", "new.pem", "-i"});
  const base::json::Value shown =
      base::json::Parse(Done({"root", "show", "root.json", "-c", "1.root.json", "--json"})).value();
  const auto member = [](const base::json::Value& value, const char* name) {
    return value.object()->Find(name);
  };
  EXPECT_TRUE(*member(*member(shown, "by_own_keys"), "complete")->boolean());
  const base::json::Value& missing = *member(shown, "by_previous_keys");
  EXPECT_FALSE(*member(missing, "complete")->boolean());
  const base::json::Value& key = member(missing, "keys")->array()->front();
  EXPECT_EQ(*member(key, "keyid")->string(), old_keyid);
  EXPECT_FALSE(*member(key, "signed")->boolean());
  const base::json::Value& change = member(*member(shown, "changes"), "roles")->array()->front();
  EXPECT_EQ(*member(change, "name")->string(), "root");
  EXPECT_EQ(*member(change, "added"), base::json::Value(base::json::Array{new_keyid}));
  EXPECT_EQ(*member(change, "removed"), base::json::Value(base::json::Array{old_keyid}));
}

TEST_F(TuftoolTest, CreatesARepositoryThatAClientDownloads) {
  MakeRoot();
  Write(directory_ / "in/manifest.json", "{\"updates\":[]}");
  Write(directory_ / "in/dir/with space/\xc3\xa9.bin", std::string(100'000, 'x'));
  Done(Joined({"create", "-t", "in", "-o", "out"}, kSigning));
  Done(Joined(kDownload, {"got"}));
  EXPECT_EQ(Read(directory_ / "got/manifest.json"), "{\"updates\":[]}");
  EXPECT_EQ(Read(directory_ / "got/dir/with space/\xc3\xa9.bin"), std::string(100'000, 'x'));
  Refuses(Joined(kDownload, {"-n", "nothing", "got"}), 1, "nothing");
}

TEST_F(TuftoolTest, GivesTheSameBytesForTheSameInput) {
  MakeRoot();
  Done({"root", "gen-ed25519-key", "root.json", "ed25519.pem", "-r", "targets", "-r", "snapshot",
        "-r", "timestamp"});
  Done({"root", "sign", "root.json", "-k", "root.pem"});
  Write(directory_ / "in/b", "b");
  Write(directory_ / "in/dir/a", "a");
  const auto create = [this](const std::string& key, const std::string& outdir) {
    Done({"create", "-r", "root.json", "-k", key, "-t", "in", "-o", outdir, "--targets-expires",
          "2031-01-01T00:00:00Z", "--snapshot-expires", "2031-01-01T00:00:00Z",
          "--timestamp-expires", "2031-01-01T00:00:00Z"});
  };
  create("ed25519.pem", "first");
  create("ed25519.pem", "second");
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory_ / "first")) {
    if (!entry.is_regular_file()) continue;
    const std::string name = fs::relative(entry.path(), directory_ / "first");
    EXPECT_EQ(Read(entry.path()), Read(directory_ / ("second/" + name))) << name;
    ++files;
  }
  EXPECT_EQ(files, 6U);
  // A signature of ECDSA holds a random number; what it signs does not.
  create("online.pem", "third");
  create("online.pem", "fourth");
  const auto targets = [this](const std::string& outdir) {
    return base::json::Parse(Read(directory_ / (outdir + "/metadata/1.targets.json"))).value();
  };
  EXPECT_EQ(*targets("third").object()->Find("signed"),
            *targets("fourth").object()->Find("signed"));
  EXPECT_FALSE(targets("third") == targets("fourth"));
}

TEST_F(TuftoolTest, RefusesToCreateOverARepository) {
  MakeRepository();
  const std::string timestamp = Metadata("timestamp.json");
  Refuses(Joined({"create", "-t", "in", "-o", "out"}, kSigning), 1,
          "out: holds a repository already");
  EXPECT_EQ(Metadata("timestamp.json"), timestamp);
}

TEST_F(TuftoolTest, WritesNothingWhereTheKeysAreNotEnough) {
  MakeRoot();
  Done({"root", "set-threshold", "root.json", "snapshot", "2"});
  Done({"root", "sign", "root.json", "--key", "root.pem"});
  Write(directory_ / "in/file", "content");
  Refuses(Joined({"create", "-t", "in", "-o", "out"}, kSigning), 1,
          "snapshot: the given keys are not enough: signature threshold 2 not met");
  EXPECT_FALSE(Exists("out"));
}

TEST_F(TuftoolTest, RefusesTargetNamesThatClientsReadDifferently) {
  MakeRoot();
  Write(directory_ / "in/a\\b", "content");
  Refuses(Joined({"create", "-t", "in", "-o", "out"}, kSigning), 2, "with a backslash");
  EXPECT_FALSE(Exists("out"));
}

TEST_F(TuftoolTest, RenewsTheTimestampAlone) {
  MakeRepository();
  Done({"update", "--root", "root.json", "--key", "online.pem", "--metadata-url", "out/metadata",
        "--timestamp-expires", "in 9 days", "--outdir", "out"});
  EXPECT_THAT(Metadata("timestamp.json"), HasSubstr("\"version\":2"));
  EXPECT_FALSE(Exists("out/metadata/2.snapshot.json"));
  Done(Joined(kDownload, {"got"}));
}

TEST_F(TuftoolTest, AddsTargetsToARepository) {
  MakeRepository();
  Write(directory_ / "more/new", "new content");
  Done(Joined({"update", "-m", "out/metadata", "-t", "more", "-o", "out"}, kSigning));
  Done(Joined(kDownload, {"got"}));
  EXPECT_EQ(Read(directory_ / "got/new"), "new content");
  EXPECT_EQ(Read(directory_ / "got/manifest.json"), "{}");
}

TEST_F(TuftoolTest, RefusesToLowerAVersion) {
  MakeRepository();
  Refuses(Joined({"update", "-m", "out/metadata", "-o", "out", "--targets-version", "1"}, kSigning),
          1, "targets version 1 is not above the published 1");
}

TEST_F(TuftoolTest, RefusesToUpdateWithNothingToChange) {
  MakeRepository();
  Refuses({"update", "-r", "root.json", "-k", "online.pem", "-m", "out/metadata", "-o", "out"}, 2,
          "nothing to change");
}

TEST_F(TuftoolTest, VerifiesTheRepositoryBeforeItUpdates) {
  MakeRepository();
  std::string timestamp = Metadata("timestamp.json");
  timestamp[timestamp.find("\"version\":1") + 10] = '9';
  Write(directory_ / "out/metadata/timestamp.json", timestamp);
  Refuses(Joined({"update", "-m", "out/metadata", "-o", "out"}, kSigning), 1,
          "timestamp.json: signature threshold 1 not met");
}

TEST_F(TuftoolTest, UpdatesAnExpiredRepositoryOnlyIfAsked) {
  MakeRoot();
  Write(directory_ / "in/manifest.json", "{}");
  std::vector<std::string> arguments = Joined({"create", "-t", "in", "-o", "out"}, kSigning);
  arguments.back() = "2020-01-01T00:00:00Z";  // the timestamp's expiry
  Done(arguments);
  const std::vector<std::string> update =
      Joined({"update", "-m", "out/metadata", "-o", "out"}, kSigning);
  Refuses(update, 1, "expired at 2020-01-01T00:00:00Z");
  Done(Joined(update, {"--allow-expired-repo"}));
  Done(Joined(kDownload, {"got"}));
}

// --- a root that is not published yet

class TuftoolRotation : public TuftoolTest {
 protected:
  // A published repository with three online keys, and the next root, in which one has another key.
  void RotateKeyOf(const std::string& role) {
    MakeRepository();
    fs::copy_file(directory_ / "root.json", directory_ / "1.root.json");
    Done({"root", "bump-version", "root.json"});
    Done({"root", "remove-key", "root.json", DecodedRoot().targets.keyids.front(), role});
    Done({"root", "gen-ed25519-key", "root.json", "new.pem", "-r", role});
    Done({"root", "sign", "root.json", "-k", "root.pem", "--cross-sign", "1.root.json"});
  }
  std::vector<std::string> Update(const std::vector<std::string>& more) const {
    return Joined({"update", "-m", "out/metadata", "-o", "out"}, more);
  }
  void DownloadsFrom(const std::string& root) {
    Done({"download", "--root", root, "-m", "out/metadata", "-t", "out/targets", "got"});
  }
};

TEST_F(TuftoolRotation, FollowsANewRootWithAnotherKeyForAnyRole) {
  for (const std::string role : {"timestamp", "snapshot", "targets"}) {
    SCOPED_TRACE(role);
    for (const char* name :
         {"out", "root.json", "1.root.json", "root.pem", "online.pem", "new.pem"})
      fs::remove_all(directory_ / name);
    RotateKeyOf(role);
    Done(Update({"-r", "root.json", "-k", "new.pem", "-k", "online.pem"}));
    DownloadsFrom("1.root.json");
    DownloadsFrom("root.json");
    EXPECT_THAT(Metadata("timestamp.json"), HasSubstr("\"version\":2"));
  }
}

TEST_F(TuftoolRotation, NeedsTheNewKeyOnly) {
  RotateKeyOf("timestamp");
  Refuses(Update({"-r", "root.json", "-k", "online.pem"}), 1,
          "timestamp: the given keys are not enough");
  Done(Update({"-r", "root.json", "-k", "new.pem"}));
  EXPECT_FALSE(Exists("out/metadata/2.snapshot.json"));
  DownloadsFrom("1.root.json");
}

TEST_F(TuftoolRotation, FollowsARotationOfTheRootKeyToo) {
  RotateKeyOf("timestamp");
  Done({"root", "gen-ed25519-key", "root.json", "root2.pem", "-r", "root"});
  Done({"root", "remove-key", "root.json",
        ReadRoot(Read(directory_ / "1.root.json"))->root.keyids[0]});
  Done({"root", "sign", "root.json", "-k", "root.pem", "-k", "root2.pem", "-c", "1.root.json"});
  Done(Update({"-r", "root.json", "-k", "new.pem"}));
  DownloadsFrom("1.root.json");
}

TEST_F(TuftoolRotation, MendsARepositoryWhereOnlyTheRootWasPublished) {
  RotateKeyOf("timestamp");
  fs::copy_file(directory_ / "root.json", directory_ / "out/metadata/2.root.json");
  Done(Update({"-r", "1.root.json", "-k", "new.pem"}));
  DownloadsFrom("1.root.json");
}

TEST_F(TuftoolRotation, TakesThePublishedRootFromNobodyWhoCouldNotSignTheNewOne) {
  RotateKeyOf("timestamp");
  // Somebody else's repository in the place of ours: its root lists our root key, which did not
  // sign it.
  Done({"root", "init", "evil.json"});
  Done({"root", "expire", "evil.json", "in 1 week"});
  Done({"root", "gen-ed25519-key", "evil.json", "evil.pem", "-r", "root", "-r", "targets", "-r",
        "snapshot", "-r", "timestamp"});
  Done({"root", "add-key", "evil.json", "-k", "root.pem", "-r", "root"});
  Done({"root", "sign", "evil.json", "-k", "evil.pem"});
  fs::remove_all(directory_ / "out");
  std::vector<std::string> create =
      Joined({"create", "--add-targets", "in", "--outdir", "out"}, kSigning);
  create[6] = "evil.json";
  create[8] = "evil.pem";
  Done(create);
  Refuses(Update({"-r", "root.json", "-k", "new.pem"}), 1,
          "1.root.json: 0 of the keys that signed 2.root.json signed 1.root.json, and 1 are asked");
  Refuses(Update({"-r", "1.root.json", "-r", "root.json", "-k", "new.pem"}), 1,
          "1.root.json is published already, with another content");
}

TEST_F(TuftoolRotation, RefusesARootThatLeavesOneOut) {
  RotateKeyOf("timestamp");
  Done({"root", "bump-version", "root.json"});
  Done({"root", "sign", "root.json", "-k", "root.pem"});
  Refuses(Update({"-r", "1.root.json", "-r", "root.json", "-k", "new.pem"}), 1,
          "3.root.json does not follow 1.root.json");
}

TEST_F(TuftoolTest, SaysWhichFileItCannotRead) {
  Refuses({"root", "sign", "root.json", "-k", "key.pem"}, 1, "root.json: No such file");
  MakeRoot();
  Refuses({"root", "sign", "root.json", "-k", "none.pem"}, 1, "none.pem: No such file");
  Refuses(Joined({"create", "-t", "none", "-o", "out"}, kSigning), 1, "none: No such file");
  Refuses(Joined({"update", "-m", "none", "-o", "out"}, kSigning), 1, "none");
}

}  // namespace
}  // namespace tough
