#pragma once

// Reads TOML into declarations. The only place that knows the TOML library.

#include <string_view>

#include "declaration.h"
#include "forge/events/status.h"

namespace forge::internal {

// A table with the members in the order in which they stand in the text. Dates and times are texts as they were written in RFC
// 3339. `file` is how messages call the text. At most 1 MiB. Errors: kWorkflowSyntax with the place; kTooLarge.
Result<Declared> read_toml(std::string_view text, const std::string& file);

}  // namespace forge::internal
