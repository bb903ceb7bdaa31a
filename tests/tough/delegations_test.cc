// Delegations as types: what is read, what is refused, and which of them speak for a path.
#include "tough/delegations.h"

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
using base::json::Array;
using base::json::Object;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

Array Strings(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

Object Role(const std::string& name, const std::vector<std::string>& paths = {"*"}) {
  Object role;
  role.Set("name", name);
  role.Set("keyids", Strings({test::TestKey("delegated").keyid()}));
  role.Set("threshold", Value::Unsigned(1));
  role.Set("paths", Strings(paths));
  return role;
}

Object Bins(std::uint64_t bit_length) {
  Object bins = Role("");
  bins.Erase("name");
  bins.Erase("paths");
  bins.Set("name_prefix", "bin");
  bins.Set("bit_length", Value::Unsigned(bit_length));
  return bins;
}

Object Tree(std::string_view member, Value value) {
  const SigningKey key = test::TestKey("delegated");
  Object keys;
  keys.Set(key.keyid(), key.public_key());
  Object tree;
  tree.Set("keys", std::move(keys));
  tree.Set(member, std::move(value));
  return tree;
}

base::Result<Delegations> Decode(const Object& tree) {
  return DecodeDelegations(tree, Limits());
}
base::Result<Delegations> DecodeRole(const Object& role) {
  return Decode(Tree("roles", Array{role}));
}

std::vector<std::string> NamesFor(const Delegations& delegations, std::string_view path) {
  std::vector<std::string> names;
  for (const Delegations::Match& match : delegations.Matching(path)) names.push_back(match.name);
  return names;
}

TEST(Delegations, KeepTheOrderOfTheRoles) {
  const auto decoded = Decode(Tree("roles", Array{Role("z"), Role("a", {"x/*"}), Role("m")}));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_THAT(NamesFor(*decoded, "file"), ElementsAre("z", "m"));
  EXPECT_THAT(NamesFor(*decoded, "x/file"), ElementsAre("a"));
}

TEST(Delegations, EndAtAMatchingTerminatingRole) {
  Object last = Role("last", {"*.a"});
  last.Set("terminating", true);
  const auto decoded = Decode(Tree("roles", Array{Role("first"), last, Role("never")}));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_THAT(NamesFor(*decoded, "file.a"), ElementsAre("first", "last"));
  EXPECT_THAT(NamesFor(*decoded, "file.b"), ElementsAre("first", "never"));
}

TEST(Delegations, TakeAnAbsentTerminatingForFalse) {
  const auto decoded = DecodeRole(Role("role"));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->Matching("file").front().terminating, Terminating::kNo);
}

TEST(Delegations, MatchPrefixesOfTheLowerCaseHashOfThePath) {
  Object role = Role("role");
  role.Erase("paths");
  const auto matches = [&role](const std::string& prefix) {
    role.Set("path_hash_prefixes", Strings({"00000000", prefix}));
    return !DecodeRole(role)->Matching("abc").empty();  // ba7816bf…
  };
  EXPECT_TRUE(matches("ba78"));
  EXPECT_TRUE(matches(PathHash("abc")));
  EXPECT_FALSE(matches("BA78"));
  EXPECT_FALSE(matches("a7"));
  EXPECT_FALSE(matches(PathHash("abc") + "0"));
}

TEST(Delegations, GiveEachPathItsOneBin) {
  const auto decoded = Decode(Tree("succinct_roles", Bins(14)));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_THAT(NamesFor(*decoded, "abc"), ElementsAre("bin-2e9e"));
  EXPECT_EQ(decoded->Matching("abc").front().terminating, Terminating::kYes);
}

TEST(Delegations, RefuseBinsOutsideOfOneToThirtyTwoBits) {
  EXPECT_THAT(Decode(Tree("succinct_roles", Bins(0))), FailsSaying("bit_length"));
  EXPECT_THAT(Decode(Tree("succinct_roles", Bins(33))), FailsSaying("bit_length"));
  EXPECT_THAT(Decode(Tree("succinct_roles", Bins(32))), IsOk());
}

TEST(Delegations, NeedExactlyOneKindOfPathsAndOfRoles) {
  Object role = Role("role");
  role.Set("path_hash_prefixes", Strings({"00"}));
  EXPECT_THAT(DecodeRole(role), FailsSaying("both of paths and path_hash_prefixes"));
  role.Erase("paths");
  role.Erase("path_hash_prefixes");
  EXPECT_THAT(DecodeRole(role), FailsSaying("neither of paths and path_hash_prefixes"));
  Object tree = Tree("roles", Array());
  tree.Set("succinct_roles", Bins(1));
  EXPECT_THAT(Decode(tree), FailsSaying("both of roles and succinct_roles"));
  tree.Erase("roles");
  tree.Erase("succinct_roles");
  EXPECT_THAT(Decode(tree), FailsSaying("neither of roles and succinct_roles"));
}

TEST(Delegations, RefuseNamesThatAreNoneOfADelegatedRole) {
  for (const char* name : {"", "root", "timestamp", "snapshot", "targets"})
    EXPECT_THAT(DecodeRole(Role(name)), Fails(ErrorCode::kMalformed)) << name;
  EXPECT_THAT(DecodeRole(Role(std::string("a\0b", 3))), FailsSaying("NUL"));
  EXPECT_THAT(DecodeRole(Role(std::string(1025, 'a'))), Fails(ErrorCode::kTooLarge));
  for (const char* name : {"1.root", "../x", "Targets", "targets.json"})
    EXPECT_THAT(DecodeRole(Role(name)), IsOk()) << name;
}

TEST(Delegations, RefuseARoleThatIsListedTwice) {
  EXPECT_THAT(Decode(Tree("roles", Array{Role("a"), Role("b"), Role("a")})),
              AllOf(Fails(ErrorCode::kMalformed), FailsSaying("'a' is listed twice")));
}

TEST(Delegations, RefuseThresholdsThatAreNotPositive) {
  for (const std::int64_t threshold : {0, -1}) {
    Object role = Role("role");
    role.Set("threshold", Value::Integer(threshold));
    EXPECT_THAT(DecodeRole(role), FailsSaying("threshold"));
    Object bins = Bins(1);
    bins.Set("threshold", Value::Integer(threshold));
    EXPECT_THAT(Decode(Tree("succinct_roles", bins)), FailsSaying("threshold"));
  }
}

// Each member that is read, taken away or of another shape, is an error that names it.
TEST(Delegations, SurviveAWrongValueInEveryPlace) {
  const Value wrong[] = {Value(), Value("text"), Value(Object()), Value(Array{Value()}),
                         Value(true)};
  for (const char* member : {"name", "keyids", "threshold", "paths", "terminating"}) {
    for (const Value& value : wrong) {
      Object role = Role("role");
      role.Set(member, value);
      if (DecodeRole(role).has_value()) {
        EXPECT_TRUE((std::string(member) == "name" && value == Value("text")) ||
                    (std::string(member) == "terminating" && value == Value(true)))
            << member;
      }
    }
  }
  for (const char* member : {"keys", "roles"}) {
    for (const Value& value : wrong) {
      Object tree = Tree("roles", Array{Role("role")});
      tree.Set(member, value);
      const bool is_empty_keys = std::string(member) == "keys" && value == Value(Object());
      EXPECT_EQ(Decode(tree).has_value(), is_empty_keys) << member;
    }
  }
}

TEST(Delegations, OfNobodyMatchNothing) {
  const auto decoded = Decode(Tree("roles", Array{Role("role", {})}));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_THAT(NamesFor(*decoded, "file"), IsEmpty());
}

}  // namespace
}  // namespace tough
