// A publisher, a host that is to have its release, and the host's API server, all real programs.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/settings_start.h"
#include "base/json.h"
#include "tests/e2e/world.h"
#include "tests/support/matchers.h"
#include "tests/support/paths.h"

namespace test {

// A handler's answer that comes only when the test says so.
class Gate {
 public:
  // Answers as `then` does, once Open() was called.
  Handler Before(Handler then) const {
    return [path = path_, then = std::move(then)](const RecordedRequest& request,
                                                  Connection& connection) {
      while (!std::filesystem::exists(path)) connection.Wait(std::chrono::milliseconds(5));
      then(request, connection);
    };
  }
  // Sends `body` in small pieces, and all that is left of it once Open() was called.
  Handler Slowing(std::string body) const {
    return [path = path_, body = std::move(body)](const RecordedRequest&, Connection& connection) {
      constexpr std::size_t kPiece = 1000;
      std::string_view rest = body;
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(rest.size()) +
                      "\r\n\r\n");
      while (!std::filesystem::exists(path)) {
        const std::size_t size = rest.size() > kPiece ? kPiece : 0;
        connection.Send(rest.substr(0, size));
        rest.remove_prefix(size);
        connection.Wait(std::chrono::milliseconds(10));
      }
      connection.Send(rest);
    };
  }
  void Open() const { test::WriteAll(path_, ""); }

 private:
  TempDir dir_;
  std::string path_ = dir_ / "open";
};

class ApiWorld : public WorldTest {
 protected:
  ApiWorld() : host_(MakeHost()) {
    const api::SettingsPaths paths = settings();
    for (const std::string& path : {paths.config, paths.os_release, paths.base_config}) {
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    }
    std::filesystem::copy_file(host_.config_path(), paths.base_config);
    test::WriteAll(paths.os_release, "VARIANT_ID=demo\nVERSION_ID=1.0.0\n");
    EXPECT_THAT(api::StartSettings(paths, 17), IsOk());
  }

  api::SettingsPaths settings() const { return api::SettingsPaths::Under(dir_ / "root"); }
  std::string socket() const { return dir_ / "api.sock"; }

  ProcessOptions ServerOptions() const {
    return {
        .program = Program("api/apiserver"),
        .arguments = {"--socket-path", socket(), "--config", settings().config, "--updog",
                      Program("updog/updog"), "--run-dir", dir_ / "run", "--root", dir_ / "root"},
        .timeout = std::chrono::seconds(100)};
  }
  // Starts it, and returns when it answers.
  void StartServer() {
    server_process_ = std::make_unique<Process>(ServerOptions());
    ASSERT_TRUE(server_process_->WaitForErrors("serving"));
  }
  void KillServer() {
    server_process_->Signal(SIGKILL);
    (void)server_process_->Wait();
  }

  ProcessOptions ClientOptions(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--socket-path", socket()});
    return {.program = Program("api/apiclient"), .arguments = std::move(arguments)};
  }
  ProcessResult Client(std::vector<std::string> arguments) const {
    return RunProcess(ClientOptions(std::move(arguments)));
  }
  ProcessResult Get(const std::string& uri) const { return Client({"raw", "-u", uri}); }
  ProcessResult Post(const std::string& uri) const {
    return Client({"raw", "-u", uri, "-m", "POST"});
  }
  // The status document; waits for the end of the action that runs.
  base::json::Object Status() const {
    ProcessResult result = Get("/updates/status");
    while (result.errors.find("Status 423") != std::string::npos) result = Get("/updates/status");
    return Parse(result.output);
  }
  std::string State() const { return *base::json::RequireString(Status(), "update_state").value(); }

  static base::json::Object Parse(const std::string& text) {
    const auto value = base::json::Parse(text);
    EXPECT_THAT(value, IsOk()) << text;
    return value && value->object() != nullptr ? *value->object() : base::json::Object();
  }
  // "most_recent_command.cmd_status" of a document.
  static std::string TextAt(const base::json::Object& document, const std::string& path) {
    const std::size_t dot = path.find('.');
    const base::json::Value* value = document.Find(path.substr(0, dot));
    if (value == nullptr) return "(absent)";
    if (dot != std::string::npos && value->object() != nullptr) {
      return TextAt(*value->object(), path.substr(dot + 1));
    }
    if (value->string() != nullptr) return *value->string();
    return base::json::Serialize(*value, base::json::Style::kCompact);
  }

  // Holds the root image back until the gate opens.
  void HoldImage(const Gate& gate) {
    const std::string path = publisher_.PathOf("root.img.zst");
    server_.On("/" + path, gate.Before(ServeFile(publisher_.Files().at(path))));
  }

  // The repository has no update any more.
  void Withdraw() {
    publisher_.Updata("remove-update",
                      {"--variant", "demo", "--arch", "x86_64", "--version", "1.1.0"});
    PublishAndServe();
  }

  // Has the root image come slowly until the gate opens.
  void SlowDownImage(const Gate& gate) {
    const std::string path = publisher_.PathOf("root.img.zst");
    server_.On("/" + path, gate.Slowing(publisher_.Files().at(path)));
  }

  // How often the publisher's server was asked for a file of such a name.
  std::size_t Downloads(const std::string& name) const {
    const std::vector<std::string> targets = server_.Targets();
    return static_cast<std::size_t>(std::ranges::count_if(targets, [&](const std::string& target) {
      return target.find(name) != std::string::npos;
    }));
  }
  // Asks the API server for its progress until then.
  void WaitUntilRequested(const std::string& name) const {
    while (Downloads(name) == 0) (void)Get("/updates/progress");
  }

  Host host_;
  std::unique_ptr<Process> server_process_;
};

}  // namespace test
