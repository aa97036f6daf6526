// Whatever a schema's text is, reading it ends soon, with a domain or with errors.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <random>

#include "forge/events/domain.h"
#include "shop_schema.h"

namespace forge {
namespace {

// Either a domain or errors that all have a place in the file.
void read_domain(const std::string& text) {
  const Domain::Outcome outcome = Domain::parse({{"a.fbs", text}});
  ASSERT_NE(outcome.domain == nullptr, outcome.errors.empty()) << text;
  for (const Status& error : outcome.errors) {
    ASSERT_TRUE(error.text().place.starts_with("a.fbs:")) << error.message() << "\n" << text;
    ASSERT_NE(error.id(), ErrorId::kInternal) << error.message() << "\n" << text;
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string numbered(std::size_t count, const std::function<std::string(std::string)>& one) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += one(std::to_string(i));
  return out;
}

TEST(DomainRobustness, EveryPrefixOfASchemaIsReadOrRefused) {
  for (std::size_t size = 0; size <= kShopSchema.size(); ++size) read_domain(std::string(kShopSchema.substr(0, size)));
}

TEST(DomainRobustness, EverySchemaWithAByteChangedIsReadOrRefused) {
  std::mt19937 random(20261123);
  for (int round = 0; round < 2000; ++round) {
    std::string text(kShopSchema);
    for (auto flips = random() % 3 + 1; flips > 0; --flips) text[random() % text.size()] = static_cast<char>(random() % 256);
    read_domain(text);
  }
}

TEST(DomainRobustness, EverySchemaWithPiecesMovedIsReadOrRefused) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text(kShopSchema);
    const std::size_t from = random() % text.size();
    const std::string piece = text.substr(from, random() % 40);
    if (round % 2 == 0) text.erase(from, piece.size());
    text.insert(random() % text.size(), piece);
    read_domain(text);
  }
}

TEST(DomainRobustness, ByteZeroHidesNothing) {
  std::string text = "table Order (resource) { id: int (key); }";
  text += '\0';
  text += "table Card (resource) {}";

  const Domain::Outcome outcome = Domain::parse({{"a.fbs", text}});

  ASSERT_EQ(outcome.errors.size(), 1U);
  EXPECT_EQ(outcome.errors.front().id(), ErrorId::kSchemaSyntax);
}

TEST(DomainRobustness, TextThatIsNotUtf8IsRefused) {
  EXPECT_EQ(Domain::parse({{"a.fbs", "// \xff\ntable Order (resource) { id: int (key); }"}}).errors.front().id(),
            ErrorId::kSchemaSyntax);
  EXPECT_EQ(Domain::parse({{"a.fbs", "table Order (resource, check: \"'\\xff' = 'a'\") { id: int (key); }"}}).errors.front().id(),
            ErrorId::kSchemaSyntax);
}

TEST(DomainRobustness, DeepNestingEndsInAnError) {
  const std::vector<std::string> texts = {
      "table A { x: " + repeated("[", 100'000),
      "table A { x: double = " + repeated("sin(", 100'000),
      "table A { x: double = " + repeated("sin(", 1000) + "1" + repeated(")", 1000) + "; }",
      "table A (resource, check: \"" + repeated("(", 100'000) + "\") { id: int (key); }",
      "namespace " + repeated("a.", 100'000) + "a;",
      repeated("{", 100'000),
      repeated("struct S {", 10'000),
  };
  for (const std::string& text : texts) {
    EXPECT_NO_FATAL_FAILURE(read_domain(text));
    EXPECT_FALSE(Domain::parse({{"a.fbs", text}}).errors.empty());
  }
}

TEST(DomainRobustness, HugeInputsEndSoon) {
  const std::string name(100'000, 'a');
  const std::vector<std::string> texts = {
      "table " + name + " { x: int; }",
      "table A { " + numbered(20'000, [](const std::string& i) { return "x" + i + ": int; "; }) + "}",
      "table A (" + repeated("check: \"a\", ", 20'000) + "key) { x: int; }",
      "enum E: int { " + numbered(50'000, [](const std::string& i) { return "x" + i + ", "; }) + "}",
      numbered(20'000, [](const std::string& i) { return "table T" + i + " { x: int; } "; }),
      numbered(20'000, [](const std::string& i) { return "namespace n" + i + "; "; }),
      numbered(4000,
               [](const std::string& i) { return "table T" + i + " { next: T" + std::to_string(std::stoi(i) + 1) + "; } "; }) +
          "table T4000 (resource) { id: int (key); }",
      numbered(4000, [](const std::string& i) { return "enum E" + i + ": byte (bit_flags) { A" + i + " }\n"; }),
      "table A { " + numbered(1000, [](const std::string& i) { return "Camel" + i + ": int (nothing" + i + "); "; }) + "}",
      repeated("/* ", 200'000),
      "table A (resource, check: \"" + repeated("x = 1 and ", 20'000) + "x = 1\") { x: int (key); }",
  };
  for (const std::string& text : texts) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_NO_FATAL_FAILURE(read_domain(text));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)) << text.substr(0, 80);
  }
}

TEST(DomainRobustness, ManyErrorsAreCutAtAThousand) {
  const std::string text = numbered(20, [](const std::string& i) {
    return "table T" + i + " { " + numbered(100, [](const std::string& j) { return "Camel" + j + ": int; "; }) + "}\n";
  });

  EXPECT_EQ(Domain::parse({{"a.fbs", text}}).errors.size(), 1000U);
}

TEST(DomainRobustness, LongChainsOfNestedTablesCanBeCompared) {
  const auto chain = [](std::string_view type) {
    return "table R (resource) { id: int (key); t: T0; }\n" +
           numbered(
               4000,
               [](const std::string& i) { return "table T" + i + " { next: T" + std::to_string(std::stoi(i) + 1) + "; }\n"; }) +
           "table T4000 { x: " + std::string(type) + "; }";
  };
  const auto before = Domain::parse({{"a.fbs", chain("int")}}).domain;
  const auto after = Domain::parse({{"a.fbs", chain("long")}}).domain;

  const auto changes = compare(*before, *after);

  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes.front().path, "T4000.x");
}

TEST(DomainRobustness, ManyFilesThatIncludeEachOtherEndSoon) {
  std::vector<SourceFile> sources;
  for (int i = 0; i < 256; ++i) {
    const std::string next = "f" + std::to_string(i + 1) + ".fbs";
    sources.push_back({"f" + std::to_string(i) + ".fbs", i == 255 ? "include \"f0.fbs\";" : "include \"" + next + "\";"});
  }
  EXPECT_NE(Domain::parse(sources).domain, nullptr);
  sources.push_back({"f256.fbs", ""});
  EXPECT_EQ(Domain::parse(sources).errors.front().id(), ErrorId::kTooLarge);
}

}  // namespace
}  // namespace forge
