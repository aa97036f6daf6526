#pragma once

// Where a command takes a schema from: a file, or a version of the store.

#include <memory>
#include <string>

#include "forge/events/domain.h"
#include "forge/store/store.h"

namespace forge::cli {

// The schema of a file, or every error in it with its place, told from where the user stands.
Domain::Outcome parse_schema_file(const std::string& path);

// The domain of a version as the user wrote it; of none, the one in force. Errors: kUsage, naming the versions.
Result<std::shared_ptr<const Domain>> schema_of_version(const Store& store, const std::string& version);

}  // namespace forge::cli
