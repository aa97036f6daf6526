#pragma once

// Fills one table of a new database by the bulk path: rows in any order, each put once, are gathered up to a bound, sorted and
// written as table files beside the database, which then takes them in as they are. So loading takes bounded memory, and a table
// whose rows come in order is never written twice.
//
// One thread puts; the files are written in a SideThread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "side_thread.h"

namespace forge::internal {

// A table file that is written but not yet part of the database.
struct LoadedFile {
  std::string path;
  std::string first_key, last_key;
};

class TableLoader {
 public:
  // Files are named `stem` and a number. `run_bytes` of rows are gathered for one. Database and thread outlive the loader.
  TableLoader(const Database& database, Table table, std::string stem, SideThread& thread, std::size_t run_bytes = 16 << 20);

  // Errors: those of what was written so far: kDiskFull, kIoError, kDataCorrupt where a key came twice.
  Status put(std::string_view key, std::string_view value);
  // Has the rest written. The files are whole once the thread's wait() returned without an error.
  Status flush();
  const std::vector<std::shared_ptr<LoadedFile>>& files() const { return files_; }

 private:
  struct Rows;

  const Database& database_;
  const Table table_;
  const std::string stem_;
  SideThread& thread_;
  const std::size_t run_bytes_;
  std::shared_ptr<Rows> rows_;
  std::vector<std::shared_ptr<LoadedFile>> files_;
};

// Makes the files, all of one table, part of the database. Files whose keys overlap are merged into one run. Errors: kIoError,
// kDiskFull.
Status ingest(Database& database, Table table, std::vector<std::shared_ptr<LoadedFile>> files);

}  // namespace forge::internal
