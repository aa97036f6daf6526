#include "run_fold.h"

#include <algorithm>

#include "fetch_work.h"
#include "forge/events/json.h"
#include "journal.h"
#include "run_journal.h"
#include "secret_inputs.h"

namespace forge::internal {
namespace {

constexpr std::size_t kResultBytesMax = 64 << 10;  // that are repeated in the run's record

// Facts that answer the command that a hop has.
bool is_answer(Fact::Kind kind) {
  return (kind >= Fact::Kind::kCompleted && kind <= Fact::Kind::kStopped) || kind == Fact::Kind::kItems ||
         (kind >= Fact::Kind::kCompensated && kind <= Fact::Kind::kUndoFailed);
}

bool is_urgent(std::string_view action) {
  return action != "_run.note";
}

Status no_fact(const Event& event, std::string why) {
  return Status(ErrorId::kDataCorrupt, "event " + std::to_string(event.seq) + " of run '" + event.key + "' holds no fact")
      .why(std::move(why));
}

}  // namespace

const fb::StepT& step_of(const Plan& plan, const Command& command) {
  const PlannedStep& planned = plan.steps[command.hop.step];
  if (command.kind == Command::Kind::kCompensate) return *planned.clauses[command.clause].declared->body;
  if (command.kind != Command::Kind::kUndo) return *planned.declared;
  if (command.step != kNone) return *plan.steps[command.step].declared;
  const fb::UndoT* undo = planned.declared->undo.get();
  return undo != nullptr && undo->body != nullptr ? *undo->body : *planned.declared;
}

RunFold::RunFold(std::string id, std::shared_ptr<const WorkflowDefinition> definition, RunOptions options)
    : id_(std::move(id)), definition_(std::move(definition)), options_(options) {}

Status RunFold::take(const Event& event, const Event* result, const Visitor& visit) {
  if (is_parking(event)) return {};
  FORGE_ASSIGN(const std::optional<Fact> fact, fact_in(event, result));
  if (!fact) {
    if (records_.empty()) return no_fact(event, "it does not follow from the facts before it");
    drop_records(1);
    return {};
  }
  const std::string path = visit ? path_of_hop(fact->hop) : std::string();
  FORGE_ASSIGN(const std::vector<Command> commands, take(*fact, event.seq));
  if (visit) visit(*fact, path, commands, event);
  return {};
}

// What was mapped as a whole is in the fact.
Status RunFold::read_items_again(Fact& fact) {
  const OpenCommand* open = work(fact.hop);
  if (open == nullptr || open->command.kind != Command::Kind::kFetch) return {};
  const PlannedStep& step = plan().steps[fact.hop.step];
  if (std::optional<std::vector<MapItem>> rows = rows_in(fact.value)) {
    fact.items = *std::move(rows);
    return {};
  }
  const fb::MapStepT& map = *step.declared->body.AsMapStep();
  const Object* command = open->command.value.if_object();
  if (map.source != fb::MapSource::File || step.is_pure || command == nullptr) return {};
  return read_again(*files_.of(fact.hop), map, *command, fact);
}

Result<std::vector<Command>> RunFold::take(const Fact& fact, Seq seq) {
  note_done(fact, seq);
  if (is_answer(fact.kind)) work_.erase(fact.hop);
  if (fact.kind == Fact::Kind::kTimer) timers_.erase({fact.hop, fact.timer});
  const bool had_halted = state_.phase == RunPhase::kHalted;
  const bool unwound_before = state_.phase >= RunPhase::kFailing;
  const std::uint64_t erased_before = state_.erased;
  results_.begin(seq, fact.value);
  std::vector<Command> commands = decide(plan(), options_, state_, fact, &results_);
  FORGE_TRY(results_.let_go());
  if (state_.phase == RunPhase::kHalted && !had_halted) halted_at_ = seq;
  if (had_halted && state_.phase == RunPhase::kRunning) pass_over_halt();
  for (const Command& command : commands) take_command(fact, command, seq);
  forget_answered(fact.hop);
  const bool failed =
      std::any_of(commands.begin(), commands.end(), [](const Command& command) { return command.kind == Command::Kind::kFailed; });
  const bool unwinds = state_.phase >= RunPhase::kFailing && !unwound_before;
  if (failed || unwinds || state_.erased != erased_before) forget_closed();
  if (fact.kind == Fact::Kind::kItems && !state_.loops.contains(fact.hop)) files_.close(fact.hop);
  if (state_.phase == RunPhase::kEnded) {
    files_.close_all();
    work_.clear();
    waits_.clear();
    timers_.clear();
  }
  return commands;
}

// It was resumed before anybody recorded that it had halted: its record is not to say so afterwards.
void RunFold::pass_over_halt() {
  for (ActionRequest& record : records_) {
    if (record.action != "_run.halt") continue;
    Object args;
    for (const auto& [name, value] : record.args.members()) args.add(name, name == "status" ? Value("running") : value);
    record.args = std::move(args);
  }
}

void RunFold::read_from(View view) {
  results_.read_by([view = std::move(view)](Seq seq) { return value_of_fact(view, seq); });
}

Result<Value> RunFold::result_at(const HopId& hop) const {
  return value_of(hop, state_.frames.at(hop.frame).slots[plan().steps[hop.step].place].result);
}

Result<Value> RunFold::last_value() const {
  if (state_.phase == RunPhase::kHalted) return value_of({}, state_.halt_value);
  const std::optional<HopId> returning = returning_hop(plan(), state_);
  return returning ? result_at(*returning) : Value();
}

Result<Value> RunFold::value_of(const HopId& hop, const StepResult& result) const {
  const Value* found = results_.find(hop, result);
  Value value = found == nullptr ? Value() : *found;
  FORGE_TRY(results_.let_go());
  return value;
}

void RunFold::note_done(const Fact& fact, Seq seq) {
  const bool ends = fact.kind == Fact::Kind::kUndone;
  if (ends) done_.erase(fact.hop);
  if (ends || fact.kind == Fact::Kind::kWaive) {
    for (StepIndex at = fact.hop.step; at < plan().steps.size(); at = plan().blocks[plan().steps[at].block].owner)
      reversed_.insert(at);
  }
  const bool done = fact.kind == Fact::Kind::kCompleted || fact.kind == Fact::Kind::kHalted;
  if (!done || fact.hop.step >= plan().steps.size() || plan().steps[fact.hop.step].declared->undo == nullptr) return;
  const Value* made = fact.value.if_object() == nullptr ? nullptr : fact.value.if_object()->find("seq");
  const bool action = plan().steps[fact.hop.step].declared->body.type == fb::Body::ActionStep;
  done_[fact.hop] = action && made != nullptr && made->if_int() != nullptr ? static_cast<Seq>(*made->if_int()) : seq;
}

bool RunFold::is_reversed(StepIndex step) const {
  return reversed_.contains(step);
}

std::optional<Seq> RunFold::done_at(const HopId& hop) const {
  const auto found = done_.find(hop);
  return found == done_.end() ? std::nullopt : std::optional(found->second);
}

void RunFold::take_command(const Fact& fact, const Command& command, Seq seq) {
  using Kind = Command::Kind;
  switch (command.kind) {
    case Kind::kExecute:
    case Kind::kFetch:
    case Kind::kCompensate:
    case Kind::kUndo:
      work_.insert_or_assign(command.hop, OpenCommand{command, seq});
      return;
    case Kind::kTimer:
      timers_.insert_or_assign({command.hop, command.timer}, OpenCommand{command, seq});
      return;
    case Kind::kAwait:
      waits_.insert_or_assign(command.hop, OpenCommand{command, seq});
      return;
    case Kind::kStop:
      if (!state_.in_flight.contains(command.hop)) work_.erase(command.hop);
      return;
    case Kind::kRelease:
    case Kind::kBegun:
      return;
    default:
      return record(fact, command);
  }
}

void RunFold::record(const Fact& fact, const Command& command) {
  using Kind = Command::Kind;
  const std::string& path = command.path;
  ActionRequest request{.action = "_run.note", .args = {{"id", id_}}};
  const auto note = [&](const char* pulse, const std::string& code, const std::string& message) {
    request.args.add("step", path);
    request.args.add("pulse", pulse);
    if (!code.empty()) request.args.add("code", code);
    if (!message.empty()) request.args.add("message", message);
  };
  const auto add_result = [&] {
    std::string json = command.value.is_null() ? "" : to_json(SecretInputs(plan(), state_).hidden(command.value));
    const bool fits = !json.empty() && json.size() <= kResultBytesMax;
    request.args.add("result", fits ? Value(std::move(json)) : Value());
  };
  if (command.kind == Kind::kSkipped || command.kind == Kind::kDone || command.kind == Kind::kTaken) {
    note(command.kind == Kind::kDone ? "completed" : command.kind == Kind::kTaken ? "taken" : "skipped", "", "");
    request.args.add("hops_left", command.hops);
  } else if (command.kind == Kind::kDebug) {
    note("debug", "", command.value.if_text() != nullptr ? *command.value.if_text() : to_json(command.value));
  } else if (command.kind == Kind::kFailed) {
    // An attempt's own failure is the pulse that the fact was; what is left is one without an attempt, and what a clause says.
    if (command.value.is_null() && fact.hop == command.hop && !fact.error.code.empty()) return;
    const std::string* beside = command.value.if_text();
    note("failed", command.error.code, beside == nullptr ? command.error.message : command.error.message + "; " + *beside);
  } else if (command.kind == Kind::kTombstone) {
    request.action = "_run.expire";
    request.args.add("step", path);
  } else if (command.kind == Kind::kHalted) {
    request.action = "_run.halt";
    request.args.add("status", "halted");
    add_result();
  } else {
    request.action = "_run.end";
    request.args.add("status", std::string(name_of(command.outcome)));
    add_result();
    const bool failed = command.outcome != RunOutcome::kCompleted && !command.error.code.empty();
    const bool coded = command.error.message.starts_with(command.error.code);
    if (failed) request.args.add("error", coded ? command.error.message : command.error.code + ": " + command.error.message);
    request.args.add("warnings", command.warnings);
  }
  if (is_urgent(request.action)) ++urgent_;
  records_.push_back(std::move(request));
}

void RunFold::drop_records(std::size_t count) {
  for (; count > 0 && !records_.empty(); --count) {
    if (is_urgent(records_.front().action)) --urgent_;
    records_.pop_front();
  }
}

// What the fact has settled for its hop.
void RunFold::forget_answered(const HopId& hop) {
  const auto waits = waits_.find(hop);
  if (waits != waits_.end() && !state_.pending.contains(hop)) waits_.erase(waits);
  for (const TimerKind kind :
       {TimerKind::kSleep, TimerKind::kRetry, TimerKind::kUndoRetry, TimerKind::kStepDeadline, TimerKind::kStepTimeout}) {
    const auto timer = timers_.find({hop, kind});
    if (timer != timers_.end() && !is_timer_open(timer->first)) timers_.erase(timer);
  }
}

// A run that fails, or an item of it, waits for nothing any more.
void RunFold::forget_closed() {
  std::erase_if(waits_, [this](const auto& wait) { return !state_.pending.contains(wait.first); });
  std::erase_if(timers_, [this](const auto& timer) { return !is_timer_open(timer.first); });
}

bool RunFold::is_overdue(HopId hop, Time at) const {
  const auto is_due = [&](const TimerId& timer) {
    const auto open = timers_.find(timer);
    return open != timers_.end() && open->second.command.at <= at;
  };
  if (is_due({hop, TimerKind::kStepTimeout}) || is_due({{}, TimerKind::kRunDeadline})) return true;
  while (hop.step != kNone) {
    if (is_due({hop, TimerKind::kStepDeadline})) return true;
    hop = state_.frames.at(hop.frame).owner;
  }
  return false;
}

bool RunFold::is_timer_open(const TimerId& timer) const {
  const auto& [hop, kind] = timer;
  if (kind == TimerKind::kRunDeadline) return state_.phase < RunPhase::kFailing;
  if (kind == TimerKind::kUndoRetry) return state_.undo_backing_off.contains(hop);
  if (kind != TimerKind::kStepDeadline) return state_.pending.contains(hop);
  const auto frame = state_.frames.find(hop.frame);
  if (frame == state_.frames.end()) return false;
  const StepStatus status = frame->second.slots[plan().steps[hop.step].place].status;
  return status != StepStatus::kDone && status != StepStatus::kSkipped && status != StepStatus::kFailed;
}

const OpenCommand* RunFold::work(const HopId& hop) const {
  const auto found = work_.find(hop);
  if (found == work_.end()) return nullptr;
  const bool fetches = found->second.command.kind == Command::Kind::kFetch;
  const bool open = fetches ? state_.pending.contains(hop) : state_.in_flight.contains(hop);
  return open ? &found->second : nullptr;
}

std::string RunFold::path_of_hop(const HopId& hop) const {
  if (hop.step == kNone) return "";
  return state_.frames.contains(hop.frame) ? path_of(plan(), state_, hop) : plan().steps.at(hop.step).path;
}

// Each attempt is another run; one that has halted goes on where it stands.
std::string RunFold::child_id(const HopId& hop) const {
  const auto frame = state_.frames.find(hop.frame);
  if (frame == state_.frames.end() || hop.step >= plan().steps.size()) return "";
  const Slot& slot = frame->second.slots[plan().steps[hop.step].place];
  const std::uint32_t attempt = slot.attempt + (slot.halted ? 1 : 0);
  std::string id = id_ + "/" + path_of_hop(hop);
  if (hop.frame != 0) id += "." + std::to_string(hop.frame);
  if (attempt > 1) id += "/" + std::to_string(attempt);
  return id + mending(hop);
}

// What the id of a run that cleans up after a hop, or reverses it, ends with.
std::string RunFold::mending(const HopId& hop) const {
  const OpenCommand* open = work(hop);
  if (open == nullptr) return "";
  const Command& command = open->command;
  const fb::StepT& by = step_of(plan(), command);
  if (&by == plan().steps[hop.step].declared || by.body.type != fb::Body::WorkflowStep) return "";
  if (command.kind == Command::Kind::kCompensate) return "~compensate";
  return command.attempt > 1 ? "~undo/" + std::to_string(command.attempt) : "~undo";
}

bool RunFold::awaits_child(const HopId& hop) const {
  const auto frame = state_.frames.find(hop.frame);
  if (frame == state_.frames.end() || hop.step >= plan().steps.size()) return false;
  return work(hop) != nullptr || frame->second.slots[plan().steps[hop.step].place].halted.has_value();
}

bool RunFold::stops(const HopId& hop) const {
  if (state_.phase >= RunPhase::kFailing) return true;
  for (FrameId at = hop.frame; state_.frames.contains(at); at = state_.frames.at(at).owner.frame) {
    if (state_.frames.at(at).failed) return true;
    if (at == 0) break;
  }
  return false;
}

std::uint8_t RunFold::hops_passed(const HopId& hop) const {
  const auto frame = state_.frames.find(hop.frame);
  if (frame == state_.frames.end()) return 0;
  if (hop.step == kNone) return static_cast<std::uint8_t>(std::min<std::uint32_t>(frame->second.passed, UINT8_MAX));
  const Slot& slot = frame->second.slots[plan().steps[hop.step].place];
  const bool passed = slot.status == StepStatus::kDone || slot.hops == 0;
  return static_cast<std::uint8_t>(std::min<std::uint32_t>(passed ? slot.hops : slot.hops - 1, UINT8_MAX));
}

Result<std::optional<Fact>> RunFold::fact_in(const Event& event, const Event* result) {
  const Value* bytes = event.arguments.find("fact");
  if (bytes == nullptr) {
    const bool known =
        event.action == "_run.note" || event.action == "_run.expire" || event.action == "_run.halt" || event.action == "_run.end";
    if (!known) return no_fact(event, "it does not follow from the facts before it");
    return std::optional<Fact>();
  }
  if (bytes->if_bytes() == nullptr) return no_fact(event, "its fact is no bytes");
  FORGE_ASSIGN(Fact fact, decode_fact(*bytes->if_bytes()));
  fact.at = event.recorded_at;
  if (fact.kind == Fact::Kind::kStarted) {
    fact.run = event.key;
    fact.correlation = event.correlation;
  }
  if (result != nullptr) fact.value = result_of(*result);
  if (fact.kind == Fact::Kind::kItems) FORGE_TRY(read_items_again(fact));
  return std::optional<Fact>(std::move(fact));
}

Value result_of(const Event& event) {
  return Object{{"seq", event.seq}, {"type", event.type},       {"resource", event.resource},
                {"key", event.key}, {"version", event.version}, {"changes", event.changes}};
}

std::string pulse_of(const Fact& fact) {
  switch (fact.kind) {
    case Fact::Kind::kStarted:
      return "started";
    case Fact::Kind::kCompleted:
      return "completed";
    case Fact::Kind::kRetry:
      return "retried";
    case Fact::Kind::kFailed:
      return "failed";
    case Fact::Kind::kHalted:
      return "halted";
    case Fact::Kind::kStopped:
      return "stopped";
    case Fact::Kind::kTimer:
      return "timer";
    case Fact::Kind::kSignalled:
      return "signalled";
    case Fact::Kind::kItems:
      return "items";
    case Fact::Kind::kCompensated:
      return "compensated";
    case Fact::Kind::kCompensateFailed:
      return "compensate_failed";
    case Fact::Kind::kUndone:
      return "undone";
    case Fact::Kind::kUndoFailed:
      return "undo_failed";
    case Fact::Kind::kCancel:
      return "cancel";
    case Fact::Kind::kTerminate:
      return "terminate";
    case Fact::Kind::kPause:
      return "pause";
    case Fact::Kind::kResume:
      return "resume";
    case Fact::Kind::kUnwind:
      return "unwind";
    case Fact::Kind::kRetryStep:
      return "retry";
    case Fact::Kind::kWaive:
      return "waive";
  }
  return "";
}

}  // namespace forge::internal
