// Repositories that other implementations wrote (tests/data/tuf-repositories), read as files.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/support/matchers.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"
#include "tough/client.h"
#include "tough/http_transport.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Result;
using test::Fails;
using test::IsOk;
using test::IsOkAnd;
using testing::StartsWith;

constexpr base::Time kThen = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);
constexpr base::Time kTooLate = std::chrono::sys_days(std::chrono::year(2031) / 1 / 1);

struct Layout {
  std::string root;
  std::string metadata;
  std::string targets;
};

class OtherRepositories : public testing::Test {
 protected:
  Result<Client> Open(const Layout& layout) {
    const std::string folder = test::SourcePath("tests/data/tuf-repositories/");
    std::ifstream file(folder + layout.root, std::ios::binary);
    const std::string root((std::istreambuf_iterator<char>(file)), {});
    ClientOptions options;
    options.metadata_base_url = "file://" + folder + layout.metadata;
    options.targets_base_url = "file://" + folder + layout.targets;
    options.metadata_dir = cache_ / "metadata";
    return Client::Open(root, options, *transport_);
  }
  Result<Client> OpenAndRefresh(const Layout& layout, base::Time now = kThen) {
    Client client = TRY(Open(layout));
    TRY(client.Refresh(now));
    return client;
  }

  test::TempDir cache_;
  std::unique_ptr<HttpTransport> transport_ = HttpTransport::Create({}).value();
};

const Layout kConsistent = {.root = "consistent-snapshots/metadata/1.root.json",
                            .metadata = "consistent-snapshots/metadata",
                            .targets = "consistent-snapshots/targets"};
const Layout kRotated = {
    .root = "rotated-root/1.root.json", .metadata = "rotated-root", .targets = "rotated-root"};
const Layout kReference = {.root = "tuf-reference-impl/metadata/1.root.json",
                           .metadata = "tuf-reference-impl/metadata",
                           .targets = "tuf-reference-impl/targets"};

TEST_F(OtherRepositories, ToughsConsistentSnapshotsLoad) {
  auto client = OpenAndRefresh(kConsistent);
  ASSERT_THAT(client, IsOk());
  EXPECT_THAT(client->Fetch("data1.txt", 100, kThen), IsOkAnd(StartsWith("123\n456")));
  EXPECT_THAT(client->Fetch("data2.txt", 100, kThen), IsOkAnd(StartsWith("abc\ndef")));
  EXPECT_THAT(client->Fetch("data3.txt", 100, kThen), Fails(ErrorCode::kNotFound));
}

TEST_F(OtherRepositories, ToughsRotatedRootIsReachedFromTheExpiredOne) {
  EXPECT_THAT(OpenAndRefresh(kRotated), IsOk());
  std::ifstream root(cache_ / "metadata/root_history/2.root.json");
  EXPECT_TRUE(root.good());
}

TEST_F(OtherRepositories, ThePythonReferenceLoads) {
  auto client = OpenAndRefresh(kReference);
  ASSERT_THAT(client, IsOk());
  EXPECT_THAT(client->Fetch("file1.txt", 100, kThen), IsOkAnd(StartsWith("This is an example")));
  EXPECT_THAT(client->Fetch("file2.txt", 100, kThen), IsOkAnd(StartsWith("This is an another")));
}

TEST_F(OtherRepositories, NothingLoadsAfterItsTime) {
  EXPECT_THAT(OpenAndRefresh(kRotated, kTooLate), Fails(ErrorCode::kExpired));
  EXPECT_THAT(OpenAndRefresh(kReference, kTooLate), Fails(ErrorCode::kExpired));
}

}  // namespace
}  // namespace tough
