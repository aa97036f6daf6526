#pragma once

// Calling the program's handlers while an action is decided.

#include <memory_resource>

#include "forge/store/handler.h"

namespace forge::internal {

// Calls the action's handler and sets in `after`, which is call.after's row or empty, what it gives. Texts are in `memory`. Errors:
// kHandlerMissing, kHandlerFailed, kActionRefused; kUnknownField, kArgumentType, … for a field that it cannot set.
Status handle_action(const ActionHandlers& handlers, const ActionCall& call, std::pmr::memory_resource& memory, Row& after);

}  // namespace forge::internal
