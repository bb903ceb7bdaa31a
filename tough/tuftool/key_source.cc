#include <fmt/format.h>

#include <cstdlib>

#include "base/file.h"
#include "tough/tuftool/commands.h"

namespace tough::tuftool {

using base::Result;

namespace {

constexpr std::uint64_t kMaxKeyFileBytes = std::uint64_t{64} << 10;

std::string PathOf(const std::string& source) {
  constexpr std::string_view kScheme = "file://";
  return source.starts_with(kScheme) ? source.substr(kScheme.size()) : source;
}

Result<std::string> Passphrase(const KeyOptions& options) {
  if (options.passphrase_file.empty()) {
    const char* passphrase = std::getenv("TUFTOOL_PASSPHRASE");
    return std::string(passphrase == nullptr ? "" : passphrase);
  }
  std::string text = TRY(base::ReadFile(options.passphrase_file, kMaxKeyFileBytes));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

void AddKeyOptions(CLI::App& command, KeyOptions& options) {
  command
      .add_option("-k,--key", options.sources,
                  "Private key to sign with: a file in PEM or DER; may be given several times")
      ->type_name("FILE")
      ->required();
  command
      .add_option("--passphrase-file", options.passphrase_file,
                  "File with the passphrase of encrypted keys (default: the environment variable "
                  "TUFTOOL_PASSPHRASE)")
      ->type_name("FILE");
}

Result<std::vector<SigningKey>> LoadKeys(const KeyOptions& options) {
  const std::string passphrase = TRY(Passphrase(options));
  std::vector<SigningKey> keys;
  keys.reserve(options.sources.size());
  for (const std::string& source : options.sources)
    keys.push_back(TRY(SigningKey::Load(PathOf(source), passphrase)));
  return keys;
}

Result<base::json::Object> LoadPublicKey(const std::string& source, const KeyOptions& options) {
  const std::string path = PathOf(source);
  const std::string text = TRY(base::ReadFile(path, kMaxKeyFileBytes));
  if (text.find("-----BEGIN PUBLIC KEY-----") != std::string::npos)
    return TRY_CONTEXT(PublicKeyObject(text), path);
  return TRY(SigningKey::Load(path, TRY(Passphrase(options)))).public_key();
}

Result<base::Time> ParseExpiry(const std::string& text, base::Time now, std::string_view option) {
  const Result<base::Time> time = base::ParseTimeOrOffset(text, now);
  if (time.has_value()) return *time;
  return base::Fail(base::ErrorCode::kUsage,
                    fmt::format("{}: {} (e.g. 2027-01-31T00:00:00Z, or 'in 7 days')", option,
                                time.error().message()));
}

}  // namespace tough::tuftool
