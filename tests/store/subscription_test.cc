// Subscriptions of a store: order, gaps and repeats; consumers that are slow, throw, stop or die; groups over reopening, crashes
// and power losses. Waiting is for a condition, never for a time.

#include "forge/store/subscription.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "forge/store/store.h"
#include "forge/store/stream.h"
#include "forge/testing.h"
#include "store/seeds.h"
#include "store_state.h"
#include "support/dice.h"
#include "support/fault_env.h"
#include "support/slow_build.h"

namespace forge {
namespace {

constexpr std::uint64_t kManyEvents = testing_support::kIsSlowBuild ? 5'000 : 100'000;
constexpr int kLives = testing_support::kIsSlowBuild ? 12 : 60;
constexpr std::chrono::seconds kLong{120};  // nothing waits so long that goes well
constexpr std::chrono::microseconds kNoWait{0};

std::vector<SourceFile> schema() {
  return {{"shop.fbs", R"fbs(include "forge.fbs";
    table Order (resource) { id: string (key); qty: long; }
    table PlaceOrder (action: "Order.place", creates, event: "Order.placed") { id: string; qty: long = 1; }
    table AddToOrder (action: "Order.add", upserts, event: "Order.added", set: "qty = :qty") { id: string; qty: long = 1; }
    table Stock (resource) { id: string (key); }
    table TakeStock (action: "Stock.take", upserts, event: "Stock.taken") { id: string; }
  )fbs"}};
}

ActionRequest add(const std::string& id, std::int64_t qty = 1) {
  return {.action = "Order.add", .args = {{"id", id}, {"qty", qty}}, .if_version = {}};
}

// What a subscription was given.
class Received {
 public:
  EventCallback callback() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      seqs_.push_back(event.seq);
      types_.push_back(event.type);
    };
  }
  std::vector<Seq> seqs() const {
    const std::lock_guard lock(mutex_);
    return seqs_;
  }
  std::vector<std::string> types() const {
    const std::lock_guard lock(mutex_);
    return types_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Seq> seqs_;
  std::vector<std::string> types_;
};

std::vector<Seq> all_from(Seq first, Seq last) {
  std::vector<Seq> out(last - first + 1);
  std::iota(out.begin(), out.end(), first);
  return out;
}

class Subscriptions : public ::testing::Test {
 protected:
  Subscriptions() : store_(Store::open(":memory:", options()).value()) { store_.add_schema(schema()).value(); }

  OpenOptions options() {
    OpenOptions out;
    out.clock = &clock_;
    out.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(lines_mutex_);
      lines_.emplace_back(line);
    };
    return out;
  }
  // `count` events on as many orders as `records`.
  void write(std::uint64_t count, std::uint64_t records = 50) {
    TransactionStream stream(store_);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::vector<ActionRequest> actions;
      actions.push_back(add("o-" + std::to_string(i % records), static_cast<std::int64_t>(i)));
      ASSERT_TRUE(stream.submit(std::move(actions), {}, [](const Result<TransactionReceipt>&) {}).ok());
    }
    ASSERT_TRUE(stream.finish().ok());
  }
  Subscription subscribe(SubscribeOptions options, EventCallback callback) {
    return store_.subscribe(std::move(options), std::move(callback)).value();
  }
  // Consumes what is there and acknowledges it; returns the seqs.
  static std::vector<Seq> consume(Consumer& consumer) {
    std::vector<Seq> out;
    for (;;) {
      const Result<std::optional<Delivery>> next = consumer.take(kNoWait);
      EXPECT_TRUE(next.ok()) << next.status().message();
      if (!next.ok() || !*next) return out;
      out.push_back((*next)->event->seq);
      EXPECT_TRUE(consumer.ack(out.back()).ok());
    }
  }
  bool diary_says(const std::string& part) {
    const std::lock_guard lock(lines_mutex_);
    return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  testing::ManualClock clock_;
  std::mutex lines_mutex_;
  std::vector<std::string> lines_;
  Store store_;
};

// --- order ----------------------------------------------------------------------------------------------------------------------

TEST_F(Subscriptions, DeliverWhatWasAndThenWhatComesWithoutGapOrRepeat) {
  write(3000);
  Received received;
  const Subscription subscription = subscribe({.from = Seq{1}}, received.callback());
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 500; ++i) store_.transact({add("w-" + std::to_string(writer)), add("x")}).value();
    });
  }
  for (std::thread& writer : writers) writer.join();
  ASSERT_TRUE(subscription.wait_for(store_.head(), kLong)) << subscription.status().message();
  EXPECT_EQ(received.seqs(), all_from(1, store_.head()));
}

TEST_F(Subscriptions, ToManyReadersSkipNothingAndRepeatNothing) {
  constexpr std::size_t kReaders = 100;
  struct Reader {
    Seq next = 1;
    std::uint64_t wrong = 0;
  };
  std::vector<Reader> readers(kReaders);
  std::vector<Subscription> subscriptions;
  for (Reader& reader : readers) {
    subscriptions.push_back(subscribe({.from = Seq{1}}, [&reader](const Event& event) {
      reader.wrong += event.seq == reader.next ? 0 : 1;
      ++reader.next;
    }));
  }
  write(kManyEvents, 1000);
  for (std::size_t i = 0; i < kReaders; ++i) {
    ASSERT_TRUE(subscriptions[i].wait_for(store_.head(), kLong));
    subscriptions[i].cancel();
    EXPECT_EQ(readers[i].wrong, 0u);
    EXPECT_EQ(readers[i].next, store_.head() + 1);
  }
}

TEST_F(Subscriptions, BeginWhereTheyAreTold) {
  write(10);
  const Time early = store_.view().event(5).value().recorded_at;
  clock_.advance(1'000'000);
  write(5);
  const Seq head = store_.head();
  const auto first_of = [&](const SubscribeOptions& options) {
    Received received;
    const Subscription subscription = subscribe(options, received.callback());
    EXPECT_TRUE(subscription.wait_for(head, kLong));
    return received.seqs().empty() ? Seq{0} : received.seqs().front();
  };
  EXPECT_EQ(first_of({.from = Seq{0}}), 1u);
  EXPECT_EQ(first_of({.from = Seq{4}}), 4u);
  EXPECT_EQ(first_of({.from = early}), 5u);
  EXPECT_EQ(first_of({.from = Time{early.micros + 500'000}}), 12u);
  EXPECT_EQ(first_of({}), 0u);
  EXPECT_EQ(first_of({.from = Seq{head + 1}}), 0u);
}

TEST_F(Subscriptions, RefuseABeginningThatIsNotThere) {
  const auto refusal = [&](SubscribeOptions options) {
    return store_.subscribe(std::move(options), [](const Event&) {}).status().id();
  };
  EXPECT_EQ(refusal({.from = Seq{store_.head() + 2}}), ErrorId::kCursorPastHead);
  EXPECT_EQ(refusal({.from = Seq{1}, .of_store = "0192f0c1-2a3b-7c4d-8e5f-0123456789ab"}), ErrorId::kCursorForeign);
  EXPECT_EQ(refusal({.from = Seq{1}, .of_store = store_.stats().value().id}), ErrorId::kNone);
  EXPECT_EQ(refusal({.from = BookmarkName{"none"}}), ErrorId::kBookmarkNotFound);
  EXPECT_EQ(refusal({.filter = {.resource = "Odrer"}}), ErrorId::kUnknownResource);
  EXPECT_EQ(refusal({.filter = {.key = "o-1"}}), ErrorId::kFilterInvalid);
}

TEST_F(Subscriptions, DeliverWhatTheFilterLetsThroughOnly) {
  store_.act("Order.place", {{"id", "a"}}, {.actor = "web"}).value();
  store_.act("Order.add", {{"id", "a"}}, {.actor = "shop"}).value();
  store_.act("Order.place", {{"id", "b"}}, {.actor = "web"}).value();
  store_.act("Stock.take", {{"id", "a"}}, {.actor = "web"}).value();
  store_.transact({}).value();
  const auto types = [&](const EventFilter& filter) {
    Received before, after;
    const Subscription old = subscribe({.from = Seq{2}, .filter = filter}, before.callback());
    EXPECT_TRUE(old.wait_for(store_.head(), kLong));
    return before.types();
  };
  using Types = std::vector<std::string>;
  EXPECT_EQ(types({}), Types({"Order.placed", "Order.added", "Order.placed", "Stock.taken", "_transaction.empty"}));
  EXPECT_EQ(types({.resource = "Order"}), Types({"Order.placed", "Order.added", "Order.placed"}));
  EXPECT_EQ(types({.resource = "Order", .key = "a"}), Types({"Order.placed", "Order.added"}));
  EXPECT_EQ(types({.types = {"*.taken", "Order.add*"}}), Types({"Order.added", "Stock.taken"}));
  EXPECT_EQ(types({.actor = "shop"}), Types({"Order.added"}));
  EXPECT_EQ(types({.tag = "none"}), Types());
  EXPECT_EQ(types({.types = {"_transaction.*"}}), Types({"_transaction.empty"}));
}

TEST_F(Subscriptions, FilterTheSameInTheLogAsAmongRecentEvents) {
  write(20'000, 7);
  const EventFilter filter{.resource = "Order", .key = "o-3", .types = {"Order.added"}};
  Received slow, quick;
  const Subscription all = subscribe({.from = Seq{store_.head()}}, [](const Event&) {});  // recent events are kept from here on
  ASSERT_TRUE(all.wait_for(store_.head(), kLong));
  const Subscription behind = subscribe({.from = Seq{1}, .filter = filter}, slow.callback());
  ASSERT_TRUE(behind.wait_for(store_.head(), kLong));
  std::vector<Seq> expected;
  ASSERT_TRUE(store_.view()
                  .log({.resource = "Order", .key = "o-3"}, [&](const Event& event) { return expected.push_back(event.seq), true; })
                  .ok());
  EXPECT_EQ(slow.seqs(), expected);
}

// --- consumers that misbehave ---------------------------------------------------------------------------------------------------

TEST_F(Subscriptions, ThatAreSlowDoNotHoldTheWriterAndMissNothing) {
  std::latch let_go(1), has_begun(1);
  Received received;
  const Subscription slow = subscribe({}, [&, note = received.callback()](const Event& event) {
    if (event.seq == 2) {
      has_begun.count_down();
      let_go.wait();
    }
    return note(event);
  });
  write(1);
  has_begun.wait();
  write(20'000);  // more than is kept for all: the slow one must go back to the log
  EXPECT_LE(slow.position(), 2u);
  let_go.count_down();
  ASSERT_TRUE(slow.wait_for(store_.head(), kLong));
  EXPECT_EQ(received.seqs(), all_from(2, store_.head()));
}

TEST_F(Subscriptions, ThatThrowOrFailEndAloneAndSayAtWhichEvent) {
  Received received;
  const Subscription sound = subscribe({}, received.callback());
  const Subscription throws = subscribe({}, [](const Event& event) {
    if (event.seq == 5) throw std::runtime_error("out of paper");
  });
  const Subscription fails =
      subscribe({}, [](const Event& event) { return event.seq == 6 ? Status(Code::kRuleViolated, "no more") : Status(); });
  write(100);
  ASSERT_TRUE(sound.wait_for(store_.head(), kLong));
  EXPECT_FALSE(throws.wait_for(store_.head(), kLong));
  EXPECT_FALSE(fails.wait_for(store_.head(), kLong));
  EXPECT_EQ(throws.position(), 4u);
  EXPECT_EQ(throws.status().id(), ErrorId::kConsumerFailed);
  EXPECT_EQ(throws.status().text().why, "out of paper");
  EXPECT_EQ(throws.status().text().place, "event 5 Order.added");
  EXPECT_EQ(fails.position(), 5u);
  EXPECT_EQ(fails.status().id(), ErrorId::kConsumerFailed);
  EXPECT_EQ(received.seqs(), all_from(2, store_.head()));
}

TEST_F(Subscriptions, ThatAreCancelledAreNotCalledAgain) {
  std::atomic<int> calls{0};
  Subscription one = subscribe({}, [&](const Event&) { ++calls; });
  Subscription itself;
  std::latch assigned(1);
  itself = subscribe({}, [&](const Event&) {
    assigned.wait();
    itself.cancel();
  });
  assigned.count_down();
  write(1);
  ASSERT_TRUE(one.wait_for(store_.head(), kLong));
  one.cancel();
  EXPECT_FALSE(itself.wait_for(store_.head() + 1, kLong));
  EXPECT_EQ(itself.status().id(), ErrorId::kCancelled);
  itself.cancel();  // once more, from outside: the call that is under way ends first
  EXPECT_EQ(itself.position(), 2u);
  write(100);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(one.status().id(), ErrorId::kCancelled);
}

TEST_F(Subscriptions, MayActOnTheStore) {
  const Subscription echo = subscribe({.filter = {.types = {"Order.placed"}}}, [&](const Event& event) {
    return store_.act("Stock.take", {{"id", event.key}}).status();
  });
  Received received;
  const Subscription stock = subscribe({.filter = {.resource = "Stock"}}, received.callback());
  for (int i = 0; i < 50; ++i) store_.act("Order.place", {{"id", std::to_string(i)}}).value();
  ASSERT_TRUE(echo.wait_for(store_.head(), kLong)) << echo.status().message();
  ASSERT_TRUE(stock.wait_for(store_.head(), kLong));
  EXPECT_EQ(received.seqs().size(), 50u);
}

TEST_F(Subscriptions, OutliveTheStoreAndSayThatItIsClosed) {
  write(10);
  Subscription plain = subscribe({.from = Seq{1}}, [](const Event&) {});
  Subscription grouped = subscribe({.from = Seq{1}, .group = "g"}, [](const Event&) {});
  Consumer consumer = store_.join({.group = "h"}).value();
  ASSERT_TRUE(plain.wait_for(store_.head(), kLong));
  ASSERT_TRUE(store_.close().ok());
  EXPECT_EQ(plain.status().id(), ErrorId::kClosed);
  EXPECT_EQ(grouped.status().id(), ErrorId::kClosed);
  EXPECT_EQ(consumer.take(kNoWait).status().id(), ErrorId::kClosed);
  EXPECT_EQ(consumer.ack(1).id(), ErrorId::kClosed);
  EXPECT_EQ(store_.subscribe({}, [](const Event&) {}).status().id(), ErrorId::kClosed);
  plain.cancel();
}

TEST_F(Subscriptions, OfDurableEventsSeeOnlyWhatSurvivesAPowerCut) {
  OpenOptions options;
  options.durability = Durability::kOs;
  const internal::Tuning tuning{.watermark_interval = std::chrono::milliseconds(5)};
  const auto disk = std::make_shared<testing_support::SimulatedDisk>();
  Store store = StoreAccess::open("/store", options, testing_support::new_fault_env(disk), tuning).value();
  store.add_schema(schema()).value();
  std::atomic<std::uint64_t> too_early{0};
  const Subscription durable = store
                                   .subscribe({.from = Seq{1}, .durable_only = true},
                                              [&](const Event& event) { too_early += event.seq > store.durable_seq() ? 1 : 0; })
                                   .value();
  for (int i = 0; i < 500; ++i) store.transact({add("o")}).value();
  ASSERT_TRUE(durable.wait_for(store.head(), kLong));
  EXPECT_EQ(too_early, 0u);
}

// --- groups ---------------------------------------------------------------------------------------------------------------------

TEST_F(Subscriptions, OfAGroupShareTheEventsInTheOrderOfEachRecord) {
  std::mutex mutex;
  std::map<std::string, std::vector<Seq>> by_record;
  std::vector<Seq> all;
  const auto note = [&](const Event& event) {
    const std::lock_guard lock(mutex);
    by_record[event.key].push_back(event.seq);
    all.push_back(event.seq);
  };
  const SubscribeOptions options{.from = Seq{2}, .group = "mailer"};
  const Subscription first = subscribe(options, note), second = subscribe(options, note), third = subscribe(options, note);
  write(5000, 20);
  ASSERT_TRUE(first.wait_for(store_.head(), kLong)) << first.status().message();
  for (const auto& [key, seqs] : by_record) EXPECT_TRUE(std::is_sorted(seqs.begin(), seqs.end())) << key;
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, all_from(2, store_.head()));
  EXPECT_EQ(store_.group("mailer").value().consumers, 3u);
}

TEST_F(Subscriptions, OfAGroupGoOnWhereTheyWereAndNotWhereTheyAreTold) {
  write(10);
  {
    Consumer consumer = store_.join({.from = Seq{4}, .group = "g"}).value();
    EXPECT_EQ(consume(consumer), all_from(4, store_.head()));
  }
  write(3);
  Consumer consumer = store_.join({.from = Seq{1}, .group = "g"}).value();
  EXPECT_EQ(consume(consumer), all_from(12, 14));
}

TEST_F(Subscriptions, OfAGroupGiveBackWhatADeadConsumerHad) {
  write(3);
  std::optional<Consumer> dies = store_.join({.from = Seq{2}, .group = "g"}).value();
  Consumer lives = store_.join({.from = Seq{2}, .group = "g"}).value();
  ASSERT_EQ((*dies->take(kNoWait))->event->seq, 2u);
  ASSERT_EQ((*dies->take(kNoWait))->event->seq, 3u);
  EXPECT_EQ(store_.group("g").value().out.size(), 2u);
  dies.reset();
  EXPECT_EQ(consume(lives), all_from(2, 4));
}

TEST_F(Subscriptions, OfAGroupWakeAConsumerThatWaits) {
  Consumer consumer = store_.join({.group = "g"}).value();
  std::latch waits(1);
  Seq got = 0;
  std::thread waiting([&] {
    waits.count_down();
    const Result<std::optional<Delivery>> next = consumer.take(kLong);
    if (next.ok() && *next) got = (*next)->event->seq;
  });
  waits.wait();
  write(1);
  waiting.join();
  EXPECT_EQ(got, store_.head());
}

TEST_F(Subscriptions, OfAGroupRetryWithBackoffAndThenParkUntilSomebodyDecides) {
  const SubscribeOptions options{
      .from = Seq{2},
      .group = "g",
      .retry = {.attempts_max = 2, .backoff = std::chrono::seconds(1), .backoff_max = std::chrono::seconds(9)}};
  Consumer consumer = store_.join(options).value();
  write(2, 1);
  for (int attempt = 1; attempt <= 2; ++attempt) {
    const Delivery next = *consumer.take(kNoWait).value();
    EXPECT_EQ(next.event->seq, 2u);
    EXPECT_EQ(next.attempt, static_cast<std::uint32_t>(attempt));
    ASSERT_TRUE(consumer.nack(2, "no paper").ok());
    EXPECT_TRUE(attempt == 2 || !*consumer.take(kNoWait)) << "before the backoff was over";
    clock_.advance(1'000'000);
  }
  const std::vector<ParkedEvent> parked = store_.parked("g").value();
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked[0].seq, 2u);
  EXPECT_EQ(parked[0].attempts, 2u);
  EXPECT_EQ(parked[0].error, "no paper");
  EXPECT_TRUE(diary_says("'g' parked event 2"));
  EXPECT_EQ(consume(consumer), all_from(3, 3)) << "the record's next event waits no longer";

  EXPECT_EQ(store_.retry_parked("g", Seq{3}).status().id(), ErrorId::kParkedNotFound);
  EXPECT_EQ(store_.retry_parked("g", Seq{2}).value(), 1u);
  EXPECT_EQ(store_.parked("g").value().size(), 0u);
  const Delivery again = *consumer.take(kNoWait).value();
  EXPECT_EQ(again.event->seq, 2u);
  EXPECT_EQ(again.attempt, 1u);
  ASSERT_TRUE(consumer.ack(2).ok());
  EXPECT_EQ(consume(consumer), std::vector<Seq>());
}

TEST_F(Subscriptions, OfAGroupRetryFromACallbackOnceTheClockSaysSo) {
  std::atomic<int> attempts{0};
  const Subscription flaky =
      subscribe({.filter = {.resource = "Order"}, .group = "g", .retry = {.attempts_max = 3, .backoff = std::chrono::seconds(1)}},
                [&](const Event&) { return ++attempts < 3 ? Status(Code::kIo, "not yet") : Status(); });
  write(1);
  for (int look = 0; look < 2; ++look) {
    while (store_.group("g").value().retrying == 0) std::this_thread::yield();
    EXPECT_EQ(attempts, look + 1);
    clock_.advance(10'000'000);
    store_.act("Stock.take", {{"id", "tick"}}).value();  // whoever commits wakes the pool, which looks at the clock
    while (attempts == look + 1) std::this_thread::yield();
  }
  ASSERT_TRUE(flaky.wait_for(store_.head(), kLong));
  EXPECT_EQ(store_.group("g").value().parked, 0u);
}

TEST_F(Subscriptions, OfAGroupAreDoneWithEventsThatTheyDoNotWantAsSoonAsTheyPassThem) {
  const Subscription orders = subscribe({.filter = {.resource = "Order"}, .group = "g"}, [](const Event&) { return Status(); });
  for (int round = 0; round < 100; ++round) {
    const Seq next = store_.head() + 1;
    std::thread writer([&] { store_.act("Stock.take", {{"id", "tick"}}).value(); });
    EXPECT_TRUE(orders.wait_for(next, std::chrono::hours(1)));
    writer.join();
  }
}

TEST_F(Subscriptions, OfAGroupSkipParkedEventsForGood) {
  Consumer consumer = store_.join({.from = Seq{2}, .group = "g", .retry = {.attempts_max = 1}}).value();
  write(3);
  for (Seq seq = 2; seq <= 4; ++seq) {
    ASSERT_EQ((*consumer.take(kNoWait))->event->seq, seq);
    ASSERT_TRUE(consumer.nack(seq, "no").ok());
  }
  EXPECT_EQ(store_.group("g").value().parked, 3u);
  EXPECT_EQ(store_.skip_parked("g", Seq{3}).value(), 1u);
  EXPECT_EQ(store_.skip_parked("g").value(), 2u);
  EXPECT_EQ(store_.group("g").value().parked, 0u);
  EXPECT_EQ(consume(consumer), std::vector<Seq>());
  EXPECT_EQ(store_.skip_parked("none").status().id(), ErrorId::kSubscriptionNotFound);
}

TEST_F(Subscriptions, OfAGroupNameAnEventThatIsOutTooLong) {
  Consumer consumer = store_.join({.group = "g", .consumer = "slow-one", .stall_after = std::chrono::seconds(5)}).value();
  write(1);
  ASSERT_TRUE(*consumer.take(kNoWait));
  EXPECT_FALSE(store_.group("g").value().out.at(0).stalled);
  clock_.advance(5'000'000);
  const OutEvent out = store_.group("g").value().out.at(0);
  EXPECT_TRUE(out.stalled);
  EXPECT_EQ(out.consumer, "slow-one");
  EXPECT_EQ(out.seq, store_.head());
  while (!diary_says("event 2 out to consumer slow-one")) std::this_thread::yield();
}

TEST_F(Subscriptions, OfAGroupAreRefusedWhereTheyContradictEachOtherOrItsName) {
  Consumer consumer = store_.join({.filter = {.resource = "Order"}, .group = "g"}).value();
  EXPECT_EQ(store_.join({.filter = {.resource = "Stock"}, .group = "g"}).status().id(), ErrorId::kSubscriptionDiffers);
  EXPECT_EQ(store_.join({.group = "no good"}).status().id(), ErrorId::kSubscriptionName);
  EXPECT_EQ(store_.join({}).status().id(), ErrorId::kSubscriptionName);
  EXPECT_EQ(store_.join({.group = "h", .retry = {.attempts_max = 0}}).status().id(), ErrorId::kUsage);
  EXPECT_EQ(store_.group("none").status().id(), ErrorId::kSubscriptionNotFound);
  consumer = store_.join({.group = "h"}).value();
  const EventFilter same{.resource = "Order"};
  EXPECT_TRUE(store_.join({.filter = same, .group = "g", .retry = {.attempts_max = 7}}).ok()) << "whoever is alone says how";
}

TEST_F(Subscriptions, OfAGroupKeepTheFilterThatTheyBeganWith) {
  const EventFilter orders{.resource = "Order", .types = {"Order.*", "Other.*"}};
  static_cast<void>(store_.join({.from = Seq{1}, .filter = orders, .group = "g"}).value());
  write(2);
  const Status refused = store_.join({.filter = {.types = {"_schema.*"}}, .group = "g"}).status();
  EXPECT_EQ(refused.id(), ErrorId::kSubscriptionDiffers);
  EXPECT_EQ(refused.text().why,
            "it was made for events: type 'Order.*' or 'Other.*', of Order; asked for are events: type '_schema.*'");
  EXPECT_EQ(refused.text().state, "nothing was changed; it stands at event 0");
  EXPECT_EQ(store_.join({.group = "g"}).status().id(), ErrorId::kSubscriptionDiffers);
  const EventFilter said_otherwise{.resource = "Order", .types = {"Other.*", "Order.*", "Other.*"}};
  Consumer consumer = store_.join({.filter = said_otherwise, .group = "g"}).value();
  EXPECT_EQ(consume(consumer), (std::vector<Seq>{2, 3})) << "nothing was passed over";
}

TEST_F(Subscriptions, OfAGroupWhoseCursorNamesNoFilterTakeOverTheFirstOne) {
  internal::GroupCursor old;
  old.store = Uuid::parse(store_.stats().value().id).value();
  const std::string row = internal::encode(old);
  ASSERT_EQ(row.size(), 41u) << "format 1";
  std::vector<internal::RowWrite> rows;
  rows.push_back({.table = Table::kCursors, .key = internal::cursor_key("g"), .value = row});
  ASSERT_TRUE(StoreAccess::state(store_).writer->transact(internal::PreparedTransaction::of_rows(std::move(rows))).ok());
  write(1);
  {
    Consumer consumer = store_.join({.filter = {.resource = "Order"}, .group = "g"}).value();
    EXPECT_EQ(consume(consumer), std::vector<Seq>{2});
  }
  EXPECT_EQ(store_.join({.group = "g"}).status().id(), ErrorId::kSubscriptionDiffers);
}

TEST(GroupCursor, IsReadBackWithItsFilterAndRefusedWhereItIsCut) {
  internal::GroupCursor cursor;
  cursor.reached = 9;
  cursor.filter = EventFilter{"R", "k", {"A.*", "B.b"}, "t", "me"};
  cursor.open = {{.seq = 4, .attempts = 2}};
  const std::string row = internal::encode(cursor);
  EXPECT_EQ(internal::read_group_cursor("g", row).value(), cursor);
  for (std::size_t size = 0; size < row.size(); ++size) {
    if (size + 16 == row.size()) continue;  // without its open event it is another cursor
    EXPECT_EQ(internal::read_group_cursor("g", row.substr(0, size)).status().id(), ErrorId::kDataCorrupt) << size;
  }
}

TEST_F(Subscriptions, OfAGroupRefuseACursorOfAnotherStoreOrPastTheHead) {
  internal::GroupCursor cursor;
  cursor.store = Uuid::parse(store_.stats().value().id).value();
  const auto refusal_of = [&](const std::string& name) {
    internal::RowWrite row{.table = Table::kCursors, .key = internal::cursor_key(name), .value = internal::encode(cursor)};
    std::vector<internal::RowWrite> rows;
    rows.push_back(std::move(row));
    EXPECT_TRUE(StoreAccess::state(store_).writer->transact(internal::PreparedTransaction::of_rows(std::move(rows))).ok());
    return store_.join({.group = name}).status().id();
  };
  cursor.reached = store_.head();
  EXPECT_EQ(refusal_of("sound"), ErrorId::kNone);
  cursor.reached = store_.head() + 1;
  EXPECT_EQ(refusal_of("future"), ErrorId::kCursorPastHead);
  cursor.store.bytes[0] ^= 1;
  EXPECT_EQ(refusal_of("foreign"), ErrorId::kCursorForeign);
}

// What a store that was closed in order, or whose process or machine died at any moment, owes a group.
class GroupLives {
 public:
  explicit GroupLives(std::uint64_t seed) : dice_(seed), disk_(std::make_shared<testing_support::SimulatedDisk>()) {}

  void live() {
    std::optional<Store> store = open();
    if (!store) return;
    disk_->power_loss_after(dice_.below(250));
    std::vector<std::thread> threads;
    threads.emplace_back([&] { write(*store); });
    for (int consumer = 0; consumer < 3; ++consumer) threads.emplace_back([&, consumer] { consume(*store, consumer); });
    for (std::thread& thread : threads) thread.join();
    if (dice_.chance(30)) static_cast<void>(store->close().ok());
    dice_.chance(50) ? disk_->process_crash() : disk_->power_loss(dice_.below(1 << 30), testing_support::PowerLoss::kTorn);
    store.reset();
  }

  // Everything that is left, with sound disk.
  void finish() {
    std::optional<Store> store = open();
    ASSERT_TRUE(store);
    while (store->group("g").value().done_to < store->head() && !::testing::Test::HasFailure()) consume(*store, 0);
    const std::lock_guard lock(mutex_);
    for (Seq seq = 1; seq <= store->head(); ++seq) EXPECT_TRUE(acked_.contains(seq) || maybe_.contains(seq)) << seq;
    std::cout << acked_.size() << " acknowledged, " << maybe_.size() << " in doubt\n";
  }

 private:
  std::optional<Store> open() {
    const internal::Tuning tuning{.watermark_interval = std::chrono::milliseconds(1)};
    OpenOptions options;
    options.write_buffer_bytes = 64 << 10;
    Result<Store> opened = StoreAccess::open("/store", options, testing_support::new_fault_env(disk_), tuning);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    if (!opened.ok() || !opened->add_schema(schema()).ok()) return std::nullopt;
    return std::move(opened).value();
  }

  void write(Store& store) {
    for (int i = 0; i < 60 && !disk_->is_frozen(); ++i) static_cast<void>(store.transact({add("o-" + std::to_string(i % 7))}).ok());
  }

  void consume(Store& store, int number) {
    Result<Consumer> consumer = store.join({.from = Seq{1}, .group = "g", .retry = {.attempts_max = 1000, .backoff = kNoWait}});
    for (int idle = 0; consumer.ok() && idle < 20;) {
      const Result<std::optional<Delivery>> next = consumer->take(std::chrono::microseconds(200));
      if (!next.ok()) return;
      if (!*next) {
        ++idle;
        continue;
      }
      const Seq seq = (*next)->event->seq;
      note_delivered(seq);
      if ((static_cast<int>(seq) + number) % 5 == 0 && (*next)->attempt == 1) {
        static_cast<void>(consumer->nack(seq, "once").ok());
        continue;
      }
      note_answer(seq, consumer->ack(seq));
    }
  }

  void note_delivered(Seq seq) {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(acked_.contains(seq)) << "event " << seq << " was acknowledged and came again";
  }
  void note_answer(Seq seq, const Status& status) {
    const std::lock_guard lock(mutex_);
    (status.ok() ? acked_ : maybe_).insert(seq);
  }

  Dice dice_;
  std::shared_ptr<testing_support::SimulatedDisk> disk_;
  std::mutex mutex_;
  std::set<Seq> acked_, maybe_;
};

TEST(SubscriptionGroups, NeverDeliverAnAcknowledgedEventAgainAndEveryOtherOneOverCrashesAndPowerLosses) {
  const std::uint64_t seed = testing_support::seed_of_run();
  SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
  GroupLives lives(seed);
  for (int life = 0; life < kLives && !HasFailure(); ++life) lives.live();
  lives.finish();
}

// --- stores of before -----------------------------------------------------------------------------------------------------------

TEST(StoreBeforeCursors, OpensForReadingWithoutThemAndForWritingWithThem) {
  const std::string path = ::testing::TempDir() + "forge-before-cursors-" + std::to_string(::getpid());
  std::filesystem::remove_all(path);
  {
    Store store = Store::open(path).value();
    store.add_schema(schema()).value();
    rocksdb::DB& db = StoreAccess::state(store).database->db();
    ASSERT_TRUE(db.DropColumnFamily(StoreAccess::state(store).database->handle(Table::kCursors)).ok());
  }
  {
    OpenOptions reading;
    reading.read_only = true;
    Store store = Store::open(path, reading).value();
    EXPECT_EQ(store.groups().value().size(), 0u);
    EXPECT_EQ(store.join({.group = "g"}).status().id(), ErrorId::kReadOnly);
  }
  {
    Store store = Store::open(path).value();
    EXPECT_TRUE(store.join({.group = "g"}).ok());
    EXPECT_EQ(store.groups().value().size(), 1u);
  }
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace forge
