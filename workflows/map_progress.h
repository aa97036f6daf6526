#pragma once

// How far maps are, for people.

#include "forge/workflows/runs.h"
#include "run_fold.h"

namespace forge::internal {

// Whether it is a map whose items come from a query, a file or pages.
bool comes_from_elsewhere(const PlannedStep& step);
MapProgress progress_of(const PlannedStep& map, const Loop& loop, Time now);
// The same once the items of that fact have come; nothing where it has none for a map over what comes from elsewhere.
std::optional<MapProgress> progress_after(const RunFold& fold, const Fact& items, Time now);

}  // namespace forge::internal
