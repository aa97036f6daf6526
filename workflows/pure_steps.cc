#include "pure_steps.h"

#include <algorithm>

namespace forge::internal {
namespace {

bool is_pure_kind(const fb::BodyUnion& body) {
  switch (body.type) {
    case fb::Body::TemplateStep:
    case fb::Body::CollectStep:
    case fb::Body::SwitchStep:
    case fb::Body::FailStep:
    case fb::Body::RecurseStep:
    case fb::Body::GroupStep:
      return true;
    case fb::Body::MapStep:
      return body.AsMapStep()->source == fb::MapSource::Values && body.AsMapStep()->on_item_error == fb::ItemError::Fail;
    default:
      return false;
  }
}

bool is_pure_step(const fb::StepT& step) {
  const bool halts = std::any_of(step.guards.begin(), step.guards.end(),
                                 [](const auto& guard) { return guard->otherwise == fb::GuardOutcome::Halt; });
  return is_pure_kind(step.body) && !halts && step.async && step.concurrency_key == nullptr && step.undo == nullptr &&
         step.compensate.empty() && step.deadline == 0;
}

bool is_pure_block(const Plan& plan, BlockIndex block) {
  if (block == kNone) return true;
  const std::vector<StepIndex>& steps = plan.blocks[block].steps;
  return !steps.empty() && std::all_of(steps.begin(), steps.end(), [&](StepIndex index) {
    const PlannedStep& step = plan.steps[index];
    return is_pure_step(*step.declared) &&
           std::all_of(step.blocks.begin(), step.blocks.end(), [&](BlockIndex inner) { return is_pure_block(plan, inner); });
  });
}

// Whether an item of a map around the step may fail alone.
bool is_inside_lone_item(const Plan& plan, const PlannedStep& step) {
  for (StepIndex owner = plan.blocks[step.block].owner; owner != kNone; owner = plan.blocks[plan.steps[owner].block].owner) {
    const fb::MapStepT* map = plan.steps[owner].declared->body.AsMapStep();
    if (map != nullptr && map->on_item_error != fb::ItemError::Fail) return true;
  }
  return false;
}

constexpr std::size_t kFewSteps = 64;

}  // namespace

void mark_ends_at_once(Plan& plan) {
  const bool repeats = std::any_of(plan.steps.begin(), plan.steps.end(), [](const PlannedStep& step) {
    const fb::Body kind = step.declared->body.type;
    return kind == fb::Body::MapStep || kind == fb::Body::RecurseStep;
  });
  plan.ends_at_once = !repeats && !plan.blocks.empty() && plan.steps.size() <= kFewSteps && is_pure_block(plan, 0);
}

void mark_pure_maps(Plan& plan) {
  for (PlannedStep& step : plan.steps) {
    const fb::MapStepT* map = step.declared->body.AsMapStep();
    if (map == nullptr || map->source != fb::MapSource::File || step.blocks.empty()) continue;
    const bool alone = map->on_item_error != fb::ItemError::Fail || !is_inside_lone_item(plan, step);
    step.is_pure = alone && is_pure_block(plan, step.blocks[0]);
  }
}

}  // namespace forge::internal
