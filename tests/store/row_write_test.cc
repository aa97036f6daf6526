// Rows that ride along with the writer: alone, and with a transaction's events.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "forge/store/verify.h"
#include "store_state.h"

namespace forge::internal {
namespace {

std::vector<SourceFile> schema() {
  return {{"note.fbs", R"fbs(include "forge.fbs";
    table Note (resource) { id: string (key); text: string; }
    table MakeNote (action: "Note.make", creates) { id: string; text: string; }
  )fbs"}};
}

RowWrite row(const std::string& key, std::optional<std::string> value) {
  return {.table = Table::kCursors, .key = key, .value = std::move(value)};
}

class RowWrites : public ::testing::Test {
 protected:
  RowWrites() : directory_(::testing::TempDir() + "forge-rows-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    open();
    store_->add_schema(schema()).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() { store_.emplace(Store::open(directory_).value()); }
  Store::State& state() { return StoreAccess::state(*store_); }
  Status write(std::vector<RowWrite> rows) {
    return state().writer->transact(PreparedTransaction::of_rows(std::move(rows))).status();
  }
  // Makes the note and writes the row.
  Status make(const std::string& id, RowWrite carried, const ActOptions& options = {}) {
    std::vector<ActionRequest> actions;
    actions.push_back({.action = "Note.make", .args = {{"id", id}}, .if_version = {}});
    auto transaction =
        PreparedTransaction::make(std::move(actions), options, state().catalog.current(), state().options.limits).value();
    std::vector<RowWrite> rows;
    rows.push_back(std::move(carried));
    transaction->carry(std::move(rows));
    return state().writer->transact(std::move(transaction)).status();
  }
  std::optional<std::string> read(const std::string& key) {
    rocksdb::PinnableSlice value;
    return state().database->get(Table::kCursors, key, value).value() ? std::optional<std::string>(value.ToString()) : std::nullopt;
  }

  const std::string directory_;
  std::optional<Store> store_;
};

TEST_F(RowWrites, AloneTakeNoSeqAndAreThereAfterReopening) {
  const Seq head = store_->head();
  ASSERT_TRUE(write({row("a", "1"), row("b", "2")}).ok());
  ASSERT_TRUE(write({row("a", std::nullopt), row("b", "3")}).ok());
  EXPECT_EQ(store_->head(), head);
  ASSERT_TRUE(store_->close().ok());
  open();
  EXPECT_EQ(store_->head(), head);
  EXPECT_EQ(read("a"), std::nullopt);
  EXPECT_EQ(read("b"), "3");
}

TEST_F(RowWrites, WithATransactionAreThereWithItsEventsOrNotAtAll) {
  ASSERT_TRUE(make("n-1", row("a", "1")).ok());
  EXPECT_EQ(read("a"), "1");
  EXPECT_EQ(make("n-1", row("a", "2")).id(), ErrorId::kRecordExists);
  EXPECT_EQ(read("a"), "1");
  ActOptions dry;
  dry.dry_run = true;
  ASSERT_TRUE(make("n-2", row("a", "3"), dry).ok());
  EXPECT_EQ(read("a"), "1");
}

TEST_F(RowWrites, BesideManyWritersLeaveTheLogDense) {
  constexpr int kRounds = 200;
  const Seq head = store_->head();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string name = std::to_string(thread) + "." + std::to_string(i);
        const Status done =
            thread % 2 == 0 ? write({row(std::to_string(thread), name)}) : make(name, row(std::to_string(thread), name));
        EXPECT_TRUE(done.ok()) << done.message();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->head(), head + 2 * kRounds);
  for (int thread = 0; thread < 4; ++thread) EXPECT_EQ(read(std::to_string(thread)), std::to_string(thread) + ".199");
  EXPECT_TRUE(verify(*store_).value().ok());
}

}  // namespace
}  // namespace forge::internal
