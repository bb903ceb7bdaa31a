// What happens to the settings at each start of a host, after the migrator has run.
#pragma once

#include <cstdint>

#include "api/settings_store.h"
#include "base/result.h"

namespace api {

// Makes the store where there is none yet: a seed, uniform over 0 to 2047 for uniform `random`, and
// what the user data says (which may name another seed). Then brings into force what follows.
//
// User data that is wrong is refused with the reason, and nothing is made: the next start reads it
// again. Once there is a store it is never looked at. kState as RecoverStore() and
// SettingsStore::Open().
base::Result<> StartSettings(const SettingsPaths& paths, std::uint32_t random);

}  // namespace api
