// Runs for events, started by people: what a hook would have started, had it been able to.

#include "end_at_once.h"
#include "forge/workflows/runs.h"
#include "hook_scope.h"
#include "run_id.h"

namespace forge {
namespace {

Status starts_none(const std::string& workflow, Seq seq, std::string why) {
  return Status(ErrorId::kWorkflowReference, "event " + std::to_string(seq) + " starts no run of '" + workflow + "'")
      .why(std::move(why))
      .state("no run was started")
      .remedy("see: forgectl workflow show " + workflow + "   and the event: forgectl show " + std::to_string(seq));
}

}  // namespace

Result<std::string> start_run_for(Store& store, const std::string& workflow, Seq seq, const RunStart& how) {
  const View view = store.view();
  const Status known = forge::workflow(view, workflow).status();
  if (!known.ok()) return Status(known).state("no run was started");
  internal::DefinitionCache cache;
  FORGE_ASSIGN(const internal::DeclaredWorkflow declared, internal::newest_definition(view, workflow, cache));
  const fb::HookT* hook = declared.definition->plan().declared->on.get();
  if (hook == nullptr) return starts_none(workflow, seq, "the workflow has no hook");
  FORGE_ASSIGN(const Event event, view.event(seq));
  if (!internal::is_hooked(*hook, event)) {
    return starts_none(workflow, seq, "it is a " + event.type + ", and the hook is for " + declared.definition->stimulus());
  }
  const Result<std::optional<internal::HookedRun>> made = internal::hooked_run(*declared.definition, event);
  if (!made.ok()) return Status(made.status()).state("no run was started");
  if (!*made) return starts_none(workflow, seq, "the hook's condition does not hold for it, or it has no hops left");
  ActOptions options = how.options;
  options.correlation = event.correlation;
  options.causation = seq;
  options.hops_left = static_cast<std::uint8_t>((*made)->hops);
  if (declared.definition->plan().ends_at_once && !store.is_attached()) {
    options.follow_up = internal::EndAtOnce(declared.definition);
  }
  const Status started = store.transact({internal::hooked_request(declared.pin, **made, how.max_concurrency)}, options).status();
  if (started.ok()) return (*made)->id;
  if (started.id() != ErrorId::kRecordExists) return started;
  FORGE_ASSIGN(const RunInfo there, run_info(store.view(), (*made)->id));
  if (there.workflow == workflow) return there.id;
  return internal::run_exists(there.id, "it is one of workflow '" + there.workflow + "'");
}

std::optional<Seq> unstarted_event(const RunInfo& run) {
  const std::string before = run.workflow + "@";
  const std::string_view after = internal::kUnstarted;
  const bool is_one = run.id.starts_with(before) && run.id.ends_with(after) && run.id.size() > before.size() + after.size();
  if (!is_one) return std::nullopt;
  Seq seq = 0;
  for (const char c : std::string_view(run.id).substr(before.size(), run.id.size() - before.size() - after.size())) {
    if (c < '0' || c > '9') return std::nullopt;
    seq = seq * 10 + static_cast<Seq>(c - '0');
  }
  return seq;
}

}  // namespace forge
