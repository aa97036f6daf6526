#pragma once

// What a definition holds, and how it is made of a declaration.

#include <cstdint>
#include <vector>

#include "declaration.h"
#include "forge/workflows/definition.h"
#include "plan.h"

namespace forge::internal {

struct DefinitionParts {
  fb::WorkflowDefinitionT model;
  Plan plan;  // points into `model`
  std::vector<std::uint8_t> bytes;
  Hash hash{};
};

// Reads and plans a declaration, and holds it against what is around it, where that is given; all that is wrong comes back.
WorkflowDefinition::Outcome define(const Declared& declared, Places places, const WorkflowSurroundings* around = nullptr);

}  // namespace forge::internal
