#include "signpost/status_text.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"

namespace signpost {
namespace {

namespace json = base::json;
using partitions::SlotName;

std::string SizeText(std::uint64_t size_bytes) {
  constexpr std::uint64_t kMebibyte = 1 << 20;
  if (size_bytes % kMebibyte == 0) return fmt::format("{} MiB", size_bytes / kMebibyte);
  return fmt::format("{} bytes", size_bytes);
}

std::string ExtentLine(std::string_view what, const Extent& extent) {
  const std::string size = SizeText(extent.size_bytes);
  if (extent.offset_bytes == 0) return fmt::format("  {}  {}, {}\n", what, extent.path, size);
  return fmt::format("  {}  {} at byte {}\n", what, size, extent.offset_bytes);
}

std::string RoleText(Slot slot, const Status& status) {
  const bool active = status.active == slot;
  const bool next = status.next == slot;
  return active && next ? " (active, next)" : active ? " (active)" : next ? " (next)" : "";
}

std::string SetText(Slot slot, const SetStatus& set, const Status& status) {
  return fmt::format("Set {}{}: priority {}, tries left {}, {}{}\n{}{}{}", SlotName(slot),
                     RoleText(slot, status), set.flags.priority, set.flags.tries_left,
                     set.flags.successful ? "successful" : "not successful",
                     partitions::WillBoot(set.flags) ? "" : ", will not boot",
                     ExtentLine("boot", set.boot), ExtentLine("root", set.root),
                     ExtentLine("hash", set.hash));
}

json::Value ExtentJson(const Extent& extent) {
  json::Object object;
  object.Set("path", extent.path);
  object.Set("offset_bytes", json::Value::Unsigned(extent.offset_bytes));
  object.Set("size_bytes", json::Value::Unsigned(extent.size_bytes));
  return object;
}

json::Value SetJson(const SetStatus& set) {
  json::Object object;
  object.Set("priority", json::Value::Unsigned(set.flags.priority));
  object.Set("tries_left", json::Value::Unsigned(set.flags.tries_left));
  object.Set("successful", set.flags.successful);
  object.Set("will_boot", partitions::WillBoot(set.flags));
  object.Set("boot", ExtentJson(set.boot));
  object.Set("root", ExtentJson(set.root));
  object.Set("hash", ExtentJson(set.hash));
  return object;
}

}  // namespace

std::string StatusText(const Status& status) {
  std::string text = fmt::format("Disk:   {}\n", status.disk);
  text += fmt::format("Active: {}{}\n", SlotName(status.active),
                      status.running_on_trial() ? " (on trial)" : "");
  text += fmt::format("Next:   {}\n", status.next ? SlotName(*status.next) : "none will boot");
  text += fmt::format("A boot has ever succeeded: {}\n", status.boot_ever_succeeded ? "yes" : "no");
  text += SetText(Slot::kA, status.a, status);
  text += status.b ? SetText(Slot::kB, *status.b, status) : "Set B: none on this disk\n";
  return text;
}

std::string StatusJson(const Status& status) {
  json::Object sets;
  sets.Set(SlotName(Slot::kA), SetJson(status.a));
  if (status.b) sets.Set(SlotName(Slot::kB), SetJson(*status.b));
  json::Object object;
  object.Set("disk", status.disk);
  object.Set("active", SlotName(status.active));
  object.Set("next", status.next ? json::Value(SlotName(*status.next)) : json::Value());
  object.Set("running_on_trial", status.running_on_trial());
  object.Set("boot_ever_succeeded", status.boot_ever_succeeded);
  object.Set("sets", std::move(sets));
  return json::Serialize(std::move(object), json::Style::kPretty);
}

}  // namespace signpost
