// docs/openapi.yaml is true: every route, status and body of the server is held against it.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.h"
#include "api/unix_socket.h"
#include "api/updates.h"
#include "tests/api/api_world.h"

namespace test {
namespace {

api::WallTime Now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

// The server without its socket, and a second one behind it, for what is no request to its routes:
// everything that they answer is written down.
class OpenApi : public ApiWorld {
 protected:
  OpenApi() {
    auto updates = api::Updates::Open({.run_directory = run_directory(),
                                       .updog = Program("updog/updog"),
                                       .config = settings().config,
                                       .machine = "x86_64"},
                                      Now());
    EXPECT_THAT(updates, IsOk());
    updates_ = *std::move(updates);
    routes_ = std::make_unique<api::Routes>(api::RoutesOptions{.settings = settings(),
                                                               .config = settings().config,
                                                               .machine = "x86_64",
                                                               .reboot = {},
                                                               .now = Now},
                                            *updates_);
  }
  std::string run_directory() const { return dir_ / "run-of-the-test"; }

  // "GET /settings?tx=x": the answer's status.
  unsigned Ask(const std::string& method, const std::string& uri, const std::string& body = "") {
    api::Request request{.method = method, .path = uri, .query = {}, .body = body, .peer = {}};
    const std::size_t question = uri.find('?');
    if (question != std::string::npos) {
      request.path = uri.substr(0, question);
      const std::string query = uri.substr(question + 1);
      const std::size_t equals = query.find('=');
      request.query[query.substr(0, equals)] = query.substr(equals + 1);
    }
    const api::Response response = routes_->Answer(request);
    WriteDown(request, response);
    return response.status;
  }
  // The same of the whole server, in the words of HTTP: "GET /os HTTP/1.1", and fields.
  unsigned Send(const std::string& line, const std::string& fields = "");
  void WriteDown(const api::Request& request, const api::Response& response) {
    base::json::Object line;
    line.Set("method", request.method);
    line.Set("path", request.path);
    line.Set("status", base::json::Value::Unsigned(response.status));
    line.Set("content_type", response.content_type);
    line.Set("body", response.body);
    exchanges_ += base::json::Serialize(line, base::json::Style::kCompact) + "\n";
  }
  void FinishAction() {
    while (updates_->running()) {
      std::vector<pollfd> fds;
      updates_->AddPollFds(fds);
      (void)poll(fds.data(), fds.size(), -1);
      updates_->Run(Now());
    }
  }
  unsigned Do(const std::string& action) {
    const unsigned status = Ask("POST", "/actions/" + action);
    FinishAction();
    return status;
  }

  // An action that cannot begin: a directory is where its lock should be.
  unsigned DoInVain(const std::string& action) {
    std::filesystem::remove(run_directory() + "/lock");
    std::filesystem::create_directory(run_directory() + "/lock");
    const unsigned status = Do(action);
    std::filesystem::remove(run_directory() + "/lock");
    return status;
  }

  void AskInEveryState();
  void AskWhileAnActionRuns();
  void AskForSettings();
  void AskForWhatIsNotThere();
  void BreakTheLimits();
  void AskABrokenHost();

  std::unique_ptr<api::Updates> updates_;
  std::unique_ptr<api::Routes> routes_;
  std::string exchanges_;
};

const std::vector<std::string> kActions = {"refresh-updates", "prepare-update", "activate-update",
                                           "deactivate-update"};

void OpenApi::AskInEveryState() {
  EXPECT_EQ(Ask("GET", "/updates/status"), 404U);
  EXPECT_EQ(Ask("GET", "/updates/progress"), 200U);
  for (const char* action : {"prepare-update", "activate-update", "deactivate-update"}) {
    EXPECT_EQ(Do(action), 404U);
  }
  EXPECT_EQ(DoInVain("refresh-updates"), 500U);
  EXPECT_EQ(Do("refresh-updates"), 204U);
  EXPECT_EQ(Ask("GET", "/updates/status"), 200U);
  EXPECT_EQ(Do("activate-update"), 409U);
  EXPECT_EQ(Do("deactivate-update"), 409U);
  EXPECT_EQ(DoInVain("prepare-update"), 500U);
  EXPECT_EQ(Do("prepare-update"), 204U);
  EXPECT_EQ(Ask("GET", "/updates/status"), 200U);
  EXPECT_EQ(DoInVain("activate-update"), 500U);
  EXPECT_EQ(Do("activate-update"), 204U);
  EXPECT_EQ(Do("prepare-update"), 409U);
  EXPECT_EQ(Ask("GET", "/updates/status"), 200U);
  EXPECT_EQ(Ask("GET", "/updates/history"), 200U);
  EXPECT_EQ(DoInVain("deactivate-update"), 500U);
  EXPECT_EQ(Do("deactivate-update"), 204U);
  EXPECT_EQ(Ask("GET", "/updates/progress"), 200U);
}

void OpenApi::AskWhileAnActionRuns() {
  EXPECT_EQ(Ask("POST", "/actions/refresh-updates"), 204U);
  EXPECT_EQ(Ask("GET", "/updates/status"), 423U);
  EXPECT_EQ(Ask("GET", "/updates/progress"), 200U);
  for (const std::string& action : kActions) EXPECT_EQ(Ask("POST", "/actions/" + action), 423U);
  FinishAction();
}

void OpenApi::AskForSettings() {
  EXPECT_EQ(Ask("GET", "/settings"), 200U);
  EXPECT_EQ(Ask("GET", "/settings?prefix=updates."), 200U);
  EXPECT_EQ(Ask("PATCH", "/settings", R"({"updates":{"seed":5}})"), 204U);
  EXPECT_EQ(Ask("PATCH", "/settings", R"({"updates":{"seed":5000}})"), 400U);
  EXPECT_EQ(Ask("PATCH", "/settings", "{"), 400U);
  EXPECT_EQ(Ask("PATCH", "/settings/keypair?tx=x", R"(["updates.seed=6"])"), 204U);
  EXPECT_EQ(Ask("PATCH", "/settings/keypair", R"(["updates.sed=6"])"), 400U);
  EXPECT_EQ(Ask("POST", "/tx/commit_and_apply"), 200U);
  EXPECT_EQ(Ask("POST", "/tx/commit_and_apply"), 422U);
  EXPECT_EQ(Ask("POST", "/tx/commit_and_apply?tx=../x"), 400U);
  EXPECT_EQ(Ask("GET", "/"), 200U);
  EXPECT_EQ(Ask("GET", "/?prefix=settings.updates"), 200U);
  EXPECT_EQ(Ask("GET", "/?prefix=os"), 200U);
  EXPECT_EQ(Ask("GET", "/?prefix=nothing"), 400U);
  EXPECT_EQ(Ask("GET", "/os"), 200U);
}

void OpenApi::AskForWhatIsNotThere() {
  EXPECT_EQ(Ask("GET", "/updates"), 404U);
  EXPECT_EQ(Ask("DELETE", "/settings"), 405U);
}

unsigned OpenApi::Send(const std::string& line, const std::string& fields) {
  const auto fd = api::ConnectUnixSocket(socket());
  EXPECT_THAT(fd, IsOk());
  const std::string text = line + "\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n";
  // The server need not read all of it to refuse it.
  (void)send(fd->get(), text.data(), text.size(), MSG_NOSIGNAL);
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 1; size > 0;) {
    size = recv(fd->get(), buffer.data(), buffer.size(), 0);
    answer.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  const std::size_t end = answer.find("\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 ") && end != std::string::npos) << answer;
  if (end == std::string::npos) return 0;
  constexpr std::string_view kType = "\r\nContent-Type: ";
  const std::size_t type = answer.find(kType);
  std::string content_type;
  if (type != std::string::npos) content_type = answer.substr(type + kType.size());
  content_type.resize(std::min(content_type.size(), content_type.find('\r')));
  std::istringstream words(line);
  api::Request request;
  words >> request.method >> request.path;
  api::Response response;
  response.status = static_cast<unsigned>(std::stoul(answer.substr(9)));
  response.body = answer.substr(end + 4);
  response.content_type = content_type;
  WriteDown(request, response);
  return response.status;
}

void OpenApi::BreakTheLimits() {
  StartServer();
  std::string many;
  for (int i = 0; i < 70; ++i) many += "X: y\r\n";
  EXPECT_EQ(Send("PATCH /settings HTTP/1.1", "Transfer-Encoding: chunked\r\n"), 411U);
  EXPECT_EQ(Send("PATCH /settings HTTP/1.1", "Content-Length: 65537\r\n"), 413U);
  EXPECT_EQ(Send("GET /os HTTP/1.1", "X: " + std::string(17'000, 'x') + "\r\n"), 431U);
  EXPECT_EQ(Send("GET /os HTTP/1.1", many), 431U);
  // The library's own.
  EXPECT_EQ(Send("GET /os HTTP/1.1", "X: " + std::string(60'000, 'x') + "\r\n"), 431U);
  EXPECT_EQ(Send("GET /" + std::string(60'000, 'x') + " HTTP/1.1"), 414U);
  EXPECT_EQ(Send("GET /os HTTP/2.0"), 505U);
  EXPECT_EQ(Send("GET /os HTTP/1.1", "no colon\r\n"), 400U);
}

void OpenApi::AskABrokenHost() {
  // What the configuration is about is a disk image; then nothing is said of a disk.
  EXPECT_EQ(Ask("POST", "/actions/reboot"), 500U);
  test::WriteAll(settings().config, "");
  EXPECT_EQ(Ask("POST", "/actions/reboot"), 204U);

  std::filesystem::remove_all(settings().datastore);
  EXPECT_EQ(Ask("GET", "/settings"), 500U);
  EXPECT_EQ(Ask("PATCH", "/settings", "{}"), 500U);
  EXPECT_EQ(Ask("PATCH", "/settings/keypair", "[]"), 500U);
  EXPECT_EQ(Ask("POST", "/tx/commit_and_apply"), 500U);
  EXPECT_EQ(Ask("GET", "/?prefix=settings"), 500U);

  host_.SetConfig("os_release", "\"/nowhere\"");
  test::WriteAll(settings().config, test::ReadAll(host_.config_path()));
  EXPECT_EQ(Ask("GET", "/os"), 500U);
  test::WriteAll(settings().config, "not = [ TOML");
  EXPECT_EQ(Ask("GET", "/updates/history"), 500U);
}

TEST_F(OpenApi, DescribesEveryRouteStatusAndBody) {
  AskInEveryState();
  AskWhileAnActionRuns();
  AskForSettings();
  AskForWhatIsNotThere();
  BreakTheLimits();
  AskABrokenHost();
  std::string routes;
  for (const std::string& route : api::Routes::List()) routes += route + "\n";
  test::WriteAll(dir_ / "exchanges", exchanges_);
  test::WriteAll(dir_ / "routes", routes);

  const ProcessResult checked = RunProcess(
      {.program = "/usr/bin/python3",  // which has Debian's modules, whatever else is in PATH
       .arguments = {SourcePath("tests/api/check_openapi.py"), SourcePath("docs/openapi.yaml"),
                     dir_ / "exchanges", dir_ / "routes"}});

  EXPECT_EQ(checked.exit_status, 0) << checked.output << checked.errors;
}

TEST_F(OpenApi, TellsTheMethodsOfARoute) {
  EXPECT_EQ(
      routes_
          ->Answer({.method = "DELETE", .path = "/settings", .query = {}, .body = {}, .peer = {}})
          .allow,
      "GET, PATCH");
}

}  // namespace
}  // namespace test
