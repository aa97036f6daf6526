#pragma once

// A repair over a damaged store that is open already and an environment of the caller's choice.

#include <memory>
#include <string>

#include "copy.h"
#include "forge/store/repair.h"
#include "wreck.h"

namespace forge::internal {

// Where the copy of the data files stands that a repair into `target` may need.
std::string scratch_of(const std::string& target);

// Opens the wreck and repairs it into `target`. Errors: as repair().
Result<RepairReport> repair_wreck(Wreck& wreck, const std::string& target, const CopyOptions& options,
                                  const std::shared_ptr<rocksdb::Env>& env);

}  // namespace forge::internal
