#include "tough/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

constexpr char kCtrlC = 3;
constexpr char kCtrlD = 4;
constexpr char kCtrlU = 21;
constexpr char kBackspace = 8;
constexpr char kDelete = 127;

// One byte; nothing at the end.
Result<std::string_view> ReadByte(int fd, char& byte, std::string_view what) {
  while (true) {
    const ssize_t got = read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::FailErrno(errno, what);
    return std::string_view(&byte, static_cast<std::size_t>(got));
  }
}

// A terminal that shows nothing of what is typed, and is as it was afterwards. It hands Ctrl-C on
// as a character: a signal would end us with the echo still off.
class SilentTerminal {
 public:
  static Result<SilentTerminal> Open() {
    auto opened = base::OpenFile("/dev/tty", O_RDWR | O_NOCTTY);
    termios before{};
    if (!opened || tcgetattr(opened->get(), &before) != 0) {
      return Fail(ErrorCode::kUsage,
                  "there is no terminal to ask for the passphrase on: see --passphrase-file");
    }
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    if (tcsetattr(opened->get(), TCSAFLUSH, &silent) != 0)
      return base::FailErrno(errno, "/dev/tty");
    return SilentTerminal(*std::move(opened), before);
  }
  SilentTerminal(SilentTerminal&&) noexcept = default;
  SilentTerminal& operator=(SilentTerminal&&) = delete;
  ~SilentTerminal() {
    if (fd_.valid()) tcsetattr(fd_.get(), TCSAFLUSH, &before_);
  }
  int fd() const { return fd_.get(); }

 private:
  SilentTerminal(base::UniqueFd fd, const termios& before) : fd_(std::move(fd)), before_(before) {}
  base::UniqueFd fd_;
  termios before_;
};

}  // namespace

Result<Secret> Secret::Create() {
  void* const pages =
      mmap(nullptr, kMaxBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return base::FailErrno(errno, "memory for a passphrase");
  // Both may be refused (old kernels, low limits), and are not all that protects it.
  madvise(pages, kMaxBytes, MADV_DONTDUMP);
  mlock(pages, kMaxBytes);
  return Secret(static_cast<char*>(pages));
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (bytes_ == nullptr) return;
  Clear();
  munmap(bytes_, kMaxBytes);
}

Result<> Secret::Append(char c) {
  if (size_ == kMaxBytes)
    return Fail(ErrorCode::kTooLarge, fmt::format("a passphrase has at most {} bytes", kMaxBytes));
  bytes_[size_++] = c;
  return {};
}

void Secret::RemoveLast() {
  if (size_ > 0) bytes_[--size_] = '\0';
}

void Secret::Clear() {
  OPENSSL_cleanse(bytes_, kMaxBytes);
  size_ = 0;
}

Result<> KeepOutOfCoreDumps() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return base::FailErrno(errno, "RLIMIT_CORE");
  // The limit does not hold for a core_pattern that is a pipe.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return base::FailErrno(errno, "PR_SET_DUMPABLE");
  return {};
}

Result<Secret> ReadSecret(int fd, std::string_view what) {
  Secret secret = TRY(Secret::Create());
  char byte = '\0';
  // Byte by byte: whoever else reads from this descriptor finds the next line.
  while (!TRY(ReadByte(fd, byte, what)).empty() && byte != '\n')
    TRY_CONTEXT(secret.Append(byte), what);
  OPENSSL_cleanse(&byte, 1);
  return secret;
}

Result<Secret> AskSecret(std::string_view prompt) {
  Secret secret = TRY(Secret::Create());
  const SilentTerminal terminal = TRY(SilentTerminal::Open());
  TRY(base::WriteAll(terminal.fd(), base::AsBytes(prompt), "/dev/tty"));
  char byte = '\0';
  while (!TRY(ReadByte(terminal.fd(), byte, "/dev/tty")).empty()) {
    if (byte == '\n' || byte == '\r' || byte == kCtrlD) break;
    if (byte == kCtrlC) return Fail(ErrorCode::kUsage, "no passphrase was given");
    if (byte == kCtrlU) {
      secret.Clear();
    } else if (byte == kBackspace || byte == kDelete) {
      secret.RemoveLast();
    } else {
      TRY(secret.Append(byte));
    }
  }
  OPENSSL_cleanse(&byte, 1);
  TRY(base::WriteAll(terminal.fd(), base::AsBytes(std::string_view("\n")), "/dev/tty"));
  return secret;
}

}  // namespace tough
