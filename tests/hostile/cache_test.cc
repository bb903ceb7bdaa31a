// Caches and clocks that cannot be relied on: A12 and A13 of the list in docs/trust.md. What a kill
// or a full disk leaves behind at every single change is looked at by client_faults_test.cc.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/hostile/hostile_test.h"

namespace hostile {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using test::IsOk;
using test::kExpiry;
using test::kNow;

// --- A12: the cache.

// Gives a folder to a user whom permissions hold, which they do not hold root, and is that user.
class OrdinaryUser {
 public:
  explicit OrdinaryUser(const std::string& folder) {
    if (root_ == 0) Become(folder, kNobody);
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;
  ~OrdinaryUser() { EXPECT_EQ(seteuid(root_), 0); }

 private:
  static constexpr uid_t kNobody = 65534;
  static void Become(const std::string& folder, uid_t user) {
    EXPECT_EQ(chown(folder.c_str(), user, static_cast<gid_t>(-1)), 0);
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      EXPECT_EQ(chown(entry.path().c_str(), user, static_cast<gid_t>(-1)), 0);
    EXPECT_EQ(seteuid(user), 0);
  }
  uid_t root_ = geteuid();
};

class A12Cache : public HostileTest {
 protected:
  // A cache with a root history.
  void SetUp() override {
    HostileTest::SetUp();
    PublishNextRoot();
    honest_ = repository_;
    ASSERT_THAT(Refresh(), IsOk());
    TakeRequests();
    healthy_ = Cache();
  }
  std::string Path(const std::string& name) const { return cache_ + "/" + name; }

  // Whatever happened to the file `name`: the next run asks for it again where it has to, for
  // nothing else, and has it again.
  void ExpectHealed(const std::string& name) {
    EXPECT_THAT(Refresh(), IsOk()) << name;
    EXPECT_EQ(TakeRequests(), RequestsWithout(name)) << name;
    EXPECT_EQ(Cache(), healthy_) << name;
  }
  static Words RequestsWithout(const std::string& name) {
    Words requests = {"3.root.json", "timestamp.json"};
    if (name.starts_with("root_history/")) requests.insert(requests.begin(), "2.root.json");
    if (name == "snapshot.json") requests.emplace_back("1.snapshot.json");
    if (name == "targets.json") requests.emplace_back("1.targets.json");
    return requests;
  }

  Files healthy_;
};

TEST_F(A12Cache, DamagedFilesCountAsAbsent) {
  for (const auto& [name, good] : healthy_) {
    for (const std::string& bad :
         {std::string(), good.substr(0, good.size() / 2), std::string("garbage"), std::string("{}"),
          std::string("null"), std::string("\xef\xbb\xbf") + good, good + good,
          std::string(100'000, '[')}) {
      std::ofstream(Path(name), std::ios::binary) << bad;
      ExpectHealed(name);
    }
  }
}

TEST_F(A12Cache, FilesOfSomebodyElseCountAsAbsent) {
  test::RepositoryBuilder attacker;
  for (const Role role : {Role::kRoot, Role::kTimestamp, Role::kSnapshot, Role::kTargets}) {
    attacker.SetKeys(role, {"attacker"});
    attacker.SetVersion(role, 2);
    attacker.SignWith(role, {"attacker"});
  }
  attacker.PublishRoot();
  attacker.Publish();
  for (const auto& [name, bytes] : std::map<std::string, std::string>{
           {"root.json", attacker.Latest(Role::kRoot)},
           {"root_history/2.root.json", attacker.Latest(Role::kRoot)},
           {"timestamp.json", attacker.Latest(Role::kTimestamp)},
           {"snapshot.json", attacker.Latest(Role::kSnapshot)},
           {"targets.json", attacker.Latest(Role::kTargets)}}) {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    ExpectHealed(name);
  }
}

TEST_F(A12Cache, HugeFilesCountAsAbsentUnread) {
  for (const auto& [name, good] : healthy_) {
    fs::resize_file(Path(name), 1ULL << 40);
    ExpectHealed(name);
  }
}

TEST_F(A12Cache, UnreadableFilesCountAsAbsent) {
  const OrdinaryUser user(directory_.path());
  for (const auto& [name, good] : healthy_) {
    ASSERT_EQ(chmod(Path(name).c_str(), 0), 0);
    ExpectHealed(name);
  }
}

TEST_F(A12Cache, FollowsNoLink) {
  for (const auto& [name, good] : healthy_) {
    const std::string target = directory_ / "elsewhere";
    std::ofstream(target, std::ios::binary) << good;
    fs::remove(Path(name));
    fs::create_symlink(target, Path(name));
    ExpectHealed(name);
    EXPECT_FALSE(fs::is_symlink(Path(name))) << name;
  }
}

TEST_F(A12Cache, WaitsForNoPipe) {
  for (const auto& [name, good] : healthy_) {
    fs::remove(Path(name));
    ASSERT_EQ(mkfifo(Path(name).c_str(), 0600), 0);
    ExpectHealed(name);
  }
}

TEST_F(A12Cache, NamesTheFileThatIsADirectory) {
  for (const std::string name : {"timestamp.json", "snapshot.json", "targets.json"}) {
    fs::remove(Path(name));
    fs::create_directories(Path(name) + "/x");
    EXPECT_THAT(Refresh(), test::FailsSaying(name));
    TakeRequests();
    fs::remove_all(Path(name));
    ExpectHealed(name);
  }
}

// --- A13: clocks.

class A13Clock : public HostileTest {};

TEST_F(A13Clock, AtTheBeginningOfTimeIsRefusedBeforeAnythingIsAsked) {
  ExpectRefusal({ErrorCode::kExpired, {}}, base::Time());
}

TEST_F(A13Clock, BehindTheLastRefreshIsRefusedBeforeAnythingIsAsked) {
  ExpectRefusal({ErrorCode::kExpired, {}}, kNow - seconds(1));
  EXPECT_THAT(Refresh(kNow), IsOk());
}

TEST_F(A13Clock, InTheFarFutureLeavesNoTrace) {
  for (const int year : {2106, 9999}) {
    const base::Time then = std::chrono::sys_days(std::chrono::year(year) / 2 / 7);
    ExpectRefusal({ErrorCode::kExpired, {"2.root.json"}}, then);
    EXPECT_THAT(Refresh(kNow), IsOk());
  }
}

TEST_F(A13Clock, AtTheMomentOfExpiryIsTooLate) {
  ExpectRefusal({ErrorCode::kExpired, {"2.root.json"}}, kExpiry);
  EXPECT_THAT(Refresh(kExpiry - seconds(1)), IsOk());
  // The clock of the proof at the end is an earlier one.
  WriteCache({});
}

TEST_F(A13Clock, OfANewHostInThePastIsBelieved) {
  // Nothing is known that speaks against it, and an update may be what sets it right.
  WriteCache({});
  EXPECT_THAT(Refresh(base::Time()), IsOk());
  EXPECT_THAT(Refresh(kNow), IsOk());
}

}  // namespace
}  // namespace hostile
