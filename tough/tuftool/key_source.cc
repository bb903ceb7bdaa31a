#include <fcntl.h>
#include <fmt/format.h>

#include <cstdlib>

#include "base/fd.h"
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

Result<Secret> CopyOf(std::string_view text, std::string_view what) {
  Secret secret = TRY(Secret::Create());
  for (const char c : text) TRY_CONTEXT(secret.Append(c), what);
  return secret;
}

bool IsToken(const std::string& source) {
  return source.starts_with("pkcs11:");
}

Result<SigningKey> Load(const std::string& source, std::string_view passphrase) {
  return IsToken(source) ? SigningKey::FromToken(source, passphrase)
                         : SigningKey::Load(PathOf(source), passphrase);
}

// Asks for the passphrase if it is needed, and was not given.
Result<SigningKey> LoadAsking(const std::string& source, const Secret& given) {
  Result<SigningKey> key = Load(source, given.view());
  if (key || !given.empty() || key.error().code() != base::ErrorCode::kUsage) return key;
  const Result<Secret> asked = AskSecret(fmt::format("Passphrase of {}: ", source));
  // Without a terminal it is the key's message that says what to do.
  if (!asked) return key;
  return Load(source, asked->view());
}

}  // namespace

void AddPassphraseOptions(CLI::App& command, KeyOptions& options) {
  command
      .add_option("--passphrase-file", options.passphrase_file,
                  "File with the passphrase of encrypted keys, or the token's PIN (default: the "
                  "environment variable TUFTOOL_PASSPHRASE, else the terminal is asked)")
      ->type_name("FILE");
  command
      .add_option("--passphrase-fd", options.passphrase_fd,
                  "The same from an open file descriptor, up to the end of the line")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
}

void AddKeyOptions(CLI::App& command, KeyOptions& options) {
  command
      .add_option("-k,--key", options.sources,
                  "Private key to sign with: a file in PEM or DER, or a pkcs11: URI; may be given "
                  "several times")
      ->type_name("FILE")
      ->required();
  AddPassphraseOptions(command, options);
}

Result<Secret> GivenPassphrase(const KeyOptions& options) {
  TRY(KeepOutOfCoreDumps());
  if (options.passphrase_fd) {
    if (!options.from_fd)
      options.from_fd = TRY(ReadSecret(*options.passphrase_fd, "--passphrase-fd"));
    return CopyOf(options.from_fd->view(), "--passphrase-fd");
  }
  if (!options.passphrase_file.empty()) {
    const base::UniqueFd file = TRY(base::OpenFile(options.passphrase_file, O_RDONLY));
    return ReadSecret(file.get(), options.passphrase_file);
  }
  const char* passphrase = std::getenv("TUFTOOL_PASSPHRASE");
  return CopyOf(passphrase == nullptr ? "" : passphrase, "TUFTOOL_PASSPHRASE");
}

Result<std::vector<SigningKey>> LoadKeys(const KeyOptions& options) {
  const Secret passphrase = TRY(GivenPassphrase(options));
  std::vector<SigningKey> keys;
  keys.reserve(options.sources.size());
  for (const std::string& source : options.sources)
    keys.push_back(TRY(LoadAsking(source, passphrase)));
  return keys;
}

Result<base::json::Object> LoadPublicKey(const std::string& source, const KeyOptions& options) {
  // The file may turn out to be the private key.
  TRY(KeepOutOfCoreDumps());
  if (!IsToken(source)) {
    const std::string path = PathOf(source);
    const std::string text = TRY(base::ReadFile(path, kMaxKeyFileBytes));
    if (text.find("-----BEGIN PUBLIC KEY-----") != std::string::npos)
      return TRY_CONTEXT(PublicKeyObject(text), path);
  }
  return TRY(LoadAsking(source, TRY(GivenPassphrase(options)))).public_key();
}

Result<base::Time> ParseExpiry(const std::string& text, base::Time now, std::string_view option) {
  const Result<base::Time> time = base::ParseTimeOrOffset(text, now);
  if (time.has_value()) return *time;
  return base::Fail(base::ErrorCode::kUsage,
                    fmt::format("{}: {} (e.g. 2027-01-31T00:00:00Z, or 'in 7 days')", option,
                                time.error().message()));
}

}  // namespace tough::tuftool
