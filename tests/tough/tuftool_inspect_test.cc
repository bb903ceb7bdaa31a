// tuftool inspect and check-expirations, over good repositories and bad ones.
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
using base::json::Object;
using base::json::Value;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class TuftoolInspect : public TuftoolTest {
 protected:
  void SetUp() override { MakeRepository(); }
  Value Json(int exit_status) {
    const test::ProcessResult result = Run({"inspect", "out", "--json", "--root", "root.json"});
    EXPECT_EQ(result.exit_status, exit_status) << result.errors;
    return base::json::Parse(result.output).value();
  }
  static const Object& RoleOf(const Value& json, const std::string& name) {
    for (const Value& role : *json.object()->Find("roles")->array()) {
      if (*role.object()->Find("name")->string() == name) return *role.object();
    }
    ADD_FAILURE() << "no role " << name;
    static const Object none;
    return none;
  }
};

TEST_F(TuftoolInspect, ShowsRolesKeysVersionsAndExpiry) {
  const std::string text = Done({"inspect", "out"});
  EXPECT_THAT(text, HasSubstr("Roots 1 to 1, from the repository's own first root: give --root"));
  EXPECT_THAT(text, AllOf(HasSubstr("root, version 1, expires 20"), HasSubstr(" days)")));
  EXPECT_THAT(text, HasSubstr("targets, version 1, 1 target, expires"));
  EXPECT_THAT(text, HasSubstr("signed by 1 of 1, 1 needed"));
  EXPECT_THAT(text, HasSubstr("ecdsa-sha2-nistp256"));
  EXPECT_THAT(text, Not(HasSubstr("REFUSED")));
  EXPECT_THAT(Done({"inspect", "file://" + (directory_ / "out/metadata"), "--root", "root.json"}),
              HasSubstr("from the root that was given"));
}

TEST_F(TuftoolInspect, TellsTheSameAsJson) {
  const Value json = Json(0);
  EXPECT_TRUE(*json.object()->Find("healthy")->boolean());
  const Object& timestamp = RoleOf(json, "timestamp");
  EXPECT_EQ(*timestamp.Find("version")->unsigned_integer(), 1U);
  EXPECT_THAT(*timestamp.Find("days_left")->unsigned_integer(), AnyOf(6U, 7U));
  EXPECT_EQ(*timestamp.Find("signers")->unsigned_integer(), 1U);
  EXPECT_TRUE(timestamp.Find("faults")->array()->empty());
}

TEST_F(TuftoolInspect, ShowsTheTreeOfDelegations) {
  Done({"root", "init", "scratch.json"});
  Done({"root", "gen-ed25519-key", "scratch.json", "os.pem"});
  Done({"delegation",    "add-role",  "-d",         "os",        "-p",        "os/*",
        "--terminating", "--new-key", "os.pem",     "-k",        "os.pem",    "-k",
        "online.pem",    "-e",        "in 3 weeks", "-r",        "root.json", "-m",
        "out/metadata",  "-o",        "out",        "--sign-all"});
  EXPECT_THAT(Done({"inspect", "out"}),
              AllOf(HasSubstr("\n  os, version 1, 0 targets, expires"),
                    HasSubstr("    for os/*, by targets, terminating\n")));
  EXPECT_EQ(*RoleOf(Json(0), "os").Find("delegator")->string(), "targets");
}

TEST_F(TuftoolInspect, GoesOnWhereAClientWouldStop) {
  std::string timestamp = Metadata("timestamp.json");
  timestamp[timestamp.rfind("\"version\":1") + 10] = '7';
  Write(directory_ / "out/metadata/timestamp.json", timestamp);
  const test::ProcessResult result = Run({"inspect", "out"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.output, HasSubstr("REFUSED BY CLIENTS: signature threshold 1 not met"));
  EXPECT_THAT(result.output, HasSubstr("targets, version 1, 1 target"));
  fs::remove(directory_ / "out/metadata/1.targets.json");
  EXPECT_FALSE(RoleOf(Json(1), "targets").Find("faults")->array()->empty());
}

TEST_F(TuftoolInspect, NeedsARootToBeginWith) {
  fs::remove(directory_ / "out/metadata/1.root.json");
  Refuses({"inspect", "out"}, 1, "1.root.json");
  EXPECT_THAT(Done({"inspect", "out", "-r", "root.json"}), HasSubstr("Roots 1 to 1"));
}

TEST_F(TuftoolInspect, ListsWhatExpiresSoonAndSaysSoByItsStatus) {
  const auto check = [this](const std::string& within) {
    return Run({"check-expirations", "--within", within, "out"});
  };
  EXPECT_EQ(check("6 days").exit_status, 0);
  EXPECT_THAT(check("6 days").output, IsEmpty());
  const test::ProcessResult soon = check("14 days");
  EXPECT_EQ(soon.exit_status, 1);
  EXPECT_THAT(soon.output, AllOf(HasSubstr("timestamp version 1 expires 20"), HasSubstr(" days)\n"),
                                 Not(HasSubstr("snapshot"))));
  EXPECT_THAT(soon.errors, IsEmpty());
  EXPECT_THAT(check("5 weeks").output, AllOf(HasSubstr("snapshot"), HasSubstr("targets")));
  Refuses({"check-expirations", "--within", "soon", "out"}, 2, "--within: ");
}

TEST_F(TuftoolInspect, IsNeverSilentAboutWhatItCannotRead) {
  fs::remove(directory_ / "out/metadata/1.snapshot.json");
  Refuses({"check-expirations", "--within", "1 day", "out"}, 1, "snapshot: ");
  Refuses({"check-expirations", "--within", "1 day", "nowhere"}, 1, "nowhere: ");
}

}  // namespace
}  // namespace tough
