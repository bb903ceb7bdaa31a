// apiclient's verbs, run as people run them, against a real server.
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>
#include <sstream>
#include <string>

#include "base/file.h"
#include "tests/api/api_world.h"

namespace test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ApiClient : public ApiWorld {
 protected:
  ApiClient() { StartServer(); }
};

TEST_F(ApiClient, AppliesAndCancelsInOneCommandEach) {
  const ProcessResult nothing = Client({"update", "apply"});
  EXPECT_EQ(nothing.exit_status, 1);
  EXPECT_THAT(nothing.errors,
              HasSubstr("none was looked for since this host started (--check looks)"));

  const ProcessResult applied = Client({"update", "apply", "--check"});
  EXPECT_EQ(applied.exit_status, 0) << applied.errors;
  EXPECT_EQ(applied.output,
            "Preparing 1.1.0: the newest version for this host\n"
            "1.1.0 is staged\n"
            "1.1.0 starts at the next boot\n");
  EXPECT_EQ(host_.Next(), "B");

  const ProcessResult status = Client({"update", "status"});
  EXPECT_THAT(status.output, AllOf(HasSubstr("State:      Ready"),
                                   HasSubstr("Staged:     1.1.0 (demo, x86_64), starts at the"),
                                   HasSubstr("History:    demo 1.1.0 on set B")));

  const ProcessResult cancelled = Client({"update", "cancel"});
  EXPECT_EQ(cancelled.exit_status, 0) << cancelled.errors;
  EXPECT_EQ(host_.Next(), "A");
  EXPECT_THAT(Client({"update", "cancel"}).errors, HasSubstr("Status 409"));
  EXPECT_EQ(Client({"update", "apply", "--json"}).exit_status, 0);
  EXPECT_EQ(TextAt(Parse(Client({"update", "status", "--json"}).output), "status.update_state"),
            "Ready");
}

TEST_F(ApiClient, AppliesWhatIsStagedWithoutADownload) {
  Client({"update", "check"});
  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");

  EXPECT_EQ(Client({"update", "apply", "--check"}).exit_status, 0);

  EXPECT_EQ(State(), "Ready");
  EXPECT_EQ(Downloads("root.img"), 1U);
}

TEST_F(ApiClient, AppliesToTheEndWhileSomebodyElseLooksForUpdates) {
  Process client(ClientOptions({"update", "apply", "--check"}));
  ASSERT_TRUE(client.WaitForOutput("Preparing"));
  for (int looked = 0; looked < 10 && client.Running();) {
    if (Post("/actions/refresh-updates").exit_status == 0) ++looked;
  }

  const ProcessResult result = client.Wait();

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(State(), "Ready");
}

TEST_F(ApiClient, AppliesWithSomebodyElseWhoDoesTheSame) {
  const Gate gate;
  HoldImage(gate);
  Process first(ClientOptions({"update", "apply", "--check"}));
  WaitUntilRequested("root.img");
  Process second(ClientOptions({"update", "apply", "--check"}));
  ASSERT_TRUE(server_process_->WaitForErrors(": 423: Update lock held"));
  gate.Open();

  for (Process* client : {&first, &second}) {
    const ProcessResult result = client->Wait();
    EXPECT_EQ(result.exit_status, 0) << result.output << result.errors;
  }
  EXPECT_EQ(State(), "Ready");
  EXPECT_EQ(Downloads("root.img"), 1U);
}

// Nothing runs, and the server is busy: something of an action before has yet to end.
TEST_F(ApiClient, WaitsForWhatIsLeftOfAnActionBefore) {
  std::optional<base::FileLock> left = base::FileLock::Acquire(dir_ / "run/lock").value();
  Process client(ClientOptions({"update", "apply", "--check"}));
  ASSERT_TRUE(server_process_->WaitForErrors(": 423: Update lock held"));
  left.reset();
  EXPECT_EQ(client.Wait().exit_status, 0);
  EXPECT_EQ(State(), "Ready");
}

TEST_F(ApiClient, TellsWhyItsOwnActionFailedWhateverRanAfterIt) {
  server_.On("/" + publisher_.PathOf("root.img.zst"), ServeFile("not what was signed"));
  Process client(ClientOptions({"update", "apply", "--check"}));
  ASSERT_TRUE(server_process_->WaitForErrors("prepare: Failed"));
  // So that the client, which asks now and then, does not see its own end as the last one.
  for (int looked = 0; looked < 3 && client.Running();) {
    if (Post("/actions/refresh-updates").exit_status == 0) ++looked;
  }

  const ProcessResult result = client.Wait();

  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, HasSubstr("prepare failed (1): "));
  EXPECT_EQ(State(), "Available");
}

TEST_F(ApiClient, AsksForTheRestartWhenTheUpdateIsApplied) {
  for (const char* from : {"Available", "Staged"}) {
    const ProcessResult result = Client({"update", "apply", "--check", "--reboot"});
    EXPECT_THAT(result.output, EndsWith("1.1.0 starts at the next boot\nRebooting\n")) << from;
    // Of a disk image it is refused; tests/vm has it done.
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.errors, HasSubstr("Status 500 when POSTing /actions/reboot"));
    EXPECT_EQ(State(), "Ready");
    Client({"update", "cancel"});
  }
}

// The two where --check ends well: no restart is asked for, which would fail.
TEST_F(ApiClient, EndsWellWhereAnUpdateIsAppliedAlready) {
  Client({"update", "apply", "--check"});
  const std::string why =
      "1.1.0 is applied already: it starts at the next boot (apiclient reboot), or is taken back "
      "(apiclient update cancel)\n";

  const ProcessResult again = Client({"update", "apply", "--check", "--reboot"});

  EXPECT_EQ(again.exit_status, 0) << again.errors;
  EXPECT_EQ(again.output, why);
  EXPECT_EQ(State(), "Ready");
  const ProcessResult refused = Client({"update", "apply"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_EQ(refused.errors, "apiclient: " + why);
}

TEST_F(ApiClient, EndsWellWhereNoUpdateIsNeeded) {
  Withdraw();

  const ProcessResult result = Client({"update", "apply", "--check", "--reboot"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output, StartsWith("No update required: the repository has no update for"));
  EXPECT_EQ(State(), "Idle");
  const ProcessResult refused = Client({"update", "apply"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("there is no update to apply"));
}

TEST_F(ApiClient, EndsWellWhereWhatIsStagedIsNotOfferedAnyMore) {
  Client({"update", "check"});
  Post("/actions/prepare-update");
  EXPECT_EQ(State(), "Staged");
  Withdraw();

  const ProcessResult result = Client({"update", "apply", "--check", "--reboot"});

  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(result.output, StartsWith("No update required: the repository has no update for"));
  EXPECT_EQ(State(), "Staged");
  EXPECT_THAT(Client({"update", "apply"}).errors, HasSubstr("there is no update to apply"));
  EXPECT_THAT(Post("/actions/prepare-update").errors,
              EndsWith("Status 404 when POSTing /actions/prepare-update: Previously chosen Update "
                       "no longer exists\n"));
}

TEST_F(ApiClient, DrawsABarOnATerminal) {
  Client({"update", "check"});
  const Gate gate;
  SlowDownImage(gate);
  const ProcessOptions client = ClientOptions({"update", "apply"});
  std::string command = client.program;
  for (const std::string& argument : client.arguments) command += " " + argument;
  // Its standard output is the terminal's, whatever is written there.
  Process terminal({.program = "script",
                    .arguments = {"--quiet", "--return", "--command", command, "/dev/null"}});

  EXPECT_TRUE(terminal.WaitForOutput("\rroot  download "));
  EXPECT_TRUE(terminal.WaitForOutput(" %  [="));
  gate.Open();

  const ProcessResult applied = terminal.Wait();
  EXPECT_EQ(applied.exit_status, 0) << applied.output;
  EXPECT_THAT(applied.output, HasSubstr("\x1b[K\r\n"));
  EXPECT_THAT(applied.output, EndsWith("1.1.0 is staged\r\n1.1.0 starts at the next boot\r\n"));
}

TEST_F(ApiClient, WritesPlainLinesWhereThereIsNoTerminal) {
  Client({"update", "check"});
  const Gate gate;
  SlowDownImage(gate);
  Process client(ClientOptions({"update", "apply"}));

  // Comes after five seconds.
  EXPECT_TRUE(client.WaitForErrors("root: download, "));
  gate.Open();

  const ProcessResult applied = client.Wait();
  EXPECT_EQ(applied.exit_status, 0) << applied.errors;
  EXPECT_THAT(applied.errors, testing::MatchesRegex("(boot|root): [a-z]+, [0-9]+ %, [^\r\x1b]*\n"));
  EXPECT_THAT(applied.output, Not(HasSubstr("download")));
}

TEST_F(ApiClient, PrintsJsonWithEveryVerb) {
  const auto document = [&](std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const ProcessResult result = Client(arguments);
    EXPECT_EQ(result.exit_status, 0) << result.errors;
    return Parse(result.output);
  };
  EXPECT_EQ(TextAt(document({"update", "check"}), "update_state"), "Available");
  EXPECT_EQ(TextAt(document({"update", "apply"}), "update_state"), "Ready");
  EXPECT_EQ(TextAt(document({"update", "apply", "--check"}), "update_state"), "Ready");
  EXPECT_EQ(TextAt(document({"update", "cancel"}), "update_state"), "Staged");
  EXPECT_EQ(TextAt(document({"update", "status"}), "status.update_state"), "Staged");
  Withdraw();
  EXPECT_EQ(TextAt(document({"update", "apply", "--check"}), "chosen_update"), "null");
  EXPECT_EQ(TextAt(document({"get", "os"}), "os.arch"), "x86_64");
  EXPECT_EQ(TextAt(document({"raw", "-u", "/os"}), "arch"), "x86_64");
  EXPECT_EQ(TextAt(document({"-u", "/os"}), "arch"), "x86_64");
}

TEST_F(ApiClient, TellsHowThingsStandInOneShapeWhateverRuns) {
  const auto standing = [&] {
    const ProcessResult result = Client({"update", "status", "--json"});
    EXPECT_EQ(result.exit_status, 0) << result.errors;
    return Parse(result.output);
  };
  const base::json::Object unknown = standing();
  EXPECT_EQ(TextAt(unknown, "status"), "null");
  EXPECT_EQ(TextAt(unknown, "running"), "null");
  EXPECT_EQ(TextAt(unknown, "history.attempts"), "[]");

  Client({"update", "check"});
  const Gate gate;
  HoldImage(gate);
  Post("/actions/prepare-update");
  const base::json::Object running = standing();
  EXPECT_EQ(TextAt(running, "status"), "null");
  EXPECT_EQ(TextAt(running, "running.cmd_type"), "prepare");
  gate.Open();
  EXPECT_EQ(State(), "Staged");
}

TEST_F(ApiClient, WaitsForTheEndOfSomebodyElsesLook) {
  ASSERT_EQ(Client({"update", "apply", "--check"}).exit_status, 0);
  const std::string timestamp = publisher_.Files().at("metadata/timestamp.json");
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"update", "apply", "--check"}, {"update", "cancel"}}) {
    const Gate gate;
    server_.On("/metadata/timestamp.json", gate.Before(ServeFile(timestamp)));
    ASSERT_EQ(Post("/actions/refresh-updates").exit_status, 0);
    EXPECT_THAT(Client({"update", "check"}).errors, HasSubstr("Status 423"));
    Process client(ClientOptions(verb));
    ASSERT_TRUE(server_process_->WaitForErrors("pid " + std::to_string(client.pid()) + ": 423"));
    gate.Open();
    const ProcessResult result = client.Wait();
    EXPECT_EQ(result.exit_status, 0) << verb.back() << result.errors;
  }
  EXPECT_EQ(State(), "Staged");
}

TEST_F(ApiClient, CancelsNothingWhileSomebodyElseWritesAnUpdate) {
  Client({"update", "check"});
  const Gate gate;
  HoldImage(gate);
  Post("/actions/prepare-update");
  EXPECT_THAT(Client({"update", "cancel"}).errors, HasSubstr("Status 423"));
  gate.Open();
  EXPECT_EQ(State(), "Staged");
}

TEST_F(ApiClient, SaysWhatBecameOfAnActionWhoseServerWasKilled) {
  Client({"update", "check"});
  const Gate gate;
  HoldImage(gate);
  Process client(ClientOptions({"update", "apply"}));
  WaitUntilRequested("root.img");
  KillServer();
  StartServer();
  const ProcessResult result = client.Wait();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, HasSubstr("prepare failed (1): the API server ended while this ran"));
  gate.Open();
  EXPECT_EQ(Client({"update", "apply", "--check"}).exit_status, 0);
}

TEST_F(ApiClient, TellsProgressAsJsonOnStderr) {
  Client({"update", "check"});
  const ProcessResult applied = Client({"update", "apply", "--json"});
  EXPECT_EQ(TextAt(Parse(applied.output), "update_state"), "Ready");
  std::istringstream lines(applied.errors);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_THAT(TextAt(Parse(line), "phase"), testing::AnyOf("download", "write"));
  }
}

TEST_F(ApiClient, DoesNotRestartThisMachineForADiskImage) {
  const ProcessResult refused = Client({"reboot"});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.errors, HasSubstr("Status 500 when POSTing /actions/reboot: the "
                                        "configuration is about the disk"));
}

TEST_F(ApiClient, SetsAndGetsSettingsAndRefusesWrongOnes) {
  EXPECT_EQ(Client({"set", "updates.version-lock=v1.0.5", "settings.updates.ignore-waves=true"})
                .exit_status,
            0);
  const base::json::Object updates =
      *Parse(Client({"get", "settings.updates"}).output).Find("settings")->object();
  EXPECT_EQ(TextAt(updates, "updates.ignore-waves"), "true");

  Client({"update", "check"});
  EXPECT_EQ(TextAt(Status(), "why"),
            "the repository has no version 1.0.5 for variant demo on "
            "x86_64");

  const ProcessResult wrong = Client({"set", "updates.seed=4096", "updates.version-lock=latest"});
  EXPECT_EQ(wrong.exit_status, 1);
  EXPECT_THAT(wrong.errors, AllOf(StartsWith("apiclient: Failed PATCH request to "
                                             "'/settings/keypair': Status 400 when PATCHing "
                                             "/settings/keypair: "),
                                  HasSubstr("updates.seed")));
  EXPECT_EQ(TextAt(Parse(Get("/settings").output), "updates.version-lock"), "v1.0.5");

  EXPECT_EQ(Client({"set", "--json", R"({"settings":{"updates":{"version-lock":"latest"}}})"})
                .exit_status,
            0);
  EXPECT_EQ(TextAt(Parse(Get("/settings").output), "updates.version-lock"), "latest");
  EXPECT_THAT(Post("/tx/commit_and_apply").errors, HasSubstr("Status 422"));
}

TEST_F(ApiClient, SendsOneRequestWithoutACommandToo) {
  EXPECT_EQ(Client({"-u", "/os"}).output, Get("/os").output);
  const ProcessResult verbose = Client({"raw", "-u", "/os", "-v"});
  EXPECT_EQ(verbose.output, Get("/os").output);
  EXPECT_EQ(verbose.errors, "200\n");
  EXPECT_EQ(Client({"-u", "/nowhere", "-X", "DELETE", "-v"}).errors,
            "Failed DELETE request to '/nowhere': Status 404 when DELETEing /nowhere: There is "
            "nothing here\n");
  EXPECT_THAT(Client({"-u", "/os", "-X", "POST"}).errors, HasSubstr("Status 405"));
  EXPECT_EQ(Client({}).exit_status, 2);
}

TEST_F(ApiClient, GetsASettingWithAndWithoutTheLeadingSettings) {
  for (const char* name : {"settings.updates.seed", "updates.seed"}) {
    EXPECT_EQ(TextAt(Parse(Client({"get", name}).output), "settings.updates.seed"), "17") << name;
  }
}

TEST_F(ApiClient, SaysThatTheSettingsAreLostAndNotThatNothingIsStaged) {
  const std::string file = settings().datastore + "/current/settings.json";
  std::filesystem::remove(file);
  EXPECT_THAT(Client({"set", "updates.ignore-waves=true"}).errors,
              AllOf(HasSubstr("Status 500"), HasSubstr("settings.json")));
}

TEST_F(ApiClient, SendsNothingElseThanOneRequest) {
  EXPECT_EQ(Get("/os HTTP/1.1\r\nX: y").exit_status, 2);
  EXPECT_EQ(Client({"raw", "-u", "/os", "-m", "GET /"}).exit_status, 2);
  EXPECT_EQ(Client({"get", "/os HTTP/1.1\r\nX: y"}).exit_status, 2);
  EXPECT_EQ(Client({"get", "os", "-u", "/settings"}).exit_status, 2);
  EXPECT_EQ(Client({"-m", "POST", "get", "os"}).exit_status, 2);
  EXPECT_EQ(Client({"-v", "reboot"}).exit_status, 2);
  EXPECT_THAT(Get("/?prefix=a%0ab").errors, HasSubstr("'a?b' begins neither os nor settings\n"));
}

TEST_F(ApiClient, SaysThatTheServerCannotBeReached) {
  KillServer();
  const std::string line = "Failed GET request to '/os': " + socket();
  const ProcessResult refused = Get("/os");
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_EQ(refused.errors, line + ": Connection refused\n");
  EXPECT_EQ(refused.output, "");
  std::filesystem::remove(socket());
  EXPECT_EQ(Get("/os").errors, line + ": No such file or directory\n");
}

}  // namespace
}  // namespace test
