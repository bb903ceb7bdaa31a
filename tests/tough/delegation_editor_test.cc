// Editing of delegations, and what RepositoryEditor makes of them.
#include "tough/delegation_editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"
#include "tough/path_match.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::json::Object;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::TestKey;
using testing::AllOf;
using testing::ElementsAre;

std::vector<Object> PublicKeys(const std::vector<std::string>& names) {
  std::vector<Object> keys;
  for (const std::string& name : names) keys.push_back(TestKey(name).public_key());
  return keys;
}

DelegatedRole RoleFor(const std::string& name, const std::string& glob) {
  DelegatedRole role;
  role.name = name;
  role.paths = PathPatterns{{glob}};
  return role;
}

class DelegationEditorTest : public testing::Test {
 protected:
  Delegations Decoded() const {
    return DecodeDelegations(*content_.Find("delegations")->object(), {}).value();
  }
  base::Result<> Add(const std::string& name, const std::vector<std::string>& keys = {"os"}) {
    const DelegatedRole role = RoleFor(name, name + "/*");
    return editor_.AddRoles({&role, 1}, PublicKeys(keys));
  }

  Object content_;
  DelegationEditor editor_{content_};
};

TEST_F(DelegationEditorTest, AddsRolesInOrderOfPriority) {
  ASSERT_THAT(Add("b"), IsOk());
  ASSERT_THAT(Add("a"), IsOk());
  const Delegations decoded = Decoded();
  std::vector<DelegatedRole> roles;
  for (const DelegatedRole& role : std::get<DelegatedRoles>(decoded.roles)) roles.push_back(role);
  ASSERT_EQ(roles.size(), 2U);
  EXPECT_EQ(roles[0].name, "b");
  EXPECT_THAT(std::get<PathPatterns>(roles[1].paths).globs, ElementsAre("a/*"));
  EXPECT_EQ(Decoded().keys.size(), 1U) << "one key, defined once";
  EXPECT_THAT(Add("a"), AllOf(Fails(ErrorCode::kState), FailsSaying("a is delegated to already")));
}

TEST_F(DelegationEditorTest, RemovesARoleAndTheKeysThatOnlyItHad) {
  ASSERT_THAT(Add("a", {"one", "both"}), IsOk());
  ASSERT_THAT(Add("b", {"two", "both"}), IsOk());
  ASSERT_THAT(editor_.RemoveRole("a"), IsOk());
  EXPECT_EQ(Decoded().keys.size(), 2U);
  EXPECT_FALSE(Decoded().keys.contains(TestKey("one").keyid()));
  EXPECT_THAT(editor_.RemoveRole("a"), Fails(ErrorCode::kNotFound));
}

TEST_F(DelegationEditorTest, KeepsEnoughKeysForTheThreshold) {
  ASSERT_THAT(Add("a", {"one", "two"}), IsOk());
  ASSERT_THAT(editor_.SetThreshold("a", 2), IsOk());
  EXPECT_THAT(editor_.SetThreshold("a", 3), FailsSaying("a threshold of 3 with 2 keys"));
  EXPECT_THAT(editor_.SetThreshold("a", 0), Fails(ErrorCode::kUsage));
  EXPECT_THAT(editor_.RemoveKey("a", TestKey("one").keyid()), FailsSaying("fewer keys"));
  ASSERT_THAT(editor_.AddKey("a", TestKey("three").public_key()), IsOk());
  ASSERT_THAT(editor_.RemoveKey("a", TestKey("one").keyid()), IsOk());
  EXPECT_EQ(Decoded().keys.size(), 2U);
}

TEST_F(DelegationEditorTest, CountsAKeyOnceThatIsGivenTwice) {
  const DelegatedRole role = RoleFor("a", "*");
  ASSERT_THAT(editor_.AddRoles({&role, 1}, PublicKeys({"one", "one"})), IsOk());
  EXPECT_THAT(editor_.SetThreshold("a", 2), Fails(ErrorCode::kUsage));
}

TEST_F(DelegationEditorTest, LetsSuccinctRolesStandAlone) {
  SuccinctRoles bins{.name_prefix = "bin", .bit_length = 4, .signers = {}};
  ASSERT_THAT(editor_.AddSuccinctRoles(bins, PublicKeys({"os"})), IsOk());
  EXPECT_EQ(std::get<SuccinctRoles>(Decoded().roles).bit_length, 4U);
  EXPECT_THAT(Add("a"), Fails(ErrorCode::kState));
  EXPECT_THAT(editor_.AddSuccinctRoles(bins, PublicKeys({"os"})), Fails(ErrorCode::kState));
  ASSERT_THAT(editor_.AddKey("bin", TestKey("more").public_key()), IsOk());
  ASSERT_THAT(editor_.RemoveRole("bin"), IsOk());
  EXPECT_THAT(Add("a"), IsOk());
  EXPECT_THAT(editor_.AddSuccinctRoles(bins, PublicKeys({"os"})), Fails(ErrorCode::kState));
}

TEST_F(DelegationEditorTest, RefusesMoreBinsThanAnybodyMakes) {
  for (const std::uint32_t bits : {0U, 17U, 32U}) {
    const SuccinctRoles bins{.name_prefix = "bin", .bit_length = bits, .signers = {}};
    EXPECT_THAT(editor_.AddSuccinctRoles(bins, PublicKeys({"os"})), Fails(ErrorCode::kUsage));
    EXPECT_THAT(BinsAsRoles(bins), Fails(ErrorCode::kUsage));
  }
}

TEST(Bins, AreNumberedInHexadecimalAsWideAsTheHighest) {
  const SuccinctRoles bins{.name_prefix = "a-b", .bit_length = 5, .signers = {}};
  const auto names = BinNames(bins).value();
  EXPECT_EQ(names.size(), 32U);
  EXPECT_EQ(names.front(), "a-b-00");
  EXPECT_EQ(names.back(), "a-b-1f");
  for (const std::string& name : names) EXPECT_TRUE(IsBin(bins, name)) << name;
  for (const char* name :
       {"a-b-20", "a-b-0", "a-b-000", "a-b-0G", "a-b-", "a-b", "", "-00", "a-b-1F"})
    EXPECT_FALSE(IsBin(bins, name)) << name;
}

TEST(Bins, AreTheSameWhetherListedOrNot) {
  for (const std::uint32_t bits : {1U, 3U, 4U, 6U, 10U}) {
    const SuccinctRoles bins{.name_prefix = "bin", .bit_length = bits, .signers = {}};
    std::vector<DelegatedRole> roles = BinsAsRoles(bins).value();
    // So that every bin that matches is seen.
    for (DelegatedRole& role : roles) role.terminating = Terminating::kNo;
    Object content;
    ASSERT_THAT(DelegationEditor(content).AddRoles(roles, PublicKeys({"os"})), IsOk());
    const auto listed = DecodeDelegations(*content.Find("delegations")->object(), {});
    ASSERT_THAT(listed, IsOk());
    for (const std::string path : {"a", "b", "dir/file", "\xc3\xa9", "manifest.json"}) {
      const auto matching = listed->Matching(path);
      ASSERT_EQ(matching.size(), 1U) << path;
      EXPECT_EQ(matching.front().name, BinName("bin", bits, path)) << path;
    }
  }
}

}  // namespace
}  // namespace tough
