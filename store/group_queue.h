#pragma once

// The events that a group has before it: which may go out, to whom they are out, which wait for another attempt. Pure: the time is
// an argument, events are handed in. Events of one record go out one after another: a later one waits until the earlier one is
// acknowledged or parked.
//
// Not safe for concurrent use.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "forge/events/event.h"
#include "group_cursor.h"

namespace forge::internal {

using ConsumerId = std::uint64_t;

class GroupQueue {
 public:
  // So many events are before it at most; retries come on top.
  static constexpr std::size_t kWindow = 256;

  GroupQueue(GroupCursor cursor, const RetryPolicy& retry) : cursor_(std::move(cursor)), retry_(retry), read_to_(cursor_.reached) {}

  // Every event up to here was offered or passed over.
  Seq read_to() const { return read_to_; }
  bool has_room() const { return pending_.size() < kWindow; }
  // The next event that the group wants, in order of seq; everything between it and the one before is passed over.
  void offer(std::shared_ptr<const Event> event);
  // There is nothing for the group up to `seq`.
  void pass(Seq seq) { read_to_ = std::max(read_to_, seq); }
  // An event from before: one that the cursor has as open, or a parked one that is to be delivered again.
  void reopen(std::shared_ptr<const Event> event, std::uint32_t attempts);

  // The earliest event that may go out now.
  std::optional<Delivery> take(ConsumerId consumer, Time now);
  // Errors: kDeliveryLost where the event is not out to that consumer.
  Status ack(ConsumerId consumer, Seq seq);
  // The event as parked, where that was its last attempt. Errors: as ack.
  Result<std::optional<ParkedEvent>> nack(ConsumerId consumer, Seq seq, const std::string& why, Time now);
  // What is out to the consumer may go out again at once; that was no attempt.
  void release(ConsumerId consumer);

  bool has_ready(Time now);
  // When the next retry is due.
  std::optional<Time> next_retry() const;
  struct Out {
    Seq seq = 0;
    ConsumerId consumer = 0;
    std::uint32_t attempt = 1;
    Time since;
  };
  std::vector<Out> out() const;
  std::size_t retrying() const { return delayed_.size(); }
  Seq done_to() const;
  // The cursor as it is to be stored.
  GroupCursor cursor(Time now) const;

 private:
  enum class State : std::uint8_t { kBlocked, kReady, kDelayed, kOut };
  struct Pending {
    std::shared_ptr<const Event> event;
    State state = State::kBlocked;
    std::uint32_t attempts = 0;  // failed ones
    bool reopened = false;       // was behind the cursor already
    ConsumerId consumer = 0;
    Time since;  // out since, or due
  };
  using Record = std::string;  // resource, NUL, key
  static Record record_of(const Event& event);
  void add(std::shared_ptr<const Event> event, std::uint32_t attempts, bool reopened);
  void make_due(Time now);
  Result<Pending*> out_to(ConsumerId consumer, Seq seq);
  void finish(Seq seq);

  GroupCursor cursor_;
  RetryPolicy retry_;
  Seq read_to_ = 0;
  Seq done_max_ = 0;                                   // the highest one acknowledged or parked
  std::map<Seq, Pending> pending_;                     // not done
  std::unordered_map<Record, std::set<Seq>> records_;  // the pending events of each; one of them is not blocked
  std::set<Seq> ready_;
  std::set<std::pair<std::int64_t, Seq>> delayed_;  // by the time they are due
};

}  // namespace forge::internal
