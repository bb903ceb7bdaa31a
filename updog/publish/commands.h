// The verbs of the program publish. Each opens the repository, changes the manifest, has the result
// checked as a host would, makes it visible, and prints what hosts will see and when.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "updog/manifest_editor.h"
#include "updog/publish/repository.h"
#include "updog/waves.h"

namespace updog::publish {

// Where the next state is written to.
enum class Place : std::uint8_t {
  kRepository,  // where hosts read it
  kStage,       // a copy that nobody sees: its files still have to be brought to the web server
};

struct Request {
  RepositoryOptions repository;
  Place place = Place::kRepository;
  base::Time now;
};

struct ReleaseRequest {
  std::string release_file;
  Waves waves;
};
base::Result<int> PublishRelease(Request request, const ReleaseRequest& release);

// The updates that are meant; see ManifestEditor for what is meant where no version is named.
base::Result<int> Withdraw(Request request, const Selector& selector);
base::Result<int> Halt(Request request, const Selector& selector);
base::Result<int> Resume(Request request, const Selector& selector);

// The waves of a version that is offered or halted, anew.
base::Result<int> SetWaves(Request request, const Selector& selector, const Waves& waves);

// A new timestamp, and nothing else.
base::Result<int> Refresh(Request request);

}  // namespace updog::publish
