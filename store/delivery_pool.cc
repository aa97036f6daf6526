#include "delivery_pool.h"

#include <algorithm>

namespace forge::internal {
namespace {

// Nobody tells when a clock moves: what waits for a time is looked at this often at least.
constexpr std::chrono::milliseconds kLookAgain{1000};

}  // namespace

void DeliveryPool::add(const std::shared_ptr<Member>& member) {
  const MutexLock lock(mutex_);
  if (stopping_) return;
  member->index_ = members_.size();
  member->is_member_ = true;
  members_.push_back(member);
  enqueue(*member);
  while (threads_.size() < threads_max_) threads_.emplace_back([this] { work(); });
}

void DeliveryPool::remove(Member& member) {
  const MutexLock lock(mutex_);
  if (member.is_member_) {
    const std::shared_ptr<Member> removed = members_[member.index_];
    members_.back()->index_ = member.index_;
    members_[member.index_] = members_.back();
    members_.pop_back();
    member.is_member_ = false;
    if (member.state_ == Member::State::kQueued) {
      std::erase(queue_, removed);
      member.state_ = Member::State::kIdle;
    }
  }
  const auto is_running = [&] { return member.state_ == Member::State::kRunning || member.state_ == Member::State::kRunningAgain; };
  while (is_running() && member.runner_ != std::this_thread::get_id()) turn_ended_.wait(mutex_);
}

void DeliveryPool::schedule(Member& member) {
  const MutexLock lock(mutex_);
  enqueue(member);
}

void DeliveryPool::enqueue(Member& member) {
  if (!member.is_member_ || stopping_) return;
  if (member.state_ == Member::State::kRunning) member.state_ = Member::State::kRunningAgain;
  if (member.state_ != Member::State::kIdle) return;
  member.state_ = Member::State::kQueued;
  queue_.push_back(members_[member.index_]);
  notify();
}

void DeliveryPool::wake() {
  if (!news_.exchange(true)) notify();
}

// The sleeper counts itself before it looks at calls_, and here the order is the other way round: one of both sees the other.
void DeliveryPool::notify() {
  calls_.fetch_add(1);
  if (sleepers_.load() == 0) return;
  { const MutexLock lock(sleep_mutex_); }
  called_.notify_one();
}

void DeliveryPool::sleep(std::uint64_t seen) {
  std::chrono::microseconds wait{0};
  {
    const MutexLock lock(mutex_);
    if (next_due_ != Member::kNever) {
      const std::chrono::microseconds until(std::max<std::int64_t>(next_due_ - clock_.now().micros, 1000));
      wait = std::min<std::chrono::microseconds>(until, kLookAgain);
    }
  }
  const MutexLock lock(sleep_mutex_);
  ++sleepers_;
  while (calls_.load() == seen) {
    if (wait.count() == 0) {
      called_.wait(sleep_mutex_);
    } else if (!called_.wait_for(sleep_mutex_, wait)) {
      break;
    }
  }
  --sleepers_;
}

void DeliveryPool::scan() {
  const bool all = news_.exchange(false);
  const std::int64_t now = next_due_ == Member::kNever ? 0 : clock_.now().micros;
  if (!all && now < next_due_) return;
  next_due_ = Member::kNever;
  for (const std::shared_ptr<Member>& member : members_) {
    const std::int64_t due = member->due_.load();
    if (all || due <= now) enqueue(*member);
    if (due > now) next_due_ = std::min(next_due_, due);
  }
}

// False when there was nothing to run.
bool DeliveryPool::run_next() {
  std::shared_ptr<Member> next;  // what it was the last to hold ends without the lock
  MutexLock lock(mutex_);
  scan();
  if (queue_.empty()) return false;
  next = std::move(queue_.front());
  queue_.pop_front();
  next->state_ = Member::State::kRunning;
  next->runner_ = std::this_thread::get_id();
  lock.unlock();
  const bool more = next->turn();
  lock.lock();
  const bool again = more || next->state_ == Member::State::kRunningAgain;
  next->state_ = Member::State::kIdle;
  next->runner_ = std::thread::id();
  next_due_ = std::min(next_due_, next->due_.load());
  if (again) enqueue(*next);
  turn_ended_.notify_all();
  return true;
}

void DeliveryPool::work() {
  const OwnThread own(*gate_);
  for (;;) {
    const std::uint64_t seen = calls_.load();
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
    }
    if (!run_next()) sleep(seen);
  }
}

void DeliveryPool::stop() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    queue_.clear();
    threads.swap(threads_);
  }
  calls_.fetch_add(1);
  { const MutexLock lock(sleep_mutex_); }
  called_.notify_all();
  for (std::thread& thread : threads) thread.join();
  std::vector<std::shared_ptr<Member>> members;  // they may hold what holds the pool, and end without the lock
  const MutexLock lock(mutex_);
  for (const std::shared_ptr<Member>& member : members_) {
    member->is_member_ = false;
    member->state_ = Member::State::kIdle;
  }
  members.swap(members_);
}

}  // namespace forge::internal
