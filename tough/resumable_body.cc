#include "tough/resumable_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr int kOk = 200;
constexpr int kPartialContent = 206;

// Takes decimal digits off the front of `text`; nothing where there are none or too many.
std::optional<std::uint64_t> TakeNumber(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// A weak entity tag may stay while bytes change (RFC 9110 8.8.1). A date may too, within its
// second; it is used all the same where it is all there is, since the signed hash stands behind it.
std::string ValidatorOf(const ResponseHead& head) {
  if (head.etag.starts_with('"')) return head.etag;
  return head.last_modified;
}

std::unexpected<base::Error> Changed(std::string_view what) {
  return Fail(ErrorCode::kNetwork, fmt::format("the file changed while it was read: {}", what));
}

}  // namespace

Result<ContentRange> ParseContentRange(std::string_view value) {
  std::string_view rest = value;
  if (TakePrefix(rest, "bytes ")) {
    const auto first = TakeNumber(rest);
    const bool dash = TakePrefix(rest, "-");
    const auto last = TakeNumber(rest);
    const bool slash = TakePrefix(rest, "/");
    const auto total = TakeNumber(rest);
    if (first && dash && last && slash && total && rest.empty() && *first <= *last &&
        *last < *total) {
      return ContentRange{.first = *first, .last = *last, .total = *total};
    }
  }
  return Fail(ErrorCode::kNetwork, fmt::format("unusable Content-Range \"{}\"", value));
}

std::optional<ResumableBody::Range> ResumableBody::NextRange() const {
  if (delivered_ == 0 || validator_.empty()) return std::nullopt;
  return Range{.first = delivered_, .validator = validator_};
}

Result<> ResumableBody::BeginResponse(const ResponseHead& head) {
  if (head.status == kOk) return BeginWhole(head);
  if (head.status == kPartialContent) return BeginRest(head);
  return Fail(ErrorCode::kNetwork, fmt::format("HTTP status {}", head.status));
}

// Also the answer of a server that knows no ranges, or whose If-Range found another validator.
Result<> ResumableBody::BeginWhole(const ResponseHead& head) {
  if (delivered_ == 0) {
    total_.reset();
    validator_ = ValidatorOf(head);
  } else if (ValidatorOf(head) != validator_) {
    return Changed("another ETag or Last-Modified");
  }
  if (head.content_length) TRY(SetTotal(*head.content_length));
  position_ = 0;
  return {};
}

Result<> ResumableBody::BeginRest(const ResponseHead& head) {
  if (!NextRange()) {
    return Fail(ErrorCode::kNetwork, "HTTP status 206, but no range was asked for");
  }
  const ContentRange range = TRY(ParseContentRange(head.content_range));
  if (range.first != delivered_ || range.last + 1 != range.total) {
    return Fail(ErrorCode::kNetwork, fmt::format("Content-Range \"{}\", asked for bytes from {}",
                                                 head.content_range, delivered_));
  }
  if (head.content_length && *head.content_length != range.total - range.first) {
    return Fail(ErrorCode::kNetwork, fmt::format("Content-Length {} does not fit Content-Range {}",
                                                 *head.content_length, head.content_range));
  }
  if (!head.etag.empty() && validator_.starts_with('"') && head.etag != validator_) {
    return Changed("another ETag");
  }
  TRY(SetTotal(range.total));
  position_ = delivered_;
  return {};
}

Result<> ResumableBody::SetTotal(std::uint64_t total) {
  if (total > max_bytes_) {
    return Fail(ErrorCode::kTooLarge,
                fmt::format("{} bytes announced, at most {} are accepted", total, max_bytes_));
  }
  if (total < delivered_ || (total_ && total != *total_)) {
    return Changed(fmt::format("{} bytes now, {} before", total, total_.value_or(delivered_)));
  }
  total_ = total;
  return {};
}

Result<base::ByteView> ResumableBody::Accept(base::ByteView piece) {
  const std::uint64_t limit = total_.value_or(max_bytes_);
  if (piece.size() > limit - position_) {
    if (total_) {
      return Fail(ErrorCode::kNetwork, fmt::format("more than the announced {} bytes", *total_));
    }
    return Fail(ErrorCode::kTooLarge, fmt::format("more than the accepted {} bytes", max_bytes_));
  }
  const std::uint64_t known = std::min<std::uint64_t>(delivered_ - position_, piece.size());
  position_ += piece.size();
  const base::ByteView fresh = piece.subspan(static_cast<std::size_t>(known));
  delivered_ += fresh.size();
  return fresh;
}

Result<> ResumableBody::EndResponse() const {
  const std::uint64_t expected = total_.value_or(delivered_);
  if (position_ == expected && delivered_ == expected) return {};
  return Fail(ErrorCode::kNetwork, fmt::format("ended after {} of {} bytes", position_, expected));
}

}  // namespace tough
