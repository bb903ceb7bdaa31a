#include "tough/resumable_body.h"

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace tough {
namespace {

using base::ErrorCode;
using test::Fails;
using test::FailsSaying;
using test::IsOk;

const ResponseHead kWhole{.status = 200, .content_length = 10, .etag = "\"v1\""};

ResponseHead Rest(const std::string& content_range) {
  return {.status = 206, .content_range = content_range, .etag = "\"v1\""};
}

// A body of which "01234" came before the connection broke.
ResumableBody HalfDone(const ResponseHead& head = kWhole) {
  ResumableBody body(10);
  EXPECT_THAT(body.BeginResponse(head), IsOk());
  EXPECT_THAT(body.Accept(base::AsBytes("01234")), IsOk());
  return body;
}

std::string Text(const base::Result<base::ByteView>& piece) {
  return piece ? std::string(base::AsText(*piece)) : piece.error().message();
}

TEST(ResumableBody, PassesAWholeBodyOn) {
  ResumableBody body(10);
  EXPECT_FALSE(body.NextRange());
  ASSERT_THAT(body.BeginResponse(kWhole), IsOk());
  EXPECT_EQ(Text(body.Accept(base::AsBytes("0123456789"))), "0123456789");
  EXPECT_THAT(body.EndResponse(), IsOk());
}

TEST(ResumableBody, GoesOnWhereItStopped) {
  ResumableBody body = HalfDone();
  ASSERT_TRUE(body.NextRange());
  EXPECT_EQ(body.NextRange()->first, 5U);
  EXPECT_EQ(body.NextRange()->validator, "\"v1\"");
  ASSERT_THAT(body.BeginResponse(Rest("bytes 5-9/10")), IsOk());
  EXPECT_EQ(Text(body.Accept(base::AsBytes("56789"))), "56789");
  EXPECT_THAT(body.EndResponse(), IsOk());
}

TEST(ResumableBody, DropsWhatItHasWhenTheWholeComesAgain) {
  ResumableBody body = HalfDone();
  ASSERT_THAT(body.BeginResponse(kWhole), IsOk());
  EXPECT_EQ(Text(body.Accept(base::AsBytes("012"))), "");
  EXPECT_EQ(Text(body.Accept(base::AsBytes("3456"))), "56");
  EXPECT_EQ(Text(body.Accept(base::AsBytes("789"))), "789");
  EXPECT_THAT(body.EndResponse(), IsOk());
}

TEST(ResumableBody, SurvivesASecondCutInsideTheKnownPart) {
  ResumableBody body = HalfDone();
  ASSERT_THAT(body.BeginResponse(kWhole), IsOk());
  EXPECT_EQ(Text(body.Accept(base::AsBytes("01"))), "");
  EXPECT_THAT(body.EndResponse(), Fails(ErrorCode::kNetwork));
  ASSERT_THAT(body.BeginResponse(Rest("bytes 5-9/10")), IsOk());
  EXPECT_EQ(Text(body.Accept(base::AsBytes("56789"))), "56789");
  EXPECT_THAT(body.EndResponse(), IsOk());
}

TEST(ResumableBody, RefusesARangeThatNobodyAskedFor) {
  ResumableBody body(10);
  EXPECT_THAT(body.BeginResponse(Rest("bytes 0-9/10")), FailsSaying("206"));
}

TEST(ResumableBody, RefusesEveryRangeButTheRest) {
  for (const char* range :
       {"", "bytes 4-9/10", "bytes 6-9/10", "bytes 5-8/10", "bytes 5-9/11", "bytes 5-9/*",
        "bytes */10", "bytes 5-4/10", "bytes 5-10/10", "items 5-9/10", "bytes 5-9/10,",
        "bytes -5-9/10", "bytes 5-9/99999999999999999999"}) {
    EXPECT_THAT(HalfDone().BeginResponse(Rest(range)), Fails(ErrorCode::kNetwork)) << range;
  }
}

TEST(ResumableBody, RefusesARestOfAnotherLengthOrVersion) {
  ResponseHead head = Rest("bytes 5-9/10");
  head.content_length = 6;
  EXPECT_THAT(HalfDone().BeginResponse(head), FailsSaying("Content-Length 6"));
  head = Rest("bytes 5-9/10");
  head.etag = "\"v2\"";
  EXPECT_THAT(HalfDone().BeginResponse(head), FailsSaying("changed"));
}

TEST(ResumableBody, RefusesAWholeThatIsNotTheSame) {
  EXPECT_THAT(HalfDone().BeginResponse({.status = 200, .content_length = 10, .etag = "\"v2\""}),
              FailsSaying("changed"));
  EXPECT_THAT(HalfDone().BeginResponse({.status = 200, .content_length = 9, .etag = "\"v1\""}),
              FailsSaying("changed"));
  EXPECT_THAT(HalfDone({.status = 200}).BeginResponse({.status = 200, .content_length = 4}),
              FailsSaying("changed"));
}

TEST(ResumableBody, BelievesNoWeakValidator) {
  ResumableBody body = HalfDone({.status = 200, .content_length = 10, .etag = "W/\"v1\""});
  EXPECT_FALSE(body.NextRange());
  EXPECT_THAT(body.BeginResponse(Rest("bytes 5-9/10")), Fails(ErrorCode::kNetwork));
}

TEST(ResumableBody, AsksWithADateWhereThereIsNoTag) {
  const ResumableBody body =
      HalfDone({.status = 200, .content_length = 10, .last_modified = "Sun, 01 Nov 2026"});
  ASSERT_TRUE(body.NextRange());
  EXPECT_EQ(body.NextRange()->validator, "Sun, 01 Nov 2026");
}

TEST(ResumableBody, StopsAtTheCap) {
  ResumableBody announced(9);
  EXPECT_THAT(announced.BeginResponse(kWhole), Fails(ErrorCode::kTooLarge));
  ResumableBody endless(9);
  ASSERT_THAT(endless.BeginResponse({.status = 200}), IsOk());
  EXPECT_THAT(endless.Accept(base::AsBytes("012345678")), IsOk());
  EXPECT_THAT(endless.Accept(base::AsBytes("9")), Fails(ErrorCode::kTooLarge));
}

TEST(ResumableBody, StopsWhereMoreComesThanWasAnnounced) {
  ResumableBody body = HalfDone();
  EXPECT_THAT(body.Accept(base::AsBytes("567890")), Fails(ErrorCode::kNetwork));
}

TEST(ResumableBody, IsNotCompleteWhenShort) {
  EXPECT_THAT(HalfDone().EndResponse(), FailsSaying("5 of 10"));
}

}  // namespace
}  // namespace tough
