#include "api/update_status.h"

#include <gmock/gmock.h>

#include "api/progress.h"
#include "tests/support/matchers.h"

namespace {

using api::UpdateState;
using api::UpdateStatus;
using base::ErrorCode;
using test::Fails;
using test::IsOk;
using test::IsOkAnd;

api::ImageName Image(const char* version) {
  return {.arch = "x86_64", .version = version, .variant = "demo"};
}

UpdateStatus Example() {
  UpdateStatus status;
  status.available = {
      .versions = {"1.2.0", "1.1.0"}, .chosen = Image("1.2.0"), .why = "the newest version"};
  status.partitions.active = {.image = Image("1.0.0"), .next_to_boot = true};
  status.last = {.command = api::Command::kRefresh,
                 .status = api::CommandStatus::kSuccess,
                 .timestamp = "2020-07-08T21:32:35.802253160Z",
                 .exit_status = 0,
                 .error_text = ""};
  return status;
}

TEST(UpdateStatus, StateFollowsFromWhatIsThere) {
  UpdateStatus status = Example();
  EXPECT_EQ(status.state(), UpdateState::kAvailable);
  status.partitions.staging = {.image = Image("1.2.0"), .next_to_boot = false};
  EXPECT_EQ(status.state(), UpdateState::kStaged);
  status.partitions.staging->next_to_boot = true;
  EXPECT_EQ(status.state(), UpdateState::kReady);
  EXPECT_EQ(UpdateStatus().state(), UpdateState::kIdle);
}

TEST(UpdateStatus, IsTheDocumentThatOperatorsRead) {
  EXPECT_EQ(base::json::Serialize(EncodeStatus(Example()), base::json::Style::kCompact),
            R"({"active_partition":{"image":{"arch":"x86_64","variant":"demo","version":"1.0.0"},)"
            R"("next_to_boot":true},"available_updates":["1.2.0","1.1.0"],)"
            R"("chosen_update":{"arch":"x86_64","variant":"demo","version":"1.2.0"},)"
            R"("most_recent_command":{"cmd_status":"Success","cmd_type":"refresh",)"
            R"("exit_status":0,"stderr":"","timestamp":"2020-07-08T21:32:35.802253160Z"},)"
            R"("staging_partition":null,"update_state":"Available","why":"the newest version"})");
}

TEST(UpdateStatus, ComesBackFromItsDocument) {
  for (UpdateStatus status : {Example(), UpdateStatus()}) {
    EXPECT_THAT(api::DecodeStatus(EncodeStatus(status)), IsOkAnd(status));
    status.partitions.staging = {.image = Image("1.2.0"), .next_to_boot = true};
    EXPECT_THAT(api::DecodeStatus(EncodeStatus(status)), IsOkAnd(status));
  }
}

TEST(UpdateStatus, RefusesADocumentOfAnotherShape) {
  for (const char* member :
       {"available_updates", "chosen_update", "active_partition", "most_recent_command", "why"}) {
    base::json::Object document = EncodeStatus(Example());
    document.Set(member, base::json::Value::Integer(7));
    EXPECT_THAT(api::DecodeStatus(document), Fails(ErrorCode::kMalformed)) << member;
    document.Erase(member);
    EXPECT_THAT(api::DecodeStatus(document), Fails(ErrorCode::kMalformed)) << member;
  }
}

TEST(Progress, IsReadFromUpdogsLines) {
  const auto progress = api::ParseProgressLine(
      R"({"phase":"download","image":"root","bytes_done":45,"bytes_total":100,)"
      R"("bytes_per_second":12,"seconds_left":null})");
  ASSERT_THAT(progress, IsOk());
  EXPECT_EQ(progress->image, "root");
  EXPECT_EQ(progress->bytes_done, 45U);
  EXPECT_EQ(progress->seconds_left, std::nullopt);
  const api::RunningAction running{
      .command = api::Command::kPrepare, .started = "now", .progress = *progress};
  EXPECT_EQ(base::json::Serialize(api::EncodeProgress(running, std::nullopt, {}),
                                  base::json::Style::kCompact),
            R"({"last":null,"results":[],"running":{"bytes_done":45,"bytes_per_second":12,)"
            R"("bytes_total":100,"cmd_type":"prepare","image":"root","percent":45,)"
            R"("phase":"download","seconds_left":null,"started":"now"}})");
}

TEST(Progress, IsNotReadFromNotesAndErrors) {
  for (const char* line : {"updog: root image: HTTP 404", "", "[]", "{}", R"({"phase": 1})"}) {
    EXPECT_THAT(api::ParseProgressLine(line), Fails(ErrorCode::kMalformed)) << line;
  }
}

}  // namespace
