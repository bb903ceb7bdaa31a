// MultiClient: targets out of several repositories, each with a root of its own, where a map file
// says which of them have to agree on what (TAP 4).
//
// For a target, the mappings that match are tried in their order: if at least `threshold` of a
// mapping's repositories list the target with the same length and hashes, that is it. If none or
// too few list it, the next mapping may, unless this one terminates. A repository that cannot be
// asked or verified, or one that lists something else, might have been the one that mattered: where
// the threshold is not met without it, the search ends there, with an error.
//
// One at a time per metadata directory; not thread-safe; time comes as for Client.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sink.h"
#include "base/time.h"
#include "tough/client.h"
#include "tough/limits.h"
#include "tough/repository_map.h"
#include "tough/schema.h"
#include "tough/transport.h"

namespace tough {

struct MultiClientOptions {
  std::string metadata_dir;  // each repository has a directory of its own in it
  Limits limits = {};
  HashPrefix hash_prefix = HashPrefix::kAdd;
};

class MultiClient {
 public:
  // `trusted_roots`: by the repositories' names, all of them, the bytes of a root.json. Makes no
  // request. `transport` outlives the client. Errors as of Client::Open(); kUsage: no root.
  static base::Result<MultiClient> Open(
      RepositoryMap map, const std::map<std::string, std::string, std::less<>>& trusted_roots,
      const MultiClientOptions& options, Transport& transport);

  // Refreshes each repository, whatever becomes of the others, and answers the first error. Then
  // targets on which those that remain agree can be had all the same.
  base::Result<> Refresh(base::Time now);

  //   kNotFound   no mapping matches, or none of those that may speak lists it often enough
  //   kMismatch   repositories list different things, and none often enough
  base::Result<TargetFile> FindTarget(std::string_view name, base::Time now);

  // As of Client, from the first repository of those that agree.
  base::Result<> Download(std::string_view name, base::Time now, base::ByteSink& sink);
  base::Result<> Save(std::string_view name, const std::string& directory, base::Time now);

 private:
  struct Found {
    TargetFile file;
    Client* client;
  };
  using Clients = std::map<std::string, Client, std::less<>>;
  MultiClient(RepositoryMap map, Clients clients)
      : map_(std::move(map)), clients_(std::move(clients)) {}

  base::Result<Found> Find(std::string_view name, base::Time now);
  base::Result<Found> FindIn(const RepositoryMap::Mapping& mapping, std::string_view name,
                             base::Time now);

  RepositoryMap map_;
  Clients clients_;
};

}  // namespace tough
