// The wave schedules that ship with the publisher's tools, by name, in the programs themselves: a
// name means the same wherever they run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "updog/schedule.h"

namespace updog {

// "accelerated", "default", "emergency".
std::vector<std::string_view> ShippedScheduleNames();

// A shipped schedule by its name, or a schedule's file by its path. kNotFound, naming both.
base::Result<Schedule> LoadSchedule(const std::string& name_or_path);

}  // namespace updog
