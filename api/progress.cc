#include "api/progress.h"

#include <algorithm>
#include <utility>

namespace api {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;

// The member's value; nothing where it is null or absent.
base::Result<std::optional<std::uint64_t>> OptionalInteger(const Object& object,
                                                           std::string_view name) {
  const Value* value = object.Find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->unsigned_integer() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, std::string(name) + ": not an integer");
  }
  return *value->unsigned_integer();
}

Value EncodeOptional(const std::optional<std::uint64_t>& number) {
  return number ? Value::Unsigned(*number) : Value();
}

std::optional<std::uint64_t> Percent(const ActionProgress& progress) {
  if (!progress.bytes_done || progress.bytes_total.value_or(0) == 0) return std::nullopt;
  const double share =
      static_cast<double>(*progress.bytes_done) / static_cast<double>(*progress.bytes_total);
  return static_cast<std::uint64_t>(std::clamp(share, 0.0, 1.0) * 100);
}

Value EncodeRunning(const RunningAction& running) {
  const ActionProgress& progress = running.progress;
  Object object;
  object.Set("cmd_type", CommandName(running.command));
  object.Set("started", running.started);
  object.Set("phase", progress.phase);
  object.Set("image", progress.image.empty() ? Value() : Value(progress.image));
  object.Set("bytes_done", EncodeOptional(progress.bytes_done));
  object.Set("bytes_total", EncodeOptional(progress.bytes_total));
  object.Set("percent", EncodeOptional(Percent(progress)));
  object.Set("bytes_per_second", EncodeOptional(progress.bytes_per_second));
  object.Set("seconds_left", EncodeOptional(progress.seconds_left));
  return object;
}

}  // namespace

base::Result<ActionProgress> ParseProgressLine(std::string_view line) {
  const Value value = TRY(base::json::Parse(line));
  const Object* object = value.object();
  if (object == nullptr) return base::Fail(ErrorCode::kMalformed, "not an object");
  ActionProgress progress;
  progress.phase = *TRY(base::json::RequireString(*object, "phase"));
  progress.image = *TRY(base::json::RequireString(*object, "image"));
  progress.bytes_done = TRY(OptionalInteger(*object, "bytes_done"));
  progress.bytes_total = TRY(OptionalInteger(*object, "bytes_total"));
  progress.bytes_per_second = TRY(OptionalInteger(*object, "bytes_per_second"));
  progress.seconds_left = TRY(OptionalInteger(*object, "seconds_left"));
  return progress;
}

Object EncodeProgress(const std::optional<RunningAction>& running,
                      const std::optional<CommandResult>& last, const CommandResults& results) {
  base::json::Array ended;
  for (const auto& [command, result] : results) ended.emplace_back(EncodeCommandResult(result));
  Object document;
  document.Set("running", running ? EncodeRunning(*running) : Value());
  document.Set("last", last ? Value(EncodeCommandResult(*last)) : Value());
  document.Set("results", std::move(ended));
  return document;
}

}  // namespace api
