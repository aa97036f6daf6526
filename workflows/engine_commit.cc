// How facts get into the log: one transaction of a run after the other, each with what is to be recorded before it, the actions
// that belong to the fact, and the fact.

#include <algorithm>

#include "commit_errors.h"
#include "end_at_once.h"
#include "fetch_work.h"
#include "forge/events/json.h"
#include "run_engine.h"
#include "secret_inputs.h"
#include "transaction_rest.h"

namespace forge::internal {
namespace {

// What a run's record is to say of why it stands still. A store that cannot be read is no property of the run.
std::string reason_of(const std::optional<Status>& parked) {
  return !parked || is_of_store(*parked) ? std::string() : reason_to_stand(*parked);
}

// Of a map whose run completes with these records: where a later run goes on.
std::optional<NamedCheckpoint> checkpoint_at_end(const RunFold& fold, std::size_t records) {
  const RunState& state = fold.state();
  if (state.mark_name.empty() || state.outcome != RunOutcome::kCompleted || state.unwound) return std::nullopt;
  const auto last = fold.records().begin() + static_cast<std::ptrdiff_t>(records);
  const bool ends = std::any_of(fold.records().begin(), last, [](const auto& one) { return one.action == "_run.end"; });
  if (!ends) return std::nullopt;
  return NamedCheckpoint{checkpoint_of_map(state.mark_name), to_json(state.mark)};
}

}  // namespace

void RunEngine::add(LiveRun& live, Entry entry) {
  live.entries.push_back(std::move(entry));
  commit_next(live);
}

// Whether nobody waits for the fact any more: the run was told something meanwhile, or a deadline passed.
bool RunEngine::is_pointless(const LiveRun& live, const Entry& entry) const {
  const RunFold& fold = *live.run.fold;
  if (entry.fact.kind == Fact::Kind::kUnwind) return fold.state().outcome != RunOutcome::kCompleted;
  if (fold.state().phase == RunPhase::kEnded) return true;
  if (entry.fact.kind == Fact::Kind::kTimer) {
    const auto timer = fold.timers().find({entry.fact.hop, entry.fact.timer});
    return timer == fold.timers().end() || timer->second.command.at != entry.due;
  }
  if (entry.fact.kind == Fact::Kind::kSignalled) return !fold.waits().contains(entry.fact.hop);
  if (!entry.answers_work) return false;
  const OpenCommand* open = fold.work(entry.fact.hop);
  return open == nullptr || open->command.attempt != entry.fact.attempt;
}

// Whether the run was cancelled before an action of it, or a transaction, was written: nothing of it has happened.
bool RunEngine::is_to_be_stopped(const LiveRun& live, const Entry& entry) {
  const HopId hop = entry.fact.hop;
  if (!entry.answers_work || entry.fact.kind != Fact::Kind::kCompleted || !is_cancelled(*live.run.fold)) return false;
  const fb::Body kind = live.run.fold->plan().steps[hop.step].declared->body.type;
  return kind == fb::Body::ActionStep || kind == fb::Body::TransactionStep;
}

RunEngine::Entry RunEngine::stopped(const Entry& entry) {
  const Fact fact = failed_fact(entry.fact, StepOutcome::failed("stopped", "the run was cancelled before it was done"));
  return {.fact = fact, .details = entry.details, .causation = entry.causation, .answers_work = true};
}

void RunEngine::commit_next(LiveRun& live) {
  if (stopped_ || live.committing || live.beginning || !failure_.ok()) return;
  if (std::string why = reason_of(live.parked); why != live.parked_noted) return note_parking(live, why);
  // One that stands still is told that it is to end all the same.
  if (live.parked && (live.entries.empty() || !live.entries.front().told)) return;
  while (!live.entries.empty() && is_pointless(live, live.entries.front())) live.entries.pop_front();
  const bool many = live.run.fold->records().size() >= RunFold::kRecordsAtOnce;
  if (!live.entries.empty() && !many) {
    std::optional<Entry> entry = std::move(live.entries.front());
    live.entries.pop_front();
    if (is_to_be_stopped(live, *entry)) entry = stopped(*entry);
    write(live, std::move(entry));
  } else if (live.run.fold->must_record()) {
    write(live, std::nullopt);
  }
}

void RunEngine::write(LiveRun& live, std::optional<Entry> entry) {
  const RunFold& fold = *live.run.fold;
  const auto first_record = fold.records().begin();
  const auto at_once = static_cast<std::ptrdiff_t>(std::min(fold.records().size(), RunFold::kRecordsAtOnce));
  std::vector<ActionRequest> actions(first_record, first_record + at_once);
  const std::size_t records = actions.size();
  ActOptions options{.actor = live.run.head.actor, .correlation = live.run.head.correlation, .causation = live.run.seq};
  if (entry) {
    entry->fact.error = SecretInputs(fold.plan(), fold.state()).hidden(entry->fact.error);
    if (entry->result) entry->details.add("from", records + *entry->result);
    actions.insert(actions.end(), entry->actions.begin(), entry->actions.end());
    // The record of a run that has ended takes no more from people.
    const bool told = entry->told && entry->fact.kind != Fact::Kind::kUnwind;
    const char* status = entry->fact.kind == Fact::Kind::kResume ? "running" : "";
    actions.push_back(told ? tell_request(fold, entry->fact, status) : advance_request(fold, entry->fact, entry->details));
    if (entry->causation) options.causation = entry->causation;
    if (entry->fact.hop.step != kNone) options.hops_left = fold.hops_passed(entry->fact.hop);
    options.condition = entry->condition;
    options.timeout = entry->timeout;
    options.reason = entry->fact.reason;
    if (entry->result) entry->details = Object();  // made anew where it is written again
  }
  if (!entry) options.hops_left = fold.hops_passed({});
  options.checkpoint = checkpoint_at_end(fold, records);
  const auto first = std::find_if(actions.begin(), actions.end(), [](const auto& one) { return one.action.starts_with("_run."); });
  first->if_version = live.run.version;
  if (entry && entry->rest != nullptr) {
    entry->rest->begin(records, entry->fact, std::move(actions.back()));
    actions.pop_back();
    options.follow_up = [rest = entry->rest](const TransactionSoFar& so_far) { return rest->next(so_far); };
  }
  if (entry && entry->rest == nullptr) {
    entry->ends_at_once = !entry->told && !entry->ends_apart && !store_.is_attached() && may_end_with(fold, entry->fact);
    const auto result = entry->result ? std::optional(records + *entry->result) : std::nullopt;
    if (entry->ends_at_once) options.follow_up = EndAtOnce(fold, records, actions.size(), result);
  }
  live.committing = true;
  loop_.commit(std::move(actions), std::move(options),
               [this, id = live.run.head.id, entry = std::move(entry), records](Result<TransactionReceipt> committed) mutable {
                 take_commit(id, std::move(entry), records, std::move(committed));
               });
}

void RunEngine::take_commit(const std::string& id, std::optional<Entry> entry, std::size_t records,
                            Result<TransactionReceipt> committed) {
  LiveRun* live = find(id);
  if (live == nullptr || stopped_) return;
  live->committing = false;
  const bool is_told = committed.ok() && entry && entry->told;
  if (!committed.ok()) {
    take_refusal(*live, std::move(entry), committed.status());
  } else {
    RunFold& fold = *live->run.fold;
    fold.drop_records(records);
    // An action may have started another run.
    live->run.version +=
        static_cast<Version>(std::count_if(committed->actions.begin(), committed->actions.end(),
                                           [&](const auto& one) { return one.resource == "_run" && one.key == id; }));
    live->run.seq = committed->last_seq;
    pass_over(id, *committed);
    if (entry) {
      const std::size_t ended = entry->ends_at_once ? committed->actions.size() - records - entry->actions.size() - 1 : 0;
      if (entry->rest != nullptr) {
        entry->fact = entry->rest->fact();
        entry->result = entry->rest->result();
      }
      entry->fact.at = committed->recorded_at;
      const View view = store_.view();
      if (entry->result) {
        const Result<Event> event = view.event(committed->actions[records + *entry->result].seq);
        if (!event.ok()) return park(*live, event.status());
        entry->fact.value = result_of(*event);
      }
      const std::string path = middleware_.is_empty() ? std::string() : fold.path_of_hop(entry->fact.hop);
      fold.read_from(view);
      const Seq seq = committed->actions[committed->actions.size() - 1 - ended].seq;
      const Result<std::vector<Command>> commands = fold.take(entry->fact, seq);
      if (!commands.ok()) return park(*live, commands.status());
      fold.drop_records(ended);
      tell(live->run.head, entry->fact, path, *commands, seq, entry->details);
      take_commands(*live, *commands);
    }
  }
  live = find(id);
  if (live == nullptr) return;
  bound_history(*live);
  if (!live->parked && !live->committing && live->newest > live->run.version) read_on(*live);
  if (live->parked && is_told) return go_on(id);
  commit_next(*live);
  settle(id);
}

// A run that goes on for ever is cancelled, and undoes what it did.
void RunEngine::bound_history(LiveRun& live) {
  const bool unwinds = live.run.fold == nullptr || live.run.fold->state().phase >= RunPhase::kFailing;
  if (live.run.version < options_.history_max || live.is_too_long || unwinds) return;
  live.is_too_long = true;
  Entry entry{.told = true};
  entry.fact.kind = Fact::Kind::kCancel;
  entry.fact.reason = "its journal has " + std::to_string(live.run.version) + " events, at most " +
                      std::to_string(options_.history_max) + " are allowed";
  if (options_.log) options_.log(LogLevel::kError, "run " + live.run.head.id + " is cancelled: " + entry.fact.reason);
  live.entries.push_front(std::move(entry));
}

void RunEngine::take_refusal(LiveRun& live, std::optional<Entry> entry, const Status& refusal) {
  const auto put_back = [&] {
    if (entry) live.entries.push_front(*std::move(entry));
  };
  const auto keep_fact_alone = [&] {
    entry->actions.clear();
    entry->result.reset();
    entry->condition.reset();
    entry->rest.reset();
    entry->timeout = {};
    put_back();
  };
  if (is_passing(refusal)) {
    put_back();
    return add_timer(Time{options_.clock->now().micros + kAgainAfterUs}, {.kind = Due::kCommitAgain, .run = live.run.head.id});
  }
  if (is_final(refusal)) {
    put_back();
    return fail(refusal);
  }
  if (entry && entry->ends_at_once) {
    // Which of the two was refused shows where the fact stands alone.
    entry->ends_apart = true;
    return put_back();
  }
  const Version known = live.run.version;
  read_on(live);
  if (live.parked) {
    if (entry && entry->told && live.run.version != known) put_back();
    return;
  }
  if (live.run.version != known) return put_back();
  if (!entry) return park(live, refusal);
  const OpenCommand* open = entry->answers_work ? live.run.fold->work(entry->fact.hop) : nullptr;
  if (refusal.id() == ErrorId::kConditionFailed && entry->answers_work) {
    // What a transaction read was changed meanwhile: it is planned anew.
    if (open != nullptr) start_work(live, *open);
    return;
  }
  if (open != nullptr && (refusal.id() == ErrorId::kUnknownAction || refusal.id() == ErrorId::kUnknownResource)) {
    const Work work = work_of(live.run.fold->plan(), *open);
    const Status declared = check_declared(live, work);
    if (!declared.ok()) return stand_still(live, work, declared);
  }
  if (entry->rest != nullptr && entry->rest->ended()) {
    entry->fact = *entry->rest->ended();
    return keep_fact_alone();
  }
  const bool had_failed = !entry->fact.error.code.empty() && entry->actions.empty();
  if (!entry->answers_work || had_failed) return park(live, refusal);
  entry->fact = failed_fact(entry->fact, failure_of(refusal));
  keep_fact_alone();
}

void RunEngine::fail(const Status& why) {
  failure_ = why;
  if (options_.log) options_.log(LogLevel::kError, "no run goes on: " + why.message());
  changed_();
}

}  // namespace forge::internal
