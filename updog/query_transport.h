// A transport that tells the server who asks: `version` and `seed` with every request, and for the
// images of an update also `target` and `migrations`, as query parameters in order of their names.
// A plain web server's log then shows how a release spreads.
//
// file: URLs have no server and stay as they are.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tough/transport.h"

namespace updog {

class QueryTransport final : public tough::Transport {
 public:
  // `inner` outlives this object.
  QueryTransport(tough::Transport& inner, std::string_view version, std::uint32_t seed);

  // From here on requests are for an update to `target`.
  void AnnounceUpdate(std::string_view target, const std::vector<std::string>& migrations);

  base::Result<> Fetch(const tough::FetchRequest& request, base::ByteSink& out) override;

 private:
  tough::Transport& inner_;
  std::map<std::string, std::string, std::less<>> parameters_;  // values as they are
};

}  // namespace updog
