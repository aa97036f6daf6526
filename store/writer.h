#pragma once

// The one logical writer, in three stages that overlap. Transactions are decided one after another onto an open group, on top of
// what is in flight. A group is appended to the database: its rows are in the log file and the tables, but nobody sees them yet. A
// sync of the log then covers every group that was appended before it began; they become visible together.
//
// A caller that waits decides in its own thread; the first of a group appends it and syncs. What is asked for without waiting
// queues: a thread for each stage goes through it, and one more answers, in order. A refusal is answered with its group, because it
// may rest on decisions that are not yet on disk.
//
// Locks are taken in the order append, sync, decide, then one of the others. Safe from any thread.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "database.h"
#include "decider.h"
#include "forge/events/thread_annotations.h"
#include "gate.h"
#include "open_group.h"
#include "request_queue.h"
#include "tuning.h"
#include "watermark_keeper.h"
#include "write_errors.h"

namespace forge::internal {

// A total that one thread at a time adds to, under a lock of its own, and any thread reads.
class Total {
 public:
  void add(std::uint64_t count) { value_.store(value() + count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What a writer has done so far.
struct WriterTotals {
  Total accepted, refused, replayed;  // transactions; a replayed one counts as accepted, too
  Total groups, syncs, sync_nanos;
};

class Writer {
 public:
  Writer(Database& database, Decider& decider, WatermarkKeeper& watermark, Durability durability, const Limits& limits,
         const Tuning& tuning, const Gate& gate, Clock& clock);
  ~Writer();

  // `on_commit` is called after each commit of events, under the sync role: it must not block. Set before the first one.
  void on_commit(std::function<void()> call) { on_commit_ = std::move(call); }
  // Starts after `head`. Errors: kDataCorrupt, kIoError.
  Status start(Seq head, Time last_time);
  // Finishes what is queued, then refuses everything with kClosed.
  void stop();

  TransactionResult transact(std::unique_ptr<PreparedTransaction> transaction);
  void transact_async(std::unique_ptr<PreparedTransaction> transaction, std::shared_ptr<StreamGate> gate,
                      std::function<void(TransactionResult)> done);
  // A refusal found before deciding, answered in the stream's order.
  void refuse_async(Status refusal, std::shared_ptr<StreamGate> gate, std::function<void(TransactionResult)> done);
  // Runs alone, with everything before it on disk: `make` makes one transaction and may add rows to the batch that will hold it,
  // `then` follows once it is on disk, given its last seq, before anybody sees it or anything else is decided.
  using MakeTransaction = std::function<Result<std::unique_ptr<PreparedTransaction>>(rocksdb::WriteBatch& batch)>;
  TransactionResult transact_alone(const MakeTransaction& make, const std::function<void(Seq)>& then);

  // Rows that need not be on disk when this returns; they will be before anything that is written later. Errors: as a
  // transaction's.
  Status write_rows(rocksdb::WriteBatch& rows);
  // Runs alone, with everything before it on disk and nothing in flight: `make` fills the batch, `then` follows once it is written,
  // before anything else is decided. Errors: those of `make`, and then nothing is written; as write_rows.
  Status write_rows_alone(const std::function<Status(rocksdb::WriteBatch&)>& make, const std::function<void()>& then);
  // Everything that was written when this is called is on disk and shown by head() when it returns. Errors: those of the sync.
  Status sync_written();

  Seq head() const { return head_.load(std::memory_order_acquire); }
  Time last_time() const { return Time{last_time_.load(std::memory_order_acquire)}; }
  // No later transaction is recorded at or before `time`.
  void raise_floor(Time time);
  // The same, and head() shows everything that is recorded at or before it: a read at `time` has its final answer, also when the
  // store is opened again. Errors: kIoError where that could not be noted; it holds until then.
  Status settle(Time time);
  Time floor() const { return Time{floor_.load(std::memory_order_acquire)}; }
  Status failure() const;
  const WriterTotals& totals() const { return totals_; }
  // Of those that nobody waits for, what is not answered yet.
  RequestWeight waiting() const { return queue_.waiting(); }

 private:
  using Groups = std::vector<std::shared_ptr<OpenGroup>>;

  // Where a caller's transaction went.
  struct Decided {
    TransactionResult result;
    std::shared_ptr<OpenGroup> group;  // null: the result rests on nothing in flight
    bool leads = false;
  };

  // Deciding.
  Decided decide_in_group(PreparedTransaction& transaction) FORGE_EXCLUDES(decide_mutex_);
  TransactionResult decide(Request& request, Group& group) FORGE_REQUIRES(decide_mutex_);
  TransactionResult decide_now(PreparedTransaction& transaction, Group& group) FORGE_REQUIRES(decide_mutex_);
  void decide_some() FORGE_REQUIRES(decide_mutex_);
  OpenGroup& open_group(bool leads) FORGE_REQUIRES(decide_mutex_);
  void await_room() FORGE_REQUIRES(decide_mutex_);
  std::shared_ptr<OpenGroup> take_group() FORGE_REQUIRES(decide_mutex_);

  // Appending: the open group, or only `led` where that is given and still open. True: the turn to sync is the caller's.
  bool append_open_group(const OpenGroup* led) FORGE_EXCLUDES(append_mutex_, sync_mutex_, decide_mutex_);
  Status append(OpenGroup& group) FORGE_REQUIRES(append_mutex_);
  bool add_appended(std::shared_ptr<OpenGroup> group) FORGE_EXCLUDES(appended_mutex_);
  // What was decided on top of a group that could not be appended falls with it.
  void fail_from(OpenGroup& group, const Status& why) FORGE_REQUIRES(append_mutex_, sync_mutex_, decide_mutex_);

  Status put_rows(rocksdb::WriteBatch& rows) FORGE_REQUIRES(append_mutex_) FORGE_EXCLUDES(state_mutex_);
  Status drain() FORGE_REQUIRES(append_mutex_, sync_mutex_, decide_mutex_);

  // Syncing: every group appended so far. The turn goes from one who waits to the next, so that nobody queues for the lock whose
  // group has been synced meanwhile.
  void sync_appended(bool in_turn) FORGE_EXCLUDES(sync_mutex_, appended_mutex_);
  void pass_turn() FORGE_EXCLUDES(appended_mutex_);
  std::shared_ptr<OpenGroup> next_in_turn() FORGE_EXCLUDES(appended_mutex_);
  void give_turn_to_thread() FORGE_EXCLUDES(appended_mutex_);
  Status sync_and_publish(const Groups& groups) FORGE_REQUIRES(sync_mutex_);
  Status sync_and_settle(const Groups& groups) FORGE_REQUIRES(sync_mutex_);
  Status sync_logs(const Groups& groups);
  void publish(const Group& group) FORGE_REQUIRES(sync_mutex_);
  Groups take_appended() FORGE_EXCLUDES(appended_mutex_);
  void gather() FORGE_REQUIRES(sync_mutex_) FORGE_EXCLUDES(appended_mutex_);

  // For the transaction with that key, which is not tried where there is still no space.
  Status recover_space(const std::string& idempotency_key) FORGE_REQUIRES(decide_mutex_);
  Status io_failure() const FORGE_EXCLUDES(state_mutex_);
  void fail(const Status& why) FORGE_EXCLUDES(state_mutex_);

  // The threads for what nobody waits for.
  Status enqueue(std::shared_ptr<Request> request) FORGE_EXCLUDES(state_mutex_);
  void start_threads() FORGE_REQUIRES(state_mutex_);
  void decide_loop();
  void append_loop();
  void sync_loop();
  void answer_loop();
  // Each waits for work; false, or none, when the writer stops and nothing is left.
  bool await_group() FORGE_EXCLUDES(decide_mutex_);
  bool await_turn() FORGE_EXCLUDES(appended_mutex_);
  std::vector<Requests> await_answers() FORGE_EXCLUDES(answer_mutex_);
  void answer_later(OpenGroup& group, const Status& outcome) FORGE_EXCLUDES(answer_mutex_);
  void answer(const Requests& group);

  Database& database_;
  WatermarkKeeper& watermark_;
  const Durability durability_;
  const Limits& limits_;
  const Tuning& tuning_;
  Clock& clock_;
  const Gate& gate_;  // which its threads pass as the store's own
  std::function<void()> on_commit_;

  Mutex append_mutex_;  // the append role

  Mutex sync_mutex_;                                                               // the sync role
  std::size_t last_members_ FORGE_GUARDED_BY(sync_mutex_) = 0;                     // of the groups synced last
  std::chrono::steady_clock::duration last_sync_ FORGE_GUARDED_BY(sync_mutex_){};  // how long that took
  int rounds_without_gathering_ FORGE_GUARDED_BY(sync_mutex_) = 0;

  Mutex decide_mutex_;  // the decide role
  Decider& decider_ FORGE_GUARDED_BY(decide_mutex_);
  std::shared_ptr<OpenGroup> open_ FORGE_GUARDED_BY(decide_mutex_);
  std::uint64_t next_group_ FORGE_GUARDED_BY(decide_mutex_) = 1;
  bool disk_full_ FORGE_GUARDED_BY(decide_mutex_) = false;
  bool decided_all_ FORGE_GUARDED_BY(decide_mutex_) = false;  // the decide thread has ended
  CondVar group_ready_, group_taken_;

  Mutex appended_mutex_;
  Groups appended_ FORGE_GUARDED_BY(appended_mutex_);                   // in order, not yet synced
  std::size_t appended_members_ FORGE_GUARDED_BY(appended_mutex_) = 0;  // of these
  std::size_t awaited_members_ FORGE_GUARDED_BY(appended_mutex_) = 0;   // 0: nobody gathers
  bool is_turn_taken_ FORGE_GUARDED_BY(appended_mutex_) = false;        // somebody syncs or is about to
  bool is_turn_of_thread_ FORGE_GUARDED_BY(appended_mutex_) = false;    // the sync thread
  bool has_thread_left_ FORGE_GUARDED_BY(appended_mutex_) = false;      // it takes no turn any more
  bool appended_all_ FORGE_GUARDED_BY(appended_mutex_) = false;         // the append thread has ended
  CondVar thread_turn_, gathered_;

  Mutex answer_mutex_;
  CondVar answer_ready_;
  std::vector<Requests> unanswered_ FORGE_GUARDED_BY(answer_mutex_);  // in order
  bool synced_all_ FORGE_GUARDED_BY(answer_mutex_) = false;           // the sync thread has ended

  RequestQueue queue_;
  mutable Mutex state_mutex_;
  bool stopping_ FORGE_GUARDED_BY(state_mutex_) = false;
  Status failure_ FORGE_GUARDED_BY(state_mutex_);
  std::thread decide_thread_, append_thread_, sync_thread_, answer_thread_;  // started under state_mutex_, joined by stop() alone

  WriterTotals totals_;
  std::atomic<Seq> head_{0};
  std::atomic<std::int64_t> last_time_{0};
  std::atomic<std::int64_t> floor_{0};
  std::atomic<std::uint64_t> synced_group_{0};
};

}  // namespace forge::internal
