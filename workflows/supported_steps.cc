// Which steps the runner of this version carries out. What it does not is refused before anything runs.

#include <algorithm>
#include <string_view>

#include "step_work.h"

namespace forge::internal {
namespace {

Status unsupported(const std::string& path, const std::string& what, const std::string& remedy) {
  return Status(ErrorId::kWorkflowUnsupported, "step '" + path + "' cannot be carried out")
      .why("the runner of this version does not know " + what)
      .state("nothing was written")
      .remedy(remedy);
}

// What is missing for that kind; empty where nothing is.
std::string_view missing_kind(const fb::BodyUnion& body) {
  switch (body.type) {
    case fb::Body::SqlStep:
      return "sql steps";
    case fb::Body::ActionStep:
      return body.AsActionStep()->action.starts_with('_') ? "steps that issue Forge's own actions" : "";
    default:
      return "";
  }
}

// What reverses a step or cleans up after it is one action or one call.
bool is_simple(const fb::BodyUnion& body) {
  const bool simple = body.type == fb::Body::ActionStep || body.type == fb::Body::RunStep || body.type == fb::Body::SignalStep ||
                      body.type == fb::Body::ExecStep || body.type == fb::Body::WorkflowStep || body.type == fb::Body::HttpStep;
  return simple && missing_kind(body).empty();
}

// Kinds that are carried out with arguments.
bool takes_transform(fb::Body kind) {
  return kind == fb::Body::ActionStep || kind == fb::Body::ReadStep || kind == fb::Body::RunStep || kind == fb::Body::ExecStep ||
         kind == fb::Body::WorkflowStep || kind == fb::Body::SignalStep;
}

// Kinds whose own effect on the store can be read from the log; a child unwinds by its own steps.
bool has_events(fb::Body kind) {
  return kind == fb::Body::ActionStep || kind == fb::Body::TransactionStep || kind == fb::Body::RunStep ||
         kind == fb::Body::WorkflowStep;
}

Status check_step(const PlannedStep& step) {
  const fb::StepT& declared = *step.declared;
  const std::string_view missing = missing_kind(declared.body);
  if (!missing.empty()) return unsupported(step.path, std::string(missing), "call a function of your program with `run` instead");
  if (!declared.transform.empty() && !takes_transform(declared.body.type)) {
    return unsupported(step.path, "transforms of what that kind of step is given", "call the function in a step of its own");
  }
  const bool undoes_itself = declared.undo != nullptr && declared.undo->kind == fb::UndoKind::Auto;
  if (undoes_itself && !has_events(declared.body.type)) {
    return unsupported(step.path, "undo = \"auto\" of a step without events of its own", "name what reverses it");
  }
  if (declared.undo != nullptr && declared.undo->body != nullptr && !is_simple(declared.undo->body->body)) {
    return unsupported(step.path, "an undo of that kind", "reverse it by an action, a function or a request");
  }
  for (const auto& clause : declared.compensate) {
    if (clause->body == nullptr || is_simple(clause->body->body)) continue;
    return unsupported(step.path, "a compensation of that kind", "clean up by an action, a function or a request");
  }
  return {};
}

// It fails or is undone as a whole.
Status check_transaction(const Plan& plan, const PlannedStep& transaction) {
  for (const StepIndex index : plan.blocks[transaction.blocks.at(0)].steps) {
    const PlannedStep& step = plan.steps[index];
    const fb::StepT& declared = *step.declared;
    const bool alone = declared.undo != nullptr || declared.retry != nullptr || !declared.compensate.empty() ||
                       !declared.guards.empty() || declared.timeout > 0 || declared.deadline > 0;
    if (!alone) continue;
    return unsupported(step.path, "attributes but args, where and after inside a transaction", "give them to the transaction");
  }
  return {};
}

// A named checkpoint moves once, when the run completes.
Status check_checkpoints(const Plan& plan) {
  bool known = false;
  for (const PlannedStep& step : plan.steps) {
    const fb::MapStepT* map = step.declared->body.AsMapStep();
    if (map == nullptr || map->checkpoint.empty()) continue;
    if (map->source != fb::MapSource::File) {
      return unsupported(step.path, "checkpoints of maps that are not over a file", "leave the checkpoint out");
    }
    if (step.block != 0) return unsupported(step.path, "checkpoints of maps inside other steps", "put the map beside them");
    if (known) return unsupported(step.path, "two checkpoints in one workflow", "make a workflow of its own of one of the maps");
    known = true;
  }
  return {};
}

Status check_abort(const Plan& plan, const PlannedStep& around) {
  const BlockIndex block = around.blocks.at(3);
  if (block == kNone || plan.blocks[block].steps.empty()) return {};
  const PlannedStep& step = plan.steps[plan.blocks[block].steps[0]];
  if (is_simple(step.declared->body)) return {};
  return unsupported(step.path, "an abort of that kind", "abort by an action, a function or a request");
}

}  // namespace

Status check_supported(const Plan& plan) {
  FORGE_TRY(check_checkpoints(plan));
  for (const PlannedStep& step : plan.steps) {
    FORGE_TRY(check_step(step));
    if (step.declared->body.type == fb::Body::TransactionStep) FORGE_TRY(check_transaction(plan, step));
    if (step.declared->body.type == fb::Body::AroundStep) FORGE_TRY(check_abort(plan, step));
  }
  return {};
}

}  // namespace forge::internal
