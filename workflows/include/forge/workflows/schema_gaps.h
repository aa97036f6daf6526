#pragma once

// What workflows need of a schema that another one does not have any more: before it is put in force, or just after.

#include <cstddef>
#include <string>
#include <vector>

#include "forge/events/domain.h"
#include "forge/events/status.h"
#include "forge/store/view.h"

namespace forge {

struct SchemaGap {
  std::string workflow;
  std::string place;              // "step.reserve.action"
  std::string missing;            // "there is no action 'Stock.reserve'", in words
  std::size_t open_runs = 0;      // of this definition, that have not ended
  std::vector<std::string> runs;  // the first of these, at most kSchemaGapRuns
  bool is_in_force = true;        // false: of an earlier definition, which open runs keep to
};
inline constexpr std::size_t kSchemaGapRuns = 3;

// What the workflows in force, and the definitions that open runs keep to, find in `before` and do not find in `after`: actions,
// queries, resources, arguments, fields of records that steps read, events of hooks and waits. By workflow, then by place. What was
// missing before is not told again. A definition that cannot be read is passed over. Takes time in proportion to the workflows and
// the open runs. Errors: as reading.
Result<std::vector<SchemaGap>> schema_gaps(const View& view, const Domain& before, const Domain& after);

}  // namespace forge
