// apiserver as a process: the state machine of updates, as its clients see it.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/api/api_world.h"

namespace test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ApiPrograms : public ApiWorld {
 protected:
  ApiPrograms() { StartServer(); }
};

TEST_F(ApiPrograms, TakeAnUpdateFromAvailableToReadyAndBack) {
  const ProcessResult unknown = Get("/updates/status");
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_EQ(unknown.errors,
            "Failed GET request to '/updates/status': Status 404 when GETing /updates/status: "
            "Update status is uninitialized, refresh-updates to initialize it\n");

  EXPECT_EQ(Post("/actions/refresh-updates").exit_status, 0);
  const base::json::Object available = Status();
  EXPECT_EQ(TextAt(available, "update_state"), "Available");
  EXPECT_EQ(TextAt(available, "available_updates"), R"(["1.1.0"])");
  EXPECT_EQ(TextAt(available, "chosen_update.version"), "1.1.0");
  EXPECT_EQ(TextAt(available, "active_partition.image.version"), "1.0.0");
  EXPECT_EQ(TextAt(available, "active_partition.next_to_boot"), "true");
  EXPECT_EQ(TextAt(available, "staging_partition"), "null");
  EXPECT_EQ(TextAt(available, "why"), "the newest version for this host");
  EXPECT_EQ(TextAt(available, "most_recent_command.cmd_type"), "refresh");

  EXPECT_EQ(Post("/actions/prepare-update").exit_status, 0);
  const base::json::Object staged = Status();
  EXPECT_EQ(TextAt(staged, "update_state"), "Staged");
  EXPECT_EQ(TextAt(staged, "staging_partition.image.version"), "1.1.0");
  EXPECT_EQ(TextAt(staged, "staging_partition.next_to_boot"), "false");
  EXPECT_TRUE(Holds(host_, "1.1.0"));
  EXPECT_EQ(host_.Next(), "A");

  EXPECT_EQ(Post("/actions/activate-update").exit_status, 0);
  EXPECT_EQ(State(), "Ready");
  EXPECT_EQ(host_.Next(), "B");
  EXPECT_EQ(TextAt(Status(), "active_partition.next_to_boot"), "false");

  EXPECT_EQ(Post("/actions/deactivate-update").exit_status, 0);
  EXPECT_EQ(State(), "Staged");
  EXPECT_EQ(host_.Next(), "A");
  EXPECT_EQ(TextAt(Status(), "most_recent_command.cmd_type"), "deactivate");
}

TEST_F(ApiPrograms, RefuseWhatTheStateDoesNotAllow) {
  for (const char* action : {"prepare-update", "activate-update", "deactivate-update"}) {
    EXPECT_THAT(Post(std::string("/actions/") + action).errors, HasSubstr("Status 404")) << action;
  }
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  EXPECT_EQ(Post("/actions/activate-update").errors,
            "Failed POST request to '/actions/activate-update': Status 409 when POSTing "
            "/actions/activate-update: Update action not allowed according to update state\n");
  EXPECT_THAT(Post("/actions/deactivate-update").errors, HasSubstr("Status 409"));
  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");
  EXPECT_THAT(Post("/actions/deactivate-update").errors, HasSubstr("Status 409"));
  Post("/actions/activate-update");
  EXPECT_EQ(State(), "Ready");
  EXPECT_THAT(Post("/actions/prepare-update").errors, HasSubstr("Status 409"));
  EXPECT_THAT(Post("/actions/activate-update").errors, HasSubstr("Status 409"));
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Ready");
}

TEST_F(ApiPrograms, AnswerThatTheyAreBusyUntilTheResultStands) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  const Gate gate;
  HoldImage(gate);

  EXPECT_EQ(Post("/actions/prepare-update").exit_status, 0);

  EXPECT_EQ(Get("/updates/status").errors,
            "Failed GET request to '/updates/status': Status 423 when GETing /updates/status: "
            "Update lock held\n");
  EXPECT_THAT(Post("/actions/refresh-updates").errors, HasSubstr("Status 423"));
  EXPECT_THAT(Post("/actions/activate-update").errors, HasSubstr("Status 423"));
  EXPECT_EQ(TextAt(Parse(Get("/updates/progress").output), "running.cmd_type"), "prepare");
  EXPECT_EQ(Client({"update", "status"}).exit_status, 0);
  EXPECT_THAT(Client({"update", "status"}).output, StartsWith("prepare runs"));
  gate.Open();
  EXPECT_EQ(State(), "Staged");
  EXPECT_EQ(TextAt(Parse(Get("/updates/progress").output), "running"), "null");
}

TEST_F(ApiPrograms, TellHowFarTheActionIs) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  const Gate gate;
  SlowDownImage(gate);
  Post("/actions/prepare-update");
  base::json::Object document;
  do document = Parse(Get("/updates/progress").output);
  while (TextAt(document, "running.image") != "root" ||
         TextAt(document, "running.bytes_per_second") == "0");

  EXPECT_EQ(TextAt(document, "running.cmd_type"), "prepare");
  EXPECT_EQ(TextAt(document, "running.phase"), "download");
  const auto number = [&](const std::string& name) {
    return std::stoull(TextAt(document, "running." + name));
  };
  const std::size_t size = publisher_.Files().at(publisher_.PathOf("root.img.zst")).size();
  EXPECT_EQ(number("bytes_total"), size);
  EXPECT_EQ(number("percent"), number("bytes_done") * 100 / size);
  EXPECT_GT(number("seconds_left"), 0U);
  gate.Open();
  EXPECT_EQ(State(), "Staged");
}

TEST_F(ApiPrograms, PrepareWhatIsStagedAtOnceAndWithoutADownload) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");
  server_.Forget();

  EXPECT_EQ(Post("/actions/prepare-update").exit_status, 0);

  EXPECT_EQ(State(), "Staged");
  EXPECT_EQ(TextAt(Status(), "most_recent_command.cmd_type"), "prepare");
  EXPECT_EQ(TextAt(Status(), "most_recent_command.cmd_status"), "Success");
  EXPECT_THAT(server_.Targets(), testing::IsEmpty());
}

TEST_F(ApiPrograms, FetchTheMigrationsOfWhatIsStagedAgainWhereTheyAreLost) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");
  std::filesystem::remove_all(host_.migrations_dir());
  Post("/actions/activate-update");
  EXPECT_EQ(State(), "Staged");
  EXPECT_EQ(TextAt(Status(), "most_recent_command.cmd_status"), "Failed");
  server_.Forget();

  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");
  EXPECT_EQ(Downloads("root.img"), 0U);
  Post("/actions/activate-update");
  EXPECT_EQ(State(), "Ready");
}

TEST_F(ApiPrograms, DoNotTakeADiskThatCannotBeReadForStaged) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");
  const std::string disk = host_.disk().path();
  std::filesystem::rename(disk, disk + ".away");

  EXPECT_EQ(Post("/actions/prepare-update").exit_status, 0);

  EXPECT_EQ(TextAt(Status(), "most_recent_command.cmd_status"), "Failed");
  std::filesystem::rename(disk + ".away", disk);
}

TEST_F(ApiPrograms, SayThatWhatWasStagedIsGone) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");
  const ProcessResult cleared =
      RunProcess({.program = Program("signpost/signpost"),
                  .arguments = {"--disk", host_.disk().path(), "--active", "a", "clear-inactive"}});
  ASSERT_EQ(cleared.exit_status, 0) << cleared.errors;

  EXPECT_THAT(Post("/actions/activate-update").errors,
              HasSubstr("Status 404 when POSTing /actions/activate-update: No update image applied "
                        "to staging partition\n"));
  EXPECT_EQ(State(), "Available");
  KillServer();
  StartServer();
  EXPECT_EQ(State(), "Available");
}

TEST_F(ApiPrograms, TellWhyAnActionFailedAndWhatIsLeft) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  server_.On("/" + publisher_.PathOf("root.img.zst"), Answer(404));

  EXPECT_EQ(Post("/actions/prepare-update").exit_status, 0);

  const base::json::Object failed = Status();
  EXPECT_EQ(TextAt(failed, "update_state"), "Available");
  EXPECT_EQ(TextAt(failed, "staging_partition"), "null");
  EXPECT_EQ(TextAt(failed, "most_recent_command.cmd_status"), "Failed");
  EXPECT_EQ(TextAt(failed, "most_recent_command.exit_status"), "1");
  EXPECT_THAT(TextAt(failed, "most_recent_command.stderr"), HasSubstr("root image"));
  host_.ExpectUnharmed();
}

TEST_F(ApiPrograms, KeepTheDocumentWhenTheServerRestarts) {
  Post("/actions/refresh-updates");
  const base::json::Object before = Status();
  server_process_->Signal(SIGTERM);
  EXPECT_EQ(server_process_->Wait().exit_status, 0);

  StartServer();

  EXPECT_EQ(Status(), before);
}

TEST_F(ApiPrograms, KeepTheResultOfAnActionWhenTheServerIsKilledRightAfterItsEnd) {
  Post("/actions/refresh-updates");
  const base::json::Object before = Status();
  KillServer();
  // What lies there until the result is stored.
  const std::string started = TextAt(Parse(ReadAll(dir_ / "run/status.json")), "started");
  WriteAll(dir_ / "run/running.json", R"({"cmd_type": "refresh", "started": ")" + started + "\"}");

  StartServer();

  EXPECT_EQ(Status(), before);
  EXPECT_EQ(TextAt(before, "started"), "(absent)");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "run/running.json"));
}

TEST_F(ApiPrograms, SayWhatHappenedAfterTheServerWasKilledInAnAction) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  const Gate gate;
  HoldImage(gate);
  Post("/actions/prepare-update");
  WaitUntilRequested("root.img");
  KillServer();
  StartServer();

  const base::json::Object lost = Status();
  EXPECT_EQ(TextAt(lost, "update_state"), "Available");
  EXPECT_EQ(TextAt(lost, "most_recent_command.cmd_type"), "prepare");
  EXPECT_EQ(TextAt(lost, "most_recent_command.cmd_status"), "Unknown");
  EXPECT_EQ(TextAt(lost, "most_recent_command.exit_status"), "1");
  EXPECT_THAT(TextAt(lost, "most_recent_command.stderr"), HasSubstr("the API server ended"));
  gate.Open();
  // The lock is free, updog's too.
  EXPECT_EQ(Post("/actions/prepare-update").exit_status, 0);
  EXPECT_EQ(State(), "Staged");
}

TEST_F(ApiPrograms, EndARunningActionWhenTheServerIsStopped) {
  Post("/actions/refresh-updates");
  EXPECT_EQ(State(), "Available");
  const Gate gate;
  HoldImage(gate);
  Post("/actions/prepare-update");
  WaitUntilRequested("root.img");
  server_process_->Signal(SIGTERM);
  EXPECT_EQ(server_process_->Wait().exit_status, 0);
  gate.Open();
  StartServer();

  const base::json::Object stopped = Status();
  EXPECT_EQ(TextAt(stopped, "most_recent_command.cmd_status"), "Failed");
  EXPECT_EQ(TextAt(stopped, "most_recent_command.exit_status"), std::to_string(SIGTERM));
  EXPECT_THAT(TextAt(stopped, "most_recent_command.stderr"), HasSubstr("was stopped"));
}

TEST_F(ApiPrograms, BringTheSettingsIntoForceWhenTheServerStarts) {
  // A server that was killed between storing them and that.
  KillServer();
  const std::string in_force = ReadAll(settings().config);
  WriteAll(settings().config, "# stale\n");
  StartServer();
  EXPECT_EQ(ReadAll(settings().config), in_force);
}

TEST_F(ApiPrograms, ConfigureTheUpdogThatTheyRunButNotAFileThatSomebodyNames) {
  KillServer();
  const std::string named = dir_ / "named.toml";
  std::filesystem::copy_file(settings().config, named);
  const std::string before = ReadAll(named);
  for (const bool is_named : {false, true}) {
    ProcessOptions options = ServerOptions();
    const auto config = std::ranges::find(options.arguments, settings().config);
    if (is_named) {
      *config = named;
    } else {
      options.arguments.erase(config - 1, config + 1);
    }
    server_process_ = std::make_unique<Process>(options);
    ASSERT_TRUE(server_process_->WaitForErrors("serving"));
    EXPECT_EQ(Client({"set", "updates.version-lock=v1.0.0"}).exit_status, 0);
    Post("/actions/refresh-updates");
    EXPECT_EQ(State(), is_named ? "Available" : "Idle");
  }
  EXPECT_EQ(ReadAll(named), before);
}

TEST_F(ApiPrograms, TellWhatTheHostIs) {
  const base::json::Object os = Parse(Get("/os").output);
  EXPECT_EQ(TextAt(os, "pretty_name"), "Demo 1.0.0");
  EXPECT_EQ(TextAt(os, "variant_id"), "demo");
  EXPECT_EQ(TextAt(os, "version_id"), "1.0.0");
  EXPECT_EQ(TextAt(os, "build_id"), "1");
  EXPECT_EQ(TextAt(os, "arch"), "x86_64");
  EXPECT_EQ(TextAt(Parse(Client({"get", "os", "settings.updates"}).output), "os.arch"), "x86_64");
  EXPECT_EQ(TextAt(Parse(Get("/?prefix=os.ver").output), "os.version_id"), "1.0.0");
}

TEST_F(ApiPrograms, LogWhoChangedWhat) {
  Post("/actions/refresh-updates");
  EXPECT_TRUE(server_process_->WaitForErrors("POST /actions/refresh-updates by uid " +
                                             std::to_string(getuid()) + " gid " +
                                             std::to_string(getgid()) + " pid "));
}

TEST_F(ApiPrograms, KeepOthersOffTheSocket) {
  struct stat status{};
  ASSERT_EQ(stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0660U);
  // A second server does not push the first one aside.
  ProcessOptions options = ServerOptions();
  *std::ranges::find(options.arguments, dir_ / "run") = dir_ / "run-of-the-second";
  const ProcessResult second = RunProcess(options);
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.errors, HasSubstr("a server answers there"));
  EXPECT_EQ(Get("/os").exit_status, 0);
}

TEST_F(ApiPrograms, GiveTheSocketToAGroup) {
  KillServer();
  // Only root may give it to a group that it is not in.
  const gid_t group = geteuid() == 0 ? 12345 : getegid();
  ProcessOptions options = ServerOptions();
  options.arguments.insert(options.arguments.end(), {"--socket-gid", std::to_string(group)});
  Process server(options);
  ASSERT_TRUE(server.WaitForErrors("serving"));

  struct stat status{};
  ASSERT_EQ(stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0660U);
  EXPECT_EQ(status.st_gid, group);
}

}  // namespace
}  // namespace test
