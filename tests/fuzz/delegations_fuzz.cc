// The delegations of a targets role. Whatever they say, a path has a finite list of roles, each
// once, none of them a top-level one, and none after one that terminates. Dictionary: metadata.dict
#include "tough/delegations.h"

#include <set>
#include <string>

#include "tests/fuzz/fuzz.h"

namespace {

void CheckMatches(const tough::Delegations& delegations, std::string_view path) {
  std::set<std::string> names;
  bool ended = false;
  for (const tough::Delegations::Match& match : delegations.Matching(path)) {
    fuzz::Check(!ended, "none comes after one that terminates");
    ended = match.terminating == tough::Terminating::kYes;
    fuzz::Check(names.insert(match.name).second, "a role matches once");
    fuzz::Check(match.name != "root" && match.name != "timestamp" && match.name != "snapshot" &&
                    match.name != "targets" && !match.name.empty(),
                "no delegated role is a top-level one");
    fuzz::Check(match.signers.threshold >= 1, "somebody has to sign");
  }
}

}  // namespace

void fuzz::Run(std::string_view input) {
  const base::Result<base::json::Value> tree = base::json::Parse(input);
  if (!tree.has_value() || tree->object() == nullptr) return;
  const auto delegations = tough::DecodeDelegations(*tree->object(), tough::Limits());
  if (!delegations.has_value()) return;
  for (const std::string_view path : {"", "a", "a/b", "manifest.json", "dir/image.img"})
    CheckMatches(*delegations, path);
  if (const auto* bins = std::get_if<tough::SuccinctRoles>(&delegations->roles)) {
    Check(bins->bit_length >= 1 && bins->bit_length <= 32, "a number of bins is in its range");
    return;
  }
  // Paths that its own patterns spell.
  for (const tough::DelegatedRole& role : std::get<tough::DelegatedRoles>(delegations->roles)) {
    if (const auto* patterns = std::get_if<tough::PathPatterns>(&role.paths)) {
      for (const std::string& glob : patterns->globs) CheckMatches(*delegations, glob);
    }
  }
}
