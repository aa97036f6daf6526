#pragma once

// Code of the program that takes part in deciding an action, beside its rules. The schema marks such an action with `handler`; the
// program gives the code with OpenOptions::handlers. It runs once, when the action is decided: what it gives is recorded in the
// event, and nothing that reads the log ever calls it.

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/events/value.h"
#include "forge/store/transaction.h"

namespace forge {

// What a handler decides on. Everything is borrowed for the call.
struct ActionCall {
  const Action& action;
  std::span<const Cell> before;  // the record's fields by index, the key and defaults among them; empty: it is to be made
  std::span<const Cell> after;   // the fields as the arguments and `set` leave them, without the key; empty: it is to be destroyed
  std::span<const Cell> arguments;  // by index, with defaults
  const Actor& actor;
  Time now;  // the transaction's time

  // By name; null where there is none, or no value. Also secret ones.
  Value field_before(std::string_view field) const;
  Value field_after(std::string_view field) const;
  Value argument(std::string_view name) const;
};

// Gives the fields that it sets, by name; null clears. They come on top of what the arguments and `set` give, and before computed
// fields, limits, transitions and `check`, which hold for them, too. A Status refuses the action: it is answered with
// kActionRefused, whose reason is that status's text. What it throws is kHandlerFailed, and refuses, too.
//
// It must follow from the call alone: no clock, no chance, no input, and no call of the store, which waits for it. It is called
// under the writer's lock by one thread at a time, in any thread, and again where a dry run or a new schema version decides anew.
// Where several processes share a store (server.h) it is that of the process that holds the store.
using ActionHandler = std::function<Result<Object>(const ActionCall& call)>;

// By the action's name: "Order.price".
using ActionHandlers = std::map<std::string, ActionHandler, std::less<>>;

}  // namespace forge
