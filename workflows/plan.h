#pragma once

// A definition made ready for running: every step with what it waits for and who waits for it, every reference resolved. A plan
// points into its definition, which outlives it. Immutable: safe to share between threads.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "forge/workflows/definition.h"
#include "recipe.h"
#include "schedule.h"

namespace forge::internal {

using StepIndex = std::uint32_t;
using BlockIndex = std::uint32_t;
inline constexpr std::uint32_t kNone = UINT32_MAX;

// What a step's kind is given, each in the order of parts_of() (body_parts.h).
struct PlannedBody {
  NamedRecipes args;
  std::vector<Recipe> values;
  std::vector<NamedRecipes> named;
  std::vector<Condition> conditions;
};

struct PlannedClause {
  Condition when;
  Recipe value;
  const fb::ClauseT* declared = nullptr;
  PlannedBody body;  // of what it does first, where it does something
};

struct PlannedStep {
  const fb::StepT* declared = nullptr;
  std::string path;  // "import.store"
  BlockIndex block = 0;
  std::uint32_t place = 0;            // in its block
  std::vector<StepIndex> needs;       // of its own block, ascending, each once
  std::vector<StepIndex> successors;  // the same the other way round
  std::vector<StepIndex> refers;      // to the results of these; perhaps further out, and more than once
  std::vector<BlockIndex> blocks;     // inside it, in the order of inner_blocks() (body_parts.h)
  Condition where;
  std::vector<Condition> guards;
  std::vector<Recipe> guard_messages;
  Recipe concurrency_key;
  PlannedBody body;
  std::vector<PlannedClause> clauses;
  PlannedBody undo;
  bool can_skip = false;  // it has a `where`, or a guard that skips
  bool kept = false;      // an undo reads its result
  bool is_read = false;   // of a map over a file: some step reads the items' results
  bool is_pure = false;   // of the same: what is inside is decided without anything outside, so portions are mapped as a whole
};

struct PlannedBlock {
  const fb::BlockT* declared = nullptr;
  StepIndex owner = kNone;       // the step that it is inside of
  std::vector<StepIndex> steps;  // in declared order
  StepIndex result = kNone;
};

// Whether an event starts a run, and with which inputs.
struct PlannedHook {
  Condition where;
  NamedRecipes input;
  Recipe key;
};

struct Plan {
  const fb::WorkflowDefinitionT* declared = nullptr;
  std::vector<PlannedBlock> blocks;  // the whole workflow's first
  std::vector<PlannedStep> steps;    // in declared order, those inside a step behind it
  PlannedHook hook;                  // where the definition has one; of a schedule its input
  std::vector<Schedule> schedule;    // none or one
  HopCount hops;
  bool ends_at_once = false;  // whatever its inputs are, a run is over once it has started, and soon decided
};

// Plans `definition`. What is wrong becomes a finding; the plan is then not to be used. Takes time linear in steps and edges.
Plan make_plan(const fb::WorkflowDefinitionT& definition, const Findings& findings);

}  // namespace forge::internal
