#pragma once

// What the figures of workflows run: runs that count in cells, beside the store that they do it in.

#include <filesystem>
#include <memory>
#include <string>

#include "forge/store/store.h"
#include "forge/workflows/definition.h"
#include "forge/workflows/workflow.h"

namespace forge::bench {

using Definition = std::shared_ptr<const WorkflowDefinition>;

inline constexpr int kSteps = 10;
inline constexpr int kCallers = 32;

// How a service opens a store that is to need little memory, and to be open again soon after a kill: what lies in a write buffer is
// in memory, and is read again from the log.
inline OpenOptions small_service(OpenOptions options = {}) {
  options.cache_bytes = 4 << 20;
  options.write_buffer_bytes = 2 << 20;
  return options;
}

// A store in `path` with cells to count in.
Store open_cells(const std::filesystem::path& path, OpenOptions options = {});

// Aborts with the first error.
Definition defined(const Workflow& workflow);
// So many steps, one after another, each an action on the cell of that key; a template where there are none.
Definition counting(const std::string& name, int steps, const char* key);

}  // namespace forge::bench
