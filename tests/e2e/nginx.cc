#include "tests/e2e/nginx.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <utility>

#include "tests/e2e/publisher.h"

namespace test {
namespace {

struct Listener {
  base::UniqueFd socket;
  std::uint16_t port = 0;
};

// On a port that the kernel chose. Not closed on exec: nginx inherits it.
Listener Listen() {
  Listener listener{.socket = base::UniqueFd(socket(AF_INET, SOCK_STREAM, 0))};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  EXPECT_EQ(bind(listener.socket.get(), generic, length), 0);
  EXPECT_EQ(listen(listener.socket.get(), SOMAXCONN), 0);
  EXPECT_EQ(getsockname(listener.socket.get(), generic, &length), 0);
  listener.port = ntohs(address.sin_port);
  return listener;
}

// A test's end ends its server; a VM's test takes longer than a process is given by default.
constexpr std::chrono::seconds kLifetime{600};

}  // namespace

// nginx takes the socket over as it does from itself when it is upgraded (the variable NGINX): the
// port is never free for somebody else to take.
Nginx::Nginx(const std::string& dir, const std::string& root, const std::string& directives)
    : dir_(dir) {
  std::filesystem::create_directories(dir_);
  Listener listener = Listen();
  socket_ = std::move(listener.socket);
  port_ = listener.port;
  WriteAll(dir_ + "/nginx.conf",
           "daemon off;\n"
           "error_log stderr notice;\n"
           "pid " +
               dir_ +
               "/nginx.pid;\n"
               "events {}\n"
               "http {\n"
               // The end of the chain of roots; and nobody empties the pipe of its messages.
               "  log_not_found off;\n"
               "  log_format lines '$request_method $request_uri $status';\n"
               "  access_log " +
               dir_ +
               "/access.log lines;\n"
               "  client_body_temp_path " +
               dir_ +
               "/body;\n"
               "  proxy_temp_path " +
               dir_ +
               "/proxy;\n"
               "  fastcgi_temp_path " +
               dir_ +
               "/fastcgi;\n"
               "  uwsgi_temp_path " +
               dir_ +
               "/uwsgi;\n"
               "  scgi_temp_path " +
               dir_ +
               "/scgi;\n"
               "  server { listen 127.0.0.1:" +
               std::to_string(port_) + "; root " + root + "; " + directives +
               " }\n"
               "}\n");
  // As root nginx gives its workers to another user, who may not see the test's directory.
  const std::string user = geteuid() == 0 ? "user root;" : "";
  process_ = std::make_unique<Process>(
      ProcessOptions{.program = "/usr/sbin/nginx",
                     .arguments = {"-c", dir_ + "/nginx.conf", "-g", user},
                     .environment = {{"NGINX", std::to_string(socket_.get()) + ";"}},
                     .timeout = kLifetime});
  EXPECT_TRUE(process_->WaitForErrors("start worker process")) << process_->Wait().errors;
}

// Killed, it would leave its worker behind, and that its port.
Nginx::~Nginx() {
  process_->Signal(SIGTERM);
  (void)process_->Wait();
}

void Nginx::KillWorker() const {
  const std::string master = std::to_string(process_->pid());
  const std::string children = ReadAll("/proc/" + master + "/task/" + master + "/children");
  const pid_t worker = std::stoi(children);
  EXPECT_EQ(kill(worker, SIGKILL), 0);
}

std::string Nginx::AccessLog() const {
  return ReadAll(dir_ + "/access.log");
}

}  // namespace test
