#include "api/update_status.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

namespace api {
namespace {

using base::ErrorCode;
using base::json::Array;
using base::json::Object;
using base::json::Value;

constexpr std::array kCommands = {Command::kRefresh, Command::kPrepare, Command::kActivate,
                                  Command::kDeactivate};
constexpr std::array kStatuses = {CommandStatus::kSuccess, CommandStatus::kFailed,
                                  CommandStatus::kUnknown};

Value EncodeImage(const ImageName& image) {
  Object object;
  object.Set("arch", image.arch);
  object.Set("version", image.version);
  object.Set("variant", image.variant);
  return object;
}

base::Result<ImageName> DecodeImage(const Object& object) {
  return ImageName{.arch = *TRY(base::json::RequireString(object, "arch")),
                   .version = *TRY(base::json::RequireString(object, "version")),
                   .variant = *TRY(base::json::RequireString(object, "variant"))};
}

// The object that a member is, or nothing where it is null.
base::Result<const Object*> RequireObjectOrNull(const Object& object, std::string_view name) {
  const Value* value = TRY(base::json::Require(object, name));
  if (value->is_null()) return nullptr;
  return base::json::RequireObject(object, name);
}

base::Result<std::optional<ImageName>> DecodeImageOrNull(const Object& object,
                                                         std::string_view name) {
  const Object* image = TRY(RequireObjectOrNull(object, name));
  if (image == nullptr) return std::nullopt;
  return TRY_CONTEXT(DecodeImage(*image), name);
}

Value EncodePartition(const std::optional<PartitionStatus>& partition) {
  if (!partition) return {};
  Object object;
  object.Set("image", EncodeImage(partition->image));
  object.Set("next_to_boot", partition->next_to_boot);
  return object;
}

base::Result<std::optional<PartitionStatus>> DecodePartition(const Object& document,
                                                             std::string_view name) {
  const Object* object = TRY(RequireObjectOrNull(document, name));
  if (object == nullptr) return std::nullopt;
  const Object* image = TRY(base::json::RequireObject(*object, "image"));
  const Value* next = TRY(base::json::Require(*object, "next_to_boot"));
  if (next->boolean() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, "next_to_boot: not true or false");
  }
  return PartitionStatus{.image = TRY(DecodeImage(*image)), .next_to_boot = *next->boolean()};
}

base::Result<CommandStatus> ParseStatus(std::string_view name) {
  for (const CommandStatus status : kStatuses) {
    if (StatusName(status) == name) return status;
  }
  return base::Fail(ErrorCode::kMalformed, fmt::format("'{:.40}' is no status", name));
}

void EncodeAvailable(const AvailableUpdates& available, Object& document) {
  Array versions(available.versions.begin(), available.versions.end());
  document.Set("available_updates", std::move(versions));
  document.Set("chosen_update", available.chosen ? EncodeImage(*available.chosen) : Value());
  document.Set("why", available.why);
}

base::Result<AvailableUpdates> DecodeAvailable(const Object& document) {
  AvailableUpdates available;
  for (const Value& version : *TRY(base::json::RequireArray(document, "available_updates"))) {
    if (version.string() == nullptr) {
      return base::Fail(ErrorCode::kMalformed, "available_updates: not strings");
    }
    available.versions.push_back(*version.string());
  }
  available.chosen = TRY(DecodeImageOrNull(document, "chosen_update"));
  available.why = *TRY(base::json::RequireString(document, "why"));
  return available;
}

base::Result<const Object*> AsObject(const Value& value) {
  if (value.object() == nullptr) return base::Fail(ErrorCode::kMalformed, "not an object");
  return value.object();
}

}  // namespace

UpdateState UpdateStatus::state() const {
  if (partitions.staging) {
    return partitions.staging->next_to_boot ? UpdateState::kReady : UpdateState::kStaged;
  }
  return available.chosen ? UpdateState::kAvailable : UpdateState::kIdle;
}

std::string_view StateName(UpdateState state) {
  switch (state) {
    case UpdateState::kIdle:
      return "Idle";
    case UpdateState::kAvailable:
      return "Available";
    case UpdateState::kStaged:
      return "Staged";
    case UpdateState::kReady:
      return "Ready";
  }
  return "";
}

std::string_view CommandName(Command command) {
  switch (command) {
    case Command::kRefresh:
      return "refresh";
    case Command::kPrepare:
      return "prepare";
    case Command::kActivate:
      return "activate";
    case Command::kDeactivate:
      return "deactivate";
  }
  return "";
}

std::string_view StatusName(CommandStatus status) {
  switch (status) {
    case CommandStatus::kSuccess:
      return "Success";
    case CommandStatus::kFailed:
      return "Failed";
    case CommandStatus::kUnknown:
      return "Unknown";
  }
  return "";
}

base::Result<Command> ParseCommand(std::string_view name) {
  for (const Command command : kCommands) {
    if (CommandName(command) == name) return command;
  }
  return base::Fail(ErrorCode::kMalformed, fmt::format("'{:.40}' is no command", name));
}

Object EncodeCommandResult(const CommandResult& result) {
  Object object;
  object.Set("cmd_type", CommandName(result.command));
  object.Set("cmd_status", StatusName(result.status));
  object.Set("timestamp", result.timestamp);
  object.Set("exit_status", Value::Unsigned(result.exit_status));
  object.Set("stderr", result.error_text);
  return object;
}

base::Result<CommandResult> DecodeCommandResult(const Object& object) {
  CommandResult result;
  result.command = TRY(ParseCommand(*TRY(base::json::RequireString(object, "cmd_type"))));
  result.status = TRY(ParseStatus(*TRY(base::json::RequireString(object, "cmd_status"))));
  result.timestamp = *TRY(base::json::RequireString(object, "timestamp"));
  result.exit_status = static_cast<std::uint32_t>(TRY(base::json::RequireInteger(
      object, "exit_status", 0, std::numeric_limits<std::uint32_t>::max())));
  result.error_text = *TRY(base::json::RequireString(object, "stderr"));
  return result;
}

Object EncodeStatus(const UpdateStatus& status) {
  Object document;
  document.Set("update_state", StateName(status.state()));
  EncodeAvailable(status.available, document);
  document.Set("active_partition", EncodePartition(status.partitions.active));
  document.Set("staging_partition", EncodePartition(status.partitions.staging));
  document.Set("most_recent_command", EncodeCommandResult(status.last));
  return document;
}

base::Result<UpdateStatus> DecodeStatus(const Value& value) {
  const Object& document = *TRY(AsObject(value));
  UpdateStatus status;
  status.available = TRY(DecodeAvailable(document));
  status.partitions.active = TRY(DecodePartition(document, "active_partition"));
  status.partitions.staging = TRY(DecodePartition(document, "staging_partition"));
  const Object* last = TRY(base::json::RequireObject(document, "most_recent_command"));
  status.last = TRY_CONTEXT(DecodeCommandResult(*last), "most_recent_command");
  return status;
}

base::Result<AvailableUpdates> DecodeReport(std::string_view text) {
  const Value report = TRY(base::json::Parse(text));
  return DecodeAvailable(*TRY(AsObject(report)));
}

}  // namespace api
