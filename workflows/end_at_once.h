#pragma once

// A run that is over with a fact is recorded to be so in the transaction of that fact (forge/store/follow_up.h), which saves a
// commit.

#include <cstddef>
#include <memory>
#include <optional>

#include "forge/store/follow_up.h"
#include "run_fold.h"

namespace forge::internal {

// Whether the run may be over with that fact about a hop, as it stands. Whether it is depends on what the fact says.
bool may_end_with(const RunFold& fold, const Fact& fact);

// A FollowUp; copies are of the same transaction. A run that is not over after all is left as it is.
class EndAtOnce {
 public:
  // A run of that definition, which the transaction's one action starts.
  explicit EndAtOnce(std::shared_ptr<const WorkflowDefinition> definition);
  // `fold` is the run before the fact. The first `recorded` of the `asked` actions are what was still to be recorded of it, the
  // last one has the fact, and that of the index `result` the fact's value, where it names one. Copies the run.
  EndAtOnce(const RunFold& fold, std::size_t recorded, std::size_t asked, std::optional<std::size_t> result);

  Result<std::optional<ActionRequest>> operator()(const TransactionSoFar& so_far) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace forge::internal
