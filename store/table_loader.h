#pragma once

// Fills one table of a new database by the bulk path: rows, each put once, are gathered up to a bound and written as table files
// beside the database, which then takes them in as they are. So loading takes bounded memory, and a row is compressed once.
//
// Rows that come in key order go into table files at once. Others are sorted and set aside in runs (row_run.h), which merge() turns
// into table files; what fits into one run is never set aside.
//
// One thread puts; the files are written in a SideThread.

#include <rocksdb/sst_file_writer.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "forge/events/thread_annotations.h"
#include "row_run.h"
#include "side_thread.h"

namespace forge::internal {

// A table file that is written but not yet part of the database: its path, and the checksum of what was written.
using LoadedFile = rocksdb::ExternalSstFileInfo;

class TableLoader {
 public:
  enum class Order { kSorted, kAny };
  // How many bytes of rows are gathered at a time, and how many runs are set aside before they are merged into a longer one, which
  // bounds how many files a merge has open.
  struct Limits {
    std::size_t run_bytes = 16 << 20;
    std::size_t runs = 64;
  };
  // Memory for rows, used again by all loaders that share it. Safe from any thread.
  class Memory;
  static std::shared_ptr<Memory> new_memory();

  // Files are named `stem` and a number. Database and thread outlive the loader.
  TableLoader(const Database& database, Table table, Order order, std::string stem, std::shared_ptr<Memory> memory,
              SideThread& thread, Limits limits);

  // Errors: those of what was written so far: kDiskFull, kIoError, kDataCorrupt where a key came twice or, of kSorted, not in
  // order.
  Status put(std::string_view key, std::string_view value);
  // Has the rest written. It is once the thread's wait() returned without an error.
  Status flush();
  // After that, in any thread: makes table files of what was set aside. Errors: as put.
  Status merge();
  // Of all rows, after merge(); no two overlap.
  const std::vector<std::shared_ptr<LoadedFile>>& files() const { return files_; }

 private:
  struct Rows;

  std::shared_ptr<LoadedFile> next_file();
  std::string next_run();
  Status write_rows();
  Status set_aside();
  Status shorten_list();
  Status remove(const std::vector<RowRun>& runs);

  const Database& database_;
  const Table table_;
  const Order order_;
  const std::string stem_;
  const std::shared_ptr<Memory> memory_;
  SideThread& thread_;
  const Limits limits_;
  std::shared_ptr<Rows> rows_;
  std::vector<std::shared_ptr<LoadedFile>> files_;
  std::size_t run_count_ = 0;
  std::vector<RowRun> runs_;  // the side thread's until flush() is through
};

// Makes the files, all of one table, part of the database. Errors: kIoError, kDiskFull.
Status ingest(Database& database, Table table, const std::vector<std::shared_ptr<LoadedFile>>& files);

}  // namespace forge::internal
