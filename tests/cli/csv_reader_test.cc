#include "forge/events/csv_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "delimited.h"

namespace forge::cli {
namespace {

// Gives its text in pieces of so many bytes.
class Pieces : public Source {
 public:
  Pieces(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t got = std::min({size, piece_, text_.size() - at_});
    text_.copy(into, got, at_);
    at_ += got;
    return got;
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

struct ReadRow {
  std::vector<std::string> fields;
  std::uint64_t row = 0, line = 0, offset = 0;
  ErrorId error = ErrorId::kNone;
  std::size_t column = 0;
  bool ends_line = false;
  friend bool operator==(const ReadRow&, const ReadRow&) = default;
};

struct Outcome {
  std::vector<ReadRow> rows;
  std::string bytes;  // of all rows and what is behind them
  Status error;
};

// An unquoted empty field is told from a quoted one.
std::string shown(const CsvField& field) {
  return field.text.empty() && !field.is_quoted ? "<none>" : std::string(field.text);
}

Outcome read(const std::string& text, std::size_t piece = 1 << 20, std::size_t columns = 0) {
  Pieces source(text, piece);
  CsvReader reader(source, "f.csv");
  reader.expect_columns(columns);
  Outcome out;
  CsvRow row;
  for (;;) {
    const Result<bool> any = reader.next(row);
    if (!any.ok()) {
      out.error = any.status();
      return out;
    }
    out.bytes += row.bytes;
    if (!*any) return out;
    ReadRow read{{}, row.place.row, row.place.line, row.place.offset, row.error.id(), row.bad_column, row.ends_line};
    for (const CsvField& field : row.fields) read.fields.push_back(shown(field));
    out.rows.push_back(std::move(read));
  }
}

using Fields = std::vector<std::string>;

std::vector<Fields> fields(const std::string& text, std::size_t columns = 0) {
  std::vector<Fields> out;
  const Outcome outcome = read(text, 1 << 20, columns);
  EXPECT_TRUE(outcome.error.ok()) << outcome.error.message();
  for (const ReadRow& row : outcome.rows) {
    EXPECT_EQ(row.error, ErrorId::kNone) << text;
    out.push_back(row.fields);
  }
  return out;
}

TEST(CsvReader, ReadsWhatRfc4180Says) {
  EXPECT_EQ(fields("a,b\r\n1,2\r\n"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(fields("a,b\n1,2"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(fields("\"a\"\"b\",\"c,d\",\"e\r\nf\"\n"), (std::vector<Fields>{{"a\"b", "c,d", "e\r\nf"}}));
  EXPECT_EQ(fields(",\"\",\n"), (std::vector<Fields>{{"<none>", "", "<none>"}}));
  EXPECT_EQ(fields(" a , b \n"), (std::vector<Fields>{{" a ", " b "}}));
  EXPECT_EQ(fields(""), std::vector<Fields>{});
}

TEST(CsvReader, SkipsAMarkAndEmptyLines) {
  EXPECT_EQ(fields("\xef\xbb\xbf"
                   "a,b\n"),
            (std::vector<Fields>{{"a", "b"}}));
  EXPECT_EQ(fields("\n\r\na,b\n\n\r\n1,2\n\n"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(fields("a\n\nb\n", 1), (std::vector<Fields>{{"a"}, {"<none>"}, {"b"}}));
  EXPECT_EQ(fields("\"\"\n"), (std::vector<Fields>{{""}}));
}

TEST(CsvReader, TellsWhereRowsAre) {
  const Outcome out = read("a,b\n\n\"x\ny\",2\r\n3,4");
  ASSERT_EQ(out.rows.size(), 3u);
  EXPECT_EQ(out.rows[0], (ReadRow{{"a", "b"}, 0, 1, 0, ErrorId::kNone, 0, true}));
  EXPECT_EQ(out.rows[1], (ReadRow{{"x\ny", "2"}, 1, 3, 5, ErrorId::kNone, 0, true}));
  EXPECT_EQ(out.rows[2], (ReadRow{{"3", "4"}, 2, 5, 14, ErrorId::kNone, 0, false}));
}

// Each breaks its own row and no other.
TEST(CsvReader, GivesABadRowItsError) {
  const struct {
    std::string row;
    ErrorId error;
    std::size_t column;
  } kBad[] = {
      {"a\"b,c", ErrorId::kCsvSyntax, 1},
      {"a,\"b\"c", ErrorId::kCsvSyntax, 2},
      {"a,\"b\" ", ErrorId::kCsvSyntax, 2},
      {"a\rb,c", ErrorId::kCsvSyntax, 1},
      {std::string("a,\0", 3), ErrorId::kTextInvalid, 2},
      {"a,\xff", ErrorId::kTextInvalid, 2},
      {"\xc3,\xa9", ErrorId::kTextInvalid, 1},
      {"a," + std::string(kCsvFieldBytesMax + 1, 'x'), ErrorId::kTooLarge, 2},
      {std::string(kCsvColumnsMax, ','), ErrorId::kTooLarge, kCsvColumnsMax + 1},
  };
  for (const auto& bad : kBad) {
    const Outcome out = read("1,2\n" + bad.row + "\n3,4\n");
    ASSERT_EQ(out.rows.size(), 3u) << bad.row.substr(0, 20);
    EXPECT_EQ(out.rows[1].error, bad.error) << bad.row.substr(0, 20);
    EXPECT_EQ(out.rows[1].column, bad.column) << bad.row.substr(0, 20);
    EXPECT_EQ(out.rows[2].fields, (Fields{"3", "4"}));
    EXPECT_EQ(out.rows[2].error, ErrorId::kNone);
  }
}

TEST(CsvReader, EndsAtAQuoteThatIsNotClosed) {
  const Outcome out = read("a,b\n1,\"2\n3,4\n");
  EXPECT_EQ(out.rows.size(), 1u);
  EXPECT_EQ(out.error.id(), ErrorId::kCsvSyntax);
  EXPECT_EQ(out.error.text().place, "f.csv:2");
  EXPECT_NE(out.error.text().why.find("byte 6 in column 2"), std::string::npos) << out.error.message();
}

TEST(CsvReader, EndsAtARowBeyondTheLimit) {
  const std::string field(kCsvFieldBytesMax, 'x');
  std::string row = field;
  while (row.size() <= kCsvRowBytesMax) row += "," + field;
  EXPECT_EQ(read("a\n" + row + "\nb\n").error.id(), ErrorId::kTooLarge);
  EXPECT_EQ(read("a\n\"" + std::string(kCsvRowBytesMax + 1, 'x')).error.id(), ErrorId::kTooLarge);
}

// A million columns are no more than one bad row.
TEST(CsvReader, HoldsNoMoreColumnsThanItsLimit) {
  const Outcome out = read(std::string(1'000'000, ',') + "\n1,2\n");
  ASSERT_EQ(out.rows.size(), 2u);
  EXPECT_EQ(out.rows[0].error, ErrorId::kTooLarge);
  EXPECT_EQ(out.rows[0].fields.size(), kCsvColumnsMax);
}

// Whatever the text, and however it comes: every byte belongs to one row, and the pieces make no difference.
TEST(CsvReader, DoesNotDependOnHowBytesCome) {
  std::mt19937 random(7);
  const std::string alphabet = "ab,,\"\"\n\n\r\r\n \xef\xbb\xbf\xc3\xa9";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t size = random() % 40; text.size() < size;) text += alphabet[random() % alphabet.size()];
    const Outcome whole = read(text);
    if (whole.error.ok()) {
      EXPECT_EQ(whole.bytes, text);
    }
    for (const std::size_t piece : {1u, 2u, 3u, 7u}) {
      const Outcome other = read(text, piece);
      EXPECT_EQ(other.rows, whole.rows) << testing::PrintToString(text) << " by " << piece;
      EXPECT_EQ(other.bytes, whole.bytes);
      EXPECT_EQ(other.error, whole.error);
    }
  }
}

// What Forge writes it reads.
TEST(CsvReader, ReadsWhatIsWritten) {
  std::mt19937 random(8);
  const std::string alphabet = "ab ,\"\n\r\t\xc3\xa9";
  for (int round = 0; round < 2000; ++round) {
    Fields row;
    std::string text;
    for (std::size_t i = 0; i < 3; ++i) {
      std::string field;
      for (std::size_t size = random() % 6; size > 0; --size) field += alphabet[random() % 8];
      if (i > 0) text += ',';
      append_csv(text, field);
      row.push_back(field);
    }
    EXPECT_EQ(fields(text + "\n"), std::vector<Fields>{row}) << testing::PrintToString(text);
  }
}

TEST(CsvReader, GoesOnWhereItIsTold) {
  const std::string text = "a,b\n1,2\n3,4\n";
  Pieces source(text, 3);
  CsvReader reader(source, "f.csv");
  CsvRow row;
  EXPECT_TRUE(reader.next(row).value());
  std::string seen;
  const auto see = [&](std::string_view bytes) { seen += bytes; };
  EXPECT_TRUE(reader.skip_to({.row = 2, .line = 3, .offset = 8}, see).value());
  EXPECT_EQ(seen, "1,2\n");
  EXPECT_TRUE(reader.next(row).value());
  EXPECT_EQ(row.place.row, 2u);
  EXPECT_EQ(row.place.line, 3u);
  EXPECT_EQ(row.bytes, "3,4\n");
  EXPECT_FALSE(reader.skip_to({.row = 9, .line = 9, .offset = 99}, see).value());
}

}  // namespace
}  // namespace forge::cli
