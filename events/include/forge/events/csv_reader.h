#pragma once

// Rows of CSV as they come, in memory that does not grow with the file. RFC 4180: fields between commas, quoted where they hold a
// comma, a quote or a line break, a quote in them doubled; lines that end in CRLF or LF. UTF-8; a byte order mark is skipped, and
// so are empty lines, up to 16 MiB in a row, unless the rows have one column.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/source.h"
#include "forge/events/status.h"

namespace forge {

inline constexpr std::size_t kCsvColumnsMax = 4096;
inline constexpr std::size_t kCsvFieldBytesMax = 1 << 20;
inline constexpr std::size_t kCsvRowBytesMax = 16 << 20;

// Where a row is. Rows count from 1 behind the header, which is row 0; lines from 1; bytes from 0.
struct CsvPlace {
  std::uint64_t row = 0;
  std::uint64_t line = 1;
  std::uint64_t offset = 0;
};

struct CsvField {
  std::string_view text;
  bool is_quoted = false;  // what is empty and not quoted is nothing
};

struct CsvRow {
  CsvRow() = default;
  CsvRow(const CsvRow&) = delete;
  CsvRow& operator=(const CsvRow&) = delete;

  CsvPlace place;
  CsvPlace end;                  // where the next row may begin
  std::vector<CsvField> fields;  // borrow from the row; few or none where there is an error
  std::string bytes;             // all that was read since the row before, with its line end and with empty lines before it
  std::string_view text;         // of `bytes`: the row without its line end
  bool ends_line = false;        // false for a last line without a line end
  Status error;                  // what is wrong with this row alone; reading may go on
  std::size_t bad_column = 0;    // with an error: where, from 1; 0 where no column is to blame

 private:
  friend class CsvReader;
  struct Span {
    std::size_t begin = 0, size = 0;
    bool is_quoted = false;
  };
  std::string storage_;  // the fields' text
  std::vector<Span> spans_;
};

class CsvReader {
 public:
  // `name` is the source's in messages. The source outlives the reader.
  CsvReader(Source& source, std::string name);

  // The next row; false at the end, and then `row.bytes` is what came behind the last row. A row with stray quotes, a lone carriage
  // return, a NUL, bytes that are no UTF-8, too many columns or too long a field has its error with it (kCsvSyntax, kTextInvalid,
  // kTooLarge). Errors, after which nothing more can be read: kCsvSyntax for a quote that is not closed, kTooLarge for a row beyond
  // kCsvRowBytesMax, the source's.
  Result<bool> next(CsvRow& row);
  // How many columns rows have: an empty line is a row where it is 1.
  void expect_columns(std::size_t columns) { columns_ = columns; }
  // Passes over bytes, up to the place, which is not before this reader's; `see` is given them. Returns false where the source ends
  // before. Errors: the source's.
  Result<bool> skip_to(const CsvPlace& place, const std::function<void(std::string_view)>& see);
  // Passes over one line end; nothing, and false, where something else comes. As skip_to, only between rows.
  bool skip_line_end(const std::function<void(std::string_view)>& see);
  // Whether nothing more comes, or cannot be read.
  bool at_end() { return peek() == kNone; }
  // Between rows: where the next one may begin.
  CsvPlace place() const { return {.row = rows_, .line = line_, .offset = offset()}; }
  // "users.csv:4".
  std::string text_of(const CsvPlace& place) const;

 private:
  enum class Next : std::uint8_t { kField, kRow, kEnd };
  static constexpr int kNone = -1;  // the end, or a failure of the source

  int peek();
  void take() { ++at_; }
  bool fill();
  bool take_line_end();
  void skip_byte_order_mark();
  Next read_row(CsvRow& row);
  Next read_field(CsvRow& row);
  void read_quoted(CsvRow& row, std::string& text);
  void read_unquoted(CsvRow& row, std::string& text);
  Next end_field(CsvRow& row, std::string& text);
  void keep(CsvRow& row, std::string& text, const char* begin, const char* end);
  void blame(CsvRow& row, Status error) const;
  void finish(CsvRow& row);
  void check_text(CsvRow& row) const;
  std::uint64_t offset() const { return buffer_offset_ + at_; }

  Source& source_;
  const std::string name_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, size_ = 0, kept_ = 0;  // in the buffer: the next byte, the end, what `bytes_` has of it
  std::uint64_t buffer_offset_ = 0;           // of the buffer in the source
  std::uint64_t line_ = 1, rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t row_bytes_ = 0;  // since the row began
  std::string bytes_;          // read since the row before
  std::string field_;          // that is being read
  CsvPlace quote_;             // the last that was opened
  Status failure_;
};

}  // namespace forge
