#include "backoff.h"

#include <algorithm>

namespace forge::internal {
namespace {

bool matches(std::string_view pattern, std::string_view code) {
  if (pattern.size() != code.size()) return false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const bool digit = code[i] >= '0' && code[i] <= '9';
    if (pattern[i] != code[i] && !(pattern[i] == 'x' && digit)) return false;
  }
  return true;
}

// The finalizer of SplitMix64: every bit of the input changes half of those of the output.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

bool is_transient(std::string_view code) {
  return code == "connect" || code == "timeout" || code == "breaker_open" || code == "408" || code == "429" || matches("5xx", code);
}

bool retries(const fb::RetryT& retry, std::string_view code) {
  if (retry.on.empty()) return true;
  return std::any_of(retry.on.begin(), retry.on.end(), [&](const std::string& pattern) {
    return pattern == "transient" ? is_transient(code) : matches(pattern, code);
  });
}

std::int64_t backoff_us(const fb::RetryT& retry, std::uint32_t attempt, std::uint64_t seed) {
  const std::int64_t cap = std::max(retry.cap, std::int64_t{1});
  std::int64_t delay = std::min(retry.first, cap);
  for (std::uint32_t i = 1; i < attempt && delay < cap && retry.backoff != fb::Backoff::Fixed; ++i) {
    const std::int64_t step = retry.backoff == fb::Backoff::Linear ? retry.first : delay;
    delay = step > cap - delay ? cap : delay + step;
  }
  if (!retry.jitter || delay < 2) return delay;
  const auto half = static_cast<std::uint64_t>(delay / 2);
  return delay - static_cast<std::int64_t>(mix(seed + attempt) % (half + 1));
}

std::uint64_t seed_of(std::string_view run, const HopId& hop) {
  std::uint64_t seed = 0;
  for (const char c : run) seed = mix(seed ^ static_cast<unsigned char>(c));
  return mix(mix(seed ^ hop.frame) ^ hop.step);
}

}  // namespace forge::internal
