#include "base/json_view.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/support/matchers.h"

namespace base::json {
namespace {

using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

Document Parsed(const char* text) {
  return Document::Parse(text).value();
}

TEST(JsonView, ReadsWhatTheTreeHolds) {
  for (const char* text : {
           R"({"a":[null,true,false,{"b":{}}],"c":"x\u00e9","d":-5,"e":18446744073709551615})",
           R"(["\ud83d\ude00", 1.5e3, [], "", [[1], [2]]])",
           R"("alone")",
           "0",
       }) {
    EXPECT_THAT(Parse(text), IsOkAnd(Parsed(text).root().ToTree())) << text;
  }
}

TEST(JsonView, GoesThroughMembersInOrderOfTheirNames) {
  const Document document = Parsed(R"({"b":{"z":[1,2],"y":{"d":1,"c":2}},"\u0061":1,"":3})");
  const ObjectView outer = *document.root().object();
  std::vector<std::string> names;
  for (const auto& [name, value] : outer) names.emplace_back(name);
  EXPECT_THAT(names, ElementsAre("", "a", "b"));
  const ObjectView inner = *outer.Find("b")->object();
  EXPECT_EQ(inner.size(), 2U);
  EXPECT_EQ(inner.Find("z")->array()->size(), 2U);
  EXPECT_THAT(inner.Find("y")->object()->Find("c")->unsigned_integer(), Optional(Eq(2U)));
  EXPECT_FALSE(inner.Find("a").has_value());
}

TEST(JsonView, FindsTheFirstOfDuplicates) {
  const Document document =
      Document::Parse(R"({"b":1,"a":2,"b":3})", {.duplicates = Duplicates::kKeep}).value();
  EXPECT_THAT(document.root().object()->Find("b")->unsigned_integer(), Optional(Eq(1U)));
  EXPECT_EQ(document.root().object()->size(), 3U);
}

TEST(JsonView, StaysValidWhenItsDocumentIsMoved) {
  Document first = Parsed(R"(["a"])");
  const View view = *first.root().array()->begin();
  const Document second = std::move(first);
  EXPECT_THAT(view.string(), Optional(Eq("a")));
}

TEST(JsonView, SaysWhereTheTextIsCanonical) {
  for (const char* text : {"{}", "[]", R"({"a":1,"b":[true,null,"\"\\"],"c":{"a":-1,"b":"é"}})"}) {
    const Document document = Parsed(text);
    EXPECT_THAT(document.root().CanonicalText(), Optional(Eq(text)));
  }
  for (const char* text : {"{ }", "[1, 2]", R"({"b":1,"a":2})", R"(["\/"])", R"(["\u0041"])",
                           "[1.5]", R"(["\n"])", "\"a\"", "1"}) {
    EXPECT_EQ(Parsed(text).root().CanonicalText(), std::nullopt) << text;
  }
  const Document mixed = Parsed(R"({ "a":{"b":1}, "c":{"e":1,"d":2}})");
  EXPECT_THAT(mixed.root().object()->Find("a")->CanonicalText(), Optional(Eq(R"({"b":1})")));
  EXPECT_EQ(mixed.root().object()->Find("c")->CanonicalText(), std::nullopt);
}

TEST(JsonView, RequiresMembersAsTheTreeDoes) {
  const Document document = Parsed(R"({"a":"x","b":5,"c":[],"d":{}})");
  const ObjectView object = *document.root().object();
  EXPECT_THAT(RequireString(object, "a"), IsOkAnd("x"));
  EXPECT_THAT(RequireInteger(object, "b", 1, 5), IsOkAnd(5U));
  EXPECT_THAT(RequireInteger(object, "b", 6, 9), FailsSaying("b: not an integer from 6 to 9"));
  EXPECT_THAT(RequireArray(object, "c"), IsOk());
  EXPECT_THAT(RequireObject(object, "d"), IsOk());
  EXPECT_THAT(RequireObject(object, "c"), FailsSaying("c: not an object"));
  EXPECT_THAT(RequireString(object, "b"), FailsSaying("b: not a string"));
  EXPECT_THAT(RequireArray(object, "e"), FailsSaying("e: missing"));
}

// What json_view.h says about memory rests on these two.
TEST(JsonView, HasOneNodeForEachValueAndName) {
  const char* text = R"({"a":[0,0,{"b":null}]})";
  EXPECT_THAT(Document::Parse(text, {.max_values = 8}), IsOk());
  EXPECT_THAT(Document::Parse(text, {.max_values = 7}), Fails(ErrorCode::kTooLarge));
}

TEST(JsonParse, LimitsTheNumberOfValues) {
  std::string text = "[0";
  for (std::size_t i = 2; i < kMaxValues; ++i) text += ",0";
  EXPECT_THAT(Document::Parse(text + "]"), IsOk());
  EXPECT_THAT(Document::Parse(text + ",0]"), FailsSaying("more than 4000000 values"));
  EXPECT_THAT(Parse(text + ",0]"), Fails(ErrorCode::kTooLarge));
}

}  // namespace
}  // namespace base::json
