#pragma once

// What the schema says about a resource, an action or a field, for people and for machines.

#include <string>

#include "forge/events/domain.h"
#include "forge/events/value.h"

namespace forge::cli {

std::string resource_text(const Resource& resource);
std::string action_text(const Action& action);
std::string field_text(const Resource& resource, const Field& field);
Object resource_object(const Resource& resource);
Object action_object(const Action& action);
Object field_object(const Field& field);
// A command line that issues the action: "forgectl do Order.place id=… sku=… qty=1".
std::string try_line(const Action& action);

}  // namespace forge::cli
