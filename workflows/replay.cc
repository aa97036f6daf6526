// Replaying folds the journal once more with today's decider, event by event. What an event records is held against what the fold
// is about to record; an action that was committed with a fact, against the one that the fold asks for. Another definition is
// folded beside the run's own one, with each fact given to the step of the same path, and its decisions held against those.

#include "forge/workflows/replay.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "decision.h"
#include "run_journal.h"
#include "secret_inputs.h"
#include "step_work.h"

namespace forge {

using internal::Command;
using internal::Decision;
using internal::Fact;
using internal::OpenCommand;
using internal::RunFold;
using internal::StepIndex;
using internal::Work;

namespace {

// Commands by people say what they want whatever is open.
bool is_told(Fact::Kind kind) {
  return kind >= Fact::Kind::kCancel;
}

// Whether the run waits for the fact.
bool is_open(const RunFold& fold, const Fact& fact) {
  if (is_told(fact.kind)) return true;
  if (fact.kind == Fact::Kind::kStarted) return fold.state().phase == internal::RunPhase::kNew;
  if (fact.kind == Fact::Kind::kTimer) return fold.timers().contains({fact.hop, fact.timer});
  if (fact.kind == Fact::Kind::kSignalled) return fold.waits().contains(fact.hop);
  const OpenCommand* open = fold.work(fact.hop);
  return open != nullptr && open->command.attempt == fact.attempt;
}

// "completed", "skipped", "ends as failed": what an event of a journal says, from its action and arguments.
std::string words_of_entry(const std::string& action, const Object& arguments) {
  if (action == "_run.expire") return "has no hops left";
  if (action == "_run.halt") return "halts";
  if (action == "_run.end") return "ends as " + internal::text_at(arguments, "status");
  return internal::text_at(arguments, "pulse");
}

// The run's own id is the event's key.
Object without_id(const Object& arguments) {
  Object rest;
  for (const auto& [name, value] : arguments.members()) {
    if (name != "id") rest.add(name, value);
  }
  return rest;
}

class Replay {
 public:
  Replay(const View& view, std::string id, std::shared_ptr<const WorkflowDefinition> own, const ReplayOptions& options,
         ReplayReport& report)
      : view_(view),
        own_(id, std::move(own), {.tell_begun = true}),
        from_(options.from),
        comparing_(options.from.empty()),
        report_(report) {
    own_.read_from(view);
    if (options.definition == nullptr) return;
    other_ = std::make_unique<RunFold>(std::move(id), options.definition, internal::RunOptions{.tell_begun = true});
    other_->read_from(view);
    const auto& steps = other_->plan().steps;
    for (StepIndex i = 0; i < steps.size(); ++i) other_steps_.emplace(steps[i].path, i);
  }

  Status take(const Event& event);
  bool is_comparing() const { return comparing_; }
  std::size_t steps_seen() const { return seen_.size(); }

 private:
  void take_record(const Event& event);
  Status take_fact(const Event& event, const Fact& fact, const Event* result);
  Status check_action(const Event& event, const Fact& fact, const Event* result);
  void check_arguments(const Event& event, const Event& made, const Work& work);
  Status take_by_other(const Event& event, const Fact& fact, const std::vector<Command>& own);
  std::optional<Fact> given_to_other(const Event& event, const Fact& fact);
  void differ(const Event& event, std::string step, const std::string& recorded, const std::string& replayed);

  const View& view_;
  RunFold own_;
  std::unique_ptr<RunFold> other_;
  std::map<std::string, StepIndex, std::less<>> other_steps_;  // by their declared paths
  std::string from_;
  bool comparing_;
  std::set<std::string> seen_;
  ReplayReport& report_;
};

void Replay::differ(const Event& event, std::string step, const std::string& recorded, const std::string& replayed) {
  if (report_.difference) return;
  const internal::SecretInputs secrets(own_.plan(), own_.state());
  report_.difference = ReplayDifference{event.seq, std::move(step), secrets.hidden(recorded), secrets.hidden(replayed)};
}

Status Replay::take(const Event& event) {
  const std::string step = internal::text_at(event.arguments, "step");
  if (!step.empty()) seen_.insert(step);
  comparing_ = comparing_ || step == from_;
  FORGE_ASSIGN(const std::optional<Event> result, internal::result_event(view_, event));
  FORGE_ASSIGN(const std::optional<Fact> fact, own_.fact_in(event, result ? &*result : nullptr));
  if (fact) return take_fact(event, *fact, result ? &*result : nullptr);
  take_record(event);
  return {};
}

void Replay::take_record(const Event& event) {
  const std::string step = internal::text_at(event.arguments, "step");
  if (own_.records().empty()) {
    return differ(event, step, words_of_entry(event.action, event.arguments), "nothing follows from what was before");
  }
  const ActionRequest& expected = own_.records().front();
  const std::string there = words_of_entry(event.action, event.arguments);
  const std::string here = words_of_entry(expected.action, expected.args);
  if (event.action != expected.action || there != here) {
    if (comparing_) differ(event, step, there, here);
  } else if (const auto found = internal::first_difference(without_id(event.arguments), without_id(expected.args));
             found && comparing_) {
    const auto with = [&](const Value& value) { return " with " + found->path + " = " + internal::shown_briefly(value); };
    differ(event, step, there + with(found->one), here + with(found->other));
  }
  own_.drop_records(1);
}

Status Replay::take_fact(const Event& event, const Fact& fact, const Event* result) {
  ++report_.facts;
  const std::string recorded = internal::text_at(event.arguments, "step");
  const std::string there = words_of_entry(event.action, event.arguments);
  if (!own_.records().empty() && !is_told(fact.kind) && fact.kind != Fact::Kind::kSignalled) {
    const ActionRequest& expected = own_.records().front();
    differ(event, recorded, there, words_of_entry(expected.action, expected.args));
    return {};
  }
  // The hop of a start is one of the parent's.
  const internal::HopId hop = fact.kind == Fact::Kind::kStarted ? internal::HopId{} : fact.hop;
  const bool known = hop.step == internal::kNone || hop.step < own_.plan().steps.size();
  const std::string path = known ? own_.path_of_hop(hop) : "";
  if (!known || path != recorded) {
    differ(event, recorded, there, path.empty() ? "there is no such step" : "it is step '" + path + "'");
    return {};
  }
  const bool open = is_open(own_, fact);
  if (!open && fact.kind != Fact::Kind::kSignalled) {
    differ(event, path, there, "nothing of it is open");
    return {};
  }
  if (open && comparing_) FORGE_TRY(check_action(event, fact, result));
  if (report_.difference) return {};
  const std::optional<Fact> for_other = other_ != nullptr ? given_to_other(event, fact) : std::nullopt;
  if (report_.difference) return {};
  FORGE_ASSIGN(const std::vector<Command> commands, own_.take(fact, event.seq));
  return for_other ? take_by_other(event, *for_other, commands) : Status();
}

// An action step's own action, or the one that undoes or compensates it, stands in the log before the fact.
Status Replay::check_action(const Event& event, const Fact& fact, const Event* result) {
  const OpenCommand* open = own_.work(fact.hop);
  const bool succeeded =
      fact.kind == Fact::Kind::kCompleted || fact.kind == Fact::Kind::kUndone || fact.kind == Fact::Kind::kCompensated;
  if (open == nullptr || !succeeded) return {};
  const Work work = internal::work_of(own_.plan(), *open);
  if (work.step->body.AsActionStep() == nullptr || internal::undoes_from_log(work, own_.plan())) return {};
  if (result != nullptr) {
    check_arguments(event, *result, work);
    return {};
  }
  if (fact.kind == Fact::Kind::kCompleted) return {};  // a generic action, which came to others
  for (Seq seq = event.seq - event.place; seq < event.seq; ++seq) {
    FORGE_ASSIGN(const Event made, view_.event(seq));
    if (made.resource.starts_with('_') || made.metadata.find("generic") != nullptr) continue;
    check_arguments(event, made, work);
    return {};
  }
  return {};
}

// As far as the log has them: what an action is given is turned into the types of its arguments, and secrets are not shown.
void Replay::check_arguments(const Event& event, const Event& made, const Work& work) {
  const std::string path = own_.path_of_hop(work.hop);
  const std::string& action = work.step->body.AsActionStep()->action;
  const std::string generic = internal::text_at(made.metadata, "generic");
  if (!generic.empty() && generic == action) return;  // what it came to has arguments of its own
  if (made.action != action) return differ(event, path, "runs action " + made.action, "runs action " + action);
  for (const auto& [name, value] : work.args.members()) {
    const Value* const there = made.arguments.find(name);
    const bool comparable = there != nullptr && ((there->if_int() != nullptr && value.if_int() != nullptr) ||
                                                 (there->if_text() != nullptr && value.if_text() != nullptr) ||
                                                 (there->if_bool() != nullptr && value.if_bool() != nullptr));
    if (!comparable || *there == value) continue;
    const std::string words = "runs action " + action + " with " + name + " = ";
    return differ(event, path, words + internal::shown_briefly(*there), words + internal::shown_briefly(value));
  }
}

// The fact for the step of the same path. Nothing, and a difference, where the other definition does not wait for it.
std::optional<Fact> Replay::given_to_other(const Event& event, const Fact& fact) {
  Fact given = fact;
  const std::string there = words_of_entry(event.action, event.arguments);
  if (fact.kind == Fact::Kind::kStarted) {
    const Object* parts = fact.value.if_object();
    const Value* input = parts == nullptr ? nullptr : parts->find("input");
    const bool has_input = input != nullptr && input->if_object() != nullptr;
    Result<Object> taken = other_->definition().take_inputs(has_input ? *input->if_object() : Object());
    if (!taken.ok()) return differ(event, "", "starts with its input", taken.status().message()), std::nullopt;
    const Value* cause = parts == nullptr ? nullptr : parts->find("event");
    given.value = Object{{"input", *std::move(taken)}, {"event", cause == nullptr ? Value() : *cause}};
    return given;
  }
  if (fact.hop.step == internal::kNone) return given;
  const std::string path = own_.path_of_hop(fact.hop);
  const auto found = other_steps_.find(own_.plan().steps[fact.hop.step].path);
  if (found == other_steps_.end()) return differ(event, path, there, "the definition has no such step"), std::nullopt;
  given.hop.step = found->second;
  if (is_open(*other_, given) || !is_open(own_, fact)) return given;
  return differ(event, path, there, "nothing of it is open"), std::nullopt;
}

Status Replay::take_by_other(const Event& event, const Fact& fact, const std::vector<Command>& own) {
  const auto decisions = [](const RunFold& fold, const std::vector<Command>& commands) {
    std::vector<Decision> made;
    for (const Command& command : commands) {
      const bool decides = command.kind != Command::Kind::kRelease && command.kind != Command::Kind::kBegun;
      if (decides) made.push_back(internal::decision_of(fold, command));
    }
    return made;
  };
  FORGE_ASSIGN(const std::vector<Command> taken, other_->take(fact, event.seq));
  const std::vector<Decision> here = decisions(own_, own);
  const std::vector<Decision> there = decisions(*other_, taken);
  other_->drop_records(other_->records().size());
  if (!comparing_) return {};
  for (std::size_t i = 0; i < std::max(here.size(), there.size()); ++i) {
    const Decision* one = i < here.size() ? &here[i] : nullptr;
    const Decision* other = i < there.size() ? &there[i] : nullptr;
    if (one != nullptr && other != nullptr && internal::is_same(*one, *other)) continue;
    const auto [recorded, replayed] = internal::words_of_difference(one, other);
    differ(event, one != nullptr ? one->step : other->step, recorded, replayed);
    return {};
  }
  return {};
}

}  // namespace

Result<ReplayReport> replay_run(const View& view, const std::string& id, const ReplayOptions& options) {
  internal::DefinitionCache cache;
  FORGE_ASSIGN(const internal::JournalHead head, internal::read_head(view, id));
  FORGE_ASSIGN(auto own, internal::read_definition(view, head.pin, cache));
  ReplayReport report{.run = id, .workflow = head.pin.workflow, .hash = head.pin.hash, .declared = head.pin.declared};
  report.replayed_hash = options.definition == nullptr ? report.hash : to_hex(options.definition->hash());
  Replay replay(view, id, std::move(own), options, report);
  Status taken;
  FORGE_TRY(view.log({.resource = "_run", .key = id}, [&](const Event& event) {
    if (!internal::is_parking(event)) taken = replay.take(event);
    return taken.ok() && report.is_identical();
  }));
  FORGE_TRY(taken);
  report.steps = replay.steps_seen();
  if (report.is_identical() && !replay.is_comparing()) {
    return Status(ErrorId::kWorkflowReference, "run '" + id + "' did not get to a step '" + options.from + "'")
        .state("nothing was compared");
  }
  return report;
}

}  // namespace forge
