#pragma once

// The directories of stores and backups belong to Forge: a file that somebody else puts among theirs can destroy them.

#include <string>

#include "forge/events/status.h"

namespace forge {

// Refuses a path that stands inside the directory of a store, also one that is being made, or of a backup. Symbolic links are
// followed; the path need not exist, and may be such a directory itself. Only looks. Safe from any thread.
// Errors: kTargetNotEmpty naming the directory.
Status check_outside(const std::string& path);

}  // namespace forge
