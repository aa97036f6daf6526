// Closing beside calls of other threads, and what was made before it. Threads go on until they are told that the store is closed;
// what was acknowledged until then must be there when it is opened again.

#include <gtest/gtest.h>

#include <rocksdb/env.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include "forge/store/backup.h"
#include "forge/store/proof.h"
#include "forge/store/rebuild.h"
#include "forge/store/store.h"
#include "forge/store/stream.h"
#include "forge/store/verify.h"
#include "store_state.h"
#include "support/slow_build.h"

namespace forge {
namespace {

constexpr int kClosingRounds = testing_support::kIsSlowBuild ? 12 : 60;
constexpr std::chrono::hours kLong{1};

std::vector<SourceFile> closing_schema() {
  return {{"note.fbs", R"fbs(include "forge.fbs";
    table Note (resource) { id: string (key); text: string; }
    table WriteNote (action: "Note.write", creates) { id: string; text: string; }
    table EditNote (action: "Note.edit", updates) { text: string; }
    table EveryNote (action: "Note.every", reads) {}
  )fbs"}};
}

ActionRequest write(const std::string& id) {
  return {.action = "Note.write", .args = {{"id", id}, {"text", "t"}}, .if_version = {}};
}

Projection counting(std::function<void()> on_event = {}) {
  Projection projection;
  projection.name = "counting";
  projection.fold = [on_event = std::move(on_event)](const Envelope& event, const Domain&, FoldRows& rows) -> Status {
    if (on_event) on_event();
    rows.put("seq", std::to_string(event.seq));
    return {};
  };
  return projection;
}

class Closing : public ::testing::Test {
 protected:
  void open(OpenOptions options = {}) {
    store_ = std::make_unique<Store>(StoreAccess::open("/store", std::move(options), disk_).value());
    if (store_->schemas().empty()) store_->add_schema(closing_schema()).value();
  }
  void SetUp() override { open(); }

  const std::shared_ptr<rocksdb::Env> disk_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::unique_ptr<Store> store_;
};

// Threads that each do one thing again and again until the store is closed.
class Crowd {
 public:
  // `call` is given how often it was called before. Anything but success and kClosed is a failure.
  void add(std::function<Status(int)> call) {
    threads_.emplace_back([this, call = std::move(call)] {
      for (int i = 0;; ++i) {
        const Status status = call(i);
        if (i == kWarm) ++warm_;
        if (status.ok()) continue;
        EXPECT_EQ(status.id(), ErrorId::kClosed) << status.message();
        if (i < kWarm) ++warm_;
        return;
      }
    });
  }
  // Until each has been at work for a while.
  void await_work() const {
    while (warm_ < static_cast<int>(threads_.size())) std::this_thread::yield();
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  static constexpr int kWarm = 3;
  std::vector<std::thread> threads_;
  std::atomic<int> warm_{0};
};

// --- several objects of one store -----------------------------------------------------------------------------------------------

TEST_F(Closing, SharedIsLeftToTheLastObject) {
  auto shared = std::make_unique<Store>(store_->share());
  ASSERT_TRUE(shared->transact({write("n-1")}).ok());
  EXPECT_EQ(store_->head(), shared->head());
  shared.reset();
  EXPECT_TRUE(store_->transact({write("n-2")}).ok());
  shared = std::make_unique<Store>(store_->share());
  store_.reset();
  EXPECT_TRUE(shared->transact({write("n-3")}).ok());
  shared.reset();
  open();
  EXPECT_TRUE(store_->notices().empty()) << store_->notices().front();
  EXPECT_TRUE(store_->get("Note", "n-3").ok());
}

TEST_F(Closing, SharedByOneClosesForAll) {
  const Store shared = store_->share();
  ASSERT_TRUE(store_->close().ok());
  EXPECT_EQ(shared.get("Note", "n-1").status().id(), ErrorId::kClosed);
}

// --- beside others --------------------------------------------------------------------------------------------------------------

TEST_F(Closing, BesideWritersKeepsWhatWasAcknowledged) {
  for (int round = 0; round < kClosingRounds; ++round) {
    std::array<std::vector<std::string>, 4> acknowledged;
    std::atomic<int> async_acknowledged{0}, async_answered{0};
    int async_asked = 0;
    Crowd crowd;
    const std::string mark = std::to_string(round) + "-";
    for (std::size_t w = 0; w < acknowledged.size(); ++w) {
      crowd.add([&, w](int i) {
        const std::string id = mark + std::to_string(w) + "-" + std::to_string(i);
        Status done = store_->transact({write(id)}).status();
        if (done.ok()) acknowledged[w].push_back(id);
        return done;
      });
    }
    crowd.add([&](int i) {
      ++async_asked;
      store_->transact_async({write(mark + "async-" + std::to_string(i))}, {}, [&](const Result<TransactionReceipt>& result) {
        if (result.ok()) ++async_acknowledged;
        ++async_answered;
      });
      return store_->root().status();
    });
    crowd.await_work();
    ASSERT_TRUE(store_->close().ok());
    crowd.join();
    EXPECT_EQ(async_answered, async_asked);
    open();
    int stored = 0;
    ASSERT_TRUE(store_->view().list({.resource = "Note", .key_prefix = mark}, [&](const Record&) { return ++stored > 0; }).ok());
    std::size_t expected = static_cast<std::size_t>(async_acknowledged);
    for (const std::vector<std::string>& of_writer : acknowledged) {
      expected += of_writer.size();
      for (const std::string& id : of_writer) EXPECT_TRUE(store_->get("Note", id).ok()) << id;
    }
    EXPECT_EQ(static_cast<std::size_t>(stored), expected);
  }
}

TEST_F(Closing, BesideReadersOfEveryKind) {
  for (int round = 0; round < kClosingRounds; ++round) {
    static_cast<void>(store_->act("Note.write", {{"id", "n"}, {"text", "t"}}).ok());
    const View view = store_->view();
    Crowd crowd;
    crowd.add([&](int) { return store_->get("Note", "n").status(); });
    crowd.add([&](int) { return store_->view().get("Note", "n").status(); });
    crowd.add([&](int) { return view.list({.resource = "Note"}, [](const Record&) { return true; }); });
    crowd.add([&](int) { return view.query("Note.every", {}, {}, [](const Record&) { return true; }); });
    crowd.add([&](int) { return view.log({}, [](const Event&) { return true; }); });
    crowd.add([&](int) { return view.history("Note", "n").status(); });
    crowd.add([&](int) { return view.blame("Note", "n").status(); });
    crowd.add([&](int) { return store_->as_of(Point(Head{})).status(); });
    crowd.add([&](int) { return store_->resolve(Point(system_clock().now())).status(); });
    crowd.add([&](int) { return store_->bookmarks().status(); });
    crowd.add([&](int) { return store_->stats().status(); });
    crowd.add([&](int) {
      EXPECT_GE(store_->head(), view.seq());  // what cannot fail goes on answering
      static_cast<void>(store_->metrics());
      return store_->schemas().empty() ? Status(ErrorId::kInternal, "no schema") : store_->newest_head().status();
    });
    crowd.add([&](int) { return prove(*store_, 1).status(); });
    crowd.await_work();
    ASSERT_TRUE(store_->close().ok());
    crowd.join();
    open();
  }
}

TEST_F(Closing, BesideLongWorkWaitsForIt) {
  for (int i = 0; i < 200; ++i) store_->transact({write("n" + std::to_string(i))}).value();
  Crowd crowd;
  crowd.add([&](int) { return verify(*store_, {.files = false}).status(); });
  crowd.add([&](int) { return estimate_rebuild(*store_).status(); });
  crowd.await_work();
  ASSERT_TRUE(store_->close().ok());
  crowd.join();
  EXPECT_EQ(backup(*store_, ::testing::TempDir() + "forge-close-backup").status().id(), ErrorId::kClosed);
  EXPECT_EQ(rebuild(*store_, ::testing::TempDir() + "forge-close-rebuild").status().id(), ErrorId::kClosed);
}

TEST_F(Closing, BesideSubscribersConsumersAndProjections) {
  for (int round = 0; round < kClosingRounds; ++round) {
    store_ = nullptr;
    open({.projections = {counting()}});
    Crowd crowd;
    crowd.add([&](int i) { return store_->transact({write(std::to_string(round) + "/" + std::to_string(i))}).status(); });
    crowd.add([&](int) {
      Result<Subscription> all = store_->subscribe({.from = Seq{1}}, [](const Event&) {});
      if (all.ok()) static_cast<void>(all->wait_for(2, kLong));
      return all.status();
    });
    crowd.add([&](int) {
      Result<Consumer> consumer = store_->join({.from = Seq{1}, .group = "g"});
      FORGE_TRY(consumer.status());
      FORGE_ASSIGN(const std::optional<Delivery> next, consumer->take(kLong));
      return next ? consumer->ack(next->event->seq) : Status(ErrorId::kInternal, "an hour is over");
    });
    crowd.add([&](int) { return store_->groups().status(); });
    crowd.add([&](int) {
      Status awaited = store_->projections().await("counting", store_->head(), kLong);
      FORGE_TRY(awaited);
      FORGE_ASSIGN(const ProjectionView rows, store_->projections().view("counting"));
      return rows.get("seq").status();
    });
    crowd.await_work();
    ASSERT_TRUE(store_->close().ok());
    crowd.join();
  }
}

TEST_F(Closing, BesideStreamsAnswersEachSubmissionOnceAndInOrder) {
  for (int round = 0; round < kClosingRounds; ++round) {
    std::vector<int> answered;
    int asked = 0, accepted = 0;
    bool any_refused = false;
    TransactionStream stream(*store_, {.window = 16});
    Crowd crowd;
    crowd.add([&](int i) {
      ++asked;
      return stream.submit({write(std::to_string(round) + ":" + std::to_string(i))}, {},
                           [&, i](const Result<TransactionReceipt>& result) {
                             answered.push_back(i);
                             any_refused = any_refused || !result.ok();
                             EXPECT_FALSE(result.ok() && any_refused) << "stored behind one that was refused";
                             accepted += result.ok() ? 1 : 0;
                           });
    });
    crowd.await_work();
    ASSERT_TRUE(store_->close().ok());
    crowd.join();
    EXPECT_EQ(stream.finish().id(), ErrorId::kClosed);
    ASSERT_EQ(answered.size(), static_cast<std::size_t>(asked));
    for (int i = 0; i < asked; ++i) EXPECT_EQ(answered[static_cast<std::size_t>(i)], i);
    open();
    int stored = 0;
    const std::string mark = std::to_string(round) + ":";
    ASSERT_TRUE(store_->view().list({.resource = "Note", .key_prefix = mark}, [&](const Record&) { return ++stored > 0; }).ok());
    EXPECT_EQ(stored, accepted);
  }
}

TEST_F(Closing, ByManyThreadsAtOnceClosesOnceAndAllReturnWhenItIsClosed) {
  for (int round = 0; round < kClosingRounds; ++round) {
    Crowd crowd;
    crowd.add([&](int i) { return store_->transact({write(std::to_string(round) + "." + std::to_string(i))}).status(); });
    crowd.await_work();
    std::vector<std::future<Status>> closers;
    for (int i = 0; i < 4; ++i) {
      closers.push_back(std::async(std::launch::async, [&] {
        Status closed = store_->close();
        EXPECT_EQ(StoreAccess::state(*store_).database, nullptr);
        return closed;
      }));
    }
    for (std::future<Status>& closer : closers) EXPECT_TRUE(closer.get().ok());
    crowd.join();
    open();
  }
}

TEST_F(Closing, ByTheDestructorWaitsForThoseInside) {
  store_->transact({write("n")}).value();
  const View view = store_->view();
  std::latch is_inside(1), let_go(1);
  std::future<Status> reader = std::async(std::launch::async, [&] {
    return view.list({.resource = "Note"}, [&](const Record&) {
      is_inside.count_down();
      let_go.wait();
      return true;
    });
  });
  is_inside.wait();
  std::future<void> ending = std::async(std::launch::async, [&] { store_ = nullptr; });
  while (view.get("Note", "n").ok()) std::this_thread::yield();
  EXPECT_EQ(ending.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  let_go.count_down();
  EXPECT_TRUE(reader.get().ok());
  ending.get();
}

// What a call is made of is not refused halfway, nor what its callback asks for.
TEST_F(Closing, LetsThoseInsideCallOnWhileOthersAreRefused) {
  store_->transact({write("n")}).value();
  std::latch is_inside(1), let_go(1);
  std::future<Status> reader = std::async(std::launch::async, [&] {
    Status inner;
    const Status listed = store_->view().list({.resource = "Note"}, [&](const Record&) {
      is_inside.count_down();
      let_go.wait();
      inner = store_->get("Note", "n").status();
      if (inner.ok()) inner = store_->act("Note.edit", {{"id", "n"}, {"text", "late"}}).status();
      return true;
    });
    return listed.ok() ? inner : listed;
  });
  is_inside.wait();
  std::future<Status> closing = std::async(std::launch::async, [&] { return store_->close(); });
  while (store_->get("Note", "n").ok()) std::this_thread::yield();
  EXPECT_EQ(store_->get("Note", "n").status().id(), ErrorId::kClosed);
  EXPECT_EQ(store_->act("Note.edit", {{"id", "n"}, {"text", "x"}}).status().id(), ErrorId::kClosed);
  EXPECT_EQ(closing.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  let_go.count_down();
  EXPECT_TRUE(reader.get().ok());
  EXPECT_TRUE(closing.get().ok());
  open();
  EXPECT_EQ(store_->get("Note", "n").value()["text"], Value("late"));
}

TEST_F(Closing, TellsThoseWhoWaitForAProjection) {
  store_ = nullptr;
  std::latch is_folding(1), let_go(1);
  std::atomic<bool> is_first{true};
  open({.projections = {counting([&] {
          if (!is_first.exchange(false)) return;
          is_folding.count_down();
          let_go.wait();
        })}});
  is_folding.wait();
  std::future<Status> waiting =
      std::async(std::launch::async, [&] { return store_->projections().await("counting", store_->head(), kLong); });
  std::future<Status> closing = std::async(std::launch::async, [&] { return store_->close(); });
  EXPECT_EQ(waiting.get().id(), ErrorId::kClosed);
  let_go.count_down();
  EXPECT_TRUE(closing.get().ok());
}

// --- afterwards -----------------------------------------------------------------------------------------------------------------

TEST_F(Closing, LeavesWhatWasMadeBeforeAnsweringThatItIsClosed) {
  store_ = nullptr;
  open({.projections = {counting()}});
  store_->transact({write("n")}).value();
  ASSERT_TRUE(store_->projections().await("counting", store_->head(), kLong).ok());
  const View view = store_->view();
  const Seq head = store_->head();
  const ProjectionView rows = store_->projections().view("counting").value();
  std::optional<ProjectionView> moved(store_->projections().view("counting").value());
  TransactionStream stream(*store_);
  ASSERT_TRUE(store_->close().ok());
  EXPECT_EQ(store_->head(), head);
  EXPECT_EQ(store_->durable_seq(), head);
  EXPECT_EQ(store_->view().get("Note", "n").status().id(), ErrorId::kClosed);
  EXPECT_NE(store_->view().domain(), nullptr);
  moved.reset();
  store_ = nullptr;

  EXPECT_EQ(view.seq(), head);
  EXPECT_EQ(view.get("Note", "n").status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.get_version("Note", "n", 1).status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.list({.resource = "Note"}, [](const Record&) { return true; }).id(), ErrorId::kClosed);
  EXPECT_EQ(view.query("Note.every", {}, {}, [](const Record&) { return true; }).id(), ErrorId::kClosed);
  EXPECT_EQ(view.log({}, [](const Event&) { return true; }).id(), ErrorId::kClosed);
  EXPECT_EQ(view.history("Note", "n").status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.blame("Note", "n").status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.event(1).status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.leaf(1).status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.diff(view, "Note", "n").status().id(), ErrorId::kClosed);
  EXPECT_EQ(view.diff_all(view, "", [](const RecordDiff&) { return true; }).id(), ErrorId::kClosed);
  EXPECT_EQ(rows.get("seq").status().id(), ErrorId::kClosed);
  EXPECT_EQ(rows.scan("", [](std::string_view, std::string_view) { return true; }).id(), ErrorId::kClosed);
  Status answered;
  EXPECT_EQ(stream.submit({write("m")}, {}, [&](const auto& result) { answered = result.status(); }).id(), ErrorId::kClosed);
  EXPECT_EQ(answered.id(), ErrorId::kClosed);
  EXPECT_EQ(answered.text().state, "nothing was written");
}

// --- from inside ----------------------------------------------------------------------------------------------------------------

void expect_refused(const Status& closed) {
  EXPECT_EQ(closed.id(), ErrorId::kUsage);
  EXPECT_EQ(closed.text().state, "the store is open");
}

TEST_F(Closing, FromInsideACallIsRefused) {
  store_->transact({write("n")}).value();
  int refused = 0;
  const auto try_it = [&] {
    expect_refused(store_->close());
    ++refused;
    return true;
  };
  ASSERT_TRUE(store_->view().list({.resource = "Note"}, [&](const Record&) { return try_it(); }).ok());
  ASSERT_TRUE(store_->view().log({.limit = 1}, [&](const Event&) { return try_it(); }).ok());
  ASSERT_TRUE(verify(*store_, {.files = false, .progress = [&](Seq, Seq) { try_it(); }}).ok());
  EXPECT_GE(refused, 3);
  EXPECT_TRUE(store_->get("Note", "n").ok());
}

TEST_F(Closing, FromACallbackInAThreadOfTheStoreIsRefused) {
  std::promise<Status> from_done, from_subscription, from_fold;
  std::atomic<bool> is_first{true};
  ASSERT_TRUE(store_->projections()
                  .add(counting([&] {
                    if (is_first.exchange(false)) from_fold.set_value(store_->close());
                  }))
                  .ok());
  store_->transact_async({write("n")}, {}, [&](const auto&) { from_done.set_value(store_->close()); });
  const Subscription subscription =
      store_->subscribe({.from = Seq{2}}, [&](const Event&) { from_subscription.set_value(store_->close()); }).value();
  expect_refused(from_done.get_future().get());
  expect_refused(from_subscription.get_future().get());
  expect_refused(from_fold.get_future().get());
  EXPECT_TRUE(store_->close().ok());
}

TEST_F(Closing, OfAnotherStoreFromInsideIsNot) {
  store_->transact({write("n")}).value();
  Store other = Store::open(":memory:").value();
  ASSERT_TRUE(store_->view().list({.resource = "Note"}, [&](const Record&) { return other.close().ok(); }).ok());
  EXPECT_EQ(other.root().status().id(), ErrorId::kClosed);
}

// --- subscribing while it closes ------------------------------------------------------------------------------------------------

// A callback is one of those inside: what it subscribes to then has ended before close() returns.
TEST_F(Closing, EndsWhatACallbackSubscribesToMeanwhile) {
  std::latch is_called(1), let_go(1);
  Subscription inner;
  const Subscription outer = store_
                                 ->subscribe({.from = Seq{1}},
                                             [&](const Event&) {
                                               is_called.count_down();
                                               let_go.wait();
                                               inner = store_->subscribe({.from = Seq{1}}, [](const Event&) {}).value();
                                             })
                                 .value();
  is_called.wait();
  std::future<Status> closing = std::async(std::launch::async, [&] { return store_->close(); });
  while (outer.status().ok() && store_->root().ok()) std::this_thread::yield();
  let_go.count_down();
  ASSERT_TRUE(closing.get().ok());
  EXPECT_EQ(inner.status().id(), ErrorId::kClosed);
}

TEST(ClosingDeathTest, ByTheDestructorInsideACallAborts) {
  EXPECT_DEATH(
      {
        auto store = std::make_unique<Store>(Store::open(":memory:").value());
        store->add_schema(closing_schema()).value();
        static_cast<void>(store->view().log({}, [&](const Event&) { return store.reset(), true; }).ok());
      },
      "the store cannot close inside one of its own calls");
}

}  // namespace
}  // namespace forge
