#pragma once

// A file as the items of a map: rows of CSV, lines of NDJSON, plain, .gz or .zst. It is read in portions, in memory that does not
// grow with it. What was read is known by its digest, so that whoever goes on at a position knows that it is still the same file;
// what comes behind may change.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/beginning_digest.h"
#include "forge/events/csv_reader.h"
#include "forge/events/status.h"
#include "forge/events/value.h"
#include "forge/store/file_source.h"
#include "workflow_generated.h"

namespace forge::internal {

// Behind the last row that was read.
struct ItemPosition {
  CsvPlace place;
  std::string digest;         // of all bytes before it
  bool is_whole_line = true;  // what was read ends with a line end
  bool is_end = false;        // the file had no more

  Value to_value() const;
  // Nothing where the value is none.
  static std::optional<ItemPosition> from_value(const Value& value);
};

struct FileItem {
  Value value;       // of CSV an object by the header's names; of NDJSON whatever the line holds
  CsvPlace place;    // rows count from 1, without a header
  Status error;      // what is wrong with this row alone; the value is then null
  std::string text;  // with an error: the row as it stands in the file
};

class ItemFile {
 public:
  // Whether a name tells a format: .csv, .ndjson or .jsonl, perhaps with .gz or .zst behind.
  static bool has_format(std::string_view name);
  // The format follows from the name. `columns` says which types columns of CSV have, by name; others are texts. What is empty and
  // not quoted is null. Errors: kInputUnreadable, kItemsFormat; of a header kCsvSyntax, kCsvColumns.
  static Result<std::unique_ptr<ItemFile>> open(const std::string& path, const std::vector<std::unique_ptr<fb::InputT>>& columns);
  ItemFile(const ItemFile&) = delete;
  ItemFile& operator=(const ItemFile&) = delete;
  ~ItemFile();

  // Goes on at a position of an earlier reading; directly after open(). Errors: kItemsDiffer where the file does not begin as it
  // did; as reading.
  Status go_to(const ItemPosition& position);
  // Further rows, at most `rows_max` and as many as 4 MiB hold, one at least where there is one; fewer only at the end. Errors,
  // after which nothing more can be read: kInputUnreadable, kCsvSyntax, kTooLarge.
  Result<std::vector<FileItem>> read(std::size_t rows_max);
  ItemPosition position() const;
  // How much of the file was taken, from 0 to 1.
  double part() const;

 private:
  class Rows;
  class CsvRows;
  class Lines;
  ItemFile(std::string path, std::unique_ptr<FileSource> source);

  const std::string path_;
  std::unique_ptr<FileSource> source_;
  std::unique_ptr<Rows> rows_;
  BeginningDigest digest_;
  ItemPosition position_;
};

}  // namespace forge::internal
