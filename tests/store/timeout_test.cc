// How long a transaction may wait to be decided.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "forge/store/store.h"

namespace forge {
namespace {

// Each look at it is a second later.
class HurryingClock : public Clock {
 public:
  Time now() override { return Time{1'795'000'000'000'000 + 1'000'000 * ++looks_}; }

 private:
  std::atomic<std::int64_t> looks_{0};
};

TEST(Timeouts, GoByTheStoresClock) {
  HurryingClock clock;
  OpenOptions options;
  options.clock = &clock;
  Store store = Store::open(":memory:", std::move(options)).value();
  store
      .add_schema({{"a.fbs", R"(include "forge.fbs";
table A (resource) { id: string (key); }
table Quick (action: "A.quick", creates, timeout: "500ms") {}
table Slow (action: "A.slow", creates, timeout: "5s") {})"}})
      .value();
  EXPECT_EQ(store.act("A.quick", {{"id", "a"}}).status().id(), ErrorId::kDeadlinePassed);
  EXPECT_TRUE(store.act("A.slow", {{"id", "a"}}).ok());
  EXPECT_EQ(store.act("A.slow", {{"id", "b"}}, {.timeout = std::chrono::milliseconds(500)}).status().id(),
            ErrorId::kDeadlinePassed);
}

constexpr const char* kHurriedSchema = R"(include "forge.fbs";
namespace a;
table A (resource) { id: string (key); n: long; }
table Put (action: "A.put", upserts) { n: long = 0; }
table Bump (action: "A.bump", updates, timeout: "500ms", set: "n = n + 1") {}
table All (action: "A.all", reads) {}
table Few (action: "A.few", reads, where: "n = 3") {}
table Sorted (action: "A.sorted", reads, order: "n desc") {}
table Quick (action: "A.quick", reads, timeout: "5s") {})";

// A store whose clock hurries, with ten records.
class HurriedStore : public ::testing::Test {
 protected:
  HurriedStore() {
    OpenOptions options;
    options.clock = &clock_;
    store_ = std::make_unique<Store>(Store::open(":memory:", std::move(options)).value());
    store_->add_schema({{"a.fbs", kHurriedSchema}}).value();
    for (int i = 0; i < 10; ++i) store_->act("A.put", {{"id", std::to_string(i)}, {"n", i}}).value();
  }

  // "ok 10", or the error and how many records came before it.
  std::string ask(const char* query, std::chrono::microseconds timeout = std::chrono::microseconds(0)) {
    int records = 0;
    const Status asked =
        store_->view().query(query, {}, {.timeout = timeout}, [&records](const Record&) { return ++records, true; });
    return (asked.ok() ? "ok " : std::to_string(static_cast<int>(asked.id())) + " ") + std::to_string(records);
  }

  HurryingClock clock_;
  std::unique_ptr<Store> store_;
};

using QueryTimeouts = HurriedStore;
using UndoTimeouts = HurriedStore;
using SchemaTimeouts = HurriedStore;

TEST_F(QueryTimeouts, EndAQueryBetweenTwoRecords) {
  EXPECT_EQ(ask("A.all"), "ok 10");
  EXPECT_EQ(ask("A.all", std::chrono::seconds(20)), "ok 10");
  EXPECT_EQ(ask("A.all", std::chrono::seconds(3)), "7005 3");
}

TEST_F(QueryTimeouts, CountWhatDoesNotMatchAndWhatIsSorted) {
  EXPECT_EQ(ask("A.few", std::chrono::seconds(11)), "ok 1");
  EXPECT_EQ(ask("A.few", std::chrono::seconds(8)), "7005 1");
  EXPECT_EQ(ask("A.few", std::chrono::seconds(2)), "7005 0");
  EXPECT_EQ(ask("A.sorted", std::chrono::seconds(8)), "7005 0");
  EXPECT_EQ(ask("A.sorted", std::chrono::seconds(14)), "7005 4");
  EXPECT_EQ(ask("A.sorted", std::chrono::seconds(21)), "ok 10");
}

TEST_F(QueryTimeouts, OfTheSchemaAndTheCallerTheShorterCounts) {
  EXPECT_EQ(ask("A.quick"), "7005 5");
  EXPECT_EQ(ask("A.quick", std::chrono::seconds(2)), "7005 2");
  EXPECT_EQ(ask("A.quick", std::chrono::hours(1)), "7005 5");
}

TEST_F(UndoTimeouts, HoldForTheTurnToBeDecidedIn) {
  const Seq seq = store_->act("A.put", {{"id", "0"}, {"n", 7}}).value().seq;
  const Seq head = store_->view().seq();
  EXPECT_EQ(store_->undo(seq, {.timeout = std::chrono::milliseconds(500)}).status().id(), ErrorId::kDeadlinePassed);
  EXPECT_EQ(store_->view().seq(), head);
  EXPECT_TRUE(store_->undo(seq, {.timeout = std::chrono::hours(1)}).ok());
}

// Which is decided alone, as the last plan of an undo is.
TEST_F(SchemaTimeouts, HoldForTheTurnToBeDecidedAlone) {
  const std::vector<SourceFile> more{{"a.fbs", std::string(kHurriedSchema) + "\ntable Drop (action: \"A.drop\", destroys) {}"}};
  EXPECT_EQ(store_->add_schema(more, {.timeout = std::chrono::milliseconds(500)}).status().id(), ErrorId::kDeadlinePassed);
  EXPECT_EQ(store_->schemas().size(), 1U);
  EXPECT_TRUE(store_->add_schema(more, {.timeout = std::chrono::hours(1)}).ok());
}

}  // namespace
}  // namespace forge
