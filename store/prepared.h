#pragma once

// A transaction made ready in the caller's thread: names resolved, arguments typed, keys encoded, the input's digest taken. What
// remains for the writer is to decide.

#include <array>
#include <chrono>
#include <deque>
#include <iterator>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/status.h"
#include "forge/projections/table_keys.h"
#include "forge/store/options.h"
#include "forge/store/transaction.h"
#include "log_condition.h"

namespace forge::internal {

struct UndoPlan;

struct PreparedAction {
  const Action* action = nullptr;  // null: an undo that is refused
  Row arguments;                   // by argument, as given: kAbsent where not given
  std::string key;                 // encoded; empty: to be made
  std::optional<Version> if_version;
  std::shared_ptr<const UndoPlan> undo;  // null: an action as it was asked for
};

// A row of another table than the decider's own: a cursor, or what follows the log. It is written as it is given; of two writes to
// one key the later transaction's stands.
struct RowWrite {
  Table table = Table::kCursors;
  std::string key;
  std::optional<std::string> value;  // nothing: the row goes
};

class PreparedTransaction {
 public:
  // Errors: kUnknownAction, kActionReads, kUnknownField, kArgumentType, kArgumentRange, kArgumentMissing, kArgumentDeprecated,
  // kPatternMismatch, kKeyInvalid, kTextInvalid, kTransactionTooLarge, kNoSchema; kRuleViolated where an action lacks a partner
  // that no follow-up may add. `undos`: beside each request that takes an event back, what that comes to under `domain`, or null
  // where the transaction will be refused; may be empty where there is none.
  static Result<std::unique_ptr<PreparedTransaction>> make(std::vector<ActionRequest> requests, ActOptions options,
                                                           std::shared_ptr<const Domain> domain, const Limits& limits,
                                                           std::vector<std::shared_ptr<const UndoPlan>> undos = {});

  // Rows alone: no event, no seq, no receipt, but durable and ordered as any transaction.
  static std::unique_ptr<PreparedTransaction> of_rows(std::vector<RowWrite> rows);
  void add_condition(PreparedCondition condition) { conditions_.push_back(std::move(condition)); }
  // What was asked holds generic actions, which are not to be decided. Then either `plan` or `refuse` follows.
  bool is_generic() const { return !generic_.empty(); }
  // These requests take the place of those asked for, of which the digest stays. Errors: as make.
  Status plan(std::vector<ActionRequest> requests, const Limits& limits);
  // The answer, but where the idempotency key has one.
  void refuse(Status refusal) { refusal_ = std::move(refusal); }
  // One more action, which a follow-up made. Errors: as make, kUndoRefused, and kUnknownAction where it is generic.
  Status add(ActionRequest request, const Limits& limits);
  // The key that was made for an action without one.
  void set_key(std::size_t action, const std::string& key) { actions_[action].key = key; }
  // That each action has its partners, once no more are added. Errors: kRuleViolated.
  Status check_complete() const;
  // These rows are in the same batch as the transaction's events, or none of both.
  void carry(std::vector<RowWrite> rows) { std::move(rows.begin(), rows.end(), std::back_inserter(rows_)); }

  // The same requests under another version of the domain. Errors: as make, kSchemaDiffers where one has become generic,
  // kUndoConflict where one undoes an event, which was planned under the version before.
  Status prepare_again(std::shared_ptr<const Domain> domain);

  bool is_rows_alone() const { return domain_ == nullptr; }
  const Domain& domain() const { return *domain_; }  // not of rows alone
  const std::vector<ActionRequest>& requests() const { return requests_; }
  const std::vector<PreparedAction>& actions() const { return actions_; }  // of the requests, in order, then those added
  const ActOptions& options() const { return options_; }
  // Taken only where there is an idempotency key.
  const InputDigest& digest() const { return digest_; }
  const std::vector<RowWrite>& rows() const { return rows_; }
  const std::vector<PreparedCondition>& conditions() const { return conditions_; }
  const Status& refusal() const { return refusal_; }
  // The generic actions that were asked for, "Ledger.close", and a JSON list of their arguments; empty: none.
  const std::string& generic() const { return generic_; }
  const std::string& generic_arguments() const { return generic_arguments_; }
  // What it holds in memory, about: its texts and values.
  std::size_t bytes() const;
  // How long it may wait to be decided: the shortest time that the caller or an action allows. 0: no limit.
  std::chrono::microseconds timeout() const { return timeout_; }

 private:
  PreparedTransaction() = default;
  Result<PreparedAction> prepare(const ActionRequest& request);
  Result<PreparedAction> prepare_undo(const std::shared_ptr<const UndoPlan>& plan) const;
  Status read_key(const ActionRequest& request, PreparedAction& out);
  void take_digest();
  void note_generic();

  std::vector<ActionRequest> requests_;                 // own what the rows borrow
  std::deque<ActionRequest> added_;                     // the same
  std::vector<std::shared_ptr<const UndoPlan>> undos_;  // beside them; or none
  ActOptions options_;
  std::shared_ptr<const Domain> domain_;
  std::vector<PreparedAction> actions_;
  std::vector<RowWrite> rows_;
  std::vector<PreparedCondition> conditions_;
  Status refusal_;
  std::string generic_, generic_arguments_;
  bool is_made_ = false;
  InputDigest digest_{};
  std::chrono::microseconds timeout_{0};
  std::array<std::byte, 512> first_memory_;
  std::pmr::monotonic_buffer_resource memory_{first_memory_.data(), first_memory_.size()};
};

}  // namespace forge::internal
