// The status document of updates: what operators read at /updates/status, and what is kept of it
// while the host runs. Values and pure functions.
//
// The state is not stored but follows from the rest, so that the two cannot contradict each other:
//   Ready      an update is staged and next to boot
//   Staged     an update is staged
//   Available  an update is chosen
//   Idle       none of these
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace api {

enum class UpdateState : std::uint8_t { kIdle, kAvailable, kStaged, kReady };
enum class Command : std::uint8_t { kRefresh, kPrepare, kActivate, kDeactivate };
enum class CommandStatus : std::uint8_t { kSuccess, kFailed, kUnknown };

struct ImageName {
  std::string arch;
  std::string version;
  std::string variant;
  bool operator==(const ImageName&) const = default;
};

struct PartitionStatus {
  ImageName image;
  bool next_to_boot = false;
  bool operator==(const PartitionStatus&) const = default;
};

struct CommandResult {
  Command command = Command::kRefresh;
  CommandStatus status = CommandStatus::kUnknown;
  std::string timestamp;          // RFC 3339 with a fraction: when it ended
  std::uint32_t exit_status = 0;  // of the program; where it was killed, the signal's number
  std::string error_text;         // what it said on stderr
  bool operator==(const CommandResult&) const = default;
};

// What a refresh found in the repository.
struct AvailableUpdates {
  std::vector<std::string> versions;  // newest first
  std::optional<ImageName> chosen;
  std::string why;  // one line: why this one, or why none
  bool operator==(const AvailableUpdates&) const = default;
};

// What the disk says.
struct Partitions {
  std::optional<PartitionStatus> active;  // none: the host could not be identified
  std::optional<PartitionStatus> staging;
  bool operator==(const Partitions&) const = default;
};

struct UpdateStatus {
  AvailableUpdates available;
  Partitions partitions;
  CommandResult last;

  UpdateState state() const;
  bool operator==(const UpdateStatus&) const = default;
};

std::string_view StateName(UpdateState state);      // "Idle"
std::string_view CommandName(Command command);      // "refresh"
std::string_view StatusName(CommandStatus status);  // "Success"
base::Result<Command> ParseCommand(std::string_view name);

// The document as it is answered and stored, and the way back. kMalformed.
base::json::Object EncodeStatus(const UpdateStatus& status);
base::Result<UpdateStatus> DecodeStatus(const base::json::Value& document);
base::json::Object EncodeCommandResult(const CommandResult& result);
base::Result<CommandResult> DecodeCommandResult(const base::json::Object& object);

// What `updog check-update --report` prints. kMalformed.
base::Result<AvailableUpdates> DecodeReport(std::string_view text);

}  // namespace api
