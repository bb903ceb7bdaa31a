// Decoding of the four roles: what is read, and that a wrong shape is an error and never a crash.
#include "tough/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"

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

const Limits kLimits;

base::Result<Document> Around(const Value& signed_part) {
  Object document;
  document.Set("signatures", base::json::Array());
  document.Set("signed", signed_part);
  return Document::Parse(base::json::Serialize(document, base::json::Style::kCompact), kLimits);
}

// Decodes as `role`, for its error alone.
base::Result<> Decode(Role role, const Value& tree) {
  Document document = TRY(Around(tree));
  switch (role) {
    case Role::kRoot:
      TRY(DecodeRoot(document, kLimits));
      break;
    case Role::kTimestamp:
      TRY(DecodeTimestamp(document, kLimits));
      break;
    case Role::kSnapshot:
      TRY(DecodeSnapshot(std::move(document), kLimits));
      break;
    case Role::kTargets:
      TRY(DecodeTargets(std::move(document), kLimits));
      break;
  }
  return {};
}

// A good tree of the role, with a target and a hash to each.
Object Tree(Role role) {
  static test::RepositoryBuilder* const shared = [] {
    auto* repository = new test::RepositoryBuilder;
    Object custom;
    repository->AddTarget("file", "content", Value(custom));
    repository->Publish();
    return repository;
  }();
  return shared->Signed(role);
}

constexpr Role kRoles[] = {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets};

std::vector<Value> WrongValues() {
  return {Value(),
          Value(true),
          Value("text"),
          Value(""),
          Value::Integer(-1),
          Value::Unsigned(0),
          Value::Unsigned(kMaxInteger + 1),
          Value::Unsigned(UINT64_MAX),
          Value(base::json::Float{"1.5"}),
          Value(Array()),
          Value(Array{Value()}),
          Value(Array{Value(Array())}),
          Value(Object())};
}

// Calls `visit` for every value below `value`; `visit` may replace it.
void VisitAll(Value& value, const std::function<void(Value&)>& visit) {
  if (Object* object = value.object(); object != nullptr) {
    std::vector<std::string> names;
    for (const auto& member : object->members()) names.push_back(member.name);
    for (const std::string& name : names) VisitAll(*object->Find(name), visit);
  }
  if (Array* array = value.array(); array != nullptr) {
    for (Value& element : *array) VisitAll(element, visit);
  }
  visit(value);
}

TEST(Schema, DecodesGoodTrees) {
  for (const Role role : kRoles) EXPECT_THAT(Decode(role, Tree(role)), IsOk());
}

// CVE-2026-23991 and its kind: valid JSON of the wrong shape must not bring the client down.
TEST(Schema, SurvivesAWrongValueInEveryPlace) {
  for (const Role role : kRoles) {
    for (const Value& wrong : WrongValues()) {
      Value tree = Tree(role);
      std::size_t refused = 0;
      VisitAll(tree, [&](Value& place) {
        const Value right = std::exchange(place, wrong);
        const base::Result<> result = Decode(role, tree);
        if (!result.has_value()) {
          ++refused;
          EXPECT_THAT(
              result.error().code(),
              testing::AnyOf(ErrorCode::kMalformed, ErrorCode::kMismatch, ErrorCode::kUnsupported));
        }
        place = right;
      });
      EXPECT_GT(refused, 4U);
    }
  }
}

TEST(Schema, RefusesANullInEveryMemberThatItReads) {
  for (const Role role : kRoles) {
    const Object good = Tree(role);
    for (const auto& member : good.members()) {
      Object tree = good;
      tree.Set(member.name, Value());
      EXPECT_THAT(Decode(role, tree), Fails(ErrorCode::kMalformed)) << member.name;
    }
  }
}

// Repositories put their own members into keys, roles and files: tuf-on-ci's "x-tuf-on-ci-…", and
// "keyid_hash_algorithms" of old, which says nothing whatever it says.
// But for a float, which no signed part can have.
TEST(Schema, PassesOverWhateverStandsInMembersThatItDoesNotKnow) {
  const std::pair<Role, std::vector<std::string>> places[] = {
      {Role::kRoot, {}},
      {Role::kRoot, {"keys", "*"}},
      {Role::kRoot, {"keys", "*", "keyval"}},
      {Role::kRoot, {"roles", "snapshot"}},
      {Role::kTimestamp, {"meta", "snapshot.json"}},
      {Role::kSnapshot, {"meta", "targets.json"}},
      {Role::kTargets, {"targets", "file"}},
  };
  for (const auto& [role, path] : places) {
    for (const Value& odd : WrongValues()) {
      Value tree = Tree(role);
      Object* place = tree.object();
      for (const std::string& name : path) {
        const std::string& member = name == "*" ? place->members()[0].name : name;
        place = place->Find(member)->object();
      }
      place->Set("keyid_hash_algorithms", odd);
      if (odd == Value(base::json::Float{"1.5"})) {
        EXPECT_THAT(Decode(role, tree), Fails(ErrorCode::kMalformed));
      } else {
        EXPECT_THAT(Decode(role, tree), IsOk()) << testing::PrintToString(path);
      }
    }
  }
}

TEST(Schema, NeedsEveryMemberButConsistentSnapshot) {
  for (const Role role : kRoles) {
    const Object good = Tree(role);
    for (const auto& member : good.members()) {
      if (member.name == "consistent_snapshot") continue;
      Object tree = good;
      tree.Erase(member.name);
      EXPECT_THAT(Decode(role, tree),
                  AllOf(Fails(ErrorCode::kMalformed), FailsSaying(member.name + ": missing")));
    }
  }
}

TEST(Schema, RefusesAnotherRolesType) {
  for (const Role role : kRoles) {
    for (const Role other : kRoles) {
      if (role == other) continue;
      EXPECT_THAT(Decode(role, Tree(other)), Fails(ErrorCode::kMismatch));
    }
  }
}

TEST(Schema, SpeaksVersionOneOfTheSpecification) {
  const auto decode = [](const char* version) {
    Object tree = Tree(Role::kTargets);
    tree.Set("spec_version", version);
    return Decode(Role::kTargets, tree);
  };
  for (const char* version : {"1.0.0", "1.0", "1.99.34"}) EXPECT_THAT(decode(version), IsOk());
  for (const char* version : {"2.0.0", "0.9", "10.0.0", "01.0.0"})
    EXPECT_THAT(decode(version), Fails(ErrorCode::kUnsupported)) << version;
  for (const char* version : {"", "1", "1.", ".1", "1.0.0.0", "1.x", "1.0.-1", " 1.0"})
    EXPECT_THAT(decode(version), Fails(ErrorCode::kMalformed)) << version;
}

TEST(Schema, RefusesVersionsOutsideOfTheirRange) {
  for (const Role role : kRoles) {
    for (const std::uint64_t version : {std::uint64_t{0}, kMaxInteger + 1, UINT64_MAX}) {
      Object tree = Tree(role);
      tree.Set("version", Value::Unsigned(version));
      EXPECT_THAT(Decode(role, tree), FailsSaying("version: not an integer from 1 to"));
    }
    Object tree = Tree(role);
    tree.Set("version", Value::Unsigned(kMaxInteger));
    EXPECT_THAT(Decode(role, tree), IsOk());
  }
}

TEST(Schema, RefusesThresholdsThatAreNotPositive) {
  for (const Value& threshold :
       {Value::Unsigned(0), Value::Integer(-1), Value(), Value("1"), Value(Object())}) {
    Object tree = Tree(Role::kRoot);
    tree.Find("roles")->object()->Find("targets")->object()->Set("threshold", threshold);
    EXPECT_THAT(Decode(Role::kRoot, tree),
                AllOf(Fails(ErrorCode::kMalformed), FailsSaying("roles: targets: threshold: ")));
  }
}

TEST(Schema, RefusesAKeyidThatARoleListsTwice) {
  Object tree = Tree(Role::kRoot);
  Array& keyids = *tree.Find("roles")->object()->Find("targets")->object()->Find("keyids")->array();
  keyids.push_back(keyids.front());
  EXPECT_THAT(Decode(Role::kRoot, tree),
              AllOf(Fails(ErrorCode::kMalformed), FailsSaying("is listed twice")));
}

TEST(Schema, NeedsEachOfTheFourRolesInRoot) {
  for (const Role role : kRoles) {
    Object tree = Tree(Role::kRoot);
    tree.Find("roles")->object()->Erase(RoleName(role));
    EXPECT_THAT(Decode(Role::kRoot, tree), FailsSaying(std::string(RoleName(role)) + ": missing"));
  }
}

TEST(Schema, KeepsTheReasonForAKeyThatItCannotUse) {
  Object key;
  key.Set("keytype", "falcon");
  key.Set("scheme", "falcon-512");
  key.Set("keyval", Object());
  Object tree = Tree(Role::kRoot);
  tree.Find("keys")->object()->Set("new kind", key);
  const Root root = DecodeRoot(Around(tree).value(), kLimits).value();
  EXPECT_THAT(root.keys.at("new kind"),
              AllOf(Fails(ErrorCode::kUnsupported), FailsSaying("falcon-512")));
  EXPECT_EQ(root.keys.size(), 5U);
}

TEST(Schema, RefusesAKeyOfAKnownKindWithoutItsValue) {
  Object key;
  key.Set("keytype", "ed25519");
  for (const char* scheme : {"ed25519", "a scheme of tomorrow"})
    for (const Object& keyval : {Object(), [] {
                                   Object object;
                                   object.Set("public", Value());
                                   return object;
                                 }()}) {
      key.Set("scheme", scheme);
      key.Set("keyval", keyval);
      Object tree = Tree(Role::kRoot);
      tree.Find("keys")->object()->Set("key", key);
      EXPECT_THAT(Decode(Role::kRoot, tree),
                  AllOf(Fails(ErrorCode::kMalformed), FailsSaying("keys: key: keyval: public: ")));
    }
}

TEST(Schema, RefusesKeysOverTheirLimit) {
  Limits limits;
  limits.keys = 3;
  EXPECT_THAT(DecodeRoot(Around(Tree(Role::kRoot)).value(), limits),
              AllOf(Fails(ErrorCode::kTooLarge), FailsSaying("4 keys, at most 3 allowed")));
}

TEST(Schema, RefusesNamesOverTheirLimitOrWithANul) {
  const auto decode = [](const std::string& name) {
    Object tree = Tree(Role::kTargets);
    Object& targets = *tree.Find("targets")->object();
    targets.Set(name, *targets.Find("file"));
    return Decode(Role::kTargets, tree);
  };
  EXPECT_THAT(decode(std::string(1024, 'x')), IsOk());
  EXPECT_THAT(decode(std::string(1025, 'x')), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(decode(std::string("a\0b", 3)), Fails(ErrorCode::kMalformed));
}

TEST(Schema, DecodesATarget) {
  const Targets targets = DecodeTargets(Around(Tree(Role::kTargets)).value(), kLimits).value();
  const TargetFile file = targets.files.Find("file").value();
  EXPECT_EQ(file.length, 7U);
  ASSERT_EQ(file.hashes.size(), 2U);
  EXPECT_EQ(file.hashes[0].algorithm, base::DigestAlgorithm::kSha256);
  EXPECT_EQ(file.hashes[0].hex, "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73");
  EXPECT_EQ(file.hashes[1].algorithm, base::DigestAlgorithm::kSha512);
  EXPECT_NE(file.custom.object(), nullptr);
  EXPECT_THAT(targets.files.Names(), ElementsAre("file"));
}

TEST(Schema, DecodesDates) {
  Object tree = Tree(Role::kTimestamp);
  tree.Set("expires", "2030-01-01T00:00:00.999Z");
  EXPECT_EQ(DecodeTimestamp(Around(tree).value(), kLimits)->expires,
            base::ParseTime("2030-01-01T00:00:00Z").value());
  tree.Set("expires", "2030-02-30T00:00:00Z");
  EXPECT_THAT(DecodeTimestamp(Around(tree).value(), kLimits), FailsSaying("expires: "));
}

TEST(Schema, VerifiesHashes) {
  const Hashes right = {{base::DigestAlgorithm::kSha256,
                         "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"}};
  EXPECT_THAT(VerifyHashes(right, "content"), IsOk());
  EXPECT_THAT(VerifyHashes(right, "Content"), Fails(ErrorCode::kMismatch));
  EXPECT_THAT(VerifyHashes({}, "content"), Fails(ErrorCode::kUnsupported));
  EXPECT_THAT(VerifyHashes({{base::DigestAlgorithm::kSha256, ""}}, "content"),
              Fails(ErrorCode::kMismatch));
}

// --- the document around the signed part

base::Result<Document> Parse(const std::string& text) {
  return Document::Parse(text, kLimits);
}

TEST(Document, NeedsSignaturesAndSigned) {
  EXPECT_THAT(Parse(R"({"signed":{},"signatures":[]})"), IsOk());
  EXPECT_THAT(Parse(R"({"signatures":[]})"), FailsSaying("signed: missing"));
  EXPECT_THAT(Parse(R"({"signed":[],"signatures":[]})"), FailsSaying("signed: not an object"));
  EXPECT_THAT(Parse(R"({"signed":{}})"), FailsSaying("signatures: missing"));
  EXPECT_THAT(Parse(R"({"signed":{},"signatures":{}})"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("[]"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("null"), Fails(ErrorCode::kMalformed));
}

TEST(Document, RefusesSignaturesOfTheWrongShape) {
  for (const char* signature :
       {"null", "1", "[]", "{}", R"({"keyid":"a"})", R"({"sig":"a"})", R"({"keyid":1,"sig":""})",
        R"({"keyid":"a","sig":null})", R"({"keyid":"a\u0000","sig":""})"}) {
    EXPECT_THAT(Parse(std::string(R"({"signed":{},"signatures":[)") + signature + "]}"),
                Fails(ErrorCode::kMalformed))
        << signature;
  }
}

// CVE-2020-15093, CVE-2020-6174: one key's signature counted as often as it is repeated.
TEST(Document, RefusesAKeyidThatSignsTwice) {
  EXPECT_THAT(
      Parse(
          R"({"signed":{},"signatures":[{"keyid":"a","sig":"1"},{"keyid":"b","sig":""},{"keyid":"a","sig":"2"}]})"),
      AllOf(Fails(ErrorCode::kMalformed), FailsSaying("keyid 'a' signs twice")));
}

TEST(Document, RefusesTooManySignatures) {
  std::string signatures;
  for (int i = 0; i < 257; ++i)
    signatures +=
        std::string(i == 0 ? "" : ",") + R"({"keyid":")" + std::to_string(i) + R"(","sig":""})";
  EXPECT_THAT(Parse(R"({"signed":{},"signatures":[)" + signatures + "]}"),
              AllOf(Fails(ErrorCode::kTooLarge), FailsSaying("257 signatures, at most 256")));
}

TEST(Document, RefusesFloatsInTheSignedPartOnly) {
  EXPECT_THAT(Parse(R"({"signed":{"x":{"y":[1.5]}},"signatures":[]})"),
              Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"signed":{"x":1e3},"signatures":[]})"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"signed":{"x":18446744073709551616},"signatures":[]})"),
              Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"comment":1.5,"signed":{},"signatures":[]})"), IsOk());
}

TEST(Document, RefusesHostileJson) {
  const std::string deep = std::string(1'000'000, '[');
  EXPECT_THAT(Parse(deep), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(Parse(R"({"signed":{"x":)" + deep), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(
      Parse(R"({"signed":{"version":)" + std::string(100'000, '9') + R"(},"signatures":[]})"),
      Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"signed":{},"signed":{},"signatures":[]})"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("\xef\xbb\xbf{\"signed\":{},\"signatures\":[]}"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse("{\"signed\":{\"\xff\":1},\"signatures\":[]}"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"signed":{"x":"\ud800"},"signatures":[]})"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"signed":{},"signatures":[]}{})"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"signed":{/**/},"signatures":[]})"), Fails(ErrorCode::kMalformed));
  EXPECT_THAT(Parse(R"({"signed":{"x":-0},"signatures":[]})"), Fails(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace tough
