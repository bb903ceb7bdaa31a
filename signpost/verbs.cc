#include "signpost/verbs.h"

#include <fmt/format.h>

#include <string_view>

#include "partitions/slot_selection.h"

namespace signpost {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::uint8_t kPriorityOfNext = 2;
constexpr std::uint8_t kPriorityOfOther = 1;

std::unexpected<base::Error> FailUpgrade(std::string_view obstacle) {
  return Fail(ErrorCode::kState,
              fmt::format("the inactive set holds no version to upgrade to: {}", obstacle));
}

}  // namespace

base::Result<> ClearInactive(RoleFlags& flags) {
  if (!flags.active.successful)
    return Fail(ErrorCode::kState,
                "the running version is still on trial, and the other set is the only one known to "
                "be good (signpost mark-successful-boot ends the trial)");
  flags.inactive = {};
  return {};
}

base::Result<> MarkInactiveValid(RoleFlags& flags, std::uint8_t tries) {
  if (tries == 0 || tries > partitions::kMaxTries)
    return Fail(ErrorCode::kUsage,
                fmt::format("tries: {} is not 1 to {}", tries, partitions::kMaxTries));
  flags.inactive.tries_left = tries;
  return {};
}

base::Result<> UpgradeToInactive(RoleFlags& flags) {
  const BootFlags& inactive = flags.inactive;
  if (inactive.tries_left == 0) return FailUpgrade("it is not marked valid");
  if (inactive.priority > 0) return FailUpgrade("its priority is not 0");
  if (inactive.successful) return FailUpgrade("its version ran before (see rollback-to-inactive)");
  flags.inactive.priority = kPriorityOfNext;
  flags.active.priority = kPriorityOfOther;
  return {};
}

base::Result<> CancelUpgrade(RoleFlags& flags) {
  flags.inactive.priority = 0;
  flags.active.priority = kPriorityOfNext;
  return {};
}

base::Result<> RollbackToInactive(RoleFlags& flags) {
  if (!partitions::WillBoot(flags.inactive))
    return Fail(ErrorCode::kState, "the inactive set will not boot: nothing to roll back to");
  // A set without tries goes after one that has some, whatever its priority: without this the
  // command would succeed and nothing would happen. One try: if it fails, this set is back.
  if (flags.inactive.tries_left == 0) flags.inactive.tries_left = 1;
  flags.inactive.priority = kPriorityOfNext;
  flags.active.priority = kPriorityOfOther;
  return {};
}

base::Result<> MarkSuccessfulBoot(RoleFlags& flags) {
  flags.active.successful = true;
  flags.active.tries_left = kTriesOfGoodSet;
  flags.boot_ever_succeeded = true;
  return {};
}

}  // namespace signpost
