#include "writer.h"

#include <algorithm>

namespace forge::internal {

Writer::Writer(Database& database, Decider& decider, WatermarkKeeper& watermark, Durability durability, const Limits& limits,
               const Tuning& tuning, const Gate& gate, Clock& clock)
    : database_(database),
      watermark_(watermark),
      durability_(durability),
      limits_(limits),
      tuning_(tuning),
      clock_(clock),
      gate_(gate),
      decider_(decider),
      queue_(limits, clock) {}

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
    const MutexLock lock(state_mutex_);
    stopping_ = true;
  }
  queue_.stop();
  for (std::thread* thread : {&decide_thread_, &append_thread_, &sync_thread_, &answer_thread_}) {
    if (thread->joinable()) thread->join();
  }
  // A caller that is writing in its own thread finishes first.
  const MutexLock append(append_mutex_);
  const MutexLock sync(sync_mutex_);
}

void Writer::raise_floor(Time time) {
  std::int64_t seen = floor_.load();
  while (seen < time.micros && !floor_.compare_exchange_weak(seen, time.micros)) {
  }
}

// What was decided before the floor rose may be recorded at or before `time` and not be committed yet.
Status Writer::settle(Time time) {
  raise_floor(time);
  if (time <= last_time()) return {};
  Status noted = watermark_.raise_floor(time);
  {
    const MutexLock decide(decide_mutex_);
    if (decider_.last_seq() <= head()) return noted;
  }
  const bool in_turn = append_open_group(nullptr);
  sync_appended(in_turn);
  return noted;
}

Status Writer::failure() const {
  FORGE_TRY(watermark_.loss());
  const MutexLock lock(state_mutex_);
  if (!failure_.ok()) return failure_;
  return stopping_ ? nothing_written(closed_error()) : Status();
}

Status Writer::io_failure() const {
  FORGE_TRY(watermark_.loss());
  const MutexLock lock(state_mutex_);
  return failure_;
}

void Writer::fail(const Status& why) {
  const MutexLock lock(state_mutex_);
  if (failure_.ok()) failure_ = why;
}

// --- deciding ------------------------------------------------------------------------------------------------------------------

TransactionResult Writer::transact(std::unique_ptr<PreparedTransaction> transaction) {
  Decided decided = decide_in_group(*transaction);
  if (decided.group == nullptr) return std::move(decided.result);
  if (decided.leads && (append_open_group(decided.group.get()) || decided.group->await_turn())) sync_appended(true);
  FORGE_TRY(decided.group->wait());
  return std::move(decided.result);
}

Writer::Decided Writer::decide_in_group(PreparedTransaction& transaction) {
  const Deadline deadline = deadline_after(transaction.timeout(), clock_);
  const MutexLock decide(decide_mutex_);
  await_room();
  if (const Status failed = failure(); !failed.ok()) {
    return {.result = not_tried(failed, transaction.options().idempotency_key), .group = nullptr};
  }
  if (Status late = check_deadline(deadline, clock_); !late.ok()) return {.result = std::move(late), .group = nullptr};
  const bool leads = open_ == nullptr;
  OpenGroup& group = open_group(true);
  TransactionResult result = decide_now(transaction, group.group);
  if (leads && group.group.is_empty() && decider_.last_seq() == head()) {
    open_ = nullptr;  // nothing is to be written, and all that the answer rests on is on disk
    return {.result = std::move(result), .group = nullptr};
  }
  ++group.callers;
  return {.result = std::move(result), .group = open_, .leads = leads};
}

TransactionResult Writer::decide(Request& request, Group& group) {
  FORGE_TRY(check_deadline(request.deadline, clock_));
  if (request.gate != nullptr && request.gate->refusal) return *request.gate->refusal;
  TransactionResult result = request.transaction != nullptr ? decide_now(*request.transaction, group) : request.refusal;
  if (!result.ok() && request.gate != nullptr && request.gate->stop_on_refusal) request.gate->refusal = result.status();
  return result;
}

TransactionResult Writer::decide_now(PreparedTransaction& transaction, Group& group) {
  if (disk_full_) FORGE_TRY(recover_space(transaction.options().idempotency_key));
  decider_.committed(synced_group_.load(std::memory_order_acquire));
  decider_.raise_floor(Time{floor_.load(std::memory_order_acquire)});
  TransactionResult result = decider_.decide(transaction, group);
  (result.ok() ? totals_.accepted : totals_.refused).add(1);
  if (!result.ok()) return nothing_written(result.status());
  if (result->replayed) totals_.replayed.add(1);
  return result;
}

void Writer::decide_some() {
  OpenGroup& group = open_group(false);
  for (std::shared_ptr<Request>& request : queue_.take()) {
    request->result = decide(*request, group.group);
    group.requests.push_back(std::move(request));
  }
}

OpenGroup& Writer::open_group(bool leads) {
  if (open_ == nullptr) open_ = std::make_shared<OpenGroup>(next_group_++, leads);
  return *open_;
}

// A full group takes nothing more.
void Writer::await_room() {
  while (open_ != nullptr &&
         (open_->group.actions >= limits_.group_actions || open_->group.batch.GetDataSize() >= limits_.group_bytes)) {
    group_taken_.wait(decide_mutex_);
  }
}

std::shared_ptr<OpenGroup> Writer::take_group() {
  std::shared_ptr<OpenGroup> taken = std::exchange(open_, nullptr);
  if (taken == nullptr) return taken;
  taken->group.frontier = decider_.frontier();
  group_taken_.notify_all();
  return taken;
}

TransactionResult Writer::transact_alone(const MakeTransaction& make, const std::function<void(Seq)>& then) {
  const Time begun = clock_.now();
  const MutexLock append_role(append_mutex_);
  const MutexLock sync_role(sync_mutex_);
  const MutexLock decide_role(decide_mutex_);
  FORGE_TRY(not_tried(failure()));
  FORGE_TRY(drain());
  const Time turn = clock_.now();  // what `make` takes is no waiting
  auto alone = std::make_shared<OpenGroup>(next_group_++, true);
  FORGE_ASSIGN(const std::unique_ptr<PreparedTransaction> transaction, make(alone->group.batch));
  FORGE_TRY(check_deadline(deadline_after(transaction->timeout(), begun), turn));
  FORGE_ASSIGN(TransactionReceipt receipt, decide_now(*transaction, alone->group));
  if (!alone->group.has_events()) return receipt;  // rows that `make` added belong to the event
  alone->group.frontier = decider_.frontier();
  Status written = append(*alone);
  if (written.ok()) written = sync_logs({alone});
  if (!written.ok()) {
    fail_from(*alone, written);
    return written;
  }
  then(alone->group.last_seq);
  publish(alone->group);
  return receipt;
}

// --- rows alone ----------------------------------------------------------------------------------------------------------------

Status Writer::write_rows(rocksdb::WriteBatch& rows) {
  const MutexLock append_role(append_mutex_);
  FORGE_TRY(not_tried(failure()));
  Status written = put_rows(rows);
  if (written.ok()) return written;
  const MutexLock decide_role(decide_mutex_);
  if (written.id() == ErrorId::kDiskFull) disk_full_ = true;
  return written;
}

Status Writer::write_rows_alone(const std::function<Status(rocksdb::WriteBatch&)>& make, const std::function<void()>& then) {
  const MutexLock append_role(append_mutex_);
  const MutexLock sync_role(sync_mutex_);
  const MutexLock decide_role(decide_mutex_);
  FORGE_TRY(not_tried(failure()));
  if (disk_full_) FORGE_TRY(recover_space({}));
  FORGE_TRY(drain());
  rocksdb::WriteBatch rows;
  FORGE_TRY(make(rows));
  Status written = put_rows(rows);
  if (written.ok()) {
    then();
  } else if (written.id() == ErrorId::kDiskFull) {
    disk_full_ = true;
  }
  return written;
}

// Nothing rests on such rows, so that nothing falls with them; but what failed on the log is met by all that comes after.
Status Writer::put_rows(rocksdb::WriteBatch& rows) {
  if (rows.Count() == 0) return {};
  std::shared_ptr<LogFile> log;
  const rocksdb::Status written = database_.append(rows, false, log);
  if (written.ok()) return {};
  Status why = write_failure(written);
  if (why.id() != ErrorId::kDiskFull) fail(why);
  return why;
}

Status Writer::sync_written() {
  const bool in_turn = append_open_group(nullptr);
  sync_appended(in_turn);
  return io_failure();
}

// All that was decided is on disk afterwards.
Status Writer::drain() {
  const std::shared_ptr<OpenGroup> open = take_group();
  Groups groups = take_appended();
  Status appended = open == nullptr ? Status() : append(*open);
  if (open != nullptr && appended.ok()) groups.push_back(open);
  Status synced = sync_and_settle(groups);
  if (appended.ok()) return synced;
  fail_from(*open, appended);
  return appended;
}

// --- appending -----------------------------------------------------------------------------------------------------------------

bool Writer::append_open_group(const OpenGroup* led) {
  const MutexLock append_role(append_mutex_);
  std::shared_ptr<OpenGroup> taken;
  {
    const MutexLock decide_role(decide_mutex_);
    if (led == nullptr || open_.get() == led) taken = take_group();
  }
  if (taken == nullptr) return false;
  const Status appended = append(*taken);
  if (appended.ok()) return add_appended(std::move(taken));
  const MutexLock sync_role(sync_mutex_);
  static_cast<void>(sync_and_settle(take_appended()).ok());  // what was appended before has an outcome of its own
  const MutexLock decide_role(decide_mutex_);
  fail_from(*taken, appended);
  return false;
}

Status Writer::append(OpenGroup& group) {
  FORGE_TRY(io_failure());
  if (group.group.is_empty()) return {};
  const rocksdb::Status written = database_.append(group.group.batch, durability_ == Durability::kSync, group.log);
  return written.ok() ? Status() : write_failure(written);
}

bool Writer::add_appended(std::shared_ptr<OpenGroup> group) {
  const MutexLock appended(appended_mutex_);
  appended_members_ += group->members();
  appended_.push_back(std::move(group));
  if (awaited_members_ != 0 && appended_members_ >= awaited_members_) {
    awaited_members_ = 0;
    gathered_.notify_one();
  }
  return !std::exchange(is_turn_taken_, true);
}

// After an I/O error nothing more is written until the store is opened again; after a full disk the next request tries to make room
// first.
void Writer::fail_from(OpenGroup& group, const Status& why) {
  const std::shared_ptr<OpenGroup> above = take_group();
  for (OpenGroup* lost : {&group, above.get()}) {
    if (lost == nullptr) continue;
    lost->close_gates(why);
    answer_later(*lost, why);
    lost->settle(why);
  }
  const Status restored = decider_.restore(head(), last_time());
  if (why.id() != ErrorId::kDiskFull) return fail(why);
  if (restored.ok()) {
    disk_full_ = true;
    return;
  }
  fail(Status(ErrorId::kIoFatal, "reading the log's end failed, after the disk was full").why(restored.text().why));
}

// RocksDB recovers by itself once it sees space: it writes its tables to files and retires the log's torn end, which must never be
// read back beside what is written next. Until then this flush is refused.
Status Writer::recover_space(const std::string& idempotency_key) {
  const Status flushed = database_.flush_after_full_disk();
  if (!flushed.ok()) {
    return Status(ErrorId::kDiskFull, "the disk is full")
        .why(flushed.text().why)
        .state(state_of_untried(idempotency_key))
        .remedy("free some space; writes go on by themselves within some seconds, or when the store is opened again");
  }
  disk_full_ = false;
  return {};
}

}  // namespace forge::internal
