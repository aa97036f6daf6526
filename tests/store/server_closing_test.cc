// Stores that close while others are connected: the holder, and those who are attached.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <set>
#include <thread>

#include "directory_lock.h"
#include "forge/store/stream.h"
#include "shared_store.h"

namespace forge {
namespace {

namespace fs = std::filesystem;
using internal::DirectoryLock;
using testing_support::FreshPath;
using testing_support::kLong;
using testing_support::SharedStore;

// --- of the holder --------------------------------------------------------------------------------------------------------------

TEST_F(SharedStore, ClosingTheStoreEndsItsServerInOrder) {
  Store other = attach();
  constexpr int kCalls = 500;
  const int stored = stored_while(other, kCalls, [&] {
    EXPECT_TRUE(holder_.close().ok());
    EXPECT_EQ(server_->connections(), 0u);
  });
  EXPECT_EQ(stored, kCalls);
  EXPECT_TRUE(other.act("Item.make", {{"id", "late"}}).ok());
  EXPECT_EQ(attach(true).head(), 1u + kCalls + 1);
  EXPECT_EQ(Server::start(holder_).status().id(), ErrorId::kClosed);
}

TEST_F(SharedStore, ClosingBesideAServerThatStopsWaitsForBoth) {
  const Store other = attach();
  std::latch both(2);
  std::thread stopper([&] {
    both.arrive_and_wait();
    server_->stop();
  });
  both.arrive_and_wait();
  EXPECT_TRUE(holder_.close().ok());
  stopper.join();
  EXPECT_FALSE(fs::exists(path_.path() + "/SOCKET"));
}

// A holder that has closed its socket and cannot let go, since it still works on a request.
class HeldUpAtItsEnd : public SharedStore {
 protected:
  void TearDown() override {
    let_go();
    if (ending_.joinable()) ending_.join();
  }
  // As if it had held the store for an hour.
  void begin(std::function<void()> end) {
    other_.emplace(attach());
    other_->transact_async({{.action = "Item.pair", .args = {{"of", "p"}}, .if_version = {}}}, {},
                           [](const Result<TransactionReceipt>& paired) { EXPECT_TRUE(paired.ok()) << paired.status().message(); });
    while (!is_target_asked_) std::this_thread::yield();
    ending_ = std::thread(std::move(end));
    while (fs::exists(path_.path() + "/SOCKET")) std::this_thread::yield();
    fs::last_write_time(path_.path() + "/LOCK", fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  void let_go() {
    if (!may_go_.exchange(true)) target_go_.set_value();
  }
  Status refusal() {
    return Store::open(path_.path(), {.create = false, .attach = true, .attach_timeout = std::chrono::milliseconds(50)}).status();
  }

  std::optional<Store> other_;
  std::thread ending_;
  std::atomic<bool> may_go_{false};
};

// Each look at the lock by who waits for it asks this clock.
class CountingClock : public Clock {
 public:
  CountingClock(int looks, std::function<void()> then) : left_(looks), then_(std::move(then)) {}
  Time now() override {
    if (--left_ == 0) then_();
    return system_clock().now();
  }

 private:
  std::atomic<int> left_;
  const std::function<void()> then_;
};

TEST_F(HeldUpAtItsEnd, AStoreThatClosesIsWaitedFor) {
  begin([&] { EXPECT_TRUE(holder_.close().ok()); });
  CountingClock clock(20, [&] { let_go(); });
  const Result<Store> next = Store::open(path_.path(), {.create = false, .attach = true, .attach_timeout = kLong, .clock = &clock});
  ASSERT_TRUE(next.ok()) << next.status().message();
  EXPECT_EQ(next->head(), 1u + 2);
}

TEST_F(HeldUpAtItsEnd, AStoreThatClosesForTooLongIsNamedWithWhatItDoes) {
  begin([&] { EXPECT_TRUE(holder_.close().ok()); });
  const Status refused = refusal();
  EXPECT_EQ(refused.id(), ErrorId::kStoreLocked);
  EXPECT_TRUE(refused.text().why.ends_with("; it is still closing the store")) << refused.text().why;
}

TEST_F(HeldUpAtItsEnd, AServerThatStopsIsWaitedForUntilItHasStopped) {
  begin([&] { server_->stop(); });
  EXPECT_EQ(DirectoryLock::tenure(path_.path(), kLong), DirectoryLock::Tenure::kClosing);
  EXPECT_TRUE(refusal().text().why.ends_with("; it is still closing the store"));
  let_go();
  ending_.join();
  EXPECT_EQ(DirectoryLock::tenure(path_.path(), kLong), DirectoryLock::Tenure::kNew);
  EXPECT_EQ(DirectoryLock::tenure(path_.path(), std::chrono::milliseconds(0)), DirectoryLock::Tenure::kSettled);
}

TEST(DirectoryLock, ClosesUntilTheLastThatBeganItHasTakenItBack) {
  const FreshPath path("closing");
  fs::create_directories(path.path());
  const auto lock = DirectoryLock::acquire(path.path(), "one", Time{}, DirectoryLock::Phase::kOpening).value();
  const auto tenure = [&] { return DirectoryLock::tenure(path.path(), std::chrono::milliseconds(0)); };
  lock->begin_closing();
  EXPECT_EQ(tenure(), DirectoryLock::Tenure::kClosing);
  lock->begin_closing();
  lock->end_closing();
  EXPECT_EQ(tenure(), DirectoryLock::Tenure::kClosing);
  EXPECT_EQ(DirectoryLock::holder(path.path()),
            "process " + std::to_string(::getpid()) + ", 'one', since 1970-01-01T00:00:00.000000Z");
  lock->end_closing();
  EXPECT_EQ(tenure(), DirectoryLock::Tenure::kSettled);
  fs::remove(path.path() + "/LOCK");
  lock->begin_closing();
  EXPECT_FALSE(fs::exists(path.path() + "/LOCK")) << "who deleted it is not contradicted";
}

TEST_F(SharedStore, AStoreHasOneServer) {
  const Status second = Server::start(holder_).status();
  EXPECT_EQ(second.id(), ErrorId::kUsage);
  EXPECT_TRUE(attach().act("Item.make", {{"id", "a"}}).ok());
  server_.reset();
  server_.emplace(Server::start(holder_).value());
  EXPECT_TRUE(attach().act("Item.make", {{"id", "b"}}).ok());
}

TEST(Server, MayOutliveItsStore) {
  const FreshPath path("outlived");
  std::optional<Store> holder(Store::open(path.path()).value());
  Server server = Server::start(*holder).value();
  Store other = Store::open(path.path(), {.attach = true}).value();
  ASSERT_TRUE(other.is_attached());
  holder.reset();
  EXPECT_EQ(server.connections(), 0u);
  server.stop();
  EXPECT_TRUE(other.transact({}, {.idempotency_key = "k"}).ok());
}

// --- of who is attached ---------------------------------------------------------------------------------------------------------

TEST_F(SharedStore, AnAttachedStoreThatClosesAnswersWhatIsOnTheWay) {
  Store other = attach();
  constexpr int kCalls = 3000;  // more than are sent at a time
  std::atomic<int> stored{0};
  for (int i = 0; i < kCalls; ++i) {
    other.transact_async(make(std::to_string(i)), {}, [&](const Result<TransactionReceipt>& result) {
      EXPECT_TRUE(result.ok()) << result.status().message();
      stored += result.ok() ? 1 : 0;
    });
  }
  EXPECT_TRUE(other.close().ok());
  EXPECT_EQ(stored, kCalls);
  EXPECT_EQ(holder_.head(), 1u + kCalls);
}

TEST_F(SharedStore, OfAnAttachedStoreThatIsClosedEverythingFailsWithClosed) {
  holder_.act("Item.make", {{"id", "a"}}).value();
  std::optional<Store> other(attach());
  TransactionStream stream(*other);
  Subscription subscription = other->subscribe({.from = Seq{1}}, [](const Event&) {}).value();
  Consumer consumer = other->join({.from = Seq{1}, .group = "g"}).value();
  ASSERT_TRUE(consumer.take(kLong).value().has_value());
  const View view = other->view();
  ASSERT_TRUE(other->close().ok());
  EXPECT_TRUE(other->close().ok());
  EXPECT_TRUE(other->is_attached());
  EXPECT_EQ(other->act("Item.make", {{"id", "b"}}).status().id(), ErrorId::kClosed);
  EXPECT_EQ(other->add_schema(testing_support::shared_schema()).status().id(), ErrorId::kClosed);
  EXPECT_EQ(other->groups().status().id(), ErrorId::kClosed);
  EXPECT_EQ(other->parked("g").status().id(), ErrorId::kClosed);
  EXPECT_EQ(other->projections().get("audit").status().id(), ErrorId::kClosed);
  EXPECT_EQ(other->projections().rebuild("audit").id(), ErrorId::kClosed);
  EXPECT_EQ(other->subscribe({}, [](const Event&) {}).status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.get("Item", "a").status().id(), ErrorId::kClosed);
  other.reset();
  EXPECT_EQ(subscription.status().id(), ErrorId::kClosed);
  EXPECT_EQ(consumer.take(kLong).status().id(), ErrorId::kClosed);
  EXPECT_EQ(consumer.ack(1).id(), ErrorId::kClosed);
  EXPECT_EQ(stream
                .submit(make("c"), {},
                        [](const Result<TransactionReceipt>& result) { EXPECT_EQ(result.status().id(), ErrorId::kClosed); })
                .id(),
            ErrorId::kClosed);
  // What the consumer had goes to the others, once the holder sees that it is gone.
  Consumer next = holder_.join({.group = "g"}).value();
  std::set<Seq> given;
  for (int i = 0; i < 2; ++i) {
    const std::optional<Delivery> delivery = next.take(kLong).value();
    ASSERT_TRUE(delivery.has_value());
    given.insert(delivery->event->seq);
  }
  EXPECT_EQ(given, (std::set<Seq>{1, 2}));
}

TEST_F(SharedStore, WhoWaitsOnAnAttachedStoreThatClosesIsToldSo) {
  Store other = attach();
  Consumer consumer = other.join({.group = "g"}).value();
  std::latch waits(1);
  std::thread waiter([&] {
    waits.count_down();
    EXPECT_EQ(consumer.take(kLong).status().id(), ErrorId::kClosed);
  });
  waits.wait();
  EXPECT_TRUE(other.close().ok());
  waiter.join();
}

TEST_F(SharedStore, AnAttachedStoreIsNotClosedInsideItsOwnCalls) {
  Store other = attach();
  std::latch told(2);
  other.transact_async(make("a"), {}, [&](const Result<TransactionReceipt>&) {
    EXPECT_EQ(other.close().id(), ErrorId::kUsage);
    told.count_down();
  });
  const Subscription subscription = other
                                        .subscribe({.from = Seq{1}},
                                                   [&](const Event& event) {
                                                     if (event.seq > 1) return;
                                                     EXPECT_EQ(other.close().id(), ErrorId::kUsage);
                                                     told.count_down();
                                                   })
                                        .value();
  told.wait();
  EXPECT_TRUE(other.act("Item.make", {{"id", "b"}}).ok());
}

// A callback is let finish, and what it asks of the store meanwhile is done.
TEST_F(SharedStore, ACallbackOfAnAttachedStoreThatClosesFinishes) {
  Store other = attach();
  std::latch inside(1);
  Status asked(ErrorId::kInternal, "");
  const Subscription subscription = other
                                        .subscribe({.from = Seq{1}},
                                                   [&](const Event& event) {
                                                     if (event.seq > 1) return;
                                                     inside.count_down();
                                                     asked = other.act("Item.make", {{"id", "a"}}).status();
                                                   })
                                        .value();
  inside.wait();
  EXPECT_TRUE(other.close().ok());
  EXPECT_TRUE(asked.ok()) << asked.message();
  EXPECT_EQ(holder_.head(), 2u);
}

}  // namespace
}  // namespace forge
