#include "tests/vm/machine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace test {
namespace {

using base::json::Object;
using base::json::Value;
using Clock = std::chrono::steady_clock;

constexpr const char* kFirmwareCode = "/usr/share/OVMF/OVMF_CODE.fd";
constexpr const char* kFirmwareVariables = "/usr/share/OVMF/OVMF_VARS.fd";

// Two ends of a channel: ours, and one that QEMU inherits and knows by its number.
struct Channel {
  base::UniqueFd ours;
  base::UniqueFd inherited;
};

Channel MakeChannel() {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) ADD_FAILURE() << "socketpair";
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  return {.ours = base::UniqueFd(ends[0]), .inherited = base::UniqueFd(ends[1])};
}

// The measured settings of the trial: the small translation buffer keeps restarts at their first
// speed and QEMU's memory small.
std::vector<std::string> QemuArguments(const MachineOptions& options, int serial, int agent) {
  const std::string variables = options.directory + "/variables.fd";
  std::vector<std::string> arguments = {
      "-accel",
      "tcg,tb-size=32",
      "-machine",
      "q35",
      "-cpu",
      "max",
      "-smp",
      "1",
      "-m",
      "256",
      "-nodefaults",
      "-display",
      "none",
      "-vga",
      "none",
      "-monitor",
      "none",
      "-boot",
      "menu=off,strict=on",
      "-drive",
      std::string("if=pflash,format=raw,unit=0,readonly=on,file=") + kFirmwareCode,
      "-drive",
      "if=pflash,format=raw,unit=1,file=" + variables,
      "-device",
      "virtio-blk-pci,drive=d0,bootindex=0",
      "-netdev",
      "user,id=n0",
      "-device",
      "virtio-net-pci,netdev=n0,romfile=",
      "-chardev",
      "socket,id=serial,fd=" + std::to_string(serial) +
          ",logappend=on,logfile=" + options.directory + "/console.log",
      "-serial",
      "chardev:serial",
      "-chardev",
      "socket,id=agent,fd=" + std::to_string(agent),
      "-device",
      "virtio-serial-pci",
      "-device",
      "virtserialport,chardev=agent,name=org.updog.agent"};
  if (options.disk_arguments.empty()) {
    arguments.insert(arguments.end(),
                     {"-drive", "format=raw,if=none,id=d0,cache=unsafe,file=" + options.disk});
  } else {
    arguments.insert(arguments.end(), options.disk_arguments.begin(), options.disk_arguments.end());
  }
  return arguments;
}

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 600'000));
}

}  // namespace

Machine::Machine(const MachineOptions& options) : directory_(options.directory) {
  std::error_code error;
  std::filesystem::copy_file(kFirmwareVariables, directory_ + "/variables.fd",
                             std::filesystem::copy_options::skip_existing, error);
  if (error) ADD_FAILURE() << kFirmwareVariables << ": " << error.message();
  Channel serial = MakeChannel();
  Channel agent = MakeChannel();
  qemu_ = std::make_unique<Process>(ProcessOptions{
      .program = "qemu-system-x86_64",
      .arguments = QemuArguments(options, serial.inherited.get(), agent.inherited.get()),
      .timeout = options.lifetime});
  serial_ = std::move(serial.ours);
  agent_ = std::move(agent.ours);
}

Machine::~Machine() {
  CutPower();
}

void Machine::CutPower() {
  if (qemu_ == nullptr) return;
  if (qemu_->Running()) qemu_->Signal(SIGKILL);
  const ProcessResult result = qemu_->Wait();
  if (!result.errors.empty()) Fail("QEMU says: " + result.errors);
  qemu_.reset();
}

void Machine::Fail(const std::string& what) {
  constexpr std::size_t kShown = 4000;
  const std::size_t from = console_.size() > kShown ? console_.size() - kShown : 0;
  ADD_FAILURE() << what << "\nThe console (whole in " << directory_ << "/console.log) ends:\n"
                << console_.substr(from);
}

// The firmware's console moves the cursor and colours; none of that is what a line says.
void Machine::Append(std::string_view raw) {
  for (const char c : raw) {
    if (in_escape_) {
      if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) in_escape_ = false;
    } else if (c == '\x1b') {
      in_escape_ = true;
    } else if (c != '\r' && c != '\0') {
      console_ += c;
    }
  }
}

bool Machine::ReadMore(Clock::time_point deadline) {
  std::array<pollfd, 2> waiting = {{{.fd = serial_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = agent_.get(), .events = POLLIN, .revents = 0}}};
  const int ready = poll(waiting.data(), waiting.size(), MillisecondsUntil(deadline));
  if (ready < 0 && errno == EINTR) return true;
  if (ready <= 0) return false;
  for (const pollfd& channel : waiting) {
    if (channel.revents == 0) continue;
    std::array<char, 4096> buffer = {};
    const ssize_t count = read(channel.fd, buffer.data(), buffer.size());
    if (count <= 0) return false;  // QEMU has ended
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    if (channel.fd == serial_.get()) {
      Append(bytes);
    } else {
      from_agent_ += bytes;
    }
  }
  return true;
}

bool Machine::WaitFor(std::string_view text, std::chrono::seconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  for (;;) {
    const std::size_t found = console_.find(text, console_position_);
    if (found != std::string::npos) {
      console_position_ = found + text.size();
      return true;
    }
    if (ReadMore(deadline)) continue;
    Fail("\"" + std::string(text) + "\" did not come");
    return false;
  }
}

std::optional<Object> Machine::NextMessage(std::chrono::seconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  std::size_t end = 0;
  while ((end = from_agent_.find('\n')) == std::string::npos) {
    if (!ReadMore(deadline)) return std::nullopt;
  }
  const base::Result<Value> message = base::json::Parse(from_agent_.substr(0, end));
  from_agent_.erase(0, end + 1);
  if (!message || message->object() == nullptr) return std::nullopt;
  return *message->object();
}

std::string Machine::WaitForVersion(std::chrono::seconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now());
    const std::optional<Object> message = NextMessage(left);
    if (!message) {
      Fail("user space did not come up");
      return {};
    }
    const Value* const hello = message->Find("hello");
    if (hello == nullptr) continue;  // the answer to a request of before
    return *hello->object()->Find("version")->string();
  }
}

void Machine::Start(const std::vector<std::string>& command) {
  base::json::Array words;
  for (const std::string& word : command) words.emplace_back(word);
  Object request;
  request.Set("run", std::move(words));
  const std::string line =
      base::json::Serialize(Value(std::move(request)), base::json::Style::kCompact) + "\n";
  const base::Result<> sent = base::WriteAll(agent_.get(), base::AsBytes(line), "agent");
  if (!sent) Fail(sent.error().message());
}

Object Machine::Ask(Object request) {
  const std::string line =
      base::json::Serialize(Value(std::move(request)), base::json::Style::kCompact) + "\n";
  const base::Result<> sent = base::WriteAll(agent_.get(), base::AsBytes(line), "agent");
  const std::optional<Object> answer = sent ? NextMessage(std::chrono::seconds(150)) : std::nullopt;
  if (!answer) {
    Fail("no answer to " + line);
    return {};
  }
  if (const Value* const error = answer->Find("error")) Fail(line + *error->string());
  return *answer;
}

Said Machine::Run(const std::vector<std::string>& command) {
  base::json::Array words;
  for (const std::string& word : command) words.emplace_back(word);
  Object request;
  request.Set("run", std::move(words));
  const Object answer = Ask(std::move(request));
  Said said;
  const Value* const status = answer.Find("exit_status");
  if (status == nullptr) return said;
  if (status->unsigned_integer() != nullptr)
    said.exit_status = static_cast<int>(*status->unsigned_integer());
  said.output = *answer.Find("output")->string();
  said.errors = *answer.Find("errors")->string();
  return said;
}

std::string Machine::Read(const std::string& path) {
  Object request;
  request.Set("read", path);
  const Object answer = Ask(std::move(request));
  const Value* const text = answer.Find("text");
  return text == nullptr ? std::string() : *text->string();
}

void Machine::Write(const std::string& path, const std::string& text) {
  Object request;
  request.Set("write", path);
  request.Set("text", text);
  Ask(std::move(request));
}

}  // namespace test
