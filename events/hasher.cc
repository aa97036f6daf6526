#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "forge/events/merkle.h"

namespace forge {
namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kInteriorPrefix = 0x01;

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<Hash> parse_hash(std::string_view hex) {
  Hash out;
  if (hex.size() != 2 * out.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [end, error] = std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, out[i], 16);
    if (error != std::errc() || end != hex.data() + 2 * i + 2) return std::nullopt;
  }
  return out;
}

// OpenSSL 3 looks an algorithm up by name at each one-shot call; here it is fetched once, and the context is used again.
struct Hasher::Context {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* state = EVP_MD_CTX_new();

  Context() { FORGE_ASSERT(algorithm != nullptr && state != nullptr); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    EVP_MD_CTX_free(state);
    EVP_MD_free(algorithm);
  }

  void start() { FORGE_ASSERT(EVP_DigestInit_ex2(state, algorithm, nullptr) == 1); }
  void add(std::span<const std::uint8_t> data) { FORGE_ASSERT(EVP_DigestUpdate(state, data.data(), data.size()) == 1); }
  Hash finish() {
    Hash hash;
    FORGE_ASSERT(EVP_DigestFinal_ex(state, hash.data(), nullptr) == 1);
    return hash;
  }
};

Hasher::Hasher() : context_(std::make_unique<Context>()) {}
Hasher::~Hasher() = default;

Hash Hasher::sha256(std::span<const std::uint8_t> data) {
  context_->start();
  context_->add(data);
  return context_->finish();
}

Hash Hasher::leaf(std::span<const std::uint8_t> data) {
  context_->start();
  context_->add({&kLeafPrefix, 1});
  context_->add(data);
  return context_->finish();
}

Hash Hasher::interior(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 1 + 2 * sizeof(Hash)> message;
  message[0] = kInteriorPrefix;
  std::copy(left.begin(), left.end(), message.begin() + 1);
  std::copy(right.begin(), right.end(), message.begin() + 1 + sizeof(Hash));
  return sha256(message);
}

}  // namespace forge
