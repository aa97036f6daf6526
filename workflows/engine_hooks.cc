// What starts runs and what waiting steps get from outside. Runs that a hook starts are written with the hook's place in the log,
// in one transaction; their ids follow from the event. So each event starts a run once, wherever the process ends.

#include <algorithm>

#include "commit_errors.h"
#include "hook_scope.h"
#include "run_engine.h"
#include "run_id.h"
#include "sent_signal.h"

namespace forge::internal {
namespace {

constexpr const char* kPlace = "_workflow.hooks";  // the named checkpoint
constexpr Seq kNoteEvery = 4096;                   // events that may have to be looked at again

Seq seq_in(const std::optional<std::string>& text) {
  Seq seq = 0;
  for (const char c : text.value_or("")) {
    if (c < '0' || c > '9') return 0;
    seq = seq * 10 + static_cast<Seq>(c - '0');
  }
  return seq;
}

}  // namespace

// ---- Hooks

Status RunEngine::read_hooks(const View& view) {
  FORGE_ASSIGN(const std::optional<std::string> noted, store_.checkpoint(kPlace));
  hooks_noted_ = seq_in(noted);
  std::vector<std::string> names;
  FORGE_TRY(view.list({.resource = "_workflow"}, [&names](const Record& record) { return names.push_back(record.key()), true; }));
  for (const std::string& name : names) {
    const Result<DeclaredWorkflow> found = newest_definition(view, name, definitions_);
    if (!found.ok()) {
      if (options_.log) options_.log(LogLevel::kError, found.status().message());
      continue;
    }
    FORGE_TRY(read_schedule(view, name, *found));
    FORGE_TRY(read_hook_versions(view, name, *found));
  }
  Seq oldest = seen_;
  for (const auto& [name, versions] : hooks_) {
    for (const Hook& hook : versions) oldest = std::min(oldest, hook.has_one() ? hook.since : oldest);
  }
  hooks_seen_ = std::max(hooks_noted_, oldest);
  return {};
}

// Those that were in force when an event came that nobody has looked at: it is for the version of its own time, so that a newer one
// takes no event from it.
Status RunEngine::read_hook_versions(const View& view, const std::string& workflow, const DeclaredWorkflow& newest) {
  FORGE_ASSIGN(const Record record, view.get("_workflow", workflow));
  std::vector<Hook> versions{{newest.pin, newest.definition, record.seq()}};
  if (record.seq() > hooks_noted_ && record.version() > 1) {
    FORGE_ASSIGN(const std::vector<VersionRow> history, view.history("_workflow", workflow));
    for (auto row = history.rbegin(); row != history.rend() && versions.front().since > hooks_noted_; ++row) {
      if (row->version >= versions.front().pin.declared) continue;
      const Result<DeclaredWorkflow> earlier = definition_of_version(view, workflow, row->version, definitions_);
      if (is_of_store(earlier.status())) return earlier.status();
      Hook version{.pin = {.declared = row->version}, .definition = nullptr, .since = row->seq};
      if (earlier.ok()) version = {earlier->pin, earlier->definition, row->seq};
      versions.insert(versions.begin(), std::move(version));
    }
  }
  if (std::any_of(versions.begin(), versions.end(), [](const Hook& one) { return one.has_one(); })) {
    hooks_[workflow] = std::move(versions);
  }
  return {};
}

// That of the version which is in force for the event at `event`; null where there is none, or it has no hook.
const RunEngine::Hook* RunEngine::hook_for(const std::vector<Hook>& versions, Seq event) {
  const auto later = std::find_if(versions.begin(), versions.end(), [event](const Hook& one) { return one.since >= event; });
  return later == versions.begin() || !std::prev(later)->has_one() ? nullptr : &*std::prev(later);
}

// Versions that were in force up to some event before `before`, and no longer.
void RunEngine::forget_hook_versions(const std::string& workflow, Seq before) {
  std::vector<Hook>& versions = hooks_[workflow];
  while (versions.size() > 1 && versions[1].since < before) versions.erase(versions.begin());
  if (std::none_of(versions.begin(), versions.end(), [](const Hook& one) { return one.has_one(); })) hooks_.erase(workflow);
}

void RunEngine::take_workflow_event(const Event& event) {
  const Result<DeclaredWorkflow> found = newest_definition(store_.view(), event.key, definitions_);
  if (!found.ok()) {
    if (options_.log) options_.log(LogLevel::kError, found.status().message());
    return;
  }
  unpark(ErrorId::kWorkflowNotFound);
  const Status scheduled = read_schedule(store_.view(), event.key, *found);
  if (!scheduled.ok() && options_.log) options_.log(LogLevel::kError, scheduled.message());
  const Result<DeclaredWorkflow> added = definition_of_version(store_.view(), event.key, event.version, definitions_);
  if (!added.ok() && options_.log) options_.log(LogLevel::kError, added.status().message());
  Hook version{.pin = {.declared = event.version}, .definition = nullptr, .since = event.seq};
  if (added.ok()) version = {added->pin, added->definition, event.seq};
  hooks_[event.key].push_back(std::move(version));
  forget_hook_versions(event.key, hooked_.empty() ? event.seq + 1 : hooked_.front().seq);
}

void RunEngine::take_hook_event(const Event& event) {
  if (hooks_.empty() || event.seq <= hooks_seen_) return;
  const bool wanted = std::any_of(hooks_.begin(), hooks_.end(), [&](const auto& hook) {
    const Hook* in_force = hook_for(hook.second, event.seq);
    return in_force != nullptr && is_hooked(*in_force->definition->plan().declared->on, event);
  });
  if (wanted) {
    hooked_.push_back(event);
    return start_hooked();
  }
  if (hooked_.empty()) hooks_seen_ = event.seq;
  if (hooks_seen_ >= hooks_noted_ + kNoteEvery) note_hooks_seen();
}

// The runs of the oldest event whose are not started yet, in one transaction. Where the store refuses that, one by one; and in the
// place of one that it does not take by itself, one that says why. So what refuses a run loses neither its event nor other runs.
void RunEngine::start_hooked() {
  while (!starting_ && !hooked_.empty() && !stopped_ && failure_.ok()) {
    const Event& event = hooked_.front();
    std::vector<ActionRequest> actions;
    std::vector<std::string> workflows;
    std::uint8_t fewest = UINT8_MAX;
    const View view = store_.view();
    for (const auto& [name, versions] : hooks_) {
      const Hook* hook = hook_for(versions, event.seq);
      if (hook == nullptr || (hooked_apart_ && !actions.empty())) continue;
      const std::optional<HookedRun> run = run_for(name, *hook, event, view);
      if (!run) continue;
      fewest = std::min(fewest, static_cast<std::uint8_t>(run->hops));
      actions.push_back(hooked_request(hook->pin, *run, options_.max_concurrency));
      workflows.push_back(name);
    }
    if (actions.empty()) {
      pass_over_hooked();
      continue;
    }
    ActOptions options{.actor = actor_of_event(event), .correlation = event.correlation, .causation = event.seq};
    options.hops_left = fewest;
    if (!hooked_apart_) options.checkpoint = NamedCheckpoint{kPlace, std::to_string(event.seq)};
    starting_ = true;
    loop_.commit(std::move(actions), std::move(options),
                 [this, workflows](const Result<TransactionReceipt>& committed) { take_hooked(committed.status(), workflows); });
  }
}

// Nothing where the event starts none by that hook, or has its run already.
std::optional<HookedRun> RunEngine::run_for(const std::string& workflow, const Hook& hook, const Event& event,
                                            const View& view) const {
  const auto unstarted = [&](const Status& why) { return unstarted_run(*hook.definition, event, why); };
  Result<std::optional<HookedRun>> made = hooked_run(*hook.definition, event);
  const auto refused = refused_.find(workflow);
  std::optional<HookedRun> run = !made.ok() ? unstarted(made.status()) : *std::move(made);
  if (run && refused != refused_.end()) run = refused->second.given_up ? std::nullopt : unstarted(refused->second.why);
  if (!run) return std::nullopt;
  if (const Result<RunInfo> there = run_info(view, run->id); there.ok()) {
    if (there->workflow == workflow) return std::nullopt;
    run = unstarted(run_exists(run->id, "it is one of workflow '" + there->workflow + "'"));
    if (!run) return std::nullopt;
  }
  // What the store refused in this one's place may have been written in an earlier life.
  if (const auto earlier = unstarted({}); earlier && view.get("_run", earlier->id).ok()) return std::nullopt;
  return run;
}

void RunEngine::take_hooked(const Status& started, const std::vector<std::string>& workflows) {
  starting_ = false;
  if (is_passing(started)) return add_timer(Time{options_.clock->now().micros + kAgainAfterUs}, {.kind = Due::kStartAgain});
  if (is_final(started)) return fail(started);
  const Seq seq = hooked_.front().seq;
  if (started.ok()) {
    if (!hooked_apart_) {
      hooks_noted_ = seq;
      pass_over_hooked();
    }
  } else if (started.id() != ErrorId::kRecordExists) {  // a run of that id that somebody started meanwhile is seen the next time
    if (workflows.size() > 1) {
      hooked_apart_ = true;
    } else if (const auto [refused, is_new] = refused_.try_emplace(workflows[0], RefusedRun{started}); !is_new) {
      refused->second.given_up = true;
      if (options_.log) {
        options_.log(LogLevel::kError, "event " + std::to_string(seq) + " starts no run of '" + workflows[0] +
                                           "', and that cannot be recorded: " + started.message());
      }
    }
  }
  start_hooked();
  changed_();
}

// All runs of the oldest event are there.
void RunEngine::pass_over_hooked() {
  hooks_seen_ = hooked_.front().seq;
  hooked_.pop_front();
  refused_.clear();
  hooked_apart_ = false;
}

// So that events which start nothing are not looked at for ever again.
void RunEngine::note_hooks_seen() {
  if (hooks_.empty() || hooks_seen_ <= hooks_noted_ || starting_ || !failure_.ok()) return;
  hooks_noted_ = hooks_seen_;
  loop_.start([this, seq = hooks_seen_] {
    const Status noted = store_.set_checkpoint(kPlace, std::to_string(seq));
    if (!noted.ok() && options_.log) options_.log(LogLevel::kWarning, noted.message());
  });
}

// ---- Signals

// What was signalled after the wait began, or before and is kept, is its own at once.
void RunEngine::await(LiveRun& live, const OpenCommand& open) {
  const HopId hop = open.command.hop;
  const fb::WaitStepT* wait = live.run.fold->plan().steps[hop.step].declared->body.AsWaitStep();
  if (wait == nullptr) return;  // an approval is told to the run itself
  const Value key = key_of_wait(open.command);
  if (!wait->event.empty()) return await_event(live, open, *wait, key);
  const Result<std::string> id = signal_id(wait->signal, key);
  if (!id.ok()) return park(live, id.status());
  waiting_[*id].insert({live.run.head.id, hop});
  live.signals.insert(*id);
  const View view = store_.view();
  const Result<Record> last = view.get("_signal", *id);
  if (!last.ok()) return;
  const Value keep = (*last)["keep_until"];
  const bool kept = keep.if_int() != nullptr && *keep.if_int() >= options_.clock->now().micros;
  Seq seq = kept ? last->seq() : 0;
  const Result<std::vector<VersionRow>> history = view.history("_signal", *id);
  if (!history.ok()) return park(live, history.status());
  for (const VersionRow& row : *history) {
    if (row.seq > open.since) {
      seq = row.seq;
      break;
    }
  }
  if (seq == 0) return;
  const Result<Event> signal = view.event(seq);
  if (!signal.ok()) return park(live, signal.status());
  deliver(live, hop, *signal);
}

void RunEngine::take_signal_event(const Event& event) {
  const auto found = waiting_.find(event.key);
  if (found == waiting_.end()) return;
  const auto waiting = std::move(found->second);
  waiting_.erase(found);
  for (const auto& [run, hop] : waiting) {
    LiveRun* live = find(run);
    if (live == nullptr || live->parked) continue;
    if (live->run.fold->waits().contains(hop)) deliver(*live, hop, event);
    settle(run);
  }
}

// What comes after the wait's time is up is none of its: the timer ends it, however late that is seen.
void RunEngine::deliver(LiveRun& live, const HopId& hop, const Event& signal) {
  if (live.run.fold->is_overdue(hop, signal.recorded_at)) return;
  Fact fact;
  fact.kind = Fact::Kind::kSignalled;
  fact.hop = hop;
  fact.value = value_of_signal(signal);
  add(live, {.fact = std::move(fact), .causation = signal.seq});
}

}  // namespace forge::internal
