// Several repositories behind one map file (TAP 4).
#include "tough/multi_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/support/matchers.h"
#include "tests/support/memory_transport.h"
#include "tests/support/repository_builder.h"
#include "tests/support/temp_dir.h"
#include "tough/url.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kNow;
using testing::AllOf;
using testing::Field;

constexpr const char* kMap = R"({
  "repositories": {"a": ["https://a"], "b": ["https://b/"], "c": ["https://c/"]},
  "mapping": [
    {"paths": ["both-*"], "repositories": ["a", "b"], "terminating": true},
    {"paths": ["two-*"], "repositories": ["a", "b", "c"], "threshold": 2},
    {"paths": ["*"], "repositories": ["c"], "threshold": 1, "terminating": false}
  ]})";

class MultiClientTest : public testing::Test {
 protected:
  void List(const std::string& repository, const std::string& target, const std::string& content) {
    repositories_[repository].AddTarget(target, content);
    repositories_[repository].PublishNextVersions();
  }
  MultiClient Ready(const char* map = kMap) {
    std::map<std::string, std::string, std::less<>> roots;
    for (const auto& [name, repository] : repositories_)
      roots[name] = repository.File("1.root.json");
    auto client = MultiClient::Open(RepositoryMap::Parse(map).value(), roots,
                                    {.metadata_dir = directory_ / "metadata"}, transport_);
    EXPECT_THAT(client, IsOk());
    refreshed_ = client->Refresh(kNow);
    return *std::move(client);
  }
  static auto OfLength(std::uint64_t length) { return IsOkAnd(Field(&TargetFile::length, length)); }

  test::TempDir directory_;
  std::map<std::string, test::RepositoryBuilder> repositories_ = [] {
    std::map<std::string, test::RepositoryBuilder> made;
    for (const char* name : {"a", "b", "c"}) made[name];
    return made;
  }();
  Result<> refreshed_;
  std::string down_;  // the repository that cannot be reached
  test::MemoryTransport transport_{[this](const std::string& url) -> Result<std::string> {
    const std::string name = url.substr(8, 1);  // https://N/
    if (name == down_) return Fail(ErrorCode::kNetwork, "connection refused");
    const std::string path = TRY(PercentDecode(url.substr(10)));
    const bool metadata = path.starts_with("metadata/");
    const auto& files = metadata ? repositories_[name].files() : repositories_[name].target_files();
    const auto found = files.find(path.substr(path.find('/') + 1));
    if (found == files.end()) return Fail(ErrorCode::kNotFound, url);
    return found->second;
  }};
};

TEST_F(MultiClientTest, NeedsAllRepositoriesOfAMappingWithoutAThreshold) {
  List("a", "both-file", "content");
  EXPECT_THAT(Ready().FindTarget("both-file", kNow), Fails(ErrorCode::kNotFound));
  List("b", "both-file", "content");
  EXPECT_THAT(Ready().FindTarget("both-file", kNow), OfLength(7));
}

TEST_F(MultiClientTest, NeedsAThresholdThatAgrees) {
  List("a", "two-file", "one content");
  List("c", "two-file", "another");
  EXPECT_THAT(Ready().FindTarget("two-file", kNow),
              AllOf(Fails(ErrorCode::kMismatch), FailsSaying("2 of 3 repositories list it")));
  List("b", "two-file", "another");
  EXPECT_THAT(Ready().FindTarget("two-file", kNow), OfLength(7));
}

TEST_F(MultiClientTest, AsksTheNextMappingUnlessOneTerminates) {
  List("c", "both-file", "only by c");
  List("c", "two-file", "only by c");
  MultiClient client = Ready();
  EXPECT_THAT(client.FindTarget("two-file", kNow), OfLength(9));
  EXPECT_THAT(client.FindTarget("both-file", kNow), Fails(ErrorCode::kNotFound));
}

TEST_F(MultiClientTest, GoesWithoutARepositoryThatIsDownOnlyWhereTheOthersAreEnough) {
  for (const char* repository : {"a", "b", "c"}) {
    List(repository, "two-file", "content");
    List(repository, "both-file", "content");
  }
  down_ = "a";
  MultiClient client = Ready();
  EXPECT_THAT(refreshed_, AllOf(Fails(ErrorCode::kNetwork), FailsSaying("repository a")));
  EXPECT_THAT(client.FindTarget("two-file", kNow), OfLength(7));
  EXPECT_FALSE(client.FindTarget("both-file", kNow).has_value());
}

// Or who can cut off the repository that comes first decides that another one's word counts.
TEST_F(MultiClientTest, DoesNotPassOverARepositoryThatIsDown) {
  List("b", "two-file", "by b");
  List("c", "two-file", "by c, and by c alone");
  down_ = "a";
  EXPECT_THAT(Ready().FindTarget("two-file", kNow), FailsSaying("repository a"));
}

TEST_F(MultiClientTest, SavesWhatWasAgreedOn) {
  List("a", "two-file", "CONTENT");
  List("b", "two-file", "content");
  List("c", "two-file", "content");
  EXPECT_THAT(Ready().Save("two-file", directory_ / "saved", kNow), IsOk());
  std::ifstream saved(directory_ / "saved/two-file");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(saved), {}), "content");
}

TEST_F(MultiClientTest, LooksAtTheExpiryOfEveryRepositoryThatCounts) {
  for (const char* repository : {"a", "b"}) {
    repositories_[repository].AddTarget("both-file", "content");
    if (repository == std::string("a"))
      repositories_[repository].SetExpiry(Role::kTargets, kNow + std::chrono::days(1));
    repositories_[repository].PublishNextVersions();
  }
  MultiClient client = Ready();
  EXPECT_THAT(client.FindTarget("both-file", kNow), IsOk());
  EXPECT_THAT(client.FindTarget("both-file", kNow + std::chrono::days(1)),
              Fails(ErrorCode::kExpired));
}

TEST_F(MultiClientTest, NeedsARootForEachRepository) {
  EXPECT_THAT(MultiClient::Open(RepositoryMap::Parse(kMap).value(), {},
                                {.metadata_dir = directory_ / "metadata"}, transport_),
              AllOf(Fails(ErrorCode::kUsage), FailsSaying("repository a")));
}

TEST(RepositoryMap, RefusesWhatCouldMeanSomethingElse) {
  const auto parse = [](const std::string& repositories, const std::string& mapping) {
    return RepositoryMap::Parse(R"({"repositories": {)" + repositories + R"(}, "mapping": [)" +
                                mapping + "]}");
  };
  const std::string good = R"("a": ["https://a/"])";
  EXPECT_THAT(parse(good, R"({"paths": ["*"], "repositories": ["a"]})"), IsOk());
  EXPECT_THAT(parse(good, R"({"paths": ["*"], "repositories": ["b"]})"),
              FailsSaying("not defined"));
  EXPECT_THAT(parse(good, R"({"paths": ["*"], "repositories": ["a", "a"]})"), FailsSaying("twice"));
  EXPECT_THAT(parse(good, R"({"paths": ["*"], "repositories": []})"), FailsSaying("repositories"));
  EXPECT_THAT(parse(good, R"({"paths": "*", "repositories": ["a"]})"), FailsSaying("paths"));
  EXPECT_THAT(parse(good, R"({"paths": ["*"], "repositories": ["a"], "threshold": 2})"),
              FailsSaying("threshold"));
  EXPECT_THAT(parse(good, R"({"paths": ["*"], "repositories": ["a"], "threshold": 0})"),
              FailsSaying("threshold"));
  EXPECT_THAT(parse(good, R"({"paths": ["*"], "repositories": ["a"], "terminating": 1})"),
              FailsSaying("terminating"));
  EXPECT_THAT(parse(good, "1"), FailsSaying("mapping: 0"));
  for (const char* name : {"", ".", ".."})
    EXPECT_THAT(parse("\"" + std::string(name) + R"(": ["https://a/"])", ""),
                FailsSaying("no name"));
  EXPECT_THAT(parse(R"("a": [])", ""), FailsSaying("repositories: a"));
  EXPECT_THAT(parse(R"("a": [1])", ""), FailsSaying("strings"));
  EXPECT_THAT(RepositoryMap::Parse("[]"), FailsSaying("object"));
}

}  // namespace
}  // namespace tough
