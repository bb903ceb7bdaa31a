// The next state of a repository, before it is visible, as hosts would see it.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "tough/editor.h"
#include "tough/transport.h"

namespace updog::publish {

// Answers for new metadata files out of memory, and for everything else through another transport.
class NextStateTransport final : public tough::Transport {
 public:
  // `inner` outlives this object.
  explicit NextStateTransport(tough::Transport& inner) : inner_(inner) {}

  // From here on these files lie below `metadata_url`.
  void Show(std::string_view metadata_url, std::span<const tough::MetadataFile> files);

  base::Result<> Fetch(const tough::FetchRequest& request, base::ByteSink& out) override;

 private:
  tough::Transport& inner_;
  std::map<std::string, std::string, std::less<>> files_;  // by URL
};

}  // namespace updog::publish
