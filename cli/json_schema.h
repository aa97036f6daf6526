#pragma once

// The domain as JSON Schema (2020-12), for programs that read or write Forge's JSON without Forge.

#include "forge/events/domain.h"
#include "forge/events/value.h"

namespace forge::cli {

// One document whose `$defs` has
//   "record/Order"       a record as `get` and `list` print it,
//   "action/Order.place" the arguments of an action or a query, as `do --input` takes them,
//   "event/Order.place"  an event that the action made, as `log` and `tail` print it,
//   "type/Address"       a table nested in others, as it is shown, and "input/Address" as it is given.
// Integers beyond 2^53 are text there, bytes are base64, a secret is shown as "[secret]". A pattern of the schema (`match`) is
// RE2's and stands as a comment; rules and policies are not expressed. Without Forge's own resources.
Object json_schema(const Domain& domain);

}  // namespace forge::cli
