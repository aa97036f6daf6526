// Whatever the text: it is read or refused with a place, and what is read can be evaluated.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "rule_fixture.h"

namespace forge {
namespace {

class RuleFuzz : public ::testing::Test {
 protected:
  static std::uint64_t seed() {
    const char* given = std::getenv("FORGE_TEST_SEED");
    return given == nullptr ? 4711 : std::strtoull(given, nullptr, 10);
  }
  RuleFuzz() { std::printf("FORGE_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed())); }

  std::size_t below(std::size_t bound) { return random_() % bound; }

  void check(const std::string& text) {
    shop_.memory.release();
    const Result<Expression> expression = shop_.parse(text);
    if (expression.ok()) {
      ++parsed_;
      const Result<Cell> cell = expression->evaluate(shop_.input(), shop_.memory);
      EXPECT_TRUE(cell.ok() || cell.status().id() == ErrorId::kRuleFailed) << text;
    } else {
      EXPECT_TRUE(expression.status().text().place.starts_with("shop.fbs:1:")) << text;
    }
    const auto rules = parse_rules(shop_.source(text), shop_.scope);
    EXPECT_TRUE(!rules.ok() || !rules->empty()) << text;
    const auto assignments = parse_assignments(shop_.source("qty = " + text), shop_.scope);
    EXPECT_TRUE(assignments.ok() || !assignments.status().text().place.empty()) << text;
  }

  RuleShop shop_;
  std::mt19937_64 random_{seed()};
  int parsed_ = 0;
};

TEST_F(RuleFuzz, SurvivesRandomBytes) {
  for (int i = 0; i < 5000; ++i) {
    std::string text(below(40), ' ');
    for (char& c : text) c = static_cast<char>(below(4) == 0 ? below(256) : ' ' + below(95));
    check(text);
  }
}

TEST_F(RuleFuzz, SurvivesRandomTokens) {
  static constexpr const char* kTokens[] = {
      "qty",    "status", "note", "lines", "price",   ":qty",   ":actor.id", ":actor",  ".",   "1",  "0",    "2.5",
      "'Paid'", "'a%'",   "null", "true",  "(",       ")",      ",",         ";",       ":",   "=",  "<",    "+",
      "-",      "*",      "/",    "%",     "||",      "and",    "or",        "not",     "in",  "is", "like", "case",
      "when",   "then",   "else", "end",   "between", "lower(", "coalesce(", "substr(", "iif("};
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t tokens = 1 + below(9); tokens > 0; --tokens) text += std::string(kTokens[below(std::size(kTokens))]) + " ";
    check(text);
  }
  EXPECT_GT(parsed_, 100);
}

TEST_F(RuleFuzz, SurvivesRuinedExpressions) {
  const std::string good =
      "case when qty between 1 and 5 and status in ('Paid', 'Placed') then lower(note) || 'x''y' else substr(id, -2, 1) end like "
      "'%a_' "
      "or price * 2.5 >= abs(-total_cents) % 7";
  ASSERT_TRUE(shop_.parse(good).ok()) << shop_.parse(good).status().message();
  for (int i = 0; i < 5000; ++i) {
    std::string text = good;
    for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
      const std::size_t at = below(text.size());
      if (below(2) == 0)
        text.erase(at, 1 + below(6));
      else
        text.insert(at, good.substr(below(good.size()), 1 + below(6)));
    }
    check(text);
  }
  EXPECT_GT(parsed_, 100);
}

}  // namespace
}  // namespace forge
