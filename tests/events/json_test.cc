#include "forge/events/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <limits>

namespace forge {
namespace {

Value parsed(std::string_view text) {
  return parse_json(text, "--input").value();
}

// "why (place)" of a refusal.
std::string refusal(std::string_view text, const JsonLimits& limits = {}, ErrorId id = ErrorId::kJsonInvalid) {
  const Result<Value> value = parse_json(text, "in", limits);
  EXPECT_EQ(value.status().id(), id) << text.substr(0, 80);
  return value.status().text().why + " (" + value.status().text().place + ")";
}

std::string over_limit(std::string_view text, const JsonLimits& limits) {
  return refusal(text, limits, ErrorId::kJsonLimit);
}

std::string repeated(std::string_view part, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += part;
  return out;
}

TEST(ParseJson, ReadsEveryKind) {
  const Value value = parsed(R"( {"a":[1,-2,true,false,null,"x"],"b":{"c":{}},"d":[],"e":2.5} )");
  EXPECT_EQ(value, Value(Object{
                       {"a", List{1, -2, true, false, nullptr, "x"}}, {"b", Object{{"c", Object{}}}}, {"d", List{}}, {"e", 2.5}}));
  EXPECT_EQ(parsed("7"), Value(7));
  EXPECT_EQ(parsed("\"\""), Value(""));
  EXPECT_EQ(parsed(" null\n"), Value());
}

TEST(ParseJson, KeepsIntegersExactOverTheWholeRange) {
  EXPECT_EQ(parsed("9223372036854775807").as_int(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parsed("-9223372036854775808").as_int(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parsed("9007199254740993").as_int(), 9007199254740993);
  EXPECT_EQ(parsed("-0").as_int(), 0);
  EXPECT_EQ(refusal("9223372036854775808"), "the number '9223372036854775808' is out of the range of a 64-bit integer (in:1:1)");
  EXPECT_EQ(refusal("[1,\n -9223372036854775809]"),
            "the number '-9223372036854775809' is out of the range of a 64-bit integer (in:2:2)");
  EXPECT_EQ(refusal("18446744073709551616"), "the number '18446744073709551616' is out of the range of a 64-bit integer (in:1:1)");
}

TEST(ParseJson, ReadsDoublesExactlyAndKeepsThemDoubles) {
  EXPECT_EQ(parsed("1.0"), Value(1.0));
  EXPECT_EQ(parsed("1e2"), Value(100.0));
  EXPECT_EQ(parsed("9007199254740993.0"), Value(9007199254740992.0));
  EXPECT_EQ(parsed("123456789012345680000.5"), Value(123456789012345680000.5));
  EXPECT_EQ(parsed("2.2250738585072011e-308"), Value(2.2250738585072011e-308));
  EXPECT_EQ(parsed("0.1e-6"), Value(1e-7));
  EXPECT_TRUE(std::signbit(parsed("-0.0").as_double()));
  EXPECT_EQ(refusal("[1e999]"), "the number '1e999' is out of the range of a double (in:1:2)");
  EXPECT_EQ(refusal("-1e999"), "the number '-1e999' is out of the range of a double (in:1:1)");
  EXPECT_EQ(refusal("1e-999"), "the number '1e-999' is out of the range of a double (in:1:1)");
  EXPECT_EQ(refusal("1e99999999999"), "the number is out of the range of a double (in:1:12)");
}

TEST(ParseJson, RefusesRepeatedNamesInSmallAndLargeObjects) {
  EXPECT_EQ(refusal(R"({"a":1,"b":{"a":2},"a":3})"), "the name 'a' is repeated (in:1:20)");
  EXPECT_EQ(refusal(R"({"a\"b":1,  "\u0061\"b":2})"), "the name 'a\"b' is repeated (in:1:13)");
  EXPECT_EQ(refusal(R"({"":1,"":2})"), "the name '' is repeated (in:1:7)");
  for (const int count : {15, 16, 17, 18, 500}) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) text += "\"n" + std::to_string(i) + "\":0,\n";
    EXPECT_EQ(refusal(text + "\"n0\":1}"), "the name 'n0' is repeated (in:" + std::to_string(count + 1) + ":1)");
    EXPECT_EQ(refusal(text + "\"n" + std::to_string(count - 1) + "\":1}"),
              "the name 'n" + std::to_string(count - 1) + "' is repeated (in:" + std::to_string(count + 1) + ":1)");
    EXPECT_EQ(parsed(text + "\"other\":1}").if_object()->size(), static_cast<std::size_t>(count) + 1);
  }
  const std::string long_name = repeated("é\\n", 3000);
  EXPECT_EQ(refusal("{\"" + long_name + "\":1,\n\"" + long_name + "\":2}").substr(0, 12), "the name 'é");
  EXPECT_TRUE(refusal("{\"" + long_name + "\":1,\n\"" + long_name + "\":2}").ends_with("is repeated (in:2:1)"));
}

TEST(ParseJson, RefusesMalformedTextWithItsPlace) {
  EXPECT_EQ(refusal(""), "there is no value (in:1:1)");
  EXPECT_EQ(refusal(" \n "), "there is no value (in:2:2)");
  EXPECT_EQ(refusal("{\"a\":1"), "the text ends too early (in:1:7)");
  EXPECT_EQ(refusal("\"abc"), "the text ends too early (in:1:5)");
  EXPECT_EQ(refusal("[1,2,]"), "unexpected ']' (in:1:6)");
  EXPECT_EQ(refusal("{\"é\":1,}"), "unexpected '}' (in:1:8)");
  EXPECT_EQ(refusal("{a:1}"), "unexpected 'a' (in:1:2)");
  EXPECT_EQ(refusal("['a']"), "unexpected ': strings stand in double quotes (in:1:2)");
  EXPECT_EQ(refusal("[€]"), "unexpected '€' (in:1:2)");
  EXPECT_EQ(refusal("[1] [2]"), "nothing may follow the value, but there is '[2]' (in:1:5)");
  EXPECT_EQ(refusal("{}\n}"), "nothing may follow the value, but there is '}' (in:2:1)");
  EXPECT_EQ(refusal("01"), "nothing may follow the value, but there is '1' (in:1:2)");
  EXPECT_EQ(refusal("[+1]"), "unexpected '+' (in:1:2)");
  EXPECT_EQ(refusal("[1.]"), "unexpected ']' (in:1:4)");
  EXPECT_EQ(refusal("[/*c*/1]"), "unexpected '/' (in:1:2)");
  EXPECT_EQ(refusal("[nul]"), "unexpected 'n' (in:1:2)");
}

TEST(ParseJson, RefusesNonFiniteNumbersAndByteOrderMarks) {
  EXPECT_EQ(refusal("[NaN]"), "NaN and Infinity are not JSON (in:1:2)");
  EXPECT_EQ(refusal("[-Infinity]"), "NaN and Infinity are not JSON (in:1:3)");
  EXPECT_EQ(refusal("\xEF\xBB\xBF{}"), "it begins with a byte order mark: save it as UTF-8 without one (in:1:1)");
}

TEST(ParseJson, RefusesTextThatIsNotUnicode) {
  EXPECT_EQ(refusal("[\"a\xff\"]"), "the byte '\\xff' is not UTF-8 (in:1:4)");
  EXPECT_EQ(refusal("[\"\xC0\xAF\"]"), "the byte '\\xc0' is not UTF-8 (in:1:3)");
  EXPECT_EQ(refusal("[\"\xED\xA0\x80\"]"), "the byte '\\xed' is not UTF-8 (in:1:3)");
  const std::string lone = "a \\u escape is one half of a surrogate pair";
  const std::string after = "               ";  // the parser reads escapes near the end of the text in another way
  for (const std::string& tail : {std::string(), after}) {
    EXPECT_TRUE(refusal("\"\\ud800\"" + tail).starts_with(lone));
    EXPECT_TRUE(refusal("\"\\uDBFFx\"" + tail).starts_with(lone));
    EXPECT_TRUE(refusal("\"\\ud800\\n\"" + tail).starts_with(lone));
    EXPECT_TRUE(refusal("\"\\ud800\\ud800\"" + tail).starts_with(lone));
    EXPECT_TRUE(refusal("\"\\udc00\"" + tail).starts_with(lone));
    EXPECT_EQ(parsed("\"\\ud83d\\ude00\"" + tail), Value("😀"));
  }
  EXPECT_EQ(refusal("\"\\\\ud800\n\""), "a control character stands as it is, not as \\u000a (in:1:9)");
  EXPECT_EQ(refusal("\"\\u12g4\""), "a \\u escape has four hexadecimal digits (in:1:6)");
  EXPECT_EQ(refusal("\"\\x\""), "unexpected 'x' (in:1:3)");
}

TEST(ParseJson, TakesNulOnlyAsAnEscape) {
  EXPECT_EQ(parsed("\"a\\u0000b\"").as_text(), std::string("a\0b", 3));
  EXPECT_EQ(refusal(std::string_view("\"a\0b\"", 5)), "a control character stands as it is, not as \\u0000 (in:1:3)");
  EXPECT_EQ(refusal("\"a\nb\""), "a control character stands as it is, not as \\u000a (in:1:3)");
}

TEST(ParseJson, HoldsEachLimitExactly) {
  EXPECT_TRUE(parse_json("[[1]]", "in", {.depth = 2}).ok());
  EXPECT_EQ(over_limit("[[[1]]]", {.depth = 2}), "it is nested deeper than 2 levels (in:1:3)");
  EXPECT_EQ(over_limit(repeated("[", 65), {}), "it is nested deeper than 64 levels (in:1:65)");
  EXPECT_TRUE(parse_json(repeated("[", 64) + repeated("]", 64), "in").ok());
  EXPECT_TRUE(parse_json(R"({"a":{"x":1,"y":2},"b":2})", "in", {.members = 2}).ok());
  EXPECT_EQ(over_limit(R"({"a":1,"b":2,"c":3})", {.members = 2}), "an object has more than 2 members (in:1:14)");
  EXPECT_TRUE(parse_json(R"([1,{"a":"x"}])", "in", {.nodes = 4}).ok());
  EXPECT_EQ(over_limit(R"([1,{"a":"x"}])", {.nodes = 3}), "there are more than 3 values (in:1:5)");
  EXPECT_EQ(over_limit("[[],[ ],[1]]", {.nodes = 4}), "there are more than 4 values (in:1:10)");
  EXPECT_TRUE(parse_json("[[],{ },[1]]", "in", {.nodes = 5}).ok());
  EXPECT_TRUE(parse_json(R"(["[,\\\",",","])", "in", {.nodes = 3}).ok());
  EXPECT_TRUE(parse_json("[1]", "in", {.bytes = 3}).ok());
  EXPECT_EQ(over_limit("[1] ", {.bytes = 3}), "it has 4 bytes, the limit is 3 (in)");
}

// Generous bounds, of processor time: a quadratic reader takes seconds.
TEST(ParseJson, RefusesBombsQuickly) {
  std::string wide = "{";
  for (int i = 0; i < 600'000; ++i) wide += "\"" + std::to_string(i) + "\":0,";
  const std::vector<std::string> bombs = {
      repeated("[", 100'000),           repeated("{\"a\":", 100'000),      wide,
      "\"" + std::string(8 << 20, 'x'), "\"" + repeated("\\n", 4'000'000), "[" + repeated("1,", 4'000'000),
      std::string(8 << 20, ' '),        repeated("\\\"", 100'000)};
  for (const std::string& bomb : bombs) {
    const std::clock_t start = std::clock();
    EXPECT_FALSE(parse_json(bomb, "in").ok());
    EXPECT_LT(std::clock() - start, 2 * CLOCKS_PER_SEC) << bomb.substr(0, 10);
  }
}

TEST(ToJson, WritesEveryKindCompactly) {
  EXPECT_EQ(to_json(Object{{"a", List{1, true, nullptr, "x"}}, {"b", Object{}}, {"c", Bytes{0xff, 0x00}}, {"d", List{}}}),
            R"({"a":[1,true,null,"x"],"b":{},"c":"/wA=","d":[]})");
}

TEST(ToJson, WritesIntegersBeyondTwoToThe53AsText) {
  EXPECT_EQ(to_json(9007199254740992), "9007199254740992");
  EXPECT_EQ(to_json(-9007199254740992), "-9007199254740992");
  EXPECT_EQ(to_json(9007199254740993), "\"9007199254740993\"");
  EXPECT_EQ(to_json(-9007199254740993), "\"-9007199254740993\"");
  EXPECT_EQ(to_json(std::numeric_limits<std::int64_t>::min()), "\"-9223372036854775808\"");
}

TEST(ToJson, WritesDoublesShortestAndAsDoubles) {
  EXPECT_EQ(to_json(0.1), "0.1");
  EXPECT_EQ(to_json(2.0), "2.0");
  EXPECT_EQ(to_json(-0.0), "-0.0");
  EXPECT_EQ(to_json(1e300), "1e+300");
  EXPECT_EQ(to_json(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(to_json(-std::numeric_limits<double>::infinity()), "null");
  for (const double value : {5e-324, 1.7976931348623157e308, 1.0 / 3, 123456789.0, 1e22, 2e23}) {
    EXPECT_EQ(parsed(to_json(value)), Value(value)) << value;
  }
}

TEST(ToJson, EscapesWhatJsonDemandsAndRepairsWhatIsNotUtf8) {
  EXPECT_EQ(to_json("\"\\/\b\f\n\r\t\x01\x1f\x7fé"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7fé\"");
  EXPECT_EQ(to_json(std::string("a\0b", 3)), "\"a\\u0000b\"");
  EXPECT_EQ(to_json("a\xff\xfe z"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD z\"");
}

TEST(ToJson, IsReadBackTheSame) {
  std::uint64_t state = 7;
  const auto next = [&state](std::uint64_t bound) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return (state >> 33) % bound;
  };
  static const std::vector<std::string> kPieces = {
      "\"", "\\", "\n", "é", "€", "😀", "plain text of some length", std::string(1, '\0')};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const std::uint64_t count = next(round % 10 == 0 ? 3000 : 30);  // also beyond the parser's buffer of 2 KiB
    for (std::uint64_t i = 0; i < count; ++i) text += kPieces[next(kPieces.size())];
    const Value value = Object{{text, List{text, static_cast<double>(next(1'000'000)) / 7}}};
    ASSERT_EQ(parsed(to_json(value)), value) << "round " << round;
  }
}

TEST(Base64, GivesThePublishedExamplesBothWays) {
  const std::vector<std::pair<std::string, std::string>> examples = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"},
                                                                     {"\xfb\xff", "+/8="}};
  for (const auto& [text, encoded] : examples) {
    const Bytes bytes(text.begin(), text.end());
    EXPECT_EQ(to_base64(bytes), encoded);
    EXPECT_EQ(from_base64(encoded).value(), bytes);
  }
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zh==", "Zm9=", "Zm-_", "Zm 9", "Zm9v\n"}) {
    EXPECT_EQ(from_base64(text).status().id(), ErrorId::kArgumentType) << text;
  }
  EXPECT_EQ(from_base64("Zm-v").status().text().why, "byte 3 is '-'");
}

// Compares against the definition: decodes each sequence and checks the code point.
bool is_utf8_by_definition(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const int extra = lead < 0x80                   ? 0
                      : lead >= 0xC0 && lead < 0xE0 ? 1
                      : lead >= 0xE0 && lead < 0xF0 ? 2
                      : lead >= 0xF0 && lead < 0xF8 ? 3
                                                    : -1;
    if (extra < 0 || at + static_cast<std::size_t>(extra) >= text.size()) return false;
    std::uint32_t point = extra == 0 ? lead : lead & (0x3Fu >> extra);
    for (int i = 1; i <= extra; ++i) {
      const auto byte = static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
      if ((byte & 0xC0) != 0x80) return false;
      point = point << 6 | (byte & 0x3Fu);
    }
    static constexpr std::uint32_t kLowest[] = {0, 0x80, 0x800, 0x10000};
    if (point < kLowest[extra] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    at += 1 + static_cast<std::size_t>(extra);
  }
  return true;
}

TEST(IsUtf8, AgreesWithTheDefinitionOnEveryShortSequence) {
  const auto agree = [](const std::string& text) {
    return is_utf8(text) == is_utf8_by_definition(text) && is_utf8("12345678" + text) == is_utf8_by_definition(text) &&
           is_utf8("1234567" + text + "é2345678") == is_utf8_by_definition(text);
  };
  static constexpr unsigned kEdges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xFF};
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      std::string text = {static_cast<char>(first), static_cast<char>(second)};
      ASSERT_TRUE(agree(text)) << first << " " << second;
      for (const unsigned third : kEdges) {
        text.resize(2);
        text += static_cast<char>(third);
        ASSERT_TRUE(agree(text)) << first << " " << second << " " << third;
        text += '\x80';
        ASSERT_TRUE(agree(text)) << first << " " << second << " " << third << " 128";
      }
    }
  }
}

}  // namespace
}  // namespace forge
