// What the runs that have not ended wait for.

#include <algorithm>

#include "run_engine.h"

namespace forge::internal {

// Whether something of it is under way. A parent waits while a child of it is at work: that counts for itself.
bool RunEngine::is_at_work(const LiveRun& live) const {
  if (live.committing) return true;
  if (live.parked) return false;
  if (!live.entries.empty()) return true;
  if (live.run.fold == nullptr) return false;
  const RunFold& fold = *live.run.fold;
  return std::any_of(fold.work().begin(), fold.work().end(),
                     [&](const auto& open) { return fold.work(open.first) != nullptr && !waits_for_child(live, open.second); });
}

// Whether it can go on by itself.
bool RunEngine::is_busy(const LiveRun& live) const {
  if (is_at_work(live)) return true;
  if (live.parked || live.run.fold == nullptr) return false;
  const RunFold& fold = *live.run.fold;
  return fold.state().phase != RunPhase::kHalted && !fold.timers().empty();
}

// A deadline alone is no sleep: the run waits for what the deadline is for.
void RunEngine::count(const LiveRun& live, RunnerOutlook& outlook) const {
  const auto sleeps = [](const auto& timer) { return !bounds_a_wait(timer.first.second); };
  if (live.parked || live.run.fold == nullptr) {
    ++outlook.parked;
  } else if (is_at_work(live)) {
    ++outlook.working;
  } else if (live.run.fold->state().phase == RunPhase::kHalted) {
    ++outlook.halted;
  } else if (std::any_of(live.run.fold->timers().begin(), live.run.fold->timers().end(), sleeps)) {
    ++outlook.sleeping;
  } else {
    ++outlook.waiting;
  }
}

// Timers that nobody waits for any more stay among the others until they are due.
std::optional<RunnerOutlook::Next> RunEngine::next_timer() const {
  for (const auto& [at, timer] : timers_) {
    if (timer.kind == Due::kSchedule) return RunnerOutlook::Next{.at = at, .run = "", .step = "", .workflow = timer.run};
    const auto found = runs_.find(timer.run);
    if (timer.kind != Due::kFact || found == runs_.end()) continue;
    const LiveRun& live = found->second;
    const bool counts = !live.parked && live.run.fold != nullptr && live.run.fold->state().phase != RunPhase::kHalted;
    if (!counts) continue;
    const auto open = live.run.fold->timers().find({timer.hop, timer.timer});
    if (open == live.run.fold->timers().end() || open->second.command.at > at) continue;
    return RunnerOutlook::Next{
        .at = at, .run = timer.run, .step = live.run.fold->path_of_hop(timer.hop), .workflow = live.run.head.pin.workflow};
  }
  return std::nullopt;
}

RunnerOutlook RunEngine::outlook() const {
  RunnerOutlook outlook;
  for (const auto& [id, live] : runs_) count(live, outlook);
  outlook.next = next_timer();
  return outlook;
}

}  // namespace forge::internal
