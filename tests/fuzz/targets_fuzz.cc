// targets.json: every file that is listed can be had.
// Dictionary: metadata.dict
#include "tests/fuzz/role.h"

void fuzz::Run(std::string_view input) {
  const auto targets = Decode<tough::Targets>(input, tough::DecodeTargets);
  if (!targets) return;
  for (const std::string& name : targets->files.Names()) {
    const std::optional<tough::TargetFile> file = targets->files.Find(name);
    Check(file.has_value(), "what is listed is found");
    Check(file->length <= tough::kMaxInteger, "a length is in its range");
    static_cast<void>(tough::VerifyHashes(file->hashes, input));
  }
}
