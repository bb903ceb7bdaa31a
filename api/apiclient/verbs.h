// The verbs of the program apiclient: each does its requests, prints its result on stdout, and
// answers the exit status.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/apiclient/client.h"
#include "base/result.h"

namespace api {

enum class Format : std::uint8_t { kText, kJson };

struct RawRequest {
  std::string method = "GET";
  std::string uri;
  std::string data;
  bool verbose = false;
};

// The body on stdout, or the one line on stderr that operators parse.
base::Result<int> Raw(const Client& client, const RawRequest& request);

// "settings.updates", "os": parts of the model, merged; "/updates/status": that document.
base::Result<int> Get(const Client& client, const std::vector<std::string>& prefixes);

// "settings.updates.seed=17"; or a document as GET /settings gives it. All of it or nothing.
base::Result<int> SetPairs(const Client& client, const std::vector<std::string>& pairs,
                           const std::string& transaction);
base::Result<int> SetDocument(const Client& client, const std::string& json,
                              const std::string& transaction);

base::Result<int> Reboot(const Client& client, Format format);

struct ApplyOptions {
  bool check = false;
  bool reboot = false;
  Format format = Format::kText;
};

base::Result<int> UpdateCheck(const Client& client);
base::Result<int> UpdateApply(const Client& client, const ApplyOptions& options);
base::Result<int> UpdateCancel(const Client& client, Format format);
base::Result<int> UpdateStatusVerb(const Client& client, Format format);

}  // namespace api
