#pragma once

// How runs stand, for people: in one word, why, and what can be done about it.

#include <string>

#include "forge/workflows/runner.h"
#include "forge/workflows/runs.h"
#include "session.h"

namespace forge::cli {

// The run, which also stands still where one of its steps is a run that does, or has such a step. Errors: as reading.
Result<RunInfo> with_standing_below(const View& view, RunInfo run);
// "completed", "completed with warnings", "running, stands still".
std::string standing_of(const RunInfo& run);
// Why it did not complete, or does not go on; empty where there is nothing to say.
std::string reason_of_standing(const RunInfo& run);
// What can be done about a run that failed, could not be undone, halted or stands still, as commands; empty where nothing can, or
// need be.
std::string next_about(const View& view, const RunInfo& run);
// "waiting for so? until 2026-11-23 04:00:00Z".
std::string state_text(const OpenStep& step);
// "ask waiting for so?; answer it: forgectl workflow approve r-1 ask --actor NAME": what is open in a run; empty where nothing is,
// or it cannot be read.
std::string open_text(const View& view, const std::string& run);
// The error of a run that has halted, or ended otherwise than completed.
Status not_completed(const View& view, const RunInfo& run);

// "2 runs have not ended: 1 sleeps, 1 waits for somebody".
std::string open_runs_text(const RunnerOutlook& outlook);
// The same, with what comes next: "; next at 2026-11-23 04:00:00Z: r-1 nap".
std::string outlook_text(const RunnerOutlook& outlook);
// {running, working, sleeping, waiting, halted, parked, next}.
Object outlook_object(const RunnerOutlook& outlook);

}  // namespace forge::cli
