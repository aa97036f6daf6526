#pragma once

// A group while it lives: its queue, its consumers and its stored cursor. Whoever acknowledges first writes the cursor for all who
// acknowledge meanwhile. Safe from any thread.

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "feed.h"
#include "group_queue.h"

namespace forge::internal {

// What all consumers of a group must agree on.
struct GroupTerms {
  EventFilter filter;
  RetryPolicy retry;
  std::chrono::microseconds stall_after{0};
  bool durable_only = false;

  friend bool operator==(const GroupTerms&, const GroupTerms&) = default;
};

class ConsumerGroup : public DeliveryPool::Member {
 public:
  ConsumerGroup(std::shared_ptr<Feed> feed, std::string name, GroupTerms terms, const GroupCursor& cursor);

  const std::string& name() const { return name_; }
  const GroupTerms& terms() const { return terms_; }
  // Reads back the events that the cursor has as open. Before anything else. Errors: kDataCorrupt, kIoError.
  Status restore();
  // Writes the cursor of a new group.
  Status create();

  // Errors: kClosed.
  Result<ConsumerId> join(const std::string& consumer);
  // Gives back what it has out. Twice is once.
  void leave(ConsumerId consumer);
  std::size_t consumers() const;
  // `member` gets a turn whenever an event becomes ready, until it is removed with null.
  void nudge_with(ConsumerId consumer, DeliveryPool::Member* member);

  // As Consumer::take, ack and nack.
  Result<std::optional<Delivery>> take(ConsumerId consumer, std::chrono::microseconds timeout);
  Status ack(ConsumerId consumer, Seq seq);
  Status nack(ConsumerId consumer, Seq seq, const std::string& why);
  // The same without waiting; what was noted is durable after settle().
  Result<std::optional<Delivery>> try_take(ConsumerId consumer);
  Status note_done(ConsumerId consumer, Seq seq);
  Status note_failed(ConsumerId consumer, Seq seq, const std::string& why);
  Status settle();

  // Takes parked events off the list, to be delivered again or not.
  Status unpark(const std::vector<Seq>& seqs, bool again);

  Seq done_to() const;
  bool wait_for(Seq seq, std::chrono::microseconds timeout) const;
  // Adds what is known of it here.
  void describe(GroupInfo& info) const;
  // Looks for what has become ready, and for events that are out too long.
  bool turn() override;
  // Writes the cursor where it has moved; everything later is refused with kClosed.
  void close();

 private:
  struct Joined {
    std::string name;
    DeliveryPool::Member* nudged = nullptr;
  };

  Result<std::optional<Delivery>> take_now(ConsumerId consumer) FORGE_REQUIRES(mutex_);
  Status read_more() FORGE_REQUIRES(mutex_);
  bool offer_run() FORGE_REQUIRES(mutex_);
  void nudge() FORGE_REQUIRES(mutex_);
  Status persist() FORGE_REQUIRES(mutex_);
  std::vector<RowWrite> take_rows() FORGE_REQUIRES(mutex_);
  void watch(Time now) FORGE_REQUIRES(mutex_);
  std::string name_of(ConsumerId consumer) const FORGE_REQUIRES(mutex_);
  Status closed() const;

  const std::shared_ptr<Feed> feed_;
  const std::string name_;
  const GroupTerms terms_;
  const EventMatcher matcher_;
  const GroupCursor stored_;  // as it was when it was read

  mutable Mutex mutex_;
  mutable CondVar changed_;
  GroupQueue queue_ FORGE_GUARDED_BY(mutex_);
  std::map<ConsumerId, Joined> consumers_ FORGE_GUARDED_BY(mutex_);
  ConsumerId next_consumer_ FORGE_GUARDED_BY(mutex_) = 1;
  std::shared_ptr<const EventRun> run_ FORGE_GUARDED_BY(mutex_);  // what was read and is not all offered yet
  std::optional<Time> due_ FORGE_GUARDED_BY(mutex_);              // when it is to look at retries and stalled events again
  std::set<Seq> stalled_ FORGE_GUARDED_BY(mutex_);                // reported
  std::map<Seq, std::optional<ParkedEvent>> parked_ FORGE_GUARDED_BY(mutex_);  // rows to write; nothing: to delete
  bool closed_ FORGE_GUARDED_BY(mutex_) = false;

  // The stored cursor: changes are numbered, and a write covers those that came before it.
  std::uint64_t changes_ FORGE_GUARDED_BY(mutex_) = 0;
  std::uint64_t written_ FORGE_GUARDED_BY(mutex_) = 0;
  std::uint64_t failed_ FORGE_GUARDED_BY(mutex_) = 0;
  Status failure_ FORGE_GUARDED_BY(mutex_);
  bool writing_ FORGE_GUARDED_BY(mutex_) = false;
  Seq passed_to_ FORGE_GUARDED_BY(mutex_) = 0;  // read_to() of the last write
};

}  // namespace forge::internal
