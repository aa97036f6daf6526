// What middleware is told, and what it may replace.

#include "run_engine.h"

namespace forge::internal {
namespace {

std::optional<std::chrono::nanoseconds> duration_in(const Object& details) {
  const Value* value = details.find("duration_ns");
  if (value == nullptr || value->if_int() == nullptr) return std::nullopt;
  return std::chrono::nanoseconds(*value->if_int());
}

// What comes of these is in the log before anybody can look at it, or is another run's.
bool may_be_replaced(const Work& work, const Plan& plan) {
  const fb::Body kind = work.step->body.type;
  const bool attempts =
      kind == fb::Body::RunStep || kind == fb::Body::ExecStep || kind == fb::Body::HttpStep || kind == fb::Body::ReadStep;
  return attempts && work.purpose == Purpose::kRun && !stands_for_run(work, plan);
}

}  // namespace

RunFold::Visitor RunEngine::teller(const LiveRun& live) const {
  if (middleware_.is_empty()) return {};
  return [this, &live](const Fact& fact, const std::string& path, const std::vector<Command>& commands, const Event& event) {
    tell(live.run.head, fact, path, commands, event.seq, event.arguments);
  };
}

void RunEngine::tell(const JournalHead& head, const Fact& fact, const std::string& path, const std::vector<Command>& commands,
                     Seq seq, const Object& details) const {
  if (middleware_.is_empty()) return;
  for (const Occurrence& occurrence : occurrences_of(fact, path, commands)) {
    LifecycleEvent event{.name = occurrence.name,
                         .run = head.id,
                         .workflow = head.pin.workflow,
                         .correlation = head.correlation,
                         .step = occurrence.step,
                         .attempt = occurrence.attempt,
                         .status = occurrence.status,
                         .code = occurrence.error.code,
                         .message = occurrence.error.message,
                         .at = fact.at,
                         .seq = seq};
    if (occurrence.name == "run.start") {
      const Object* started = fact.value.if_object();
      const Value* input = started == nullptr ? nullptr : started->find("input");
      event.args = input == nullptr ? nullptr : input->if_object();
      event.hops_left = fact.hops;
    }
    if (occurrence.result) event.result = &*occurrence.result;
    if (occurrence.step == path) event.duration = duration_in(details);
    middleware_.tell(event);
  }
}

LifecycleEvent RunEngine::start_event(const LiveRun& live, const Work& work, const std::string& path) const {
  return {.name = start_name(work.purpose),
          .run = live.run.head.id,
          .workflow = live.run.head.pin.workflow,
          .correlation = live.run.head.correlation,
          .step = path,
          .attempt = std::max(work.attempt, 1U),
          .hops_left = work.hops,
          .args = &work.args,
          .at = options_.clock->now()};
}

void RunEngine::tell_start(const LiveRun& live, const Work& work) const {
  if (middleware_.is_empty() || work.purpose == Purpose::kFetch) return;
  const std::string path = live.run.fold->path_of_hop(work.hop);
  middleware_.tell(start_event(live, work, path));
}

void RunEngine::replace(const LiveRun& live, const Work& work, WorkOutcome& outcome) const {
  if (!middleware_.replaces() || !may_be_replaced(work, live.run.fold->plan())) return;
  const std::string path = live.run.fold->path_of_hop(work.hop);
  StepOutcome replaced = middleware_.replace(start_event(live, work, path), outcome.outcome);
  replaced.steps = nullptr;  // no other steps than the function named, which are carried out already
  outcome.outcome = std::move(replaced);
}

}  // namespace forge::internal
