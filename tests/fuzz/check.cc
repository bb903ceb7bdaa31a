#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/fuzz.h"

namespace fuzz {

void Check(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

}  // namespace fuzz
