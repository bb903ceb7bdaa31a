#include "updog/shipped_schedules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file.h"

namespace updog {
namespace {

struct Shipped {
  std::string_view name;
  std::string_view toml;
};

// Made from updog/waves/*.toml when the project is configured.
constexpr std::array kShipped = {
#include "updog/shipped_schedules.inc"
};

constexpr std::uint64_t kMaxScheduleBytes = std::uint64_t{1} << 20;

base::Result<std::string> ReadSchedule(const std::string& name_or_path) {
  const auto shipped = std::ranges::find(kShipped, name_or_path, &Shipped::name);
  if (shipped != kShipped.end()) return std::string(shipped->toml);
  auto text = base::ReadFile(name_or_path, kMaxScheduleBytes);
  if (text || text.error().code() != base::ErrorCode::kNotFound) return text;
  return base::Fail(base::ErrorCode::kNotFound,
                    fmt::format("{}: neither a file nor one of the schedules {}", name_or_path,
                                fmt::join(ShippedScheduleNames(), ", ")));
}

}  // namespace

std::vector<std::string_view> ShippedScheduleNames() {
  std::vector<std::string_view> names;
  names.reserve(kShipped.size());
  for (const Shipped& shipped : kShipped) names.push_back(shipped.name);
  return names;
}

base::Result<Schedule> LoadSchedule(const std::string& name_or_path) {
  const std::string toml = TRY(ReadSchedule(name_or_path));
  return TRY_CONTEXT(ParseSchedule(toml), name_or_path);
}

}  // namespace updog
