// The canonical form of JSON that TUF signs (OLPC): members in order of their names, no white
// space, in strings only '"' and '\' escaped, integers alone for numbers. Control characters and
// everything outside ASCII stand raw, so the form need not be JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/json_view.h"
#include "base/result.h"

namespace tough {

// kMalformed if there is a number that is not an integer of 64 bits.
base::Result<std::string> CanonicalForm(const base::json::Value& value);
base::Result<std::string> CanonicalForm(const base::json::View& value);

// The canonical form of a part of a document, without a copy where the document holds it already,
// as ours do (20 MB of targets need not lie in memory twice). It may refer into the document, which
// then has to live longer.
class SignedBytes {
 public:
  static base::Result<SignedBytes> Of(const base::json::View& value);

  std::string_view view() const { return copy_.empty() ? in_document_ : copy_; }

 private:
  std::string_view in_document_;
  std::string copy_;
};

}  // namespace tough
