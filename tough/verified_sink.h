// The last check of a target: what is passed on must have the length and every known hash that the
// signed metadata lists.
//
// Finish() is the one explicit step that says "complete and verified" (R69): it compares first, and
// only then finishes the sink behind it. A consumer can neither skip it nor be finished without it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/sink.h"
#include "tough/schema.h"

namespace tough {

class VerifiedSink final : public base::ByteSink {
 public:
  // `what` names the target in errors; `out` outlives the sink. kUnsupported if no listed hash is
  // of an algorithm that we know (R70); kMalformed if one cannot be right: it is compared as text,
  // so that upper-case digits would never match.
  static base::Result<std::unique_ptr<VerifiedSink>> Create(std::string_view what,
                                                            const TargetFile& listed,
                                                            base::ByteSink& out);

  // kTooLarge beyond the listed length; an error of `out` comes back as it is.
  base::Result<> Write(base::ByteView bytes) override;
  // kMismatch: too short, or another hash. `out` is finished only if all is right.
  base::Result<> Finish() override;

  // How much has been written; Ok if that is all.
  std::uint64_t length() const { return length_; }
  base::Result<> CheckLength() const;

 private:
  VerifiedSink(std::string_view what, const TargetFile& listed, base::ByteSink& out);

  std::string what_;
  base::ByteSink& out_;
  std::uint64_t listed_length_;
  std::uint64_t length_ = 0;
  std::vector<std::pair<Hash, base::Digest>> digests_;
};

}  // namespace tough
