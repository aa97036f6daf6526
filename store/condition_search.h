#pragma once

// Looking for what an append condition forbids among the events that are in the log.

#include <optional>

#include "database.h"
#include "log_condition.h"

namespace forge::internal {

// The first event from `from` to `to` that matches; all of them are in the log. Errors: kDataCorrupt, kIoError.
Result<std::optional<ConditionMatch>> find_match(const Database& database, const Catalog& catalog, const LogCondition& condition,
                                                 Seq from, Seq to);

}  // namespace forge::internal
