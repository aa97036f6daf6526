#pragma once

// When a step is tried again.

#include <cstdint>
#include <string_view>

#include "run.h"

namespace forge::internal {

// Whether an error with this code is one that `retry` is for: a code itself, a pattern of digits ("5xx"), or "transient", which
// is_transient() tells. Without a list, every error is.
bool retries(const fb::RetryT& retry, std::string_view code);

// connect, timeout, breaker_open, 408, 429 and 5xx: what may succeed without anything being changed.
bool is_transient(std::string_view code);

// How long to wait after attempt number `attempt`, in µs. With jitter between half of it and all of it, from `seed` and the attempt
// alone, so that the same run waits the same again.
std::int64_t backoff_us(const fb::RetryT& retry, std::uint32_t attempt, std::uint64_t seed);

// A number that tells hops of different runs apart.
std::uint64_t seed_of(std::string_view run, const HopId& hop);

}  // namespace forge::internal
