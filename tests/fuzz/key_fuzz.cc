// Public keys: three lines of input are key type, scheme and, to the end, the key's value.
// Dictionary: key.dict
#include <string>

#include "tests/fuzz/fuzz.h"
#include "tough/keys.h"

namespace {

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
  return line;
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const std::string_view keytype = TakeLine(input);
  const std::string_view scheme = TakeLine(input);
  const auto key = tough::PublicKey::Create(keytype, scheme, input);
  if (!key.has_value()) return;
  Check(tough::SchemeName(key->scheme()) == scheme, "the scheme is the one that was asked for");
  Check(!key->identity().empty(), "a key has an identity");
  Check(tough::PublicKey::Create(keytype, scheme, input).value().identity() == key->identity(),
        "a key has one identity");
  static_cast<void>(key->Verify(base::AsBytes(scheme), base::AsBytes(input)));
}
