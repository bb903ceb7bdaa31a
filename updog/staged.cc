#include "updog/staged.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

namespace updog {
namespace {

constexpr std::string_view kFileName = "/staged.json";
constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 10;

base::Result<Staged> Decode(std::string_view text) {
  const base::json::Value document = TRY(base::json::Parse(text));
  const base::json::Object* object = document.object();
  if (object == nullptr) return base::Fail(base::ErrorCode::kMalformed, "not an object");
  const std::string* set = TRY(base::json::RequireString(*object, "set"));
  const std::string* version = TRY(base::json::RequireString(*object, "version"));
  Staged staged;
  staged.set = TRY(signpost::ParseSlot(*set));
  staged.variant = *TRY(base::json::RequireString(*object, "variant"));
  staged.arch = *TRY(base::json::RequireString(*object, "arch"));
  staged.version = TRY(Version::Parse(*version));
  staged.digest = *TRY(base::json::RequireString(*object, "digest"));
  return staged;
}

bool FlagsConfirm(const Staged& staged, const signpost::Status& status) {
  const partitions::Slot inactive = partitions::Other(status.active);
  const signpost::SetStatus* set = status.set(inactive);
  if (set == nullptr || staged.set != inactive) return false;
  return set->flags.tries_left > 0 && !set->flags.successful;
}

}  // namespace

base::Result<> WriteStaged(const std::string& state_dir, const Staged& staged) {
  base::json::Object object;
  object.Set("set", partitions::SlotName(staged.set));
  object.Set("variant", staged.variant);
  object.Set("arch", staged.arch);
  object.Set("version", staged.version.text());
  object.Set("digest", staged.digest);
  const std::string text =
      base::json::Serialize(base::json::Value(std::move(object)), base::json::Style::kPretty);
  TRY(base::MakeDirectories(state_dir));
  return base::ReplaceFile(state_dir + std::string(kFileName), base::AsBytes(text));
}

base::Result<> RemoveStaged(const std::string& state_dir) {
  TRY(base::MakeDirectories(state_dir));
  const base::UniqueFd directory = TRY(base::OpenDirectory(state_dir));
  return base::RemoveFileAt(directory.get(), std::string(kFileName.substr(1)));
}

std::optional<Staged> ReadStaged(const std::string& state_dir, const signpost::Status& status) {
  const std::string path = state_dir + std::string(kFileName);
  auto text = base::ReadFile(path, kMaxBytes);
  if (!text && text.error().code() == base::ErrorCode::kNotFound) return std::nullopt;
  auto staged = text ? Decode(*text) : base::Result<Staged>(std::unexpected(text.error()));
  if (!staged) {
    base::log::Warning(fmt::format("{}: {}; taken as absent", path, staged.error().message()));
    return std::nullopt;
  }
  if (!FlagsConfirm(*staged, status)) return std::nullopt;
  return *std::move(staged);
}

}  // namespace updog
