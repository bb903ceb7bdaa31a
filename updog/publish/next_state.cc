#include "updog/publish/next_state.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "tough/url.h"

namespace updog::publish {

void NextStateTransport::Show(std::string_view metadata_url,
                              std::span<const tough::MetadataFile> files) {
  for (const tough::MetadataFile& file : files) {
    files_[tough::MetadataUrl(metadata_url, file.name)] = file.bytes;
  }
}

base::Result<> NextStateTransport::Fetch(const tough::FetchRequest& request, base::ByteSink& out) {
  const auto file = files_.find(request.url);
  if (file == files_.end()) return inner_.Fetch(request, out);
  if (file->second.size() > request.max_bytes) {
    return base::Fail(base::ErrorCode::kTooLarge,
                      fmt::format("{}: more than the {} bytes that hosts accept", request.url,
                                  request.max_bytes));
  }
  return out.Write(base::AsBytes(file->second));
}

}  // namespace updog::publish
