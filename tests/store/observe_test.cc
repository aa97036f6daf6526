#include "forge/store/observe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <map>
#include <mutex>
#include <sstream>

#include "forge/testing.h"
#include "store/sample_store.h"

namespace forge {
namespace {

std::vector<SourceFile> schema() {
  return {{"items.fbs",
           "include \"forge.fbs\"; table Item (resource) { id: string (key); qty: int = 1 (check: \"qty > 0\"); }\n"
           "table MakeItem (action: \"Item.make\", creates) { id: string (required); qty: int = 1; }\n"}};
}

std::map<std::string, double> metrics_of(const Store& store) {
  std::map<std::string, double> out;
  for (const Metric& metric : store.metrics()) out[std::string(metric.name)] = metric.value;
  return out;
}

TEST(Metrics, CountWhatWasAskedOfTheStore) {
  Store store = Store::open(":memory:").value();
  store.add_schema(schema()).value();
  const auto before = metrics_of(store);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(store.act("Item.make", {{"id", "a"}}, {.idempotency_key = "same"}).ok());
  EXPECT_FALSE(store.act("Item.make", {{"id", "b"}, {"qty", 0}}).ok());
  auto after = metrics_of(store);
  EXPECT_EQ(after["forge.transactions.accepted"] - before.at("forge.transactions.accepted"), 3);
  EXPECT_EQ(after["forge.transactions.replayed"] - before.at("forge.transactions.replayed"), 2);
  EXPECT_EQ(after["forge.transactions.refused"] - before.at("forge.transactions.refused"), 1);
  EXPECT_EQ(after["forge.syncs"] - before.at("forge.syncs"), 1);
  EXPECT_EQ(after["forge.head"], static_cast<double>(store.head()));
  EXPECT_EQ(after["forge.actions.waiting"], 0);
  EXPECT_GT(after["forge.sync.seconds"], 0);
  ASSERT_TRUE(store.close().ok());
  EXPECT_TRUE(store.metrics().empty());
}

// The document's table and the library name the same metrics, each of the same kind; those of runs have a table of their own.
TEST(Metrics, AreThoseOfTheDocument) {
  std::ifstream file(FORGE_SOURCE_DIR "/docs/observability.md");
  std::stringstream whole;
  whole << file.rdbuf();
  std::stringstream text(whole.str().substr(0, whole.str().find("\n## Runs of workflows")));
  const Store store = Store::open(":memory:").value();
  std::size_t rows = 0;
  for (std::string line; std::getline(text, line);) rows += line.starts_with("| `forge.") ? 1 : 0;
  EXPECT_EQ(rows, store.metrics().size());
  for (const Metric& metric : store.metrics()) {
    const std::string row =
        "| `" + std::string(metric.name) + "` | " + (metric.is_total ? "total" : "level") + " | " + std::string(metric.unit) + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  }
}

class Spans : public ::testing::Test {
 protected:
  Spans() { store_.add_schema(schema()).value(), spans_.clear(); }

  std::mutex mutex_;
  std::vector<TransactionSpan> spans_;
  testing::ManualClock clock_;
  Store store_ = Store::open(":memory:", {.clock = &clock_,
                                          .trace =
                                              [this](const TransactionSpan& span) {
                                                const std::lock_guard lock(mutex_);
                                                spans_.push_back(span);
                                              }})
                     .value();
};

TEST_F(Spans, TellOfEachTransactionOnce) {
  const Receipt made = store_.act("Item.make", {{"id", "a"}}, {.actor = "web", .idempotency_key = "k", .correlation = "c"}).value();
  ASSERT_FALSE(store_.act("Item.make", {{"id", "a"}}).ok());
  ASSERT_TRUE(store_.act("Item.make", {{"id", "b"}}, {.dry_run = true}).ok());
  std::latch answered(1);
  store_.transact_async({{.action = "Item.make", .args = {{"id", "c"}}, .if_version = {}}}, {},
                        [&](const Result<TransactionReceipt>&) { answered.count_down(); });
  answered.wait();
  ASSERT_EQ(spans_.size(), 4u);
  EXPECT_EQ(spans_[0].transaction, made.transaction);
  EXPECT_EQ(spans_[0].first_seq, made.seq);
  EXPECT_EQ(spans_[0].actor + spans_[0].idempotency_key + spans_[0].correlation, "webkc");
  EXPECT_EQ(spans_[0].begun, clock_.now());
  EXPECT_GT(spans_[0].duration.count(), 0);
  EXPECT_EQ(spans_[1].outcome.id(), ErrorId::kRecordExists);
  EXPECT_TRUE(spans_[2].dry_run);
  EXPECT_TRUE(spans_[3].outcome.ok());
  EXPECT_EQ(spans_[3].last_seq, store_.head());
}

TEST(Stats, CountTheBytesOfTheWriteAheadLog) {
  const testing_support::FreshPath path("forge-wal-bytes");
  const auto on_disk = [&] {
    std::uint64_t sum = 0;
    for (const auto& file : std::filesystem::directory_iterator(path.path() + "/data")) {
      if (file.path().extension() == ".log") sum += file.file_size();
    }
    return sum;
  };
  {
    Store store = Store::open(path.path()).value();
    store.add_schema(schema()).value();
    const std::uint64_t before = store.stats().value().wal_bytes;
    store.act("Item.make", {{"id", std::string(900, 'x')}}).value();
    EXPECT_GT(store.stats().value().wal_bytes, before + 900);
    EXPECT_EQ(store.stats().value().wal_bytes, on_disk());
  }
  const Store closed = Store::open(path.path(), {.read_only = true}).value();
  EXPECT_EQ(closed.stats().value().wal_bytes, on_disk());
}

}  // namespace
}  // namespace forge
