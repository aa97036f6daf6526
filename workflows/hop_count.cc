// A step costs one hop and what is inside it: the steps of a map's block once, since items go beside each other; a switch's branch;
// the blocks of a group and an around one after another; a recurse's block for each iteration. A transaction is one commit and so
// one hop, whatever is inside; a debug step is none. The least counts a skipped step as nothing, a map over nothing as the map
// alone.

#include "hop_count.h"

#include <algorithm>

#include "body_parts.h"

namespace forge::internal {
namespace {

struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

class HopCounter {
 public:
  explicit HopCounter(const Plan& plan) : plan_(plan), through_(plan.steps.size()) {}

  // Steps in a step come behind it in the plan, blocks in it too, so that counting from the last block on finds all inner ones
  // done.
  Range count() {
    std::vector<Range> blocks(plan_.blocks.size());
    for (std::size_t i = plan_.blocks.size(); i-- > 0;) blocks[i] = block(plan_.blocks[i], blocks);
    return blocks.empty() ? Range() : blocks[0];
  }

 private:
  Range block(const PlannedBlock& block, const std::vector<Range>& blocks) {
    std::vector<std::size_t> open;
    std::vector<StepIndex> order;
    for (const StepIndex step : block.steps) {
      open.push_back(plan_.steps[step].needs.size());
      if (open.back() == 0) order.push_back(step);
    }
    Range whole;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const PlannedStep& step = plan_.steps[order[i]];
      Range& through = through_[order[i]];  // what it waited for, so far
      const Range own = cost(step, blocks);
      through.least += own.least;
      through.most += own.most;
      whole = longer(whole, through);
      for (const StepIndex successor : step.successors) {
        through_[successor] = longer(through_[successor], through);
        if (--open[plan_.steps[successor].place] == 0) order.push_back(successor);
      }
    }
    return whole;
  }

  static Range longer(const Range& a, const Range& b) { return {std::max(a.least, b.least), std::max(a.most, b.most)}; }

  Range cost(const PlannedStep& step, const std::vector<Range>& blocks) const {
    Range own = inside(step, blocks);
    if (step.declared->body.type != fb::Body::DebugStep) ++own.least, ++own.most;
    if (step.can_skip) own.least = 0;
    return own;
  }

  Range inside(const PlannedStep& step, const std::vector<Range>& blocks) const {
    const auto of = [&](std::size_t i) { return step.blocks[i] == kNone ? Range() : blocks[step.blocks[i]]; };
    switch (step.declared->body.type) {
      case fb::Body::MapStep:
        return {0, of(0).most};
      case fb::Body::RecurseStep:
        return {of(0).least, of(0).most * step.declared->body.AsRecurseStep()->at_most};
      case fb::Body::GroupStep:
      case fb::Body::AroundStep:
        return {of(0).least + of(1).least + of(2).least, of(0).most + of(1).most + of(2).most};
      case fb::Body::SwitchStep:
        return branches(step, blocks);
      default:
        return {};
    }
  }

  static Range branches(const PlannedStep& step, const std::vector<Range>& blocks) {
    Range chosen{UINT64_MAX, 0};
    bool always = false;
    const auto& declared = step.declared->body.AsSwitchStep()->branches;
    for (std::size_t i = 0; i < declared.size(); ++i) {
      const Range branch = step.blocks[i] == kNone ? Range() : blocks[step.blocks[i]];
      chosen = {std::min(chosen.least, branch.least), std::max(chosen.most, branch.most)};
      always = always || declared[i]->when.empty();
    }
    if (!always) chosen.least = 0;
    return chosen;
  }

  const Plan& plan_;
  std::vector<Range> through_;  // from the beginning of its block to the end of each step
};

std::uint32_t clamped(std::uint64_t hops) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(hops, UINT32_MAX));
}

}  // namespace

HopCount count_hops(const Plan& plan, std::uint32_t ttl_hops) {
  const Range range = HopCounter(plan).count();
  return {clamped(range.least), clamped(range.most), ttl_hops};
}

}  // namespace forge::internal
