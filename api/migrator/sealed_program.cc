#include "api/migrator/sealed_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/decompress.h"
#include "base/sink.h"

namespace api {
namespace {

using base::ErrorCode;

constexpr std::uint64_t kMaxProgramBytes = std::uint64_t{64} << 20;

// Since Linux 6.3: memory that may be executed, whatever vm.memfd_noexec says of that which does
// not ask (memfd_create(2)). An older kernel does not know the flag.
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

base::UniqueFd MakeMemory() {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  base::UniqueFd fd(memfd_create("migration", kFlags | MFD_EXEC));
  if (!fd.valid() && errno == EINVAL) fd = base::UniqueFd(memfd_create("migration", kFlags));
  return fd;
}

class MemorySink final : public base::ByteSink {
 public:
  MemorySink(const base::UniqueFd& fd, std::string name) : fd_(fd), name_(std::move(name)) {}

  base::Result<> Write(base::ByteView bytes) override {
    written_ += bytes.size();
    if (written_ > kMaxProgramBytes) {
      return base::Fail(ErrorCode::kTooLarge,
                        fmt::format("{}: more than {} bytes", name_, kMaxProgramBytes));
    }
    return base::WriteAll(fd_.get(), bytes, name_);
  }

  // The producer has verified all of it.
  base::Result<> Finish() override {
    constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (fcntl(fd_.get(), F_ADD_SEALS, kSeals) != 0) return base::FailErrno(errno, name_);
    return {};
  }

 private:
  const base::UniqueFd& fd_;
  std::string name_;
  std::uint64_t written_ = 0;
};

}  // namespace

base::Result<SealedProgram> SealedProgram::Load(updog::SavedMigrations& saved,
                                                const std::string& name) {
  base::UniqueFd fd = MakeMemory();
  if (!fd.valid()) return base::FailErrno(errno, "memfd_create");
  MemorySink memory(fd, name);
  const base::Compression compression = base::CompressionOf(name);
  if (compression == base::Compression::kNone) {
    TRY(saved.Read(name, memory));
  } else {
    const auto decompressing = TRY(base::DecompressingSink::Create(compression, memory));
    TRY(saved.Read(name, *decompressing));
  }
  return SealedProgram(name, std::move(fd));
}

// In the child, where the descriptor has the same number until it executes.
std::string SealedProgram::path() const {
  return fmt::format("/proc/self/fd/{}", fd_.get());
}

}  // namespace api
