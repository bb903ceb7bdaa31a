#include "tough/trusted_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;
using test::Fails;
using test::FailsSaying;
using test::IsOk;
using test::IsOkAnd;
using test::kExpiry;
using test::kNow;
using test::RepositoryBuilder;
using testing::AllOf;
using testing::Eq;
using testing::Ne;

// The workflow of a refresh, each step on its own; every test takes it as far as it needs.
class TrustedSetTest : public testing::Test {
 protected:
  TrustedSet Create(base::Time now = kNow, const Limits& limits = {}) {
    return TrustedSet::Create(repository_.File("1.root.json"), limits, now).value();
  }
  // With the roots finished, and what a former refresh of `cache` left in the cache.
  TrustedSet WithRoots(base::Time now = kNow, const Limits& limits = {}) {
    TrustedSet set = Create(now, limits);
    EXPECT_THAT(set.FinishRoots(), IsOk());
    return set;
  }
  TrustedSet WithTimestamp(base::Time now = kNow, const Limits& limits = {}) {
    TrustedSet set = WithRoots(now, limits);
    EXPECT_THAT(set.UpdateTimestamp(repository_.Latest(Role::kTimestamp)), IsOk());
    return set;
  }
  TrustedSet WithSnapshot(base::Time now = kNow, const Limits& limits = {}) {
    TrustedSet set = WithTimestamp(now, limits);
    EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)), IsOk());
    return set;
  }
  TrustedSet WithAll(base::Time now = kNow) {
    TrustedSet set = WithSnapshot(now);
    EXPECT_THAT(set.UpdateTargets(repository_.Latest(Role::kTargets)), IsOk());
    return set;
  }

  Result<Accepted> UpdateTimestamp() {
    return WithRoots().UpdateTimestamp(repository_.Latest(Role::kTimestamp));
  }
  Result<> UpdateSnapshot() {
    return WithTimestamp().UpdateSnapshot(repository_.Latest(Role::kSnapshot));
  }
  Result<> UpdateTargets() {
    return WithSnapshot().UpdateTargets(repository_.Latest(Role::kTargets));
  }

  RepositoryBuilder repository_;
};

TEST_F(TrustedSetTest, AcceptsAGoodRepository) {
  repository_.AddTarget("manifest.json", "{}");
  repository_.PublishNextVersions();
  const TrustedSet set = WithAll();
  ASSERT_THAT(set.targets(), Ne(nullptr));
  const std::optional<TargetFile> file = set.targets()->files.Find("manifest.json");
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->length, 2U);
  EXPECT_EQ(file->hashes.size(), 2U);
}

}  // namespace
}  // namespace tough
