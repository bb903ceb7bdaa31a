#include "tough/repository_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "tough/path_match.h"
#include "tough/role_keys.h"

namespace tough {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::json::Array;
using base::json::Object;
using base::json::Value;

namespace {

Result<std::vector<std::string>> Strings(const Value& value, std::string_view what) {
  std::vector<std::string> strings;
  const Array* array = value.array();
  if (array == nullptr || array->empty())
    return Fail(ErrorCode::kMalformed, fmt::format("{}: not an array with something in it", what));
  for (const Value& element : *array) {
    if (element.string() == nullptr)
      return Fail(ErrorCode::kMalformed, fmt::format("{}: not an array of strings", what));
    strings.push_back(*element.string());
  }
  return strings;
}

Result<> CheckRepositoryName(std::string_view name, const Limits& limits) {
  TRY(CheckName(name, "repository name", limits));
  if (!name.empty() && name != "." && name != "..") return {};
  return Fail(ErrorCode::kMalformed, fmt::format("repositories: '{}' is no name", name));
}

Result<std::size_t> DecodeThreshold(const Object& object, std::size_t repositories) {
  if (object.Find("threshold") == nullptr) return repositories;
  return static_cast<std::size_t>(
      TRY(base::json::RequireInteger(object, "threshold", 1, repositories)));
}

Result<RepositoryMap::Mapping> DecodeMapping(const Object& object, const RepositoryMap& map) {
  RepositoryMap::Mapping mapping{};
  mapping.paths.globs = TRY(Strings(*TRY(base::json::Require(object, "paths")), "paths"));
  mapping.repositories =
      TRY(Strings(*TRY(base::json::Require(object, "repositories")), "repositories"));
  for (const std::string& name : mapping.repositories) {
    if (!map.repositories.contains(name))
      return Fail(ErrorCode::kMalformed,
                  fmt::format("repositories: '{:.80}' is not defined", name));
    // Its one word would count as two.
    if (std::count(mapping.repositories.begin(), mapping.repositories.end(), name) > 1)
      return Fail(ErrorCode::kMalformed, fmt::format("repositories: '{:.80}' twice", name));
  }
  mapping.threshold = TRY(DecodeThreshold(object, mapping.repositories.size()));
  if (const Value* terminating = object.Find("terminating"); terminating != nullptr) {
    if (terminating->boolean() == nullptr)
      return Fail(ErrorCode::kMalformed, "terminating: neither true nor false");
    mapping.terminating = *terminating->boolean() ? Terminating::kYes : Terminating::kNo;
  }
  return mapping;
}

}  // namespace

bool RepositoryMap::Mapping::Matches(std::string_view target) const {
  return std::any_of(paths.globs.begin(), paths.globs.end(),
                     [target](const std::string& glob) { return MatchesPattern(glob, target); });
}

Result<RepositoryMap> RepositoryMap::Parse(std::string_view text, const Limits& limits) {
  const Value tree = TRY(base::json::Parse(text));
  if (tree.object() == nullptr) return Fail(ErrorCode::kMalformed, "not a JSON object");
  RepositoryMap map;
  const Object* repositories = TRY(base::json::RequireObject(*tree.object(), "repositories"));
  for (const auto& [name, urls] : repositories->members()) {
    TRY(CheckRepositoryName(name, limits));
    map.repositories[name] = TRY(Strings(urls, fmt::format("repositories: {:.80}", name)));
  }
  const Array* mappings = TRY(base::json::RequireArray(*tree.object(), "mapping"));
  for (const Value& mapping : *mappings) {
    const std::string context = fmt::format("mapping: {}", map.mappings.size());
    if (mapping.object() == nullptr)
      return Fail(ErrorCode::kMalformed, context + ": not an object");
    map.mappings.push_back(TRY_CONTEXT(DecodeMapping(*mapping.object(), map), context));
  }
  return map;
}

}  // namespace tough
