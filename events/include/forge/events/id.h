#pragma once

// Identifiers: 128 bits, made as UUID version 7 (RFC 9562): the time in milliseconds, then random bits, so that they sort by time.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "forge/events/time.h"

namespace forge {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // "0192f0c1-2a3b-7c4d-8e5f-0123456789ab".
  std::string to_string() const;
  static std::optional<Uuid> parse(std::string_view text);
  bool is_nil() const { return *this == Uuid{}; }

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// Where identifiers come from; an argument of everything that needs one. Implementations are safe to call from any thread.
class IdSource {
 public:
  virtual ~IdSource() = default;
  virtual Uuid next(Time now) = 0;
};

// UUIDv7 from the operating system's randomness, increasing within one process. Lives for ever; safe from any thread.
IdSource& system_ids();

}  // namespace forge
