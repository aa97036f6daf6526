#pragma once

// What the commands that make a store from another have in common.

#include <string>

#include "forge/store/rebuild.h"
#include "session.h"

namespace forge::cli {

// --to DIR, and --verify.
std::vector<Flag> copying_flags();
// The value of --to. Errors: kUsage where it is not given.
Result<std::string> copy_target(const Session& session);
// The point of --as-of, clock, ids, and progress that stops at Ctrl-C. `progress` outlives the copy.
Result<CopyOptions> copy_options(Session& session, Progress& progress);

// The same without a point.
void copy_surroundings(Session& session, Progress& progress, CopyOptions& options);

// Says what was made; with --verify after verifying it. `verb`: "Rebuilt". `more` joins
// the object. Returns the exit status.
Result<int> report_copy(Session& session, const std::string& verb, const std::string& target, const Copy& copy, std::int64_t begun,
                        const Object& more = {});

}  // namespace forge::cli
