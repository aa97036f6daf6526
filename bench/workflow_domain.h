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

// A store in `path` with cells to count in.
Store open_cells(const std::filesystem::path& path, OpenOptions options = {});

// Aborts with the first error.
Definition defined(const Workflow& workflow);
// So many steps, one after another, each an action on the cell of that key; a template where there are none.
Definition counting(const std::string& name, int steps, const char* key);

}  // namespace forge::bench
