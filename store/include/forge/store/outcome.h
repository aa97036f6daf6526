#pragma once

#include "forge/events/status.h"

namespace forge {

// Whether a transaction that failed so may be stored all the same: an unknown outcome, or a disk that was found to be full while it
// was written. Then a retry needs the same idempotency key. Pure; safe from any thread.
bool may_be_stored(const Status& failure);

}  // namespace forge
