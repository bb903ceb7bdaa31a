#include "tough/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;

namespace {

// Twice the bytes of a signature by the largest key: what is longer is none, and is not decoded.
constexpr std::size_t kMaxSignatureDigits = 2048;

}  // namespace

Result<const PublicKey*> FindSigner(const Document& document, const Signature& signature,
                                    const Keys& keys, const RoleKeys& role) {
  if (std::find(role.keyids.begin(), role.keyids.end(), signature.keyid) == role.keyids.end())
    return Fail(ErrorCode::kUntrusted, "not a key of this role");
  const auto found = keys.find(signature.keyid);
  if (found == keys.end()) return Fail(ErrorCode::kUntrusted, "not among the delegator's keys");
  const auto& [keyid, key] = *found;
  if (!key.has_value()) return std::unexpected(key.error());
  if (signature.sig.empty()) return Fail(ErrorCode::kUntrusted, "empty: not signed yet");
  if (signature.sig.size() > kMaxSignatureDigits)
    return Fail(ErrorCode::kUntrusted, "longer than any signature");
  const base::Bytes bytes = TRY(base::HexDecode(signature.sig));
  TRY(key->Verify(base::AsBytes(document.signed_bytes.view()), bytes));
  return &*key;
}

Result<> VerifyThreshold(const Document& document, const Keys& keys, const RoleKeys& role) {
  std::set<std::string_view> signers;
  std::string first_fault;
  for (const Signature& signature : document.signatures) {
    const Result<const PublicKey*> signer = FindSigner(document, signature, keys, role);
    if (signer.has_value()) {
      signers.insert((*signer)->identity());
    } else if (first_fault.empty()) {
      first_fault =
          fmt::format(" (signature by {:.64}: {})", signature.keyid, signer.error().message());
    }
    if (signers.size() >= role.threshold) return {};
  }
  return Fail(ErrorCode::kUntrusted,
              fmt::format("signature threshold {} not met: {} valid of {}{}", role.threshold,
                          signers.size(), document.signatures.size(), first_fault));
}

}  // namespace tough
