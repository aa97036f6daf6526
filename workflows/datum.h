#pragma once

// Values as FlatBuffers and back, without loss.

#include "forge/events/status.h"
#include "forge/events/value.h"
#include "workflow_generated.h"

namespace forge::internal {

fb::DatumT to_datum(const Value& value);
// The value of a datum whose buffer was verified. Errors: kTokenInvalid where it contradicts itself, or has a name twice.
Result<Value> to_value(const fb::DatumT& datum);

}  // namespace forge::internal
