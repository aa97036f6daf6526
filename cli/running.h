#pragma once

// What the commands that carry out runs share.

#include <cstdint>

#include "forge/workflows/runner.h"
#include "session.h"
#include "workflow_words.h"

namespace forge::cli {

Flag allow_host_flag();
Flag max_concurrency_flag();
Flag sync_flag();
// What the last two say; 0: nothing. Errors: kUsage.
Result<std::uint32_t> max_concurrency(const Session& session);

// `lines` outlives the runner.
RunnerOptions runner_options(Session& session, RunnerLines& lines, Programs programs);

}  // namespace forge::cli
