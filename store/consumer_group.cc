#include "consumer_group.h"

#include <algorithm>

namespace forge::internal {
namespace {

// Events that the group does not want move its cursor on disk this rarely, where nothing else does.
constexpr Seq kPassedUnwritten = 10'000;
constexpr int kRunsAtOnce = 16;

}  // namespace

ConsumerGroup::ConsumerGroup(std::shared_ptr<Feed> feed, std::string name, GroupTerms terms, const GroupCursor& cursor)
    : feed_(std::move(feed)),
      name_(std::move(name)),
      terms_(std::move(terms)),
      matcher_(terms_.filter),
      stored_(cursor),
      queue_(cursor, terms_.retry),
      passed_to_(cursor.reached) {}

Status ConsumerGroup::restore() {
  const MutexLock lock(mutex_);
  for (const GroupCursor::Open& open : stored_.open) {
    FORGE_ASSIGN(std::shared_ptr<const Event> event, feed_->source.event(open.seq));
    queue_.reopen(std::move(event), open.attempts);
  }
  return {};
}

Status ConsumerGroup::closed() const {
  return Status(ErrorId::kClosed, "the subscription '" + name_ + "' ended with its store");
}

// --- consumers ------------------------------------------------------------------------------------------------------------------

Result<ConsumerId> ConsumerGroup::join(const std::string& consumer) {
  const MutexLock lock(mutex_);
  if (closed_) return closed();
  const ConsumerId id = next_consumer_++;
  consumers_[id].name = consumer.empty() ? std::to_string(id) : consumer;
  return id;
}

void ConsumerGroup::leave(ConsumerId consumer) {
  const MutexLock lock(mutex_);
  if (consumers_.erase(consumer) == 0) return;
  queue_.release(consumer);
  nudge();
  feed_->pool.schedule(*this);
}

std::size_t ConsumerGroup::consumers() const {
  const MutexLock lock(mutex_);
  return consumers_.size();
}

void ConsumerGroup::nudge_with(ConsumerId consumer, DeliveryPool::Member* member) {
  const MutexLock lock(mutex_);
  const auto found = consumers_.find(consumer);
  if (found != consumers_.end()) found->second.nudged = member;
}

void ConsumerGroup::nudge() {
  changed_.notify_all();
  for (const auto& [id, consumer] : consumers_) {
    if (consumer.nudged != nullptr) feed_->pool.schedule(*consumer.nudged);
  }
}

std::string ConsumerGroup::name_of(ConsumerId consumer) const {
  const auto found = consumers_.find(consumer);
  return found == consumers_.end() ? "?" : found->second.name;
}

// --- taking ---------------------------------------------------------------------------------------------------------------------

Result<std::optional<Delivery>> ConsumerGroup::take(ConsumerId consumer, std::chrono::microseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const MutexLock lock(mutex_);
  for (;;) {
    FORGE_ASSIGN(std::optional<Delivery> next, take_now(consumer));
    std::chrono::microseconds wait =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
    if (next || wait.count() <= 0) return next;
    if (const std::optional<Time> retry = queue_.next_retry()) {
      const std::chrono::microseconds until(retry->micros - feed_->clock.now().micros);
      wait = std::min(wait, std::max(until, std::chrono::microseconds(1000)));
    }
    changed_.wait_for(mutex_, wait);
  }
}

Result<std::optional<Delivery>> ConsumerGroup::try_take(ConsumerId consumer) {
  const MutexLock lock(mutex_);
  return take_now(consumer);
}

Result<std::optional<Delivery>> ConsumerGroup::take_now(ConsumerId consumer) {
  if (closed_) return closed();
  if (!consumers_.contains(consumer)) return Status(ErrorId::kCancelled, "the consumer has left the subscription '" + name_ + "'");
  const Time now = feed_->clock.now();
  if (!queue_.has_ready(now)) FORGE_TRY(read_more());
  std::optional<Delivery> next = queue_.take(consumer, now);
  // From now on it may stall.
  if (next && (!due_ || now.micros + terms_.stall_after.count() < due_->micros)) feed_->pool.schedule(*this);
  return next;
}

// Goes on until there is an event to take. A long stretch without any is read in parts: the head's news, or the next call, go on.
Status ConsumerGroup::read_more() {
  for (int runs = 0; runs < kRunsAtOnce && queue_.has_room(); ++runs) {
    const Seq to = feed_->visible(terms_.durable_only);
    const Seq from = queue_.read_to() + 1;
    if (from > to) break;
    if (run_ == nullptr || run_->last < from) {
      FORGE_ASSIGN(run_, feed_->source.read(from, to, matcher_));
    }
    if (offer_run()) break;
    if (runs + 1 == kRunsAtOnce) feed_->pool.schedule(*this);
  }
  if (queue_.read_to() - passed_to_ < kPassedUnwritten) return {};
  return persist();
}

// True where the group wants something of it.
bool ConsumerGroup::offer_run() {
  const Seq to = std::min(run_->last, feed_->visible(terms_.durable_only));
  const Seq from = queue_.read_to() + 1;
  auto next = std::partition_point(run_->events.begin(), run_->events.end(), [&](const auto& event) { return event->seq < from; });
  bool any = false;
  for (; next != run_->events.end() && (*next)->seq <= to; ++next) {
    if (!matcher_.matches(**next)) continue;
    if (!queue_.has_room()) return any;
    queue_.offer(*next);
    any = true;
  }
  queue_.pass(to);
  changed_.notify_all();  // who waits for an event that the group does not want
  if (to == run_->last) run_ = nullptr;
  return any;
}

// --- answering ------------------------------------------------------------------------------------------------------------------

Status ConsumerGroup::ack(ConsumerId consumer, Seq seq) {
  FORGE_TRY(note_done(consumer, seq));
  return settle();
}

Status ConsumerGroup::nack(ConsumerId consumer, Seq seq, const std::string& why) {
  FORGE_TRY(note_failed(consumer, seq, why));
  return settle();
}

Status ConsumerGroup::note_done(ConsumerId consumer, Seq seq) {
  const MutexLock lock(mutex_);
  if (closed_) return closed();
  FORGE_TRY(queue_.ack(consumer, seq));
  ++changes_;
  nudge();
  return {};
}

Status ConsumerGroup::note_failed(ConsumerId consumer, Seq seq, const std::string& why) {
  const MutexLock lock(mutex_);
  if (closed_) return closed();
  FORGE_ASSIGN(std::optional<ParkedEvent> parked, queue_.nack(consumer, seq, why, feed_->clock.now()));
  ++changes_;
  if (parked && feed_->log) {
    feed_->log(LogLevel::kWarning, "the subscription '" + name_ + "' parked event " + std::to_string(seq) + " after " +
                                       std::to_string(parked->attempts) + " attempts");
  }
  if (parked) parked_[seq] = std::move(parked);
  nudge();
  feed_->pool.schedule(*this);
  return {};
}

Status ConsumerGroup::unpark(const std::vector<Seq>& seqs, bool again) {
  const MutexLock lock(mutex_);
  if (closed_) return closed();
  for (const Seq seq : seqs) {
    if (again) {
      FORGE_ASSIGN(std::shared_ptr<const Event> event, feed_->source.event(seq));
      queue_.reopen(std::move(event), 0);
    }
    parked_[seq] = std::nullopt;
  }
  ++changes_;
  nudge();
  return persist();
}

Status ConsumerGroup::create() {
  const MutexLock lock(mutex_);
  ++changes_;
  return persist();
}

Status ConsumerGroup::settle() {
  const MutexLock lock(mutex_);
  return persist();
}

// The first one here writes for all that come while it does.
Status ConsumerGroup::persist() {
  const std::uint64_t mine = changes_;
  while (written_ < mine || queue_.read_to() - passed_to_ >= kPassedUnwritten) {
    if (failed_ >= mine) return failure_;
    if (writing_) {
      changed_.wait(mutex_);
      continue;
    }
    writing_ = true;
    const std::uint64_t covers = changes_;
    const Seq passed_to = queue_.read_to();
    const std::map<Seq, std::optional<ParkedEvent>> parked = parked_;
    std::vector<RowWrite> rows = take_rows();
    mutex_.unlock();
    const Status status = feed_->write(std::move(rows));
    mutex_.lock();
    writing_ = false;
    if (status.ok()) {
      written_ = covers;
      passed_to_ = passed_to;
    } else {
      failed_ = covers;
      failure_ = status;
      for (const auto& row : parked) parked_.insert(row);
    }
    changed_.notify_all();
  }
  return {};
}

std::vector<RowWrite> ConsumerGroup::take_rows() {
  std::vector<RowWrite> rows;
  rows.push_back({.table = Table::kCursors, .key = cursor_key(name_), .value = encode(queue_.cursor(feed_->clock.now()))});
  for (const auto& [seq, event] : parked_) {
    rows.push_back({.table = Table::kCursors,
                    .key = parked_key(name_, seq),
                    .value = event ? std::optional<std::string>(encode(*event)) : std::nullopt});
  }
  parked_.clear();
  return rows;
}

// --- watching -------------------------------------------------------------------------------------------------------------------

bool ConsumerGroup::turn() {
  const MutexLock lock(mutex_);
  if (closed_) return false;
  const Time now = feed_->clock.now();
  watch(now);
  if (queue_.has_ready(now) || feed_->visible(terms_.durable_only) > queue_.read_to()) nudge();
  return false;
}

void ConsumerGroup::watch(Time now) {
  due_ = queue_.next_retry();
  std::set<Seq> stalled;
  for (const GroupQueue::Out& out : queue_.out()) {
    const Time stalls{out.since.micros + terms_.stall_after.count()};
    if (stalls > now) {
      due_ = due_ ? std::min(*due_, stalls) : stalls;
      continue;
    }
    stalled.insert(out.seq);
    if (stalled_.contains(out.seq) || !feed_->log) continue;
    feed_->log(LogLevel::kWarning, "the subscription '" + name_ + "' has event " + std::to_string(out.seq) + " out to consumer " +
                                       name_of(out.consumer) + " since " + format_time(out.since) + " without an answer");
  }
  stalled_ = std::move(stalled);
  set_due(due_);
}

Seq ConsumerGroup::done_to() const {
  const MutexLock lock(mutex_);
  return queue_.done_to();
}

bool ConsumerGroup::wait_for(Seq seq, std::chrono::microseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const MutexLock lock(mutex_);
  bool in_time = true;
  while (queue_.done_to() < seq && !closed_ && in_time) {
    in_time = changed_.wait_for(mutex_, deadline - std::chrono::steady_clock::now());
  }
  return queue_.done_to() >= seq;
}

void ConsumerGroup::describe(GroupInfo& info) const {
  const MutexLock lock(mutex_);
  const Time now = feed_->clock.now();
  info.done_to = queue_.done_to();
  info.retrying = queue_.retrying();
  info.consumers = consumers_.size();
  for (const GroupQueue::Out& out : queue_.out()) {
    info.out.push_back({.seq = out.seq,
                        .consumer = name_of(out.consumer),
                        .attempt = out.attempt,
                        .since = out.since,
                        .stalled = now.micros - out.since.micros >= terms_.stall_after.count()});
  }
}

void ConsumerGroup::close() {
  const MutexLock lock(mutex_);
  if (closed_) return;
  if (queue_.read_to() != passed_to_) ++changes_;
  static_cast<void>(persist().ok());  // what it did not get to is only read again
  closed_ = true;
  changed_.notify_all();
}

}  // namespace forge::internal
