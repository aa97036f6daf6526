#include "group_queue.h"

#include <algorithm>

namespace forge::internal {

GroupQueue::Record GroupQueue::record_of(const Event& event) {
  return event.resource + '\0' + event.key;
}

void GroupQueue::offer(std::shared_ptr<const Event> event) {
  read_to_ = event->seq;
  add(std::move(event), 0, false);
}

void GroupQueue::reopen(std::shared_ptr<const Event> event, std::uint32_t attempts) {
  if (!pending_.contains(event->seq)) add(std::move(event), attempts, true);
}

// An event without a record waits for none.
void GroupQueue::add(std::shared_ptr<const Event> event, std::uint32_t attempts, bool reopened) {
  const Seq seq = event->seq;
  State state = State::kReady;
  if (!event->resource.empty()) {
    std::set<Seq>& record = records_[record_of(*event)];
    const auto active =
        std::find_if(record.begin(), record.end(), [&](Seq other) { return pending_.at(other).state != State::kBlocked; });
    if (active != record.end()) {
      Pending& first = pending_.at(*active);
      if (first.state == State::kReady && seq < *active) {
        first.state = State::kBlocked;
        ready_.erase(*active);
      } else {
        state = State::kBlocked;
      }
    }
    record.insert(seq);
  }
  pending_[seq] = {
      .event = std::move(event), .state = state, .attempts = attempts, .reopened = reopened, .consumer = 0, .since = {}};
  if (state == State::kReady) ready_.insert(seq);
}

void GroupQueue::make_due(Time now) {
  for (; !delayed_.empty() && delayed_.begin()->first <= now.micros; delayed_.erase(delayed_.begin())) {
    const Seq seq = delayed_.begin()->second;
    pending_.at(seq).state = State::kReady;
    ready_.insert(seq);
  }
}

bool GroupQueue::has_ready(Time now) {
  make_due(now);
  return !ready_.empty();
}

std::optional<Delivery> GroupQueue::take(ConsumerId consumer, Time now) {
  if (!has_ready(now)) return std::nullopt;
  const Seq seq = *ready_.begin();
  ready_.erase(ready_.begin());
  Pending& pending = pending_.at(seq);
  pending.state = State::kOut;
  pending.consumer = consumer;
  pending.since = now;
  return Delivery{.event = pending.event, .attempt = pending.attempts + 1};
}

Result<GroupQueue::Pending*> GroupQueue::out_to(ConsumerId consumer, Seq seq) {
  const auto found = pending_.find(seq);
  if (found != pending_.end() && found->second.state == State::kOut && found->second.consumer == consumer) return &found->second;
  return Status(ErrorId::kDeliveryLost, "event " + std::to_string(seq) + " is not out to this consumer")
      .why(found == pending_.end() ? "it is done, or was never taken" : "another one has it or will get it")
      .state("nothing was changed");
}

Status GroupQueue::ack(ConsumerId consumer, Seq seq) {
  FORGE_TRY(out_to(consumer, seq).status());
  finish(seq);
  return {};
}

Result<std::optional<ParkedEvent>> GroupQueue::nack(ConsumerId consumer, Seq seq, const std::string& why, Time now) {
  FORGE_ASSIGN(Pending* const pending, out_to(consumer, seq));
  ++pending->attempts;
  pending->consumer = 0;
  if (pending->attempts >= retry_.attempts_max) {
    ParkedEvent parked{.seq = seq, .attempts = pending->attempts, .parked_at = now, .error = why};
    finish(seq);
    return std::optional<ParkedEvent>(std::move(parked));
  }
  std::int64_t wait = retry_.backoff.count();
  for (std::uint32_t i = 1; i < pending->attempts && wait < retry_.backoff_max.count(); ++i) wait *= 2;
  pending->since = Time{now.micros + std::min<std::int64_t>(wait, retry_.backoff_max.count())};
  pending->state = State::kDelayed;
  delayed_.emplace(pending->since.micros, seq);
  return std::optional<ParkedEvent>();
}

void GroupQueue::release(ConsumerId consumer) {
  for (auto& [seq, pending] : pending_) {
    if (pending.state != State::kOut || pending.consumer != consumer) continue;
    pending.consumer = 0;
    pending.state = State::kReady;
    ready_.insert(seq);
  }
}

// It is done with; the next of its record may go out.
void GroupQueue::finish(Seq seq) {
  const auto done = pending_.find(seq);
  if (!done->second.reopened) done_max_ = std::max(done_max_, seq);
  const std::shared_ptr<const Event> event = done->second.event;
  pending_.erase(done);
  const auto record = records_.find(record_of(*event));
  if (record == records_.end()) return;
  record->second.erase(seq);
  if (record->second.empty()) {
    records_.erase(record);
    return;
  }
  const Seq next = *record->second.begin();
  pending_.at(next).state = State::kReady;
  ready_.insert(next);
}

std::optional<Time> GroupQueue::next_retry() const {
  return delayed_.empty() ? std::nullopt : std::optional<Time>(Time{delayed_.begin()->first});
}

std::vector<GroupQueue::Out> GroupQueue::out() const {
  std::vector<Out> out;
  for (const auto& [seq, pending] : pending_) {
    if (pending.state != State::kOut) continue;
    out.push_back({.seq = seq, .consumer = pending.consumer, .attempt = pending.attempts + 1, .since = pending.since});
  }
  return out;
}

Seq GroupQueue::done_to() const {
  return pending_.empty() ? read_to_ : std::min(read_to_, pending_.begin()->first - 1);
}

// The stored cursor ends before the first event behind which nothing is worth remembering: nothing is done or has failed there, so
// it is read again after a restart as if for the first time. What is pending before that end is open.
GroupCursor GroupQueue::cursor(Time now) const {
  Seq known = std::max(done_max_, cursor_.reached);
  for (const auto& [seq, pending] : pending_) {
    if (pending.attempts > 0) known = std::max(known, seq);
  }
  GroupCursor out = cursor_;
  out.updated = now;
  out.open.clear();
  const auto end = pending_.upper_bound(known);
  out.reached = end == pending_.end() ? read_to_ : end->first - 1;
  for (auto at = pending_.begin(); at != end; ++at) out.open.push_back({.seq = at->first, .attempts = at->second.attempts});
  return out;
}

}  // namespace forge::internal
