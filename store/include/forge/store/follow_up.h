#pragma once

// Actions that a transaction makes while it is decided, on what those before it came to: "sell it, look at what is left, and order
// more where that is little" is one commit, and nobody can act in between.

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "forge/events/event.h"
#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/events/value.h"
#include "forge/store/record.h"
#include "forge/store/transaction.h"
#include "forge/store/view.h"

namespace forge {

// A transaction as far as it has come. Lives for one call of its follow-up (ActOptions::follow_up) and is read in it alone.
//
// The follow-up is called once the actions before have been decided, and again after each action that it gives, until it gives
// none; with everything from the first call on again where what the transaction takes back had to be planned anew. A Status is the
// transaction's answer, and nothing of it is written; what it throws is kHandlerFailed. The whole transaction is then decided a
// second time, as one: its time, its id and keys that were made stay the same, so what was read here holds.
//
// It is called under the writer's lock, by one thread at a time, in any thread, and everybody waits for it: let it be quick, ask no
// store anything but this, and begin with the first call (`events()` then holds the actions that were asked for). It follows from
// what it reads here, without clock or chance. An idempotency key covers the actions that were asked for: the first answer is
// given again without a call. Where another process holds the store it is refused (kHandlerMissing).
class TransactionSoFar {
 public:
  virtual ~TransactionSoFar() = default;

  // What each action came to, in order.
  virtual const std::vector<Event>& events() const = 0;
  // The transaction's time: its recorded_at.
  virtual Time now() const = 0;
  // The record as the transactions before this one and its own actions so far leave it. Errors: as View::get.
  virtual Result<Record> get(std::string_view resource, std::string_view key) const = 0;
  // The records of a query of the schema, as they are then, until `visit` returns false. Errors: as View::query.
  virtual Status query(std::string_view name, const Args& args, const QueryOptions& options,
                       const std::function<bool(const Record&)>& visit) const = 0;
};

}  // namespace forge
