// Events taken back, as the store's callers see it.

#include "forge/events/event.h"
#include "forge/store/store.h"
#include "store_state.h"
#include "undo_plan.h"
#include "view_state.h"
#include "write_errors.h"

namespace forge {

using internal::nothing_written;
using internal::PreparedTransaction;

namespace {

// How often an undo is planned beside the writer, who may change the record each time before it is decided.
constexpr int kTriesBeside = 4;

}  // namespace

// A refusal waits until the transaction is decided, since its idempotency key may have an answer already.
Result<std::unique_ptr<PreparedTransaction>> Store::State::prepare_undoing(std::vector<ActionRequest> actions,
                                                                           ActOptions of_transaction) const {
  const Seq known = head();
  FORGE_ASSIGN(actions, internal::with_whole_transactions(std::move(actions), *database, known));
  const std::shared_ptr<const Domain> domain = catalog.current();
  internal::UndoPlanner planner(*database, catalog, domain, known);
  std::vector<std::shared_ptr<const internal::UndoPlan>> undos(actions.size());
  Status refusal;
  for (std::size_t i = 0; i < actions.size() && refusal.ok(); ++i) {
    if (!actions[i].undoes) continue;
    Result<std::shared_ptr<const internal::UndoPlan>> plan = planner.plan(*actions[i].undoes, actions[i].if_version);
    if (plan.ok()) {
      undos[i] = *std::move(plan);
    } else {
      refusal = plan.status();
    }
  }
  FORGE_ASSIGN(std::unique_ptr<PreparedTransaction> prepared,
               PreparedTransaction::make(std::move(actions), std::move(of_transaction), domain, options.limits, std::move(undos)));
  if (!refusal.ok()) prepared->refuse(std::move(refusal));
  return prepared;
}

// A record that somebody changes all the time would let no undo through, so the last plan is made while nothing else is decided.
Result<TransactionReceipt> Store::State::transact_undoing(const std::vector<ActionRequest>& actions,
                                                          const ActOptions& of_transaction) {
  for (int tries = 1; tries <= kTriesBeside; ++tries) {
    Result<std::unique_ptr<PreparedTransaction>> prepared = prepare(actions, of_transaction);
    const bool may_be_outdated = writer != nullptr && prepared.ok() && (*prepared)->refusal().ok();
    Result<TransactionReceipt> result = decide(std::move(prepared));
    if (!may_be_outdated || result.status().id() != ErrorId::kUndoConflict) return result;
  }
  const auto make = [&](rocksdb::WriteBatch&) { return prepare(actions, of_transaction); };
  Result<TransactionReceipt> result = writer->transact_alone(make, [](Seq) {});
  return result.ok() ? std::move(result) : Result<TransactionReceipt>(nothing_written(result.status()));
}

Result<Receipt> Store::undo(Seq seq, const ActOptions& options) {
  std::vector<ActionRequest> requests;
  requests.push_back({.if_version = options.if_version, .undoes = seq});
  FORGE_ASSIGN(TransactionReceipt done, transact(std::move(requests), options));
  Receipt receipt;
  static_cast<ActionReceipt&>(receipt) = std::move(done.actions.at(0));
  receipt.transaction = done.transaction;
  receipt.recorded_at = done.recorded_at;
  receipt.replayed = done.replayed;
  return receipt;
}

Result<TransactionReceipt> Store::undo_transaction(Seq seq, const ActOptions& options) {
  std::vector<ActionRequest> requests;
  requests.push_back({.undoes = seq, .undoes_transaction = true});
  return transact(std::move(requests), options);
}

Result<std::optional<Seq>> View::undone_by(Seq seq) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  return internal::UndoPlanner(*state_->database, *state_->catalog, state_->domain, state_->seq).undone_by(seq);
}

}  // namespace forge
