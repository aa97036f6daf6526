#pragma once

// A signal as it lies in the log: the event by which the `_signal` record of its name and key was written.

#include <optional>
#include <string>

#include "forge/events/event.h"
#include "forge/events/status.h"
#include "forge/events/value.h"
#include "run.h"

namespace forge::internal {

inline constexpr const char* kSignalSent = "_signal.sent";

// "name/key": the key of the record. `key` may be null. Errors: kArgumentType where it is neither a text nor an integer.
Result<std::string> signal_id(const std::string& name, const Value& key);
// The key of what a step waits for, as the command says; null: none.
Value key_of_wait(const Command& await);
// The key under which the signal with that id was sent, where it is one of that name; null where it has none.
std::optional<Value> key_in_signal(const std::string& name, const std::string& id);
// What was sent with it; null where that is no JSON.
Value value_of_signal(const Event& event);

}  // namespace forge::internal
