// UUID version 7 (RFC 9562, 5.7): 48 bits of milliseconds, the version, 12 bits, the variant, 62 bits. The 12 and the 62 bits are
// taken together as one number. In a new millisecond it is random with its top bit clear; in the same one, or after the clock
// stepped back, it is the last one plus a random step of 1 to 2^32 (6.2, method 2), so that each identifier is above the one
// before.

#include "forge/events/id.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "forge/events/status.h"

namespace forge {
namespace {

constexpr std::uint64_t kMillisMax = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t kHighMax = (std::uint64_t{1} << 12) - 1;
constexpr std::uint64_t kLowMax = (std::uint64_t{1} << 62) - 1;

constexpr char kPattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
constexpr std::size_t kTextSize = sizeof kPattern - 1;

// Two lower-case hexadecimal digits for each byte.
struct HexTable {
  char digits[512];

  constexpr HexTable() : digits() {
    for (std::size_t i = 0; i < 256; ++i) {
      digits[2 * i] = "0123456789abcdef"[i >> 4];
      digits[2 * i + 1] = "0123456789abcdef"[i & 15];
    }
  }
};
constexpr HexTable kHex;

// The digit's value, or -1.
int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Random numbers from the kernel, fetched 32 at a time: getrandom never gives less than asked for up to 256 bytes.
class Randomness {
 public:
  std::uint64_t next() {
    if (used_ == std::size(numbers_)) refill();
    return numbers_[used_++];
  }
  void forget() { used_ = std::size(numbers_); }

 private:
  void refill() {
    FORGE_ASSERT(getrandom(numbers_, sizeof numbers_, 0) == static_cast<ssize_t>(sizeof numbers_));
    used_ = 0;
  }

  std::uint64_t numbers_[32];
  std::size_t used_ = std::size(numbers_);
};

class SystemIds : public IdSource {
 public:
  SystemIds() {
    FORGE_ASSERT(pthread_atfork(nullptr, nullptr, [] { forks_.fetch_add(1, std::memory_order_relaxed); }) == 0);
  }

  Uuid next(Time now) override {
    const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(now.micros, 0)) / 1000;
    const std::lock_guard lock(mutex_);
    if (const std::uint64_t forks = forks_.load(std::memory_order_relaxed); forks != forks_seen_) {
      forks_seen_ = forks;
      random_.forget();
    }
    if (is_first_ || millis > millis_) {
      start(millis);
    } else {
      step();
    }
    return current();
  }

 private:
  void start(std::uint64_t millis) {
    is_first_ = false;
    millis_ = std::min(millis, kMillisMax);
    high_ = random_.next() & (kHighMax >> 1);
    low_ = random_.next() & kLowMax;
  }

  // The 74 bits have room for 2^41 steps or more; should they overflow, the next millisecond is borrowed.
  void step() {
    low_ += 1 + (random_.next() & 0xffffffff);
    if (low_ <= kLowMax) return;
    low_ &= kLowMax;
    if (++high_ > kHighMax) start(millis_ + 1);
  }

  Uuid current() const {
    const std::uint64_t first = millis_ << 16 | std::uint64_t{7} << 12 | high_;
    const std::uint64_t second = std::uint64_t{2} << 62 | low_;
    Uuid id;
    for (std::size_t i = 0; i < 8; ++i) {
      id.bytes[i] = static_cast<std::uint8_t>(first >> (56 - 8 * i));
      id.bytes[8 + i] = static_cast<std::uint8_t>(second >> (56 - 8 * i));
    }
    return id;
  }

  // A forked child must not repeat its parent's numbers. Asking for the process's id each time would be a call of the kernel.
  static inline std::atomic<std::uint64_t> forks_{0};

  std::mutex mutex_;
  Randomness random_;
  std::uint64_t forks_seen_ = 0;
  bool is_first_ = true;
  std::uint64_t millis_ = 0;
  std::uint64_t high_ = 0;  // 12 bits
  std::uint64_t low_ = 0;   // 62 bits
};

}  // namespace

std::string Uuid::to_string() const {
  std::string out(kPattern, kTextSize);
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    if (kPattern[at] == '-') ++at;
    std::memcpy(&out[at], &kHex.digits[2 * byte], 2);
    at += 2;
  }
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Uuid id;
  std::size_t at = 0;
  for (std::uint8_t& byte : id.bytes) {
    if (kPattern[at] == '-' && text[at++] != '-') return std::nullopt;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return id;
}

IdSource& system_ids() {
  static SystemIds ids;
  return ids;
}

}  // namespace forge
