#pragma once

// Maps items of a file whose inside is decided without anything outside (PlannedStep::is_pure): beside the loop, many at once, by
// the same decisions as anywhere else. Nothing of it is recorded but what it came to.

#include <memory>
#include <optional>
#include <vector>

#include "forge/workflows/definition.h"
#include "run.h"
#include "stored_results.h"

namespace forge::internal {

struct Portion {
  List results;    // in order; null for an item that failed
  List failures;   // {row, offset, step, code, message} of each item that failed
  List unwritten;  // the same with the items, where they are to be set aside
  std::uint64_t bad = 0;
  std::uint32_t passed = 0;       // hops
  std::optional<RunError> error;  // of the first item that failed, where that makes the map fail
};

// Not safe for concurrent use.
class PortionMap {
 public:
  // Takes of `state` what the steps inside the map may refer to; `read` gives results that it does not hold, from whatever thread.
  PortionMap(std::shared_ptr<const WorkflowDefinition> definition, const RunState& state, HopId map, StoredResults::Read read);

  // Maps the items. Those of one call do not know of others.
  Portion take(std::vector<MapItem> items);

 private:
  std::shared_ptr<const WorkflowDefinition> definition_;
  HopId map_;
  RunState state_;
  StoredResults results_;
};

}  // namespace forge::internal
