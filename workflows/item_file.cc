#include "item_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <utility>

#include "forge/events/json.h"

namespace forge::internal {
namespace {

constexpr std::size_t kPortionBytes = 4 << 20;
constexpr std::size_t kLineBytesMax = kCsvRowBytesMax;
constexpr std::size_t kLineBufferBytes = 64 << 10;

template <typename Number>
bool read_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// A field as its column's type.
Result<Value> typed_field(const std::string& column, fb::InputType type, const CsvField& field) {
  if (field.text.empty() && !field.is_quoted) return Value();
  std::int64_t integer = 0;
  double number = 0;
  switch (type) {
    case fb::InputType::Int:
      if (read_whole(field.text, integer)) return Value(integer);
      break;
    case fb::InputType::Float:
      if (read_whole(field.text, number) && std::isfinite(number)) return Value(number);
      break;
    case fb::InputType::Bool:
      if (field.text == "true" || field.text == "false") return Value(field.text == "true");
      break;
    default:
      return Value(field.text);
  }
  const char* wanted = type == fb::InputType::Int ? "an int" : type == fb::InputType::Float ? "a float" : "true or false";
  return Status(ErrorId::kArgumentType, "the field '" + column + "' is not " + wanted)
      .why("it is '" + std::string(field.text) + "'");
}

}  // namespace

// ---- Positions

Value ItemPosition::to_value() const {
  return Object{{"row", place.row}, {"line", place.line},          {"offset", place.offset},
                {"digest", digest}, {"whole_line", is_whole_line}, {"end", is_end}};
}

std::optional<ItemPosition> ItemPosition::from_value(const Value& value) {
  const Object* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  ItemPosition made;
  const auto number = [object](const char* name, std::uint64_t& into) {
    const Value* found = object->find(name);
    if (found == nullptr || found->if_int() == nullptr || *found->if_int() < 0) return false;
    into = static_cast<std::uint64_t>(*found->if_int());
    return true;
  };
  const Value* digest = object->find("digest");
  const Value* whole = object->find("whole_line");
  const Value* end = object->find("end");
  const bool is_one = number("row", made.place.row) && number("line", made.place.line) && number("offset", made.place.offset) &&
                      digest != nullptr && digest->if_text() != nullptr && whole != nullptr && whole->if_bool() != nullptr &&
                      end != nullptr && end->if_bool() != nullptr;
  if (!is_one) return std::nullopt;
  made.digest = *digest->if_text();
  made.is_whole_line = *whole->if_bool();
  made.is_end = *end->if_bool();
  return made;
}

// ---- Rows

// What both formats have in common. `see` is given every byte in order.
class ItemFile::Rows {
 public:
  using See = std::function<void(std::string_view)>;

  virtual ~Rows() = default;
  // What stands before the first row.
  virtual Status begin(const See& see) = 0;
  // The next row; false at the end.
  virtual Result<bool> next(FileItem& item, const See& see) = 0;
  virtual Result<bool> skip_to(const CsvPlace& place, const See& see) = 0;
  virtual bool skip_line_end(const See& see) = 0;
  virtual bool at_end() = 0;
  virtual CsvPlace place() const = 0;
  virtual bool ends_line() const = 0;
};

class ItemFile::CsvRows final : public Rows {
 public:
  using Columns = std::vector<std::unique_ptr<fb::InputT>>;

  CsvRows(Source& source, const std::string& name, const Columns& columns)
      : name_(name), declared_(columns), reader_(source, name) {}

  Status begin(const See& see) override {
    FORGE_ASSIGN(const bool any, reader_.next(row_));
    see(row_.bytes);
    if (!any) return differs("it is empty").remedy("give a file whose first line names the columns");
    FORGE_TRY(row_.error);
    for (const CsvField& field : row_.fields) {
      const std::string name(field.text);
      if (name.empty()) return differs("a column has no name");
      if (std::find(names_.begin(), names_.end(), name) != names_.end()) return differs("two columns are called '" + name + "'");
      names_.push_back(name);
      types_.push_back(fb::InputType::String);
    }
    for (const auto& column : declared_) {
      const auto found = std::find(names_.begin(), names_.end(), column->name);
      if (found == names_.end()) return differs("there is no column '" + column->name + "', which the map names");
      types_[static_cast<std::size_t>(found - names_.begin())] = column->type;
    }
    reader_.expect_columns(names_.size());
    return {};
  }

  Result<bool> next(FileItem& item, const See& see) override {
    FORGE_ASSIGN(const bool any, reader_.next(row_));
    see(row_.bytes);
    if (!any) return false;
    item.place = row_.place;
    item.error = row_.error;
    item.value = nullptr;
    if (item.error.ok()) item.error = fill(item.value);
    if (!item.error.ok()) item.text.assign(row_.text);
    return true;
  }

  Result<bool> skip_to(const CsvPlace& place, const See& see) override { return reader_.skip_to(place, see); }
  bool skip_line_end(const See& see) override { return reader_.skip_line_end(see); }
  bool at_end() override { return reader_.at_end(); }
  CsvPlace place() const override { return reader_.place(); }
  bool ends_line() const override { return row_.ends_line; }

 private:
  Status fill(Value& value) const {
    if (row_.fields.size() != names_.size()) {
      return Status(ErrorId::kCsvColumns, "the row has " + std::to_string(row_.fields.size()) + " fields")
          .why("the header has " + std::to_string(names_.size()))
          .place(reader_.text_of(row_.place));
    }
    Object made;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      Result<Value> field = typed_field(names_[i], types_[i], row_.fields[i]);
      if (!field.ok()) return Status(field.status()).place(reader_.text_of(row_.place));
      made.add(names_[i], *std::move(field));
    }
    value = std::move(made);
    return {};
  }

  Status differs(std::string why) const {
    return Status(ErrorId::kCsvColumns, "the columns of '" + name_ + "' do not fit").why(std::move(why));
  }

  const std::string name_;
  const Columns& declared_;
  CsvReader reader_;
  CsvRow row_;
  std::vector<std::string> names_;
  std::vector<fb::InputType> types_;
};

// Lines that end in LF or CRLF; empty ones are passed over, and so is a byte order mark.
class ItemFile::Lines final : public Rows {
 public:
  Lines(Source& source, std::string name) : source_(source), name_(std::move(name)), buffer_(kLineBufferBytes) { place_.row = 1; }

  Status begin(const See& /*see*/) override { return {}; }

  Result<bool> next(FileItem& item, const See& see) override {
    for (;;) {
      const CsvPlace before = place_;
      FORGE_ASSIGN(const bool any, read_line(see));
      if (!any) return false;
      std::string_view text = line_;
      if (before.offset == 0 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
      if (text.ends_with('\r')) text.remove_suffix(1);
      if (text.find_first_not_of(" \t") == std::string_view::npos) continue;
      item.place = before;
      ++place_.row;
      const std::string at = name_ + ":" + std::to_string(before.line);
      Result<Value> parsed = parse_json(text, at);
      item.error = parsed.status();
      item.value = parsed.ok() ? *std::move(parsed) : Value();
      if (!item.error.ok()) item.text.assign(text);
      return true;
    }
  }

  Result<bool> skip_to(const CsvPlace& place, const See& see) override {
    while (place_.offset < place.offset) {
      FORGE_ASSIGN(const bool any, fill());
      if (!any) return false;
      const std::size_t size = std::min<std::uint64_t>(size_ - at_, place.offset - place_.offset);
      see({buffer_.data() + at_, size});
      take(size);
    }
    place_ = place;
    return true;
  }

  bool skip_line_end(const See& see) override {
    for (const std::string_view part : {"\r", "\n"}) {
      if (at_end() || buffer_[at_] != part[0]) continue;
      see(part);
      take(1);
      if (part == "\n") return ++place_.line, true;
    }
    return false;
  }

  bool at_end() override {
    const Result<bool> any = fill();
    return !any.ok() || !*any;
  }
  CsvPlace place() const override { return place_; }
  bool ends_line() const override { return ends_line_; }

 private:
  void take(std::size_t bytes) {
    at_ += bytes;
    place_.offset += bytes;
  }

  Result<bool> fill() {
    if (at_ < size_) return true;
    FORGE_ASSIGN(size_, source_.read(buffer_.data(), buffer_.size()));
    at_ = 0;
    return size_ > 0;
  }

  // The next line without its line feed; false at the end.
  Result<bool> read_line(const See& see) {
    line_.clear();
    ends_line_ = false;
    const CsvPlace begun = place_;
    for (;;) {
      FORGE_ASSIGN(const bool any, fill());
      if (!any) return !line_.empty();
      const char* const begin = buffer_.data() + at_;
      const char* const end = std::find(begin, static_cast<const char*>(buffer_.data() + size_), '\n');
      ends_line_ = end != buffer_.data() + size_;
      const std::size_t size = static_cast<std::size_t>(end - begin);
      line_.append(begin, end);
      see({begin, size + (ends_line_ ? 1 : 0)});
      take(size + (ends_line_ ? 1 : 0));
      if (line_.size() > kLineBytesMax) {
        return Status(ErrorId::kTooLarge, "a line is longer than 16 MiB")
            .why("it begins at byte " + std::to_string(begun.offset))
            .place(name_ + ":" + std::to_string(begun.line));
      }
      if (!ends_line_) continue;
      ++place_.line;
      return true;
    }
  }

  Source& source_;
  const std::string name_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, size_ = 0;
  CsvPlace place_;
  std::string line_;
  bool ends_line_ = true;
};

// ---- The file

ItemFile::ItemFile(std::string path, std::unique_ptr<FileSource> source) : path_(std::move(path)), source_(std::move(source)) {}
ItemFile::~ItemFile() = default;

bool ItemFile::has_format(std::string_view name) {
  const std::string_view unpacked = name_unpacked(name);
  return unpacked.ends_with(".csv") || unpacked.ends_with(".ndjson") || unpacked.ends_with(".jsonl");
}

Result<std::unique_ptr<ItemFile>> ItemFile::open(const std::string& path, const CsvRows::Columns& columns) {
  const bool csv = name_unpacked(path).ends_with(".csv");
  if (!has_format(path)) {
    return Status(ErrorId::kItemsFormat, "'" + path + "' is of an unknown format")
        .why("the format follows from the end of the name")
        .remedy("name a file .csv, .ndjson or .jsonl, packed with .gz or .zst behind it");
  }
  FORGE_ASSIGN(auto source, FileSource::open(path));
  std::unique_ptr<ItemFile> file(new ItemFile(path, std::move(source)));
  if (csv) {
    file->rows_ = std::make_unique<CsvRows>(*file->source_, path, columns);
  } else {
    file->rows_ = std::make_unique<Lines>(*file->source_, path);
  }
  FORGE_TRY(file->rows_->begin([&digest = file->digest_](std::string_view bytes) { digest.add(bytes); }));
  file->position_.place = file->rows_->place();
  file->position_.is_whole_line = file->rows_->ends_line();
  return file;
}

Status ItemFile::go_to(const ItemPosition& position) {
  const auto see = [this](std::string_view bytes) { digest_.add(bytes); };
  const auto differs = [this](const char* why) {
    return Status(ErrorId::kItemsDiffer, "'" + path_ + "' is not the file that the map has begun with").why(why);
  };
  FORGE_ASSIGN(const bool is_long_enough, rows_->skip_to(position.place, see));
  if (!is_long_enough || digest_.hex() != position.digest) return differs("what was read of it has changed");
  position_ = position;
  if (position.is_whole_line || rows_->at_end()) return {};
  if (!rows_->skip_line_end(see)) return differs("its last row had no line end when it was read, and now goes on");
  position_.place = rows_->place();
  position_.is_whole_line = true;
  return {};
}

Result<std::vector<FileItem>> ItemFile::read(std::size_t rows_max) {
  const auto see = [this](std::string_view bytes) { digest_.add(bytes); };
  std::vector<FileItem> items;
  const std::uint64_t begin = rows_->place().offset;
  position_.is_end = false;
  while (items.size() < rows_max && rows_->place().offset - begin < kPortionBytes) {
    FileItem item;
    FORGE_ASSIGN(const bool any, rows_->next(item, see));
    if (!any) {
      position_.is_end = true;
      break;
    }
    position_.is_whole_line = rows_->ends_line();
    items.push_back(std::move(item));
  }
  position_.place = rows_->place();
  return items;
}

ItemPosition ItemFile::position() const {
  ItemPosition made = position_;
  made.digest = digest_.hex();
  return made;
}

double ItemFile::part() const {
  const std::uint64_t total = source_->bytes_total();
  if (total == 0) return 1;
  return std::min(static_cast<double>(source_->bytes_taken()) / static_cast<double>(total), 1.0);
}

}  // namespace forge::internal
