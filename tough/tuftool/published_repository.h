// A published repository as tuftool sees it: through the client of the library, like every host.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/temporary_directory.h"
#include "base/time.h"
#include "tough/client.h"
#include "tough/published_metadata.h"
#include "tough/schema.h"
#include "tough/transport.h"

namespace tough::tuftool {

enum class Expired : std::uint8_t { kRefuse, kAllow };

// For http, https and file.
base::Result<std::unique_ptr<Transport>> MakeTransport();
// A path is taken for a file URL.
std::string AsUrl(const std::string& text);
// The URL of the metadata: a URL as it is; for a directory that, or its metadata/ if it has one.
std::string MetadataUrlOf(const std::string& text);

// All metadata of a repository, as ReadPublishedMetadata() gives it; `roots` are paths.
base::Result<PublishedMetadata> ReadPublished(const std::vector<std::string>& roots,
                                              const std::string& metadata_url, base::Time now,
                                              Expired expired);

// The file of a role that was handed over: DIRECTORY/ROLE.json.
base::Result<std::string> ReadRoleFile(const std::string& directory, std::string_view role);

class PublishedRepository {
 public:
  // Verifies the repository from `trusted_root` on. URLs are http, https or file; a path is taken
  // for a file URL. What the client stores lies in a temporary directory for as long as this lives.
  static base::Result<PublishedRepository> Open(std::string_view trusted_root,
                                                const std::string& metadata_url,
                                                const std::string& targets_url, base::Time now,
                                                Expired expired);
  PublishedRepository(PublishedRepository&&) noexcept;
  ~PublishedRepository();

  // Those that `targets` lists, and every role that it delegates to, and those again.
  base::Result<std::vector<std::string>> TargetNames() const;
  // As Client::FindTarget(): kNotFound also for what only roles list that may not.
  base::Result<TargetFile> Find(const std::string& name);
  base::Result<> Save(const std::string& name, const std::string& directory);

 private:
  PublishedRepository(base::TemporaryDirectory scratch, std::unique_ptr<Transport> transport,
                      Client client, std::string trusted_root, std::string metadata_url,
                      base::Time now);

  base::TemporaryDirectory scratch_;
  std::unique_ptr<Transport> transport_;
  Client client_;
  std::string trusted_root_;
  std::string metadata_url_;
  base::Time now_;
};

}  // namespace tough::tuftool
