#include "forge/events/csv_reader.h"

#include <algorithm>

#include "forge/events/json.h"

namespace forge {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr char kQuote = '"';
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string column_text(std::size_t column) {
  return "column " + std::to_string(column);
}

}  // namespace

CsvReader::CsvReader(Source& source, std::string name) : source_(source), name_(std::move(name)), buffer_(kBufferBytes) {}

std::string CsvReader::text_of(const CsvPlace& place) const {
  return name_ + ":" + std::to_string(place.line);
}

// ---- Bytes ----

bool CsvReader::fill() {
  bytes_.append(buffer_.data() + kept_, size_ - kept_);
  buffer_offset_ += size_;
  at_ = size_ = kept_ = 0;
  if (!failure_.ok()) return false;
  const Result<std::size_t> got = source_.read(buffer_.data(), buffer_.size());
  if (!got.ok()) failure_ = got.status();
  size_ = got.ok() ? *got : 0;
  return size_ > 0;
}

int CsvReader::peek() {
  if (at_ == size_ && !fill()) return kNone;
  return static_cast<unsigned char>(buffer_[at_]);
}

// CRLF or LF; nothing is taken where there is neither. A carriage return that stands alone is told by its line feed, which may be
// in the next buffer, so that one more byte is looked at.
bool CsvReader::take_line_end() {
  const int c = peek();
  if (c != '\n' && c != '\r') return false;
  take();
  if (c == '\r') {
    if (peek() != '\n') return false;
    take();
  }
  ++line_;
  return true;
}

void CsvReader::skip_byte_order_mark() {
  if (offset() != 0 || peek() != static_cast<unsigned char>(kByteOrderMark[0])) return;
  while (size_ < kByteOrderMark.size() && failure_.ok()) {
    const Result<std::size_t> got = source_.read(buffer_.data() + size_, buffer_.size() - size_);
    if (!got.ok()) failure_ = got.status();
    if (!got.ok() || *got == 0) return;
    size_ += *got;
  }
  if (std::string_view(buffer_.data(), size_).starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
}

Result<bool> CsvReader::skip_to(const CsvPlace& place, const std::function<void(std::string_view)>& see) {
  bytes_.clear();
  while (offset() < place.offset) {
    if (peek() == kNone) {
      FORGE_TRY(failure_);
      return false;
    }
    const std::size_t size = std::min<std::uint64_t>(size_ - at_, place.offset - offset());
    see({buffer_.data() + at_, size});
    at_ += size;
    kept_ = at_;
  }
  bytes_.clear();
  line_ = place.line;
  rows_ = place.row;
  return true;
}

bool CsvReader::skip_line_end(const std::function<void(std::string_view)>& see) {
  for (const std::string_view part : {"\r", "\n"}) {
    if (peek() != part[0]) continue;
    take();
    kept_ = at_;
    see(part);
    if (part == "\n") return ++line_, true;
  }
  return false;
}

// ---- Fields ----

void CsvReader::blame(CsvRow& row, Status error) const {
  if (!row.error.ok()) return;
  row.bad_column = row.spans_.size() + 1;
  row.error = std::move(error);
}

// What is too much is read, but not kept.
void CsvReader::keep(CsvRow& row, std::string& text, const char* begin, const char* end) {
  row_bytes_ += static_cast<std::size_t>(end - begin);
  const std::size_t size = static_cast<std::size_t>(end - begin);
  if (text.size() + size <= kCsvFieldBytesMax) {
    text.append(begin, end);
  } else {
    blame(row, Status(ErrorId::kTooLarge, "a field is longer than 1 MiB"));
  }
}

void CsvReader::read_quoted(CsvRow& row, std::string& text) {
  quote_ = place();
  take();
  while (row_bytes_ <= kCsvRowBytesMax) {
    if (peek() == kNone) {
      if (failure_.ok()) {
        failure_ = Status(ErrorId::kCsvSyntax, "a quote is not closed")
                       .why("it is opened at byte " + std::to_string(quote_.offset) + " in " + column_text(row.spans_.size() + 1) +
                            ", and the file ends in it")
                       .place(text_of(quote_));
      }
      return;
    }
    const char* const begin = buffer_.data() + at_;
    const char* const end = std::find(begin, static_cast<const char*>(buffer_.data() + size_), '"');
    keep(row, text, begin, end);
    line_ += static_cast<std::uint64_t>(std::count(begin, end, '\n'));
    at_ += static_cast<std::size_t>(end - begin);
    if (at_ == size_) continue;
    take();
    if (peek() != '"') return;
    keep(row, text, &kQuote, &kQuote + 1);
    take();
  }
}

void CsvReader::read_unquoted(CsvRow& row, std::string& text) {
  while (row_bytes_ <= kCsvRowBytesMax && peek() != kNone) {
    const char* const begin = buffer_.data() + at_;
    const char* const end = std::find_if(begin, static_cast<const char*>(buffer_.data() + size_),
                                         [](char c) { return c == ',' || c == '\n' || c == '\r' || c == '"'; });
    keep(row, text, begin, end);
    at_ += static_cast<std::size_t>(end - begin);
    if (at_ == size_) continue;
    if (*end != '"') return;
    blame(row, Status(ErrorId::kCsvSyntax, "a quote stands inside a field that is not quoted")
                   .why("it is at byte " + std::to_string(offset())));
    keep(row, text, end, end + 1);
    take();
  }
}

CsvReader::Next CsvReader::end_field(CsvRow& row, std::string& text) {
  for (;;) {
    const int c = peek();
    if (c == kNone) return Next::kEnd;
    if (c == ',') {
      ++row_bytes_;
      take();
      return Next::kField;
    }
    const std::uint64_t begin = offset();
    if (take_line_end()) return Next::kRow;
    blame(row, c == '\r'
                   ? Status(ErrorId::kCsvSyntax, "a carriage return stands without a line feed")
                         .why("it is at byte " + std::to_string(begin))
                   : Status(ErrorId::kCsvSyntax, "text follows a closing quote").why("it is at byte " + std::to_string(begin)));
    if (row_bytes_ > kCsvRowBytesMax) return Next::kEnd;
    read_unquoted(row, text);
  }
}

CsvReader::Next CsvReader::read_field(CsvRow& row) {
  field_.clear();
  const bool is_quoted = peek() == kQuote;
  is_quoted ? read_quoted(row, field_) : read_unquoted(row, field_);
  const Next next = failure_.ok() ? end_field(row, field_) : Next::kEnd;
  if (row.spans_.size() == kCsvColumnsMax) {
    blame(row, Status(ErrorId::kTooLarge, "the row has more than " + std::to_string(kCsvColumnsMax) + " columns"));
    return next;
  }
  row.spans_.push_back({.begin = row.storage_.size(), .size = field_.size(), .is_quoted = is_quoted});
  row.storage_ += field_;
  return next;
}

// ---- Rows ----

Result<bool> CsvReader::next(CsvRow& row) {
  bytes_.clear();
  skip_byte_order_mark();
  for (;;) {
    const bool any = peek() != kNone;
    FORGE_TRY(failure_);
    const Next end = read_row(row);
    FORGE_TRY(failure_);
    row.ends_line = end == Next::kRow;
    const bool is_blank = row.spans_.size() == 1 && row.spans_[0].size == 0 && !row.spans_[0].is_quoted && row.error.ok();
    if (any && is_blank && columns_ != 1 && bytes_.size() <= kCsvRowBytesMax) continue;
    if (any) ++rows_;
    finish(row);
    return any;
  }
}

CsvReader::Next CsvReader::read_row(CsvRow& row) {
  row.storage_.clear();
  row.spans_.clear();
  row.fields.clear();
  row.error = Status();
  row.bad_column = 0;
  row.place = place();
  row_bytes_ = 0;
  Next next = peek() == kNone ? Next::kEnd : Next::kField;
  while (next == Next::kField && row_bytes_ <= kCsvRowBytesMax && failure_.ok()) next = read_field(row);
  if (row_bytes_ > kCsvRowBytesMax && failure_.ok()) {
    failure_ = Status(ErrorId::kTooLarge, "a row is longer than 16 MiB")
                   .why("it begins at byte " + std::to_string(row.place.offset) + "; is a quote missing?")
                   .place(text_of(row.place));
  }
  return next;
}

void CsvReader::finish(CsvRow& row) {
  bytes_.append(buffer_.data() + kept_, at_ - kept_);
  kept_ = at_;
  row.bytes.swap(bytes_);
  row.end = place();
  row.text = std::string_view(row.bytes).substr(row.bytes.size() - static_cast<std::size_t>(row.end.offset - row.place.offset));
  if (row.ends_line) row.text.remove_suffix(row.text.ends_with("\r\n") ? 2 : 1);
  for (const CsvRow::Span& span : row.spans_) {
    row.fields.push_back({std::string_view(row.storage_).substr(span.begin, span.size), span.is_quoted});
  }
  if (row.error.ok()) check_text(row);
  if (row.error.ok()) return;
  std::string why = row.error.text().why;
  if (row.bad_column > 0) why += (why.empty() ? "" : ", ") + ("in " + column_text(row.bad_column));
  row.error = std::move(row.error).why(why).place(text_of(row.place));
}

void CsvReader::check_text(CsvRow& row) const {
  if (row.text.find('\0') == std::string_view::npos && is_utf8(row.text)) return;
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    const bool has_nul = row.fields[i].text.find('\0') != std::string_view::npos;
    if (!has_nul && is_utf8(row.fields[i].text)) continue;
    row.bad_column = i + 1;
    row.error = Status(ErrorId::kTextInvalid, has_nul ? "a field holds a NUL byte" : "a field is not valid UTF-8");
    return;
  }
}

}  // namespace forge
