// Many processes on one cache, while the repository goes on (A12).

#include <csignal>
#include <list>
#include <map>

#include "tests/tough/tuf_client_fixture.h"

namespace tough {
namespace {

using test::Process;
using test::ProcessResult;

class SharedCache : public TufClient {
 protected:
  // As TufClient::PublishTarget(), with the bytes remembered by role and version.
  void PublishNext() {
    PublishTarget("target", std::to_string(repository_.Version(Role::kTimestamp)));
    for (const Role role : {Role::kTimestamp, Role::kSnapshot, Role::kTargets})
      published_[role][repository_.Latest(role)] = repository_.Version(role);
  }
  // The version of this role that the cache has; 0 if none. Whole files only, ever.
  std::uint64_t CachedVersion(Role role) const {
    const std::string bytes = Metadata(std::string(RoleName(role)) + ".json");
    if (bytes.empty()) return 0;
    const auto found = published_.at(role).find(bytes);
    EXPECT_NE(found, published_.at(role).end()) << RoleName(role) << " is none of those published";
    return found == published_.at(role).end() ? 0 : found->second;
  }
  // What may be said at any moment, whatever processes are at work.
  void ExpectNothingWentBack() {
    // Children first: what lists them is stored before them.
    std::uint64_t below = 0;
    for (const Role role : {Role::kTargets, Role::kSnapshot, Role::kTimestamp}) {
      const std::uint64_t version = CachedVersion(role);
      EXPECT_GE(version, seen_[role]) << RoleName(role);
      EXPECT_GE(version, below) << RoleName(role);
      seen_[role] = version;
      below = version;
    }
  }
  // It has done its work, or has left the cache to another, or was killed by us.
  void ExpectEnd(const ProcessResult& result) {
    if (result.exit_status == 0) ++succeeded_;
    if (result.exit_status == 0 || result.signal == SIGKILL) return;
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.errors, testing::HasSubstr("another process is using " + metadata_dir_));
  }

  std::map<Role, std::map<std::string, std::uint64_t>> published_;
  std::map<Role, std::uint64_t> seen_;
  int succeeded_ = 0;
};

TEST_F(SharedCache, GoesForwardOnlyWhateverItsProcessesDo) {
  constexpr int kVersions = 20;
  constexpr std::size_t kProcessesForEach = 5;
  ASSERT_EQ(Init().exit_status, 0);
  std::list<Process> running;
  const auto wait_for_first = [&] {
    ExpectEnd(running.front().Wait());
    running.pop_front();
    ExpectNothingWentBack();
  };
  for (int i = 0; i < kVersions; ++i) {
    PublishNext();
    for (std::size_t j = 0; j < kProcessesForEach; ++j)
      running.emplace_back(Command(RefreshWords()));
    // One of them anywhere in its work.
    running.front().Signal(SIGKILL);
    while (running.size() > 4 * kProcessesForEach) wait_for_first();
  }
  while (!running.empty()) wait_for_first();
  EXPECT_GT(succeeded_, 0);

  ASSERT_EQ(Refresh().exit_status, 0);
  ExpectNothingWentBack();
  for (const Role role : {Role::kTimestamp, Role::kSnapshot, Role::kTargets})
    EXPECT_EQ(seen_[role], repository_.Version(role)) << RoleName(role);
  for (const std::string& file : FilesBelow(metadata_dir_)) EXPECT_FALSE(file.ends_with(".tmp"));
}

}  // namespace
}  // namespace tough
