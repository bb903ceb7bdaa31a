// Versions: two lines of input. Precedence is an order, and equality is that of the text.
#include "updog/version.h"

#include <compare>

#include "tests/fuzz/fuzz.h"

void fuzz::Run(std::string_view input) {
  const std::size_t line_feed = input.find('\n');
  const auto left = updog::Version::Parse(input.substr(0, line_feed));
  if (!left.has_value()) return;
  Check(left->text() == input.substr(0, line_feed), "a version is kept as it was written");
  Check((*left <=> *left) == std::weak_ordering::equivalent, "a version is equivalent to itself");
  if (line_feed == std::string_view::npos) return;
  const auto right = updog::Version::Parse(input.substr(line_feed + 1));
  if (!right.has_value()) return;
  const std::weak_ordering order = *left <=> *right;
  Check((*right <=> *left) == (0 <=> order), "turned round, the order is reversed");
  Check((*left == *right) == (left->text() == right->text()), "equal is what is written equally");
  Check(*left != *right || order == std::weak_ordering::equivalent, "equal is equivalent");
}
