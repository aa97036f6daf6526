#pragma once

// Where input that is refused is set aside: NDJSON, an object for each line or row with its place and the reason.

#include <optional>
#include <string>
#include <string_view>

#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge::cli {

// The file of "quarantine:FILE"; nothing for "stop" and for nothing. `input` is the file that is read, "-" for standard input.
// Errors: kUsage for any other value of --on-error and where both are one file; kTargetNotEmpty inside a store or a backup.
Result<std::optional<std::string>> quarantine_path(const std::string& on_error, const std::string& input);

// Adds the reason and the input itself to what says where it was; what is no text is base64.
std::string quarantine_line(Object place, const Status& reason, std::string_view input);

// Whether an error is the input's own fault, so that the same input would be refused again.
bool is_refusal(const Status& status);

}  // namespace forge::cli
