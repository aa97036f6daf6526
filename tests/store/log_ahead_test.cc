// The log read ahead in another thread gives what reading it in one's own gives, and fails where that fails.

#include "log_ahead.h"

#include <gtest/gtest.h>

#include "log_reader.h"
#include "store/sample_store.h"
#include "store_state.h"

namespace forge::internal {
namespace {

using testing_support::SampleDirectory;

constexpr std::size_t kBatchBytes = 1000;  // a few events

class ReadingAhead : public ::testing::Test {
 protected:
  Database& database() { return *StoreAccess::state(store_).database; }

  SampleDirectory directory_{SampleDirectory::State::kClosed};
  Store store_ = Store::open(directory_.path()).value();
};

TEST_F(ReadingAhead, GivesTheEventsOfTheLogWithTheirLeavesAndThenNoMore) {
  for (const Seq last : {Seq{0}, Seq{1}, Seq{256}, store_.head()}) {
    LogScan scan(database(), 1, last);
    LogAhead ahead(database(), 1, last, kBatchBytes);
    LogRow expected, row;
    for (Seq seq = 1; seq <= last; ++seq) {
      ASSERT_TRUE(scan.next(expected).value());
      ASSERT_TRUE(ahead.next(row).value()) << seq;
      EXPECT_EQ(row.seq, seq);
      EXPECT_EQ(row.row, expected.row);
      EXPECT_EQ(row.leaf, expected.leaf);
    }
    EXPECT_FALSE(ahead.next(row).value());
    EXPECT_FALSE(ahead.next(row).value());
  }
}

TEST_F(ReadingAhead, FailsBehindTheEventsBeforeTheAlteredOne) {
  for (const Seq altered : {Seq{1}, Seq{40}}) {
    AlignedBytes bytes;
    Envelope event = read_event(database(), altered, bytes).value();
    event.actor = "someone else";
    EnvelopeWriter writer;
    const auto rewritten = writer.write(event);
    rocksdb::WriteBatch batch;
    ASSERT_TRUE(batch.Put(database().handle(Table::kLog), log_key(altered), slice_of(rewritten)).ok());
    rocksdb::PinnableSlice before;
    ASSERT_TRUE(database().get(Table::kLog, log_key(altered), before).value());
    ASSERT_TRUE(database().write(batch, false).ok());

    LogAhead ahead(database(), 1, store_.head(), kBatchBytes);
    LogRow row;
    for (Seq seq = 1; seq < altered; ++seq) ASSERT_TRUE(ahead.next(row).value()) << seq;
    for (int attempt = 0; attempt < 2; ++attempt) {
      const Status failed = ahead.next(row).status();
      EXPECT_EQ(failed.id(), ErrorId::kEventAltered) << failed.message();
      EXPECT_TRUE(failed.text().what.starts_with("event " + std::to_string(altered) + " ")) << failed.message();
    }
    rocksdb::WriteBatch mended;
    ASSERT_TRUE(mended.Put(database().handle(Table::kLog), log_key(altered), before).ok());
    ASSERT_TRUE(database().write(mended, false).ok());
  }
}

// Whoever stops in the middle does not wait for the rest of the log.
TEST_F(ReadingAhead, MayEndBeforeTheLogDoes) {
  LogRow row;
  for (int events = 0; events < 20; ++events) {
    LogAhead ahead(database(), 1, store_.head(), kBatchBytes);
    for (int i = 0; i < events; ++i) ASSERT_TRUE(ahead.next(row).value());
  }
}

}  // namespace
}  // namespace forge::internal
