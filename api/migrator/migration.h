// What migrations are written with: a migration is a program that carries the settings from one
// version to the next, and back. It changes names and values; reading, writing and arguments are
// done here.
//
//   int main(int argc, char** argv) {
//     return api::RunMigration(argc, argv, {.forward = Rename, .backward = RenameBack});
//   }
//
// It runs on the newer of the two versions when it goes forward, on the older one when it goes
// back: it must bring along all that it needs (link it statically), and depend on no schema.
#pragma once

#include <functional>
#include <string_view>

#include "api/settings.h"
#include "base/result.h"

namespace api {

struct Migration {
  std::function<base::Result<>(Settings&)> forward;
  std::function<base::Result<>(Settings&)> backward;
};

// NAME --forward|--backward --source-datastore DIR --target-datastore DIR. Reads the settings from
// the source, which stays as it is, and leaves the changed ones in the target.
int RunMigration(int argc, const char* const* argv, const Migration& migration);

// A setting under another name. One that was not set is none under the new name either; kState
// where both are set.
base::Result<> RenameSetting(Settings& settings, std::string_view from, std::string_view to);

}  // namespace api
