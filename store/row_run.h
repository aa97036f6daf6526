#pragma once

// Rows in key order in a file of their own, set aside until they are merged with others. Such a file never outlives the process
// that wrote it: how long it is and its checksum are kept in memory, and it is not synced.
//
// The file: for each row the sizes of key and value, u32 each in the machine's order, then key and value. Not safe for concurrent
// use.

#include <rocksdb/file_checksum.h>
#include <rocksdb/file_system.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"

namespace forge::internal {

struct RowRun {
  std::string path;
  std::uint64_t bytes = 0;
  std::string checksum;  // CRC-32C of the file
  int merges = 0;        // how often its rows were merged before
};

class RowRunWriter {
 public:
  // Errors, as of all functions here: kDiskFull, kIoError.
  static Result<RowRunWriter> create(rocksdb::FileSystem& file_system, std::string path);
  // Keys come in ascending order.
  Status put(std::string_view key, std::string_view value);
  Result<RowRun> finish();

 private:
  explicit RowRunWriter(std::string path);
  Status write_buffer();

  RowRun run_;
  std::unique_ptr<rocksdb::FSWritableFile> file_;
  std::unique_ptr<rocksdb::FileChecksumGenerator> checksum_;
  std::string buffer_;
};

using RowVisit = std::function<Status(std::string_view key, std::string_view value)>;

// Gives the rows of all runs in key order; of rows with one key, none before another. A row is borrowed for the call. Errors: those
// of `visit`, kIoError, and kDataCorrupt where a file is not what was written, which may be found behind its rows.
Status merge_runs(rocksdb::FileSystem& file_system, const std::vector<RowRun>& runs, const RowVisit& visit);

}  // namespace forge::internal
