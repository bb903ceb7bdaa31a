#include "tests/hostile/hostile_test.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tough/url.h"

namespace hostile {

namespace fs = std::filesystem;
using test::IsOk;

namespace {

// Above every version that an attack gets accepted.
constexpr std::uint64_t kLaterVersion = 1'000'000;

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

HostileTest::HostileTest() {
  options_.metadata_base_url = server_.Url("/m");
  options_.targets_base_url = server_.Url("/t");
  options_.metadata_dir = cache_;
  http_options_.first_pause = std::chrono::milliseconds(0);
  http_options_.low_speed_window = std::chrono::seconds(1);
}

void HostileTest::SetUp() {
  Serve();
  ASSERT_THAT(Refresh(), IsOk());
  TakeRequests();
}

void HostileTest::TearDown() {
  for (const Role role : {Role::kTimestamp, Role::kSnapshot, Role::kTargets})
    honest_.SetVersion(role, kLaterVersion);
  honest_.Publish();
  Serve(honest_);
  EXPECT_THAT(Refresh(), IsOk()) << "the honest repository is no longer accepted";
}

void HostileTest::Serve(const test::RepositoryBuilder& repository) {
  Files files;
  for (const auto& [name, bytes] : repository.files())
    files["/m/" + tough::PercentEncode(name)] = bytes;
  for (const auto& [path, bytes] : repository.target_files()) {
    const auto url = tough::TargetUrl("/t/", path);
    if (url.has_value()) files[*url] = bytes;
  }
  server_.ForgetHandlers();
  server_.Otherwise([files](const test::RecordedRequest& request, test::Connection& connection) {
    const auto found = files.find(request.target);
    const bool here = found != files.end();
    test::Answer(here ? 200 : 404, here ? found->second : "")(request, connection);
  });
}

void HostileTest::PublishNextVersions() {
  repository_.PublishNextVersions();
  Serve();
}

void HostileTest::PublishNextRoot() {
  repository_.PublishNextRoot();
  Serve();
}

Result<> HostileTest::Refresh(base::Time now) {
  const auto transport = TRY(tough::HttpTransport::Create(http_options_));
  tough::Client client = TRY(tough::Client::Open(trusted_root_, options_, *transport));
  return client.Refresh(now);
}

Result<> HostileTest::Save(const std::string& name, base::Time now) {
  const auto transport = TRY(tough::HttpTransport::Create(http_options_));
  tough::Client client = TRY(tough::Client::Open(trusted_root_, options_, *transport));
  TRY(client.Refresh(now));
  return client.Save(name, saved_, now);
}

void HostileTest::ExpectRefusal(const Refusal& expected, base::Time now) {
  const Files before = Cache();
  TakeRequests();
  ExpectOutcome(Refresh(now), expected, before);
}

void HostileTest::ExpectRefusalOfTarget(const std::string& name, const Refusal& expected,
                                        base::Time now) {
  const Files before = Cache();
  const Files saved = Saved();
  TakeRequests();
  ExpectOutcome(Save(name, now), expected, before);
  EXPECT_EQ(Saved(), saved);
}

void HostileTest::ExpectOutcome(const Result<>& outcome, const Refusal& expected,
                                const Files& before) {
  EXPECT_THAT(outcome, test::Fails(expected.code));
  EXPECT_EQ(TakeRequests(), expected.requests);
  EXPECT_EQ(Cache(), Expected(before, expected));
}

Files HostileTest::Expected(Files cache, const Refusal& expected) const {
  for (const Role role : expected.removed)
    cache.erase(std::string(tough::RoleName(role)) + ".json");
  for (const Role role : expected.stored) {
    const std::string& bytes = repository_.Latest(role);
    cache[std::string(tough::RoleName(role)) + ".json"] = bytes;
    if (role == Role::kRoot)
      cache["root_history/" + std::to_string(repository_.Version(role)) + ".root.json"] = bytes;
  }
  for (const std::string& name : expected.stored_delegated)
    cache[name + ".json"] = repository_.File(repository_.DelegatedFileName(name));
  return cache;
}

Words HostileTest::TakeRequests() {
  Words requests;
  for (const std::string& target : server_.Targets()) {
    const std::string path = target.substr(1);
    requests.push_back(path.starts_with("m/") ? path.substr(2) : path);
  }
  server_.Forget();
  return requests;
}

void HostileTest::WriteCache(const Files& files) const {
  fs::remove_all(cache_);
  for (const auto& [path, bytes] : files) {
    const fs::path target = fs::path(cache_) / path;
    fs::create_directories(target.parent_path());
    std::ofstream(target, std::ios::binary) << bytes;
  }
}

Files HostileTest::ReadFolder(const std::string& folder) {
  Files files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().lexically_relative(folder);
    if (entry.is_directory() || path == "lock") continue;
    files[path] = ReadAll(entry.path());
  }
  return files;
}

}  // namespace hostile
