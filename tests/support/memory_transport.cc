#include "tests/support/memory_transport.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace test {

using base::ErrorCode;
using base::Fail;
using base::Result;

void MemoryTransport::Set(const std::string& url, Result<std::string> answer) {
  answers_.insert_or_assign(url, std::move(answer));
}

Result<> MemoryTransport::Fetch(const tough::FetchRequest& request, base::ByteSink& out) {
  constexpr std::size_t kPieceBytes = 1000;
  requests_.push_back(request.url);
  const auto found = answers_.find(request.url);
  const std::string body = TRY(found == answers_.end() ? source_(request.url) : found->second);
  if (body.size() > request.max_bytes) return Fail(ErrorCode::kTooLarge, request.url);
  for (std::string_view rest = body; !rest.empty();) {
    TRY(out.Write(base::AsBytes(rest.substr(0, kPieceBytes))));
    rest.remove_prefix(std::min(rest.size(), kPieceBytes));
  }
  return {};
}

}  // namespace test
