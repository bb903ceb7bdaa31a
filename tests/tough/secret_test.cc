#include "tough/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/support/matchers.h"

namespace tough {
namespace {

using test::Fails;
using test::IsOk;
using testing::HasSubstr;

Secret SecretOf(std::string_view text) {
  Secret secret = Secret::Create().value();
  for (const char c : text) EXPECT_THAT(secret.Append(c), IsOk());
  return secret;
}

// What the kernel says of the mapping at `address`: "rd wr … lo … dd".
std::string FlagsAt(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    const std::size_t dash = line.find('-');
    const bool begins_mapping = dash <= 16 && dash < line.find(' ');
    if (begins_mapping) {
      const auto at = reinterpret_cast<std::uintptr_t>(address);
      inside = std::stoull(line.substr(0, dash), nullptr, 16) <= at &&
               at < std::stoull(line.substr(dash + 1), nullptr, 16);
    }
    if (inside && line.starts_with("VmFlags:")) return line;
  }
  return "";
}

TEST(Secret, LiesInPagesThatAreLeftOutOfCoreDumps) {
  const Secret secret = SecretOf("correct horse");
  EXPECT_THAT(FlagsAt(secret.view().data()), HasSubstr(" dd"));
}

TEST(Secret, IsWipedWhenItIsCleared) {
  Secret secret = SecretOf("correct horse");
  const char* const bytes = secret.view().data();
  secret.Clear();
  EXPECT_TRUE(secret.empty());
  EXPECT_EQ(std::string(bytes, 13), std::string(13, '\0'));
}

TEST(Secret, LeavesNoPagesBehind) {
  const void* address = nullptr;
  {
    const Secret secret = SecretOf("correct horse");
    address = secret.view().data();
  }
  EXPECT_EQ(FlagsAt(address), "");
}

TEST(Secret, IsNotCopiedWhenItIsMoved) {
  Secret secret = SecretOf("correct horse");
  const char* const bytes = secret.view().data();
  const Secret moved = std::move(secret);
  EXPECT_EQ(moved.view(), "correct horse");
  EXPECT_EQ(moved.view().data(), bytes);
}

TEST(Secret, RefusesMoreThanItsPages) {
  Secret secret = SecretOf(std::string(Secret::kMaxBytes, 'x'));
  EXPECT_THAT(secret.Append('x'), Fails(base::ErrorCode::kTooLarge));
}

TEST(ReadSecret, LeavesTheNextLineToOthers) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "first\nsecond\n", 13), 13);
  EXPECT_EQ(ReadSecret(ends[0], "pipe")->view(), "first");
  EXPECT_EQ(ReadSecret(ends[0], "pipe")->view(), "second");
  close(ends[0]);
  close(ends[1]);
}

TEST(KeepOutOfCoreDumps, LeavesNoDumpOfTheWholeProcess) {
  // In a process of its own: there is no way back.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool kept = KeepOutOfCoreDumps().has_value();
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    _exit(kept && limit.rlim_cur == 0 && limit.rlim_max == 0 &&
                  prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
              ? EXIT_SUCCESS
              : EXIT_FAILURE);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

}  // namespace
}  // namespace tough
