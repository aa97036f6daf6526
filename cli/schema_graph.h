#pragma once

// The domain as a picture: resources with their references, actions and states, in a language that draws it.

#include <string>

#include "forge/events/domain.h"

namespace forge::cli {

// Mermaid's flowchart, for Markdown; Graphviz's DOT.
enum class GraphLanguage : std::uint8_t { kMermaid, kDot };

// Resources are boxes, actions point at what they create or change, references from one box to another. A state is a value of an
// enum field that has transitions or that an action sets to a constant; such actions point at it, too. Without Forge's own
// resources. Lines end in LF; equal domains give equal text. Names are identifiers, so that nothing needs to be escaped.
std::string schema_graph(const Domain& domain, GraphLanguage language);

}  // namespace forge::cli
