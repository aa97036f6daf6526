#pragma once

// Subscriptions: events delivered as they come, after those that were, in order, with no gap and no repeat. The writer never waits
// for a subscriber: one that is slow reads from the log until it has caught up.
//
// A plain subscription keeps its place in memory only. One with a `group` is a durable, named cursor that any number of consumers
// of this process share: each event goes to one of them, events of one record one after another; what is acknowledged is never
// delivered again, also after the process was killed, and what is not is delivered again. An event that fails is tried again
// later and, after some attempts, parked: it stands aside, listed, until it is retried or skipped.
//
// Callbacks run in a small pool of threads that the store starts with its first subscription, one callback of a subscription at a
// time. They must be quick: where the work is slow, use a Consumer, which is called in the caller's own thread. A callback may
// act on the store and cancel subscriptions, though not two callbacks each other's; closing the store there is refused. All types
// here are safe from any thread; a subscription or consumer may outlive its store and then answers kClosed.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "forge/events/event.h"
#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/store/point.h"

namespace forge {

// Which events are wanted. What is empty lets all pass. That of a group is set when it begins: another one is refused.
struct EventFilter {
  std::string resource = {};
  std::string key = {};                 // with `resource`: one record
  std::vector<std::string> types = {};  // globs; one of them must match
  std::string tag = {};
  std::string actor = {};

  friend bool operator==(const EventFilter&, const EventFilter&) = default;
};

// What becomes of an event that a consumer of a group failed on. Times are those of the store's clock. Attempts are counted over
// reopening the store; the wait for the next one is not kept.
struct RetryPolicy {
  std::uint32_t attempts_max = 5;                      // then it is parked; at least 1
  std::chrono::microseconds backoff{1'000'000};        // before the second attempt, doubled with each further one
  std::chrono::microseconds backoff_max{300'000'000};  // but never longer than this

  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

struct SubscribeOptions {
  // Where it begins: a seq means that event, Seq{1} or 0 the first one; a time the first event recorded at or after it; Head{} what
  // comes from now on; any other point what comes after it. A group that has a cursor goes on from there instead.
  Point from = Head{};
  std::string of_store = {};  // refuse where the seq belongs to another store than the one with this id; empty: do not ask
  EventFilter filter = {};
  bool durable_only = false;  // with Durability::kOs: only events that survive a power cut

  std::string group = {};     // letters, digits and _ . : -, at most 200; empty: a plain subscription
  std::string consumer = {};  // how the group names this one to people; empty: a number
  RetryPolicy retry = {};
  std::chrono::microseconds stall_after{60'000'000};  // an event that is out for longer is reported as stalled
};

// Called with each event. A function without a result succeeds unless it throws. An error or an exception ends a plain
// subscription; in a group it is a failed attempt.
class EventCallback {
 public:
  template <typename F>
    requires(std::invocable<F&, const Event&> && !std::same_as<std::remove_cvref_t<F>, EventCallback>)
  EventCallback(F call) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Event&>>) {
      call_ = [call = std::move(call)](const Event& event) mutable { return call(event), Status(); };
    } else {
      call_ = std::move(call);
    }
  }

  Status operator()(const Event& event) const { return call_(event); }

 private:
  std::function<Status(const Event&)> call_;
};

// Ends with the object.
class Subscription {
 public:
  Subscription() = default;
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription();

  // No callback runs once this has returned; called from inside one, none after it. What a group's callback succeeded on before is
  // acknowledged.
  void cancel();
  // Every event up to here was delivered, or passed over by the filter. Of a group: is behind it, for this and all its consumers.
  Seq position() const;
  // Waits until position() has reached `seq`. False when the time is over or the subscription has ended.
  bool wait_for(Seq seq, std::chrono::microseconds timeout) const;
  // Success while it lives. Else why it ended: kConsumerFailed (naming the event), kDataCorrupt, kIoError, kCancelled, kClosed.
  Status status() const;

  struct State;  // internal

 private:
  friend class Store;
  explicit Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// An event out to a consumer.
struct Delivery {
  std::shared_ptr<const Event> event;
  std::uint32_t attempt = 1;
};

// One consumer of a group that asks for its events. What it has not answered when it ends goes to the others.
class Consumer {
 public:
  Consumer(Consumer&&) noexcept;
  Consumer& operator=(Consumer&& other) noexcept;
  ~Consumer();

  // The next event for this consumer, waiting for at most `timeout`; nothing when there was none. Several may be out at a time, of
  // different records. Errors: kDataCorrupt, kIoError, kClosed.
  Result<std::optional<Delivery>> take(std::chrono::microseconds timeout);
  // Done with it: it will not be delivered again. Returns once that is durable. Errors: kDeliveryLost; as Store::transact, and then
  // the event may come again.
  Status ack(Seq seq);
  // Failed on it: it is delivered again after the policy's backoff, or parked. Errors: as ack.
  Status nack(Seq seq, const std::string& why);

  struct State;  // internal

 private:
  friend class Store;
  explicit Consumer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// An event that a consumer has and has not answered.
struct OutEvent {
  Seq seq = 0;
  std::string consumer;
  std::uint32_t attempt = 1;
  Time since;
  bool stalled = false;  // for longer than stall_after
};

// A group. What consumers have out is known only where they live: in this process.
struct GroupInfo {
  std::string name;
  Time created;
  Time updated;
  Seq done_to = 0;             // every event up to here is behind it
  std::uint64_t lag = 0;       // events of the log after it, whether it wants them or not
  std::uint64_t retrying = 0;  // failed and waiting for another attempt
  std::uint64_t parked = 0;
  std::uint64_t consumers = 0;
  std::vector<OutEvent> out;
};

struct ParkedEvent {
  Seq seq = 0;
  std::uint32_t attempts = 0;
  Time parked_at;
  std::string error;  // of the last attempt
};

}  // namespace forge
