#include "step_order.h"

#include <algorithm>

namespace forge::internal {
namespace {

class BlockOrder {
 public:
  BlockOrder(const Plan& plan, const PlannedBlock& block) : plan_(plan), block_(block) {}

  // Whether every step can start once others have ended.
  bool is_possible() {
    std::vector<StepIndex> order;
    for (const StepIndex step : block_.steps) {
      waits_.push_back(plan_.steps[step].needs.size());
      if (waits_.back() == 0) order.push_back(step);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (const StepIndex successor : plan_.steps[order[i]].successors) {
        if (--waits_[plan_.steps[successor].place] == 0) order.push_back(successor);
      }
    }
    return order.size() == block_.steps.size();
  }

  // Steps that wait each for the next one, and the last for the first, which is declared before the others. Going from any step
  // that is left to one that it needs and that is left, too, comes to a step seen before.
  std::vector<StepIndex> cycle() const {
    const auto is_left = [this](StepIndex step) { return waits_[plan_.steps[step].place] > 0; };
    StepIndex at = *std::find_if(block_.steps.begin(), block_.steps.end(), is_left);
    std::vector<StepIndex> walk;
    std::vector<bool> seen(block_.steps.size(), false);
    while (!seen[plan_.steps[at].place]) {
      seen[plan_.steps[at].place] = true;
      walk.push_back(at);
      const std::vector<StepIndex>& needs = plan_.steps[at].needs;
      at = *std::find_if(needs.begin(), needs.end(), is_left);
    }
    walk.erase(walk.begin(), std::find(walk.begin(), walk.end(), at));
    std::rotate(walk.begin(), std::min_element(walk.begin(), walk.end()), walk.end());
    return walk;
  }

 private:
  const Plan& plan_;
  const PlannedBlock& block_;
  std::vector<std::size_t> waits_;  // for so many steps, by place
};

}  // namespace

void connect(Plan& plan) {
  std::vector<StepIndex> seen_by(plan.steps.size(), kNone);
  for (StepIndex at = 0; at < plan.steps.size(); ++at) {
    for (const StepIndex needed : plan.steps[at].needs) {
      if (seen_by[needed] == at) continue;
      seen_by[needed] = at;
      plan.steps[needed].successors.push_back(at);
    }
    plan.steps[at].needs.clear();
  }
  for (StepIndex at = 0; at < plan.steps.size(); ++at) {
    for (const StepIndex successor : plan.steps[at].successors) plan.steps[successor].needs.push_back(at);
  }
}

void check_order(const Plan& plan, const std::vector<std::string>& places, const Findings& findings) {
  for (const PlannedBlock& block : plan.blocks) {
    BlockOrder order(plan, block);
    if (order.is_possible()) continue;
    const std::vector<StepIndex> cycle = order.cycle();
    std::string why;
    for (const StepIndex step : cycle) why += plan.steps[step].declared->name + " waits for ";
    findings.add(ErrorId::kWorkflowCycle, places[cycle[0]] + "!", "steps wait for each other",
                 why + plan.steps[cycle[0]].declared->name);
  }
}

}  // namespace forge::internal
