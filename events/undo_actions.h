#pragma once

// The actions that taking events back is recorded as. They stand in no schema and take no numbers from its numbering, so that
// every schema version has them, those of earlier stores, too.

#include "domain_model.h"

namespace forge::internal {

// Gives each resource of the schema its undo actions. The model is whole, and keeps its resources where they are.
void add_undo_actions(DomainModel& model);

}  // namespace forge::internal
