#pragma once

// A point of the past as people name it. Every temporal read resolves its point to a seq once and then reads by seq.

#include <string>
#include <string_view>
#include <variant>

#include "forge/events/envelope.h"
#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge {

struct BookmarkName {
  std::string name;
};
struct IdempotencyKeyOf {
  std::string key;  // the point just after that transaction
};
struct Head {};  // now
struct Ago {
  std::int64_t micros = 0;  // before the later of the clock and the last commit
};

using Point = std::variant<Head, Seq, Time, Ago, BookmarkName, IdempotencyKeyOf>;

// "1042" a seq · RFC 3339 or a date · "now" · "-2h", "-15m", "-1d", "-30s", "-1w" · "bookmark:NAME" · "key:IDEMPOTENCY-KEY".
// Errors: kTimeUnparsable, kTimeAmbiguous (a bare year such as "2026" could be a seq: both readings are shown only for eight digits
// that are also a date, "20261123").
Result<Point> parse_point(std::string_view text);

// What a point resolved to.
struct Resolved {
  Seq seq = 0;        // 0: before the first event
  Time time;          // commit time of that event; zero for seq 0
  bool final = true;  // false: read without the writer at a time that later commits may still fall before
};

}  // namespace forge
