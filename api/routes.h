// Which request does what: the API's table of routes (docs/openapi.yaml describes it, and a test
// holds the two against each other).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_message.h"
#include "api/settings_store.h"
#include "api/updates.h"
#include "base/result.h"

namespace api {

struct RoutesOptions {
  SettingsPaths settings;
  std::string config;            // updog's
  std::string machine;           // uname -m
  std::function<void()> reboot;  // called after the answer was sent; does not wait
  std::function<WallTime()> now;
};

class Routes {
 public:
  // `updates` outlives this.
  Routes(RoutesOptions options, Updates& updates);

  // Never throws for what a client sends. A changing request is logged with who made it and what
  // was answered.
  Response Answer(const Request& request);

  // "GET /os", …
  static std::vector<std::string> List();

 private:
  struct Route {
    const char* method;
    const char* path;
    Response (Routes::*answer)(const Request&);
  };
  static const std::vector<Route> kRoutes;

  Response Dispatch(const Request& request);

  Response GetStatus(const Request&);
  Response GetProgress(const Request&);
  Response GetHistory(const Request&);
  Response Refresh(const Request&);
  Response Prepare(const Request&);
  Response Activate(const Request&);
  Response Deactivate(const Request&);
  Response Reboot(const Request&);
  Response GetOs(const Request&);
  Response GetModel(const Request& request);
  Response GetSettings(const Request& request);
  Response PatchSettings(const Request& request);
  Response PatchKeyPairs(const Request& request);
  Response Commit(const Request& request);

  using Parse = base::Result<SettingChanges> (SettingsSchema::*)(std::string_view) const;
  Response Stage(const Request& request, Parse parse);

  RoutesOptions options_;
  Updates& updates_;
};

}  // namespace api
