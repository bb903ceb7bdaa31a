#include "api/routes.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "api/host_facts.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "updog/config.h"
#include "updog/history.h"

namespace api {
namespace {

using base::ErrorCode;
using base::json::Object;
using base::json::Style;
using base::json::Value;

Response Json(const Value& value) {
  return {
      .status = 200,
      .body = base::json::Serialize(value, Style::kCompact),
      .content_type = "application/json",
  };
}

// One line, whatever of the client's is quoted in it.
Response Error(unsigned status, std::string_view what) {
  return {.status = status, .body = base::OneLine(what)};
}
Response Error(unsigned status, const base::Error& error) {
  return Error(status, error.message());
}

// Of a transaction: what the client got wrong, or what went wrong here.
Response TransactionError(const base::Error& error) {
  const bool of_client = error.code() == ErrorCode::kUsage || error.code() == ErrorCode::kTooLarge;
  return Error(of_client ? 400 : 500, error);
}

std::string TransactionOf(const Request& request) {
  const auto named = request.query.find("tx");
  return named == request.query.end() ? std::string(kDefaultTransaction) : named->second;
}

std::string PrefixOf(const Request& request) {
  const auto given = request.query.find("prefix");
  return given == request.query.end() ? std::string() : given->second;
}

// Whether `os` or one of its members ("os.arch") can begin with the prefix.
bool MeansOs(std::string_view prefix) {
  return std::string_view("os").starts_with(prefix) || prefix.starts_with("os.");
}

bool MeansSettings(std::string_view prefix) {
  return std::string_view("settings").starts_with(prefix) || prefix.starts_with("settings.");
}

Object OsWithPrefix(const Object& os, std::string_view prefix) {
  Object matching;
  for (const auto& member : os.members()) {
    if (("os." + member.name).starts_with(prefix)) matching.Set(member.name, member.value);
  }
  return matching;
}

void LogChange(const Request& request, const Response& response) {
  const auto shown = [](std::string_view text) { return text.substr(0, 200); };
  const std::string body = response.status < 300 ? "" : fmt::format(": {}", shown(response.body));
  base::log::Info(fmt::format("{} {} by uid {} gid {} pid {}: {}{}", shown(request.method),
                              shown(request.path), request.peer.uid, request.peer.gid,
                              request.peer.pid, response.status, body));
}

}  // namespace

const std::vector<Routes::Route> Routes::kRoutes = {
    {"GET", "/", &Routes::GetModel},
    {"GET", "/os", &Routes::GetOs},
    {"GET", "/settings", &Routes::GetSettings},
    {"PATCH", "/settings", &Routes::PatchSettings},
    {"PATCH", "/settings/keypair", &Routes::PatchKeyPairs},
    {"POST", "/tx/commit_and_apply", &Routes::Commit},
    {"GET", "/updates/status", &Routes::GetStatus},
    {"GET", "/updates/progress", &Routes::GetProgress},
    {"GET", "/updates/history", &Routes::GetHistory},
    {"POST", "/actions/refresh-updates", &Routes::Refresh},
    {"POST", "/actions/prepare-update", &Routes::Prepare},
    {"POST", "/actions/activate-update", &Routes::Activate},
    {"POST", "/actions/deactivate-update", &Routes::Deactivate},
    {"POST", "/actions/reboot", &Routes::Reboot},
};

Routes::Routes(RoutesOptions options, Updates& updates)
    : options_(std::move(options)), updates_(updates) {}

std::vector<std::string> Routes::List() {
  std::vector<std::string> list;
  list.reserve(kRoutes.size());
  for (const Route& route : kRoutes) list.push_back(fmt::format("{} {}", route.method, route.path));
  return list;
}

Response Routes::Answer(const Request& request) {
  Response response = Dispatch(request);
  if (request.method != "GET") LogChange(request, response);
  return response;
}

Response Routes::Dispatch(const Request& request) {
  std::string methods;
  for (const Route& route : kRoutes) {
    if (request.path != route.path) continue;
    if (request.method == route.method) return (this->*route.answer)(request);
    methods += fmt::format("{}{}", methods.empty() ? "" : ", ", route.method);
  }
  if (methods.empty()) return {.status = 404, .body = "There is nothing here"};
  return {.status = 405, .body = fmt::format("Only {} here", methods), .allow = methods};
}

Response Routes::GetStatus(const Request&) {
  return updates_.GetStatus();
}
Response Routes::GetProgress(const Request&) {
  return updates_.GetProgress(options_.now());
}

Response Routes::GetHistory(const Request&) {
  const auto config = updog::LoadConfig(options_.config);
  if (!config) return Error(500, config.error());
  const auto history = updog::ReadHistory(config->state_dir);
  if (!history) return Error(500, history.error());
  return Json(updog::HistoryToJson(*history));
}

Response Routes::Refresh(const Request&) {
  return updates_.Start(Command::kRefresh, options_.now());
}
Response Routes::Prepare(const Request&) {
  return updates_.Start(Command::kPrepare, options_.now());
}
Response Routes::Activate(const Request&) {
  return updates_.Start(Command::kActivate, options_.now());
}
Response Routes::Deactivate(const Request&) {
  return updates_.Start(Command::kDeactivate, options_.now());
}

Response Routes::Reboot(const Request&) {
  const auto config = updog::LoadConfig(options_.config);
  // Not this machine, where the configuration is about a disk image.
  if (config && !config->disk.empty()) {
    return Error(500, fmt::format("the configuration is about the disk {}, not about the running "
                                  "system",
                                  config->disk));
  }
  return {.status = 204, .then = options_.reboot};
}

Response Routes::GetOs(const Request&) {
  const auto os = ReadOs(options_.config, options_.machine);
  if (!os) return Error(500, os.error());
  return Json(EncodeOs(*os));
}

Response Routes::GetModel(const Request& request) {
  const std::string prefix = PrefixOf(request);
  Object model;
  if (MeansOs(prefix)) {
    const auto os = ReadOs(options_.config, options_.machine);
    if (!os) return Error(500, os.error());
    model.Set("os", OsWithPrefix(EncodeOs(*os), prefix));
  }
  // Names of settings go without the leading "settings" too.
  if (MeansSettings(prefix) || model.empty()) {
    const auto store = SettingsStore::Open(options_.settings);
    if (!store) return Error(500, store.error());
    const auto settings = store->Read();
    if (!settings) return Error(500, settings.error());
    const bool all = std::string_view("settings").starts_with(prefix);
    const Settings matching = all ? *settings : SettingsWithPrefix(*settings, prefix);
    if (MeansSettings(prefix) || !matching.empty()) model.Set("settings", SettingsToJson(matching));
  }
  if (model.empty()) {
    return Error(400, fmt::format("'{:.60}' begins neither os nor settings", prefix));
  }
  return Json(std::move(model));
}

Response Routes::GetSettings(const Request& request) {
  const auto store = SettingsStore::Open(options_.settings);
  if (!store) return Error(500, store.error());
  const auto settings = store->Read();
  if (!settings) return Error(500, settings.error());
  return Json(SettingsToJson(SettingsWithPrefix(*settings, PrefixOf(request))));
}

Response Routes::Stage(const Request& request, Parse parse) {
  auto store = SettingsStore::Open(options_.settings);
  if (!store) return Error(500, store.error());
  const auto changes = (store->schema().*parse)(request.body);
  if (!changes) return Error(400, changes.error());
  const auto staged = store->Stage(TransactionOf(request), *changes);
  if (!staged) return TransactionError(staged.error());
  return {.status = 204};
}

Response Routes::PatchSettings(const Request& request) {
  return Stage(request, &SettingsSchema::ParseChanges);
}
Response Routes::PatchKeyPairs(const Request& request) {
  return Stage(request, &SettingsSchema::ParsePairs);
}

Response Routes::Commit(const Request& request) {
  auto store = SettingsStore::Open(options_.settings);
  if (!store) return Error(500, store.error());
  const auto changed = store->Commit(TransactionOf(request));
  if (!changed && changed.error().code() == ErrorCode::kState) {
    return Error(422, changed.error());
  }
  if (!changed) return TransactionError(changed.error());
  return Json(base::json::Array(changed->begin(), changed->end()));
}

}  // namespace api
