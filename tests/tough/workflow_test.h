// The workflow of a refresh over a RepositoryBuilder, each step on its own; a test takes it as far
// as it needs and does the step that it is about itself.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/matchers.h"
#include "tests/support/repository_builder.h"
#include "tough/trusted_set.h"

namespace tough {

class WorkflowTest : public testing::Test {
 protected:
  // From the shipped root, which is version 1.
  TrustedSet Create(base::Time now = test::kNow, const Limits& limits = {}) const {
    return TrustedSet::Create(repository_.File("1.root.json"), limits, now).value();
  }
  TrustedSet WithRoots(base::Time now = test::kNow, const Limits& limits = {}) const {
    TrustedSet set = Create(now, limits);
    EXPECT_THAT(set.FinishRoots(), test::IsOk());
    return set;
  }
  TrustedSet WithTimestamp(base::Time now = test::kNow, const Limits& limits = {}) const {
    TrustedSet set = WithRoots(now, limits);
    EXPECT_THAT(set.UpdateTimestamp(repository_.Latest(Role::kTimestamp)), test::IsOk());
    return set;
  }
  TrustedSet WithSnapshot(base::Time now = test::kNow, const Limits& limits = {}) const {
    TrustedSet set = WithTimestamp(now, limits);
    EXPECT_THAT(set.UpdateSnapshot(repository_.Latest(Role::kSnapshot)), test::IsOk());
    return set;
  }
  TrustedSet WithTargets(base::Time now = test::kNow) const {
    TrustedSet set = WithSnapshot(now);
    EXPECT_THAT(set.UpdateTargets(repository_.Latest(Role::kTargets)), test::IsOk());
    return set;
  }

  // The step that takes what was published last.
  base::Result<Accepted> UpdateTimestamp() const {
    return WithRoots().UpdateTimestamp(repository_.Latest(Role::kTimestamp));
  }
  base::Result<> UpdateSnapshot() const {
    return WithTimestamp().UpdateSnapshot(repository_.Latest(Role::kSnapshot));
  }
  base::Result<> UpdateTargets() const {
    return WithSnapshot().UpdateTargets(repository_.Latest(Role::kTargets));
  }

  test::RepositoryBuilder repository_;
};

}  // namespace tough
