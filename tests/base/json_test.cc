#include "base/json.h"

#include <string>

#include "tests/support/matchers.h"

namespace base::json {
namespace {

using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using testing::Pointee;

std::string Nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonParse, KeepsIntegersOf64BitsExactly) {
  EXPECT_THAT(Parse("18446744073709551615"), IsOkAnd(Value::Unsigned(18446744073709551615ULL)));
  EXPECT_THAT(Parse("-9223372036854775808"), IsOkAnd(Value::Integer(INT64_MIN)));
  EXPECT_EQ(Value::Integer(5), Value::Unsigned(5));
}

TEST(JsonParse, KeepsOtherNumbersAsTheirText) {
  for (const char* text : {"1.0", "1e3", "-0.5", "18446744073709551616"}) {
    EXPECT_THAT(Parse(text), IsOkAnd(Value(Float{text}))) << text;
  }
}

TEST(JsonParse, RejectsNumbersBeyondADouble) {
  for (const char* text : {"1E400", "-1e400", "0.001e+400", "1.8e308", "1e99999999999999999999"})
    EXPECT_THAT(Parse(text), Fails(ErrorCode::kMalformed)) << text;
  for (const char* text :
       {"1e-400", "0.1e309", "0e999", "1e-99999999999999999999", "0.1e-9223372036854775808"})
    EXPECT_THAT(Parse(text), IsOkAnd(Value(Float{text}))) << text;
  EXPECT_THAT(Parse(std::string(400, '9') + "e-399"), IsOk());
  EXPECT_THAT(Parse(std::string(100'000, '9')), Fails(ErrorCode::kMalformed));
}

TEST(JsonParse, RejectsWhatOtherReadersUnderstandDifferently) {
  const std::pair<const char*, std::string> cases[] = {
      {"duplicate name", R"({"a":1,"b":2,"a":1})"},
      {"duplicate name spelled differently", R"({"a":1,"\u0061":1})"},
      {"nested duplicate", R"([{"x":{"a":1,"a":2}}])"},
      {"byte-order mark", "\xef\xbb\xbf{}"},
      {"comment", "{} // no"},
      {"trailing bytes", "{} {}"},
      {"trailing NUL", std::string("{}\0", 3)},
      {"bytes hidden behind a NUL", std::string("{}\0{\"a\":1}", 10)},
      {"NUL in a string", std::string("\"\0\"", 3)},
      {"trailing comma", "[1,]"},
      {"overlong UTF-8", "\"\xc0\xaf\""},
      {"UTF-8 surrogate", "\"\xed\xa0\x80\""},
      {"stray continuation byte", "\"\x80\""},
      {"UTF-8 beyond U+10FFFF", "\"\xf4\x90\x80\x80\""},
      {"lone high surrogate", R"("\ud800")"},
      {"lone low surrogate", R"("\udc00")"},
      {"raw control character", "\"\n\""},
      {"minus zero", "-0"},
      {"leading zero", "01"},
      {"plus sign", "+1"},
      {"NaN", "NaN"},
      {"empty", ""},
      {"white space only", " \n"},
      {"unterminated", "{\"a\":"},
      {"single quotes", "{'a':1}"},
  };
  for (const auto& [name, text] : cases)
    EXPECT_THAT(Parse(text), Fails(ErrorCode::kMalformed)) << name;
}

TEST(JsonParse, NamesTheDuplicate) {
  EXPECT_THAT(Parse(R"({"waves":{"5":1,"5":2}})"), FailsSaying("name '5' occurs twice"));
  EXPECT_THAT(Parse(R"({"a\nb":1,"a\nb":2})"), FailsSaying("name 'a?b' occurs twice"));
}

TEST(JsonParse, KeepsDuplicatesWhereTheCallerDecides) {
  const Result<Value> value = Parse(R"({"b":1,"a":1,"b":2})", {.duplicates = Duplicates::kKeep});
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(Serialize(*value, Style::kCompact), R"({"a":1,"b":1,"b":2})");
}

TEST(JsonParse, ReadsEveryEscape) {
  EXPECT_THAT(
      Parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00\u0000")"),
      IsOkAnd(Value(std::string("\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\0", 19))));
}

// The parser looks at eight bytes at a time: each special byte, at each place in them.
TEST(JsonParse, SeesSpecialBytesWhereverTheyStand) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string plain(before, 'x');
    const std::string after(20 - before, 'y');
    const auto parse = [&](const std::string& middle) {
      return Parse("\"" + plain + middle + after + "\"");
    };
    for (int c = 0; c < 0x20; ++c)
      EXPECT_THAT(parse(std::string(1, static_cast<char>(c))), Fails(ErrorCode::kMalformed)) << c;
    EXPECT_THAT(parse("\x80"), Fails(ErrorCode::kMalformed));
    EXPECT_THAT(parse("\""), Fails(ErrorCode::kMalformed));
    EXPECT_THAT(parse("\\\\"), IsOkAnd(Value(plain + "\\" + after)));
    EXPECT_THAT(parse("\xc3\xa9"), IsOkAnd(Value(plain + "\xc3\xa9" + after)));
    EXPECT_THAT(parse("\x7f!#[]"), IsOkAnd(Value(plain + "\x7f!#[]" + after)));
  }
}

TEST(JsonParse, LimitsTheDepth) {
  EXPECT_THAT(Parse(Nested(kMaxDepth)), IsOk());
  EXPECT_THAT(Parse(Nested(kMaxDepth + 1)), Fails(ErrorCode::kTooLarge));
  EXPECT_THAT(Parse(std::string(1'000'000, '[')), Fails(ErrorCode::kTooLarge));
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(Parse(objects), Fails(ErrorCode::kTooLarge));
}

TEST(JsonParse, AcceptsWhiteSpaceAroundTheDocument) {
  EXPECT_THAT(Parse(" \r\n\t[ 1 ]\n"), IsOk());
}

TEST(JsonSerialize, SortsNamesByTheirBytes) {
  // U+FFFD sorts before U+10000 by code point (and by UTF-8), after it by UTF-16 unit.
  const Result<Value> value = Parse("{\"\\ud800\\udc00\":1,\"\\ufffd\":2,\"B\":3,\"a\":4}");
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(Serialize(*value, Style::kCompact),
            "{\"B\":3,\"a\":4,\"\xef\xbf\xbd\":2,\"\xf0\x90\x80\x80\":1}");
}

TEST(JsonSerialize, EscapesSoThatParsingGivesTheSameBack) {
  std::string text;
  for (char c = 1; c != 127; ++c) text.push_back(c);
  text.push_back('\0');
  const std::string serialized = Serialize(Value(text), Style::kCompact);
  EXPECT_THAT(Parse(serialized), IsOkAnd(Value(text)));
}

TEST(JsonSerialize, PrettyIsWhatPeopleRead) {
  const Result<Value> value = Parse(R"({"updates":[{"v":"1"}],"empty":{},"none":[]})");
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(Serialize(*value, Style::kPretty),
            "{\n  \"empty\": {},\n  \"none\": [],\n  \"updates\": [\n    {\n      \"v\": \"1\"\n   "
            " }\n  ]\n}\n");
}

TEST(JsonObject, SetsReplacesAndErases) {
  Object object;
  object.Set("b", Value::Unsigned(1));
  object.Set("a", "text");
  object.Set("b", true);
  EXPECT_EQ(object.size(), 2U);
  EXPECT_THAT(object.Find("b"), Pointee(Value(true)));
  object.Erase("b");
  EXPECT_EQ(object.Find("b"), nullptr);
}

TEST(JsonRequire, NamesTheMemberAndTheFault) {
  const Result<Value> value = Parse(R"({"n":0,"s":"x","null":null})");
  ASSERT_THAT(value, IsOk());
  const Object& object = *value->object();
  EXPECT_THAT(RequireString(object, "missing"), FailsSaying("missing: missing"));
  EXPECT_THAT(RequireString(object, "n"), FailsSaying("n: not a string"));
  EXPECT_THAT(RequireObject(object, "null"), FailsSaying("null: not an object"));
  EXPECT_THAT(RequireArray(object, "s"), FailsSaying("s: not an array"));
  EXPECT_THAT(RequireInteger(object, "n", 1, 10), FailsSaying("n: not an integer from 1 to 10"));
  EXPECT_THAT(RequireInteger(object, "s", 0, 10), FailsSaying("s: not an integer"));
  EXPECT_THAT(RequireInteger(object, "n", 0, 10), IsOkAnd(0U));
}

}  // namespace
}  // namespace base::json
