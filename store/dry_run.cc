#include "dry_run.h"

namespace forge::internal {

DryRun::DryRun(const Database& database, const Catalog& catalog, Clock& clock, IdSource& ids, const Limits& limits,
               const ActionHandlers& handlers, Seq head, Time head_time)
    : head_(head), head_time_(head_time), decider_(database, catalog, clock, ids, limits, handlers) {}

TransactionResult DryRun::decide(const Prepared& prepared, StreamGate* gate) {
  const MutexLock lock(mutex_);
  if (gate != nullptr && gate->refusal) return *gate->refusal;
  TransactionResult result = prepared.ok() ? decide_alone(**prepared) : prepared.status();
  if (!result.ok() && gate != nullptr && gate->stop_on_refusal) gate->refusal = result.status();
  return result;
}

// Most who read decide nothing: the decider reads its part of the tree when it is first asked.
TransactionResult DryRun::decide_alone(PreparedTransaction& transaction) {
  FORGE_ASSERT(transaction.options().dry_run);
  if (!is_restored_) FORGE_TRY(decider_.restore(head_, head_time_));
  is_restored_ = true;
  Group group(1);
  return decider_.decide(transaction, group);
}

}  // namespace forge::internal
