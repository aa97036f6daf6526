#include "step_work.h"

#include <algorithm>

#include "decider.h"
#include "forge/events/json.h"
#include "run_journal.h"
#include "sent_signal.h"
#include "signal_receivers.h"

namespace forge::internal {
namespace {

constexpr std::size_t kQueryRowsMax = 10'000;

const Object* member_object(const Value& value, const char* name) {
  const Object* object = value.if_object();
  const Value* found = object == nullptr ? nullptr : object->find(name);
  return found == nullptr ? nullptr : found->if_object();
}

WorkOutcome failed(const Status& status) {
  return {.outcome = failure_of(status)};
}

// A record as a step has it: its fields, those that are secret not shown, then _version and _seq.
Value value_of(const Record& record) {
  Object fields = record.to_object();
  fields.add("_version", record.version());
  fields.add("_seq", record.seq());
  return fields;
}

WorkOutcome read_record(const fb::ReadStepT& read, const Value& given, const RecordSource& source) {
  const Result<std::string> key = key_text(given);
  if (!key.ok()) return failed(key.status());
  const Result<Record> record = source.get(read.resource, *key);
  if (record.ok()) return {.outcome = StepOutcome::done(value_of(*record))};
  if (record.status().id() != ErrorId::kRecordNotFound || read.not_found == fb::NotFound::Error) return failed(record.status());
  if (read.not_found == fb::NotFound::Halt) return {.outcome = StepOutcome::halted()};
  return {.outcome = StepOutcome::done()};
}

Result<List> rows_of(const std::string& query, const Object& args, const RecordSource& source, const Actor& actor,
                     std::chrono::microseconds timeout) {
  List rows;
  FORGE_TRY(source.query(query, args, {.actor = actor, .limit = kQueryRowsMax + 1, .timeout = timeout},
                         [&rows](const Record& record) { return rows.push_back(value_of(record)), true; }));
  if (rows.size() <= kQueryRowsMax) return rows;
  return Status(ErrorId::kTooLarge, "the query " + query + " has more than " + std::to_string(kQueryRowsMax) + " rows")
      .remedy("give the query a limit");
}

WorkOutcome read_query(const fb::ReadStepT& read, const Object& args, const RecordSource& source, const Actor& actor,
                       std::chrono::microseconds timeout) {
  Result<List> rows = rows_of(read.query, args, source, actor, timeout);
  if (!rows.ok()) return failed(rows.status());
  if (!rows->empty() || read.not_found != fb::NotFound::Halt) return {.outcome = StepOutcome::done(Value(*std::move(rows)))};
  return {.outcome = StepOutcome::halted()};
}

}  // namespace

Work work_of(const Plan& plan, const OpenCommand& open) {
  const Command& command = open.command;
  Work work{.hop = command.hop, .attempt = command.attempt, .hops = command.hops, .since = open.since};
  work.step = &step_of(plan, command);
  if (command.kind == Command::Kind::kFetch) work.purpose = Purpose::kFetch;
  if (command.kind == Command::Kind::kCompensate) work.purpose = Purpose::kCompensate;
  if (command.kind == Command::Kind::kUndo) work.purpose = Purpose::kUndo;
  if (const Object* args = member_object(command.value, "args")) work.args = *args;
  const Object* given = command.value.if_object();
  const auto list_of = [given](const char* name) {
    const Value* found = given == nullptr ? nullptr : given->find(name);
    return found != nullptr && found->if_list() != nullptr ? *found->if_list() : List();
  };
  work.values = list_of("values");
  if (work.purpose == Purpose::kFetch && given != nullptr) work.fetch = *given;
  work.named = list_of("named");
  if (const Value* cursor = given == nullptr ? nullptr : given->find("cursor")) work.cursor = *cursor;
  return work;
}

Object given_to(const Work& work) {
  Object given = work.args;
  const auto add = [&given](const char* name, const Value& value) {
    const Object* members = value.if_object();
    if (!value.is_null() && (members == nullptr || !members->empty())) given.add(name, value);
  };
  const auto part = [](const List& parts, std::size_t place) { return place < parts.size() ? parts[place] : Value(); };
  switch (work.step->body.type) {
    case fb::Body::HttpStep:
      add("path", part(work.values, 0));
      add("body", part(work.values, 1));
      add("query", part(work.named, 0));
      add("headers", part(work.named, 1));
      add("form", part(work.named, 2));
      break;
    case fb::Body::ExecStep:
      if (!work.values.empty()) add("arguments", work.values);
      add("environment", part(work.named, 0));
      break;
    case fb::Body::ReadStep:
    case fb::Body::SignalStep:
      add("key", part(work.values, 0));
      break;
    case fb::Body::MapStep:
      if (work.step->body.AsMapStep()->source == fb::MapSource::File) add("file", part(work.values, 0));
      break;
    default:
      break;
  }
  return given;
}

Fact fact_of(const Work& work, const StepOutcome& outcome) {
  using Kind = StepOutcome::Kind;
  Fact fact;
  fact.hop = work.hop;
  fact.attempt = work.attempt;
  const bool done = outcome.kind == Kind::kDone || outcome.kind == Kind::kHalted;
  if (!done) fact.error = {outcome.code.empty() ? "failed" : outcome.code, outcome.message};
  switch (work.purpose) {
    case Purpose::kRun:
      fact.kind = outcome.kind == Kind::kDone     ? Fact::Kind::kCompleted
                  : outcome.kind == Kind::kHalted ? Fact::Kind::kHalted
                  : outcome.kind == Kind::kRetry  ? Fact::Kind::kRetry
                                                  : Fact::Kind::kFailed;
      if (done) fact.value = outcome.value;
      break;
    case Purpose::kCompensate:
      fact.kind = done ? Fact::Kind::kCompensated : Fact::Kind::kCompensateFailed;
      break;
    case Purpose::kUndo:
      fact.kind = done ? Fact::Kind::kUndone : Fact::Kind::kUndoFailed;
      break;
    case Purpose::kFetch:
      fact.kind = done ? Fact::Kind::kItems : Fact::Kind::kFailed;
      fact.value = outcome.value;
      fact.last = true;
      break;
  }
  return fact;
}

StepOutcome failure_of(const Status& status) {
  RunError error = error_of(status);
  if (status.id() == ErrorId::kDeadlinePassed) error.code = "timeout";
  return StepOutcome::failed(std::move(error.code), std::move(error.message));
}

Fact failed_fact(const Fact& fact, const StepOutcome& outcome) {
  Fact failed = fact;
  failed.kind = fact.kind == Fact::Kind::kUndone || fact.kind == Fact::Kind::kUndoFailed ? Fact::Kind::kUndoFailed
                : fact.kind == Fact::Kind::kCompensated || fact.kind == Fact::Kind::kCompensateFailed
                    ? Fact::Kind::kCompensateFailed
                    : Fact::Kind::kFailed;
  failed.value = nullptr;
  failed.error = {outcome.code, outcome.message};
  return failed;
}

WorkOutcome request_action(const Work& work, const Domain& domain, Time now) {
  WorkOutcome out{.outcome = StepOutcome::done()};
  if (const fb::SignalStepT* signal = work.step->body.AsSignalStep()) {
    const Result<std::string> id = signal_id(signal->signal, work.values.empty() ? Value() : work.values[0]);
    if (!id.ok()) return failed(id.status());
    ActionRequest request{.action = "_signal.send", .args = {{"id", *id}, {"value", to_json(Value(work.args))}}};
    if (signal->keep > 0) request.args.add("keep_until", now.micros + signal->keep);
    out.actions.push_back(std::move(request));
    return out;
  }
  const std::string& name = work.step->body.AsActionStep()->action;
  const Result<const Action*> action = domain.get_action(name);
  if (!action.ok()) return failed(action.status());
  // A generic action becomes any number of others, or starts one run.
  if ((*action)->kind != ActionKind::kGeneric || !(*action)->workflow.empty()) out.result = 0;
  out.actions.push_back({.action = name, .args = work.args});
  return out;
}

WorkOutcome signal_received(const Work& work, const Store& store, const Actor& actor, Time now) {
  WorkOutcome out = request_action(work, *store.domain(), now);
  if (out.actions.empty()) return out;
  const Args& sent = out.actions[0].args;
  ActOptions options{.actor = actor};
  options.hops_left = static_cast<std::uint8_t>(work.hops > 0 ? work.hops - 1 : 0);
  const Status received = check_received(store, text_at(sent, "id"), text_at(sent, "value"), options);
  return received.ok() ? out : failed(received);
}

WorkOutcome read_for(const Work& work, const View& view, const Actor& actor) {
  const std::chrono::microseconds timeout(work.step->timeout);
  if (work.purpose == Purpose::kFetch) {
    Result<List> rows = rows_of(work.step->body.AsMapStep()->query, work.args, RecordsOf(view), actor, timeout);
    return rows.ok() ? WorkOutcome{.outcome = StepOutcome::done(Value(*std::move(rows)))} : failed(rows.status());
  }
  const Value key = work.values.empty() ? Value() : work.values[0];
  return read_declared(*work.step->body.AsReadStep(), key, work.args, RecordsOf(view), actor, timeout);
}

WorkOutcome read_declared(const fb::ReadStepT& read, const Value& key, const Object& args, const RecordSource& source,
                          const Actor& actor, std::chrono::microseconds timeout) {
  return read.query.empty() ? read_record(read, key, source) : read_query(read, args, source, actor, timeout);
}

std::string transform_of(const Work& work, const Plan& plan) {
  const fb::StepT& declared = *plan.steps[work.hop.step].declared;
  if (work.purpose == Purpose::kFetch || undoes_from_log(work, plan) ||
      (work.purpose == Purpose::kUndo && stands_for_run(work, plan)))
    return "";
  const bool own_args = work.purpose == Purpose::kUndo && work.step != &declared && work.step->args.empty();
  return own_args && work.step->transform.empty() ? declared.transform : work.step->transform;
}

Result<Work> with_arguments(const Work& work, const WorkOutcome& transformed) {
  const Object* args = transformed.outcome.value.if_object();
  if (args == nullptr || !transformed.actions.empty()) {
    return Status(ErrorId::kArgumentType,
                  args == nullptr ? "what its transform returned is no object" : "its transform asked for actions")
        .why("it makes the step's arguments by name, and nothing else");
  }
  Work made = work;
  made.args = *args;
  return made;
}

bool stands_for_run(const Work& work, const Plan& plan) {
  const bool child = work.step->body.type == fb::Body::WorkflowStep || is_dynamic(*work.step);
  return child && work.step == plan.steps[work.hop.step].declared;
}

bool mends_by_run(const Work& work, const Plan& plan) {
  return work.step->body.type == fb::Body::WorkflowStep && !stands_for_run(work, plan);
}

bool needs_run(const Plan& plan, const Command& command) {
  const fb::StepT& step = step_of(plan, command);
  const bool own = &step == plan.steps[command.hop.step].declared;
  return step.body.type == fb::Body::WorkflowStep || (own && is_dynamic(step));
}

bool is_dynamic(const fb::StepT& step) {
  const fb::RunStepT* run = step.body.AsRunStep();
  return run != nullptr && run->dynamic;
}

Result<std::string> key_text(const Value& key) {
  if (const std::string* text = key.if_text()) return *text;
  if (const std::int64_t* number = key.if_int()) return std::to_string(*number);
  return Status(ErrorId::kArgumentType, "its key is neither a text nor an integer");
}

}  // namespace forge::internal
