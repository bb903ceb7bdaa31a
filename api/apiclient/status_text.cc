#include "api/apiclient/status_text.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "base/text.h"

namespace api {
namespace {

using base::json::Array;
using base::json::Object;
using base::json::Value;

// As many as one looks at; `updog history` tells all.
constexpr std::size_t kAttemptsShown = 3;

std::string Name(const ImageName& image) {
  return fmt::format("{} ({}, {})", image.version, image.variant, image.arch);
}

std::string PartitionText(const std::optional<PartitionStatus>& partition, std::string_view none) {
  if (!partition) return std::string(none);
  return Name(partition->image) + (partition->next_to_boot ? ", starts at the next boot" : "");
}

std::string ResultText(const CommandResult& result) {
  std::string what = fmt::format("{} at {}: {}", CommandName(result.command), result.timestamp,
                                 StatusName(result.status));
  if (result.status == CommandStatus::kSuccess) return what;
  return fmt::format("{} ({}): {}", what, result.exit_status, base::LastLine(result.error_text));
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

std::string Text(const Object& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value != nullptr && value->string() != nullptr ? *value->string() : "";
}

std::uint64_t Number(const Object& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value != nullptr && value->unsigned_integer() != nullptr ? *value->unsigned_integer() : 0;
}

bool Has(const Object& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value != nullptr && !value->is_null();
}

std::string TrialText(const Object& trial) {
  const std::string reason = Text(trial, "reason");
  return fmt::format("{} {}{}{}", Text(trial, "when"), Text(trial, "outcome"),
                     reason.empty() ? "" : ": ", reason);
}

std::string AttemptText(const Object& attempt) {
  std::string text =
      fmt::format("{} {} on set {}, applied {}", Text(attempt, "variant"), Text(attempt, "version"),
                  Text(attempt, "set"), Text(attempt, "applied"));
  const Value* trials = attempt.Find("trials");
  if (trials == nullptr || trials->array() == nullptr || trials->array()->empty()) {
    return text + "\n";
  }
  const Object* last = trials->array()->back().object();
  if (last != nullptr) text += "; " + TrialText(*last);
  return text + "\n";
}

}  // namespace

std::string StatusText(const UpdateStatus& status) {
  const AvailableUpdates& available = status.available;
  return fmt::format(
      "State:      {}\n"
      "Running:    {}\n"
      "Staged:     {}\n"
      "Chosen:     {}\n"
      "Why:        {}\n"
      "Available:  {}\n"
      "Last:       {}\n",
      StateName(status.state()), PartitionText(status.partitions.active, "unknown"),
      PartitionText(status.partitions.staging, "nothing"),
      available.chosen ? Name(*available.chosen) : "no update",
      available.why.empty() ? "not looked for yet" : available.why, Join(available.versions),
      ResultText(status.last));
}

std::optional<updog::ProgressState> ProgressOf(const Object& running) {
  if (!Has(running, "bytes_done")) return std::nullopt;
  updog::ProgressState state;
  state.progress.phase =
      Text(running, "phase") == "write" ? updog::Phase::kWrite : updog::Phase::kDownload;
  const Value* image = running.Find("image");
  if (image != nullptr && image->string() != nullptr) state.progress.image = *image->string();
  state.progress.done_bytes = Number(running, "bytes_done");
  if (Has(running, "bytes_total")) state.progress.total_bytes = Number(running, "bytes_total");
  state.bytes_per_second = static_cast<double>(Number(running, "bytes_per_second"));
  if (Has(running, "seconds_left")) {
    state.left = std::chrono::seconds(Number(running, "seconds_left"));
  }
  return state;
}

std::string RunningText(const Object& running) {
  const std::string what = Text(running, "cmd_type") + " runs";
  const auto state = ProgressOf(running);
  return state ? fmt::format("{}: {}", what, updog::FormatLine(*state)) : what;
}

std::string HistoryText(const Value& history) {
  const Object* object = history.object();
  const Value* attempts = object == nullptr ? nullptr : object->Find("attempts");
  if (attempts == nullptr || attempts->array() == nullptr) return {};
  const Array& all = *attempts->array();
  std::string text;
  const std::size_t first = all.size() > kAttemptsShown ? all.size() - kAttemptsShown : 0;
  for (std::size_t i = first; i < all.size(); ++i) {
    if (all[i].object() == nullptr) continue;
    text += (text.empty() ? "History:    " : "            ") + AttemptText(*all[i].object());
  }
  return text;
}

}  // namespace api
