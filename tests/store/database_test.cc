// What the store asks of RocksDB about a table as a whole.

#include "database.h"

#include <gtest/gtest.h>

#include "store/sample_store.h"

namespace forge::internal {
namespace {

using testing_support::FreshPath;

// `files` table files of different sizes in the log; returns how many rows they hold.
Seq fill_log(const std::string& path, int files) {
  const std::unique_ptr<Database> database = Database::open({.path = path, .create = true}).value();
  EXPECT_TRUE(database->db().SetOptions(database->handle(Table::kLog), {{"disable_auto_compactions", "true"}}).ok());
  Seq last = 0;
  for (int file = 0; file < files; ++file) {
    rocksdb::WriteBatch batch;
    for (int row = 0; row <= file * file; ++row) {
      EXPECT_TRUE(batch.Put(database->handle(Table::kLog), log_key(++last), "an event").ok());
    }
    EXPECT_TRUE(database->write(batch, false).ok());
    EXPECT_TRUE(database->flush().ok());
  }
  return last;
}

TEST(Database, CountsTheRowsOfAnyNumberOfFiles) {
  for (const int files : {1, 3, 30, 100}) {
    const FreshPath path("database");
    const Seq rows = fill_log(path.path(), files);
    const std::unique_ptr<Database> reading = Database::open({.path = path.path(), .read_only = true}).value();
    EXPECT_EQ(reading->count_entries(Table::kLog).value(), rows) << files;
  }
}

TEST(Database, CountsWhatIsInMemory) {
  const FreshPath path("database");
  const std::unique_ptr<Database> database = Database::open({.path = path.path(), .create = true}).value();
  EXPECT_EQ(database->count_entries(Table::kLog).value(), 0u);
  rocksdb::WriteBatch batch;
  for (Seq seq = 1; seq <= 7; ++seq) EXPECT_TRUE(batch.Put(database->handle(Table::kLog), log_key(seq), "an event").ok());
  EXPECT_TRUE(database->write(batch, false).ok());
  EXPECT_EQ(database->count_entries(Table::kLog).value(), 7u);
}

}  // namespace
}  // namespace forge::internal
