#pragma once

// Decides a run again from its journal. The recorded facts (results, errors, signals, timers, each with its time) go through the
// decider as if they came now, and what is decided on them is held against what the log has: the steps that went on, the actions
// with their arguments, what was skipped, and the end. Nothing outside of the store is called, nothing is written, and nothing is
// asked of the program's own code. By another definition, what that one decides is held against what the run's own one does.
// Values of secret inputs are not shown. Pure reading, so safe from any thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "forge/events/status.h"
#include "forge/store/view.h"
#include "forge/workflows/definition.h"

namespace forge {

struct ReplayOptions {
  std::shared_ptr<const WorkflowDefinition> definition = {};  // to decide by; null: the one that the run keeps to
  std::string from = {};  // a step's path: what was decided before its first pulse is taken as it stands; empty: nothing is
};

// The first thing that differs, in words.
struct ReplayDifference {
  Seq seq = 0;           // the event of the journal at which it shows
  std::string step;      // the step's path; empty: the run itself
  std::string recorded;  // "runs action Stock.reserve with args.qty = 2"
  std::string replayed;  // "runs action Stock.reserve with args.qty = 3"
};

struct ReplayReport {
  std::string run;
  std::string workflow;
  std::string hash;           // of the definition that the run keeps to
  Version declared = 0;       // which version of the workflow that is
  std::string replayed_hash;  // of the definition that was decided by
  std::size_t facts = 0;      // that were decided on
  std::size_t steps = 0;      // that these, or what was decided, are about
  std::optional<ReplayDifference> difference;

  bool is_identical() const { return !difference.has_value(); }
};

// A difference is no error. Errors: kRunNotFound, kWorkflowNotFound where the run's own definition is not in the store,
// kWorkflowReference where the journal has no pulse of `from`, kDataCorrupt where the journal cannot be read.
Result<ReplayReport> replay_run(const View& view, const std::string& id, const ReplayOptions& options = {});

}  // namespace forge
