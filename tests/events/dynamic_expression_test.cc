#include "forge/events/dynamic_expression.h"

#include <gtest/gtest.h>

#include "forge/events/json.h"

namespace forge {
namespace {

RuleSource source_of(const std::string& text) {
  return {text, "checkout.toml", {}};
}

// The result as JSON, or the error's message.
std::string evaluated(const std::string& text, const std::vector<Value>& values, Time now = {}) {
  const Result<DynamicExpression> expression = DynamicExpression::parse(source_of(text));
  if (!expression.ok()) return expression.status().message();
  std::vector<const Value*> borrowed;
  for (const Value& value : values) borrowed.push_back(&value);
  const Result<Value> result = expression->evaluate(borrowed, now);
  return result.ok() ? to_json(*result) : result.status().message();
}

TEST(DynamicExpression, TakesEachValueWithItsOwnType) {
  EXPECT_EQ(evaluated("${load.qty} > 0", {2}), "true");
  EXPECT_EQ(evaluated("${load.qty} + 1", {2}), "3");
  EXPECT_EQ(evaluated("${load.qty} + 1", {2.5}), "3.5");
  EXPECT_EQ(evaluated("${a} || '-' || ${b}", {"x", "y"}), "\"x-y\"");
  EXPECT_EQ(evaluated("not ${a}", {true}), "false");
  EXPECT_EQ(evaluated("${a} is null", {nullptr}), "true");
  EXPECT_EQ(evaluated("${a} is null", {Value(List{1})}), "false");
  EXPECT_EQ(evaluated("${a} = 1", {nullptr}), "null");
  EXPECT_EQ(evaluated("${a} + ${a} * ${b}", {2, 3}), "8");
  EXPECT_EQ(evaluated("now()", {}, Time{17}), "17");
}

TEST(DynamicExpression, ConvertsNothingInSilence) {
  EXPECT_NE(evaluated("${a} > 0", {"12"}).find("mixes text and int"), std::string::npos);
  EXPECT_NE(evaluated("${a} + 1", {"12"}).find("a number is needed"), std::string::npos);
  EXPECT_NE(evaluated("${a} = 1", {Value(List{1})}).find("nested"), std::string::npos);
  EXPECT_NE(evaluated("${a} + 1", {INT64_MAX}).find("does not fit in 64 bits"), std::string::npos);
}

TEST(DynamicExpression, ReadsNoValueAsPartOfTheExpression) {
  EXPECT_EQ(evaluated("${a} = 'x'", {"x' or 'x' = 'x"}), "false");
  EXPECT_EQ(evaluated("${a}", {"${b}"}), "\"${b}\"");
  EXPECT_EQ(evaluated("'${a}'", {}), "\"${a}\"");
}

TEST(DynamicExpression, NamesEachPathOnceWhereItFirstStands) {
  const DynamicExpression expression = DynamicExpression::parse(source_of("${b.c} + ${a[0].x} > ${b.c}")).value();
  ASSERT_EQ(expression.paths().size(), 2U);
  EXPECT_EQ(expression.paths()[0].text, "b.c");
  EXPECT_EQ(expression.paths()[0].offset, 0U);
  EXPECT_EQ(expression.paths()[1].text, "a[0].x");
  EXPECT_EQ(expression.paths()[1].offset, 9U);
}

TEST(DynamicExpression, RefusesBeforeThereAreValuesWhatNoValueMends) {
  const auto refusal = [](const std::string& text) {
    const auto parsed = DynamicExpression::parse_condition(source_of(text));
    return parsed.ok() ? std::string("accepted") : parsed.status().message();
  };
  EXPECT_NE(refusal("${a} > ").find("checkout.toml:1:8"), std::string::npos);
  EXPECT_NE(refusal("${a").find("without its '}'"), std::string::npos);
  EXPECT_NE(refusal("lenght(${a}) > 1").find("did you mean 'length'"), std::string::npos);
  EXPECT_NE(refusal("1 = 'x'").find("mixes int and text"), std::string::npos);
  EXPECT_NE(refusal("${a} + 1").find("is not a condition"), std::string::npos);
  EXPECT_NE(refusal(":qty > 1").find("there are no arguments here"), std::string::npos);
  EXPECT_NE(refusal("qty > 1").find("there is no record here"), std::string::npos);
  EXPECT_EQ(refusal("${a}"), "accepted");
  EXPECT_EQ(refusal("${a} > 1 and ${b} = 'x'"), "accepted");
}

TEST(DynamicExpression, HoldsOnlyWhenTheResultIsTrue) {
  const DynamicExpression expression = DynamicExpression::parse(source_of("${a}")).value();
  const auto holds = [&](const Value& value) {
    const Value* borrowed = &value;
    return expression.holds({&borrowed, 1}, {});
  };
  EXPECT_TRUE(holds(true).value());
  EXPECT_FALSE(holds(false).value());
  EXPECT_FALSE(holds(nullptr).value());
  EXPECT_EQ(holds(1).status().id(), ErrorId::kRuleType);
}

TEST(DynamicExpression, IsNotForTheRulesOfASchema) {
  const auto refused = Expression::parse(source_of("${a} > 1"), RuleScope{});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().id(), ErrorId::kRuleUnknownName);
}

}  // namespace
}  // namespace forge
