#pragma once

// The one logical writer. A caller that finds it idle decides and commits in its own thread. Otherwise requests queue: the decider
// thread decides them in order onto an open group, on top of what is in flight, while the committer thread writes and syncs the group
// before. A refusal is answered with its group, because it may rest on decisions that are not yet on disk.
//
// Locks are taken in the order commit, decide, queue. Safe from any thread.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "database.h"
#include "decider.h"
#include "watermark_keeper.h"

namespace forge::internal {

using TransactionResult = Result<TransactionReceipt>;

// Transactions of one stream are decided in the order they came; after a refusal nothing later is accepted. Touched under the decide
// role only.
struct StreamGate {
  bool stop_on_refusal = true;
  std::optional<Status> refusal;
};

class Writer {
 public:
  Writer(Database& database, Decider& decider, WatermarkKeeper& watermark, Durability durability, const Limits& limits);
  ~Writer();

  // Starts after `head`. Errors: kDataCorrupt, kIoError.
  Status start(Seq head, Time last_time);
  // Finishes what is queued, then refuses everything with kClosed.
  void stop();

  TransactionResult transact(std::unique_ptr<PreparedTransaction> transaction);
  void transact_async(std::unique_ptr<PreparedTransaction> transaction, std::shared_ptr<StreamGate> gate,
                      std::function<void(TransactionResult)> done);
  // A refusal found before deciding, answered in the stream's order.
  void refuse_async(Status refusal, std::shared_ptr<StreamGate> gate, std::function<void(TransactionResult)> done);
  // Runs alone, with everything before it on disk: `decide` decides one transaction of its own making, `then` follows once it is on
  // disk, before anything else is decided.
  TransactionResult transact_alone(const std::function<Result<std::unique_ptr<PreparedTransaction>>()>& make,
                                   const std::function<void()>& then);

  Seq head() const { return head_.load(std::memory_order_acquire); }
  Time last_time() const { return Time{last_time_.load(std::memory_order_acquire)}; }
  // No later transaction is recorded at or before `time`.
  void raise_floor(Time time);
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

    std::size_t weight() const { return transaction == nullptr ? 1 : std::max<std::size_t>(1, transaction->actions().size()); }
  };
  struct OpenGroup {
    explicit OpenGroup(std::uint64_t number) : group(number) {}
    Group group;
    std::vector<std::shared_ptr<Request>> requests;
  };

  std::optional<TransactionResult> transact_directly(PreparedTransaction& transaction);
  Status enqueue(std::shared_ptr<Request> request);
  void start_threads();
  void decide_loop();
  void commit_loop();
  void decide_some();
  TransactionResult decide(Request& request, Group& group);
  TransactionResult decide_now(PreparedTransaction& transaction, Group& group);
  std::unique_ptr<OpenGroup> take_group();
  Status commit(Group& group);
  Status recover_space();
  void fail_in_flight(const Status& why);
  static void complete(std::vector<std::shared_ptr<Request>>& requests, const Status& committed);
  static void finish(Request& request);
  bool open_group_full() const;

  Database& database_;
  Decider& decider_;
  WatermarkKeeper& watermark_;
  const Durability durability_;
  const Limits& limits_;

  std::mutex commit_mutex_;  // the commit role
  std::mutex decide_mutex_;  // the decide role: decider_, open_, next_group_
  std::unique_ptr<OpenGroup> open_;
  std::uint64_t next_group_ = 1;
  std::condition_variable_any group_ready_, group_taken_;

  mutable std::mutex queue_mutex_;
  std::condition_variable queue_ready_;
  std::deque<std::shared_ptr<Request>> queue_;
  std::size_t waiting_actions_ = 0;
  bool stopping_ = false;
  Status failure_;
  std::thread decide_thread_, commit_thread_;

  std::atomic<bool> busy_{false};       // something is queued or in the open group
  std::atomic<bool> decided_all_{false};  // the decide thread has ended
  std::atomic<bool> disk_full_{false};
  std::atomic<Seq> head_{0};
  std::atomic<std::int64_t> last_time_{0};
  std::atomic<std::int64_t> floor_{0};
  std::atomic<std::uint64_t> committed_group_{0};
};

}  // namespace forge::internal
