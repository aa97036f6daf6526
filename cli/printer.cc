#include "printer.h"

#include <array>

#include "delimited.h"
#include "forge/events/json.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kJsonBufferMax = 64 << 20;
constexpr std::size_t kBufferMax = 64 << 10;
constexpr std::array<std::string_view, 6> kFormats = {"table", "json", "ndjson", "csv", "tsv", "name"};

std::vector<std::string> member_names(const Object& data) {
  std::vector<std::string> names;
  for (const auto& [name, value] : data.members()) names.push_back(name);
  return names;
}

}  // namespace

Format format_named(std::string_view name) {
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if (kFormats[i] == name) return static_cast<Format>(i);
  }
  return Format::kTable;
}

void Printer::begin_list(ListShape shape) {
  shape_ = std::move(shape);
  switch (format_) {
    case Format::kTable:
      table_.emplace(shape_.headings, screen_);
      break;
    case Format::kJson:
      buffer_ += shape_.wrapped ? "{\"items\":[" : "[";
      array_open_ = true;
      break;
    case Format::kCsv:
    case Format::kTsv:
      append_names(shape_.columns);
      break;
    case Format::kNdjson:
    case Format::kName:
      break;
  }
}

Status Printer::row(std::vector<std::string> cells) {
  table_->add(std::move(cells), buffer_);
  return flush_when(kBufferMax);
}

Status Printer::row(const Object& data) {
  switch (format_) {
    case Format::kTable:
      break;
    case Format::kJson:
      if (rows_++ > 0) buffer_ += ",\n";
      append_json_text(data);
      return flush_when(kJsonBufferMax);
    case Format::kNdjson:
      append_json_text(data);
      buffer_ += '\n';
      break;
    case Format::kCsv:
    case Format::kTsv:
      append_fields(data, shape_.columns);
      break;
    case Format::kName:
      if (const Value* name = data.find(shape_.name)) buffer_ += shown(*name) + "\n";
      break;
  }
  return flush_when(kBufferMax);
}

Status Printer::end_list(const std::string& next_cursor) {
  if (table_.has_value()) {
    table_->finish(buffer_);
    cut_columns_ = table_->cut_columns();
    table_.reset();
  }
  if (array_open_) {
    buffer_ += "]";
    if (shape_.wrapped) buffer_ += ",\"next_cursor\":" + (next_cursor.empty() ? "null" : to_json(next_cursor)) + "}";
    buffer_ += "\n";
    array_open_ = false;
  }
  return {};
}

Status Printer::object(const Object& data, std::string_view name) {
  switch (format_) {
    case Format::kTable:
      break;
    case Format::kJson:
    case Format::kNdjson:
      append_json_text(data);
      buffer_ += '\n';
      break;
    case Format::kCsv:
    case Format::kTsv: {
      const std::vector<std::string> columns = member_names(data);
      append_names(columns);
      append_fields(data, columns);
      break;
    }
    case Format::kName:
      if (const Value* value = data.find(name)) buffer_ += shown(*value) + "\n";
      break;
  }
  return flush_when(kBufferMax);
}

Status Printer::text(std::string_view text) {
  if (is_table()) buffer_ += text;
  return flush_when(kBufferMax);
}

Status Printer::flush() {
  return format_ == Format::kJson ? Status() : flush_when(0);
}

Status Printer::finish() {
  return flush_when(0);
}

Status Printer::abandon() {
  const bool drops = format_ == Format::kTable || format_ == Format::kJson;
  if (!drops) return flush_when(0);
  if (!wrote_ || !array_open_) {
    buffer_.clear();
    return {};
  }
  FORGE_TRY(end_list());
  return flush_when(0);
}

void Printer::append_fields(const Object& data, const std::vector<std::string>& columns) {
  const bool csv = format_ == Format::kCsv;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) buffer_ += csv ? ',' : '\t';
    const Value* value = data.find(columns[i]);
    if (value == nullptr || value->is_null()) continue;
    csv ? append_csv(buffer_, shown(*value)) : append_tsv(buffer_, shown(*value));
  }
  buffer_ += '\n';
}

void Printer::append_names(const std::vector<std::string>& names) {
  Object header;
  for (const std::string& name : names) header.add(name, name);
  append_fields(header, names);
}

void Printer::append_json_text(const Object& data) {
  if (!screen_.is_terminal) return append_json(buffer_, Value(data));
  buffer_ += printable_json(to_json(data));
}

std::string Printer::shown(const Value& value) const {
  return screen_.is_terminal ? printable(value_text(value)) : value_text(value);
}

// JSON waits for its end, the others only for a good size.
Status Printer::flush_when(std::size_t size) {
  const bool waits = format_ == Format::kJson && size == kBufferMax;
  if (waits || buffer_.size() < size || buffer_.empty()) return {};
  wrote_ = true;
  Status status = out_.write(buffer_);
  buffer_.clear();
  return status;
}

}  // namespace forge::cli
