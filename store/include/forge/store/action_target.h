#pragma once

// What carries out generic actions, which are not about one record: "close the month", "move everything from one shelf to another".
// The schema marks such an action with `generic`; the program gives its target with OpenOptions::targets.
//
// A target is asked in the caller's thread, before anything is decided, and holds up nobody. It looks at the store and gives the
// actions that it comes to. These are one transaction, decided by their own rules and policies as if the caller had asked for them;
// each event names the generic action in its metadata (`generic`), and the first one has its arguments (`generic_arguments`). What
// the target read may be out of date when they are decided: let it give a condition or `if_version` where that matters.
//
// A generic action with `workflow` starts a run: its target is that of OpenOptions::workflow_target, for all of them.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"
#include "forge/events/value.h"
#include "forge/store/condition.h"
#include "forge/store/transaction.h"

namespace forge {

class View;

// What a target is asked. Everything is borrowed for the call.
struct TargetCall {
  const Action& action;
  std::span<const Cell> arguments;  // by index, with defaults
  const Actor& actor;
  const View& view;                            // the store's head as the call found it
  std::optional<std::uint8_t> hops_left = {};  // of the transaction

  // By name; null where there is none, or no value. Also a secret one.
  Value argument(std::string_view name) const;
};

// What a target gives. Without actions the transaction is recorded as one event that changes nothing.
struct TargetPlan {
  std::vector<ActionRequest> actions = {};        // none of them generic
  std::optional<AppendCondition> condition = {};  // beside the caller's own
};

// A Status refuses the action: it is answered with kActionRefused, whose reason is that status's text. What it throws is
// kHandlerFailed. It may read the store and must not close it. It is called from any thread, by several at once, again for a dry
// run, and for a request that is repeated with its idempotency key, where what it gives does not count.
using ActionTarget = std::function<Result<TargetPlan>(const TargetCall& call)>;

// By the action's name: "Ledger.close".
using ActionTargets = std::map<std::string, ActionTarget, std::less<>>;

}  // namespace forge
