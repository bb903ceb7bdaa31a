// A publisher with release 1.1.0, a server that serves it, and a host on 1.0.0 that is to have it.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "tests/e2e/host.h"
#include "tests/e2e/publisher.h"
#include "tests/support/loopback_server.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace test {

class WorldTest : public testing::Test {
 protected:
  WorldTest() : publisher_(dir_ / "publisher") {
    publisher_.AddRelease({.version = "1.1.0"});
    PublishAndServe();
  }

  void PublishAndServe() {
    publisher_.Publish();
    publisher_.Serve(server_);
  }
  Host MakeHost(const DiskImageOptions& disk = {}) const {
    return {dir_ / ("host" + std::to_string(++hosts_)), publisher_.root_path(), server_.Url(),
            disk};
  }
  bool Holds(const Host& host, const std::string& version) const {
    const Images& images = publisher_.ImagesOf(version);
    return host.SetBHolds(images.boot, images.root, images.hash);
  }

  TempDir dir_;
  Publisher publisher_;
  LoopbackServer server_;

 private:
  mutable int hosts_ = 0;
};

// One line on stderr that contains `text`, an exit status that says so, and nothing on stdout.
inline void ExpectRefusal(const ProcessResult& result, int exit_status, const std::string& text) {
  EXPECT_EQ(result.exit_status, exit_status);
  EXPECT_THAT(result.errors, testing::StartsWith("updog: "));
  EXPECT_THAT(result.errors, testing::HasSubstr(text));
  EXPECT_EQ(std::ranges::count(result.errors, '\n'), 1) << result.errors;
  EXPECT_EQ(result.output, "");
  EXPECT_FALSE(result.timed_out);
}

}  // namespace test
