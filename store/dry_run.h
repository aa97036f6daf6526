#pragma once

// Deciding without a writer: what a transaction would do to a store that is open for reading. The head of such a store does not
// move, so one decider serves it for good.

#include <memory>

#include "decider.h"
#include "forge/events/thread_annotations.h"
#include "writer.h"

namespace forge::internal {

// Safe from any thread. What it is made over must outlive it.
class DryRun {
 public:
  DryRun(const Database& database, const Catalog& catalog, Clock& clock, IdSource& ids, const Limits& limits,
         const ActionHandlers& handlers, Seq head, Time head_time);

  using Prepared = Result<std::unique_ptr<PreparedTransaction>>;

  // The answer that the transaction, which must be a dry run, would get; its own error where it could not be prepared. With `gate`
  // in the order of its stream: after a refusal that stops the stream, that refusal. Errors: as Store::transact, and kDataCorrupt,
  // kIoError.
  TransactionResult decide(const Prepared& prepared, StreamGate* gate = nullptr);

 private:
  TransactionResult decide_alone(PreparedTransaction& transaction) FORGE_REQUIRES(mutex_);

  const Seq head_;
  const Time head_time_;
  Mutex mutex_;
  Decider decider_ FORGE_GUARDED_BY(mutex_);
  bool is_restored_ FORGE_GUARDED_BY(mutex_) = false;
};

}  // namespace forge::internal
