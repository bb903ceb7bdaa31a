#include "updog/version.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace updog {
namespace {

constexpr std::size_t kMaxVersionBytes = 256;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsIdentifierCharacter(char c) {
  return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

bool IsNumeric(std::string_view identifier) {
  return std::ranges::all_of(identifier, IsDigit);
}

bool HasLeadingZero(std::string_view number) {
  return number.size() > 1 && number.front() == '0';
}

// A number of the version core: digits without a leading zero.
bool IsCoreNumber(std::string_view text) {
  return !text.empty() && IsNumeric(text) && !HasLeadingZero(text);
}

bool IsIdentifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsIdentifierCharacter);
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// What follows the first `separator`, cut off from `text`.
std::optional<std::string_view> CutAfter(std::string_view& text, char separator) {
  const std::size_t place = text.find(separator);
  if (place == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(place + 1);
  text = text.substr(0, place);
  return rest;
}

// Without leading zeros the longer number is the larger one.
std::weak_ordering CompareNumbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

// SemVer 11.4.1 to 11.4.3: numbers by value, texts by ASCII order, numbers before texts.
std::weak_ordering CompareIdentifiers(std::string_view a, std::string_view b) {
  const bool a_numeric = IsNumeric(a);
  const bool b_numeric = IsNumeric(b);
  if (a_numeric && b_numeric) return CompareNumbers(a, b);
  if (a_numeric != b_numeric) {
    return a_numeric ? std::weak_ordering::less : std::weak_ordering::greater;
  }
  return a <=> b;
}

}  // namespace

base::Result<Version> Version::Parse(std::string_view text) {
  const auto fail = [text] {
    return base::Fail(base::ErrorCode::kMalformed,
                      fmt::format("'{:.60}' is not a version such as 1.2.3", text));
  };
  if (text.size() > kMaxVersionBytes) return fail();
  Version version;
  version.text_ = text;
  std::string_view core = text;
  const std::optional<std::string_view> build = CutAfter(core, '+');
  const std::optional<std::string_view> pre_release = CutAfter(core, '-');

  const std::vector<std::string> numbers = Split(core, '.');
  if (numbers.size() != 3 || !std::ranges::all_of(numbers, IsCoreNumber)) return fail();
  std::ranges::copy(numbers, version.numbers_.begin());
  if (build && !std::ranges::all_of(Split(*build, '.'), IsIdentifier)) return fail();
  if (!pre_release) return version;
  version.pre_release_ = Split(*pre_release, '.');
  for (const std::string& identifier : version.pre_release_) {
    if (!IsIdentifier(identifier)) return fail();
    if (IsNumeric(identifier) && HasLeadingZero(identifier)) return fail();
  }
  return version;
}

std::weak_ordering Version::operator<=>(const Version& other) const {
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const std::weak_ordering order = CompareNumbers(numbers_[i], other.numbers_[i]);
    if (order != 0) return order;
  }
  // SemVer 11.3: a pre-release comes before its release.
  if (pre_release_.empty() || other.pre_release_.empty()) {
    return pre_release_.empty() <=> other.pre_release_.empty();
  }
  // SemVer 11.4.4: where all identifiers are equal, the longer list is the higher version.
  return std::lexicographical_compare_three_way(pre_release_.begin(), pre_release_.end(),
                                                other.pre_release_.begin(),
                                                other.pre_release_.end(), CompareIdentifiers);
}

}  // namespace updog
