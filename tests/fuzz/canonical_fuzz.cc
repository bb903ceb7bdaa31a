// The canonical form: one for each tree, found in a document exactly where it stands, and
// reversible by a reader that knows its two escapes. Dictionary: json.dict
#include "tough/canonical.h"

#include <string>

#include "tests/fuzz/fuzz.h"

namespace {

// The canonical form lets control characters stand raw, which JSON does not: escaped, it is JSON.
std::string EscapeControls(std::string_view canonical) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string json;
  for (const char c : canonical) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      json.append("\\u00").push_back(kDigits[byte >> 4U]);
      json.push_back(kDigits[byte & 15U]);
    } else {
      json.push_back(c);
    }
  }
  return json;
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const base::Result<base::json::Value> tree = base::json::Parse(input);
  if (!tree.has_value()) return;
  const base::Result<std::string> canonical = tough::CanonicalForm(*tree);
  if (!canonical.has_value()) return;

  const base::Result<base::json::Value> again = base::json::Parse(EscapeControls(*canonical));
  Check(again.has_value() && *again == *tree, "the canonical form says what the document says");
  Check(tough::CanonicalForm(*again).value() == *canonical, "it is its own canonical form");

  const base::json::Document document = base::json::Document::Parse(std::string(input)).value();
  Check(document.root().ToTree() == *tree, "the document and the tree say the same");
  Check(tough::CanonicalForm(document.root()).value() == *canonical,
        "the document and the tree have one canonical form");
  Check(tough::SignedBytes::Of(document.root()).value().view() == *canonical,
        "what is found in the document is the canonical form");
}
