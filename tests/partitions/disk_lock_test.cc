#include "partitions/disk_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <utility>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace partitions {
namespace {

using base::ErrorCode;
using base::UniqueFd;
using std::chrono::milliseconds;
using ::test::Fails;
using ::test::FailsSaying;
using ::test::IsOk;

constexpr milliseconds kAtOnce{0};

class DiskLock : public ::testing::Test {
 protected:
  DiskLock() { std::ofstream(path()) << "disk"; }

  std::string path() const { return directory_ / "disk"; }
  UniqueFd Open() const { return UniqueFd(open(path().c_str(), O_RDWR | O_CLOEXEC)); }

 private:
  test::TempDir directory_;
};

TEST_F(DiskLock, OfTheTableExcludesOtherOpensOfTheSameProcess) {
  const UniqueFd first = Open();
  const UniqueFd second = Open();
  EXPECT_THAT(LockTable(first.get(), Sharing::kExclusive, path(), kAtOnce), IsOk());
  EXPECT_THAT(LockTable(second.get(), Sharing::kExclusive, path(), kAtOnce),
              Fails(ErrorCode::kBusy));
  EXPECT_THAT(LockTable(second.get(), Sharing::kShared, path(), kAtOnce),
              FailsSaying("another program holds the lock on the partition table"));
}

TEST_F(DiskLock, OfTheTableIsSharedByReaders) {
  const UniqueFd first = Open();
  const UniqueFd second = Open();
  EXPECT_THAT(LockTable(first.get(), Sharing::kShared, path(), kAtOnce), IsOk());
  EXPECT_THAT(LockTable(second.get(), Sharing::kShared, path(), kAtOnce), IsOk());
}

TEST_F(DiskLock, OfTheTableIsTheOneOfSystemdsProtocol) {
  const UniqueFd other_program = Open();
  ASSERT_EQ(flock(other_program.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_THAT(LockTable(Open().get(), Sharing::kShared, path(), kAtOnce), Fails(ErrorCode::kBusy));
}

TEST_F(DiskLock, OfTheTableIsWaitedFor) {
  UniqueFd first = Open();
  const UniqueFd second = Open();
  ASSERT_THAT(LockTable(first.get(), Sharing::kExclusive, path(), kAtOnce), IsOk());
  auto waiting = std::async(std::launch::async, [&] {
    return LockTable(second.get(), Sharing::kExclusive, path(), std::chrono::minutes(1));
  });
  EXPECT_EQ(waiting.wait_for(milliseconds(50)), std::future_status::timeout);
  first = UniqueFd();
  EXPECT_THAT(waiting.get(), IsOk());
}

TEST_F(DiskLock, OfAnUpdateIsRefusedAtOnceAndEndsWithItsOwner) {
  auto first = LockUpdate(path());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(LockUpdate(path()), Fails(ErrorCode::kBusy));
  EXPECT_THAT(LockUpdate(path()), FailsSaying("another update is running on " + path()));
  *first = UniqueFd();
  EXPECT_THAT(LockUpdate(path()), IsOk());
}

TEST_F(DiskLock, OfAnUpdateDoesNotHoldUpATransaction) {
  const auto update = LockUpdate(path());
  ASSERT_THAT(update, IsOk());
  EXPECT_THAT(LockTable(Open().get(), Sharing::kExclusive, path(), kAtOnce), IsOk());
}

// A process that looks at the disk and closes it again must not drop its own lock, as it would with
// the older kind of fcntl locks.
TEST_F(DiskLock, OfAnUpdateOutlivesOtherOpensOfTheDisk) {
  const auto update = LockUpdate(path());
  ASSERT_THAT(update, IsOk());
  {
    const UniqueFd passing = Open();
  }
  EXPECT_THAT(LockUpdate(path()), Fails(ErrorCode::kBusy));
}

TEST_F(DiskLock, OfAnUpdateNeedsTheDisk) {
  EXPECT_THAT(LockUpdate(path() + "-missing"), Fails(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace partitions
