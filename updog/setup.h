// What updog's verbs start from: the configuration, this host, its disk, its repository.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "signpost/signpost.h"
#include "tough/client.h"
#include "tough/http_transport.h"
#include "updog/choice.h"
#include "updog/config.h"
#include "updog/query_transport.h"

namespace updog {

// The host that `config` describes. `variant` replaces os-release's where it is not empty,
// `machine` is the architecture where `config` names none. kUsage where neither names a variant.
base::Result<Host> IdentifyHost(const Config& config, const std::string& variant,
                                const std::string& machine);

// The version of os-release.
base::Result<Version> RunningVersion(const Config& config);

// The running system's disk, or the one that `config` names.
base::Result<signpost::Signpost> OpenSignpost(const Config& config);

// Whether the running system is a version that has never been good yet: where its disk cannot be
// told, an error.
base::Result<bool> RunningOnTrial();

// The bytes of the image's root.json.
base::Result<std::string> ReadTrustedRoot(const Config& config);

// An open TUF client, and what it talks through.
struct Repository {
  std::unique_ptr<tough::HttpTransport> http;
  std::unique_ptr<QueryTransport> transport;
  tough::Client client;
};

// No request is made yet. `random` spreads the retries of a fleet.
base::Result<Repository> OpenRepository(const Config& config, const Host& host,
                                        std::uint32_t random);

}  // namespace updog
