// The program tuf-client, as the TUF project's conformance suite drives it: every call is a process
// of its own, against a web server on loopback.

#include <array>
#include <csignal>
#include <thread>

#include "tests/tough/tuf_client_fixture.h"
#include "tough/url.h"

namespace tough {
namespace {

using test::Answer;
using test::ProcessResult;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr auto kMonth = std::chrono::days(30);

TEST_F(TufClient, InitCopiesTheRootAndMakesNoRequest) {
  Serve();
  const ProcessResult result = Init();
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(Metadata("root.json"), repository_.File("1.root.json"));
  EXPECT_THAT(server_.Requests(), IsEmpty());
}

TEST_F(TufClient, InitRefusesARootThatIsNone) {
  std::ofstream(root_path_, std::ios::trunc) << "{}";
  const ProcessResult result = Init();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, AllOf(IsOneLine(), HasSubstr("initial_root.json")));
  EXPECT_THAT(FilesBelow(metadata_dir_), IsEmpty());
}

TEST_F(TufClient, RefreshLeavesTrustedMetadataAsReceived) {
  Serve();
  ASSERT_EQ(Init().exit_status, 0);
  const ProcessResult result = Refresh();
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  EXPECT_THAT(Requests(),
              ElementsAre("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"));
  for (const auto& [name, served] :
       {std::pair("root.json", "1.root.json"), std::pair("timestamp.json", "timestamp.json"),
        std::pair("snapshot.json", "1.snapshot.json"),
        std::pair("targets.json", "1.targets.json")}) {
    EXPECT_EQ(Metadata(name), repository_.File(served)) << name;
  }
}

TEST_F(TufClient, HasOnlyMetadataUnderJsonNames) {
  repository_.PublishNextRoot();
  Serve();
  ASSERT_EQ(Init().exit_status, 0);
  ASSERT_EQ(Refresh().exit_status, 0);
  Words names;
  for (const auto& entry : fs::directory_iterator(metadata_dir_)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names,
              UnorderedElementsAre("root.json", "timestamp.json", "snapshot.json", "targets.json"));
}

TEST_F(TufClient, RefreshNeedsATrustedRoot) {
  Serve();
  const ProcessResult result = Refresh();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, AllOf(IsOneLine(), HasSubstr("tuf-client init")));
  EXPECT_THAT(server_.Requests(), IsEmpty());
}

TEST_F(TufClient, TakesTheInitialRootForItsAnchorInEveryRun) {
  Serve();
  ASSERT_EQ(Init().exit_status, 0);
  test::RepositoryBuilder attacker;
  attacker.SetKeys(Role::kRoot, {"attacker"});
  attacker.SignWith(Role::kRoot, {"attacker"});
  attacker.PublishRoot();
  std::ofstream(metadata_dir_ + "/root.json", std::ios::trunc) << attacker.File("1.root.json");
  EXPECT_EQ(Refresh().exit_status, 0);
  EXPECT_EQ(Metadata("root.json"), repository_.File("1.root.json"));
}

TEST_F(TufClient, DownloadRefreshesFirst) {
  PublishTarget("dir/a.txt", "content");
  ASSERT_EQ(Init().exit_status, 0);
  const ProcessResult result = Download({"dir/a.txt"});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  EXPECT_THAT(Requests(), ElementsAre("2.root.json", "timestamp.json", "2.snapshot.json",
                                      "2.targets.json", "a.txt"));
  EXPECT_EQ(Target("dir/a.txt"), "content");
}

TEST_F(TufClient, DownloadAsksNotAgainForWhatIsThere) {
  PublishTarget("a.txt", "content");
  ASSERT_EQ(Init().exit_status, 0);
  ASSERT_EQ(Download({"a.txt"}).exit_status, 0);
  server_.Forget();
  EXPECT_EQ(Download({"a.txt"}).exit_status, 0);
  EXPECT_THAT(Requests(), ElementsAre("2.root.json", "timestamp.json"));
}

TEST_F(TufClient, AChangedTargetKeepsItsFileName) {
  PublishTarget("a.txt", "content");
  ASSERT_EQ(Init().exit_status, 0);
  ASSERT_EQ(Download({"a.txt"}).exit_status, 0);
  PublishTarget("a.txt", "new content");
  ASSERT_EQ(Download({"a.txt"}).exit_status, 0);
  EXPECT_EQ(Target("a.txt"), "new content");
  EXPECT_THAT(FilesBelow(target_dir_), ElementsAre("a.txt"));
}

TEST_F(TufClient, DownloadTakesNamesInOrderAndStopsAtTheFirstFailure) {
  PublishTarget("a", "first");
  PublishTarget("b", "second");
  PublishTarget("c", "third");
  ASSERT_EQ(Init().exit_status, 0);
  const ProcessResult result = Download({"b", "a", "nobody lists this", "c"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, AllOf(IsOneLine(), HasSubstr("nobody lists this")));
  EXPECT_THAT(Requests(), ElementsAre("2.root.json", "timestamp.json", "4.snapshot.json",
                                      "4.targets.json", "b", "a"));
  EXPECT_THAT(FilesBelow(target_dir_), UnorderedElementsAre("a", "b"));
}

TEST_F(TufClient, DownloadLeavesNothingUnverified) {
  PublishTarget("a", "content");
  for (const auto& [path, bytes] : repository_.target_files()) {
    server_.On("/targets/" + path, Answer(200, "CONTENT"));
  }
  ASSERT_EQ(Init().exit_status, 0);
  const ProcessResult result = Download({"a"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, AllOf(IsOneLine(), HasSubstr("sha256")));
  EXPECT_THAT(FilesBelow(target_dir_), IsEmpty());
}

// The graphs of the conformance suite: delegations as pairs, and whom a search that finds nothing
// asks.
struct Graph {
  const char* name;
  std::vector<std::array<std::string, 3>>
      delegations;  // delegator, role, "terminating" or its path
  Words asked;
};
class TufClientGraph : public TufClient, public testing::WithParamInterface<Graph> {};

TEST_P(TufClientGraph, IsWalkedInPreOrder) {
  for (const auto& [delegator, role, kind] : GetParam().delegations) {
    auto description = test::RepositoryBuilder::DelegatedRole(role);
    if (kind == "terminating") description.Set("terminating", true);
    if (kind.starts_with("*")) description.Set("paths", base::json::Array{kind});
    repository_.Delegate(delegator, description);
    repository_.SignedDelegated(role).Set("expires", base::FormatTime(base::Now() + kMonth));
  }
  repository_.PublishNextVersions();
  Serve();
  Init();
  EXPECT_EQ(Download({"missing"}).exit_status, 1);
  const Words requests = Requests();
  Words expected;
  for (const std::string& role : GetParam().asked) expected.push_back("1." + role + ".json");
  constexpr std::size_t kTopLevel = 4;
  ASSERT_GE(requests.size(), kTopLevel);
  EXPECT_EQ(Words(requests.begin() + kTopLevel, requests.end()), expected);
  for (const std::string& role : GetParam().asked)
    EXPECT_EQ(Metadata(role + ".json"), repository_.File("1." + role + ".json"));
}

INSTANTIATE_TEST_SUITE_P(
    Conformance, TufClientGraph,
    testing::Values(
        Graph{"Basic", {{"targets", "A", ""}}, {"A"}},
        Graph{"TwoOnOneLevel", {{"targets", "A", ""}, {"targets", "B", ""}}, {"A", "B"}},
        Graph{"DepthFirst",
              {{"targets", "A", ""}, {"targets", "B", ""}, {"A", "C", ""}, {"A", "D", ""}},
              {"A", "C", "D", "B"}},
        Graph{"ThreeLevels",
              {{"targets", "A", ""}, {"targets", "B", ""}, {"A", "C", ""}, {"C", "D", ""}},
              {"A", "C", "D", "B"}},
        Graph{
            "Terminating",
            {{"targets", "A", ""}, {"targets", "B", ""}, {"A", "C", "terminating"}, {"A", "D", ""}},
            {"A", "C"}},
        Graph{
            "TerminatingWithDescendants",
            {{"targets", "A", ""}, {"targets", "B", ""}, {"A", "C", "terminating"}, {"C", "D", ""}},
            {"A", "C", "D"}},
        Graph{
            "OtherPaths", {{"targets", "A", "*.py"}, {"targets", "B", ""}, {"A", "C", ""}}, {"B"}},
        Graph{"Cycle",
              {{"targets", "A", ""},
               {"targets", "B", ""},
               {"B", "C", ""},
               {"C", "D", ""},
               {"D", "B", ""}},
              {"A", "B", "C", "D"}},
        Graph{"Diamond",
              {{"targets", "A", ""}, {"targets", "B", ""}, {"B", "C", ""}, {"A", "C", ""}},
              {"A", "C", "B"}}),
    [](const auto& graph) { return std::string(graph.param.name); });

TEST_F(TufClient, DownloadsWhatADelegatedRoleListsAndNothingAfterItExpired) {
  repository_.Delegate("targets", test::RepositoryBuilder::DelegatedRole("role", {"dir/*"}));
  repository_.AddDelegatedTarget("role", "dir/file", "content");
  repository_.AddDelegatedTarget("role", "file", "outside of its paths");
  repository_.SignedDelegated("role").Set("expires", base::FormatTime(base::Now() + kMonth));
  repository_.PublishNextVersions();
  Serve();
  Init();
  EXPECT_EQ(Download({"dir/file"}).exit_status, 0);
  EXPECT_EQ(Target("dir/file"), "content");
  EXPECT_EQ(Download({"file"}).exit_status, 1);
  repository_.SignedDelegated("role").Set("expires", base::FormatTime(base::Now()));
  repository_.SignedDelegated("role").Set("version", base::json::Value::Unsigned(2));
  repository_.AddDelegatedTarget("role", "dir/file", "another");
  repository_.PublishNextVersions();
  Serve();
  EXPECT_EQ(Download({"dir/file"}).exit_status, 1);
  EXPECT_EQ(Target("dir/file"), "content");
  EXPECT_EQ(Metadata("role.json"), repository_.File("1.role.json"));
}

TEST_F(TufClient, QuotesTheNamesOfRoles) {
  for (const char* role : {"?", "#", "/role", "../role"}) {
    repository_.Delegate("targets", role);
    repository_.SignedDelegated(role).Set("expires", base::FormatTime(base::Now() + kMonth));
  }
  repository_.PublishNextVersions();
  for (const char* role : {"?", "#", "/role", "../role"}) {
    server_.On("/metadata/1." + PercentEncode(role) + ".json",
               Answer(200, repository_.File(std::string("1.") + role + ".json")));
  }
  Serve();
  Init();
  EXPECT_EQ(Download({"missing"}).exit_status, 1);
  EXPECT_THAT(FilesBelow(metadata_dir_),
              testing::IsSupersetOf({"%3F.json", "%23.json", "%2Frole.json", "..%2Frole.json"}));
}

TEST_F(TufClient, TakesNamesAsTheyAreWritten) {
  const Words names = {"[a,b]", "a,b", "{x}", "a b", "%20", "'", "download"};
  for (const std::string& name : names) repository_.AddTarget(name, "content of " + name);
  repository_.PublishNextVersions();
  Serve();
  for (const auto& [path, bytes] : repository_.target_files()) {
    server_.On("/targets/" + PercentEncode(path), Answer(200, bytes));
  }
  ASSERT_EQ(Init().exit_status, 0);
  const ProcessResult result = Download(names);
  EXPECT_EQ(result.exit_status, 0) << result.errors;
  for (const std::string& name : names) EXPECT_EQ(Target(name), "content of " + name);
}

TEST_F(TufClient, EndsWithOneForWrongArguments) {
  const std::vector<Words> wrong = {
      {},
      {"unknown"},
      {"refresh"},
      {"init"},
      {"--no-such-option", "refresh"},
      {"--metadata-url", "http://127.0.0.1:1/", "download"},
      {"--metadata-url", "http://127.0.0.1:1/", "--target-base-url", "http://127.0.0.1:1/",
       "--target-dir", directory_.path(), "download"},
  };
  for (const Words& words : wrong) {
    const ProcessResult result = Run(words);
    EXPECT_EQ(result.exit_status, 1) << testing::PrintToString(words);
    EXPECT_THAT(result.errors, IsOneLine()) << testing::PrintToString(words);
  }
}

TEST_F(TufClient, RefusesASchemeThatItDoesNotSpeak) {
  ASSERT_EQ(Init().exit_status, 0);
  const ProcessResult result = Run({"--metadata-url", "ftp://127.0.0.1/", "refresh"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, AllOf(IsOneLine(), HasSubstr("ftp://127.0.0.1/")));
}

TEST_F(TufClient, ReadsTheClockThroughLibc) {
  Serve();
  ASSERT_EQ(Init().exit_status, 0);
  test::ProcessOptions later = Command(RefreshWords());
  const base::Time too_late = base::Now() + std::chrono::days(31);
  later.environment = {{"LD_PRELOAD", FIXED_CLOCK_LIBRARY},
                       {"FIXED_CLOCK", std::to_string(too_late.time_since_epoch().count())}};
  const ProcessResult result = test::RunProcess(later);
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("expired"), HasSubstr(base::FormatTime(too_late))));
}

// --- Several processes, and processes that end in the middle.

TEST_F(TufClient, LeavesACacheToWhoHasIt) {
  Serve();
  server_.On("/metadata/2.root.json", {test::RawThenStall(""), Answer(404)});
  ASSERT_EQ(Init().exit_status, 0);
  test::Process first(Command(RefreshWords()));
  while (server_.Requests().empty() && first.Running()) std::this_thread::yield();
  const ProcessResult second = Refresh();
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.errors,
              AllOf(IsOneLine(), HasSubstr("another process is using " + metadata_dir_)));
  first.Signal(SIGKILL);
  EXPECT_EQ(first.Wait().signal, SIGKILL);
  EXPECT_EQ(Refresh().exit_status, 0);
}

// --- File systems that refuse. In a mount name space of the process's own, where that is allowed.

class TufClientOnSmallDisk : public TufClient {
 protected:
  void SetUp() override {
    TufClient::SetUp();
    if (test::RunProcess({.program = "unshare", .arguments = {"-rm", "true"}}).exit_status != 0) {
      GTEST_SKIP() << "unshare -rm is not allowed here";
    }
    Serve();
    ASSERT_EQ(Init().exit_status, 0);
  }
  // `mount_command` mounts over "$1"; then the refresh, and a second one without the mount.
  ProcessResult RefreshAfter(const std::string& mount_command) const {
    const std::string script = mount_command + R"( && shift && exec "$@")";
    Words arguments = {"-rm",
                       "sh",
                       "-c",
                       script,
                       "sh",
                       metadata_dir_,
                       test::Program("tough/tuf-client"),
                       "--metadata-dir",
                       metadata_dir_};
    const Words refresh = RefreshWords();
    arguments.insert(arguments.end(), refresh.begin(), refresh.end());
    return test::RunProcess({.program = "unshare", .arguments = arguments});
  }
};

TEST_F(TufClientOnSmallDisk, SaysThatTheCacheIsFullAndWorksWhenItIsNot) {
  const std::string copy = directory_ / "copy";
  fs::copy(metadata_dir_, copy, fs::copy_options::recursive);
  // Enough for the files that are there, and one page more.
  const ProcessResult result =
      RefreshAfter(R"(mount -t tmpfs -o size=16k tmpfs "$1" && cp -r )" + copy + R"(/. "$1" &&
                      head -c 4096 /dev/zero > "$1/ballast")");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors,
              AllOf(IsOneLine(), HasSubstr("No space left on device"), HasSubstr(metadata_dir_)));
  EXPECT_EQ(Refresh().exit_status, 0);
}

TEST_F(TufClientOnSmallDisk, SaysThatTheCacheIsReadOnly) {
  const ProcessResult result =
      RefreshAfter(R"(mount --bind "$1" "$1" && mount -o remount,bind,ro "$1")");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.errors, AllOf(IsOneLine(), HasSubstr("Read-only file system")));
  EXPECT_EQ(Refresh().exit_status, 0);
}

}  // namespace
}  // namespace tough
