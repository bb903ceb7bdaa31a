#include "tough/http_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <random>
#include <thread>
#include <tuple>
#include <utility>

#include "base/fd.h"
#include "base/log.h"
#include "tough/file_fetch.h"
#include "tough/http_response.h"
#include "tough/url.h"

namespace tough {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kMaxRedirects = 5;
constexpr long kReadBufferBytes = 512L * 1024;
constexpr std::uint64_t kProgressBytes = std::uint64_t{1} << 20;

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using EasyHandle = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;
using ProxyUrl = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;

// What one attempt came to. A fault that another attempt may not meet again is told apart from an
// answer that stays what it is.
struct Outcome {
  enum class Next : std::uint8_t { kDone, kGiveUp, kTryAgain };
  Next next = Next::kDone;
  std::optional<base::Error> error = std::nullopt;
};

Outcome GiveUp(base::Error error) {
  return {.next = Outcome::Next::kGiveUp, .error = std::move(error)};
}
Outcome TryAgain(base::Error error) {
  return {.next = Outcome::Next::kTryAgain, .error = std::move(error)};
}

// What the callbacks of libcurl need, and what stopped them. An exception must not cross the C code
// in between.
struct Reception {
  HttpResponse response;
  std::optional<base::Error> error = std::nullopt;

  // How many bytes libcurl is told were taken: all, or none, which makes it stop.
  template <typename Take>
  std::size_t Run(std::size_t size, Take take) noexcept {
    try {
      Result<> taken = take();
      if (!taken) error = std::move(taken).error();
    } catch (const std::exception& exception) {
      error.emplace(ErrorCode::kFailed, exception.what());
    }
    return error ? 0 : size;
  }
};

extern "C" std::size_t TakeHeaderLine(char* data, std::size_t, std::size_t size, void* user) {
  auto& reception = *static_cast<Reception*>(user);
  return reception.Run(size, [&] { return reception.response.TakeHeaderLine({data, size}); });
}

extern "C" std::size_t TakeBody(char* data, std::size_t, std::size_t size, void* user) {
  auto& reception = *static_cast<Reception*>(user);
  const std::size_t taken =
      reception.Run(size, [&] { return reception.response.TakeBody(base::AsBytes({data, size})); });
  return reception.response.worth_reading_on() ? taken : 0;
}

// Sets options, and remembers the first that libcurl refused.
class Settings {
 public:
  explicit Settings(CURL* easy) : easy_(easy) {}
  template <typename Value>
  void operator()(CURLoption option, Value value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
  }
  CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

// Faults of the way there, not of what we ask or of who answers (a wrong certificate stays wrong).
bool MayPass(CURLcode code) {
  constexpr std::array kPassing = {
      CURLE_COULDNT_RESOLVE_PROXY,
      CURLE_COULDNT_RESOLVE_HOST,
      CURLE_COULDNT_CONNECT,
      CURLE_OPERATION_TIMEDOUT,
      CURLE_PARTIAL_FILE,
      CURLE_GOT_NOTHING,
      CURLE_SEND_ERROR,
      CURLE_RECV_ERROR,
      CURLE_SSL_CONNECT_ERROR,
      CURLE_PROXY,
  };
  return std::ranges::find(kPassing, code) != kPassing.end();
}

Result<> CheckReadable(const std::string& path, std::string_view what) {
  if (path.empty()) return {};
  const auto file = base::OpenFile(path, O_RDONLY);
  if (file) return {};
  return Fail(ErrorCode::kUsage, fmt::format("{}: {}", what, file.error().message()));
}

Result<> CheckProxy(const std::string& proxy) {
  if (proxy.empty()) return {};
  const ProxyUrl url(curl_url());
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, proxy.c_str(),
                                      CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME);
  if (code == CURLUE_OK) return {};
  return Fail(ErrorCode::kUsage, fmt::format("https proxy {}: {}", WithoutCredentials(proxy),
                                             curl_url_strerror(code)));
}

}  // namespace

class HttpTransport::Session {
 public:
  Session(HttpOptions options, EasyHandle easy)
      : options_(std::move(options)),
        no_proxy_(fmt::format("{}", fmt::join(options_.no_proxy, ","))),
        easy_(std::move(easy)),
        random_(options_.jitter_seed) {}

  Result<> Fetch(const FetchRequest& request, base::ByteSink& out);

 private:
  using Deadline = std::optional<Clock::time_point>;

  Outcome Attempt(const FetchRequest& request, Deadline deadline, ResumableBody& body,
                  base::ByteSink& out);
  Outcome Judge(CURLcode code, Reception& reception, const ResumableBody& body);
  std::optional<std::string> RedirectTarget(const Reception& reception) const;
  CURLcode Perform(const std::string& url, Deadline deadline, const ResumableBody& body,
                   Reception& reception);
  CURLcode Configure(const std::string& url, Deadline deadline, const curl_slist* headers,
                     Reception& reception);
  void ConfigureLimits(Deadline deadline, Settings& set) const;
  void ConfigureTls(Settings& set) const;
  void ConfigureProxy(const std::string& url, Settings& set) const;
  milliseconds Pause(std::uint32_t fruitless);

  HttpOptions options_;
  std::string no_proxy_;
  EasyHandle easy_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  std::minstd_rand random_;
};

Result<> HttpTransport::Session::Fetch(const FetchRequest& request, base::ByteSink& out) {
  Deadline deadline;
  if (request.kind == FetchKind::kMetadata) deadline = Clock::now() + options_.metadata_deadline;
  ResumableBody body(request.max_bytes);
  std::uint64_t progress_mark = 0;
  for (std::uint32_t fruitless = 1;; ++fruitless) {
    Outcome outcome = Attempt(request, deadline, body, out);
    if (outcome.next == Outcome::Next::kDone) return {};
    if (body.delivered() - progress_mark >= kProgressBytes) {
      progress_mark = body.delivered();
      fruitless = 1;
    }
    const milliseconds pause = Pause(fruitless);
    if (outcome.next == Outcome::Next::kGiveUp || fruitless >= options_.attempts ||
        (deadline && Clock::now() + pause >= *deadline)) {
      return std::unexpected(*std::move(outcome.error));
    }
    base::log::Info(fmt::format("{}: {}; trying again", WithoutCredentials(request.url),
                                outcome.error->message()));
    std::this_thread::sleep_for(pause);
  }
}

// Redirects are followed here, not by libcurl, which could not tell a way over https and back.
Outcome HttpTransport::Session::Attempt(const FetchRequest& request, Deadline deadline,
                                        ResumableBody& body, base::ByteSink& out) {
  std::string url = request.url;
  for (int redirects = 0;; ++redirects) {
    Reception reception{.response = HttpResponse(body, out)};
    const CURLcode code = Perform(url, deadline, body, reception);
    const std::optional<std::string> target = RedirectTarget(reception);
    if (!target) return Judge(code, reception, body);
    if (Result<> allowed = CheckRedirect(url, *target); !allowed) {
      return GiveUp(std::move(allowed).error());
    }
    if (redirects == kMaxRedirects) {
      return GiveUp({ErrorCode::kNetwork, fmt::format("more than {} redirects", kMaxRedirects)});
    }
    url = *target;
  }
}

std::optional<std::string> HttpTransport::Session::RedirectTarget(
    const Reception& reception) const {
  constexpr std::array kRedirects = {301, 302, 303, 307, 308};
  const int status = reception.response.status();
  const bool redirects = std::ranges::find(kRedirects, status) != kRedirects.end();
  if (reception.error || !redirects) return std::nullopt;
  const char* target = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &target);
  if (target == nullptr) return std::nullopt;
  return target;
}

Outcome HttpTransport::Session::Judge(CURLcode code, Reception& reception,
                                      const ResumableBody& body) {
  if (reception.error) return GiveUp(*std::move(reception.error));
  const int status = reception.response.status();
  if (status == 0 || (reception.response.brings_body() && code != CURLE_OK)) {
    const char* reason = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code);
    base::Error error(ErrorCode::kNetwork, reason);
    return MayPass(code) ? TryAgain(std::move(error)) : GiveUp(std::move(error));
  }
  // From here on the status is the answer, whatever became of the body of an error page.
  if (reception.response.brings_body()) {
    if (Result<> end = body.EndResponse(); !end) return GiveUp(std::move(end).error());
    return {};
  }
  const bool absent = status == 403 || status == 404;
  base::Error error(absent ? ErrorCode::kNotFound : ErrorCode::kNetwork,
                    fmt::format("HTTP status {}", status));
  return status >= 500 ? TryAgain(std::move(error)) : GiveUp(std::move(error));
}

CURLcode HttpTransport::Session::Perform(const std::string& url, Deadline deadline,
                                         const ResumableBody& body, Reception& reception) {
  // What is signed is what is stored on the server: nobody is to compress it on the way.
  std::vector<std::string> lines = {"Accept-Encoding: identity"};
  if (const auto range = body.NextRange()) {
    lines.push_back(fmt::format("Range: bytes={}-", range->first));
    lines.push_back(fmt::format("If-Range: {}", range->validator));
  }
  HeaderList headers;
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) return CURLE_OUT_OF_MEMORY;
    // `longer` is the same list, or a new one around it.
    std::ignore = headers.release();
    headers.reset(longer);
  }
  reason_.fill('\0');
  if (const CURLcode code = Configure(url, deadline, headers.get(), reception); code != CURLE_OK) {
    return code;
  }
  return curl_easy_perform(easy_.get());
}

CURLcode HttpTransport::Session::Configure(const std::string& url, Deadline deadline,
                                           const curl_slist* headers, Reception& reception) {
  curl_easy_reset(easy_.get());  // keeps connections, drops what the last fetch left
  Settings set(easy_.get());
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_NOSIGNAL, 1L);  // time-outs without SIGALRM, which threads would fight over
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);  // what is asked for is what was named, not a shorter path
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // One request at a time: HTTP/2 would bring nothing but its parser.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_BUFFERSIZE, kReadBufferBytes);
  set(CURLOPT_HEADERFUNCTION, &TakeHeaderLine);
  set(CURLOPT_HEADERDATA, &reception);
  set(CURLOPT_WRITEFUNCTION, &TakeBody);
  set(CURLOPT_WRITEDATA, &reception);
  ConfigureLimits(deadline, set);
  ConfigureTls(set);
  ConfigureProxy(url, set);
  return set.code();
}

void HttpTransport::Session::ConfigureLimits(Deadline deadline, Settings& set) const {
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options_.low_speed_bytes_per_second));
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.low_speed_window.count()));
  if (!deadline) return;
  // libcurl counts in whole milliseconds and may end one early. With two more, a time-out of its is
  // always behind our deadline too, and nothing is tried after it.
  const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now()) + milliseconds(2);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(left, milliseconds(1)).count()));
}

void HttpTransport::Session::ConfigureTls(Settings& set) const {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_bundle.empty()) {
    set(CURLOPT_CAINFO, options_.ca_bundle.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // else the system's would do as well
  }
  if (!options_.client_certificate.empty()) {
    set(CURLOPT_SSLCERT, options_.client_certificate.c_str());
    set(CURLOPT_SSLKEY, options_.client_key.c_str());
  }
}

void HttpTransport::Session::ConfigureProxy(const std::string& url, Settings& set) const {
  // Given even where empty, or libcurl would look into the environment.
  const base::Result<UrlScheme> scheme = SchemeOf(url);
  const bool proxied = scheme.has_value() && *scheme == UrlScheme::kHttps;
  set(CURLOPT_PROXY, proxied ? options_.https_proxy.c_str() : "");
  set(CURLOPT_NOPROXY, no_proxy_.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // the proxy's own headers are not the answer
}

milliseconds HttpTransport::Session::Pause(std::uint32_t fruitless) {
  const milliseconds pause = options_.first_pause * (1U << std::min(fruitless - 1, 6U));
  return pause + milliseconds(std::uniform_int_distribution<milliseconds::rep>(
                     0, pause.count() / 2)(random_));
}

HttpTransport::HttpTransport(std::unique_ptr<Session> session) : session_(std::move(session)) {}
HttpTransport::~HttpTransport() = default;

Result<std::unique_ptr<HttpTransport>> HttpTransport::Create(HttpOptions options) {
  TRY(CheckReadable(options.ca_bundle, "CA bundle"));
  TRY(CheckReadable(options.client_certificate, "client certificate"));
  TRY(CheckReadable(options.client_key, "client key"));
  if (options.client_certificate.empty() != options.client_key.empty()) {
    return Fail(ErrorCode::kUsage,
                "a client certificate and its key are given together or not at all");
  }
  TRY(CheckProxy(options.https_proxy));
  // Counted by libcurl, and never undone: other users in this process may still need it.
  EasyHandle easy(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : nullptr);
  if (easy == nullptr) return Fail(ErrorCode::kFailed, "libcurl does not start");
  auto session = std::make_unique<Session>(std::move(options), std::move(easy));
  return std::unique_ptr<HttpTransport>(new HttpTransport(std::move(session)));
}

// Tells a failure of the caller's sink, which comes back as it is, from ours, which names the URL.
class HttpTransport::Outlet final : public base::ByteSink {
 public:
  explicit Outlet(base::ByteSink& out) : out_(out) {}
  Result<> Write(base::ByteView bytes) override {
    Result<> written = out_.Write(bytes);
    failed_ = !written;
    return written;
  }
  Result<> Finish() override { return out_.Finish(); }
  bool failed() const { return failed_; }

 private:
  base::ByteSink& out_;
  bool failed_ = false;
};

Result<> HttpTransport::Fetch(const FetchRequest& request, base::ByteSink& out) {
  const UrlScheme scheme = TRY(SchemeOf(request.url));
  Outlet outlet(out);
  Result<> fetched =
      scheme == UrlScheme::kFile ? FetchFile(request, outlet) : session_->Fetch(request, outlet);
  if (fetched || outlet.failed()) return fetched;
  return std::unexpected(std::move(fetched).error().WithContext(WithoutCredentials(request.url)));
}

}  // namespace tough
