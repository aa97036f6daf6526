#pragma once

// Secrets that a definition names: "env:PAY_SECRET", "file:/run/token". Their values are read when a request is made, go into that
// request alone, and are taken out of whatever came back before anything is written.

#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge::internal {

bool is_secret_reference(std::string_view text);
// The value; of a file without the line's end. At most 64 KiB. Errors: kArgumentMissing, kArgumentRange, naming the reference
// alone.
Result<std::string> read_secret(const std::string& reference);
// The same for a file by its name.
Result<std::string> read_secret_file(const std::string& path);

// Writes "[secret]" wherever one of them stands in a text or name of `value`. Those of fewer than four bytes stay: they would be
// found in everything.
void hide_secrets(const std::vector<std::string>& secrets, Value& value);
void hide_secrets(const std::vector<std::string>& secrets, std::string& text);

}  // namespace forge::internal
