// timestamp.json.
// Dictionary: metadata.dict
#include "tests/fuzz/role.h"

void fuzz::Run(std::string_view input) {
  if (const auto timestamp = Decode<tough::Timestamp>(input, tough::DecodeTimestamp))
    CheckFile(timestamp->snapshot);
}
