#include "run_journal.h"

#include "decider.h"
#include "journal.h"

namespace forge::internal {
namespace {

std::string text_of(const Value& value) {
  return value.if_text() != nullptr ? *value.if_text() : std::string();
}

DefinitionPin pin_of(const Record& run) {
  const Value declared = run["declared"];
  return {.workflow = text_of(run["workflow"]),
          .declared = declared.if_int() != nullptr ? static_cast<Version>(*declared.if_int()) : 0,
          .hash = text_of(run["hash"])};
}

Result<std::shared_ptr<const WorkflowDefinition>> definition_in(const Record& record, DefinitionCache& cache) {
  const std::string hash = text_of(record["hash"]);
  if (const auto known = cache.find(hash); known != cache.end()) return known->second;
  const Value bytes = record["definition"];
  if (bytes.if_bytes() == nullptr) {
    return Status(ErrorId::kDataCorrupt, "the workflow '" + record.key() + "' has no definition");
  }
  FORGE_ASSIGN(auto definition, WorkflowDefinition::from_bytes(*bytes.if_bytes()));
  if (to_hex(definition->hash()) != hash) {
    return Status(ErrorId::kDataCorrupt, "the definition of workflow '" + record.key() + "' is not the one it is named by")
        .why("its hash is " + to_hex(definition->hash()) + ", the record says " + hash);
  }
  cache.emplace(hash, definition);
  return definition;
}

Status not_declared(const std::string& name) {
  return Status(ErrorId::kWorkflowNotFound, "there is no workflow '" + name + "'");
}

// Whoever looks at the journal is to see what was answered.
std::string pulse_told(const RunFold& fold, const Fact& fact) {
  const bool answers =
      fact.kind == Fact::Kind::kSignalled && fold.plan().steps.at(fact.hop.step).declared->body.AsApproveStep() != nullptr;
  if (!answers) return pulse_of(fact);
  const Value* approved = fact.value.if_object() == nullptr ? nullptr : fact.value.if_object()->find("approved");
  return approved != nullptr && *approved == Value(true) ? "approved" : "rejected";
}

std::optional<std::uint8_t> hops_at_start(const Event& event) {
  const Value* bytes = event.arguments.find("fact");
  if (bytes == nullptr || bytes->if_bytes() == nullptr) return event.hops_left;
  const Result<Fact> fact = decode_fact(*bytes->if_bytes());
  return fact.ok() ? std::optional(static_cast<std::uint8_t>(fact->hops)) : event.hops_left;
}

Actor actor_of(const Event& event) {
  const Value* role = event.metadata.find("role");
  return {event.actor, role == nullptr ? "" : text_of(*role)};
}

}  // namespace

Result<std::shared_ptr<const WorkflowDefinition>> read_definition(const View& view, const DefinitionPin& pin,
                                                                  DefinitionCache& cache) {
  if (const auto known = cache.find(pin.hash); known != cache.end()) return known->second;
  const Result<Record> record = view.get_version("_workflow", pin.workflow, pin.declared);
  if (record.status().id() == ErrorId::kRecordNotFound) return not_declared(pin.workflow);
  if (!record.ok()) return record.status();
  FORGE_ASSIGN(auto definition, definition_in(*record, cache));
  if (to_hex(definition->hash()) == pin.hash) return definition;
  return Status(ErrorId::kDataCorrupt, "version " + std::to_string(pin.declared) + " of workflow '" + pin.workflow +
                                           "' is not the definition that the run keeps to");
}

namespace {

Result<DeclaredWorkflow> declared_in(const Result<Record>& record, const std::string& name, DefinitionCache& cache) {
  const bool none = record.status().id() == ErrorId::kRecordNotFound || record.status().id() == ErrorId::kKeyInvalid;
  if (none) return not_declared(name);
  if (!record.ok()) return record.status();
  DeclaredWorkflow found;
  FORGE_ASSIGN(found.definition, definition_in(*record, cache));
  found.pin = {.workflow = name, .declared = record->version(), .hash = to_hex(found.definition->hash())};
  return found;
}

}  // namespace

Result<DeclaredWorkflow> definition_of_version(const View& view, const std::string& name, Version version, DefinitionCache& cache) {
  return declared_in(view.get_version("_workflow", name, version), name, cache);
}

Result<DeclaredWorkflow> newest_definition(const View& view, const std::string& name, DefinitionCache& cache) {
  return declared_in(view.get("_workflow", name), name, cache);
}

Result<JournalHead> read_head(const View& view, const std::string& id) {
  const Result<Record> record = view.get("_run", id);
  const bool none = record.status().id() == ErrorId::kRecordNotFound || record.status().id() == ErrorId::kKeyInvalid;
  if (none) return Status(ErrorId::kRunNotFound, "there is no run '" + id + "'");
  if (!record.ok()) return record.status();
  JournalHead head;
  head.id = id;
  head.pin = pin_of(*record);
  head.parked = text_of((*record)["parked"]);
  return head;
}

Result<ReadRun> read_run(const View& view, const std::string& id, DefinitionCache& cache, const RunOptions& options,
                         const RunFold::Visitor& visit) {
  ReadRun run;
  FORGE_ASSIGN(run.head, read_head(view, id));
  FORGE_ASSIGN(auto definition, read_definition(view, run.head.pin, cache));
  run.fold = std::make_unique<RunFold>(id, std::move(definition), options);
  FORGE_TRY(read_on(view, run, visit));
  return run;
}

Status read_on(const View& view, ReadRun& run, const RunFold::Visitor& visit) {
  run.fold->read_from(view);
  Status taken;
  const auto take = [&](const Event& event) -> Status {
    FORGE_ASSIGN(const std::optional<Event> result, result_event(view, event));
    if (event.version == 1) {
      run.head.actor = actor_of(event);
      run.head.correlation = event.correlation;
    }
    FORGE_TRY(run.fold->take(event, result ? &*result : nullptr, visit));
    run.version = event.version;
    run.seq = event.seq;
    return {};
  };
  FORGE_TRY(view.log({.resource = "_run", .key = run.head.id, .from = run.seq + 1}, [&](const Event& event) {
    taken = take(event);
    return taken.ok();
  }));
  return taken;
}

Result<std::optional<Event>> result_event(const View& view, const Event& event) {
  const Value* from = event.arguments.find("from");
  const std::int64_t* place = from == nullptr ? nullptr : from->if_int();
  if (place == nullptr) return std::optional<Event>();
  if (*place < 0 || *place >= event.place) {
    return Status(ErrorId::kDataCorrupt, "event " + std::to_string(event.seq) + " names a result that is not before it");
  }
  FORGE_ASSIGN(Event result, view.event(event.seq - event.place + static_cast<Seq>(*place)));
  return std::optional<Event>(std::move(result));
}

Result<Value> value_of_fact(const View& view, Seq seq) {
  FORGE_ASSIGN(const Event event, view.event(seq));
  FORGE_ASSIGN(const std::optional<Event> result, result_event(view, event));
  if (result) return result_of(*result);
  const Value* bytes = event.arguments.find("fact");
  if (bytes == nullptr || bytes->if_bytes() == nullptr) {
    return Status(ErrorId::kDataCorrupt, "event " + std::to_string(seq) + " holds no fact, and a run has its result there");
  }
  FORGE_ASSIGN(Fact fact, decode_fact(*bytes->if_bytes()));
  return std::move(fact.value);
}

Result<Fact> start_of_run(const View& view, const std::string& id) {
  Result<Fact> start = Status(ErrorId::kDataCorrupt, "run '" + id + "' has no start");
  FORGE_TRY(view.log({.resource = "_run", .key = id, .limit = 1}, [&start](const Event& event) {
    const Value* bytes = event.arguments.find("fact");
    if (bytes != nullptr && bytes->if_bytes() != nullptr) start = decode_fact(*bytes->if_bytes());
    return false;
  }));
  return start;
}

std::string text_at(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value == nullptr ? std::string() : text_of(*value);
}

std::optional<std::uint8_t> hops_of(const Event& event) {
  // A run that a hook starts stands in a transaction that no run made.
  if (event.action == "_run.start") return hops_at_start(event);
  if (event.arguments.find("fact") != nullptr) return event.hops_left;
  const Value* noted = event.arguments.find("hops_left");
  const std::int64_t* hops = noted == nullptr ? nullptr : noted->if_int();
  return hops == nullptr ? std::nullopt : std::optional(static_cast<std::uint8_t>(*hops));
}

std::string what_of(const Event& event) {
  std::string pulse = text_at(event.arguments, "pulse");
  if (!pulse.empty()) return pulse;
  if (event.action == "_run.end") return text_at(event.arguments, "status");
  const std::size_t dot = event.type.rfind('.');
  return dot == std::string::npos ? event.type : event.type.substr(dot + 1);
}

bool is_parking(const Event& event) {
  return event.action == "_run.park" || event.action == "_run.unpark";
}

ActionRequest advance_request(const RunFold& fold, const Fact& fact, const Object& details) {
  ActionRequest request{.action = "_run.advance", .args = {{"id", fold.id()}}};
  const std::string path = fold.path_of_hop(fact.hop);
  if (!path.empty()) request.args.add("step", path);
  request.args.add("pulse", pulse_of(fact));
  if (fact.attempt > 0) request.args.add("attempt", fact.attempt);
  if (!fact.error.code.empty()) request.args.add("code", fact.error.code);
  if (!fact.error.message.empty()) request.args.add("message", fact.error.message);
  for (const auto& [name, value] : details.members()) request.args.add(name, value);
  request.args.add("fact", Bytes(encode_fact(fact)));
  return request;
}

ActionRequest tell_request(const RunFold& fold, const Fact& fact, const std::string& status) {
  ActionRequest request{.action = "_run.tell", .args = {{"id", fold.id()}}};
  const std::string path = fold.path_of_hop(fact.hop);
  if (!path.empty()) request.args.add("step", path);
  request.args.add("pulse", pulse_told(fold, fact));
  if (!status.empty()) request.args.add("status", status);
  request.args.add("fact", Bytes(encode_fact(fact)));
  return request;
}

ActionRequest reopen_request(const RunFold& fold, const Fact& fact) {
  ActionRequest request = tell_request(fold, fact, "running");
  request.action = "_run.reopen";
  request.args.add("error", Value());
  return request;
}

ActionRequest start_request(const DefinitionPin& pin, const Fact& fact) {
  return {.action = "_run.start",
          .args = {{"workflow", pin.workflow},
                   {"hash", pin.hash},
                   {"declared", pin.declared},
                   {"status", "running"},
                   {"fact", Bytes(encode_fact(fact))}}};
}

std::string reason_to_stand(const Status& why) {
  const RunError error = error_of(why);
  const std::string& remedy = why.text().remedy;
  return error.code + ": " + error.message + (remedy.empty() ? "" : "; " + remedy);
}

ActionRequest parking_request(const std::string& run, const std::string& why) {
  if (why.empty()) return {.action = "_run.unpark", .args = {{"id", run}}};
  return {.action = "_run.park", .args = {{"id", run}, {"parked", why}}};
}

}  // namespace forge::internal
