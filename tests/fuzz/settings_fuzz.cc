// Changes of settings in each of their three forms: what is accepted keeps the schema and survives
// its own serialiser, and what is not is a fault of one line.
// Dictionary: settings.dict
#include <algorithm>
#include <string>

#include "api/settings_schema.h"
#include "tests/fuzz/fuzz.h"

namespace {

using api::Settings;
using api::SettingsSchema;

// One of each kind of the image's own, beside updog's.
constexpr std::string_view kImage =
    "[image]\ntext = \"a\"\ncount = 1\nflag = true\nlist = [\"a\"]\n[updates]\n"
    "metadata-base-url = \"https://example.com/m\"\n";

bool IsOneLine(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void CheckParsed(const SettingsSchema& schema, const base::Result<Settings>& parsed) {
  if (!parsed.has_value()) {
    fuzz::Check(IsOneLine(parsed.error().message()), "a fault is told on one line");
    return;
  }
  fuzz::Check(schema.CheckAll(*parsed).has_value(), "what is accepted keeps the schema");
  if (parsed->empty()) return;
  const std::string text =
      base::json::Serialize(api::SettingsToJson(*parsed), base::json::Style::kCompact);
  const base::Result<Settings> again = schema.ParseChanges(text);
  fuzz::Check(again.has_value() && *again == *parsed, "serialised and parsed again it is the same");
}

}  // namespace

void fuzz::Run(std::string_view input) {
  static const SettingsSchema schema = SettingsSchema::Create(kImage).value();
  CheckParsed(schema, schema.ParseChanges(input));
  CheckParsed(schema, schema.ParsePairs(input));
  CheckParsed(schema, schema.ParseUserData(input));
}
