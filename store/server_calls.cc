#include "server_calls.h"

#include <algorithm>
#include <variant>

#include "forge/projections/audit_index.h"

namespace forge::internal {
namespace {

// Who waits longer asks again: so a connection that ends is not waited for.
constexpr std::chrono::microseconds kWaitMax{500'000};

std::chrono::microseconds bounded(std::chrono::microseconds asked) {
  return std::clamp(asked, std::chrono::microseconds(0), kWaitMax);
}

template <typename T>
Message message_of(Result<T> result) {
  if (!result.ok()) return result.status();
  return *std::move(result);
}

Message done_or(const Status& status) {
  if (!status.ok()) return status;
  return message::Done{};
}

Message number_or(const Result<std::uint64_t>& number) {
  if (!number.ok()) return number.status();
  return message::Done{*number};
}

Status no_consumer() {
  return Status(ErrorId::kProtocolBroken, "this connection has joined no group");
}

}  // namespace

Message ServerCalls::answer(std::uint64_t number, const Message& request) {
  number_ = number;
  return std::visit([this](const auto& asked) { return reply(asked); }, request);
}

template <typename Other>
Message ServerCalls::reply(const Other&) {
  return Status(ErrorId::kProtocolBroken, "this message is not a request");
}

Message ServerCalls::reply(const message::AddSchema& asked) {
  return message_of(store_.add_schema(asked.sources, asked.options));
}

Message ServerCalls::reply(const message::AddBookmark& asked) {
  return message_of(store_.add_bookmark(asked.name, asked.point, asked.options));
}

// --- events ---------------------------------------------------------------------------------------------------------------------

Message ServerCalls::reply(const message::Subscribe& asked) {
  if (subscribed_ != 0) return Status(ErrorId::kProtocolBroken, "this connection has a subscription already");
  if (!asked.wanted.group.empty()) return Status(ErrorId::kProtocolBroken, "a group is joined, not subscribed to");
  const Result<Seq> first = store_.first_at(asked.wanted.from);
  if (!first.ok()) return first.status();
  // One that delivers nothing tells whether what is wanted makes sense.
  const Status sound = store_.subscribe(asked.wanted, [](const Event&) { return Status(ErrorId::kCancelled, "a trial"); }).status();
  if (!sound.ok()) return sound;
  wanted_ = asked.wanted;
  next_ = *first;
  subscribed_ = number_;
  is_waiting_for_room_ = true;  // the answer comes before the first event
  return message::Done{*first};
}

Status ServerCalls::follow() {
  wanted_.from = next_.load();
  is_waiting_for_room_ = false;
  FORGE_ASSIGN(subscription_, store_.subscribe(wanted_, [this](const Event& event) { return deliver(event); }));
  return {};
}

// Without room the subscription ends here, and another one begins at the same event once there is some.
Status ServerCalls::deliver(const Event& event) {
  is_waiting_for_room_ = true;  // before the push: room may be there, and be told of, before this function goes on
  if (!push_(subscribed_, message::Delivered{.event = event, .attempt = 1})) {
    return Status(ErrorId::kCancelled, "the other side does not read");
  }
  is_waiting_for_room_ = false;
  next_ = event.seq + 1;
  return {};
}

void ServerCalls::resume() {
  if (subscribed_ == 0 || !is_waiting_for_room_) return;
  if (const Status begun = follow(); !begun.ok()) push_(subscribed_, begun);
}

void ServerCalls::check() {
  if (subscribed_ == 0 || is_waiting_for_room_) return;
  if (const Status status = subscription_.status(); !status.ok() && !is_waiting_for_room_ && push_(subscribed_, status)) {
    subscribed_ = 0;
  }
}

// --- groups ---------------------------------------------------------------------------------------------------------------------

Message ServerCalls::reply(const message::Join& asked) {
  Result<Consumer> consumer = store_.join(asked.wanted);
  if (consumer.status().id() == ErrorId::kSubscriptionDiffers) {  // perhaps from one who has gone, which takes effect in a moment
    await_endings_();
    consumer = store_.join(asked.wanted);
  }
  if (!consumer.ok()) return consumer.status();
  consumer_.emplace(*std::move(consumer));
  return message::Done{};
}

Message ServerCalls::reply(const message::Take& asked) {
  if (!consumer_) return no_consumer();
  Result<std::optional<Delivery>> taken = consumer_->take(bounded(asked.timeout));
  if (!taken.ok()) return taken.status();
  message::Delivered out;
  if (*taken) out = {.event = *(*taken)->event, .attempt = (*taken)->attempt};
  return out;
}

Message ServerCalls::reply(const message::Settle& settled) {
  if (!consumer_) return no_consumer();
  return done_or(settled.failed ? consumer_->nack(settled.seq, settled.why) : consumer_->ack(settled.seq));
}

Message ServerCalls::reply(const message::AskGroups& asked) {
  message::Groups out;
  if (asked.name.empty()) {
    Result<std::vector<GroupInfo>> groups = store_.groups();
    if (!groups.ok()) return groups.status();
    out.groups = *std::move(groups);
  } else {
    Result<GroupInfo> group = store_.group(asked.name);
    if (!group.ok()) return group.status();
    out.groups.push_back(*std::move(group));
  }
  return out;
}

Message ServerCalls::reply(const message::AskParked& asked) {
  Result<std::vector<ParkedEvent>> parked = store_.parked(asked.group);
  if (!parked.ok()) return parked.status();
  return message::Parked{*std::move(parked)};
}

Message ServerCalls::reply(const message::Unpark& asked) {
  return number_or(asked.again ? store_.retry_parked(asked.group, asked.seq) : store_.skip_parked(asked.group, asked.seq));
}

// --- named checkpoints ----------------------------------------------------------------------------------------------------------

Message ServerCalls::reply(const message::AskCheckpoint& asked) {
  Result<std::optional<std::string>> value = store_.checkpoint(asked.name);
  if (!value.ok()) return value.status();
  return message::Checkpoint{asked.name, *std::move(value)};
}

Message ServerCalls::reply(const message::SetCheckpoint& asked) {
  return done_or(store_.set_checkpoint(asked.checkpoint.name, asked.checkpoint.value));
}

// --- projections ----------------------------------------------------------------------------------------------------------------

Message ServerCalls::reply(const message::TellProjection& asked) {
  Projections& projections = store_.projections();
  switch (asked.telling) {
    case message::Telling::kAddAudit:
      return done_or(projections.add(audit_index()));
    case message::Telling::kRebuild:
      return done_or(projections.rebuild(asked.name, asked.options));
    case message::Telling::kPause:
      return done_or(projections.pause(asked.name, asked.options));
    case message::Telling::kResume:
      return done_or(projections.resume(asked.name, asked.options));
    case message::Telling::kRetry:
      return number_or(projections.retry(asked.name, asked.options));
    case message::Telling::kSkip:
      return number_or(projections.skip(asked.name, asked.options));
    case message::Telling::kDrop:
      break;
  }
  return done_or(projections.drop(asked.name, asked.options));
}

Message ServerCalls::reply(const message::AskProjection& asked) {
  return message_of(store_.projections().get(asked.name));
}

Message ServerCalls::reply(const message::AwaitProjection& asked) {
  const Projections& projections = store_.projections();
  const std::chrono::microseconds timeout = bounded(asked.timeout);
  return done_or(asked.seq ? projections.await(asked.name, *asked.seq, timeout) : projections.await_rebuild(asked.name, timeout));
}

}  // namespace forge::internal
