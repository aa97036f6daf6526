#pragma once

// Who would receive a signal: a run that waits for it, a hook, a consumer that a program has registered.

#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/store.h"
#include "forge/workflows/runs.h"

namespace forge::internal {

// Signals that a program has asked for; without a key, whichever they have.
struct ConsumedSignal {
  std::string name;
  std::optional<std::string> key;
};

// What the store tells of the consumers of the process that holds it: a named checkpoint, since it is true of that process only,
// and no fact about the data. Errors: as reading.
Result<std::vector<ConsumedSignal>> consumed_signals(const Store& store);
// Replaces it. Errors: as Store::set_checkpoint.
Status note_consumed_signals(Store& store, const std::vector<ConsumedSignal>& consumed);

// Whether a consumer asked for that is called with the signal of that id.
bool is_consumed(const ConsumedSignal& wanted, const std::string& id);

// Says who would receive the signal `id` with `value`, as JSON, if it were sent now. Takes time with the number of runs that go on.
// Errors: kSignalUnreceived where nobody would; as reading.
Status check_received(const Store& store, const std::string& id, const std::string& value, const ActOptions& options);

}  // namespace forge::internal
