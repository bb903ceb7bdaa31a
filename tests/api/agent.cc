#include "tests/api/agent.h"

#include <array>
#include <sstream>
#include <string_view>

namespace test {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Value;

constexpr int kRetries = 5;

// The word after the first "Status": where there is none, the agent crashes.
std::string StatusCodeIn(const std::string& error) {
  const std::size_t place = error.find("Status");
  if (place == std::string::npos) return "(no Status in the error line)";
  std::istringstream words(error.substr(place + 6));
  std::string code;
  words >> code;
  return code;
}

base::Result<std::string> OneOf(const std::string& text,
                                std::initializer_list<std::string_view> known) {
  for (const std::string_view word : known) {
    if (text == word) return text;
  }
  return base::Fail(ErrorCode::kMalformed, "unknown variant " + text);
}

// Members that the agent's types demand; more of them are ignored.
base::Result<> CheckImage(const Object& image) {
  for (const char* name : {"arch", "version", "variant"}) {
    TRY(base::json::RequireString(image, name));
  }
  return {};
}

base::Result<> CheckPartition(const Object& document, const char* name) {
  const Value* partition = document.Find(name);
  if (partition == nullptr || partition->is_null()) return {};
  const Object* object = TRY(base::json::RequireObject(document, name));
  if (TRY(base::json::Require(*object, "next_to_boot"))->boolean() == nullptr) {
    return base::Fail(ErrorCode::kMalformed, "next_to_boot");
  }
  const Value* image = object->Find("image");
  if (image == nullptr || image->is_null()) return {};
  return CheckImage(*TRY(base::json::RequireObject(*object, "image")));
}

base::Result<Agent::Status> ReadStatus(const std::string& text) {
  const Value value = TRY(base::json::Parse(text));
  if (value.object() == nullptr) return base::Fail(ErrorCode::kMalformed, "no object");
  const Object& document = *value.object();
  Agent::Status status;
  status.state = TRY(OneOf(*TRY(base::json::RequireString(document, "update_state")),
                           {"Idle", "Available", "Staged", "Ready"}));
  TRY(base::json::RequireArray(document, "available_updates"));
  const Value* chosen = document.Find("chosen_update");
  if (chosen != nullptr && !chosen->is_null()) {
    const Object* image = TRY(base::json::RequireObject(document, "chosen_update"));
    TRY(CheckImage(*image));
    status.chosen = *TRY(base::json::RequireString(*image, "version"));
  }
  TRY(CheckPartition(document, "active_partition"));
  TRY(CheckPartition(document, "staging_partition"));
  const Object* command = TRY(base::json::RequireObject(document, "most_recent_command"));
  status.command = TRY(OneOf(*TRY(base::json::RequireString(*command, "cmd_type")),
                             {"refresh", "prepare", "activate"}));
  status.command_status = TRY(OneOf(*TRY(base::json::RequireString(*command, "cmd_status")),
                                    {"Success", "Failed", "Unknown"}));
  TRY(base::json::RequireString(*command, "timestamp"));
  TRY(base::json::RequireInteger(*command, "exit_status", 0, 0xffffffff));
  TRY(base::json::RequireString(*command, "stderr"));
  return status;
}

base::Result<> ExpectState(const Agent::Status& status,
                           std::initializer_list<std::string_view> expected) {
  for (const std::string_view state : expected) {
    if (status.state == state) return {};
  }
  return base::Fail(ErrorCode::kState, "Unexpected update state: " + status.state);
}

// The agent accepts the refresh's success as well: it has refreshed just before.
base::Result<> ExpectSuccess(const Agent::Status& status, std::string_view command) {
  if (status.command == command || status.command_status == "Success") return {};
  return base::Fail(ErrorCode::kState, std::string(command) + " failed");
}

}  // namespace

base::Result<std::string> Agent::Invoke(const std::vector<std::string>& arguments) {
  std::vector<std::string> raw = {"raw", "-u"};
  raw.insert(raw.end(), arguments.begin(), arguments.end());
  for (int left = kRetries;; --left) {
    const ProcessResult result = client_(raw);
    if (result.exit_status == 0) return result.output;
    const std::string code = StatusCodeIn(result.errors);
    // Every failure is tried again, as its library does it.
    if (left == 0) {
      return base::Fail(code == "423" ? ErrorCode::kBusy : ErrorCode::kFailed,
                        code + ": " + result.errors);
    }
    ++retries_;
    pause_();
  }
}

base::Result<> Agent::Post(const std::string& uri) {
  TRY(Invoke({uri, "-m", "POST"}));
  return {};
}

base::Result<std::string> Agent::GetOsVersion() {
  const Value os = TRY(base::json::Parse(TRY(Invoke({"/os"}))));
  if (os.object() == nullptr) return base::Fail(ErrorCode::kMalformed, "no object");
  return *TRY(base::json::RequireString(*os.object(), "version_id"));
}

base::Result<Agent::Status> Agent::GetUpdateStatus() {
  TRY(Post("/actions/refresh-updates"));
  return ReadStatus(TRY(Invoke({"/updates/status"})));
}

base::Result<std::optional<std::string>> Agent::GetChosenUpdate() {
  const Status status = TRY(GetUpdateStatus());
  if (status.command != "refresh" || status.command_status != "Success") {
    return base::Fail(ErrorCode::kState, "refresh failed");
  }
  return status.chosen;
}

base::Result<> Agent::Prepare() {
  TRY(ExpectState(TRY(GetUpdateStatus()), {"Available", "Staged"}));
  TRY(Post("/actions/prepare-update"));
  return ExpectSuccess(TRY(GetUpdateStatus()), "prepare");
}

base::Result<> Agent::Activate() {
  TRY(ExpectState(TRY(GetUpdateStatus()), {"Staged"}));
  TRY(Post("/actions/activate-update"));
  return ExpectSuccess(TRY(GetUpdateStatus()), "activate");
}

base::Result<> Agent::BootIntoUpdate() {
  TRY(ExpectState(TRY(GetUpdateStatus()), {"Ready"}));
  return Post("/actions/reboot");
}

}  // namespace test
