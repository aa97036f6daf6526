#include "host_gate.h"

#include <algorithm>

namespace forge::internal {

HostGate::Verdict HostGate::ask(const HostLimits& limits, Time now) const {
  if (limits.breaker_failures > 0 && open_until_) {
    if (now < *open_until_) return {Verdict::Kind::kRefused, open_until_};
    if (trying_) return {Verdict::Kind::kWait, std::nullopt};
  }
  if (limits.concurrency > 0 && in_flight_ >= limits.concurrency) return {Verdict::Kind::kWait, std::nullopt};
  if (limits.requests_per_second > 0 && now < next_start_) return {Verdict::Kind::kWait, next_start_};
  return {};
}

bool HostGate::begin(const HostLimits& limits, Time now) {
  ++in_flight_;
  if (limits.requests_per_second > 0) {
    next_start_ = Time{std::max(next_start_, now).micros + 1'000'000 / std::int64_t{limits.requests_per_second}};
  }
  const bool tries = limits.breaker_failures > 0 && open_until_.has_value();
  trying_ = trying_ || tries;
  return tries;
}

HostGate::Change HostGate::end(const HostLimits& limits, bool trial, End how, Time now) {
  --in_flight_;
  if (trial) trying_ = false;
  if (how == End::kUnknown) return Change::kSame;
  if (how == End::kWorked) {
    // One that began before the breaker opened says nothing about now.
    if (open_until_ && !trial) return Change::kSame;
    failures_ = 0;
    const bool was_open = open_until_.has_value();
    open_until_.reset();
    return was_open ? Change::kClosed : Change::kSame;
  }
  ++failures_;
  const bool opens = limits.breaker_failures > 0 && (trial || (!open_until_ && failures_ >= limits.breaker_failures));
  if (!opens) return Change::kSame;
  open_until_ = Time{now.micros + limits.breaker_pause_us};
  return Change::kOpened;
}

HttpHost::Breaker HostGate::breaker() const {
  if (!open_until_) return HttpHost::Breaker::kClosed;
  return trying_ ? HttpHost::Breaker::kHalfOpen : HttpHost::Breaker::kOpen;
}

}  // namespace forge::internal
