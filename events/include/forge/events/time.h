#pragma once

// Points in time and the clock. All times are microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "forge/events/status.h"

namespace forge {

struct Time {
  std::int64_t micros = 0;

  friend auto operator<=>(const Time&, const Time&) = default;
};

// RFC 3339 in UTC with microseconds: "2026-11-23T04:00:01.100000Z". Years outside 0000 to 9999 are printed as the nearest bound.
std::string format_time(Time time);

// Reads RFC 3339 with an offset ("2026-11-23T04:00:01.1+02:00"), or a date alone, which means 00:00 UTC that day. More than six
// digits of a second are cut, not rounded. Errors: kTimeUnparsable, naming the text and what is missing.
Result<Time> parse_time(std::string_view text);

// Where the time comes from; an argument of everything that needs one. Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() = 0;
};

// The system's wall clock. Lives for ever; safe from any thread.
Clock& system_clock();

}  // namespace forge
