// What a signal meets is asked of the store as it stands. A wait that has its signal already, and has only not been told, is none:
// it takes the first that was sent after it began, or one that is kept (RunEngine::await). Of runs only those are read whose
// definition has a wait for that name.

#include "signal_receivers.h"

#include <algorithm>

#include "forge/events/json.h"
#include "hook_scope.h"
#include "run_journal.h"
#include "sent_signal.h"
#include "step_work.h"

namespace forge::internal {
namespace {

constexpr const char* kConsumed = "_workflow.consumers";  // the named checkpoint

Result<bool> consumer_takes(const Store& store, const std::string& id) {
  FORGE_ASSIGN(const std::vector<ConsumedSignal> consumed, consumed_signals(store));
  return std::any_of(consumed.begin(), consumed.end(), [&](const ConsumedSignal& one) { return is_consumed(one, id); });
}

// ---- Hooks

// The event that it would be, as far as a hook can ask.
Event event_of_signal(const Store& store, const std::string& id, const std::string& value, const ActOptions& options) {
  Event event;
  const Result<Resolved> head = store.resolve(Head{});
  event.seq = head.ok() ? head->seq + 1 : 0;
  event.recorded_at = head.ok() ? head->time : Time();
  event.type = kSignalSent;
  event.resource = "_signal";
  event.key = id;
  event.action = "_signal.send";
  event.actor = options.actor.id;
  event.correlation = options.correlation;
  event.hops_left = options.hops_left;
  event.arguments = Object{{"id", id}, {"value", value}};
  event.changes = Object{{"value", value}};
  return event;
}

// A hook whose condition cannot be evaluated, or whose input would not fit, starts nothing.
Result<bool> hook_takes(const View& view, const Event& event, DefinitionCache& cache) {
  std::vector<std::string> names;
  FORGE_TRY(view.list({.resource = "_workflow"}, [&names](const Record& record) { return names.push_back(record.key()), true; }));
  for (const std::string& name : names) {
    const Result<DeclaredWorkflow> declared = newest_definition(view, name, cache);
    if (!declared.ok() || declared->definition->plan().declared->on == nullptr) continue;
    const Result<std::optional<HookedRun>> run = hooked_run(*declared->definition, event);
    if (run.ok() && run->has_value()) return true;
  }
  return false;
}

// ---- Waits

bool may_wait(const Plan& plan, const std::string& id) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [&id](const PlannedStep& step) {
    const fb::WaitStepT* wait = step.declared->body.AsWaitStep();
    return wait != nullptr && !wait->signal.empty() && key_in_signal(wait->signal, id).has_value();
  });
}

// The signal of that id that was sent last.
struct LastSignal {
  Seq seq = 0;  // 0: none was
  std::optional<std::int64_t> keep_until = {};
};

LastSignal last_signal(const View& view, const std::string& id) {
  const Result<Record> sent = view.get("_signal", id);
  if (!sent.ok()) return {};
  LastSignal last{.seq = sent->seq()};
  const Value keep = (*sent)["keep_until"];
  if (keep.if_int() != nullptr) last.keep_until = *keep.if_int();
  return last;
}

// Whether what was sent last ends a wait that begins with the event `since`.
bool ends(const View& view, const LastSignal& last, Seq since) {
  if (last.seq > since) return true;
  if (!last.keep_until) return false;
  const Result<Event> began = view.event(since);
  return began.ok() && began->recorded_at.micros <= *last.keep_until;
}

bool waits_now(const View& view, const RunFold& fold, const std::string& id, const LastSignal& last) {
  return std::any_of(fold.waits().begin(), fold.waits().end(), [&](const auto& wait) {
    const fb::WaitStepT* declared = fold.plan().steps[wait.first.step].declared->body.AsWaitStep();
    if (declared == nullptr || declared->signal.empty()) return false;
    const Result<std::string> awaited = signal_id(declared->signal, key_of_wait(wait.second.command));
    return awaited.ok() && *awaited == id && !ends(view, last, wait.second.since);
  });
}

// A run that cannot be read stands still, and receives nothing.
Result<bool> run_takes(const View& view, const std::string& id, DefinitionCache& cache) {
  const LastSignal last = last_signal(view, id);
  for (const char* status : {"running", "halted"}) {
    std::vector<std::string> ids;
    const ListQuery query{.resource = "_run", .where = "status = '" + std::string(status) + "'"};
    FORGE_TRY(view.list(query, [&ids](const Record& run) { return ids.push_back(run.key()), true; }));
    for (const std::string& run : ids) {
      const Result<JournalHead> head = read_head(view, run);
      const auto definition = head.ok() ? read_definition(view, head->pin, cache) : head.status();
      if (!definition.ok() || !may_wait((*definition)->plan(), id)) continue;
      const Result<ReadRun> read = read_run(view, run, cache, {});
      if (read.ok() && waits_now(view, *read->fold, id, last)) return true;
    }
  }
  return false;
}

}  // namespace

Result<std::vector<ConsumedSignal>> consumed_signals(const Store& store) {
  std::vector<ConsumedSignal> consumed;
  FORGE_ASSIGN(const std::optional<std::string> noted, store.checkpoint(kConsumed));
  if (!noted) return consumed;
  FORGE_ASSIGN(const Value list, parse_json(*noted, "the checkpoint _workflow.consumers"));
  for (const Value& one : list.if_list() == nullptr ? List() : *list.if_list()) {
    const Object* parts = one.if_object();
    if (parts == nullptr) continue;
    const Value* key = parts->find("key");
    consumed.push_back({.name = text_at(*parts, "name"), .key = {}});
    if (key != nullptr && key->if_text() != nullptr) consumed.back().key = *key->if_text();
  }
  return consumed;
}

Status note_consumed_signals(Store& store, const std::vector<ConsumedSignal>& consumed) {
  if (consumed.empty()) return store.set_checkpoint(kConsumed, std::nullopt);
  List list;
  for (const ConsumedSignal& one : consumed) {
    list.emplace_back(Object{{"name", one.name}, {"key", one.key ? Value(*one.key) : Value()}});
  }
  return store.set_checkpoint(kConsumed, to_json(Value(std::move(list))));
}

bool is_consumed(const ConsumedSignal& wanted, const std::string& id) {
  const std::optional<Value> key = key_in_signal(wanted.name, id);
  return key && (!wanted.key || *key == Value(*wanted.key));
}

Status check_received(const Store& store, const std::string& id, const std::string& value, const ActOptions& options) {
  DefinitionCache cache;
  const View view = store.view();
  const Event event = event_of_signal(store, id, value, options);
  FORGE_ASSIGN(const bool consumed, consumer_takes(store, id));
  if (consumed) return {};
  FORGE_ASSIGN(const bool hooked, hook_takes(view, event, cache));
  if (hooked) return {};
  FORGE_ASSIGN(const bool awaited, run_takes(view, id, cache));
  if (awaited) return {};
  return Status(ErrorId::kSignalUnreceived, "nobody receives the signal '" + id + "'")
      .why("no run waits for it, no hook is for it, and no program has asked for it")
      .state("nothing was written")
      .remedy("keep it for who comes later (keep), or send it without refuse");
}

}  // namespace forge::internal
