#pragma once

// The ids of runs, as people give them.

#include <string>

#include "forge/events/status.h"

namespace forge::internal {

// Whether a run may be started under that id; an empty one is none, and fits. A slash parts a run from the runs of its steps, and
// an id stands in commands and lists, so it has no control characters. Errors: kKeyInvalid.
Status check_run_id(const std::string& id);
// That there is one already, which is not the one that was asked for.
Status run_exists(const std::string& id, const std::string& why);

}  // namespace forge::internal
