// root.json: thresholds, keyids and keys keep their rules whatever is in the file.
// Dictionary: metadata.dict
#include <set>
#include <string>

#include "tests/fuzz/role.h"

void fuzz::Run(std::string_view input) {
  const auto root = Decode<tough::Root>(input, tough::DecodeRoot);
  if (!root) return;
  for (const tough::RoleKeys* role :
       {&root->root, &root->timestamp, &root->snapshot, &root->targets}) {
    Check(role->threshold >= 1, "a threshold is at least 1");
    const std::set<std::string> distinct(role->keyids.begin(), role->keyids.end());
    Check(distinct.size() == role->keyids.size(), "keyids are distinct");
  }
  for (const auto& [keyid, key] : root->keys)
    Check(!key.has_value() || !key->identity().empty(), "a key that can verify has an identity");
}
