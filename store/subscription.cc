// The public face of subscriptions: handles over what the store keeps.

#include "forge/store/subscription.h"

#include "names.h"
#include "remote_consumer.h"
#include "store_state.h"
#include "subscriptions.h"

namespace forge {

// --- Subscription ---------------------------------------------------------------------------------------------------------------

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  state_ = std::move(other.state_);
  return *this;
}

Subscription::~Subscription() {
  cancel();
}

void Subscription::cancel() {
  if (state_ != nullptr) state_->cancel();
}

Seq Subscription::position() const {
  return state_ == nullptr ? 0 : state_->position();
}

bool Subscription::wait_for(Seq seq, std::chrono::microseconds timeout) const {
  return state_ != nullptr && state_->wait_for(seq, timeout);
}

Status Subscription::status() const {
  return state_ == nullptr ? Status(ErrorId::kCancelled, "there is no subscription") : state_->status();
}

// --- Consumer -------------------------------------------------------------------------------------------------------------------

// Of a group in this process, or of one in the process that holds the store.
struct Consumer::State {
  std::shared_ptr<internal::ConsumerGroup> group;
  internal::ConsumerId id = 0;
  std::shared_ptr<internal::RemoteConsumer> remote;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (group != nullptr) group->leave(id);
  }
};

Consumer::Consumer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Consumer::Consumer(Consumer&&) noexcept = default;

Consumer& Consumer::operator=(Consumer&& other) noexcept = default;

Consumer::~Consumer() = default;

Result<std::optional<Delivery>> Consumer::take(std::chrono::microseconds timeout) {
  return state_->remote != nullptr ? state_->remote->take(timeout) : state_->group->take(state_->id, timeout);
}

Status Consumer::ack(Seq seq) {
  return state_->remote != nullptr ? state_->remote->settle(seq, false, {}) : state_->group->ack(state_->id, seq);
}

Status Consumer::nack(Seq seq, const std::string& why) {
  return state_->remote != nullptr ? state_->remote->settle(seq, true, why) : state_->group->nack(state_->id, seq, why);
}

// --- Store ----------------------------------------------------------------------------------------------------------------------

namespace {

Status check_origin(const Store& store, const SubscribeOptions& options) {
  if (options.of_store.empty() || options.of_store == store.id()) return {};
  return Status(ErrorId::kCursorForeign, "the subscription would begin at an event of another store")
      .why("the seq is of store " + options.of_store + ", this is " + store.id());
}

Status check_filter(const Store& store, const EventFilter& filter) {
  if (filter.resource.empty() && !filter.key.empty()) {
    return Status(ErrorId::kFilterInvalid, "a filter by key names no resource").remedy("name the resource, too");
  }
  return filter.resource.empty() ? Status() : store.domain()->get_resource(filter.resource).status();
}

Status check_group(const SubscribeOptions& options, bool read_only) {
  if (!internal::is_name(options.group)) {
    return Status(ErrorId::kSubscriptionName, "'" + options.group + "' cannot name a subscription");
  }
  if (options.retry.attempts_max == 0 || options.retry.backoff.count() < 0 || options.retry.backoff_max.count() < 0) {
    return Status(ErrorId::kUsage, "the retry policy makes no sense").why("at least one attempt is made, and no time is negative");
  }
  if (!read_only) return {};
  return Status(ErrorId::kReadOnly, "a group keeps its cursor in the store, which is open for reading only");
}

}  // namespace

Result<Seq> Store::first_at(const Point& from) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  if (const Seq* seq = std::get_if<Seq>(&from)) {
    if (*seq <= head() + 1) return std::max<Seq>(*seq, 1);
    return Status(ErrorId::kCursorPastHead, "event " + std::to_string(*seq) + " is past the head of the log")
        .why("the head is event " + std::to_string(head()));
  }
  Point before = from;
  if (Time* time = std::get_if<Time>(&before)) --time->micros;
  FORGE_ASSIGN(const Resolved resolved, resolve(before));
  return resolved.seq + 1;
}

Result<Subscription> Store::subscribe(SubscribeOptions options, EventCallback callback) {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_TRY(check_filter(*this, options.filter));
  FORGE_TRY(check_origin(*this, options));
  if (state_->attachment != nullptr && options.group.empty()) {
    FORGE_ASSIGN(std::shared_ptr<Subscription::State> elsewhere, state_->attachment->subscribe(options, std::move(callback)));
    return Subscription(std::move(elsewhere));
  }
  if (state_->writes_elsewhere()) {
    return Status(ErrorId::kUsage, "a callback of a group runs in the process that holds the store")
        .why("this one is attached to it")
        .remedy("take the events with a Consumer: Store::join");
  }
  if (options.group.empty()) {
    FORGE_ASSIGN(const Seq first, first_at(options.from));
    return Subscription(state_->subscriptions->subscribe(std::move(options), std::move(callback), first - 1));
  }
  FORGE_TRY(check_group(options, read_only()));
  FORGE_ASSIGN(const Seq position, group_position(options));
  FORGE_ASSIGN(std::shared_ptr<internal::GroupSubscriber> subscriber,
               state_->subscriptions->consume(options, std::move(callback), position));
  return Subscription(std::move(subscriber));
}

Result<Consumer> Store::join(const SubscribeOptions& options) {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_TRY(check_filter(*this, options.filter));
  FORGE_TRY(check_origin(*this, options));
  FORGE_TRY(check_group(options, read_only()));
  auto state = std::make_unique<Consumer::State>();
  if (state_->attachment != nullptr) {
    FORGE_ASSIGN(state->remote, state_->attachment->join(options));
    return Consumer(std::move(state));
  }
  FORGE_ASSIGN(const Seq position, group_position(options));
  FORGE_ASSIGN(const internal::Subscriptions::Place place, state_->subscriptions->join(options, position));
  state->group = place.group;
  state->id = place.id;
  return Consumer(std::move(state));
}

// Where a new group begins; one that exists goes on where it was.
Result<Seq> Store::group_position(const SubscribeOptions& options) const {
  if (state_->subscriptions->has_group(options.group)) return Seq{0};
  FORGE_ASSIGN(const Seq first, first_at(options.from));
  return first - 1;
}

Result<std::vector<GroupInfo>> Store::groups() const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  if (state_->attachment != nullptr) return state_->attachment->groups({});
  return state_->subscriptions->groups();
}

Result<GroupInfo> Store::group(const std::string& name) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  if (state_->attachment == nullptr) return state_->subscriptions->group(name);
  FORGE_ASSIGN(std::vector<GroupInfo> told, state_->attachment->groups(name));
  if (told.size() != 1) return Status(ErrorId::kProtocolBroken, "a question about one group was answered with others");
  return std::move(told.front());
}

Result<std::vector<ParkedEvent>> Store::parked(const std::string& name) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  if (state_->attachment != nullptr) return state_->attachment->parked(name);
  FORGE_TRY(group(name).status());
  return state_->subscriptions->parked(name);
}

Result<std::uint64_t> Store::retry_parked(const std::string& name, std::optional<Seq> seq) {
  return unpark(name, seq, true);
}

Result<std::uint64_t> Store::skip_parked(const std::string& name, std::optional<Seq> seq) {
  return unpark(name, seq, false);
}

Result<std::uint64_t> Store::unpark(const std::string& name, std::optional<Seq> seq, bool again) {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  if (read_only())
    return Status(ErrorId::kReadOnly, "the store " + path() + " is open for reading only").state("nothing was written");
  if (state_->attachment != nullptr) return state_->attachment->unpark(name, seq, again);
  return state_->subscriptions->unpark(name, seq, again);
}

}  // namespace forge
