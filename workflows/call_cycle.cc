#include "call_cycle.h"

#include <algorithm>
#include <set>

#include "body_parts.h"
#include "plan.h"

namespace forge::internal {
namespace {

struct SureCall {
  std::string workflow;
  std::string place;
  std::string step;
};

bool may_end_run(const fb::StepT& step) {
  const fb::Body kind = step.body.type;
  const fb::ReadStepT* read = step.body.AsReadStep();
  if (kind == fb::Body::FailStep || kind == fb::Body::HaltStep) return true;
  if ((read != nullptr && read->not_found == fb::NotFound::Halt) || !step.guards.empty()) return true;
  const auto inside = inner_blocks(step.body);
  return std::any_of(inside.begin(), inside.end(), [](const auto& inner) {
    const fb::BlockT* block = inner.part;
    return block != nullptr &&
           std::any_of(block->steps.begin(), block->steps.end(), [](const auto& one) { return may_end_run(*one); });
  });
}

// Of a call that fails, since the runs below it have no hops left, the step may go on all the same.
bool may_go_on(const fb::StepT& step) {
  return std::any_of(step.compensate.begin(), step.compensate.end(),
                     [](const auto& clause) { return clause->outcome == fb::ClauseOutcome::Continue; });
}

bool has_condition(const fb::StepT& step) {
  const fb::Body kind = step.body.type;
  return !step.where.empty() || !step.guards.empty() || may_go_on(step) || kind == fb::Body::SwitchStep ||
         kind == fb::Body::MapStep;
}

// The calls that every run of the block makes which does not fail.
void gather_sure_calls(const fb::BlockT& block, const std::string& place, std::vector<SureCall>& calls) {
  if (std::any_of(block.steps.begin(), block.steps.end(), [](const auto& step) { return may_end_run(*step); })) return;
  for (const auto& step : block.steps) {
    if (has_condition(*step)) continue;
    const std::string at = place + "." + step->name;
    if (const auto* child = step->body.AsWorkflowStep()) calls.push_back({child->workflow, at + ".workflow", step->name});
    const fb::AroundStepT* around = step->body.AsAroundStep();
    for (const auto& [inner, below, is_url] : inner_blocks(step->body)) {
      const bool is_abort = around != nullptr && inner == around->abort.get();
      if (inner != nullptr && !is_abort) gather_sure_calls(*inner, at + below, calls);
    }
  }
}

std::vector<SureCall> sure_calls(const fb::WorkflowDefinitionT& definition) {
  std::vector<SureCall> calls;
  if (definition.body != nullptr) gather_sure_calls(*definition.body, "step", calls);
  return calls;
}

class CallSearch {
 public:
  CallSearch(const std::string& wanted, const WorkflowSurroundings& around) : wanted_(wanted), around_(around) {}

  // Whether every run of `name` comes to a run of the wanted one; `through` then has those on the way.
  bool leads_back(const std::string& name, std::vector<std::string>& through) {
    if (name == wanted_) return true;
    if (!around_.workflow || !seen_.insert(name).second) return false;
    const auto definition = around_.workflow(name);
    if (definition == nullptr) return false;
    through.push_back(name);
    for (const SureCall& call : sure_calls(*definition->plan().declared)) {
      if (leads_back(call.workflow, through)) return true;
    }
    through.pop_back();
    return false;
  }

 private:
  const std::string& wanted_;
  const WorkflowSurroundings& around_;
  std::set<std::string> seen_;  // that do not lead there, or are on the way
};

}  // namespace

std::vector<EndlessCall> endless_calls(const fb::WorkflowDefinitionT& definition, const WorkflowSurroundings& around) {
  std::vector<EndlessCall> found;
  for (const SureCall& call : sure_calls(definition)) {
    std::vector<std::string> through;
    if (CallSearch(definition.name, around).leads_back(call.workflow, through)) found.push_back({call.place, call.step, through});
  }
  return found;
}

}  // namespace forge::internal
