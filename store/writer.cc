#include "writer.h"

#include <algorithm>

namespace forge::internal {
namespace {

constexpr std::size_t kRequestsAtOnce = 64;

Status closed() {
  return Status(ErrorId::kClosed, "the store is closed").state("nothing was written");
}

Status overloaded(std::size_t waiting) {
  return Status(ErrorId::kOverloaded, "too many actions are waiting")
      .why(std::to_string(waiting) + " actions wait to be decided")
      .state("nothing was written");
}

Status write_failure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    return Status(ErrorId::kDiskFull, "the disk is full")
        .why("the write-ahead log could not grow")
        .state("whether it was stored is unknown")
        .remedy("free some space and retry with the same idempotency key; writes go on by themselves");
  }
  return Status(ErrorId::kIoFatal, "writing the log failed")
      .why(status.ToString())
      .state("whether it was stored is unknown, and the store takes no more writes");
}

}  // namespace

Status nothing_written(Status status) {
  if (status.ok() || !status.text().state.empty()) return status;
  return std::move(status).state("nothing was written");
}

Writer::Writer(Database& database, Decider& decider, WatermarkKeeper& watermark, Durability durability, const Limits& limits)
    : database_(database), watermark_(watermark), durability_(durability), limits_(limits), decider_(decider) {}

Writer::~Writer() {
  stop();
}

Status Writer::start(Seq head, Time last_time) {
  head_ = head;
  last_time_ = last_time.micros;
  const MutexLock decide(decide_mutex_);
  return decider_.restore(head, last_time);
}

void Writer::stop() {
  {
    const MutexLock queue(queue_mutex_);
    stopping_ = true;
  }
  queue_ready_.notify_all();
  if (decide_thread_.joinable()) decide_thread_.join();
  if (commit_thread_.joinable()) commit_thread_.join();
  // A caller that is committing in its own thread finishes first.
  const MutexLock commit(commit_mutex_);
}

void Writer::raise_floor(Time time) {
  std::int64_t seen = floor_.load();
  while (seen < time.micros && !floor_.compare_exchange_weak(seen, time.micros)) {
  }
}

// What was decided before the floor rose may be recorded at or before `time` and not be committed yet.
void Writer::settle(Time time) {
  raise_floor(time);
  if (time <= last_time()) return;
  {
    const MutexLock decide(decide_mutex_);
    if (decider_.last_seq() <= head()) return;
  }
  const MutexLock commit(commit_mutex_);
  const MutexLock decide(decide_mutex_);
  static_cast<void>(commit_open_group().ok());  // a failure is told to those who wait for it
}

Status Writer::failure() const {
  const MutexLock queue(queue_mutex_);
  if (!failure_.ok()) return failure_;
  return stopping_ ? closed() : Status();
}

TransactionResult Writer::transact(std::unique_ptr<PreparedTransaction> transaction) {
  if (std::optional<TransactionResult> result = transact_directly(*transaction)) return *std::move(result);
  auto request = std::make_shared<Request>();
  request->transaction = std::move(transaction);
  FORGE_TRY(enqueue(request));
  request->ready.wait(false);
  return *std::move(request->result);
}

void Writer::transact_async(std::unique_ptr<PreparedTransaction> transaction, std::shared_ptr<StreamGate> gate,
                            std::function<void(TransactionResult)> done) {
  auto request = std::make_shared<Request>();
  request->transaction = std::move(transaction);
  request->gate = std::move(gate);
  request->done = std::move(done);
  const Status queued = enqueue(request);
  if (queued.ok()) return;
  if (request->gate == nullptr) return request->done(queued);
  refuse_async(queued, std::move(request->gate), std::move(request->done));
}

void Writer::refuse_async(Status refusal, std::shared_ptr<StreamGate> gate, std::function<void(TransactionResult)> done) {
  auto request = std::make_shared<Request>();
  request->refusal = std::move(refusal);
  request->gate = std::move(gate);
  request->done = std::move(done);
  const Status queued = enqueue(request);
  if (!queued.ok()) request->done(queued);
}

// Null when somebody else is writing: then the request queues.
std::optional<TransactionResult> Writer::transact_directly(PreparedTransaction& transaction) {
  if (busy_.load(std::memory_order_acquire) || !commit_mutex_.try_lock()) return std::nullopt;
  std::optional<TransactionResult> result;
  if (decide_mutex_.try_lock()) {
    result = decide_and_commit(transaction);
    decide_mutex_.unlock();
  }
  commit_mutex_.unlock();
  return result;
}

// The next request may be decided while this one syncs.
std::optional<TransactionResult> Writer::decide_and_commit(PreparedTransaction& transaction) {
  if (busy_.load(std::memory_order_acquire)) return std::nullopt;
  if (Status failed = failure(); !failed.ok()) return TransactionResult(std::move(failed));
  Group group(next_group_++);
  TransactionResult result = decide_now(transaction, group);
  if (group.is_empty()) return result;
  group.frontier = decider_.frontier();
  decide_mutex_.unlock();
  const Status committed = commit(group);
  decide_mutex_.lock();
  if (committed.ok()) return result;
  fail_in_flight(committed);
  return TransactionResult(committed);
}

Status Writer::enqueue(std::shared_ptr<Request> request) {
  const MutexLock queue(queue_mutex_);
  if (!failure_.ok()) return failure_;
  if (stopping_) return closed();
  const std::size_t actions = request->weight();
  if (waiting_actions_ + actions > limits_.waiting_actions_max) return overloaded(waiting_actions_);
  if (!decide_thread_.joinable()) start_threads();
  if (request->transaction != nullptr && request->transaction->options().timeout.count() > 0) {
    request->deadline = std::chrono::steady_clock::now() + request->transaction->options().timeout;
  }
  waiting_actions_ += actions;
  busy_.store(true, std::memory_order_release);
  queue_.push_back(std::move(request));
  if (queue_.size() == 1) queue_ready_.notify_one();
  return {};
}

void Writer::start_threads() {
  decide_thread_ = std::thread([this] { decide_loop(); });
  commit_thread_ = std::thread([this] { commit_loop(); });
}

bool Writer::open_group_full() const {
  return open_ != nullptr &&
         (open_->group.actions >= limits_.group_actions || open_->group.batch.GetDataSize() >= limits_.group_bytes);
}

bool Writer::await_requests() {
  const MutexLock queue(queue_mutex_);
  while (!stopping_ && queue_.empty()) queue_ready_.wait(queue_mutex_);
  return !queue_.empty();
}

void Writer::decide_loop() {
  while (await_requests()) {
    const MutexLock decide(decide_mutex_);
    while (open_group_full()) group_taken_.wait(decide_mutex_);
    decide_some();
    group_ready_.notify_one();
  }
  const MutexLock decide(decide_mutex_);
  decided_all_ = true;
  group_ready_.notify_one();
}

std::vector<std::shared_ptr<Writer::Request>> Writer::take_requests() {
  const MutexLock queue(queue_mutex_);
  std::vector<std::shared_ptr<Request>> taken;
  const std::size_t count = std::min(queue_.size(), kRequestsAtOnce);
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    waiting_actions_ -= queue_.front()->weight();
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

void Writer::decide_some() {
  if (open_ == nullptr) open_ = std::make_unique<OpenGroup>(next_group_++);
  for (std::shared_ptr<Request>& request : take_requests()) {
    request->result = decide(*request, open_->group);
    open_->requests.push_back(std::move(request));
  }
}

TransactionResult Writer::decide(Request& request, Group& group) {
  if (request.deadline && std::chrono::steady_clock::now() > *request.deadline) {
    return Status(ErrorId::kDeadlinePassed, "the transaction waited longer than it was allowed to").state("nothing was written");
  }
  if (request.gate != nullptr && request.gate->refusal) return *request.gate->refusal;
  TransactionResult result = request.transaction != nullptr ? decide_now(*request.transaction, group) : request.refusal;
  if (!result.ok() && request.gate != nullptr && request.gate->stop_on_refusal) request.gate->refusal = result.status();
  return result;
}

TransactionResult Writer::decide_now(PreparedTransaction& transaction, Group& group) {
  if (disk_full_) FORGE_TRY(recover_space());
  decider_.committed(committed_group_.load(std::memory_order_acquire));
  decider_.raise_floor(Time{floor_.load(std::memory_order_acquire)});
  TransactionResult result = decider_.decide(transaction, group);
  if (!result.ok()) return nothing_written(result.status());
  return result;
}

std::unique_ptr<Writer::OpenGroup> Writer::take_group() {
  std::unique_ptr<OpenGroup> taken = std::move(open_);
  if (taken != nullptr) taken->group.frontier = decider_.frontier();
  return taken;
}

bool Writer::await_group() {
  const MutexLock decide(decide_mutex_);
  while (open_ == nullptr && unanswered_.empty() && !decided_all_) group_ready_.wait(decide_mutex_);
  return open_ != nullptr || !unanswered_.empty();
}

void Writer::commit_loop() {
  while (await_group()) {
    MutexLock commit(commit_mutex_);
    MutexLock decide(decide_mutex_);
    std::unique_ptr<OpenGroup> taken = take_group();
    decide.unlock();
    group_taken_.notify_one();
    if (taken != nullptr) taken->committed = this->commit(taken->group);
    decide.lock();
    keep_answers(std::move(taken));
    const std::vector<std::unique_ptr<OpenGroup>> answers = std::exchange(unanswered_, {});
    rest_if_idle();
    decide.unlock();
    commit.unlock();
    for (const std::unique_ptr<OpenGroup>& group : answers) answer(*group);
  }
}

// A group that was tried will be answered after those before it; where it failed, so does everything decided on top of it.
void Writer::keep_answers(std::unique_ptr<OpenGroup> tried) {
  if (tried == nullptr) return;
  const Status committed = tried->committed;
  unanswered_.push_back(std::move(tried));
  if (!committed.ok()) fail_in_flight(committed);
}

Status Writer::commit_open_group() {
  std::unique_ptr<OpenGroup> taken = take_group();
  if (taken == nullptr) return {};
  Status committed = this->commit(taken->group);
  taken->committed = committed;
  keep_answers(std::move(taken));
  group_taken_.notify_one();
  group_ready_.notify_one();
  return committed;
}

// Callers may write in their own threads again.
void Writer::rest_if_idle() {
  if (open_ != nullptr) return;
  const MutexLock queue(queue_mutex_);
  if (queue_.empty()) busy_.store(false, std::memory_order_release);
}

TransactionResult Writer::transact_alone(const std::function<Result<std::unique_ptr<PreparedTransaction>>()>& make,
                                         const std::function<void(Seq)>& then) {
  const MutexLock commit(commit_mutex_);
  const MutexLock decide(decide_mutex_);
  FORGE_TRY(failure());
  FORGE_TRY(commit_open_group());
  FORGE_ASSIGN(const std::unique_ptr<PreparedTransaction> transaction, make());
  Group group(next_group_++);
  FORGE_ASSIGN(TransactionReceipt receipt, decide_now(*transaction, group));
  if (group.is_empty()) return receipt;
  group.frontier = decider_.frontier();
  const Status committed = this->commit(group, then);
  if (!committed.ok()) {
    fail_in_flight(committed);
    return committed;
  }
  return receipt;
}

// Under the commit role.
Status Writer::commit(Group& group, const std::function<void(Seq)>& before_shown) {
  if (group.is_empty()) return {};
  const rocksdb::Status written = database_.write(group.batch, durability_ == Durability::kSync);
  if (!written.ok()) return write_failure(written);
  if (before_shown) before_shown(group.last_seq);
  if (group.has_events()) {
    last_time_.store(group.last_time.micros, std::memory_order_release);
    head_.store(group.last_seq, std::memory_order_release);
  }
  committed_group_.store(group.number, std::memory_order_release);
  if (!group.has_events()) return {};
  watermark_.note(group.last_seq, group.frontier, group.last_time);
  if (on_commit_) on_commit_();
  return {};
}

// Under both roles. Everything decided on top of what failed falls with it. After an I/O error nothing more is written until the
// store is opened again; after a full disk the next request tries to make room first.
void Writer::fail_in_flight(const Status& why) {
  if (std::unique_ptr<OpenGroup> lost = take_group()) {
    lost->committed = why;
    unanswered_.push_back(std::move(lost));
    group_ready_.notify_one();
  }
  group_taken_.notify_one();
  const Status restored = decider_.restore(head(), last_time());
  if (why.id() == ErrorId::kDiskFull && restored.ok()) {
    disk_full_ = true;
    return;
  }
  const MutexLock queue(queue_mutex_);
  failure_ = why;
}

// The log's torn end must never be read back beside what is written next: flushing the tables retires that file.
Status Writer::recover_space() {
  const Status flushed = database_.flush();
  if (!flushed.ok()) {
    return Status(ErrorId::kDiskFull, "the disk is full").why(flushed.text().why).state("nothing was written");
  }
  disk_full_ = false;
  return {};
}

void Writer::answer(OpenGroup& group) {
  for (const std::shared_ptr<Request>& request : group.requests) {
    if (!group.committed.ok()) request->result = group.committed;
    finish(*request);
  }
}

void Writer::finish(Request& request) {
  if (request.done) {
    request.done(*std::move(request.result));
    return;
  }
  request.ready.store(true);
  request.ready.notify_one();
}

}  // namespace forge::internal
