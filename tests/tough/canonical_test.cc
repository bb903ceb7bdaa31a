#include "tough/canonical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/matchers.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::json::Document;
using base::json::Parse;
using base::json::View;
using test::Fails;

std::string Canonical(std::string_view json) {
  return CanonicalForm(Parse(json).value()).value();
}

TEST(CanonicalForm, HasNoWhiteSpace) {
  EXPECT_EQ(Canonical(" { \"a\" : [ 1 , 2 ] , \"b\" : { } , \"c\" : [ ] } "),
            R"({"a":[1,2],"b":{},"c":[]})");
}

TEST(CanonicalForm, SortsNamesByCodePoint) {
  // U+10000 is above U+FFFF, though its UTF-16 form is below.
  EXPECT_EQ(Canonical(R"({"b":1,"a":2,"B":3,"":4,"\uffff":5,"\ud800\udc00":6,"ab":7})"),
            "{\"\":4,\"B\":3,\"a\":2,\"ab\":7,\"b\":1,\"\xef\xbf\xbf\":5,\"\xf0\x90\x80\x80\":6}");
}

TEST(CanonicalForm, SortsNamesAsTheyAreUnescaped) {
  EXPECT_EQ(Canonical(R"({"\u0062":1,"a":2})"), R"({"a":2,"b":1})");
}

TEST(CanonicalForm, EscapesOnlyTheQuotationMarkAndTheBackslash) {
  EXPECT_EQ(Canonical(R"("\"\\\/\b\f\n\r\t\u0001\u007f\u00e9\u2028")"),
            "\"\\\"\\\\/\b\f\n\r\t\x01\x7f\xc3\xa9\xe2\x80\xa8\"");
}

TEST(CanonicalForm, DoesNotNormaliseUnicode) {
  EXPECT_EQ(Canonical(R"("e\u0301")"), "\"e\xcc\x81\"");
}

TEST(CanonicalForm, KeepsIntegersOf64Bits) {
  EXPECT_EQ(Canonical("[0,-1,18446744073709551615,-9223372036854775808]"),
            "[0,-1,18446744073709551615,-9223372036854775808]");
}

TEST(CanonicalForm, WritesTheThreeLiterals) {
  EXPECT_EQ(Canonical("[true,false,null]"), "[true,false,null]");
}

TEST(CanonicalForm, HasNoFormForFloats) {
  for (const char* number : {"1.0", "1e3", "-0.0", "18446744073709551616", "0.1"}) {
    EXPECT_THAT(CanonicalForm(Parse(std::string("{\"a\":[") + number + "]}").value()),
                Fails(ErrorCode::kMalformed))
        << number;
  }
}

View SignedPart(const Document& document) {
  return *document.root().object()->Find("signed");
}

TEST(SignedBytes, AreThoseOfTheDocumentWhereTheyAreCanonical) {
  const Document document =
      Document::Parse(R"({"signatures":[],"signed":{"a":"x\"y","b":[1]}})").value();
  const SignedBytes bytes = SignedBytes::Of(SignedPart(document)).value();
  EXPECT_EQ(bytes.view(), R"({"a":"x\"y","b":[1]})");
  EXPECT_EQ(bytes.view().data(), document.text().data() + document.text().find("{\"a\""));
}

TEST(SignedBytes, AreMadeWhereTheDocumentWritesThemOtherwise) {
  for (const char* text :
       {R"({"signed":{"b":1,"a":2},"signatures":[]})", R"({"signed": {"a":2,"b":1}})",
        R"({"x":{"signed":{"a":2,"b":1,"c":3}},"signed":{ "a":2,"b":1}})",
        R"({"signed":{"\u0061":2,"b":1}})"}) {
    const Document document = Document::Parse(text).value();
    EXPECT_EQ(SignedBytes::Of(SignedPart(document)).value().view(), R"({"a":2,"b":1})") << text;
  }
}

TEST(SignedBytes, RefuseFloats) {
  const Document document = Document::Parse(R"({"signed":{"a":1.5}})").value();
  EXPECT_THAT(SignedBytes::Of(SignedPart(document)), Fails(ErrorCode::kMalformed));
}

}  // namespace
}  // namespace tough
