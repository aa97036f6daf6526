#pragma once

// Forge's own records are what the store itself reads: a schema that does not parse, or a bookmark of an event to come, would be
// found as damage.

#include "forge/events/envelope.h"
#include "forge/events/status.h"
#include "forge/store/transaction.h"

namespace forge::internal {

// Whether callers may issue that action while the log reaches to `head`. Errors: kUnknownAction, kTimeInFuture.
Status check_own_action(const ActionRequest& request, Seq head);

}  // namespace forge::internal
