#include "updog/query_transport.h"

#include <gmock/gmock.h>

#include "tests/support/matchers.h"

namespace updog {
namespace {

class RecordingTransport final : public tough::Transport {
 public:
  base::Result<> Fetch(const tough::FetchRequest& request, base::ByteSink& /*out*/) override {
    last = request;
    return {};
  }
  tough::FetchRequest last;
};

class QueryTransportTest : public testing::Test {
 protected:
  std::string Ask(const std::string& url) {
    base::StringSink sink("body", 1);
    EXPECT_THAT(
        transport_.Fetch({.url = url, .max_bytes = 17, .kind = tough::FetchKind::kTarget}, sink),
        test::IsOk());
    return inner_.last.url;
  }
  RecordingTransport inner_;
  QueryTransport transport_{inner_, "1.0.0-rc.1+b", 42};
};

TEST_F(QueryTransportTest, TellsVersionAndSeedInOrder) {
  EXPECT_EQ(Ask("https://x/1.root.json"), "https://x/1.root.json?seed=42&version=1.0.0-rc.1%2Bb");
}

TEST_F(QueryTransportTest, TellsTargetAndMigrationsOfAnUpdate) {
  transport_.AnnounceUpdate("2.0.0", {"migrate_2.0.0_a", "migrate b"});
  EXPECT_EQ(Ask("http://x/y"),
            "http://x/y?migrations=migrate_2.0.0_a%2Cmigrate%20b&seed=42&target=2.0.0"
            "&version=1.0.0-rc.1%2Bb");
}

TEST_F(QueryTransportTest, PassesTheRestOfTheRequestOn) {
  Ask("http://x/y");
  EXPECT_EQ(inner_.last.max_bytes, 17U);
  EXPECT_EQ(inner_.last.kind, tough::FetchKind::kTarget);
}

TEST_F(QueryTransportTest, LeavesFilesAlone) {
  EXPECT_EQ(Ask("file:///srv/1.root.json"), "file:///srv/1.root.json");
}

}  // namespace
}  // namespace updog
