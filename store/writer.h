#pragma once

// The one logical writer. A caller that finds it idle decides and commits in its own thread. Otherwise requests queue: the decider
// thread decides them in order onto an open group, on top of what is in flight, while the committer thread writes and syncs the
// group before. A refusal is answered with its group, because it may rest on decisions that are not yet on disk.
//
// Locks are taken in the order commit, decide, queue. Safe from any thread.

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "database.h"
#include "decider.h"
#include "forge/events/thread_annotations.h"
#include "watermark_keeper.h"

namespace forge::internal {

using TransactionResult = Result<TransactionReceipt>;

// An error that does not say what the state is says that nothing was written.
Status nothing_written(Status status);

// Transactions of one stream are decided in the order they came; after a refusal nothing later is accepted. Touched under the
// decide role only.
struct StreamGate {
  bool stop_on_refusal = true;
  std::optional<Status> refusal;
};

class Writer {
 public:
  Writer(Database& database, Decider& decider, WatermarkKeeper& watermark, Durability durability, const Limits& limits);
  ~Writer();

  // `on_commit` is called after each commit of events, under the commit role: it must not block. Set before the first one.
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
  // Runs alone, with everything before it on disk: `make` makes one transaction, `then` follows once it is on disk, given its last
  // seq, before anybody sees it or anything else is decided.
  TransactionResult transact_alone(const std::function<Result<std::unique_ptr<PreparedTransaction>>()>& make,
                                   const std::function<void(Seq)>& then);

  Seq head() const { return head_.load(std::memory_order_acquire); }
  Time last_time() const { return Time{last_time_.load(std::memory_order_acquire)}; }
  // No later transaction is recorded at or before `time`.
  void raise_floor(Time time);
  // The same, and head() shows everything that is recorded at or before it: a read at `time` has its final answer.
  void settle(Time time);
  Time floor() const { return Time{floor_.load(std::memory_order_acquire)}; }
  Status failure() const;

 private:
  struct Request {
    std::unique_ptr<PreparedTransaction> transaction;  // null: refused already, with `refusal`
    Status refusal;
    std::function<void(TransactionResult)> done;  // empty: somebody waits
    std::shared_ptr<StreamGate> gate;
    std::optional<std::chrono::steady_clock::time_point> deadline;
    std::optional<TransactionResult> result;
    std::atomic<bool> ready{false};

    // What it adds to the actions that wait; a refusal always finds room.
    std::size_t weight() const { return transaction == nullptr ? 0 : std::max<std::size_t>(1, transaction->actions().size()); }
  };
  struct OpenGroup {
    explicit OpenGroup(std::uint64_t number) : group(number) {}
    Group group;
    std::vector<std::shared_ptr<Request>> requests;
    Status committed;  // once it was tried
  };

  std::optional<TransactionResult> transact_directly(PreparedTransaction& transaction) FORGE_EXCLUDES(commit_mutex_, decide_mutex_);
  std::optional<TransactionResult> decide_and_commit(PreparedTransaction& transaction) FORGE_REQUIRES(commit_mutex_, decide_mutex_);
  Status enqueue(std::shared_ptr<Request> request) FORGE_EXCLUDES(queue_mutex_);
  void start_threads() FORGE_REQUIRES(queue_mutex_);
  void decide_loop();
  void commit_loop();
  // Waits for work; false when the writer stops and nothing is left.
  bool await_requests() FORGE_EXCLUDES(queue_mutex_);
  bool await_group() FORGE_EXCLUDES(decide_mutex_);
  void decide_some() FORGE_REQUIRES(decide_mutex_);
  std::vector<std::shared_ptr<Request>> take_requests() FORGE_EXCLUDES(queue_mutex_);
  TransactionResult decide(Request& request, Group& group) FORGE_REQUIRES(decide_mutex_);
  TransactionResult decide_now(PreparedTransaction& transaction, Group& group) FORGE_REQUIRES(decide_mutex_);
  std::unique_ptr<OpenGroup> take_group() FORGE_REQUIRES(decide_mutex_);
  void keep_answers(std::unique_ptr<OpenGroup> tried) FORGE_REQUIRES(commit_mutex_, decide_mutex_);
  Status commit_open_group() FORGE_REQUIRES(commit_mutex_, decide_mutex_);
  bool open_group_full() const FORGE_REQUIRES(decide_mutex_);
  Status commit(Group& group, const std::function<void(Seq)>& before_shown = {}) FORGE_REQUIRES(commit_mutex_);
  Status recover_space() FORGE_REQUIRES(decide_mutex_);
  void fail_in_flight(const Status& why) FORGE_REQUIRES(commit_mutex_, decide_mutex_);
  void rest_if_idle() FORGE_REQUIRES(decide_mutex_) FORGE_EXCLUDES(queue_mutex_);
  static void answer(OpenGroup& group);
  static void finish(Request& request);

  Database& database_;
  WatermarkKeeper& watermark_;
  const Durability durability_;
  const Limits& limits_;
  std::function<void()> on_commit_;

  Mutex commit_mutex_;  // the commit role
  Mutex decide_mutex_;  // the decide role
  Decider& decider_ FORGE_GUARDED_BY(decide_mutex_);
  std::unique_ptr<OpenGroup> open_ FORGE_GUARDED_BY(decide_mutex_);
  // What was tried, for the commit thread to answer: the only one that does, so that answers come in order.
  std::vector<std::unique_ptr<OpenGroup>> unanswered_ FORGE_GUARDED_BY(decide_mutex_);
  std::uint64_t next_group_ FORGE_GUARDED_BY(decide_mutex_) = 1;
  bool disk_full_ FORGE_GUARDED_BY(decide_mutex_) = false;
  bool decided_all_ FORGE_GUARDED_BY(decide_mutex_) = false;  // the decide thread has ended
  CondVar group_ready_, group_taken_;

  mutable Mutex queue_mutex_;
  CondVar queue_ready_;
  std::deque<std::shared_ptr<Request>> queue_ FORGE_GUARDED_BY(queue_mutex_);
  std::size_t waiting_actions_ FORGE_GUARDED_BY(queue_mutex_) = 0;
  bool stopping_ FORGE_GUARDED_BY(queue_mutex_) = false;
  Status failure_ FORGE_GUARDED_BY(queue_mutex_);
  std::thread decide_thread_, commit_thread_;  // started under queue_mutex_, joined by stop() alone

  std::atomic<bool> busy_{false};  // something is queued or in the open group
  std::atomic<Seq> head_{0};
  std::atomic<std::int64_t> last_time_{0};
  std::atomic<std::int64_t> floor_{0};
  std::atomic<std::uint64_t> committed_group_{0};
};

}  // namespace forge::internal
