#pragma once

// What a Store consists of. Closing takes down what needs the directory: the database, the lock and every thread. The other parts
// stay, stopped, until the object goes, so that what they last knew can still be asked; they go in reverse order.

#include <rocksdb/env.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attachment.h"
#include "catalog.h"
#include "database.h"
#include "decider.h"
#include "directory_lock.h"
#include "dry_run.h"
#include "forge/store/projection.h"
#include "forge/store/store.h"
#include "gate.h"
#include "held_snapshots.h"
#include "server_slot.h"
#include "store_files.h"
#include "subscriptions.h"
#include "transaction_trace.h"
#include "tuning.h"
#include "watermark_keeper.h"
#include "writer.h"

namespace forge {

struct Store::State {
  // Public calls pass it; so do those of views and streams, which share it.
  const std::shared_ptr<internal::Gate> gate = std::make_shared<internal::Gate>();
  OpenOptions options;
  internal::Tuning tuning;
  std::string path;
  std::shared_ptr<rocksdb::Env> env;  // of a store in memory or under test; null: the system's
  std::unique_ptr<internal::StoreFiles> files;
  std::unique_ptr<internal::DirectoryLock> lock;
  internal::Identity identity;
  std::vector<std::string> notices;
  std::unique_ptr<internal::Database> database;  // null once closed: touched by those inside the gate only
  std::shared_ptr<internal::HeldSnapshots> snapshots;
  internal::Catalog catalog;
  Seq read_head = 0;  // of a read-only store
  Time read_head_time;
  std::optional<internal::Watermark> read_watermark;  // of a read-only store, as it was when that was opened
  std::unique_ptr<internal::DryRun> dry_run;          // of a read-only store
  bool is_read_only = false;                          // as the program asked for; an attached store is read like one
  std::unique_ptr<internal::Attachment> attachment;   // stays, stopped, once closed
  const std::shared_ptr<internal::ServerSlot> server = std::make_shared<internal::ServerSlot>();
  std::unique_ptr<internal::WatermarkKeeper> watermark;
  std::unique_ptr<internal::InlineFolds> inline_folds;
  std::unique_ptr<internal::Decider> decider;
  std::unique_ptr<internal::Writer> writer;
  std::unique_ptr<internal::Subscriptions> subscriptions;
  std::unique_ptr<Projections::State> projections_state;
  std::unique_ptr<Projections> projections;

  State();
  ~State();

  // What writes goes through another process.
  bool writes_elsewhere() const { return attachment != nullptr && !is_read_only; }
  // Such a transaction, or such a dry run of a store for reading, is decided by the process that holds the store.
  bool is_for_holder(const std::vector<ActionRequest>& actions) const;
  Clock& clock() const { return *options.clock; }
  Seq head() const { return writer != nullptr ? writer->head() : read_head; }
  Time head_time() const { return writer != nullptr ? writer->last_time() : read_head_time; }
  // The highest seq that survives a power cut.
  Seq durable_seq() const;
  // Once the parts before are there; starts no thread.
  void start_subscriptions();
  // After them, with what the program gave and what the store has. Errors: as Projections::add.
  Status start_projections();
  // Lets those inside the gate finish, then closes; ok where it is closed already. Errors: as Store::close.
  Status close() FORGE_EXCLUDES(closing);
  // Nothing where nobody listens.
  std::optional<internal::TransactionTrace> begin_trace(const std::vector<ActionRequest>& actions,
                                                        const ActOptions& of_transaction) const;
  // Ready to be decided, with what the log up to the head says of its condition. Errors: as PreparedTransaction::make,
  // kConditionInvalid, kDataCorrupt, kIoError.
  Result<std::unique_ptr<internal::PreparedTransaction>> prepare(std::vector<ActionRequest> actions,
                                                                 ActOptions of_transaction) const;
  Result<TransactionReceipt> transact(std::vector<ActionRequest> actions, const ActOptions& of_transaction);
  // The same where some take events back: planned anew where a record was changed between planning and deciding.
  Result<TransactionReceipt> transact_undoing(const std::vector<ActionRequest>& actions, const ActOptions& of_transaction);
  // Of a store that is open for writing. Errors: as Store::transact.
  Status act_with(ActionRequest request, const ActOptions& act_options, std::vector<internal::RowWrite> rows);
  // Prepares in this thread and queues. A transaction that cannot even be prepared takes its place in the stream's order, too.
  void submit(std::vector<ActionRequest> actions, ActOptions of_transaction, std::shared_ptr<internal::StreamGate> stream,
              std::function<void(Result<TransactionReceipt>)> done);
  // What a view as of `seq` looks at; null stands for a database that is closed.
  View::State look(const internal::Database* in, Seq seq) const;

 private:
  Status stop_writing();
  Result<internal::PreparedCondition> prepare_condition(const AppendCondition& asked, const std::string& idempotency_key) const;
  Status plan(internal::PreparedTransaction& prepared) const;
  Result<std::unique_ptr<internal::PreparedTransaction>> prepare_undoing(std::vector<ActionRequest> actions,
                                                                         ActOptions of_transaction) const;
  Result<TransactionReceipt> decide(Result<std::unique_ptr<internal::PreparedTransaction>> prepared);

  Mutex closing;  // held while it closes: who comes second waits
};

// How tests and tools reach behind the public face.
class StoreAccess {
 public:
  // As Store::open, over an environment of the caller's choice. No kernel lock is taken then.
  static Result<Store> open(const std::string& path, OpenOptions options, std::shared_ptr<rocksdb::Env> env,
                            const internal::Tuning& tuning = {});
  static const Store::State& state(const Store& store) { return *store.state_; }
  static Store::State& state(Store& store) { return *store.state_; }
};

}  // namespace forge
