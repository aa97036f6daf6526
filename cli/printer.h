#pragma once

// Data on standard output, in the format the user chose. A command hands in rows or one object; what it does not finish is not
// printed: with -o json nothing at all is written before the answer is complete, except where it outgrows 64 MiB, and then the
// array is closed properly on an error too.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/cli/run.h"
#include "forge/events/value.h"
#include "table.h"

namespace forge::cli {

enum class Format : std::uint8_t { kTable, kJson, kNdjson, kCsv, kTsv, kName };
// "json"; kTable for anything unknown.
Format format_named(std::string_view name);

// How a list is printed.
struct ListShape {
  std::vector<std::string> headings;  // of the table
  std::vector<std::string> columns;   // the members that csv and tsv show
  std::string name;                   // the member that -o name prints
  bool wrapped = false;               // in JSON {"items":[…],"next_cursor":…} instead of an array
};

class Printer {
 public:
  Printer(Sink& out, Format format, Screen screen) : out_(out), format_(format), screen_(screen) {}

  Format format() const { return format_; }
  bool is_table() const { return format_ == Format::kTable; }
  const Screen& screen() const { return screen_; }

  // A list: begin_list, rows, end_list. Rows are cells for tables, objects for every other format.
  void begin_list(ListShape shape);
  Status row(std::vector<std::string> cells);
  Status row(const Object& data);
  // `next_cursor` is empty at the end of the list.
  Status end_list(const std::string& next_cursor = {});

  // One object, in every format but table; -o name prints its member `name`.
  Status object(const Object& data, std::string_view name = {});
  // Text for people, in table format; nothing in others.
  Status text(std::string_view text);

  // Writes what is complete so far, for output that comes slowly. JSON waits for its end, a table for its widths.
  Status flush();
  // Writes what is complete. After it, or after abandon(), nothing more is printed.
  Status finish();
  // For a command that failed.
  Status abandon();
  // What tables had to cut, to be told on standard error.
  const std::vector<std::string>& cut_columns() const { return cut_columns_; }

 private:
  void append_fields(const Object& data, const std::vector<std::string>& columns);
  void append_names(const std::vector<std::string>& names);
  void append_json_text(const Object& data);
  std::string shown(const Value& value) const;
  Status flush_when(std::size_t size);

  Sink& out_;
  Format format_;
  Screen screen_;
  ListShape shape_;
  std::optional<Table> table_;
  std::vector<std::string> cut_columns_;
  std::string buffer_;
  std::size_t rows_ = 0;
  bool array_open_ = false;
  bool wrote_ = false;
};

}  // namespace forge::cli
