#pragma once

// What stands behind a Subscription: one that keeps its own place, and one that is a consumer of a group.

#include <atomic>

#include "consumer_group.h"
#include "feed.h"
#include "forge/store/subscription.h"

namespace forge {

struct Subscription::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  virtual ~State() = default;
  virtual void cancel() = 0;
  // The store closes: no turn runs any more.
  virtual void close() = 0;
  virtual Seq position() const = 0;
  virtual bool wait_for(Seq seq, std::chrono::microseconds timeout) const = 0;
  virtual Status status() const = 0;
};

namespace internal {

// Calls back; what it throws becomes kConsumerFailed.
Status call_back(const EventCallback& callback, const Event& event);

class Subscriber : public DeliveryPool::Member, public Subscription::State {
 public:
  // Delivers events after `position`.
  Subscriber(std::shared_ptr<Feed> feed, SubscribeOptions options, EventCallback callback, Seq position)
      : feed_(std::move(feed)),
        matcher_(std::move(options.filter)),
        durable_only_(options.durable_only),
        callback_(std::move(callback)),
        position_(position) {}

  bool turn() override;
  void cancel() override;
  void close() override;
  Seq position() const override { return position_; }
  bool wait_for(Seq seq, std::chrono::microseconds timeout) const override;
  Status status() const override;

 private:
  Status deliver(const EventRun& run, Seq to);
  void advance(Seq seq);
  void end(const Status& why);

  const std::shared_ptr<Feed> feed_;
  const EventMatcher matcher_;
  const bool durable_only_;
  const EventCallback callback_;
  std::atomic<Seq> position_;
  std::atomic<bool> ended_{false};
  mutable Mutex mutex_;
  mutable CondVar changed_;
  mutable int waiting_ FORGE_GUARDED_BY(mutex_) = 0;
  Status why_ FORGE_GUARDED_BY(mutex_);
};

class GroupSubscriber : public DeliveryPool::Member, public Subscription::State {
 public:
  GroupSubscriber(std::shared_ptr<Feed> feed, std::shared_ptr<ConsumerGroup> group, ConsumerId id, EventCallback callback)
      : feed_(std::move(feed)), group_(std::move(group)), id_(id), callback_(std::move(callback)) {}
  ~GroupSubscriber() override { group_->leave(id_); }

  bool turn() override;
  void cancel() override;
  void close() override { end(Status(ErrorId::kClosed, "the store is closed")); }
  Seq position() const override { return group_->done_to(); }
  bool wait_for(Seq seq, std::chrono::microseconds timeout) const override;
  Status status() const override;

 private:
  // True where an event was delivered.
  Result<bool> deliver_one();
  void end(const Status& why);

  const std::shared_ptr<Feed> feed_;
  const std::shared_ptr<ConsumerGroup> group_;
  const ConsumerId id_;
  const EventCallback callback_;
  std::atomic<bool> ended_{false};
  mutable Mutex mutex_;
  Status why_ FORGE_GUARDED_BY(mutex_);
};

}  // namespace internal
}  // namespace forge
