#pragma once

// What values must be where a step uses them: at the check where they are literals, else while a run goes on.

#include <cstdint>
#include <string>

#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/events/value.h"

namespace forge::internal {

// "90s": in the greatest unit that it is a whole number of.
std::string duration_text(std::int64_t micros);

// A duration as a text ("30s") or a number of µs. Errors: kArgumentType.
Result<std::int64_t> duration_of(const Value& value);
// A time as a text (parse_time) or a number of µs since 1970. Errors: kArgumentType; as parse_time.
Result<Time> time_of(const Value& value);

}  // namespace forge::internal
