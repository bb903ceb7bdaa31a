#include "updog/toml.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace updog {
namespace {

base::json::Value Convert(const toml::node& node);

base::json::Object ConvertTable(const toml::table& table) {
  std::vector<base::json::Member> members;
  members.reserve(table.size());
  for (const auto& [key, value] : table) {
    members.push_back({std::string(key.str()), Convert(value)});
  }
  return base::json::Object::FromUnsorted(std::move(members)).first;
}

base::json::Array ConvertArray(const toml::array& array) {
  base::json::Array made;
  made.reserve(array.size());
  for (const toml::node& element : array) made.push_back(Convert(element));
  return made;
}

// Recursion is bounded: the parser itself refuses nesting deeper than 256.
base::json::Value Convert(const toml::node& node) {
  if (const auto* table = node.as_table()) return ConvertTable(*table);
  if (const auto* array = node.as_array()) return ConvertArray(*array);
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return base::json::Value::Integer(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* number = node.as_floating_point()) {
    return base::json::Float{fmt::format("{}", number->get())};
  }
  std::ostringstream date;
  node.visit([&date](const auto& value) { date << value; });
  return std::move(date).str();
}

}  // namespace

base::Result<base::json::Object> ParseToml(std::string_view text) {
  try {
    return ConvertTable(toml::parse(text));
  } catch (const toml::parse_error& error) {
    // The parser quotes what it found there: a line feed too.
    const toml::source_position& place = error.source().begin;
    return base::Fail(base::ErrorCode::kMalformed,
                      fmt::format("line {}, column {}: {}", place.line, place.column,
                                  base::OneLine(error.description())));
  }
}

}  // namespace updog
