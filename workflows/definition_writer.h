#pragma once

// A definition as it would be declared: what the readers take, the other way round. Pure.

#include "forge/events/value.h"
#include "workflow_generated.h"

namespace forge::internal {

// Reading it again gives the same definition (definition_reader.h).
Object declaration_of(const fb::WorkflowDefinitionT& definition);

// A value as it is declared, with its references: "${load.qty}", or { expr = "${load.qty} * 2" }.
Value declaration_of(const fb::BindingT& binding);

// What one step declares, without its name.
Object declaration_of(const fb::StepT& step);

}  // namespace forge::internal
