// snapshot.json.
// Dictionary: metadata.dict
#include "tests/fuzz/role.h"

void fuzz::Run(std::string_view input) {
  const auto snapshot = Decode<tough::Snapshot>(input, tough::DecodeSnapshot);
  if (!snapshot) return;
  for (const auto& [name, file] : snapshot->meta) CheckFile(file);
  CheckFile(snapshot->targets());
}
