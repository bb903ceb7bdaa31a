// The configuration of updog. Whatever stands in it, what is accepted can be used, and what is not
// is a fault of one line that names the file. Dictionary: config.dict
#include "updog/config.h"

#include "tests/fuzz/fuzz.h"
#include "updog/urls.h"

void fuzz::Run(std::string_view input) {
  constexpr std::string_view kPath = "/etc/updog.toml";
  const auto config = updog::ParseConfig(input, kPath);
  if (!config.has_value()) {
    Check(config.error().code() == base::ErrorCode::kUsage, "a fault is a fault of usage");
    Check(config.error().message().find(kPath) != std::string::npos, "a fault names the file");
    return;
  }
  Check(updog::CheckBaseUrl(config->metadata_base_url).has_value(), "metadata has a URL");
  Check(updog::CheckBaseUrl(config->targets_base_url).has_value(), "targets have a URL");
  Check(config->seed <= 2048, "a seed is in its range");
  Check(config->disk.empty() == !config->active_set.has_value(), "both or none");
  Check(config->client_certificate.empty() == config->client_key.empty(), "both or none");
}
