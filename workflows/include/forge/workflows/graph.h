#pragma once

// A workflow as a picture: its steps, what each waits for, and what is inside of them.

#include <cstdint>
#include <string>

#include "forge/workflows/definition.h"

namespace forge {

// Lines of text for a terminal; Mermaid's flowchart, for Markdown; Graphviz's DOT.
enum class WorkflowDrawing : std::uint8_t { kText, kMermaid, kDot };

// An arrow leads from a step to each that waits for it; a dotted one from a step to those that begin inside of it, which stand in a
// frame. A step that may be skipped has a dashed border, or `where` in text. Lines end in LF; definitions with the same hash give
// the same text, and whatever names hold is escaped.
std::string draw_workflow(const WorkflowDefinition& definition, WorkflowDrawing as);

}  // namespace forge
