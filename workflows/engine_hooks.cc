// What starts runs and what waiting steps get from outside. Runs that a hook starts are written with the hook's place in the log,
// in one transaction; their ids follow from the event. So each event starts a run once, wherever the process ends.

#include <algorithm>

#include "commit_errors.h"
#include "hook_scope.h"
#include "run_engine.h"
#include "sent_signal.h"

namespace forge::internal {
namespace {

constexpr const char* kPlace = "_workflow.hooks";  // the named checkpoint
constexpr Seq kNoteEvery = 4096;                   // events that may have to be looked at again

Actor hook_actor(const Event& event) {
  const Value* role = event.metadata.find("role");
  return {event.actor, role != nullptr && role->if_text() != nullptr ? *role->if_text() : std::string()};
}

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
  std::vector<std::string> names;
  FORGE_TRY(view.list({.resource = "_workflow"}, [&names](const Record& record) { return names.push_back(record.key()), true; }));
  for (const std::string& name : names) {
    const Result<DeclaredWorkflow> found = newest_definition(view, name, definitions_);
    if (!found.ok()) {
      if (options_.log) options_.log(LogLevel::kError, found.status().message());
      continue;
    }
    FORGE_TRY(read_schedule(view, name, *found));
    if (found->definition->plan().declared->on == nullptr) continue;
    FORGE_ASSIGN(const Record record, view.get("_workflow", name));
    hooks_[name] = {found->pin, found->definition, record.seq()};
  }
  FORGE_ASSIGN(const std::optional<std::string> noted, store_.checkpoint(kPlace));
  hooks_noted_ = seq_in(noted);
  Seq oldest = seen_;
  for (const auto& [name, hook] : hooks_) oldest = std::min(oldest, hook.since);
  hooks_seen_ = std::max(hooks_noted_, oldest);
  return {};
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
  hooks_.erase(event.key);
  if (found->definition->plan().declared->on != nullptr) hooks_[event.key] = {found->pin, found->definition, event.seq};
}

void RunEngine::take_hook_event(const Event& event) {
  if (hooks_.empty() || event.seq <= hooks_seen_) return;
  const bool wanted = std::any_of(hooks_.begin(), hooks_.end(), [&](const auto& hook) {
    return event.seq > hook.second.since && is_hooked(*hook.second.definition->plan().declared->on, event);
  });
  if (wanted) {
    hooked_.push_back(event);
    return start_hooked();
  }
  if (hooked_.empty()) hooks_seen_ = event.seq;
  if (hooks_seen_ >= hooks_noted_ + kNoteEvery) note_hooks_seen();
}

// The runs of the oldest event whose are not started yet, in one transaction.
void RunEngine::start_hooked() {
  while (!starting_ && !hooked_.empty() && !stopped_ && failure_.ok()) {
    const Event& event = hooked_.front();
    std::vector<ActionRequest> actions;
    std::uint8_t fewest = UINT8_MAX;
    const View view = store_.view();
    for (const auto& [name, hook] : hooks_) {
      if (event.seq <= hook.since) continue;
      const Result<std::optional<HookedRun>> run = hooked_run(*hook.definition, event);
      if (!run.ok() && options_.log) {
        options_.log(LogLevel::kError,
                     "event " + std::to_string(event.seq) + " starts no run of '" + name + "': " + run.status().message());
      }
      if (!run.ok() || !run->has_value() || view.get("_run", (*run)->id).ok()) continue;
      Fact fact;
      fact.hops = (*run)->hops;
      fewest = std::min(fewest, static_cast<std::uint8_t>(fact.hops));
      fact.concurrency = options_.max_concurrency;
      fact.value = Object{{"input", (*run)->input}, {"event", (*run)->event}};
      actions.push_back(start_request(hook.pin, fact));
      actions.back().args.add("id", (*run)->id);
    }
    if (actions.empty()) {
      hooks_seen_ = event.seq;
      hooked_.pop_front();
      continue;
    }
    ActOptions options{.actor = hook_actor(event), .correlation = event.correlation, .causation = event.seq};
    options.hops_left = fewest;
    options.checkpoint = NamedCheckpoint{kPlace, std::to_string(event.seq)};
    starting_ = true;
    loop_.commit(std::move(actions), std::move(options),
                 [this](const Result<TransactionReceipt>& committed) { take_hooked(committed.status()); });
  }
}

void RunEngine::take_hooked(const Status& started) {
  starting_ = false;
  if (is_passing(started)) return add_timer(Time{options_.clock->now().micros + kAgainAfterUs}, {.kind = Due::kStartAgain});
  if (is_final(started)) return fail(started);
  const Seq seq = hooked_.front().seq;
  // A run of that id that somebody started meanwhile is seen in the second attempt.
  if (started.id() != ErrorId::kRecordExists) {
    if (!started.ok() && options_.log) {
      options_.log(LogLevel::kError, "event " + std::to_string(seq) + " starts no run: " + started.message());
    }
    if (started.ok()) hooks_noted_ = seq;
    hooks_seen_ = seq;
    hooked_.pop_front();
  }
  start_hooked();
  changed_();
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

void RunEngine::deliver(LiveRun& live, const HopId& hop, const Event& signal) {
  Fact fact;
  fact.kind = Fact::Kind::kSignalled;
  fact.hop = hop;
  fact.value = value_of_signal(signal);
  add(live, {.fact = std::move(fact), .causation = signal.seq});
}

}  // namespace forge::internal
