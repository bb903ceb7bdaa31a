#include "tough/sign.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "tough/canonical.h"
#include "tough/verify.h"

namespace tough {

using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

Result<std::string> SignedBytesOf(const Object& document) {
  const Value* signed_part = TRY(base::json::Require(document, "signed"));
  return CanonicalForm(*signed_part);
}

// The place in `signatures` of what this keyid signed, or null.
std::string* FindSignature(Array& signatures, std::string_view keyid) {
  for (Value& element : signatures) {
    Object* signature = element.object();
    const Value* found = signature == nullptr ? nullptr : signature->Find("keyid");
    if (found == nullptr || found->string() == nullptr || *found->string() != keyid) continue;
    Value* sig = signature->Find("sig");
    return sig == nullptr ? nullptr : sig->string();
  }
  return nullptr;
}

bool Verifies(const PublicKey& key, std::string_view message, std::string_view sig) {
  const Result<base::Bytes> bytes = base::HexDecode(sig);
  return bytes.has_value() && key.Verify(base::AsBytes(message), *bytes).has_value();
}

Result<> PutSignature(Array& signatures, const std::string& keyid, const PublicKey& verifier,
                      const SigningKey& signer, std::string_view message) {
  std::string* sig = FindSignature(signatures, keyid);
  if (sig != nullptr && Verifies(verifier, message, *sig)) return {};
  std::string made = TRY(signer.Sign(base::AsBytes(message), verifier.scheme()));
  if (sig != nullptr) {
    *sig = std::move(made);
    return {};
  }
  Object signature;
  signature.Set("keyid", keyid);
  signature.Set("sig", std::move(made));
  signatures.emplace_back(std::move(signature));
  return {};
}

}  // namespace

Result<std::string> KeyidAmong(const Keys& keys, const Object& key) {
  const Object* keyval = TRY(base::json::RequireObject(key, "keyval"));
  const PublicKey made = TRY(PublicKey::Create(*TRY(base::json::RequireString(key, "keytype")),
                                               *TRY(base::json::RequireString(key, "scheme")),
                                               *TRY(base::json::RequireString(*keyval, "public"))));
  for (const auto& [keyid, known] : keys) {
    if (known.has_value() && known->identity() == made.identity()) return keyid;
  }
  return KeyidOf(key);
}

Object UnsignedDocument(Object signed_part) {
  Object document;
  document.Set("signatures", Array());
  document.Set("signed", std::move(signed_part));
  return document;
}

Result<std::size_t> AppendSignatures(Object& document, std::span<const Delegator> delegators,
                                     std::span<const SigningKey> keys) {
  const std::string message = TRY(SignedBytesOf(document));
  TRY(base::json::RequireArray(document, "signatures"));
  Array& signatures = *document.Find("signatures")->array();
  std::size_t count = 0;
  for (const auto& [known_keys, role] : delegators) {
    for (const std::string& keyid : role.keyids) {
      const auto found = known_keys.find(keyid);
      if (found == known_keys.end() || !found->second.has_value()) continue;
      const PublicKey& verifier = *found->second;
      const auto signer = std::find_if(keys.begin(), keys.end(), [&](const SigningKey& key) {
        return key.identity() == verifier.identity();
      });
      if (signer == keys.end()) continue;
      TRY(PutSignature(signatures, keyid, verifier, *signer, message));
      ++count;
    }
  }
  return count;
}

Result<> CheckSignatures(const Object& document, const Delegator& delegator) {
  const std::string text = base::json::Serialize(document, base::json::Style::kCompact);
  const Document parsed = TRY(Document::Parse(text, Limits()));
  return VerifyThreshold(parsed, delegator.keys, delegator.role);
}

Result<std::string> SignDocument(Object document, std::string_view name,
                                 std::span<const Delegator> delegators, std::size_t required,
                                 std::span<const SigningKey> keys) {
  TRY(AppendSignatures(document, delegators, keys));
  for (const Delegator& delegator : delegators.first(required)) {
    TRY_CONTEXT(CheckSignatures(document, delegator),
                fmt::format("{}: the given keys are not enough", name));
  }
  return base::json::Serialize(document, base::json::Style::kCompact);
}

Result<std::string> AddSignatures(std::string_view text, std::span<const SigningKey> keys) {
  TRY(Document::Parse(std::string(text), Limits()));
  Value tree = TRY(base::json::Parse(text));
  Object listed;
  RoleKeys role;
  for (const SigningKey& key : keys) {
    listed.Set(key.keyid(), key.public_key());
    role.keyids.push_back(key.keyid());
  }
  role.threshold = std::max<std::uint64_t>(1, role.keyids.size());
  const Keys known = TRY(DecodeKeys(listed, Limits()));
  const Delegator delegator{known, role};
  return SignDocument(std::move(*tree.object()), "the file", {&delegator, 1}, 1, keys);
}

}  // namespace tough
