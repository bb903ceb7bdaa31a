// apiserver as systemd starts it, and under abuse; apiclient where there is nothing but it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "api/listener.h"
#include "api/unix_socket.h"
#include "tests/e2e/publisher.h"
#include "tests/support/matchers.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UPDOG_HAS_ADDRESS_SANITIZER
#endif
#endif
#ifdef UPDOG_HAS_ADDRESS_SANITIZER
constexpr bool kHasAddressSanitizer = true;
#else
constexpr bool kHasAddressSanitizer = false;
#endif

// No configuration, no disk: what does not need them is answered.
class ApiServerProcess : public testing::Test {
 protected:
  ProcessOptions Options() const {
    return {.program = Program("api/apiserver"),
            .arguments = {"--socket-path", socket(), "--config", dir_ / "none.toml", "--run-dir",
                          dir_ / "run", "--root", dir_.path()}};
  }
  std::string socket() const { return dir_ / "api.sock"; }
  ProcessResult Client(const std::string& uri, const std::string& method = "GET") const {
    return RunProcess({.program = Program("api/apiclient"),
                       .arguments = {"-s", socket(), "raw", "-u", uri, "-m", method}});
  }

  TempDir dir_;
};

// A program that hands its descriptor 3 over, as systemd does: only the shell knows its own pid,
// which is the server's after exec.
ProcessOptions Activated(const ProcessOptions& server, const std::string& count) {
  ProcessOptions options = server;
  options.program = "/bin/sh";
  options.arguments = {"-c", "export LISTEN_PID=$$ LISTEN_FDS=" + count + "; exec \"$0\" \"$@\"",
                       server.program};
  options.arguments.insert(options.arguments.end(), server.arguments.begin(),
                           server.arguments.end());
  return options;
}

// Descriptor 3 of this process and its children, while it lives.
class DescriptorThree {
 public:
  explicit DescriptorThree(int fd) : saved_(fcntl(3, F_DUPFD_CLOEXEC, 10)) {
    EXPECT_EQ(dup2(fd, 3), 3);
    // Where `fd` is 3 already, nothing was duplicated.
    EXPECT_EQ(fcntl(3, F_SETFD, 0), 0);
  }
  DescriptorThree(const DescriptorThree&) = delete;
  DescriptorThree& operator=(const DescriptorThree&) = delete;
  ~DescriptorThree() {
    if (saved_.get() >= 0) {
      (void)dup3(saved_.get(), 3, O_CLOEXEC);
    } else {
      (void)close(3);
    }
  }

 private:
  base::UniqueFd saved_;
};

TEST_F(ApiServerProcess, ServesOnTheSocketThatSystemdHolds) {
  const auto listener = api::MakeListener(socket(), std::nullopt);
  ASSERT_THAT(listener, IsOk());
  const auto inode = [&] {
    struct stat status{};
    EXPECT_EQ(stat(socket().c_str(), &status), 0);
    return status.st_ino;
  };
  const auto before = inode();
  const DescriptorThree three(listener->get());
  for (int start = 0; start < 2; ++start) {
    Process server(Activated(Options(), "1"));
    ASSERT_TRUE(server.WaitForErrors("serving"));
    EXPECT_EQ(Client("/os").exit_status, 0);
    server.Signal(SIGTERM);
    EXPECT_EQ(server.Wait().exit_status, 0);
    EXPECT_EQ(inode(), before);
  }
}

TEST_F(ApiServerProcess, RefusesWhatIsNoListeningSocket) {
  const base::UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const DescriptorThree three(null.get());
  const ProcessResult result = RunProcess(Activated(Options(), "1"));
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.errors, HasSubstr("the socket from systemd"));
  EXPECT_THAT(RunProcess(Activated(Options(), "2")).errors, HasSubstr("2 sockets instead of one"));
}

TEST_F(ApiServerProcess, TellsSystemdWhenItIsReadyAndWhenItStops) {
  const base::UniqueFd notified(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::string path = dir_ / "notify";
  const auto address = api::UnixSocketAddress(path);
  ASSERT_THAT(address, IsOk());
  ASSERT_EQ(bind(notified.get(), api::AsSockaddr(*address), sizeof *address), 0);
  ProcessOptions options = Options();
  options.environment = {{"NOTIFY_SOCKET", path}};
  const auto next = [&] {
    std::array<char, 100> text{};
    const ssize_t size = recv(notified.get(), text.data(), text.size(), 0);
    return std::string(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  };

  Process server(options);
  EXPECT_EQ(next(), "READY=1");
  EXPECT_EQ(Client("/os").exit_status, 0);
  server.Signal(SIGTERM);
  EXPECT_EQ(next(), "STOPPING=1");
  EXPECT_EQ(server.Wait().exit_status, 0);
}

TEST_F(ApiServerProcess, TakesThePlaceOfASocketThatAKilledServerLeft) {
  {
    Process killed(Options());
    ASSERT_TRUE(killed.WaitForErrors("serving"));
  }
  Process server(Options());
  ASSERT_TRUE(server.WaitForErrors("serving"));
  EXPECT_EQ(Client("/os").exit_status, 0);
}

TEST_F(ApiServerProcess, LeavesWhatIsNoSocketWhereItIs) {
  WriteAll(socket(), "precious");
  const ProcessResult result = RunProcess(Options());
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.errors, HasSubstr("api.sock: something is there, and it is no socket"));
  EXPECT_EQ(ReadAll(socket()), "precious");
}

TEST_F(ApiServerProcess, LeavesTheFilesOfAnotherServerAlone) {
  Process server(Options());
  ASSERT_TRUE(server.WaitForErrors("serving"));
  ProcessOptions second = Options();
  second.arguments[1] = dir_ / "second.sock";
  const ProcessResult result = RunProcess(second);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, HasSubstr("another apiserver uses " + dir_ / "run"));
  EXPECT_EQ(Client("/os").exit_status, 0);
}

TEST_F(ApiServerProcess, YieldsToTheUpdateThatItRuns) {
  const std::string updog = dir_ / "updog";
  const std::string policy = dir_ / "policy";
  WriteAll(updog, "#!/bin/sh\ncut -d' ' -f41 /proc/self/stat >" + policy + "\n");  // proc(5)
  ASSERT_EQ(chmod(updog.c_str(), 0755), 0);
  ProcessOptions options = Options();
  options.arguments.insert(options.arguments.end(), {"--updog", updog});
  Process server(options);
  ASSERT_TRUE(server.WaitForErrors("serving"));
  EXPECT_EQ(sched_getscheduler(server.pid()), SCHED_BATCH);

  EXPECT_EQ(Client("/actions/refresh-updates", "POST").exit_status, 0);

  ASSERT_TRUE(server.WaitForErrors("refresh: "));
  EXPECT_EQ(ReadAll(policy), std::to_string(SCHED_OTHER) + "\n");
}

TEST_F(ApiServerProcess, StopsInTimeThoughItsActionDoesNot) {
  const std::string updog = dir_ / "updog";
  WriteAll(updog, "#!/bin/sh\ntrap '' TERM\necho begun >&2\nexec sleep 100\n");
  ASSERT_EQ(chmod(updog.c_str(), 0755), 0);
  ProcessOptions options = Options();
  options.arguments.insert(options.arguments.end(), {"--updog", updog});
  {
    Process server(options);
    ASSERT_TRUE(server.WaitForErrors("serving"));
    EXPECT_EQ(Client("/actions/refresh-updates", "POST").exit_status, 0);
    ASSERT_TRUE(server.WaitForErrors("refresh: begun"));
    server.Signal(SIGTERM);
    ASSERT_TRUE(server.WaitForErrors("stopping"));
    EXPECT_EQ(server.Wait().exit_status, 0);  // after 10 s, and not 100
  }

  Process server(options);
  ASSERT_TRUE(server.WaitForErrors("serving"));
  EXPECT_THAT(Client("/updates/progress").output, HasSubstr("the API server ended while this ran"));
  EXPECT_EQ(Client("/actions/refresh-updates", "POST").exit_status, 0);
}

std::uint64_t PeakKibibytes(pid_t pid) {
  const std::string status = ReadAll("/proc/" + std::to_string(pid) + "/status");
  const std::size_t place = status.find("VmHWM:");
  return place == std::string::npos ? 0 : std::stoull(status.substr(place + 6));
}

TEST_F(ApiServerProcess, BoundsItsMemoryUnderAThousandGreedyConnections) {
  Process server(Options());
  ASSERT_TRUE(server.WaitForErrors("serving"));
  const std::uint64_t before = PeakKibibytes(server.pid());
  // Each as large as it may be, and never whole.
  const std::string greedy =
      "PATCH /settings HTTP/1.1\r\nHost: x\r\nX: " + std::string(12000, 'x') +
      "\r\nContent-Length: 65536\r\n\r\n" + std::string(65535, ' ');
  std::vector<base::UniqueFd> held;
  for (int i = 0; i < 1000; ++i) {
    auto fd = api::ConnectUnixSocket(socket());
    ASSERT_THAT(fd, IsOk());
    // Waits until the server takes it.
    (void)send(fd->get(), greedy.data(), greedy.size(), MSG_NOSIGNAL);
    held.push_back(*std::move(fd));
  }

  EXPECT_EQ(Client("/os").exit_status, 0);
  EXPECT_EQ(Client("/updates/progress").exit_status, 0);
  // AddressSanitizer keeps what was freed.
  const std::uint64_t limit = kHasAddressSanitizer ? 1U << 20 : 48U << 10;
  EXPECT_LT(PeakKibibytes(server.pid()) - before, limit);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait().exit_status, 0);
}

// What an operator's container holds: apiclient, mounted into it, and the socket.
TEST_F(ApiServerProcess, IsReachedByAClientInAnEmptyRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "chroot needs root";
  if (kHasAddressSanitizer) GTEST_SKIP() << "a build with sanitizers is not static";
  const std::string client = ReadAll(Program("api/apiclient"));
  Process server(Options());
  ASSERT_TRUE(server.WaitForErrors("serving"));
  const std::string root = dir_ / "container";
  std::filesystem::create_directories(root + "/bin");
  std::filesystem::create_directories(root + "/run");
  WriteAll(root + "/bin/apiclient", client);
  ASSERT_EQ(chmod((root + "/bin/apiclient").c_str(), 0755), 0);
  std::filesystem::create_hard_link(socket(), root + "/run/api.sock");

  const ProcessResult result =
      RunProcess({.program = "chroot", .arguments = {root, "/bin/apiclient", "get", "os"}});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output, StartsWith("{"));
  const ProcessResult refused =
      RunProcess({.program = "chroot",
                  .arguments = {root, "/bin/apiclient", "raw", "-u", "/actions/prepare-update",
                                "-m", "POST"}});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("Status 404 when POSTing /actions/prepare-update"));
}

}  // namespace
}  // namespace test
