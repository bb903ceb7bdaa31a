#include "base/digest.h"

#include <openssl/evp.h>
#include <xxhash.h>

#include <cstdlib>
#include <variant>

#include "base/log.h"

namespace base {

namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
using Evp = std::unique_ptr<EVP_MD_CTX, Free>;
using Xxh3 = std::unique_ptr<XXH3_state_t, Free>;

// The only ways to fail are an exhausted memory and an OpenSSL without its default algorithms. A
// program that cannot hash can verify nothing, so it stops rather than to go on with an empty
// digest.
void Demand(bool done, DigestAlgorithm algorithm) {
  if (done) return;
  log::Error(std::string("cannot compute ").append(DigestName(algorithm)));
  std::abort();
}

const EVP_MD* EvpAlgorithm(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kSha512 ? EVP_sha512() : EVP_sha256();
}

}  // namespace

struct Digest::State {
  DigestAlgorithm algorithm;
  std::variant<Evp, Xxh3> hash;
};

std::string_view DigestName(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kSha256:
      return "sha256";
    case DigestAlgorithm::kSha512:
      return "sha512";
    case DigestAlgorithm::kXxh3:
      return "xxh3";
  }
  return "unknown";
}

Digest::Digest(DigestAlgorithm algorithm) : state_(std::make_unique<State>()) {
  state_->algorithm = algorithm;
  if (algorithm == DigestAlgorithm::kXxh3) {
    Xxh3 state(XXH3_createState());
    Demand(state && XXH3_128bits_reset(state.get()) == XXH_OK, algorithm);
    state_->hash = std::move(state);
  } else {
    Evp context(EVP_MD_CTX_new());
    Demand(context && EVP_DigestInit_ex2(context.get(), EvpAlgorithm(algorithm), nullptr) == 1,
           algorithm);
    state_->hash = std::move(context);
  }
}

Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::Update(ByteView bytes) {
  if (bytes.empty()) return;
  const bool done =
      std::holds_alternative<Xxh3>(state_->hash)
          ? XXH3_128bits_update(std::get<Xxh3>(state_->hash).get(), bytes.data(), bytes.size()) ==
                XXH_OK
          : EVP_DigestUpdate(std::get<Evp>(state_->hash).get(), bytes.data(), bytes.size()) == 1;
  Demand(done, state_->algorithm);
}

Bytes Digest::Finish() {
  if (const Xxh3* state = std::get_if<Xxh3>(&state_->hash)) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state->get()));
    const ByteView digest = std::as_bytes(std::span(canonical.digest));
    return {digest.begin(), digest.end()};
  }
  EVP_MD_CTX* context = std::get<Evp>(state_->hash).get();
  Bytes digest(static_cast<std::size_t>(EVP_MD_CTX_get_size(context)));
  Demand(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1,
         state_->algorithm);
  return digest;
}

Bytes DigestOf(DigestAlgorithm algorithm, ByteView bytes) {
  Digest digest(algorithm);
  digest.Update(bytes);
  return digest.Finish();
}

}  // namespace base
