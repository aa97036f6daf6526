#pragma once

// What a store tells of itself while it works, for a program's own monitoring. docs/observability.md lists every name. Forge
// exports nothing by itself: the program hands these to what it uses.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "forge/events/envelope.h"
#include "forge/events/id.h"
#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge {

// A number as it stands now. Totals count from the opening of the store and never fall.
struct Metric {
  std::string_view name;  // "forge.syncs"
  std::string_view unit;  // "1" for counts, "s" for seconds
  bool is_total = false;  // else it goes up and down
  double value = 0;
};

// One transaction from the call to its answer: "forge.transact". The store decides, appends and syncs in between; an outcome that
// is an error other than kUnknownOutcome has left no trace.
struct TransactionSpan {
  Time begun;
  std::chrono::nanoseconds duration{0};
  std::size_t actions = 0;
  std::string actor, idempotency_key;  // as asked for
  std::string correlation;             // empty: the transaction's id
  bool dry_run = false;
  Status outcome;
  Uuid transaction;  // of an accepted one, as are the following
  Seq first_seq = 0, last_seq = 0;
  bool replayed = false;
};

// Called once for each transaction, in the thread that gets the answer, just before it does. Must not block or call the store. What
// it throws goes to OpenOptions::log as an error and no further.
using TraceSink = std::function<void(const TransactionSpan& span)>;

}  // namespace forge
