// tuftool clone and transfer-metadata.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/tough/tuftool_fixture.h"

namespace tough {
namespace {

namespace fs = std::filesystem;

class TuftoolCopy : public TuftoolTest {
 protected:
  // Two roots, a delegated role, two targets.
  void SetUp() override {
    MakeRepository();
    fs::copy_file(directory_ / "root.json", directory_ / "1.root.json");
    Done({"root", "bump-version", "root.json"});
    Done({"root", "sign", "root.json", "-k", "root.pem", "-c", "1.root.json"});
    Done({"update", "-r", "root.json", "-k", "online.pem", "-m", "out/metadata", "-o", "out"});
    Done({"root", "init", "scratch.json"});
    Done({"root", "gen-ed25519-key", "scratch.json", "os.pem"});
    Done({"delegation", "add-role",  "-d",     "os",           "-p",         "os/*", "--new-key",
          "os.pem",     "-k",        "os.pem", "-k",           "online.pem", "-e",   "in 3 weeks",
          "-r",         "root.json", "-m",     "out/metadata", "-o",         "out",  "--sign-all"});
    Write(directory_ / "more/os/image", "image");
    Done({"delegation", "update-delegated-targets", "-t", "more", "-k", "os.pem", "-k",
          "online.pem", "-r", "root.json", "-m", "out/metadata", "-o", "out", "--sign-all"});
  }
  std::vector<std::string> Clone(const std::vector<std::string>& more) const {
    return Joined(
        {"clone", "-r", "1.root.json", "-m", "out/metadata", "--metadata-dir", "copy/metadata"},
        more);
  }
};

TEST_F(TuftoolCopy, ClonesWhatClientsOfTheFirstRootNeed) {
  Done(Clone({"-t", "out/targets", "--targets-dir", "copy/targets"}));
  for (const char* name : {"1.root.json", "2.root.json", "timestamp.json", "3.snapshot.json",
                           "2.targets.json", "2.os.json"})
    EXPECT_EQ(Read(directory_ / ("copy/metadata/" + std::string(name))), Metadata(name)) << name;
  Done({"download", "--root", "1.root.json", "-m", "copy/metadata", "-t", "copy/targets", "-n",
        "os/image", "-n", "manifest.json", "got"});
  EXPECT_EQ(Read(directory_ / "got/os/image"), "image");
}

TEST_F(TuftoolCopy, ClonesOnlyWhatIsAskedFor) {
  Done(Clone({"--metadata-only"}));
  EXPECT_FALSE(Exists("copy/targets"));
  Done(Clone({"-t", "out/targets", "--targets-dir", "copy/targets", "-n", "os/image"}));
  EXPECT_TRUE(Exists("copy/targets/os"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_ / "copy/targets"), {}), 1);
  Refuses(Clone({"-t", "out/targets", "--targets-dir", "copy/targets", "-n", "none"}), 1,
          "target none: no metadata lists it");
  Refuses(Clone({}), 2, "--metadata-only");
}

TEST_F(TuftoolCopy, ClonesNothingThatDoesNotVerify) {
  for (const auto& entry : fs::directory_iterator(directory_ / "out/targets/os"))
    Write(entry.path().string(), "IMAGE");
  Refuses(Clone({"-t", "out/targets", "--targets-dir", "copy/targets"}), 1, "os/image");
  EXPECT_FALSE(Exists("copy/metadata/timestamp.json"));
  EXPECT_FALSE(Exists("copy/targets/os"));
}

TEST_F(TuftoolCopy, SignsWhatIsListedUnderAnotherRoot) {
  Done({"root", "init", "other.json"});
  Done({"root", "expire", "other.json", "in 1 week"});
  Done({"root", "gen-rsa-key", "other.json", "other.pem", "-b", "2048", "-r", "root", "-r",
        "targets", "-r", "snapshot", "-r", "timestamp"});
  Done({"root", "sign", "other.json", "-k", "other.pem"});
  Done({"transfer-metadata", "-r", "root.json", "-n", "other.json", "-k", "other.pem", "-m",
        "out/metadata", "-o", "moved", "--timestamp-expires", "in 2 days"});
  Done({"download", "--root", "other.json", "-m", "moved/metadata", "-t", "out/targets", "-n",
        "os/image", "-n", "manifest.json", "got"});
  EXPECT_EQ(Read(directory_ / "got/manifest.json"), "{}");
  EXPECT_EQ(Read(directory_ / "got/os/image"), "image");
}

}  // namespace
}  // namespace tough
