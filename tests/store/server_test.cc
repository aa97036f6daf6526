#include "forge/store/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <set>
#include <thread>

#include "directory_lock.h"
#include "forge/projections/audit_index.h"
#include "forge/store/stream.h"
#include "shared_store.h"
#include "socket_wire.h"
#include "support/dice.h"

namespace forge {
namespace {

namespace fs = std::filesystem;
using internal::connect_to;
using internal::Descriptor;
using internal::encode_frame;
using internal::Wire;
using testing_support::FreshPath;
using testing_support::kLong;
using testing_support::SharedStore;

// --- acting ---------------------------------------------------------------------------------------------------------------------

TEST_F(SharedStore, ActsThroughTheHolderWithTheSameReceipts) {
  Store other = attach();
  EXPECT_EQ(other.id(), holder_.id());
  EXPECT_FALSE(other.read_only());
  const Receipt made = other.act("Item.make", {{"id", "a"}, {"qty", 3}}, {.actor = "me", .idempotency_key = "k"}).value();
  EXPECT_EQ(made.seq, 2u);
  EXPECT_EQ(made.resource, "Item");
  EXPECT_EQ(made.key, "a");
  EXPECT_EQ(made.version, 1u);
  EXPECT_EQ(holder_.get("Item", "a").value()["qty"].as_int(), 3);
  EXPECT_EQ(holder_.view().event(2).value().actor, "me");
  const Receipt again = holder_.act("Item.make", {{"id", "a"}, {"qty", 3}}, {.actor = "me", .idempotency_key = "k"}).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.transaction, made.transaction);
  EXPECT_EQ(again.recorded_at, made.recorded_at);
}

TEST_F(SharedStore, RefusesWithTheSameErrors) {
  Store other = attach();
  holder_.act("Item.make", {{"id", "a"}}).value();
  const std::vector<std::pair<std::vector<ActionRequest>, ErrorId>> refused = {
      {make("b", 0), ErrorId::kRuleViolated},
      {make("a"), ErrorId::kRecordExists},
      {{{.action = "Item.set", .args = {{"id", "a"}}, .if_version = Version{7}}}, ErrorId::kVersionConflict},
      {{{.action = "Item.set", .args = {{"id", "none"}}, .if_version = {}}}, ErrorId::kRecordNotFound},
      {{{.action = "Item.mkae", .args = {}, .if_version = {}}}, ErrorId::kUnknownAction},
      {{{.action = "Item.make", .args = {{"id", "b"}, {"qty", "many"}}, .if_version = {}}}, ErrorId::kArgumentType},
      {{{.action = "_schema.add", .args = {}, .if_version = {}}}, ErrorId::kUnknownAction}};
  for (const auto& [actions, id] : refused) {
    const Status here = holder_.transact(actions).status(), there = other.transact(actions).status();
    EXPECT_EQ(here.id(), id);
    EXPECT_EQ(there, here);
    EXPECT_EQ(there.text().remedy, here.text().remedy);
  }
  EXPECT_EQ(holder_.head(), 2u);
}

TEST_F(SharedStore, TakesEventsBackThroughTheHolder) {
  Store other = attach();
  const Seq made = other.act("Item.make", {{"id", "u"}, {"qty", 2}}).value().seq;
  const Seq set = other.act("Item.set", {{"id", "u"}, {"qty", 5}}).value().seq;
  EXPECT_EQ(other.undo(made).status().id(), ErrorId::kUndoConflict);
  const Receipt undone = other.undo(set, {.idempotency_key = "u-1"}).value();
  EXPECT_EQ(holder_.view().event(undone.seq)->undoes, set);
  EXPECT_EQ(holder_.get("Item", "u").value()["qty"], Value(2));
  EXPECT_TRUE(other.undo(set, {.idempotency_key = "u-1"}).value().replayed);
  EXPECT_EQ(other.undo_transaction(made).value().actions.at(0).type, "Item._undone");
}

TEST_F(SharedStore, PoliciesSeeTheActorOfTheOtherProcess) {
  Store other = attach();
  holder_.act("Item.make", {{"id", "a"}}).value();
  const Status denied = other.act("Item.break", {{"id", "a"}}, {.actor = {"ann", "clerk"}}).status();
  EXPECT_EQ(denied.id(), ErrorId::kPolicyDenied);
  EXPECT_EQ(denied.text().why, holder_.act("Item.break", {{"id", "a"}}, {.actor = {"ann", "clerk"}}).status().text().why);
  EXPECT_TRUE(other.act("Item.break", {{"id", "a"}}, {.actor = {"ann", "boss"}}).ok());
}

TEST_F(SharedStore, HandlersAreThoseOfTheHolderAlsoInADryRun) {
  holder_.act("Item.make", {{"id", "a"}}).value();
  Store other = attach(), reading = attach(true);
  EXPECT_EQ(reading.act("Item.price", {{"id", "a"}, {"qty", 0}}, {.dry_run = true}).status().id(), ErrorId::kRuleViolated);
  EXPECT_EQ(reading.act("Item.price", {{"id", "a"}, {"qty", 5}}).status().id(), ErrorId::kReadOnly);
  EXPECT_EQ(reading.act("Item.price", {{"id", "a"}, {"qty", 5}}, {.dry_run = true}).value().version, 2u);
  EXPECT_EQ(other.act("Item.price", {{"id", "a"}, {"qty", 5}}, {.dry_run = true}).value().version, 2u);
  EXPECT_EQ(holder_.head(), 2u);
  EXPECT_EQ(other.act("Item.price", {{"id", "a"}, {"qty", 5}}).value().version, 2u);
  EXPECT_EQ(holder_.get("Item", "a").value()["qty"].as_int(), 10);
  server_.reset();
  ASSERT_TRUE(holder_.close().ok());
  Store alone = Store::open(path_.path(), {.read_only = true, .attach = true}).value();
  EXPECT_EQ(alone.act("Item.price", {{"id", "a"}, {"qty", 5}}, {.dry_run = true}).status().id(), ErrorId::kHandlerMissing);
}

TEST_F(SharedStore, ManyCallersOfManyProcessesEachGetTheirOwnAnswer) {
  constexpr int kProcesses = 4, kCallers = 8, kCalls = 50;
  std::vector<Store> others;
  for (int p = 0; p < kProcesses; ++p) others.push_back(attach());
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int p = 0; p < kProcesses; ++p) {
    for (int c = 0; c < kCallers; ++c) {
      callers.emplace_back([&, p, c] {
        for (int i = 0; i < kCalls; ++i) {
          const std::string id = std::to_string(p) + "-" + std::to_string(c) + "-" + std::to_string(i);
          const Result<Receipt> made = others[static_cast<std::size_t>(p)].act("Item.make", {{"id", id}});
          right += made.ok() && made->key == id ? 1 : 0;
        }
      });
    }
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, kProcesses * kCallers * kCalls);
  EXPECT_EQ(holder_.head(), 1u + kProcesses * kCallers * kCalls);
}

TEST_F(SharedStore, AStreamKeepsItsOrderAndStopsAtARefusal) {
  Store other = attach();
  std::vector<std::string> answers;
  TransactionStream stream(other, {.window = 64, .stop_on_refusal = true});
  Status stopped;
  for (int i = 0; i < 500 && stopped.ok(); ++i) {
    stopped = stream.submit(make(std::to_string(i), i == 300 ? 0 : 1), {}, [&answers](const Result<TransactionReceipt>& result) {
      answers.push_back(result.ok() ? result->actions.at(0).key : "refused");
    });
  }
  EXPECT_EQ(stream.finish().id(), ErrorId::kRuleViolated);
  EXPECT_EQ(holder_.head(), 1u + 300);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], i < 300 ? std::to_string(i) : "refused");
}

TEST_F(SharedStore, SchemasAndBookmarksAreAddedThroughTheHolder) {
  Store other = attach();
  std::vector<SourceFile> next = testing_support::shared_schema();
  next[0].text += "table Box (resource) { id: string (key); }\n table MakeBox (action: \"Box.make\", creates) {}\n";
  const LoadedDomain loaded = other.add_schema(next).value();
  EXPECT_TRUE(loaded.added);
  EXPECT_EQ(loaded.version, 2u);
  EXPECT_FALSE(loaded.changes.empty());
  EXPECT_TRUE(other.act("Box.make", {{"id", "b"}}).ok());
  EXPECT_EQ(other.add_schema(testing_support::shared_schema()).status().id(), ErrorId::kSchemaIncompatible);
  EXPECT_EQ(other.add_bookmark("now", Head{}).value().seq, 3u);
  EXPECT_TRUE(other.remove_bookmark("now").ok());
  EXPECT_EQ(other.remove_bookmark("now").id(), ErrorId::kBookmarkNotFound);
}

TEST_F(SharedStore, AStoreForReadingIsAttachedToFollowAndWritesNothing) {
  Store other = attach(true);
  EXPECT_EQ(other.act("Item.make", {{"id", "a"}}).status().id(), ErrorId::kReadOnly);
  EXPECT_EQ(other.join({.group = "g"}).status().id(), ErrorId::kReadOnly);
  EXPECT_EQ(holder_.head(), 1u);
}

// --- following ------------------------------------------------------------------------------------------------------------------

TEST_F(SharedStore, SubscriptionsGetWhatWasAndWhatComesWithoutGapOrRepeat) {
  for (int i = 0; i < 100; ++i) holder_.act("Item.make", {{"id", std::to_string(i)}}).value();
  Store other = attach(true);
  std::vector<Seq> seen;
  const Subscription all = other.subscribe({.from = Seq{1}}, [&](const Event& event) { seen.push_back(event.seq); }).value();
  std::atomic<int> of_one{0};
  const Subscription one =
      other.subscribe({.from = Seq{1}, .filter = {.resource = "Item", .key = "7"}}, [&](const Event&) { ++of_one; }).value();
  for (int i = 0; i < 100; ++i) holder_.act("Item.set", {{"id", "7"}, {"qty", i + 1}}).value();
  ASSERT_TRUE(all.wait_for(201, kLong)) << all.status().message();
  ASSERT_TRUE(one.wait_for(201, kLong));
  ASSERT_EQ(seen.size(), 201u);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 1);
  EXPECT_EQ(of_one, 101);
}

TEST_F(SharedStore, ASubscriptionThatMakesNoSenseIsRefusedAsInTheHolder) {
  Store other = attach();
  const auto refused = [&](const SubscribeOptions& options) {
    const Status here = holder_.subscribe(options, [](const Event&) {}).status();
    EXPECT_EQ(other.subscribe(options, [](const Event&) {}).status(), here);
    return here.id();
  };
  EXPECT_EQ(refused({.from = Seq{99}}), ErrorId::kCursorPastHead);
  EXPECT_EQ(refused({.filter = {.resource = "Itme"}}), ErrorId::kUnknownResource);
  EXPECT_EQ(refused({.of_store = "another"}), ErrorId::kCursorForeign);
  EXPECT_EQ(refused({.from = BookmarkName{"none"}}), ErrorId::kBookmarkNotFound);
}

TEST_F(SharedStore, ACallbackThatFailsOrCancelsEndsItsSubscriptionAlone) {
  Store other = attach();
  const Subscription failing =
      other.subscribe({.from = Seq{1}}, [](const Event&) { return Status(Code::kDenied, "not this one"); }).value();
  Subscription cancelling;
  std::latch cancelled(1), ready(1);
  cancelling = other
                   .subscribe({.from = Seq{1}},
                              [&](const Event&) {
                                ready.wait();
                                cancelling.cancel();
                                cancelled.count_down();
                              })
                   .value();
  ready.count_down();
  cancelled.wait();
  EXPECT_EQ(cancelling.status().id(), ErrorId::kCancelled);
  while (failing.status().ok()) EXPECT_FALSE(failing.wait_for(9, std::chrono::milliseconds(10)));
  EXPECT_EQ(failing.status().code(), Code::kDenied);
  EXPECT_TRUE(other.act("Item.make", {{"id", "a"}}).ok());
}

TEST_F(SharedStore, AGroupIsSharedByConsumersOfSeveralProcesses) {
  for (int i = 0; i < 40; ++i) holder_.act("Item.make", {{"id", std::to_string(i)}}).value();
  const SubscribeOptions options{.from = Seq{2}, .group = "g"};
  Store first = attach(), second = attach();
  std::set<Seq> done;
  {
    Consumer here = holder_.join(options).value(), there = first.join(options).value(), elsewhere = second.join(options).value();
    for (int i = 0; i < 10; ++i) {
      for (Consumer* consumer : {&here, &there, &elsewhere}) {
        const std::optional<Delivery> next = consumer->take(kLong).value();
        ASSERT_TRUE(next.has_value());
        EXPECT_TRUE(done.insert(next->event->seq).second);
        ASSERT_TRUE(consumer->ack(next->event->seq).ok());
      }
    }
    // What a consumer has when it ends goes to the others.
    EXPECT_TRUE(there.take(kLong).value().has_value());
    EXPECT_EQ(there.ack(2).id(), ErrorId::kDeliveryLost);
  }
  Consumer last = second.join(options).value();
  while (done.size() < 40) {
    const std::optional<Delivery> next = last.take(kLong).value();
    ASSERT_TRUE(next.has_value());
    EXPECT_TRUE(done.insert(next->event->seq).second);
    ASSERT_TRUE(last.ack(next->event->seq).ok());
  }
  EXPECT_FALSE(last.take(std::chrono::microseconds(0)).value().has_value());
  EXPECT_EQ(first.group("g").value().done_to, 41u);
  EXPECT_EQ(first.groups().value().size(), 1u);
  EXPECT_EQ(first.group("none").status().id(), ErrorId::kSubscriptionNotFound);
}

// What a process asked for that has gone may still be under way in the holder.
TEST_F(SharedStore, WhoComesToAGroupAfterTheLastHasLeftSaysHowItIsRetried) {
  Store next = attach();
  for (std::uint32_t round = 0; round < 4; ++round) {
    std::promise<void> asks;
    std::optional<Store> other = attach();
    Consumer consumer = other->join({.group = "g", .retry = {.attempts_max = 1 + round}}).value();
    std::thread taker([&] {
      asks.set_value();
      EXPECT_FALSE(consumer.take(kLong).ok());
    });
    asks.get_future().wait();
    ASSERT_TRUE(other->close().ok());
    const Result<Consumer> after = next.join({.group = "g", .retry = {.attempts_max = 100 + round}});
    EXPECT_TRUE(after.ok()) << round << ": " << after.status().message();
    taker.join();
  }
}

TEST_F(SharedStore, WhatFailsIsParkedAndRetriedThroughTheHolder) {
  holder_.act("Item.make", {{"id", "a"}}).value();
  Store other = attach();
  const SubscribeOptions options{.from = Seq{2}, .group = "g", .retry = {.attempts_max = 1}};
  Consumer consumer = other.join(options).value();
  EXPECT_TRUE(consumer.nack(consumer.take(kLong).value()->event->seq, "no").ok());
  ASSERT_EQ(other.parked("g").value().size(), 1u);
  EXPECT_EQ(other.parked("g").value()[0].error, "no");
  EXPECT_EQ(other.retry_parked("g", 2).value(), 1u);
  EXPECT_EQ(consumer.take(kLong).value()->event->seq, 2u);
  EXPECT_EQ(other.skip_parked("g", 2).status().id(), ErrorId::kParkedNotFound);
}

TEST_F(SharedStore, NamedCheckpointsAreThoseOfTheHolder) {
  Store other = attach();
  EXPECT_EQ(other.checkpoint("feed").value(), std::nullopt);
  ASSERT_TRUE(other.transact(make("a"), {.checkpoint = NamedCheckpoint{.name = "feed", .value = "row 1"}}).ok());
  EXPECT_EQ(holder_.checkpoint("feed").value(), "row 1");
  ASSERT_TRUE(holder_.set_checkpoint("feed", "row 2").ok());
  EXPECT_EQ(other.checkpoint("feed").value(), "row 2");
  EXPECT_FALSE(other.transact(make("a"), {.checkpoint = NamedCheckpoint{.name = "feed", .value = "row 3"}}).ok());
  EXPECT_EQ(other.checkpoint("feed").value(), "row 2") << "with a refused transaction it stays";
  ASSERT_TRUE(other.set_checkpoint("feed", std::nullopt).ok());
  EXPECT_EQ(holder_.checkpoint("feed").value(), std::nullopt);
  EXPECT_EQ(other.set_checkpoint("a b", "x").id(), ErrorId::kKeyInvalid);
}

TEST_F(SharedStore, AppendConditionsAreHeldAgainstTheHoldersLog) {
  Store other = attach();
  const Seq read = other.head();
  const AppendCondition condition{.items = {{.types = {"Item.*"}, .tags = {"Item/a"}}}, .after = read};
  ASSERT_TRUE(other.transact(make("a"), {.condition = condition}).ok());
  EXPECT_EQ(other.transact(make("b"), {.condition = condition}).status().id(), ErrorId::kConditionFailed);
}

// What takes its time in the holder holds up no other connection, and a stream stays in order.
TEST_F(SharedStore, ATargetThatTakesItsTimeHoldsUpItsOwnConnectionAlone) {
  Store slow = attach(), other = attach();
  std::promise<Result<TransactionReceipt>> paired;
  slow.transact_async({{.action = "Item.pair", .args = {{"of", "p"}}, .if_version = {}}}, {},
                      [&](Result<TransactionReceipt> result) { paired.set_value(std::move(result)); });
  EXPECT_TRUE(other.transact(make("z"), {}).ok());
  target_go_.set_value();
  const Result<TransactionReceipt> pair = paired.get_future().get();
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->actions.size(), 2u);
  EXPECT_TRUE(holder_.get("Item", "py").ok());
}

TEST_F(SharedStore, ProjectionsAreToldThroughTheHolder) {
  Store other = attach();
  EXPECT_EQ(other.projections().pause("audit").id(), ErrorId::kProjectionNotFound);
  ASSERT_TRUE(other.projections().add(audit_index()).ok());
  ASSERT_TRUE(other.projections().await("audit", 1, kLong).ok());
  EXPECT_EQ(other.projections().get("audit").value().state, ProjectionState::kLive);
  EXPECT_TRUE(other.projections().pause("audit").ok());
  EXPECT_EQ(other.projections().pause("audit").id(), ErrorId::kProjectionOtherState);
  EXPECT_EQ(holder_.projections().get("audit").value().state, ProjectionState::kPaused);
  EXPECT_TRUE(other.projections().resume("audit").ok());
  EXPECT_TRUE(other.projections().rebuild("audit").ok());
  EXPECT_TRUE(other.projections().await_rebuild("audit", kLong).ok());
  EXPECT_EQ(other.projections().add({.name = "mine"}).id(), ErrorId::kReadOnly);
}

// --- peers that do not behave ---------------------------------------------------------------------------------------------------

TEST_F(SharedStore, GarbageEndsItsOwnConnectionOnly) {
  Store other = attach();
  Dice dice(5);
  const std::string hello = encode_frame(0, internal::message::Hello{internal::kProtocolVersion, {}});
  for (int i = 0; i < 300; ++i) {
    const Descriptor peer = connect_to(path_.path()).value();
    std::string bytes = dice.chance(50) ? hello : "";
    std::string more =
        dice.chance(50) ? encode_frame(1, internal::message::Transact{.actions = make("garbage", 0)}) : std::string();
    for (std::uint64_t j = dice.below(200); j > 0; --j) more.push_back(static_cast<char>(dice.below(256)));
    if (!more.empty() && dice.chance(50)) more[dice.below(more.size())] ^= 0x55;
    bytes += more;
    bytes.resize(dice.below(bytes.size() + 1));
    static_cast<void>(::send(peer.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (dice.chance(50)) static_cast<void>(::shutdown(peer.number(), SHUT_WR));
    if (i % 50 == 0) {
      EXPECT_TRUE(other.act("Item.make", {{"id", std::to_string(i)}}).ok());
    }
  }
  const Descriptor peer = connect_to(path_.path()).value();
  const std::string answer = talk(peer.number(), hello + std::string(64, 'x'));
  EXPECT_NE(answer.find("is not a frame"), std::string::npos);
  EXPECT_TRUE(other.act("Item.make", {{"id", "last"}}).ok());
  EXPECT_EQ(holder_.head(), 1u + 6 + 1);
}

TEST_F(SharedStore, APeerThatSendsARequestBeforeItsGreetingIsSentAway) {
  const Descriptor peer = connect_to(path_.path()).value();
  const std::string answer = talk(peer.number(), encode_frame(1, internal::message::Transact{.actions = make("a")}));
  EXPECT_NE(answer.find("did not begin with a greeting"), std::string::npos);
  EXPECT_EQ(holder_.head(), 1u);
}

TEST_F(SharedStore, ARequestThatWasCutOffIsNotCarriedOut) {
  const std::string frames = encode_frame(0, internal::message::Hello{internal::kProtocolVersion, {}}) +
                             encode_frame(1, internal::message::Transact{.actions = make("a")});
  for (std::size_t size = frames.size() - 40; size < frames.size(); size += 13) {
    const Descriptor peer = connect_to(path_.path()).value();
    static_cast<void>(::send(peer.number(), frames.data(), size, MSG_NOSIGNAL));
    static_cast<void>(::shutdown(peer.number(), SHUT_WR));
    static_cast<void>(talk(peer.number(), ""));
  }
  EXPECT_EQ(holder_.head(), 1u);
}

TEST_F(SharedStore, ASubscriberThatDoesNotReadHoldsUpNobodyAndMissesNothing) {
  const std::unique_ptr<Wire> slow = Wire::open(path_.path(), {}).value();
  ASSERT_TRUE(slow->ask(internal::message::Subscribe{{.from = Seq{1}}}).ok());
  // Much more than the buffers of both sides take.
  const std::string text(50'000, 't');
  constexpr int kEvents = 200;
  for (int i = 0; i < kEvents; ++i) {
    holder_.transact(make(std::to_string(i)), {.reason = text.substr(0, 4000), .timeout = std::chrono::seconds(60)}).value();
  }
  for (int i = 0; i < 10 * kEvents; ++i) {
    holder_
        .transact({{.action = "Item.set", .args = {{"id", "1"}, {"qty", i + 1}}, .if_version = {}}},
                  {.reason = text.substr(0, 4000)})
        .value();
  }
  Store other = attach();
  EXPECT_TRUE(other.act("Item.make", {{"id", "beside"}}).ok());
  const Seq head = holder_.head();
  Seq next = 1;
  while (next <= head) {
    const std::optional<Wire::Received> got = slow->read(internal::kSilenceMax).value();
    ASSERT_TRUE(got.has_value()) << next;
    const auto* const delivered = std::get_if<internal::message::Delivered>(&got->message);
    if (delivered == nullptr) continue;
    ASSERT_EQ(delivered->event->seq, next++);
  }
}

TEST_F(SharedStore, APeerThatReadsNoAnswersIsNotReadFromAndTheOthersAreAnswered) {
  const Descriptor peer = connect_to(path_.path()).value();
  const timeval soon{.tv_sec = 0, .tv_usec = 200'000};
  ASSERT_EQ(::setsockopt(peer.number(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)), 0);
  std::string frames = encode_frame(0, internal::message::Hello{internal::kProtocolVersion, {}});
  // Refusals with a long text each: the answers are larger than what asks for them.
  std::uint64_t number = 0;
  for (int i = 0; i < 1000; ++i) frames += encode_frame(++number, internal::message::AskParked{"none"});
  bool is_held = false;
  for (int i = 0; i < 100 && !is_held; ++i) {
    is_held = ::send(peer.number(), frames.data(), frames.size(), MSG_NOSIGNAL) < static_cast<ssize_t>(frames.size());
  }
  EXPECT_TRUE(is_held);
  Store other = attach();
  EXPECT_TRUE(other.act("Item.make", {{"id", "a"}}).ok());
}

TEST_F(SharedStore, MoreConnectionsThanAllowedAreRefused) {
  server_.reset();
  server_.emplace(Server::start(holder_, {.connections_max = 2}).value());
  Store first = attach(), second = attach();
  const Result<Store> third = Store::open(path_.path(), {.attach = true});
  EXPECT_EQ(third.status().id(), ErrorId::kOverloaded);
  EXPECT_EQ(third.status().text().why, "no more than 2 may be at a time");
  EXPECT_EQ(server_->connections(), 2u);
  EXPECT_TRUE(first.act("Item.make", {{"id", "a"}}).ok());
}

TEST_F(SharedStore, ConnectionsThatSayNothingKeepNobodyOut) {
  server_.reset();
  server_.emplace(Server::start(holder_, {.connections_max = 3}).value());
  Store first = attach();
  const Descriptor older = connect_to(path_.path()).value(), newer = connect_to(path_.path()).value();
  while (server_->connections() < 3) std::this_thread::yield();
  Store second = attach();
  EXPECT_NE(talk(older.number(), "").find("too many processes are connected"), std::string::npos);
  EXPECT_EQ(server_->connections(), 3u);
  const std::string hello = encode_frame(0, internal::message::Hello{internal::kProtocolVersion, {}});
  ASSERT_EQ(::send(newer.number(), hello.data(), hello.size(), MSG_NOSIGNAL), static_cast<ssize_t>(hello.size()));
  char welcome[4096];
  const ssize_t size = ::recv(newer.number(), welcome, sizeof(welcome), 0);
  ASSERT_GT(size, 0);
  EXPECT_NE(std::string_view(welcome, static_cast<std::size_t>(size)).find(holder_.id()), std::string_view::npos)
      << "the newer one is still there";
  EXPECT_EQ(Store::open(path_.path(), {.attach = true}).status().id(), ErrorId::kOverloaded) << "all have greeted";
  EXPECT_TRUE(first.act("Item.make", {{"id", "a"}}).ok());
  EXPECT_TRUE(second.act("Item.make", {{"id", "b"}}).ok());
}

// --- the end, and what comes after ----------------------------------------------------------------------------------------------

TEST_F(SharedStore, WhenTheHolderEndsInOrderAnotherTakesItsPlaceAndNothingIsLostOrUnknown) {
  Store other = attach();
  constexpr int kCalls = 2000;
  const int stored = stored_while(other, kCalls, [&] {
    server_->stop();
    EXPECT_TRUE(holder_.close().ok());
  });
  EXPECT_EQ(stored, kCalls);
  EXPECT_TRUE(other.act("Item.make", {{"id", "late"}}).ok());
  EXPECT_EQ(attach(true).head(), 1u + kCalls + 1);
}

TEST_F(SharedStore, WhoMayNotTakeTheHoldersPlaceSaysThatItHasGone) {
  const Store other = attach(true);
  server_.reset();
  EXPECT_EQ(other.groups().status().id(), ErrorId::kHolderGone);
}

TEST_F(SharedStore, AnAttachedStoreGoesOnWithTheNextHolder) {
  Store other = attach();
  std::vector<Seq> seen;
  const Subscription subscription =
      other.subscribe({.from = Seq{2}}, [&](const Event& event) { seen.push_back(event.seq); }).value();
  other.act("Item.make", {{"id", "a"}}, {.idempotency_key = "k"}).value();
  ASSERT_TRUE(subscription.wait_for(2, kLong));
  server_.reset();
  ASSERT_TRUE(holder_.close().ok());
  Store next = Store::open(path_.path()).value();
  const Server server = Server::start(next).value();
  EXPECT_TRUE(other.act("Item.make", {{"id", "a"}}, {.idempotency_key = "k"}).value().replayed);
  EXPECT_TRUE(other.act("Item.make", {{"id", "b"}}).ok());
  ASSERT_TRUE(subscription.wait_for(3, kLong)) << subscription.status().message();
  EXPECT_EQ(seen, (std::vector<Seq>{2, 3}));
}

TEST_F(SharedStore, AGoodbyeInsteadOfAWelcomeIsThatOfAHolderThatGoesAndTheNextOneIsFound) {
  // A holder that ends between a connection and its greeting, in the place of the true one.
  server_.reset();
  internal::ListeningSocket leaving = internal::ListeningSocket::open(path_.path()).value();
  const int listening = leaving.take_socket();
  const auto say_goodbye = [&] {
    const int connection = ::accept(listening, nullptr, nullptr);
    const std::string goodbye = encode_frame(0, internal::message::Goodbye{0});
    static_cast<void>(::send(connection, goodbye.data(), goodbye.size(), MSG_NOSIGNAL));
    ::close(connection);
  };
  std::thread holders([&] {
    say_goodbye();
    say_goodbye();
    ::close(listening);
    server_.emplace(Server::start(holder_).value());
  });
  fs::last_write_time(path_.path() + "/LOCK", fs::file_time_type::clock::now() + std::chrono::minutes(1));
  EXPECT_EQ(Wire::open(path_.path(), {}).status().id(), ErrorId::kHolderGone);
  const Result<Store> other = Store::open(path_.path(), {.create = false, .attach = true});
  holders.join();
  ASSERT_TRUE(other.ok()) << other.status().message();
  EXPECT_TRUE(other->is_attached());
}

TEST_F(SharedStore, WhoHasNotGreetedYetWhenTheHolderEndsIsToldGoodbye) {
  const Descriptor peer = connect_to(path_.path()).value();
  while (server_->connections() == 0) std::this_thread::yield();
  server_->stop();
  EXPECT_EQ(talk(peer.number(), ""), encode_frame(0, internal::message::Goodbye{0}));
}

TEST_F(SharedStore, AfterALostConnectionOnlyWhatHasAKeyIsSentAgain) {
  // A holder that takes requests and goes away without an answer, in the place of the true one.
  server_.reset();
  internal::ListeningSocket false_holder = internal::ListeningSocket::open(path_.path()).value();
  const int listening = false_holder.take_socket();
  std::thread impostor([&] {
    const int connection = ::accept(listening, nullptr, nullptr);
    const std::string welcome =
        encode_frame(0, internal::message::Welcome{internal::kProtocolVersion, holder_.id(), holder_.head()});
    static_cast<void>(::send(connection, welcome.data(), welcome.size(), MSG_NOSIGNAL));
    internal::FrameBuffer buffer;
    for (int frames = 0; frames < 1 + 2;) {
      const std::span<std::uint8_t> room = buffer.room();
      buffer.wrote(static_cast<std::size_t>(::recv(connection, room.data(), room.size(), 0)));
      while (buffer.next().value().has_value()) ++frames;
    }
    ::close(connection);
    ::close(listening);
  });
  Store other = attach();
  std::latch answers(2);
  Result<TransactionReceipt> with_key = Status(ErrorId::kInternal, ""), without_key = with_key;
  const auto into = [&](Result<TransactionReceipt>& where) {
    return [&](Result<TransactionReceipt> result) {
      where = std::move(result);
      answers.count_down();
    };
  };
  other.transact_async(make("a"), {.idempotency_key = "k"}, into(with_key));
  other.transact_async(make("b"), {}, into(without_key));
  impostor.join();
  server_.emplace(Server::start(holder_).value());
  answers.wait();
  ASSERT_TRUE(with_key.ok()) << with_key.status().message();
  EXPECT_EQ(without_key.status().id(), ErrorId::kUnknownOutcome);
  EXPECT_EQ(without_key.status().text().state, "it is stored whole or not at all");
  EXPECT_TRUE(holder_.get("Item", "a").ok());
  EXPECT_EQ(holder_.get("Item", "b").status().id(), ErrorId::kRecordNotFound);
}

TEST_F(SharedStore, WithoutAServerTheLockIsNamed) {
  server_.reset();
  const Status locked = Store::open(path_.path(), {.attach = true}).status();
  EXPECT_EQ(locked.id(), ErrorId::kStoreLocked);
  EXPECT_NE(locked.text().why.find("process " + std::to_string(::getpid())), std::string::npos);
  EXPECT_TRUE(locked.text().why.ends_with("; it does not answer for other processes")) << locked.text().why;
  const Store reading = Store::open(path_.path(), {.read_only = true, .attach = true}).value();
  EXPECT_FALSE(reading.is_attached());
}

TEST_F(SharedStore, WhoHasHeldTheLockForLongAndDoesNotAnswerIsNotWaitedFor) {
  server_.reset();
  fs::last_write_time(path_.path() + "/LOCK", fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(Store::open(path_.path(), {.attach = true}).status().id(), ErrorId::kStoreLocked);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(1900));
}

// Lets go of a lock once a while is over: each look at the lock by who waits for it asks this clock.
class ReleasingClock : public Clock {
 public:
  ReleasingClock(std::unique_ptr<internal::DirectoryLock> lock, std::chrono::milliseconds after)
      : lock_(std::move(lock)), until_(std::chrono::steady_clock::now() + after) {}
  Time now() override {
    if (std::chrono::steady_clock::now() > until_ && !is_over_.exchange(true)) lock_.reset();
    return system_clock().now();
  }

 private:
  std::unique_ptr<internal::DirectoryLock> lock_;
  std::chrono::steady_clock::time_point until_;
  std::atomic<bool> is_over_ = false;
};

// As if it had been at it for an hour.
std::unique_ptr<internal::DirectoryLock> hold_as_opening(const std::string& directory) {
  auto lock = internal::DirectoryLock::acquire(directory, "slow", Time{}, internal::DirectoryLock::Phase::kOpening).value();
  fs::last_write_time(directory + "/LOCK", fs::file_time_type::clock::now() - std::chrono::hours(1));
  return lock;
}

TEST_F(SharedStore, WhoOpensTheStoreForLongIsWaitedForAsLongAsTheCallerSays) {
  server_.reset();
  ASSERT_TRUE(holder_.close().ok());
  ReleasingClock clock(hold_as_opening(path_.path()), std::chrono::milliseconds(2500));
  const Result<Store> opened = Store::open(path_.path(), {.attach = true, .attach_timeout = kLong, .clock = &clock});
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_FALSE(opened->is_attached());
}

TEST_F(SharedStore, WhoOpensTheStoreForTooLongIsNamedWithWhatItDoes) {
  server_.reset();
  ASSERT_TRUE(holder_.close().ok());
  const auto lock = hold_as_opening(path_.path());
  const Status refused = Store::open(path_.path(), {.attach = true, .attach_timeout = std::chrono::milliseconds(50)}).status();
  EXPECT_EQ(refused.id(), ErrorId::kStoreLocked);
  EXPECT_TRUE(refused.text().why.ends_with("'slow', since 1970-01-01T00:00:00.000000Z; it is still opening the store"))
      << refused.text().why;
  lock->end_opening();
  EXPECT_EQ(internal::DirectoryLock::tenure(path_.path(), kLong), internal::DirectoryLock::Tenure::kNew);
  EXPECT_EQ(internal::DirectoryLock::tenure(path_.path(), std::chrono::milliseconds(0)), internal::DirectoryLock::Tenure::kSettled);
}

TEST_F(SharedStore, WhoHasJustTakenTheLockIsWaitedFor) {
  server_.reset();
  std::latch begun(1);
  std::thread starter([&] {
    begun.wait();
    server_.emplace(Server::start(holder_).value());
  });
  fs::last_write_time(path_.path() + "/LOCK", fs::file_time_type::clock::now() + std::chrono::minutes(1));
  begun.count_down();
  EXPECT_TRUE(attach().is_attached());
  starter.join();
}

TEST_F(SharedStore, ASocketThatAKilledHolderLeftIsReplaced) {
  server_.reset();
  {
    internal::ListeningSocket killed = internal::ListeningSocket::open(path_.path()).value();
    fs::rename(path_.path() + "/SOCKET", path_.path() + "/kept");
    ::close(killed.take_socket());
  }
  fs::rename(path_.path() + "/kept", path_.path() + "/SOCKET");
  EXPECT_EQ(Store::open(path_.path(), {.attach = true}).status().id(), ErrorId::kStoreLocked);
  server_.emplace(Server::start(holder_).value());
  EXPECT_TRUE(attach().act("Item.make", {{"id", "a"}}).ok());
}

TEST_F(SharedStore, TheSocketsPermissionsAreTheDirectorys) {
  struct stat found {};
  ASSERT_EQ(::stat((path_.path() + "/SOCKET").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
  server_.reset();
  fs::permissions(path_.path(), fs::perms::group_write, fs::perm_options::add);
  server_.emplace(Server::start(holder_).value());
  ASSERT_EQ(::stat((path_.path() + "/SOCKET").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0660u);
}

TEST(Server, WorksInADirectoryWhoseNameIsLongerThanASocketsAddress) {
  const FreshPath base("long");
  const std::string path = base.path() + "/" + std::string(120, 'd') + "/" + std::string(120, 'e');
  fs::create_directories(path);
  Store holder = Store::open(path).value();
  const Server server = Server::start(holder).value();
  Store other = Store::open(path, {.attach = true}).value();
  EXPECT_TRUE(other.is_attached());
  EXPECT_TRUE(other.transact({}, {.idempotency_key = "k"}).ok());
}

TEST(Server, NeedsAStoreThatThisProcessHolds) {
  Store memory = Store::open(":memory:").value();
  EXPECT_EQ(Server::start(memory).status().id(), ErrorId::kUsage);
  const FreshPath path("held");
  { Store made = Store::open(path.path()).value(); }
  Store reading = Store::open(path.path(), {.read_only = true}).value();
  EXPECT_EQ(Server::start(reading).status().id(), ErrorId::kReadOnly);
  Store alone = Store::open(path.path(), {.attach = true}).value();
  EXPECT_FALSE(alone.is_attached());
}

}  // namespace
}  // namespace forge
