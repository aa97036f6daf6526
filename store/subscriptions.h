#pragma once

// All subscriptions and groups of a store. Safe from any thread.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "consumer_group.h"
#include "feed.h"
#include "forge/events/id.h"
#include "subscriber.h"

namespace forge::internal {

class Subscriptions {
 public:
  Subscriptions(const Database& database, std::shared_ptr<Feed> feed, const Uuid& store)
      : database_(database), feed_(std::move(feed)), store_(store) {}
  ~Subscriptions() { close(); }

  // A plain subscription to what comes after `position`.
  std::shared_ptr<Subscriber> subscribe(SubscribeOptions options, EventCallback callback, Seq position);
  // A consumer of a group; `position` is where the group begins when it is new. Errors: as Store::join.
  struct Place {
    std::shared_ptr<ConsumerGroup> group;
    ConsumerId id = 0;
  };
  Result<Place> join(const SubscribeOptions& options, Seq position);
  Result<std::shared_ptr<GroupSubscriber>> consume(const SubscribeOptions& options, EventCallback callback, Seq position);
  bool has_group(const std::string& name) const;

  // As Store::groups, group, parked, retry_parked and skip_parked.
  Result<std::vector<GroupInfo>> groups() const;
  Result<GroupInfo> group(const std::string& name) const;
  Result<std::vector<ParkedEvent>> parked(const std::string& name) const;
  Result<std::uint64_t> unpark(const std::string& name, std::optional<Seq> seq, bool again);

  // There is news in the log. Never blocks for long.
  void wake() { feed_->pool.wake(); }
  // Ends everything; what was acknowledged is on disk.
  void close();

 private:
  void remember(const std::shared_ptr<Subscription::State>& subscriber) FORGE_REQUIRES(mutex_);
  Result<std::shared_ptr<ConsumerGroup>> open_group(const std::string& name, const GroupTerms& terms, std::optional<Seq> begin)
      FORGE_REQUIRES(mutex_);
  std::shared_ptr<ConsumerGroup> living(const std::string& name) const FORGE_REQUIRES(mutex_);
  Result<GroupCursor> stored(const std::string& name) const;
  Result<GroupCursor> begin_or_go_on(const std::string& name, const GroupTerms& terms, std::optional<Seq> begin) const;
  Result<GroupInfo> describe(const std::string& name, const GroupCursor& cursor) const;

  const Database& database_;
  const std::shared_ptr<Feed> feed_;
  const Uuid store_;
  mutable Mutex mutex_;  // taken before a group's
  std::map<std::string, std::shared_ptr<ConsumerGroup>> groups_ FORGE_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Subscription::State>> subscribers_ FORGE_GUARDED_BY(mutex_);
  std::size_t tidy_at_ FORGE_GUARDED_BY(mutex_) = 64;
  bool closed_ FORGE_GUARDED_BY(mutex_) = false;
};

}  // namespace forge::internal
