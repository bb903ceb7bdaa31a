// Versions of releases: Semantic Versioning 2.0.0, with its exact precedence.
//
// Numbers are kept as their digits, so that no version is too large to be compared.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace updog {

class Version {
 public:
  // Exactly as SemVer 2.0.0, section 2, 9 and 10, writes it: no leading "v", no leading zeros, at
  // most 256 bytes. kMalformed.
  static base::Result<Version> Parse(std::string_view text);

  // As it was written, build metadata included.
  const std::string& text() const { return text_; }

  // Precedence (section 11). Two versions that differ in build metadata only are equivalent here.
  std::weak_ordering operator<=>(const Version& other) const;
  // The same release: equal precedence and the same build metadata.
  bool operator==(const Version& other) const { return text_ == other.text_; }

 private:
  std::string text_;
  std::array<std::string, 3> numbers_;    // major, minor, patch
  std::vector<std::string> pre_release_;  // empty: a release proper
};

}  // namespace updog
