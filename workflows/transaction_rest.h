#pragma once

// What is left of a transaction step where it depends on what the step's own actions come to: its reads and actions are then made
// while the transaction is decided, each on those before it, and with the fact that the step is done (forge/store/follow_up.h).

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "forge/store/follow_up.h"
#include "run_scope.h"
#include "step_work.h"

namespace forge::internal {

// What references lead to inside the block: its own steps' results, else what the transaction itself sees. That is looked up in
// the run until it is frozen, and then needs nothing of it any more.
class BlockScope final : public Scope {
 public:
  // `around` is borrowed until freeze().
  explicit BlockScope(const Scope& around) : around_(&around), now_(around.now()) {}

  const Value* root(const Reference& reference) const override;
  Time now() const override { return now_; }
  // Keeps what steps of the block may still refer to: inputs and the like, and the results of `steps`.
  void freeze(const std::vector<StepIndex>& steps);

  std::map<StepIndex, Value> results;  // of the block's own steps

 private:
  const Scope* around_;  // null once frozen
  Time now_;
  std::map<std::pair<Root, StepIndex>, Value> frozen_;
};

// What one step of a transaction comes to. With neither, its result is in the scope.
struct BlockStep {
  std::optional<ActionRequest> action = {};  // to be issued
  std::optional<WorkOutcome> ended = {};     // the transaction ends so: a read failed, or halts
};
Result<BlockStep> take_block_step(const Plan& plan, StepIndex step, const RecordSource& source, const Actor& actor,
                                  BlockScope& scope);
// Takes the first of the steps whose results are all there out of `left`, which planning has made sure there is.
StepIndex take_ready(const Plan& plan, const BlockScope& scope, std::vector<StepIndex>& left);

// For one thread at a time: the runner's until it is handed to the store with the transaction, and again once that has answered.
class TransactionRest {
 public:
  // Of a transaction of which `scope` has the results so far; frozen. The definition of `work` outlives this.
  struct Planned {
    BlockScope scope;
    std::vector<StepIndex> left;               // in declared order
    std::map<StepIndex, std::size_t> actions;  // of the block: where among the step's
  };
  TransactionRest(std::shared_ptr<const WorkflowDefinition> definition, Work work, Actor actor, Planned planned);

  // Before the transaction is asked for, also where it is asked for again. `request` records `fact`, and is issued last; `before`
  // actions stand before those of the step.
  void begin(std::size_t before, Fact fact, ActionRequest request);
  // As a FollowUp. A step that cannot be made refuses the transaction.
  Result<std::optional<ActionRequest>> next(const TransactionSoFar& so_far);

  // Once the transaction is decided: its fact, and which of the step's actions is the fact's value.
  const Fact& fact() const { return fact_; }
  std::optional<std::size_t> result() const;
  // Of one that was refused: how the step ended by itself, by a read that failed or halts; nothing where it did not.
  const std::optional<Fact>& ended() const { return ended_; }

 private:
  void take_results(const TransactionSoFar& so_far);
  ActionRequest record();

  const std::shared_ptr<const WorkflowDefinition> definition_;
  const Work work_;
  const Actor actor_;
  const Planned planned_;
  Planned now_;
  std::size_t before_ = 0;
  Fact fact_;
  ActionRequest request_;
  StepIndex open_ = kNone;  // whose action was issued last
  bool is_begun_ = false;
  bool is_recorded_ = false;
  std::optional<Fact> ended_;
};

}  // namespace forge::internal
