#pragma once

// Fields by the names that people write; "Order.qty" as the numbers that events carry, which stay the same over schema versions.

#include <cstdint>
#include <string>
#include <string_view>

#include "forge/events/domain.h"
#include "forge/events/status.h"

namespace forge::internal {

struct FieldName {
  std::uint16_t resource = 0;
  std::uint16_t field = 0;
};

// Errors: kUnknownField with the nearest name.
Result<const Field*> get_field(const Resource& resource, std::string_view name);
// Errors: kUnknownResource, kUnknownField with the nearest name.
Result<FieldName> find_field(const Domain& domain, std::string_view text);

}  // namespace forge::internal
