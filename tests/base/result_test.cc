#include "base/result.h"

#include <cerrno>
#include <memory>
#include <string>

#include "tests/support/matchers.h"

namespace base {
namespace {

using test::Fails;
using test::FailsSaying;
using test::IsOkAnd;

Result<int> Half(int number) {
  if (number % 2 != 0) return Fail(ErrorCode::kMalformed, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  return TRY(Half(TRY(Half(number))));
}

Result<> CheckHalf(int number, int& evaluations) {
  TRY_CONTEXT(Half(number), (++evaluations, std::string("checking")));
  return {};
}

Result<std::unique_ptr<int>> MoveOnly() {
  std::unique_ptr<int> pointer =
      TRY([]() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); }());
  return pointer;
}

TEST(Try, GivesTheValueOrReturnsTheError) {
  EXPECT_THAT(Quarter(8), IsOkAnd(2));
  EXPECT_THAT(Quarter(6), Fails(ErrorCode::kMalformed));
  EXPECT_EQ(**MoveOnly(), 7);
}

TEST(Try, AddsContextOnlyWhenItFails) {
  int evaluations = 0;
  EXPECT_THAT(CheckHalf(2, evaluations), test::IsOk());
  EXPECT_EQ(evaluations, 0);
  EXPECT_THAT(CheckHalf(3, evaluations), FailsSaying("checking: odd"));
  EXPECT_EQ(evaluations, 1);
}

TEST(Error, ContextKeepsTheCode) {
  const Error error = Error(ErrorCode::kExpired, "b").WithContext("a");
  EXPECT_EQ(error.code(), ErrorCode::kExpired);
  EXPECT_EQ(error.message(), "a: b");
}

TEST(Error, FromErrnoHasTheKindThatCallersBranchOn) {
  EXPECT_THAT(Result<>(FailErrno(ENOENT, "x")), Fails(ErrorCode::kNotFound));
  EXPECT_THAT(Result<>(FailErrno(EBUSY, "x")), Fails(ErrorCode::kBusy));
  EXPECT_THAT(Result<>(FailErrno(EROFS, "x")), Fails(ErrorCode::kPermission));
  EXPECT_THAT(Result<>(FailErrno(ENOSPC, "x")), Fails(ErrorCode::kNoSpace));
  EXPECT_THAT(Result<>(FailErrno(ENOSPC, "disk.img")),
              FailsSaying("disk.img: No space left on device"));
}

}  // namespace
}  // namespace base
