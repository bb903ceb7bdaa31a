// The tests' hand inside the reference image: takes requests over a virtio serial port, one line of
// JSON each, and answers with one line. In the test variant only; a release has nothing like it.
//
//   on start                                  {"hello": {"version": "1.0.0"}}
//   {"run": ["/usr/bin/updog", "--help"]}     {"exit_status": 0, "output": "…", "errors": "…"}
//   {"read": "/etc/hosts"}                    {"text": "…"}
//   {"write": "/run/file", "text": "…"}       {}
//   what could not be done                    {"error": "…"}
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/result.h"
#include "tests/support/process.h"

namespace {

using base::json::Object;
using base::json::Value;

constexpr std::string_view kPortName = "org.updog.agent";
constexpr std::uint64_t kMaxFileBytes = 1 << 20;
constexpr std::chrono::seconds kRunTimeout{140};

base::Result<std::string> FindPort() {
  for (const auto& port : std::filesystem::directory_iterator("/sys/class/virtio-ports")) {
    std::string name;
    std::getline(std::ifstream(port.path() / "name"), name);
    if (name == kPortName) return "/dev/" + port.path().filename().string();
  }
  return base::Fail(base::ErrorCode::kNotFound, "no virtio port for the agent");
}

std::string RunningVersion() {
  std::ifstream file("/usr/lib/os-release");
  constexpr std::string_view kKey = "VERSION_ID=";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(kKey)) return line.substr(kKey.size());
  return {};
}

base::Result<Object> Run(const base::json::Array& words) {
  test::ProcessOptions options;
  options.timeout = kRunTimeout;
  for (const Value& word : words) {
    if (word.string() == nullptr)
      return base::Fail(base::ErrorCode::kMalformed, "run: not an array of strings");
    if (options.program.empty()) {
      options.program = *word.string();
    } else {
      options.arguments.push_back(*word.string());
    }
  }
  const test::ProcessResult result = test::RunProcess(options);
  Object answer;
  answer.Set("exit_status", Value::Integer(result.exit_status));
  answer.Set("output", result.output);
  answer.Set("errors", result.errors);
  return answer;
}

base::Result<Object> Obey(const std::string& line) {
  const Value request = TRY(base::json::Parse(line));
  const Object* const object = request.object();
  if (object == nullptr) return base::Fail(base::ErrorCode::kMalformed, "not an object");
  if (object->Find("run") != nullptr) return Run(*TRY(base::json::RequireArray(*object, "run")));
  Object answer;
  if (object->Find("write") != nullptr) {
    const std::string& path = *TRY(base::json::RequireString(*object, "write"));
    const std::string& text = *TRY(base::json::RequireString(*object, "text"));
    TRY(base::ReplaceFile(path, base::AsBytes(text)));
  } else {
    const std::string& path = *TRY(base::json::RequireString(*object, "read"));
    answer.Set("text", TRY(base::ReadFile(path, kMaxFileBytes)));
  }
  return answer;
}

base::Result<> Send(const base::UniqueFd& port, Object object) {
  const std::string line =
      base::json::Serialize(Value(std::move(object)), base::json::Style::kCompact) + "\n";
  return base::WriteAll(port.get(), base::AsBytes(line), "agent's port");
}

base::Result<> Serve() {
  const std::string path = TRY(FindPort());
  const base::UniqueFd port = TRY(base::OpenFile(path, O_RDWR));
  Object version;
  version.Set("version", RunningVersion());
  Object hello;
  hello.Set("hello", std::move(version));
  TRY(Send(port, std::move(hello)));

  std::string pending;
  for (;;) {
    std::array<char, 4096> buffer = {};
    const ssize_t count = read(port.get(), buffer.data(), buffer.size());
    if (count < 0) return base::FailErrno(errno, path);
    if (count == 0) return {};  // the host has closed its end
    pending.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos;) {
      base::Result<Object> answer = Obey(pending.substr(0, end));
      pending.erase(0, end + 1);
      if (!answer) {
        Object error;
        error.Set("error", answer.error().message());
        answer = std::move(error);
      }
      TRY(Send(port, *std::move(answer)));
    }
  }
}

}  // namespace

int main() {
  const base::Result<> served = Serve();
  if (!served) fmt::print(stderr, "agent: {}\n", served.error().message());
  return served ? 0 : 1;
}
