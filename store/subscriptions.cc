#include "subscriptions.h"

#include <algorithm>

namespace forge::internal {
namespace {

Status not_found(const std::string& name) {
  return Status(ErrorId::kSubscriptionNotFound, "there is no subscription '" + name + "'");
}

// The same types are the same filter, in whichever order and however often they are named.
EventFilter orderly(EventFilter filter) {
  std::sort(filter.types.begin(), filter.types.end());
  filter.types.erase(std::unique(filter.types.begin(), filter.types.end()), filter.types.end());
  return filter;
}

GroupTerms terms_of(const SubscribeOptions& options) {
  return {.filter = orderly(options.filter),
          .retry = options.retry,
          .stall_after = options.stall_after,
          .durable_only = options.durable_only};
}

// A filter in words: type 'Order.*' or 'Stock.*', of Order/o-1, by 'web'.
std::string in_words(const EventFilter& filter) {
  std::string out;
  const auto part = [&out](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  std::string types;
  for (const std::string& type : filter.types) types += (types.empty() ? "type '" : " or '") + type + "'";
  if (!types.empty()) part(types);
  if (!filter.resource.empty()) part("of " + filter.resource + (filter.key.empty() ? "" : "/" + filter.key));
  if (!filter.tag.empty()) part("tag '" + filter.tag + "'");
  if (!filter.actor.empty()) part("by '" + filter.actor + "'");
  return out.empty() ? "all events" : "events: " + out;
}

// With another filter the cursor would pass over events that it is of, and answer for others.
Status other_events(const std::string& name, const GroupCursor& cursor, const EventFilter& asked) {
  return Status(ErrorId::kSubscriptionDiffers, "the subscription '" + name + "' is of other events")
      .why("it was made for " + in_words(*cursor.filter) + "; asked for are " + in_words(asked))
      .state("nothing was changed; it stands at event " + std::to_string(cursor.done_to()))
      .remedy("go on with its own filter, or begin a subscription of another name, from event " +
              std::to_string(cursor.done_to() + 1) + " if need be");
}

}  // namespace

// --- subscribing ----------------------------------------------------------------------------------------------------------------

// Those that ended are forgotten whenever the list has doubled. A callback that subscribes while the store closes comes too late to
// be ended with the others.
void Subscriptions::remember(const std::shared_ptr<Subscription::State>& subscriber) {
  if (closed_) return subscriber->close();
  subscribers_.push_back(subscriber);
  if (subscribers_.size() < tidy_at_) return;
  std::erase_if(subscribers_, [](const std::weak_ptr<Subscription::State>& one) { return one.expired(); });
  tidy_at_ = std::max<std::size_t>(64, 2 * subscribers_.size());
}

std::shared_ptr<Subscriber> Subscriptions::subscribe(SubscribeOptions options, EventCallback callback, Seq position) {
  auto subscriber = std::make_shared<Subscriber>(feed_, std::move(options), std::move(callback), position);
  {
    const MutexLock lock(mutex_);
    remember(subscriber);
  }
  feed_->pool.add(subscriber);
  return subscriber;
}

Result<Subscriptions::Place> Subscriptions::join(const SubscribeOptions& options, Seq position) {
  const MutexLock lock(mutex_);
  if (closed_) return Status(ErrorId::kClosed, "the store is closed");
  FORGE_ASSIGN(std::shared_ptr<ConsumerGroup> group, open_group(options.group, terms_of(options), position));
  FORGE_ASSIGN(const ConsumerId id, group->join(options.consumer));
  return Place{.group = std::move(group), .id = id};
}

Result<std::shared_ptr<GroupSubscriber>> Subscriptions::consume(const SubscribeOptions& options, EventCallback callback,
                                                                Seq position) {
  FORGE_ASSIGN(const Place place, join(options, position));
  auto subscriber = std::make_shared<GroupSubscriber>(feed_, place.group, place.id, std::move(callback));
  {
    const MutexLock lock(mutex_);
    remember(subscriber);
  }
  place.group->nudge_with(place.id, subscriber.get());
  feed_->pool.add(subscriber);
  return subscriber;
}

// --- groups ---------------------------------------------------------------------------------------------------------------------

std::shared_ptr<ConsumerGroup> Subscriptions::living(const std::string& name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : found->second;
}

bool Subscriptions::has_group(const std::string& name) const {
  const MutexLock lock(mutex_);
  return living(name) != nullptr || stored(name).ok();
}

// Errors: kSubscriptionNotFound, kCursorForeign, kCursorPastHead, kDataCorrupt.
Result<GroupCursor> Subscriptions::stored(const std::string& name) const {
  rocksdb::PinnableSlice row;
  FORGE_ASSIGN(const bool found, database_.get(Table::kCursors, cursor_key(name), row));
  if (!found) return not_found(name);
  FORGE_ASSIGN(GroupCursor cursor, read_group_cursor(name, view_of(row)));
  if (cursor.store != store_) {
    return Status(ErrorId::kCursorForeign, "the cursor of the subscription '" + name + "' belongs to another store")
        .why("it was written in store " + cursor.store.to_string() + ", this is " + store_.to_string());
  }
  const Seq head = feed_->visible(false);
  if (cursor.reached <= head) return cursor;
  return Status(ErrorId::kCursorPastHead, "the cursor of the subscription '" + name + "' is past the head of the log")
      .why("it stands at event " + std::to_string(cursor.reached) + ", the head is event " + std::to_string(head));
}

// The cursor that is stored, or with `begin` a new one where there is none. A stored one that does not say of which events it is
// takes over the filter. Errors: as stored(); kSubscriptionDiffers.
Result<GroupCursor> Subscriptions::begin_or_go_on(const std::string& name, const GroupTerms& terms,
                                                  std::optional<Seq> begin) const {
  Result<GroupCursor> cursor = stored(name);
  if (!begin) return cursor;
  if (cursor.status().id() == ErrorId::kSubscriptionNotFound) {
    const Time now = feed_->clock.now();
    return GroupCursor{.store = store_, .created = now, .updated = now, .reached = *begin, .filter = terms.filter, .open = {}};
  }
  if (!cursor.ok()) return cursor;
  if (!cursor->filter) cursor->filter = terms.filter;
  if (*cursor->filter != terms.filter) return other_events(name, *cursor, terms.filter);
  return cursor;
}

// The living group, or the stored one brought to life; with `begin` a new one where there is none. One that nobody consumes any
// more takes over the retry policy, stall_after and durable_only that its next consumer asks for, never the filter.
Result<std::shared_ptr<ConsumerGroup>> Subscriptions::open_group(const std::string& name, const GroupTerms& terms,
                                                                 std::optional<Seq> begin) {
  if (std::shared_ptr<ConsumerGroup> group = living(name)) {
    if (group->terms() == terms || !begin) return group;
    if (group->consumers() > 0) {
      return Status(ErrorId::kSubscriptionDiffers, "the subscription '" + name + "' has consumers that ask for other things")
          .why("filter, retry policy, stall_after and durable_only are those of the whole group")
          .state("nothing was changed");
    }
    FORGE_TRY(begin_or_go_on(name, terms, begin).status());
    group->close();
    feed_->pool.remove(*group);
    groups_.erase(name);
  }
  FORGE_ASSIGN(const GroupCursor cursor, begin_or_go_on(name, terms, begin));
  const bool is_new = stored(name).status().id() == ErrorId::kSubscriptionNotFound;
  GroupTerms of_group = terms;
  if (cursor.filter) of_group.filter = *cursor.filter;
  auto group = std::make_shared<ConsumerGroup>(feed_, name, std::move(of_group), cursor);
  FORGE_TRY(group->restore());
  if (is_new) FORGE_TRY(group->create());
  groups_[name] = group;
  feed_->pool.add(group);
  return group;
}

Result<GroupInfo> Subscriptions::describe(const std::string& name, const GroupCursor& cursor) const {
  GroupInfo info;
  info.name = name;
  info.created = cursor.created;
  info.updated = cursor.updated;
  info.done_to = cursor.done_to();
  info.retrying = static_cast<std::uint64_t>(
      std::count_if(cursor.open.begin(), cursor.open.end(), [](const GroupCursor::Open& open) { return open.attempts > 0; }));
  {
    const MutexLock lock(mutex_);
    if (const std::shared_ptr<ConsumerGroup> group = living(name)) group->describe(info);
  }
  const Seq head = feed_->visible(false);
  info.lag = head - std::min(head, info.done_to);
  FORGE_ASSIGN(const std::vector<ParkedEvent> aside, parked(name));
  info.parked = aside.size();
  return info;
}

Result<GroupInfo> Subscriptions::group(const std::string& name) const {
  FORGE_ASSIGN(const GroupCursor cursor, stored(name));
  return describe(name, cursor);
}

Result<std::vector<GroupInfo>> Subscriptions::groups() const {
  std::vector<GroupInfo> out;
  const auto row = database_.iterate(Table::kCursors);
  for (row->Seek(slice_of(kCursorPrefix)); row->Valid() && row->key().starts_with(slice_of(kCursorPrefix)); row->Next()) {
    const std::string name(view_of(row->key()).substr(kCursorPrefix.size()));
    FORGE_ASSIGN(const GroupCursor cursor, read_group_cursor(name, view_of(row->value())));
    FORGE_ASSIGN(GroupInfo info, describe(name, cursor));
    out.push_back(std::move(info));
  }
  FORGE_TRY(Database::check(*row, "reading the subscriptions"));
  return out;
}

// --- parked events --------------------------------------------------------------------------------------------------------------

Result<std::vector<ParkedEvent>> Subscriptions::parked(const std::string& name) const {
  std::vector<ParkedEvent> out;
  const std::string prefix = parked_prefix(name);
  const auto row = database_.iterate(Table::kCursors);
  for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) {
    FORGE_ASSIGN(ParkedEvent event, read_parked_event(name, view_of(row->key()), view_of(row->value())));
    out.push_back(std::move(event));
  }
  FORGE_TRY(Database::check(*row, "reading the parked events"));
  return out;
}

Result<std::uint64_t> Subscriptions::unpark(const std::string& name, std::optional<Seq> seq, bool again) {
  FORGE_TRY(stored(name).status());
  FORGE_ASSIGN(const std::vector<ParkedEvent> aside, parked(name));
  std::vector<Seq> seqs;
  for (const ParkedEvent& event : aside) {
    if (!seq || event.seq == *seq) seqs.push_back(event.seq);
  }
  if (seq && seqs.empty()) {
    return Status(ErrorId::kParkedNotFound, "event " + std::to_string(*seq) + " is not parked in '" + name + "'")
        .state("nothing was changed")
        .remedy("see: forgectl subscription parked " + name);
  }
  if (seqs.empty()) return std::uint64_t{0};
  const MutexLock lock(mutex_);
  if (closed_) return Status(ErrorId::kClosed, "the store is closed");
  FORGE_ASSIGN(const std::shared_ptr<ConsumerGroup> group, open_group(name, {}, std::nullopt));
  FORGE_TRY(group->unpark(seqs, again));
  return std::uint64_t{seqs.size()};
}

// --- closing --------------------------------------------------------------------------------------------------------------------

void Subscriptions::close() {
  std::map<std::string, std::shared_ptr<ConsumerGroup>> groups;
  std::vector<std::weak_ptr<Subscription::State>> subscribers;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    groups.swap(groups_);
    subscribers.swap(subscribers_);
  }
  feed_->pool.stop();
  for (const auto& [name, group] : groups) group->close();
  for (const std::weak_ptr<Subscription::State>& one : subscribers) {
    if (const std::shared_ptr<Subscription::State> subscriber = one.lock()) subscriber->close();
  }
}

}  // namespace forge::internal
