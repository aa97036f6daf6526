// Syncing: whoever has the turn syncs for every group appended so far, shows it to readers and tells those who wait.

#include <algorithm>

#include "writer.h"

namespace forge::internal {

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
std::shared_ptr<OpenGroup> Writer::next_in_turn() {
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

}  // namespace forge::internal
