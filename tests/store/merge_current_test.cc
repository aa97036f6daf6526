// When the files of current records are merged before RocksDB would.

#include <gtest/gtest.h>

#include <random>

#include "database.h"
#include "store/sample_store.h"

namespace forge::internal {
namespace {

class MergeCurrent : public ::testing::Test {
 protected:
  void open(std::size_t write_buffer_bytes) {
    database_ = Database::open({.path = path_.path(), .create = true, .write_buffer_bytes = write_buffer_bytes}).value();
  }
  // As many files as RocksDB merges by itself.
  void fill(int rows) {
    for (int file = 0; file < 4; ++file) flush_rows(rows);
    EXPECT_EQ(recent_files(), 0U);
  }
  // A file with that many rows of a kilobyte each.
  void flush_rows(int rows) {
    rocksdb::WriteBatch batch;
    std::string value(1024, 0);
    for (int row = 0; row < rows; ++row) {
      for (char& byte : value) byte = static_cast<char>(random_());
      EXPECT_TRUE(batch.Put(database_->handle(Table::kCurrent), "row " + std::to_string(row), value).ok());
    }
    EXPECT_TRUE(database_->write(batch, false).ok());
    EXPECT_TRUE(database_->flush().ok());
    // Waits for what goes on in the background.
    EXPECT_TRUE(database_->db().PauseBackgroundWork().ok());
    EXPECT_TRUE(database_->db().ContinueBackgroundWork().ok());
  }
  // Of the level that has what was flushed last.
  std::size_t recent_files() const {
    rocksdb::ColumnFamilyMetaData files;
    database_->db().GetColumnFamilyMetaData(database_->handle(Table::kCurrent), &files);
    return files.levels.at(0).files.size();
  }

  const testing_support::FreshPath path_{"merge-current"};
  std::unique_ptr<Database> database_;
  std::mt19937 random_{7};
};

TEST_F(MergeCurrent, LeavesOneOfEachRow) {
  open(8 << 20);
  fill(1000);
  flush_rows(500);
  EXPECT_EQ(recent_files(), 0U);
  EXPECT_EQ(database_->count_entries(Table::kCurrent).value(), 1000U);
}

TEST_F(MergeCurrent, IsNotForAFewRows) {
  open(8 << 20);
  fill(1000);
  flush_rows(50);
  EXPECT_EQ(recent_files(), 1U);
}

TEST_F(MergeCurrent, IsNoMoreWorkThanAFlush) {
  open(1 << 20);
  fill(800);
  flush_rows(800);
  EXPECT_EQ(recent_files(), 1U);
}

// The power may go, or the process end, before it was done.
TEST_F(MergeCurrent, BeginsAgainWhenTheStoreIsOpened) {
  open(1 << 20);
  fill(800);
  flush_rows(800);
  database_.reset();
  open(8 << 20);
  EXPECT_EQ(recent_files(), 1U);
  database_->merge_current();
  EXPECT_TRUE(database_->db().PauseBackgroundWork().ok());
  EXPECT_TRUE(database_->db().ContinueBackgroundWork().ok());
  EXPECT_EQ(recent_files(), 0U);
}

}  // namespace
}  // namespace forge::internal
