#include "socket_message.h"

#include <gtest/gtest.h>

#include "socket_frame.h"
#include "support/dice.h"

namespace forge::internal {
namespace {

std::span<const std::uint8_t> payload_of(const std::string& frame, std::vector<std::uint64_t>& aligned) {
  aligned.assign(frame.size() / 8 + 1, 0);
  std::memcpy(aligned.data(), frame.data() + kFrameHeadBytes, frame.size() - kFrameHeadBytes);
  return {reinterpret_cast<const std::uint8_t*>(aligned.data()), frame.size() - kFrameHeadBytes};
}

Result<Message> decode(const std::string& frame) {
  std::vector<std::uint64_t> aligned;
  return decode_payload(payload_of(frame, aligned));
}

template <typename T>
T passed(const T& message) {
  return std::get<T>(decode(encode_frame(7, message)).value());
}

// --- random messages ------------------------------------------------------------------------------------------------------------

std::string some_text(Dice& dice) {
  return std::string(dice.below(20), static_cast<char>('a' + dice.below(26)));
}

Value some_value(Dice& dice, int depth) {
  switch (dice.below(depth > 0 ? 8 : 6)) {
    case 0:
      return {};
    case 1:
      return dice.chance(50);
    case 2:
      return static_cast<std::int64_t>(dice.below(~0ull));
    case 3:
      return static_cast<double>(dice.below(1000)) / 7;
    case 4:
      return some_text(dice);
    case 5:
      return Bytes(dice.below(9), 0xff);
    case 6: {
      List list;
      for (std::uint64_t i = dice.below(4); i > 0; --i) list.push_back(some_value(dice, depth - 1));
      return list;
    }
    default: {
      Object object;
      for (std::uint64_t i = dice.below(4); i > 0; --i) object.add(some_text(dice), some_value(dice, depth - 1));
      return object;
    }
  }
}

Object some_object(Dice& dice) {
  Object object;
  for (std::uint64_t i = dice.below(5); i > 0; --i) object.add(some_text(dice), some_value(dice, 3));
  return object;
}

AppendCondition some_condition(Dice& dice) {
  AppendCondition condition{.items = {}, .after = dice.below(9)};
  for (std::uint64_t i = dice.below(3); i > 0; --i) {
    ConditionItem& item = condition.items.emplace_back();
    for (std::uint64_t n = dice.below(3); n > 0; --n) item.types.push_back(some_text(dice));
    for (std::uint64_t n = dice.below(3); n > 0; --n) item.tags.push_back(some_text(dice));
  }
  return condition;
}

message::Transact some_transaction(Dice& dice) {
  message::Transact out;
  for (std::uint64_t i = dice.below(4); i > 0; --i) {
    ActionRequest action{.action = some_text(dice), .args = some_object(dice), .if_version = {}};
    if (dice.chance(30)) action.if_version = dice.below(9);
    if (dice.chance(30)) action.undoes = dice.below(9);
    action.undoes_transaction = dice.chance(50);
    out.actions.push_back(std::move(action));
  }
  out.options.actor = Actor(some_text(dice), some_text(dice));
  out.options.idempotency_key = some_text(dice);
  out.options.reason = some_text(dice);
  if (dice.chance(50)) out.options.occurred_at = Time{static_cast<std::int64_t>(dice.below(1'000'000))};
  if (dice.chance(50)) out.options.causation = dice.below(99);
  if (dice.chance(50)) out.options.hops_left = static_cast<std::uint8_t>(dice.below(256));
  out.options.dry_run = dice.chance(50);
  out.options.timeout = std::chrono::microseconds(dice.below(99));
  if (dice.chance(50)) out.options.condition = some_condition(dice);
  if (dice.chance(50)) out.options.checkpoint = NamedCheckpoint{.name = some_text(dice), .value = some_text(dice)};
  out.stream = dice.below(3);
  out.stops_on_refusal = dice.chance(50);
  return out;
}

Event some_event(Dice& dice) {
  Event event;
  event.seq = dice.below(1000);
  event.type = some_text(dice);
  event.resource = some_text(dice);
  event.key = some_text(dice);
  event.version = dice.below(9);
  event.recorded_at = Time{static_cast<std::int64_t>(dice.below(1'000'000))};
  if (dice.chance(50)) event.occurred_at = Time{-5};
  for (std::uint8_t& byte : event.transaction.bytes) byte = static_cast<std::uint8_t>(dice.below(256));
  event.count = 3;
  if (dice.chance(50)) event.causation = dice.below(9);
  if (dice.chance(50)) event.hops_left = std::uint8_t{0};
  if (dice.chance(50)) event.undoes = dice.below(9);
  for (std::uint64_t i = dice.below(3); i > 0; --i) event.tags.push_back(some_text(dice));
  event.arguments = some_object(dice);
  event.changes = some_object(dice);
  for (std::uint64_t i = dice.below(3); i > 0; --i) event.cleared.push_back(some_text(dice));
  event.metadata = some_object(dice);
  return event;
}

// --- what passes ----------------------------------------------------------------------------------------------------------------

TEST(SocketMessage, TransactionsPassUnchanged) {
  Dice dice(1);
  for (int i = 0; i < 500; ++i) {
    const message::Transact sent = some_transaction(dice);
    const message::Transact got = passed(sent);
    ASSERT_EQ(got.actions.size(), sent.actions.size());
    for (std::size_t a = 0; a < sent.actions.size(); ++a) {
      EXPECT_EQ(got.actions[a].action, sent.actions[a].action);
      EXPECT_EQ(got.actions[a].args, sent.actions[a].args);
      EXPECT_EQ(got.actions[a].if_version, sent.actions[a].if_version);
      EXPECT_EQ(got.actions[a].undoes, sent.actions[a].undoes);
      EXPECT_EQ(got.actions[a].undoes_transaction, sent.actions[a].undoes_transaction);
    }
    EXPECT_EQ(got.options.actor.id, sent.options.actor.id);
    EXPECT_EQ(got.options.actor.role, sent.options.actor.role);
    EXPECT_EQ(got.options.idempotency_key, sent.options.idempotency_key);
    EXPECT_EQ(got.options.reason, sent.options.reason);
    EXPECT_EQ(got.options.occurred_at, sent.options.occurred_at);
    EXPECT_EQ(got.options.causation, sent.options.causation);
    EXPECT_EQ(got.options.hops_left, sent.options.hops_left);
    EXPECT_EQ(got.options.dry_run, sent.options.dry_run);
    EXPECT_EQ(got.options.timeout, sent.options.timeout);
    EXPECT_EQ(got.options.condition, sent.options.condition);
    ASSERT_EQ(got.options.checkpoint.has_value(), sent.options.checkpoint.has_value());
    if (sent.options.checkpoint) {
      EXPECT_EQ(got.options.checkpoint->name, sent.options.checkpoint->name);
      EXPECT_EQ(got.options.checkpoint->value, sent.options.checkpoint->value);
    }
    EXPECT_EQ(got.stream, sent.stream);
    EXPECT_EQ(got.stops_on_refusal, sent.stops_on_refusal);
  }
}

TEST(SocketMessage, EventsPassUnchanged) {
  Dice dice(2);
  for (int i = 0; i < 500; ++i) {
    const Event sent = some_event(dice);
    const message::Delivered got = passed(message::Delivered{.event = sent, .attempt = 4});
    EXPECT_EQ(got.attempt, 4u);
    EXPECT_EQ(got.event->to_json(), sent.to_json());
    EXPECT_EQ(got.event->transaction, sent.transaction);
    EXPECT_EQ(got.event->metadata, sent.metadata);
  }
  EXPECT_FALSE(passed(message::Delivered{}).event.has_value());
}

TEST(SocketMessage, EveryErrorOfTheTablePassesWithItsFourParts) {
  for (const ErrorInfo& info : error_table()) {
    const Status sent = Status(info.id, "what").why("why").place("a.fbs:1").state("nothing was written").remedy("try");
    EXPECT_EQ(passed(sent), sent) << info.name;
    EXPECT_EQ(passed(sent).code(), sent.code());
  }
  const Status own(Code::kDenied, "a handler said no");
  EXPECT_EQ(passed(own).code(), Code::kDenied);
  EXPECT_EQ(passed(own).text().what, "a handler said no");
}

TEST(SocketMessage, WantedEventsPassWithEveryKindOfPoint) {
  const std::vector<Point> points = {Head{}, Seq{9}, Time{-3}, Ago{7}, BookmarkName{"b"}, IdempotencyKeyOf{"k"}};
  for (const Point& point : points) {
    SubscribeOptions sent{.from = point,
                          .of_store = "id",
                          .filter = {.resource = "R", .key = "k", .types = {"a.*", ""}, .tag = "t", .actor = "me"},
                          .durable_only = true,
                          .group = "g",
                          .consumer = "c",
                          .retry = {.attempts_max = 2, .backoff = std::chrono::microseconds(5), .backoff_max = {}},
                          .stall_after = std::chrono::microseconds(6)};
    const SubscribeOptions got = passed(message::Join{sent}).wanted;
    EXPECT_EQ(got.from.index(), sent.from.index());
    EXPECT_EQ(got.filter, sent.filter);
    EXPECT_EQ(got.retry, sent.retry);
    EXPECT_EQ(got.group, "g");
    EXPECT_EQ(got.consumer, "c");
    EXPECT_EQ(got.of_store, "id");
    EXPECT_TRUE(got.durable_only);
    EXPECT_EQ(got.stall_after, sent.stall_after);
  }
}

TEST(SocketMessage, WhatIsToldOfGroupsAndProjectionsPasses) {
  GroupInfo group{
      .name = "g", .created = Time{1}, .updated = Time{2}, .done_to = 3, .lag = 4, .retrying = 5, .parked = 6, .consumers = 7};
  group.out.push_back({.seq = 8, .consumer = "c", .attempt = 9, .since = Time{10}, .stalled = true});
  const GroupInfo told = passed(message::Groups{{group}}).groups.at(0);
  EXPECT_EQ(std::tie(told.name, told.done_to, told.lag, told.retrying, told.parked, told.consumers),
            std::tie(group.name, group.done_to, group.lag, group.retrying, group.parked, group.consumers));
  EXPECT_EQ(told.out.at(0).consumer, "c");
  EXPECT_TRUE(told.out.at(0).stalled);
  ProjectionInfo info{
      .name = "p", .state = ProjectionState::kStalled, .mode = ProjectionMode::kInline, .code_version = 2, .seq = 3};
  info.failure = ProjectionFailure{.seq = 4, .at = Time{5}, .error = "no"};
  info.rebuilt_to = 6;
  const ProjectionInfo got = passed(info);
  EXPECT_EQ(got.state, info.state);
  EXPECT_EQ(got.mode, info.mode);
  EXPECT_EQ(got.failure->error, "no");
  EXPECT_EQ(got.rebuilt_to, 6u);
}

TEST(SocketMessage, NamedCheckpointsPassWithAndWithoutAValue) {
  for (const std::optional<std::string>& value : {std::optional<std::string>(), std::optional<std::string>(""), {"a\0b"}}) {
    EXPECT_EQ(passed(message::Checkpoint{"c", value}).value, value);
    EXPECT_EQ(passed(message::SetCheckpoint{{"c", value}}).checkpoint.value, value);
  }
  EXPECT_EQ(passed(message::AskCheckpoint{"c"}).name, "c");
}

// --- what does not --------------------------------------------------------------------------------------------------------------

TEST(SocketMessage, RandomBytesAndBrokenMessagesAreRefusedOrReadAsSomeMessage) {
  Dice dice(3);
  int refused = 0, read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string frame = dice.chance(20) ? std::string(kFrameHeadBytes + 8 * (1 + dice.below(40)), '\0')
                                        : encode_frame(1, dice.chance(50) ? Message(some_transaction(dice))
                                                                          : Message(message::Delivered{.event = some_event(dice)}));
    const std::uint64_t changes = 1 + dice.below(8);
    for (std::uint64_t c = 0; c < changes; ++c) {
      frame[kFrameHeadBytes + dice.below(frame.size() - kFrameHeadBytes)] = static_cast<char>(dice.below(256));
    }
    if (dice.chance(30)) frame.resize(kFrameHeadBytes + 8 * dice.below(frame.size() / 8 - 1));
    const Result<Message> message = decode(frame);
    (message.ok() ? read : refused) += 1;
    if (!message.ok()) {
      ASSERT_EQ(message.status().id(), ErrorId::kProtocolBroken);
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(read, 1000);
}

// --- frames ---------------------------------------------------------------------------------------------------------------------

void feed(FrameBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<std::uint8_t> room = buffer.room();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    buffer.wrote(count);
    bytes.remove_prefix(count);
  }
}

TEST(SocketFrame, FramesComeOutWhole_HoweverTheirBytesWereCut) {
  Dice dice(4);
  for (int round = 0; round < 50; ++round) {
    std::string bytes;
    std::vector<std::string> sent;
    for (std::uint64_t i = 0; i < 20; ++i) {
      sent.push_back(std::string(dice.below(dice.chance(5) ? 300'000 : 300), 'x'));
      bytes += encode_frame(i, Status(ErrorId::kIoError, sent.back()));
    }
    FrameBuffer buffer;
    std::size_t at = 0, got = 0;
    while (got < sent.size()) {
      const Result<std::optional<Frame>> frame = buffer.next();
      ASSERT_TRUE(frame.ok());
      if (*frame) {
        EXPECT_EQ((*frame)->number, got);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>((*frame)->payload.data()) % 8, 0u);
        const Message message = decode_payload((*frame)->payload).value();
        EXPECT_EQ(std::get<Status>(message).text().what, sent[got++]);
        continue;
      }
      ASSERT_LT(at, bytes.size());
      const std::span<std::uint8_t> room = buffer.room();
      const std::size_t count =
          std::min({room.size(), bytes.size() - at, std::size_t{1} + dice.below(dice.chance(50) ? 40 : 100'000)});
      std::memcpy(room.data(), bytes.data() + at, count);
      buffer.wrote(count);
      at += count;
    }
    EXPECT_FALSE(buffer.is_inside());
  }
}

TEST(SocketFrame, WhatIsNoFrameIsRefused) {
  const std::string sound = encode_frame(1, message::Alive{});
  for (std::size_t at = 0; at < 8; ++at) {
    std::string bent = sound;
    bent[at] = static_cast<char>(bent[at] ^ (at < 4 ? 1 : at == 7 ? 0x40 : 7));
    FrameBuffer buffer;
    feed(buffer, bent);
    const Result<std::optional<Frame>> frame = buffer.next();
    // A longer length, still a multiple of 8 and allowed, is a frame that has not all come.
    if (frame.ok()) {
      EXPECT_FALSE(frame->has_value()) << at;
    } else {
      EXPECT_EQ(frame.status().id(), ErrorId::kProtocolBroken);
    }
    if (at < 5 || at == 7) {
      EXPECT_FALSE(frame.ok()) << at;
    }
  }
}

TEST(SocketFrame, ABufferGrowsWithWhatHasCome_NotWithWhatAHeadAnnounces) {
  std::string head(kFrameHeadBytes, '\0');
  head.resize(kFrameHeadBytes + kPayloadBytesMax);
  write_head(head, 1);
  FrameBuffer buffer;
  feed(buffer, std::string_view(head).substr(0, 100));
  ASSERT_FALSE(buffer.next().value().has_value());
  EXPECT_LT(buffer.room().size(), 100u << 10);
}

}  // namespace
}  // namespace forge::internal
