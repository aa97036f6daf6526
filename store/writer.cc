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
      .why(std::to_string(waiting) + " actions are not answered yet")
      .state("nothing was written");
}

Status sync_failure(const rocksdb::Status& status) {
  return Status(ErrorId::kIoFatal, "syncing the log failed")
      .why(status.ToString())
      .state("whether it was stored is unknown, and the store takes no more writes");
}

Status write_failure(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    return Status(ErrorId::kDiskFull, "the disk is full")
        .why("the write-ahead log could not grow")
        .state("whether it was stored is unknown")
        .remedy("free some space and retry with the same idempotency key; writes go on by themselves");
  }
  return Status(ErrorId::kIoFatal, "writing the log failed")
      .why(to_status(status, "writing the log").text().why)
      .state("whether it was stored is unknown, and the store takes no more writes");
}

// What is refused without a try has written nothing. An attempt before it with the same key may have.
std::string state_of_untried(const std::string& idempotency_key) {
  if (idempotency_key.empty()) return "nothing was written";
  return "this attempt wrote nothing; an earlier one with the same key may be stored";
}

// `failure` ended writing for good.
Status not_tried(const Status& failure, const std::string& idempotency_key = {}) {
  if (failure.id() != ErrorId::kIoFatal) return failure;
  return Status(failure.id(), "the store takes no more writes")
      .why(failure.text().what + ": " + failure.text().why)
      .state(state_of_untried(idempotency_key));
}

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

Deadline deadline_of(const PreparedTransaction& transaction) {
  if (transaction.timeout().count() <= 0) return std::nullopt;
  return std::chrono::steady_clock::now() + transaction.timeout();
}

Status check_deadline(const Deadline& deadline) {
  if (!deadline || std::chrono::steady_clock::now() <= *deadline) return {};
  return Status(ErrorId::kDeadlinePassed, "the transaction waited longer than it was allowed to").state("nothing was written");
}

}  // namespace

Status nothing_written(Status status) {
  if (status.ok() || !status.text().state.empty()) return status;
  return std::move(status).state("nothing was written");
}

void Writer::OpenGroup::settle(const Status& with) {
  {
    const MutexLock lock(mutex_);
    outcome_ = with;
  }
  settled_.notify_all();
  turn_.notify_one();
}

bool Writer::OpenGroup::give_turn() {
  {
    const MutexLock lock(mutex_);
    if (outcome_) return false;
    has_turn_ = true;
  }
  turn_.notify_one();
  return true;
}

// Nothing later of a stream follows what was lost, also where writing goes on.
void Writer::OpenGroup::close_gates(const Status& why) {
  for (const std::shared_ptr<Request>& request : requests) {
    StreamGate* const gate = request->gate.get();
    if (gate != nullptr && gate->stop_on_refusal && !gate->refusal) gate->refusal = Status(why).state("nothing was written");
  }
}

bool Writer::OpenGroup::await_turn() {
  const MutexLock lock(mutex_);
  while (!has_turn_ && !outcome_) turn_.wait(mutex_);
  return has_turn_;
}

Status Writer::OpenGroup::wait() {
  const MutexLock lock(mutex_);
  while (!outcome_) settled_.wait(mutex_);
  return *outcome_;
}

Writer::Writer(Database& database, Decider& decider, WatermarkKeeper& watermark, Durability durability, const Limits& limits,
               const Tuning& tuning, const Gate& gate)
    : database_(database),
      watermark_(watermark),
      durability_(durability),
      limits_(limits),
      tuning_(tuning),
      gate_(gate),
      decider_(decider) {}

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
void Writer::settle(Time time) {
  raise_floor(time);
  if (time <= last_time()) return;
  {
    const MutexLock decide(decide_mutex_);
    if (decider_.last_seq() <= head()) return;
  }
  const bool in_turn = append_open_group(nullptr);
  sync_appended(in_turn);
}

Status Writer::failure() const {
  FORGE_TRY(watermark_.loss());
  const MutexLock queue(queue_mutex_);
  if (!failure_.ok()) return failure_;
  return stopping_ ? closed() : Status();
}

Status Writer::io_failure() const {
  FORGE_TRY(watermark_.loss());
  const MutexLock queue(queue_mutex_);
  return failure_;
}

std::size_t Writer::waiting_actions() const {
  const MutexLock queue(queue_mutex_);
  return waiting_actions_;
}

void Writer::fail(const Status& why) {
  const MutexLock queue(queue_mutex_);
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
  const Deadline deadline = deadline_of(transaction);
  const MutexLock decide(decide_mutex_);
  await_room();
  if (const Status failed = failure(); !failed.ok()) {
    return {.result = not_tried(failed, transaction.options().idempotency_key), .group = nullptr};
  }
  if (Status late = check_deadline(deadline); !late.ok()) return {.result = std::move(late), .group = nullptr};
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
  FORGE_TRY(check_deadline(request.deadline));
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
  for (std::shared_ptr<Request>& request : take_requests()) {
    request->result = decide(*request, group.group);
    group.requests.push_back(std::move(request));
  }
}

Writer::OpenGroup& Writer::open_group(bool leads) {
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

std::shared_ptr<Writer::OpenGroup> Writer::take_group() {
  std::shared_ptr<OpenGroup> taken = std::exchange(open_, nullptr);
  if (taken == nullptr) return taken;
  taken->group.frontier = decider_.frontier();
  group_taken_.notify_all();
  return taken;
}

TransactionResult Writer::transact_alone(const MakeTransaction& make, const std::function<void(Seq)>& then) {
  const MutexLock append_role(append_mutex_);
  const MutexLock sync_role(sync_mutex_);
  const MutexLock decide_role(decide_mutex_);
  FORGE_TRY(not_tried(failure()));
  FORGE_TRY(drain());
  auto alone = std::make_shared<OpenGroup>(next_group_++, true);
  FORGE_ASSIGN(const std::unique_ptr<PreparedTransaction> transaction, make(alone->group.batch));
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

// --- syncing -------------------------------------------------------------------------------------------------------------------

// Whoever finds nothing left has been covered by another's sync. Those who wait wake only when the next sync could begin.
void Writer::sync_appended(bool in_turn) {
  Groups groups;
  Status outcome;
  {
    const MutexLock sync_role(sync_mutex_);
    gather();
    groups = take_appended();
    if (!groups.empty()) outcome = sync_and_publish(groups);
  }
  if (in_turn) pass_turn();
  for (const std::shared_ptr<OpenGroup>& group : groups) group->settle(outcome);
}

// Whoever syncs without a turn may settle the chosen group before it is told; then the turn goes to another.
void Writer::pass_turn() {
  for (;;) {
    if (tuning_.turn_delay.count() > 0) std::this_thread::sleep_for(tuning_.turn_delay);
    const std::shared_ptr<OpenGroup> next = next_in_turn();
    if (tuning_.turn_delay.count() > 0) std::this_thread::sleep_for(tuning_.turn_delay);
    if (next == nullptr || next->give_turn()) return;
  }
}

// The group whose leader syncs next. None: the turn is the sync thread's or nobody's. What that thread has left behind, it takes in
// its last round, without a turn.
std::shared_ptr<Writer::OpenGroup> Writer::next_in_turn() {
  const MutexLock appended(appended_mutex_);
  for (const std::shared_ptr<OpenGroup>& group : appended_) {
    if (group->has_leader) return group;
    if (has_thread_left_) continue;
    is_turn_of_thread_ = true;
    thread_turn_.notify_one();
    return nullptr;
  }
  is_turn_taken_ = false;
  return nullptr;
}

void Writer::give_turn_to_thread() {
  {
    const MutexLock appended(appended_mutex_);
    is_turn_of_thread_ = true;
  }
  thread_turn_.notify_one();
}

Status Writer::sync_and_settle(const Groups& groups) {
  if (groups.empty()) return {};
  Status outcome = sync_and_publish(groups);
  for (const std::shared_ptr<OpenGroup>& group : groups) group->settle(outcome);
  return outcome;
}

// A failed sync is not tried again: the pages that it lost may pass for written. All later groups meet the failure.
Status Writer::sync_and_publish(const Groups& groups) {
  const auto begin = std::chrono::steady_clock::now();
  Status outcome = sync_logs(groups);
  last_sync_ = std::chrono::steady_clock::now() - begin;
  totals_.groups.add(groups.size());
  totals_.syncs.add(1);
  totals_.sync_nanos.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(last_sync_).count()));
  last_members_ = 0;
  if (!outcome.ok()) fail(outcome);
  const Group* last = nullptr;
  for (const std::shared_ptr<OpenGroup>& group : groups) {
    last_members_ += group->members();
    if (group->group.has_events()) last = &group->group;
  }
  if (outcome.ok() && last != nullptr) publish(*last);
  for (const std::shared_ptr<OpenGroup>& group : groups) answer_later(*group, outcome);
  return outcome;
}

// Usually all were appended to one file.
Status Writer::sync_logs(const Groups& groups) {
  FORGE_TRY(io_failure());
  if (durability_ != Durability::kSync) return {};
  const LogFile* synced = nullptr;
  for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
    LogFile* const log = (*group)->log.get();
    if (log == nullptr || log == synced) continue;
    if (const rocksdb::IOStatus status = log->sync(); !status.ok()) return sync_failure(status);
    synced = log;
  }
  return {};
}

void Writer::publish(const Group& group) {
  last_time_.store(group.last_time.micros, std::memory_order_release);
  head_.store(group.last_seq, std::memory_order_release);
  synced_group_.store(group.number, std::memory_order_release);
  watermark_.note(group.last_seq, group.frontier, group.last_time);
  if (on_commit_) on_commit_();
}

Writer::Groups Writer::take_appended() {
  const MutexLock appended(appended_mutex_);
  appended_members_ = 0;
  return std::exchange(appended_, {});
}

// Where a sync takes long, callers who were answered a moment ago are worth waiting for: what they ask then shares this sync
// instead of the one after it, and not every second sync is for a few. Waits until there are as many as last time, for half of what
// a sync takes at most, and no more for a while where few came.
void Writer::gather() {
  constexpr auto kWorthWaiting = std::chrono::milliseconds(1);
  constexpr int kRoundsWithout = 32;
  if (last_sync_ < kWorthWaiting) return;
  if (rounds_without_gathering_ > 0) {
    --rounds_without_gathering_;
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + last_sync_ / 2;
  const MutexLock appended(appended_mutex_);
  const std::size_t before = appended_members_;
  if (before == 0 || before >= last_members_) return;
  awaited_members_ = last_members_;
  while (awaited_members_ != 0) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0) break;
    gathered_.wait_for(appended_mutex_, left);
  }
  awaited_members_ = 0;
  if (appended_members_ - before < (last_members_ - before) / 2) rounds_without_gathering_ = kRoundsWithout;
}

// --- what nobody waits for -----------------------------------------------------------------------------------------------------

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

Status Writer::enqueue(std::shared_ptr<Request> request) {
  const MutexLock queue(queue_mutex_);
  if (!failure_.ok()) return not_tried(failure_, request->idempotency_key());
  if (stopping_) return closed();
  const std::size_t actions = request->weight();
  if (waiting_actions_ + actions > limits_.waiting_actions_max) return overloaded(waiting_actions_);
  if (!decide_thread_.joinable()) start_threads();
  if (request->transaction != nullptr) request->deadline = deadline_of(*request->transaction);
  waiting_actions_ += actions;
  queue_.push_back(std::move(request));
  if (queue_.size() == 1) queue_ready_.notify_one();
  return {};
}

void Writer::start_threads() {
  decide_thread_ = std::thread([this] { decide_loop(); });
  append_thread_ = std::thread([this] { append_loop(); });
  sync_thread_ = std::thread([this] { sync_loop(); });
  answer_thread_ = std::thread([this] { answer_loop(); });
}

bool Writer::await_requests() {
  const MutexLock queue(queue_mutex_);
  while (!stopping_ && queue_.empty()) queue_ready_.wait(queue_mutex_);
  return !queue_.empty();
}

void Writer::decide_loop() {
  const OwnThread own(gate_);
  while (await_requests()) {
    const MutexLock decide(decide_mutex_);
    await_room();
    decide_some();
    group_ready_.notify_one();
  }
  const MutexLock decide(decide_mutex_);
  decided_all_ = true;
  group_ready_.notify_one();
}

Writer::Requests Writer::take_requests() {
  const MutexLock queue(queue_mutex_);
  Requests taken;
  const std::size_t count = std::min(queue_.size(), kRequestsAtOnce);
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

bool Writer::await_group() {
  const MutexLock decide(decide_mutex_);
  while ((open_ == nullptr || open_->has_leader) && !decided_all_) group_ready_.wait(decide_mutex_);
  return !decided_all_;
}

// The last round takes what is left, also from a caller who is about to append it.
void Writer::append_loop() {
  const OwnThread own(gate_);
  for (bool goes_on = true; goes_on;) {
    goes_on = await_group();
    if (append_open_group(nullptr)) give_turn_to_thread();
  }
  {
    const MutexLock appended(appended_mutex_);
    appended_all_ = true;
  }
  thread_turn_.notify_one();
}

bool Writer::await_turn() {
  const MutexLock appended(appended_mutex_);
  while (!is_turn_of_thread_ && !appended_all_) thread_turn_.wait(appended_mutex_);
  has_thread_left_ = !is_turn_of_thread_;
  return std::exchange(is_turn_of_thread_, false);
}

void Writer::sync_loop() {
  const OwnThread own(gate_);
  while (await_turn()) sync_appended(true);
  sync_appended(false);
  {
    const MutexLock answers(answer_mutex_);
    synced_all_ = true;
  }
  answer_ready_.notify_one();
}

std::vector<Writer::Requests> Writer::await_answers() {
  const MutexLock answers(answer_mutex_);
  while (unanswered_.empty() && !synced_all_) answer_ready_.wait(answer_mutex_);
  return std::exchange(unanswered_, {});
}

void Writer::answer_loop() {
  const OwnThread own(gate_);
  for (auto groups = await_answers(); !groups.empty(); groups = await_answers()) {
    for (const Requests& group : groups) answer(group);
  }
}

// There is room for others before anybody is told.
void Writer::answer(const Requests& group) {
  std::size_t actions = 0;
  for (const std::shared_ptr<Request>& request : group) actions += request->weight();
  {
    const MutexLock queue(queue_mutex_);
    waiting_actions_ -= actions;
  }
  for (const std::shared_ptr<Request>& request : group) request->done(*std::move(request->result));
}

// In the order of the log.
void Writer::answer_later(OpenGroup& group, const Status& outcome) {
  if (group.requests.empty()) return;
  if (!outcome.ok()) {
    for (const std::shared_ptr<Request>& request : group.requests) request->result = outcome;
  }
  {
    const MutexLock answers(answer_mutex_);
    unanswered_.push_back(std::move(group.requests));
  }
  answer_ready_.notify_one();
}

}  // namespace forge::internal
