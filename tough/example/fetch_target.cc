// fetch-target ROOT METADATA-URL TARGETS-URL CACHE NAME DIRECTORY
//
// The whole of a TUF client: from a root.json that the program was shipped with to one verified
// file.
#include <cstdio>
#include <memory>
#include <random>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "tough/client.h"
#include "tough/http_transport.h"

namespace {

base::Result<> FetchTarget(const char* const* arguments) {
  const std::string root = TRY(base::ReadFile(arguments[0], tough::Limits().root_bytes));

  tough::HttpOptions http;
  http.user_agent = "fetch-target";
  http.jitter_seed = std::random_device()();
  const auto transport = TRY(tough::HttpTransport::Create(std::move(http)));

  tough::ClientOptions options;
  options.metadata_base_url = arguments[1];
  options.targets_base_url = arguments[2];
  options.metadata_dir = arguments[3];  // keep it: it is what protects from rollback
  tough::Client client = TRY(tough::Client::Open(root, std::move(options), *transport));

  TRY(client.Refresh(base::Now()));
  return client.Save(arguments[4], arguments[5], base::Now());
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kArguments = 6;
  if (argc != kArguments + 1) {
    std::fprintf(stderr, "usage: %s ROOT METADATA-URL TARGETS-URL CACHE NAME DIRECTORY\n", argv[0]);
    return 2;
  }
  const base::Result<> fetched = FetchTarget(argv + 1);
  if (fetched) return 0;
  std::fprintf(stderr, "%s: %s\n", argv[0], fetched.error().message().c_str());
  return 1;
}
