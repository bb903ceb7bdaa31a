// Times: what is accepted is written back as it was, but for a fraction of seconds.
#include "base/time.h"

#include <string>

#include "tests/fuzz/fuzz.h"

void fuzz::Run(std::string_view input) {
  constexpr base::Time kNow{std::chrono::seconds(1'800'000'000)};
  if (const auto offset = base::ParseTimeOrOffset(input, kNow); offset.has_value())
    Check(base::ParseTime(base::FormatTime(*offset)).has_value(), "a time that is meant is a time");

  const base::Result<base::Time> time = base::ParseTime(input);
  if (!time.has_value()) return;
  const std::string text = base::FormatTime(*time);
  Check(text.size() == 20 && input.substr(0, 19) == text.substr(0, 19), "written back as it was");
  Check(base::ParseTime(text).value() == *time, "read again it is the same");
}
