#pragma once

// Decides transactions one after another, on the database and what is in flight above it, and stages what they write into a group.
// Everything here happens under the writer's decide role: one thread at a time.

#include <rocksdb/write_batch.h>

#include <deque>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog.h"
#include "condition_check.h"
#include "database.h"
#include "forge/events/codec.h"
#include "forge/events/envelope.h"
#include "forge/events/id.h"
#include "forge/projections/state_projection.h"
#include "forge/projections/unique_changes.h"
#include "forge/store/handler.h"
#include "inline_folds.h"
#include "log_tree.h"
#include "overlay.h"
#include "prepared.h"
#include "reference_check.h"

namespace forge::internal {

// What one write batch will commit: whole transactions in seq order.
struct Group {
  explicit Group(std::uint64_t group_number) : number(group_number), batch(0, 0, 8, 0) {}

  std::uint64_t number;
  rocksdb::WriteBatch batch;
  std::size_t actions = 0;
  Seq last_seq = 0;  // 0: no events were accepted
  Time last_time;
  MerkleFrontier frontier;  // after the group

  bool has_events() const { return last_seq != 0; }
  bool is_empty() const { return batch.Count() == 0; }
};

class Decider {
 public:
  // Everything outlives the decider.
  Decider(const Database& database, const Catalog& catalog, Clock& clock, IdSource& ids, const Limits& limits,
          const ActionHandlers& handlers);
  ~Decider();

  // What is folded with each event. Before the first transaction.
  void fold_inline(InlineFolds* folds) { folds_ = folds; }
  // Starts after the last committed event; forgets everything in flight. Errors: kDataCorrupt, kIoError.
  Status restore(Seq head, Time last_time);

  // Accepts the transaction into `group`, or refuses it and leaves the group as it was. A dry run leaves it as it was, too.
  // Errors: as Store::transact.
  Result<TransactionReceipt> decide(PreparedTransaction& transaction, Group& group);
  // The group's rows are in the database now.
  void committed(std::uint64_t group);

  // No later transaction is recorded at or before `time`.
  void raise_floor(Time time);
  Time last_time() const { return last_time_; }
  Seq last_seq() const { return last_seq_; }
  MerkleFrontier frontier() const { return tree_.frontier(); }

 private:
  // A transaction with an idempotency key that the log cannot answer for yet.
  struct InFlight {
    TransactionReceipt receipt;
    InputDigest digest{};
    std::string actor;
  };
  // What one transaction needs while it is decided, and one record while an action is decided on it. Both keep their memory.
  struct Staging;
  struct Subject;
  class SoFar;

  void begin(Group& group);
  void roll_back(Group& group);
  void open(Staging& staging);
  Status follow(PreparedTransaction& transaction, Staging& staging);  // decider_follow.cc
  Status stage(PreparedTransaction& transaction, Staging& staging);
  Status check_size(const Staging& staging) const;
  Result<std::optional<TransactionReceipt>> replay(const PreparedTransaction& transaction);
  Status act(const PreparedAction& action, Staging& staging);
  Status load(const PreparedAction& action, Staging& staging, Subject& subject);
  Status check_existence(const PreparedAction& action, const Subject& subject) const;
  Status check_version(const PreparedAction& action, const Subject& subject) const;
  Status compute(const PreparedAction& action, Staging& staging, Subject& subject);
  Status apply_arguments(const PreparedAction& action, Subject& subject);
  Status assign(const PreparedAction& action, Staging& staging, Subject& subject);
  Status handle(const PreparedAction& action, Staging& staging, Subject& subject);
  Status complete(const PreparedAction& action, Staging& staging, Subject& subject);
  Status undo(const PreparedAction& action, Staging& staging, Subject& subject);  // decider_undo.cc
  Status check_undo_policies(const UndoPlan& plan, Staging& staging, const Subject& subject);
  Status check_record(const PreparedAction& action, Staging& staging, Subject& subject);
  Envelope envelope_of(const Staging& staging) const;
  Status append(const PreparedAction& action, Staging& staging, Subject& subject);
  Status write_event(const Envelope& envelope, Staging& staging);
  Status check_unique(Staging& staging);
  Status check_unique_value(Staging& staging, std::span<const UniqueChange> changes);
  Status check_references();
  Status add_tags(const Subject& subject, bool destroyed, Envelope& envelope);
  void stage_row(const RowChange& change, const Subject& subject, Staging& staging);
  void touch_unique(Staging& staging, const RowChange& change, std::string_view record_key, const Resource& resource);
  Status stage_empty(Staging& staging);
  void stage_idempotency(Staging& staging);
  void accept(Staging& staging);
  void put_rows(const PreparedTransaction& transaction, Group& group) const;
  Result<std::optional<std::string>> lookup(Table table, std::string_view key) const;
  void put(Staging& staging, Table table, std::string_view key, std::string_view value);

  const Database& database_;
  const Catalog& catalog_;
  Clock& clock_;
  IdSource& ids_;
  const Limits& limits_;
  const ActionHandlers& handlers_;
  Overlay overlay_;
  ReferenceCheck references_;
  ConditionCheck conditions_;
  LogTree tree_;
  InlineFolds* folds_ = nullptr;  // null: nothing
  StateProjection projection_;
  TableWriter changes_writer_, arguments_writer_;
  EnvelopeWriter envelope_writer_;
  std::unordered_map<std::string, InFlight> in_flight_;                // by idempotency key
  std::deque<std::pair<std::uint64_t, std::string>> in_flight_order_;  // (group, key)
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<Subject> subject_;
  std::vector<std::string> tags_;  // of the event at hand
  Seq last_seq_ = 0;
  Time last_time_;
};

}  // namespace forge::internal
