#pragma once

// A record as messages name it.

#include <string>
#include <string_view>

#include "forge/events/domain.h"

namespace forge::internal {

// "Order o-1", of the encoded key; "Order ''" where that is none. "Order [secret]" where the key stands in a secret field.
std::string name_of_record(const Resource& resource, std::string_view key, bool secret = false);

}  // namespace forge::internal
