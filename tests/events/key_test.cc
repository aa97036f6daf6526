#include "forge/events/key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace forge {
namespace {

Resource resource_with_key(BaseType type, std::string type_name, const EnumType* enumeration = nullptr) {
  Field field;
  field.name = "id";
  field.type = type;
  field.type_name = std::move(type_name);
  field.enumeration = enumeration;
  Resource resource;
  resource.name = "Order";
  resource.record.fields.push_back(std::move(field));
  resource.key_fields = {0};
  return resource;
}

// Its key is "shop,number,line": a text, an integer, a text.
Resource by_three_parts() {
  Resource resource;
  resource.name = "Line";
  for (const auto& [name, type] : {std::pair("line", BaseType::kText), {"shop", BaseType::kText}, {"number", BaseType::kInt64}}) {
    Field field;
    field.name = name;
    field.id = static_cast<std::uint16_t>(resource.record.fields.size());
    field.type = type;
    field.type_name = type == BaseType::kText ? "string" : "long";
    resource.record.fields.push_back(std::move(field));
  }
  resource.key_fields = {1, 2, 0};
  return resource;
}

// The cells of the key's parts, in the order of the fields. Errors as key_cells.
Result<Row> cells_of(const Resource& resource, std::string_view bytes) {
  Row row(resource.record.fields.size());
  FORGE_TRY(key_cells(resource, bytes, row));
  return row;
}

const Resource& by_text() {
  static const Resource resource = resource_with_key(BaseType::kText, "string");
  return resource;
}

const Resource& by_long() {
  static const Resource resource = resource_with_key(BaseType::kInt64, "long");
  return resource;
}

std::string encoded(const Cell& cell) {
  std::string out;
  const Status status = append_key_part(by_text().record.fields[0], cell, out);
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

Status refusal(const Cell& cell) {
  std::string out = "before";
  Status status = append_key_part(by_text().record.fields[0], cell, out);
  EXPECT_EQ(status.id(), ErrorId::kKeyInvalid);
  EXPECT_EQ(out, "before");
  return status;
}

// Random texts that share prefixes and hold bytes of every size class.
std::vector<std::string> texts() {
  static const std::vector<std::string> kPieces = {"\x01", "a", "b", "ab", "\x7f", "é", "€", "😀"};
  std::vector<std::string> all;
  std::uint64_t state = 3;
  for (int i = 0; i < 400; ++i) {
    std::string text;
    do {
      state = state * 6364136223846793005 + 1442695040888963407;
      text += kPieces[(state >> 40) % kPieces.size()];
    } while ((state >> 50) % 4 != 0);
    all.push_back(text);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<std::int64_t> integers() {
  std::vector<std::int64_t> all = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), 0, 1, -1};
  std::uint64_t state = 5;
  for (int i = 0; i < 400; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    all.push_back(static_cast<std::int64_t>(state) >> (i % 64));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// Unlike std::string's, this order is stated in terms of bytes.
bool before_in_bytes(const std::string& a, const std::string& b) {
  const int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return order != 0 ? order < 0 : a.size() < b.size();
}

TEST(KeyPart, HasTheBytesOfTheFormat) {
  EXPECT_EQ(encoded(Cell::of(std::string_view("o-1"))), std::string("o-1\0", 4));
  EXPECT_EQ(encoded(Cell::of(std::int64_t{1})), std::string("\x80\0\0\0\0\0\0\x01", 8));
  EXPECT_EQ(encoded(Cell::of(std::int64_t{-2})), "\x7f\xff\xff\xff\xff\xff\xff\xfe");
}

TEST(KeyPart, OfTextKeepsTheOrderAndIsNoPrefixOfAnother) {
  const std::vector<std::string> all = texts();
  ASSERT_GT(all.size(), 200u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = i + 1; k < all.size(); ++k) {
      const std::string a = encoded(Cell::of(std::string_view(all[i])));
      const std::string b = encoded(Cell::of(std::string_view(all[k])));
      ASSERT_TRUE(before_in_bytes(a, b)) << all[i] << " and " << all[k];
      ASSERT_FALSE(b.starts_with(a)) << all[i] << " and " << all[k];
    }
  }
}

TEST(KeyPart, OfIntegersKeepsTheOrder) {
  const std::vector<std::int64_t> all = integers();
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_TRUE(before_in_bytes(encoded(Cell::of(all[i - 1])), encoded(Cell::of(all[i])))) << all[i - 1] << " and " << all[i];
  }
}

TEST(KeyPart, SeveralInARowKeepTheOrderOfTheFirstThenTheNext) {
  const std::vector<std::string> all = texts();
  for (std::size_t i = 1; i < all.size(); ++i) {
    const std::string low = encoded(Cell::of(std::string_view(all[i - 1]))) + encoded(Cell::of(std::int64_t{9}));
    const std::string high = encoded(Cell::of(std::string_view(all[i]))) + encoded(Cell::of(std::int64_t{-9}));
    ASSERT_TRUE(before_in_bytes(low, high)) << all[i - 1] << " and " << all[i];
  }
}

TEST(KeyPart, RefusesWhatCannotBeAKeyAndLeavesTheOutput) {
  EXPECT_EQ(refusal(Cell::of(std::string_view(""))).text().why, "it is empty");
  EXPECT_EQ(refusal(Cell::of(std::string_view("a\0b", 3))).text().why, "it contains NUL");
  EXPECT_EQ(refusal(Cell::of(std::string_view("a\xff"))).text().why, "it is not UTF-8");
  const std::string longest(kKeyBytesMax, 'k');
  EXPECT_EQ(encoded(Cell::of(std::string_view(longest))).size(), kKeyBytesMax + 1);
  EXPECT_EQ(refusal(Cell::of(std::string_view(longest + "k"))).text().why, "it has 1025 bytes, the limit is 1024");
  EXPECT_EQ(refusal(Cell::null()).text().why, "it is null");
  EXPECT_EQ(refusal(Cell()).text().why, "it is null");
  EXPECT_FALSE(refusal(Cell::of(true)).ok());
  EXPECT_FALSE(refusal(Cell::of(1.5)).ok());
  EXPECT_EQ(refusal(Cell::of(std::string_view("a\xff"))).text().what, "id 'a\\xff' cannot be a key");
}

TEST(Key, OfTextIsReadBackAsItWasWritten) {
  for (const std::string& text : texts()) {
    const std::string bytes = encode_key(by_text(), text).value();
    EXPECT_EQ(key_text(by_text(), bytes).value(), text);
    EXPECT_EQ(cells_of(by_text(), bytes).value()[0].as_text(), text);
  }
  EXPECT_EQ(key_text(by_text(), encode_key(by_text(), "null").value()).value(), "null");
  EXPECT_EQ(encode_key(by_text(), "").status().id(), ErrorId::kKeyInvalid);
}

TEST(Key, OfIntegersIsReadBackAsItWasWritten) {
  for (const std::int64_t number : integers()) {
    const std::string bytes = encode_key(by_long(), std::to_string(number)).value();
    EXPECT_EQ(key_text(by_long(), bytes).value(), std::to_string(number));
    EXPECT_EQ(cells_of(by_long(), bytes).value()[0].integer, number);
  }
}

TEST(Key, OfIntegersRefusesOtherText) {
  for (const char* text : {"", "x", "1.0", "1 ", " 1", "+1", "0x1", "9223372036854775808"}) {
    EXPECT_EQ(encode_key(by_long(), text).status().id(), ErrorId::kArgumentType) << text;
  }
  EXPECT_EQ(encode_key(by_long(), "null").status().id(), ErrorId::kKeyInvalid);
  const Resource by_ubyte = resource_with_key(BaseType::kUint8, "ubyte");
  EXPECT_TRUE(encode_key(by_ubyte, "255").ok());
  EXPECT_EQ(encode_key(by_ubyte, "256").status().id(), ErrorId::kArgumentRange);
  EXPECT_EQ(encode_key(by_ubyte, "-1").status().id(), ErrorId::kArgumentRange);
}

TEST(Key, OfAnEnumIsWrittenByName) {
  const EnumType size{"Size", {{"Small", 1}, {"Large", 5}}};
  const Resource by_size = resource_with_key(BaseType::kInt8, "Size", &size);
  const std::string bytes = encode_key(by_size, "Large").value();
  EXPECT_EQ(bytes, encode_key(by_size, "5").value());
  EXPECT_EQ(key_text(by_size, bytes).value(), "Large");
  EXPECT_EQ(encode_key(by_size, "Huge").status().id(), ErrorId::kArgumentType);
}

TEST(Key, OfSeveralPartsIsWrittenWithCommasAndReadBack) {
  const Resource resource = by_three_parts();
  const std::string bytes = encode_key(resource, "north,-7,a").value();
  EXPECT_EQ(bytes, std::string("north\0\x7f\xff\xff\xff\xff\xff\xff\xf9"
                               "a\0",
                               16));
  EXPECT_EQ(key_text(resource, bytes).value(), "north,-7,a");
  const Row cells = cells_of(resource, bytes).value();
  EXPECT_EQ(cells[0].as_text(), "a");
  EXPECT_EQ(cells[1].as_text(), "north");
  EXPECT_EQ(cells[2].integer, -7);
}

TEST(Key, OfSeveralPartsEscapesCommasAndBackslashesInTexts) {
  const Resource resource = by_three_parts();
  const std::string bytes = encode_key(resource, R"(a\,b\\,12,\\\,)").value();
  EXPECT_EQ(cells_of(resource, bytes).value()[1].as_text(), R"(a,b\)");
  EXPECT_EQ(cells_of(resource, bytes).value()[0].as_text(), R"(\,)");
  EXPECT_EQ(key_text(resource, bytes).value(), R"(a\,b\\,12,\\\,)");
}

TEST(Key, OfSeveralPartsIsReadBackAsItWasWritten) {
  const Resource resource = by_three_parts();
  const std::vector<std::string> parts = texts();
  const std::vector<std::int64_t> numbers = integers();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string text = join_key(std::vector<std::string>{parts[i] + "," + parts[(i * 7 + 3) % parts.size()],
                                                               std::to_string(numbers[i % numbers.size()]), "\\" + parts[i]});
    const std::string bytes = encode_key(resource, text).value();
    EXPECT_EQ(key_text(resource, bytes).value(), text);
  }
}

TEST(Key, OfSeveralPartsOrdersByTheFirstThenTheNext) {
  const Resource resource = by_three_parts();
  const std::vector<std::string> ascending = {"a,-1,z", "a,2,b", "a,2,ba", "a,10,a", "ab,0,a", "b,-9,a"};
  for (std::size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(encode_key(resource, ascending[i - 1]).value(), encode_key(resource, ascending[i]).value()) << ascending[i];
  }
}

TEST(Key, OfSeveralPartsRefusesWhatIsNone) {
  const Resource resource = by_three_parts();
  const auto refused = [&](std::string_view text) { return encode_key(resource, text).status(); };
  EXPECT_EQ(refused("a,1").text().why, "it has 2 parts, the key is shop,number,line");
  EXPECT_EQ(refused("a").text().why, "it has 1 part, the key is shop,number,line");
  EXPECT_EQ(refused("a,1,b,c").id(), ErrorId::kKeyInvalid);
  EXPECT_EQ(refused(R"(a\b,1,c)").text().why, "a backslash stands before something else than a comma or a backslash");
  EXPECT_EQ(refused(R"(a,1,c\)").id(), ErrorId::kKeyInvalid);
  EXPECT_EQ(refused(",1,c").id(), ErrorId::kKeyInvalid);
  EXPECT_EQ(refused("a,x,c").id(), ErrorId::kArgumentType);
}

TEST(Key, ThatIsDamagedIsNotRead) {
  const auto why = [](const Resource& resource, std::string_view bytes) {
    const auto cell = cells_of(resource, bytes);
    EXPECT_EQ(cell.status().id(), ErrorId::kDataCorrupt);
    EXPECT_EQ(key_text(resource, bytes).status(), cell.status());
    return cell.status().text().why;
  };
  EXPECT_EQ(why(by_text(), ""), "its end is missing");
  EXPECT_EQ(why(by_text(), "abc"), "its end is missing");
  EXPECT_EQ(why(by_text(), std::string_view("\0", 1)), "it is empty");
  EXPECT_EQ(why(by_text(), std::string_view("a\0b\0", 4)), "it contains NUL");
  EXPECT_EQ(why(by_text(), std::string_view("\xff\0", 2)), "it is not UTF-8");
  EXPECT_EQ(why(by_long(), "1234567"), "it has 7 bytes, not 8");
  EXPECT_EQ(why(by_three_parts(), std::string_view("a\0"
                                                   "1234567",
                                                   9)),
            "it has 7 bytes, not 8");
  EXPECT_EQ(why(by_three_parts(), std::string_view("a\0"
                                                   "12345678"
                                                   "b",
                                                   11)),
            "its end is missing");
}

TEST(KeyPart, IsReadOffTheFront) {
  const Resource resource = by_three_parts();
  const Field &text = resource.record.fields[0], &number = resource.record.fields[2];
  EXPECT_EQ(key_part_size(text, std::string_view("ab\0c", 4)), 3U);
  EXPECT_EQ(read_key_part(text, std::string_view("ab\0c", 4)).as_text(), "ab");
  EXPECT_EQ(read_key_part(text, std::string_view("\0", 1)).as_text(), "");
  EXPECT_EQ(key_part_size(text, "ab"), 0U);
  EXPECT_TRUE(read_key_part(text, "ab").is_absent());
  std::string bytes;
  ASSERT_TRUE(append_key_part(number, Cell::of(std::int64_t{-7}), bytes).ok());
  EXPECT_EQ(key_part_size(number, bytes + "x"), 8U);
  EXPECT_EQ(read_key_part(number, bytes + "x").integer, -7);
  EXPECT_EQ(key_part_size(number, "1234567"), 0U);
  EXPECT_TRUE(read_key_part(number, "1234567").is_absent());
}

TEST(BigEndian, WritesTheHighestByteFirstAndReadsItBack) {
  std::string bytes;
  append_u16(bytes, 0x0102);
  append_u64(bytes, 0xf1f2f3f4f5f6f7f8);
  EXPECT_EQ(bytes, "\x01\x02\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8");
  EXPECT_EQ(read_u16(bytes.data()), 0x0102);
  EXPECT_EQ(read_u64(bytes.data() + 2), 0xf1f2f3f4f5f6f7f8);
}

}  // namespace
}  // namespace forge
