#pragma once

// When a call to one host may begin: a limit on calls in a time, a limit on calls at once, and a circuit breaker, which refuses
// calls after so many have failed in a row, and lets one try after a pause. Pure; for one thread.

#include <cstdint>
#include <optional>

#include "forge/events/time.h"
#include "forge/workflows/http.h"

namespace forge::internal {

// What a client says; 0: no limit.
struct HostLimits {
  std::uint32_t requests_per_second = 0;
  std::uint32_t concurrency = 0;
  std::uint32_t breaker_failures = 0;
  std::int64_t breaker_pause_us = 0;
};

class HostGate {
 public:
  struct Verdict {
    enum class Kind : std::uint8_t { kGo, kWait, kRefused };
    Kind kind = Kind::kGo;
    std::optional<Time> until;  // of kWait: nothing where it waits for another call to end
  };
  enum class End : std::uint8_t { kWorked, kFailed, kUnknown };
  enum class Change : std::uint8_t { kSame, kOpened, kClosed };

  Verdict ask(const HostLimits& limits, Time now) const;
  // A call begins, which was let through just now. Returns whether it is the one that tries.
  bool begin(const HostLimits& limits, Time now);
  // `trial` is what begin() said.
  Change end(const HostLimits& limits, bool trial, End how, Time now);

  HttpHost::Breaker breaker() const;
  std::uint32_t failures() const { return failures_; }
  std::size_t in_flight() const { return in_flight_; }
  const std::optional<Time>& opens_until() const { return open_until_; }

 private:
  std::size_t in_flight_ = 0;
  Time next_start_;  // by the rate
  std::uint32_t failures_ = 0;
  std::optional<Time> open_until_;  // the breaker is open, also when that has passed, until a call has worked
  bool trying_ = false;
};

}  // namespace forge::internal
