#pragma once

// When each step of a run was at work, for a waterfall. Pure reading, so safe from any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/view.h"
#include "forge/workflows/runs.h"

namespace forge {

// A step from when it could start until it was done, with all its attempts and the time between them; or its undo, or what a
// clause does when it failed.
struct StepSpan {
  enum class Purpose : std::uint8_t { kRun, kCompensate, kUndo };

  std::string step;  // its path
  Purpose purpose = Purpose::kRun;
  Time begin;
  std::optional<Time> end;  // absent: it goes on
  std::string what;  // the pulse that ended it: "completed", "skipped", "failed", "undone", …; the last one where it goes on
  std::uint32_t attempts = 0;  // that were begun; 0: it needs none
  std::string code;            // of the last error
  std::string message;
  std::optional<Seq> first;  // of its pulses
  std::optional<Seq> last;
};

struct RunTimeline {
  RunInfo info;
  Time begin;
  Time end;                     // of a run that goes on: of its last event
  std::vector<StepSpan> spans;  // as they began; of those at one time what is further out first
};

// Errors: kRunNotFound, kWorkflowNotFound where its definition is not in the store, kDataCorrupt.
Result<RunTimeline> run_timeline(const View& view, const std::string& id);

}  // namespace forge
