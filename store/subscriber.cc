#include "subscriber.h"

#include <time.h>

#include <algorithm>
#include <exception>

namespace forge::internal {
namespace {

// After so long a turn ends, so that others get theirs.
constexpr std::chrono::milliseconds kTurn{5};
constexpr int kEventsInTurn = 64;  // of a group: acknowledged together

// What has passed since some moment, to within the kernel's tick, a few milliseconds. It is read for every event of every
// subscriber, where the exact time costs as much as all else that a delivery does.
std::chrono::nanoseconds rough_time() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Status cancelled() {
  return Status(ErrorId::kCancelled, "the subscription was cancelled");
}

std::string place_of(const Event& event) {
  return "event " + std::to_string(event.seq) + " " + event.type;
}

}  // namespace

Status call_back(const EventCallback& callback, const Event& event) {
  try {
    return callback(event);
  } catch (const std::exception& thrown) {
    return Status(ErrorId::kConsumerFailed, "the subscription's function threw an exception")
        .why(thrown.what())
        .place(place_of(event));
  } catch (...) {
    return Status(ErrorId::kConsumerFailed, "the subscription's function threw something").place(place_of(event));
  }
}

// --- one that keeps its own place -----------------------------------------------------------------------------------------------

bool Subscriber::turn() {
  const Seq from = position_ + 1;
  const Seq to = feed_->visible(durable_only_);
  if (ended_ || from > to) return false;
  const Result<std::shared_ptr<const EventRun>> run = feed_->source.read(from, to, matcher_);
  const Status delivered = run.ok() ? deliver(**run, std::min((*run)->last, to)) : run.status();
  if (!delivered.ok()) end(delivered);
  return !ended_ && position_ < feed_->visible(durable_only_);
}

Status Subscriber::deliver(const EventRun& run, Seq to) {
  const std::chrono::nanoseconds started = rough_time();
  auto next =
      std::partition_point(run.events.begin(), run.events.end(), [&](const auto& event) { return event->seq <= position_; });
  for (; next != run.events.end() && (*next)->seq <= to; ++next) {
    if (ended_) return {};
    const Event& event = **next;
    if (!matcher_.matches(event)) continue;
    Status done = call_back(callback_, event);
    if (!done.ok()) {
      advance(event.seq - 1);
      if (done.id() == ErrorId::kConsumerFailed) return done;
      return Status(ErrorId::kConsumerFailed, "the subscription's function failed").why(done.message()).place(place_of(event));
    }
    position_ = event.seq;
    if (rough_time() - started < kTurn) continue;
    advance(event.seq);
    return {};
  }
  advance(to);
  return {};
}

void Subscriber::advance(Seq seq) {
  position_ = seq;
  const MutexLock lock(mutex_);
  if (waiting_ > 0) changed_.notify_all();
}

void Subscriber::end(const Status& why) {
  const MutexLock lock(mutex_);
  if (ended_.exchange(true)) return;
  why_ = why;
  changed_.notify_all();
}

void Subscriber::cancel() {
  end(cancelled());
  feed_->pool.remove(*this);
}

void Subscriber::close() {
  end(Status(ErrorId::kClosed, "the store is closed"));
}

bool Subscriber::wait_for(Seq seq, std::chrono::microseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const MutexLock lock(mutex_);
  ++waiting_;
  bool in_time = true;
  while (position_ < seq && !ended_ && in_time) in_time = changed_.wait_for(mutex_, deadline - std::chrono::steady_clock::now());
  --waiting_;
  return position_ >= seq;
}

Status Subscriber::status() const {
  const MutexLock lock(mutex_);
  return why_;
}

// --- a consumer of a group ------------------------------------------------------------------------------------------------------

bool GroupSubscriber::turn() {
  const std::chrono::nanoseconds started = rough_time();
  Result<bool> delivered = true;
  int count = 0;
  while (!ended_ && count < kEventsInTurn && rough_time() - started < kTurn) {
    delivered = deliver_one();
    if (!delivered.ok() || !*delivered) break;
    ++count;
  }
  const Status settled = count > 0 ? group_->settle() : Status();
  if (!delivered.ok() || !settled.ok()) end(delivered.ok() ? settled : delivered.status());
  return !ended_ && *delivered;
}

Result<bool> GroupSubscriber::deliver_one() {
  FORGE_ASSIGN(const std::optional<Delivery> next, group_->try_take(id_));
  if (!next) return false;
  const Status done = call_back(callback_, *next->event);
  FORGE_TRY(done.ok() ? group_->note_done(id_, next->event->seq) : group_->note_failed(id_, next->event->seq, done.message()));
  return true;
}

void GroupSubscriber::end(const Status& why) {
  const MutexLock lock(mutex_);
  if (!ended_.exchange(true)) why_ = why;
}

void GroupSubscriber::cancel() {
  end(cancelled());
  feed_->pool.remove(*this);
  group_->leave(id_);
}

bool GroupSubscriber::wait_for(Seq seq, std::chrono::microseconds timeout) const {
  return !ended_ && group_->wait_for(seq, timeout);
}

Status GroupSubscriber::status() const {
  const MutexLock lock(mutex_);
  return why_;
}

}  // namespace forge::internal
