// Runs that cannot go on because something is missing: they stand still until it is there, and the others go on. Why, is written to
// the run's record, for whoever looks at the store: once, and again only where that changes.

#include <algorithm>

#include "commit_errors.h"
#include "missing_declaration.h"
#include "run_engine.h"
#include "secret_inputs.h"

namespace forge::internal {

// The inputs of a run that cannot be read stand in its first event.
Status RunEngine::without_secrets(const LiveRun& live, const Status& why) {
  const RunFold* fold = live.run.fold.get();
  if (fold != nullptr && fold->state().phase != RunPhase::kNew) return SecretInputs(fold->plan(), fold->state()).hidden(why);
  const View view = store_.view();
  const auto definition = read_definition(view, live.run.head.pin, definitions_);
  const Result<Fact> start = start_of_run(view, live.run.head.id);
  const Object* value = start.ok() ? start->value.if_object() : nullptr;
  const Value* input = value == nullptr ? nullptr : value->find("input");
  return definition.ok() && input != nullptr ? SecretInputs((*definition)->plan(), *input).hidden(why) : why;
}

void RunEngine::park(LiveRun& live, const Status& found) {
  const Status why = without_secrets(live, found);
  live.parked = why;
  std::erase_if(live.entries, [](const Entry& entry) { return !entry.told; });
  for (const auto& [hop, attempt] : live.attempts) abandon(*attempt);
  live.attempts.clear();
  // Whoever waits for it cannot go on either.
  std::vector<std::string> standing;
  for (const LiveRun* at = &live; at != nullptr; at = at->run.fold == nullptr ? nullptr : find(at->run.fold->state().parent)) {
    parked_.insert_or_assign(at->run.head.id, why);
    standing.push_back(at->run.head.id);
  }
  if (std::string reason = reason_to_stand(why); reason != live.parked_told) {
    if (options_.log) options_.log(LogLevel::kError, "run " + live.run.head.id + " stands still: " + reason);
    live.parked_told = std::move(reason);
  }
  commit_next(live);
  settle(live.run.head.id);
  for (const std::string& id : standing) tell_rest(id);
}

// What stood still for that reason tries to go on.
void RunEngine::unpark(ErrorId why) {
  std::vector<std::string> ids;
  for (const auto& [id, live] : runs_) {
    if (live.parked && live.parked->id() == why && live.run.fold != nullptr) ids.push_back(id);
  }
  for (const std::string& id : ids) go_on(id);
}

// One that stands still tries to go on.
void RunEngine::go_on(const std::string& id) {
  LiveRun* live = find(id);
  if (live == nullptr || !live->parked || live->run.fold == nullptr) return;
  live->parked.reset();
  for (const LiveRun* at = live; at != nullptr && at->run.fold != nullptr; at = find(at->run.fold->state().parent)) {
    parked_.erase(at->run.head.id);
  }
  live->beginning = true;
  read_on(*live);
  if (LiveRun* still = find(id)) begin(*still);
}

// What carries it out is missing. A run that somebody has cancelled does not wait for it: as of a function that does not stop in
// time, what it may have done before is not known.
void RunEngine::stand_still(LiveRun& live, const Work& work, const Status& why) {
  const bool is_cancelled = live.run.fold->state().ending == RunOutcome::kCancelled;
  if (!is_cancelled || work.purpose != Purpose::kRun) return park(live, why);
  answer(live, work,
         {.outcome = StepOutcome::failed("stopped", "it was told to stop, and could not go on: " + reason_to_stand(why))});
}

// Whether the schema has what the work is about. Errors: kUnknownAction, kUnknownResource.
Status RunEngine::check_declared(const LiveRun& live, const Work& work) const {
  return forge::internal::check_declared(work, live.run.fold->plan(), *store_.domain(), live.run.head.id,
                                         live.run.fold->path_of_hop(work.hop));
}

// The reason is there for whoever looks at the store, and is written when it changes: a runner that finds what the last one found
// has nothing to write.
void RunEngine::note_parking(LiveRun& live, const std::string& why) {
  live.committing = true;
  const std::string id = live.run.head.id;
  ActOptions options{.correlation = live.run.head.correlation};
  options.hops_left = live.run.fold == nullptr ? std::uint8_t{0} : live.run.fold->hops_passed({});
  if (live.run.seq > 0) options.causation = live.run.seq;
  loop_.commit({parking_request(id, why)}, std::move(options),
               [this, id, why](const Result<TransactionReceipt>& noted) { take_parking(id, why, noted); });
}

// Nothing follows from it, so it need not be read where nothing else came before it.
void RunEngine::take_note_of_parking(LiveRun& live, Version version, Seq seq) {
  live.newest = std::max(live.newest, version);
  if (live.run.version + 1 != version) return;
  live.run.version = version;
  live.run.seq = seq;
}

void RunEngine::take_parking(const std::string& id, const std::string& why, const Result<TransactionReceipt>& noted) {
  LiveRun* live = find(id);
  if (live == nullptr || stopped_) return;
  live->committing = false;
  if (is_passing(noted.status())) {
    add_timer(Time{options_.clock->now().micros + kAgainAfterUs}, {.kind = Due::kCommitAgain, .run = id});
  } else if (is_final(noted.status())) {
    fail(noted.status());
  } else {
    live->parked_noted = why;  // where it was refused, the run has ended meanwhile
    if (noted.ok()) take_note_of_parking(*live, noted->actions.at(0).version, noted->last_seq);
    if (!live->parked && live->newest > live->run.version) read_on(*live);
    commit_next(*live);
  }
  settle(id);
}

}  // namespace forge::internal
