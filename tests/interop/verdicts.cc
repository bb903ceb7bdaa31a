// Tells what the trusted set says of metadata, case by case, for a comparison with another
// implementation. Not shipped.
//
// Each line of standard input is a case: a reference time (seconds since 1970) and steps
// "STEP:HEX", the bytes in hexadecimal. The steps are those of TrustedSet: trusted, root,
// old-timestamp, timestamp, old-snapshot, snapshot, targets; the old ones are what a client has in
// its cache, and may be refused without ending the case. "role1" is that role as targets delegates
// to it. Or the line is "json:HEX", one JSON text, or "glob:HEX HEX", a pattern and a path.
//
// Each line of output is the answer, a JSON object: {"view": …}, what is then trusted, or
// {"refused": STEP, "why": …}; for a JSON text {"canonical": HEX} or {"refused": "json", "why": …};
// for a pattern {"matches": …}.

#include <charconv>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/time.h"
#include "tough/canonical.h"
#include "tough/path_match.h"
#include "tough/trusted_set.h"

namespace {

using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;
using tough::TrustedSet;

struct Step {
  std::string_view name;
  std::string bytes;
};

struct Case {
  base::Time time;
  std::vector<Step> steps;
};

Step ParseStep(std::string_view word) {
  const std::size_t colon = word.find(':');
  const base::Bytes bytes = base::HexDecode(word.substr(colon + 1)).value();
  return {word.substr(0, colon), std::string(base::AsText(bytes))};
}

Case ParseCase(std::string_view line) {
  Case parsed;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
  parsed.time = base::Time(std::chrono::seconds(seconds));
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  while (!line.empty()) {
    line.remove_prefix(1);  // the blank
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    parsed.steps.push_back(ParseStep(word));
  }
  return parsed;
}

// What targets says of the role, whichever paths it speaks for.
std::optional<tough::Delegations::Match> DelegationTo(const tough::Targets& targets,
                                                      std::string_view name) {
  using tough::Terminating;
  if (!targets.delegations) return std::nullopt;
  if (const auto* bins = std::get_if<tough::SuccinctRoles>(&targets.delegations->roles)) {
    for (const std::uint32_t number : {0U, 1U}) {
      if (tough::BinName(bins->name_prefix, bins->bit_length, number) == name)
        return {{std::string(name), bins->signers, Terminating::kYes}};
    }
    return std::nullopt;
  }
  for (const auto& role : std::get<tough::DelegatedRoles>(targets.delegations->roles)) {
    if (role.name == name) return {{role.name, role.signers, role.terminating}};
  }
  return std::nullopt;
}

Result<tough::Targets> TakeDelegated(const TrustedSet& set, const Step& step, base::Time now) {
  if (set.targets() == nullptr) return base::Fail(base::ErrorCode::kUsage, "no such step");
  const auto role = DelegationTo(*set.targets(), step.name);
  if (!role) return base::Fail(base::ErrorCode::kUntrusted, "nobody delegates to it");
  return set.VerifyDelegated(*set.targets()->delegations, *role, step.bytes, now);
}

// A cached file that is refused counts as absent; one that is current makes the download needless.
Result<> Take(TrustedSet& set, const Step& step) {
  if (step.name == "root") {
    TRY(set.UpdateRoot(step.bytes));
  } else if (step.name == "old-timestamp") {
    static_cast<void>(set.LoadTimestamp(step.bytes));
  } else if (step.name == "timestamp") {
    TRY(set.UpdateTimestamp(step.bytes));
  } else if (step.name == "old-snapshot") {
    static_cast<void>(set.LoadSnapshot(step.bytes));
  } else if (step.name == "snapshot") {
    if (set.snapshot() == nullptr) TRY(set.UpdateSnapshot(step.bytes));
  } else if (step.name == "targets") {
    TRY(set.UpdateTargets(step.bytes));
  } else {
    return base::Fail(base::ErrorCode::kUsage, "no such step");
  }
  return {};
}

Value ViewOf(const tough::Hashes& hashes) {
  Object view;
  for (const tough::Hash& hash : hashes) view.Set(base::DigestName(hash.algorithm), hash.hex);
  return view;
}

Value ViewOf(const tough::MetaFile& file) {
  Object view;
  view.Set("version", Value::Unsigned(file.version));
  if (file.length) view.Set("length", Value::Unsigned(*file.length));
  if (file.hashes) view.Set("hashes", ViewOf(*file.hashes));
  return view;
}

Value ViewOf(const tough::RoleKeys& role) {
  Array keyids;
  for (const std::string& keyid : role.keyids) keyids.emplace_back(keyid);
  Object view;
  view.Set("keyids", std::move(keyids));
  view.Set("threshold", Value::Unsigned(role.threshold));
  return view;
}

template <typename Role>
Object HeadOf(const Role& role) {
  Object view;
  view.Set("version", Value::Unsigned(role.version));
  view.Set("expires", base::FormatTime(role.expires));
  return view;
}

Object ViewOf(const tough::Root& root) {
  Object view = HeadOf(root);
  view.Set("consistent_snapshot", root.consistent_snapshot);
  view.Set("root", ViewOf(root.root));
  view.Set("timestamp", ViewOf(root.timestamp));
  view.Set("snapshot", ViewOf(root.snapshot));
  view.Set("targets", ViewOf(root.targets));
  return view;
}

Object ViewOf(const tough::Snapshot& snapshot) {
  Object view = HeadOf(snapshot);
  Object meta;
  for (const auto& [name, file] : snapshot.meta) meta.Set(name, ViewOf(file));
  view.Set("meta", std::move(meta));
  return view;
}

// Who is asked for each of some paths.
Object ViewOf(const tough::Delegations& delegations) {
  Object view;
  for (const std::string_view path : {"manifest.json", "dir/\xc3\xa9.img", "dir2/a.bin", "1/2/3"}) {
    Array names;
    for (const auto& match : delegations.Matching(path)) names.emplace_back(match.name);
    view.Set(path, std::move(names));
  }
  return view;
}

Object ViewOf(const tough::Targets& targets) {
  Object view = HeadOf(targets);
  Object files;
  for (const std::string& name : targets.files.Names()) {
    const tough::TargetFile target = targets.files.Find(name).value();
    Object file;
    file.Set("length", Value::Unsigned(target.length));
    file.Set("hashes", ViewOf(target.hashes));
    if (!target.custom.is_null()) file.Set("custom", target.custom);
    files.Set(name, std::move(file));
  }
  view.Set("targets", std::move(files));
  if (targets.delegations) view.Set("delegations", ViewOf(*targets.delegations));
  return view;
}

Object ViewOf(const TrustedSet& set) {
  Object view;
  view.Set("root", ViewOf(set.root()));
  if (set.timestamp() != nullptr) {
    Object timestamp = HeadOf(*set.timestamp());
    timestamp.Set("snapshot", ViewOf(set.timestamp()->snapshot));
    view.Set("timestamp", std::move(timestamp));
  }
  if (set.snapshot() != nullptr) view.Set("snapshot", ViewOf(*set.snapshot()));
  if (set.targets() != nullptr) view.Set("targets", ViewOf(*set.targets()));
  return view;
}

Object Refusal(std::string_view step, const base::Error& error) {
  Object answer;
  answer.Set("refused", step);
  answer.Set("why", error.message());
  return answer;
}

Object Judge(const Case& judged) {
  const Step& trusted = judged.steps.front();
  Result<TrustedSet> set = TrustedSet::Create(trusted.bytes, tough::Limits(), judged.time);
  if (!set.has_value()) return Refusal(trusted.name, set.error());
  bool roots_finished = false;
  Object delegated;
  for (std::size_t i = 1; i < judged.steps.size(); ++i) {
    const Step& step = judged.steps[i];
    if (step.name != "root" && !std::exchange(roots_finished, true)) {
      if (const Result<> finished = set->FinishRoots(); !finished.has_value())
        return Refusal(step.name, finished.error());
    }
    if (step.name.starts_with("role")) {
      const auto taken = TakeDelegated(*set, step, judged.time);
      if (!taken.has_value()) return Refusal(step.name, taken.error());
      delegated.Set(step.name, ViewOf(*taken));
      continue;
    }
    if (const Result<> taken = Take(*set, step); !taken.has_value())
      return Refusal(step.name, taken.error());
  }
  Object view = ViewOf(*set);
  for (const auto& [name, role] : delegated.members()) view.Set(name, role);
  Object answer;
  answer.Set("view", std::move(view));
  return answer;
}

Object JudgeJson(std::string_view text) {
  const Result<Value> tree = base::json::Parse(text);
  if (!tree.has_value()) return Refusal("json", tree.error());
  const Result<std::string> canonical = tough::CanonicalForm(*tree);
  if (!canonical.has_value()) return Refusal("json", canonical.error());
  Object answer;
  answer.Set("canonical", base::HexEncode(base::AsBytes(*canonical)));
  return answer;
}

Object JudgeGlob(std::string_view line) {
  const std::size_t blank = line.find(' ');
  const base::Bytes path = base::HexDecode(line.substr(blank + 1)).value();
  Object answer;
  answer.Set("matches",
             tough::MatchesPattern(ParseStep(line.substr(0, blank)).bytes, base::AsText(path)));
  return answer;
}

Object JudgeLine(std::string_view line) {
  if (line.starts_with("json:")) return JudgeJson(ParseStep(line).bytes);
  if (line.starts_with("glob:")) return JudgeGlob(line);
  return Judge(ParseCase(line));
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << base::json::Serialize(JudgeLine(line), base::json::Style::kCompact) << '\n';
  }
  return 0;
}
