#include "forge/workflows/runs.h"

#include <algorithm>

#include "end_at_once.h"
#include "forge/events/json.h"
#include "journal.h"
#include "run_id.h"
#include "run_journal.h"
#include "sent_signal.h"
#include "signal_receivers.h"
#include "step_work.h"

namespace forge {

using internal::DefinitionCache;
using internal::Fact;
using internal::ReadRun;
using internal::RunFold;
using internal::RunState;

namespace {

std::string text_in(const Value& value) {
  return value.if_text() != nullptr ? *value.if_text() : std::string();
}

WorkflowInfo info_of(const Record& record) {
  return {.name = record.key(), .hash = text_in(record["hash"]), .declared = record.version(), .seq = record.seq()};
}

RunInfo run_of(const Record& record) {
  RunInfo info;
  info.id = record.key();
  info.workflow = text_in(record["workflow"]);
  info.hash = text_in(record["hash"]);
  info.status = text_in(record["status"]);
  info.result = text_in(record["result"]);
  info.error = text_in(record["error"]);
  const Value warnings = record["warnings"];
  info.warnings = warnings.if_bool() != nullptr && *warnings.if_bool();
  info.parked = text_in(record["parked"]);
  info.seq = record.seq();
  return info;
}

Status run_ended(const RunInfo& info) {
  return Status(ErrorId::kRunEnded, "run '" + info.id + "' has ended")
      .why("it is " + info.status)
      .state("nothing was written")
      .remedy("see how: forgectl workflow trace " + info.id);
}

// Whether the run of that id is the one that was asked for.
Status check_same(const View& view, const std::string& id, const internal::DefinitionPin& pin, const Value& input) {
  DefinitionCache cache;
  FORGE_ASSIGN(const ReadRun run, internal::read_run(view, id, cache, {}));
  if (run.head.pin.hash == pin.hash && run.fold->state().input == input) return {};
  const bool other = run.head.pin.hash != pin.hash;
  return internal::run_exists(
      id, other ? "it is of workflow '" + run.head.pin.workflow + "', or an earlier definition of it" : "it has another input");
}

}  // namespace

// ---- Workflows

Result<WorkflowInfo> add_workflow(Store& store, const WorkflowDefinition& definition, const ActOptions& options) {
  FORGE_TRY(internal::check_supported(definition.plan()));
  const Result<Record> known = store.get("_workflow", definition.name());
  const std::string hash = to_hex(definition.hash());
  if (known.ok() && text_in((*known)["hash"]) == hash) return info_of(*known);
  const std::span<const std::uint8_t> bytes = definition.bytes();
  FORGE_ASSIGN(
      const Receipt receipt,
      store.act("_workflow.add", {{"name", definition.name()}, {"hash", hash}, {"definition", Bytes(bytes.begin(), bytes.end())}},
                options));
  return WorkflowInfo{.name = definition.name(), .hash = hash, .declared = receipt.version, .seq = receipt.seq};
}

Result<std::vector<WorkflowInfo>> workflows(const View& view) {
  std::vector<WorkflowInfo> found;
  FORGE_TRY(
      view.list({.resource = "_workflow"}, [&found](const Record& record) { return found.push_back(info_of(record)), true; }));
  return found;
}

namespace {

Result<std::vector<std::string>> names_of_workflows(const View& view) {
  std::vector<std::string> names;
  FORGE_TRY(view.list({.resource = "_workflow"}, [&names](const Record& record) { return names.push_back(record.key()), true; }));
  return names;
}

// Names the nearest one that there is where there is none of that name.
Result<internal::DeclaredWorkflow> declared_workflow(const View& view, const std::string& name) {
  DefinitionCache cache;
  Result<internal::DeclaredWorkflow> found = internal::newest_definition(view, name, cache);
  if (found.status().id() != ErrorId::kWorkflowNotFound) return found;
  FORGE_ASSIGN(const std::vector<std::string> names, names_of_workflows(view));
  return Status(found.status())
      .why(names.empty() ? "none is declared" : internal::nearest_or_list(name, names))
      .remedy("see: forgectl workflow list; declare it: forgectl workflow add FILE.toml");
}

}  // namespace

Result<std::shared_ptr<const WorkflowDefinition>> workflow(const View& view, const std::string& name) {
  FORGE_ASSIGN(internal::DeclaredWorkflow found, declared_workflow(view, name));
  return std::move(found.definition);
}

Result<WorkflowSurroundings> surroundings(const View& view) {
  WorkflowSurroundings around{.domain = view.domain()};
  FORGE_ASSIGN(around.workflows, names_of_workflows(view));
  around.workflow = [view](const std::string& name) {
    const auto found = workflow(view, name);
    return found.ok() ? *found : nullptr;
  };
  return around;
}

// ---- Starting

namespace {

Result<std::string> start(Store& store, const internal::DefinitionPin& pin, const WorkflowDefinition& definition,
                          const RunStart& how) {
  FORGE_TRY(internal::check_run_id(how.id));
  FORGE_ASSIGN(Object input, definition.take_inputs(how.input));
  Fact fact;
  fact.hops = how.hops.value_or(definition.plan().declared->ttl_hops);
  fact.concurrency = how.max_concurrency;
  const Value given(input);
  fact.value = Object{{"input", std::move(input)}, {"event", nullptr}};
  ActOptions options = how.options;
  options.hops_left = static_cast<std::uint8_t>(fact.hops);
  ActionRequest request = internal::start_request(pin, fact);
  if (!how.id.empty()) request.args.add("id", how.id);
  if (definition.plan().ends_at_once && !store.is_attached()) {
    // The definition is borrowed for the transaction.
    std::shared_ptr<const WorkflowDefinition> borrowed(std::shared_ptr<void>(), &definition);
    options.follow_up = internal::EndAtOnce(std::move(borrowed));
  }
  const Result<TransactionReceipt> started = store.transact({std::move(request)}, options);
  if (started.ok()) return started->actions.at(0).key;
  if (started.status().id() != ErrorId::kRecordExists) return started.status();
  const Status same = check_same(store.view(), how.id, pin, given);
  if (same.ok()) return how.id;
  // What an attached store was opened with may be older than the run.
  return same.id() == ErrorId::kRunNotFound ? internal::run_exists(how.id, "it was started a moment ago") : same;
}

}  // namespace

Result<std::string> start_run(Store& store, const std::string& workflow, const RunStart& how) {
  const Result<internal::DeclaredWorkflow> declared = declared_workflow(store.view(), workflow);
  if (!declared.ok()) return Status(declared.status()).state("no run was started");
  return start(store, declared->pin, *declared->definition, how);
}

Result<std::string> start_run(Store& store, const WorkflowDefinition& definition, const RunStart& how) {
  ActOptions options{.actor = how.options.actor, .reason = how.options.reason, .dry_run = how.options.dry_run};
  FORGE_TRY(internal::check_run_id(how.id));
  FORGE_TRY(definition.take_inputs(how.input).status());
  FORGE_ASSIGN(const WorkflowInfo info, add_workflow(store, definition, options));
  return start(store, {.workflow = info.name, .declared = info.declared, .hash = info.hash}, definition, how);
}

namespace {

Result<TargetPlan> plan_start(const TargetCall& call) {
  DefinitionCache cache;
  FORGE_ASSIGN(const internal::DeclaredWorkflow declared, internal::newest_definition(call.view, call.action.workflow, cache));
  Object given;
  for (const Field& field : call.action.arguments.fields) {
    Value value = call.argument(field.name);
    if (!value.is_null()) given.add(field.name, std::move(value));
  }
  FORGE_ASSIGN(Object input, declared.definition->take_inputs(given));
  Fact fact;
  fact.hops = call.hops_left.value_or(declared.definition->plan().declared->ttl_hops);
  fact.value = Object{{"input", std::move(input)}, {"event", nullptr}};
  return TargetPlan{.actions = {internal::start_request(declared.pin, fact)}};
}

}  // namespace

ActionTarget workflow_target() {
  return plan_start;
}

// ---- Looking

Result<RunInfo> run_info(const View& view, const std::string& id) {
  const Result<Record> record = view.get("_run", id);
  if (record.ok()) return run_of(*record);
  const bool none = record.status().id() == ErrorId::kRecordNotFound || record.status().id() == ErrorId::kKeyInvalid;
  return none ? Status(ErrorId::kRunNotFound, "there is no run '" + id + "'") : record.status();
}

Result<std::string> parent_of_run(const View& view, const std::string& id) {
  FORGE_TRY(run_info(view, id).status());
  FORGE_ASSIGN(Fact start, internal::start_of_run(view, id));
  return std::move(start.parent);
}

namespace {

// Whether the run is a step of the other, or of a step of it. An id that a hook made may only look like that.
Result<bool> is_below(const View& view, std::string run, const std::string& above) {
  while (!run.empty() && run != above) {
    FORGE_ASSIGN(run, parent_of_run(view, run));
  }
  return run == above;
}

}  // namespace

Result<std::optional<RunInfo>> standing_below(const View& view, const std::string& id) {
  std::vector<RunInfo> standing;
  FORGE_TRY(view.list({.resource = "_run", .key_prefix = id + "/"}, [&](const Record& record) {
    RunInfo run = run_of(record);
    if (run.status == "running" && !run.parked.empty()) standing.push_back(std::move(run));
    return true;
  }));
  for (RunInfo& run : standing) {
    FORGE_ASSIGN(const bool below, is_below(view, run.id, id));
    if (below) return std::optional(std::move(run));
  }
  return std::optional<RunInfo>();
}

Result<std::vector<RunInfo>> runs(const View& view, const std::string& status, std::size_t limit, const std::string& after) {
  std::vector<RunInfo> found;
  ListQuery query{.resource = "_run", .after_key = after, .limit = limit};
  if (!status.empty()) {
    const bool fits = std::all_of(status.begin(), status.end(), [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
    if (!fits) return Status(ErrorId::kFilterInvalid, "'" + status + "' is no status of a run");
    query.where = "status = '" + status + "'";
  }
  FORGE_TRY(view.list(query, [&found](const Record& record) { return found.push_back(run_of(record)), true; }));
  return found;
}

// ---- Telling

namespace {

struct Teller {
  RunInfo info;
  ReadRun run;
};

Result<Teller> teller(const Store& store, const std::string& id) {
  const View view = store.view();
  DefinitionCache cache;
  Teller found;
  Result<RunInfo> info = run_info(view, id);
  if (!info.ok()) return Status(info.status()).state("nothing was written");
  found.info = *std::move(info);
  if (found.info.has_ended()) return run_ended(found.info);
  FORGE_ASSIGN(found.run, internal::read_run(view, id, cache, {}));
  return found;
}

// The run may have ended since it was looked at: then the action's own rule refuses.
Status tell(Store& store, const Teller& to, Fact fact, const std::string& status, const ActOptions& given) {
  fact.actor = given.actor.id;
  fact.reason = given.reason;
  ActOptions options = given;
  options.correlation = to.run.head.correlation;
  Status told = store.transact({internal::tell_request(*to.run.fold, fact, status)}, options).status();
  if (told.id() != ErrorId::kRuleViolated) return told;
  FORGE_ASSIGN(const RunInfo info, run_info(store.view(), to.info.id));
  return run_ended(info);
}

Status not_halted(const Teller& to) {
  const bool unwinds = to.run.fold->state().phase >= internal::RunPhase::kFailing;
  const bool stands = !to.info.parked.empty();
  return Status(ErrorId::kStepWaitsNot, "run '" + to.info.id + "' has not halted, so there is nothing to resume")
      .why(unwinds  ? "it is being undone"
           : stands ? "it stands still: " + to.info.parked
                    : "it is " + to.info.status)
      .state("nothing was written")
      .remedy("see what it waits for: forgectl workflow trace " + to.info.id);
}

// "these do: ask, confirm"; what else could have been meant.
std::string approvals_that_wait(const RunFold& fold) {
  std::string names;
  for (const auto& [hop, open] : fold.waits()) {
    if (fold.plan().steps[hop.step].declared->body.AsApproveStep() == nullptr) continue;
    names += (names.empty() ? "these do: " : ", ") + fold.path_of_hop(hop);
  }
  return names.empty() ? "no step of it does" : names;
}

Status wrong_role(const std::string& id, const std::string& step, const std::string& role, const Actor& asked) {
  const std::string who = asked.id.empty() ? "nobody in particular" : "'" + asked.id + "'";
  return Status(ErrorId::kPolicyDenied, "step '" + step + "' of run '" + id + "' is to be answered by the role '" + role + "'")
      .why(asked.role.empty() ? who + " asks without a role" : who + " asks as '" + asked.role + "'")
      .state("nothing was written")
      .remedy("answer as somebody who may: --actor ID --role " + role);
}

// What it was told already, or is about to do by itself, so that telling it would do nothing; empty where it would do something.
std::string told_already(const Teller& to, RunTelling telling) {
  using internal::RunOutcome;
  using internal::RunPhase;
  const RunState& state = to.run.fold->state();
  if (state.phase == RunPhase::kEnded) {
    if (state.outcome == RunOutcome::kTerminated) return "is to terminate already";
    return state.outcome == RunOutcome::kCancelled ? "is to be cancelled already" : "is to end already";
  }
  const bool unwinds = state.phase >= RunPhase::kFailing;
  if (telling == RunTelling::kCancel && unwinds) {
    return state.ending == RunOutcome::kCancelled ? "is to be cancelled already" : "is being undone already";
  }
  if (telling != RunTelling::kPause) return "";
  if (unwinds) return "is being undone, so there is nothing to pause";
  if (to.info.status == "halted") return "has halted already";
  return state.phase == RunPhase::kHalted || state.phase == RunPhase::kHalting ? "is to halt already" : "";
}

Status nothing_to_tell(const Teller& to, const std::string& told) {
  const bool halted = to.info.status == "halted";
  return Status(ErrorId::kStepWaitsNot, "run '" + to.info.id + "' " + told)
      .why(halted ? "nothing of it goes on" : "that is recorded, and is done as soon as a worker takes it up")
      .state("nothing was written")
      .remedy(halted ? "let it go on: forgectl workflow resume " + to.info.id
                     : "carry out what is open: forgectl workflow work   or look at it: forgectl workflow trace " + to.info.id);
}

// A run that cannot be read as it stands, since rows that it has begun with are gone: whatever it did cannot be found out, but that
// it has to end is known. So its end is written with what it is told, and not left to who carries it out.
Status terminate_unread(Store& store, const std::string& id, const ActOptions& given) {
  const View view = store.view();
  FORGE_ASSIGN(const internal::JournalHead head, internal::read_head(view, id));
  DefinitionCache cache;
  FORGE_ASSIGN(const auto definition, internal::read_definition(view, head.pin, cache));
  ActOptions options = given;
  FORGE_TRY(view.log({.resource = "_run", .key = id, .limit = 1},
                     [&options](const Event& start) { return options.correlation = start.correlation, false; }));
  Fact fact;
  fact.kind = Fact::Kind::kTerminate;
  fact.actor = given.actor.id;
  fact.reason = given.reason;
  const RunFold unbegun(id, definition, {});
  const std::string status(internal::name_of(internal::RunOutcome::kTerminated));
  ActionRequest end{.action = "_run.end", .args = {{"id", id}, {"status", status}, {"warnings", false}}};
  return store.transact({internal::tell_request(unbegun, fact, ""), std::move(end)}, options).status();
}

// A wait whose time is up is over, also where nobody has come yet who carries that out.
Status check_in_time(Store& store, const Teller& to, const Fact& fact, const ActOptions& given) {
  ActOptions options = given;
  options.dry_run = true;
  const auto now = store.transact({internal::tell_request(*to.run.fold, fact, "")}, options);
  if (!now.ok() || !to.run.fold->is_overdue(fact.hop, now->recorded_at)) return {};
  return Status(ErrorId::kStepWaitsNot,
                "step '" + to.run.fold->path_of_hop(fact.hop) + "' of run '" + to.info.id + "' waits no longer")
      .why("its timeout or a deadline has passed, which a worker will see")
      .state("nothing was written")
      .remedy("carry out what is due: forgectl workflow work");
}

Status not_cancelled_unread(const std::string& id, const Status& unread) {
  return Status(unread.id(), "run '" + id + "' cannot be cancelled: what it did, and would have to undo, cannot be found out")
      .why(unread.text().what)
      .state("nothing was written")
      .remedy("bring the file back as it was   or end the run and undo nothing: forgectl workflow terminate " + id);
}

}  // namespace

Status tell_run(Store& store, const std::string& id, RunTelling telling, const ActOptions& options) {
  Result<Teller> found = teller(store, id);
  const ErrorId why = found.status().id();
  if (why == ErrorId::kInputUnreadable || why == ErrorId::kItemsDiffer) {
    if (telling == RunTelling::kTerminate) return terminate_unread(store, id, options);
    if (telling == RunTelling::kCancel) return not_cancelled_unread(id, found.status());
  }
  FORGE_ASSIGN(const Teller to, std::move(found));
  const internal::RunPhase phase = to.run.fold->state().phase;
  if (const std::string told = told_already(to, telling); !told.empty()) return nothing_to_tell(to, told);
  const bool halts = phase == internal::RunPhase::kHalted || phase == internal::RunPhase::kHalting;
  if (telling == RunTelling::kResume && !halts) return not_halted(to);
  constexpr Fact::Kind kFacts[] = {Fact::Kind::kCancel, Fact::Kind::kTerminate, Fact::Kind::kPause, Fact::Kind::kResume};
  Fact fact;
  fact.kind = kFacts[static_cast<int>(telling)];
  return tell(store, to, std::move(fact), telling == RunTelling::kResume ? "running" : "", options);
}

Status approve_step(Store& store, const std::string& id, const std::string& step, bool approved, const ActOptions& options) {
  FORGE_ASSIGN(const Teller to, teller(store, id));
  const RunFold& fold = *to.run.fold;
  const auto& waits = fold.waits();
  const auto found = std::find_if(waits.begin(), waits.end(), [&](const auto& wait) {
    const bool asks = fold.plan().steps[wait.first.step].declared->body.AsApproveStep() != nullptr;
    return asks && fold.path_of_hop(wait.first) == step;
  });
  if (found == waits.end()) {
    return Status(ErrorId::kStepWaitsNot, "step '" + step + "' of run '" + id + "' does not wait for an approval")
        .why(approvals_that_wait(fold))
        .state("nothing was written")
        .remedy("see: forgectl workflow trace " + id);
  }
  const std::string& role = fold.plan().steps[found->first.step].declared->body.AsApproveStep()->role;
  if (!role.empty() && options.actor.role != role) return wrong_role(id, step, role, options.actor);
  if (options.actor.id.empty()) {
    return Status(ErrorId::kPolicyDenied, "the answer to step '" + step + "' of run '" + id + "' says not whose it is")
        .why("an approval is somebody's, and nobody is named as the actor")
        .state("nothing was written")
        .remedy("say who answers: --actor NAME, or FORGE_ACTOR");
  }
  Fact fact;
  fact.kind = Fact::Kind::kSignalled;
  fact.hop = found->first;
  fact.value = Object{{"approved", approved}, {"by", options.actor.id}, {"reason", options.reason}};
  FORGE_TRY(check_in_time(store, to, fact, options));
  return tell(store, to, std::move(fact), "", options);
}

Status send_signal(Store& store, const std::string& name, const std::string& key, const Value& value, const SignalOptions& how) {
  FORGE_ASSIGN(const std::string id, internal::signal_id(name, key.empty() ? Value() : Value(key)));
  const std::string json = to_json(value);
  if (how.refuse && how.keep_until) {
    return Status(ErrorId::kUsage, "a signal is kept or refused").why("both were asked for").state("nothing was written");
  }
  // What was sent already is answered again.
  const std::string& sent = how.options.idempotency_key;
  const bool again = !sent.empty() && store.resolve(IdempotencyKeyOf{sent}).ok();
  if (how.refuse && !again) FORGE_TRY(internal::check_received(store, id, json, how.options));
  Args args{{"id", id}, {"value", json}};
  if (how.keep_until) args.add("keep_until", how.keep_until->micros);
  return store.act("_signal.send", std::move(args), how.options).status();
}

}  // namespace forge
