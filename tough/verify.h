// The signature threshold: the one place where it is decided whether enough of the right people
// signed (TUF 4.2, 4.3).
#pragma once

#include "base/result.h"
#include "tough/schema.h"

namespace tough {

// Ok if at least `role.threshold` distinct keys that `role` lists, and that are in the `keys` of
// the same delegator, signed the document. What counts are keys, not keyids and not signatures: one
// key under two keyids counts once (R11, R13). Signatures that are wrong or by others are ignored
// (R14 to R16). kUntrusted says how many were valid, and why the first of the others was not.
base::Result<> VerifyThreshold(const Document& document, const Keys& keys, const RoleKeys& role);

// The key that made one of the document's signatures, if it may sign for the role and the signature
// is right; else why it does not count. The key lies in `keys`.
base::Result<const PublicKey*> FindSigner(const Document& document, const Signature& signature,
                                          const Keys& keys, const RoleKeys& role);

}  // namespace tough
