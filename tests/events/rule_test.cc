#include "forge/events/rule.h"

#include <gtest/gtest.h>

#include <limits>

#include "rule_fixture.h"

namespace forge {
namespace {

class Rules : public ::testing::Test {
 protected:
  // The value of an expression, or its error.
  std::string value(const std::string& text) {
    const Result<Expression> expression = shop.parse(text);
    if (!expression.ok()) return expression.status().message();
    const Result<Cell> cell = expression->evaluate(shop.input(), shop.memory);
    return cell.ok() ? written(*cell) : cell.status().message();
  }
  void expect_values(const std::vector<std::pair<std::string, std::string>>& cases) {
    for (const auto& [text, expected] : cases) EXPECT_EQ(value(text), expected) << text;
  }
  // Each: a text, the error's number, a part of its message, and its column.
  struct Refusal {
    std::string text;
    ErrorId id;
    std::string part;
    int column;
  };
  template <typename T>
  static void expect_refusal(const Result<T>& result, const Refusal& expected) {
    ASSERT_FALSE(result.ok()) << expected.text;
    EXPECT_EQ(result.status().id(), expected.id) << result.status().message();
    EXPECT_NE(result.status().message().find(expected.part), std::string::npos) << result.status().message();
    EXPECT_EQ(result.status().text().place, "shop.fbs:1:" + std::to_string(expected.column)) << result.status().message();
  }
  void expect_refusals(const std::vector<Refusal>& cases) {
    for (const Refusal& expected : cases) expect_refusal(shop.parse(expected.text), expected);
  }

  RuleShop shop;
};

TEST_F(Rules, ReadLiteralsExactly) {
  expect_values({{"9223372036854775807", "9223372036854775807"},
                 {"-9223372036854775808", "-9223372036854775808"},
                 {"1.5", "1.5"},
                 {".5", "0.5"},
                 {"1e3", "1000.0"},
                 {"2E-1", "0.20000000000000001"},
                 {"'it''s'", "'it's'"},
                 {"''", "''"},
                 {"TRUE", "true"},
                 {"False", "false"},
                 {"NULL", "null"}});
}

TEST_F(Rules, ReadFieldsArgumentsActorAndTime) {
  expect_values({{"qty", "2"},
                 {":qty", "5"},
                 {"qty + :qty", "7"},
                 {":actor.id", "'ann'"},
                 {":actor.role = 'clerk'", "true"},
                 {"now()", "1000"},
                 {"\"end\" + \"qty\"", "5"},
                 {"status", "0"},
                 {"id || :reason", "'o-1why'"}});
}

TEST_F(Rules, BindOperatorsAsSqlDoes) {
  expect_values({{"1 + 2 * 3", "7"},
                 {"(1 + 2) * 3", "9"},
                 {"10 - 4 - 3", "3"},
                 {"100 / 10 / 5", "2"},
                 {"- 2 + 5", "3"},
                 {"- (2 + 5)", "-7"},
                 {"- - 2", "2"},
                 {"not 1 = 2", "true"},
                 {"not not true", "true"},
                 {"true or false and false", "true"},
                 {"not false or true", "true"},
                 {"1 < 2 = true", "true"},
                 {"1 = 1 is not null", "true"},
                 {"2 between 1 and 2 and false", "false"},
                 {"'a' || 'b' = 'ab'", "true"},
                 {"qty * 2 in (4)", "true"}});
}

TEST_F(Rules, CompareIntsAndFloatsExactly) {
  expect_values({{"9007199254740993 = 9007199254740992.0", "false"},
                 {"9007199254740993 > 9007199254740992.0", "true"},
                 {"9223372036854775807 < 9223372036854775808.0", "true"},
                 {"-9223372036854775808 = -9223372036854775808.0", "true"},
                 {"-5 > -5.5", "true"},
                 {"5.5 <> 5", "true"},
                 {"3 == 3.0", "true"},
                 {"3 != 3.0", "false"},
                 {"1e300 >= 9223372036854775807", "true"},
                 {"-1e300 <= 0", "true"}});
}

TEST_F(Rules, ComputeWithIntsAndFloats) {
  expect_values({{"7 / 2", "3"},
                 {"-7 / 2", "-3"},
                 {"-7 % 2", "-1"},
                 {"7 / 2.0", "3.5"},
                 {"1 + 0.5", "1.5"},
                 {"-9223372036854775808 % -1", "0"},
                 {"abs(-3)", "3"},
                 {"abs(-3.5)", "3.5"},
                 {"-price", "-9.9499999999999993"},
                 {"round(2.5)", "3"},
                 {"round(-2.5)", "-3"},
                 {"floor(-2.1)", "-3"},
                 {"ceil(2.1)", "3"},
                 {"round(7)", "7"},
                 {"min(3, 1, 2)", "1"},
                 {"max(3, 1, 2.5)", "3.0"},
                 {"max('a', 'b')", "'b'"},
                 {"min(1, null)", "null"}});
}

TEST_F(Rules, ComputeWithTexts) {
  expect_values({{"lower('ÀBC')", "'Àbc'"},
                 {"upper('abcé')", "'ABCé'"},
                 {"length('naïve')", "5"},
                 {"trim('  a b ')", "'a b'"},
                 {"trim('   ')", "''"},
                 {"substr('naïve', 3, 2)", "'ïv'"},
                 {"substr('abc', 2)", "'bc'"},
                 {"substr('abc', -2)", "'bc'"},
                 {"substr('abc', 0, 2)", "'a'"},
                 {"substr('abc', 3, -2)", "'ab'"},
                 {"substr('abc', 9223372036854775807, 9223372036854775807)", "''"},
                 {"substr('abc', -9223372036854775808)", "'abc'"},
                 {"replace('a-b-c', '-', '+-')", "'a+-b+-c'"},
                 {"replace('abc', '', 'x')", "'abc'"},
                 {"replace('aaa', 'aa', '')", "'a'"},
                 {"instr('naïve', 'v')", "4"},
                 {"instr('abc', 'd')", "0"},
                 {"instr('abc', '')", "1"},
                 {"Length('x')", "1"},
                 {"'b' > 'a'", "true"},
                 {"'a' < 'aa'", "true"}});
}

TEST_F(Rules, MatchWithLike) {
  expect_values({{"'Tea' like 't%'", "true"},
                 {"'tea' like '_e_'", "true"},
                 {"'tea' like '_e'", "false"},
                 {"'naïve' like 'na_ve'", "true"},
                 {"'aXbXc' like '%x%x%'", "true"},
                 {"'abcabd' like '%abd'", "true"},
                 {"'abcabc' like '%abd'", "false"},
                 {"'' like '%'", "true"},
                 {"'' like '_'", "false"},
                 {"'a%b' like 'a%b'", "true"},
                 {"'a' not like 'b'", "true"},
                 {"note like '%'", "null"},
                 {"status like 'pl%'", "true"}});
}

TEST_F(Rules, ChooseWithCaseAndItsKin) {
  expect_values({{"case when qty > 5 then 'many' when qty > 1 then 'some' else 'few' end", "'some'"},
                 {"case qty when 1 then 'one' when 2 then 'two' end", "'two'"},
                 {"case qty when 1 then 'one' end", "null"},
                 {"case note when null then 1 else 2 end", "2"},
                 {"case when null then 1 else 2 end", "2"},
                 {"case when true then 1 else 2.5 end", "1.0"},
                 {"iif(paid, 1, 2)", "1"},
                 {"coalesce(note, null, id)", "'o-1'"},
                 {"coalesce(note, note)", "null"},
                 {"nullif(qty, 2)", "null"},
                 {"nullif(qty, 3)", "2"},
                 {"case when qty <> 2 then 1 / 0 else 5 end", "5"},
                 {"coalesce(1, 1 / 0)", "1"},
                 {"case case qty when 2 then 'x' end when 'x' then 1 + case when paid then 1 end else 0 end", "2"}});
}

TEST_F(Rules, FollowThreeValuedLogic) {
  expect_values({{"null and true", "null"},
                 {"null and false", "false"},
                 {"false and null", "false"},
                 {"true and null", "null"},
                 {"null and null", "null"},
                 {"null or true", "true"},
                 {"true or null", "true"},
                 {"null or false", "null"},
                 {"false or null", "null"},
                 {"not null", "null"},
                 {"null = null", "null"},
                 {"1 = null", "null"},
                 {"null <> 1", "null"},
                 {"null < 1", "null"},
                 {"1 + null", "null"},
                 {"- qty is null", "false"},
                 {"null || 'a'", "null"},
                 {"note is null", "true"},
                 {"note is not null", "false"},
                 {"lines is null", "true"},
                 {"1 in (1, null)", "true"},
                 {"2 in (1, null)", "null"},
                 {"2 not in (1, null)", "null"},
                 {"null in (1)", "null"},
                 {"1 not in (2, 3)", "true"},
                 {"1 between null and 0", "false"},
                 {"1 between null and 2", "null"},
                 {"1 not between 2 and 3", "true"},
                 {"null is true", "false"},
                 {"null is not true", "true"},
                 {"paid is true", "true"},
                 {"paid is false", "false"},
                 {"paid is not false", "true"},
                 {"1 / null", "null"},
                 {"length(null)", "null"},
                 {"null is null", "true"}});
}

TEST_F(Rules, StopAtTheFirstOperandThatDecides) {
  expect_values({{"qty <> 2 and 1 / 0 = 1", "false"}, {"qty = 2 or 1 / 0 = 1", "true"}, {"1 in (1, 1 / 0)", "true"}});
}

TEST_F(Rules, SeeEnumsByName) {
  expect_values({{"status = 'Placed'", "true"},
                 {"'Placed' <> status", "false"},
                 {"status in ('Paid', 'Placed')", "true"},
                 {"'Paid' in (status, previous)", "null"},
                 {"status = previous", "null"},
                 {"lower(status)", "'placed'"},
                 {"status || '!'", "'Placed!'"},
                 {"case status when 'Placed' then 1 else 2 end", "1"},
                 {"status = case when paid then 'Placed' else 'Paid' end", "true"},
                 {"coalesce(previous, 'Cancelled')", "7"},
                 {"iif(paid, 'Shipped', 'Paid') = status", "false"},
                 {"nullif(status, 'Placed') is null", "true"}});
  shop.row[RuleShop::kStatus] = Cell::of(std::int64_t{99});
  expect_values({{"status = 'Placed'", "false"},
                 {"length(status)",
                  "E2108 the expression could not be evaluated: 99 is no value of OrderStatus (shop.fbs:1:1); mend "
                  "the values or the rule"}});
}

TEST_F(Rules, KnowTheirTypeTextAndWhatTheyRead) {
  const Result<Expression> condition = shop.parse(" total_cents > qty and :qty < qty ");
  ASSERT_TRUE(condition.ok());
  EXPECT_EQ(condition->type(), RuleType::kBool);
  EXPECT_EQ(condition->text(), "total_cents > qty and :qty < qty");
  EXPECT_EQ(condition->fields(), (std::vector<std::uint16_t>{RuleShop::kQty, RuleShop::kTotal}));
  EXPECT_EQ(condition->arguments(), (std::vector<std::uint16_t>{0}));

  const Result<Expression> status = shop.parse("coalesce(previous, status)");
  EXPECT_EQ(status->type(), RuleType::kEnum);
  EXPECT_EQ(status->enumeration(), &shop.status);
  EXPECT_EQ(shop.parse("qty * 1.5")->type(), RuleType::kFloat);
  EXPECT_EQ(shop.parse("id")->type(), RuleType::kText);
  EXPECT_EQ(shop.parse("null")->type(), RuleType::kNull);
}

TEST_F(Rules, RefuseWhatDoesNotParse) {
  constexpr ErrorId kSyntax = ErrorId::kRuleSyntax;
  expect_refusals({{"", kSyntax, "expected a value, found the end", 1},
                   {"qty >", kSyntax, "expected a value, found the end", 6},
                   {"qty > > 1", kSyntax, "found '>'", 7},
                   {"(qty > 1", kSyntax, "expected ')'", 9},
                   {"qty 1", kSyntax, "expected an operator or the end, found '1'", 5},
                   {"qty in ()", kSyntax, "expected a value", 9},
                   {"qty in 1", kSyntax, "expected '('", 8},
                   {"qty between 1 or 2", kSyntax, "expected 'and'", 15},
                   {"qty is 5", kSyntax, "expected 'null', 'true' or 'false'", 8},
                   {"qty not 5", kSyntax, "expected 'in', 'like' or 'between'", 9},
                   {"case qty end", kSyntax, "expected 'when'", 10},
                   {"case when true then 1", kSyntax, "expected 'end'", 22},
                   {"end > 1", kSyntax, "the field of that name is written \"end\"", 1},
                   {"'open", kSyntax, "without its closing quote", 1},
                   {"qty = 1 -- one", kSyntax, "comment", 9},
                   {"qty = 1 /* one */", kSyntax, "comment", 9},
                   {"qty & 1", kSyntax, "character that means nothing: '&'", 5},
                   {"qty > \xc3\xa9", kSyntax, "byte 0xc3", 7},
                   {"1e", kSyntax, "an exponent needs digits", 1},
                   {"12x", kSyntax, "a letter follows", 1},
                   {"9223372036854775808", kSyntax, "does not fit in 64 bits", 1},
                   {"1 + -9223372036854775809", kSyntax, "does not fit in 64 bits", 5},
                   {"1e999", kSyntax, "out of range", 1},
                   {"length('a', 'b')", kSyntax, "it takes 1", 1},
                   {"substr('a')", kSyntax, "it takes 2 or 3", 1},
                   {"max(1)", kSyntax, "it takes 2 or more", 1},
                   {"qty > 1; qty > 2", kSyntax, "found ';'", 8},
                   {"lines.size", kSyntax, "looks into 'lines'", 1},
                   {":qty.x", kSyntax, "only ':actor' has parts", 1},
                   {"1 = not true", kSyntax, "found 'not'", 5}});
}

TEST_F(Rules, ShowStrangeTextsSafelyInErrors) {
  expect_refusals({{"note = 'a\xff'", ErrorId::kRuleSyntax, "is not valid UTF-8: byte 0xff", 10},
                   {"status = 'a\x1b[2J'", ErrorId::kRuleUnknownName, "unknown OrderStatus 'a\\x1b[2J'", 10},
                   {"\"a\nb\" > 1", ErrorId::kRuleUnknownName, "unknown field 'a\\x0ab'", 1},
                   {"qty = 'a\nb'", ErrorId::kRuleType, "'a b' is text", 5},
                   {"qty = '01234567890123456789012345678901234567éx'", ErrorId::kRuleType,
                    "'01234567890123456789012345678901234567... is text", 5}});
}

TEST_F(Rules, RefuseUnknownNamesWithTheNearest) {
  constexpr ErrorId kUnknown = ErrorId::kRuleUnknownName;
  expect_refusals({{"qtty > 0", kUnknown, "uses unknown field 'qtty': did you mean 'qty'?", 1},
                   {"1 = Qty", kUnknown, "did you mean 'qty'?", 5},
                   {"0 < nothing_like_it", kUnknown, "Order has id, qty, total_cents", 5},
                   {"reason = 'x'", kUnknown, "did you mean the argument ':reason'?", 1},
                   {":reasn = 'x'", kUnknown, "uses unknown argument ':reasn': did you mean ':reason'?", 1},
                   {":actor.rolle = 'x'", kUnknown, "an actor has id, role", 1},
                   {"lenght('x')", kUnknown, "unknown function 'lenght': did you mean 'length'?", 1},
                   {"status = 'Payed'", kUnknown, "uses unknown OrderStatus 'Payed': did you mean 'Paid'?", 10},
                   {"status in ('Paid', 'paid')", kUnknown, "did you mean 'Paid'?", 20},
                   {"status = 'Elsewhere'", kUnknown, "OrderStatus has Placed, Paid, Shipped, Cancelled", 10},
                   {"case status when 'X1' then 1 end", kUnknown, "unknown OrderStatus 'X1'", 18},
                   {"status = \"Paid\"", kUnknown, "a text stands in single quotes", 10}});
}

TEST_F(Rules, RefuseNamesWhereThereAreNone) {
  const RuleScope none;
  expect_refusal(Expression::parse(shop.source("qty > 0"), none), {"qty", ErrorId::kRuleUnknownName, "there is no record here", 1});
  expect_refusal(Expression::parse(shop.source(":qty > 0"), none),
                 {":qty", ErrorId::kRuleUnknownName, "there are no arguments here", 1});
  expect_refusal(Expression::parse(shop.source(":actor.id = ''"), none),
                 {":actor", ErrorId::kRuleUnknownName, "there is no actor here", 1});
  expect_refusal(Expression::parse(shop.source("now() > 0"), {.now = false}),
                 {"now()", ErrorId::kRuleUnknownName, "it is a transaction's time, and there is none here", 1});
}

TEST_F(Rules, RefuseTypesThatDoNotFit) {
  constexpr ErrorId kType = ErrorId::kRuleType;
  expect_refusals({{"qty = 'abc'", kType, "mixes int and text: qty is int, 'abc' is text", 5},
                   {"paid = 1", kType, "mixes bool and int", 6},
                   {"qty in (1, 'a')", kType, "mixes int and text", 5},
                   {"'abc' + 1", kType, "has text where a number is needed: 'abc' is text", 1},
                   {"1 + paid", kType, "has bool where a number is needed", 5},
                   {"5.5 % 2", kType, "has float where int is needed", 1},
                   {"-id", kType, "has text where a number is needed", 2},
                   {"qty and true", kType, "has int where bool is needed", 1},
                   {"not qty", kType, "has int where bool is needed", 5},
                   {"qty is true", kType, "has int where bool is needed", 1},
                   {"id || qty", kType, "has int where text is needed", 7},
                   {"qty like '1%'", kType, "has int where text is needed", 1},
                   {"substr(id, 1.5)", kType, "has float where int is needed", 12},
                   {"status < 'Paid'", kType, "orders values of OrderStatus", 8},
                   {"status between 'Paid' and 'Shipped'", kType, "orders values of OrderStatus", 8},
                   {"max(status, 'Paid')", kType, "orders values of OrderStatus", 1},
                   {"true < paid", kType, "orders values of bool", 6},
                   {"status = 1", kType, "mixes OrderStatus and int", 8},
                   {"status = id", kType, "mixes OrderStatus and text", 10},
                   {"status = color", kType, "mixes OrderStatus and Color", 8},
                   {"status + 1 = 2", kType, "has OrderStatus where a number is needed", 1},
                   {"lines = 'x'", kType, "which can only be tested with 'is null'", 1},
                   {"lines", kType, "can only be tested with 'is null'", 1},
                   {"length(lines)", kType, "has a nested value where text is needed", 8},
                   {"case when qty then 1 end", kType, "has int where bool is needed", 11},
                   {"case when paid then 1 else 'x' end", kType, "mixes int and text", 1},
                   {"coalesce(qty, id)", kType, "mixes int and text", 1}});
}

TEST_F(Rules, FailOnOverflowDivisionByZeroAndNonFiniteNumbers) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"9223372036854775807 + 1", "9223372036854775807 + 1 does not fit in 64 bits"},
      {"-9223372036854775808 - 1", "does not fit in 64 bits"},
      {"9223372036854775807 * 2", "does not fit in 64 bits"},
      {"-9223372036854775808 / -1", "does not fit in 64 bits"},
      {"- (-9223372036854775808)", "does not fit in 64 bits"},
      {"abs(-9223372036854775808)", "does not fit in 64 bits"},
      {"round(1e19)", "does not fit in 64 bits"},
      {"floor(-1e19)", "does not fit in 64 bits"},
      {"ceil(9223372036854775808.0)", "does not fit in 64 bits"},
      {"qty / 0", "2 / 0 divides by zero"},
      {"qty % 0", "2 % 0 divides by zero"},
      {"1.5 / 0", "1.5 / 0 divides by zero"},
      {"1.5 / 0.0", "divides by zero"},
      {"1e308 * 10", "is not a finite number"},
      {"-1e308 - 1e308", "is not a finite number"}};
  for (const auto& [text, why] : cases) {
    const Result<Expression> expression = shop.parse(text);
    ASSERT_TRUE(expression.ok()) << text;
    const Result<Cell> cell = expression->evaluate(shop.input(), shop.memory);
    ASSERT_FALSE(cell.ok()) << text;
    EXPECT_EQ(cell.status().id(), ErrorId::kRuleFailed);
    EXPECT_NE(cell.status().text().why.find(why), std::string::npos) << cell.status().message();
    EXPECT_EQ(cell.status().text().place, "shop.fbs:1:1");
  }
}

TEST_F(Rules, FailOnFieldsThatAreNotWhatTheyAreDeclared) {
  shop.row[RuleShop::kPrice] = Cell::of(std::numeric_limits<double>::quiet_NaN());
  EXPECT_NE(value("price > 1").find("'price' is not a finite number"), std::string::npos);
  shop.row[RuleShop::kPrice] = Cell::of(std::numeric_limits<double>::infinity());
  EXPECT_NE(value("price").find("'price' is not a finite number"), std::string::npos);
  shop.row[RuleShop::kPrice] = Cell::of(std::int64_t{3});
  EXPECT_EQ(value("price"), "3.0");
  shop.row[RuleShop::kId] = Cell::of(std::int64_t{3});
  EXPECT_NE(value("length(id)").find("'id' holds a value of another type"), std::string::npos);
}

TEST_F(Rules, TakeFieldsThatAreNotThereForNull) {
  const Result<Expression> expression = shop.parse("qty is null and :qty is null");
  EXPECT_TRUE(*expression->holds(RuleInput{}, shop.memory));
}

TEST_F(Rules, HoldOnlyWhenTrueAndPassUnlessFalse) {
  for (const auto& [text, holds, passes] : std::vector<std::tuple<std::string, bool, bool>>{
           {"qty = 2", true, true}, {"qty = 3", false, false}, {"note = 'x'", false, true}, {"null", false, true}}) {
    const Result<Expression> expression = shop.parse(text);
    EXPECT_EQ(*expression->holds(shop.input(), shop.memory), holds) << text;
    EXPECT_EQ(*expression->passes(shop.input(), shop.memory), passes) << text;
  }
  EXPECT_EQ(shop.parse("qty")->holds(shop.input(), shop.memory).status().id(), ErrorId::kRuleType);
  EXPECT_EQ(shop.parse("1 / 0 = 1")->passes(shop.input(), shop.memory).status().id(), ErrorId::kRuleFailed);
}

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST_F(Rules, AllowSixtyFourLevelsOfNesting) {
  EXPECT_EQ(value(repeated("(", 64) + "1" + repeated(")", 64)), "1");
  EXPECT_EQ(value(repeated("1 + (", 64) + "1" + repeated(")", 64)), "65");
  EXPECT_EQ(value(repeated("not ", 64) + "true"), "true");
  EXPECT_EQ(value(repeated("abs(", 64) + "1" + repeated(")", 64)), "1");
  for (const std::string& text :
       {repeated("(", 65) + "1" + repeated(")", 65), repeated("not ", 65) + "true", repeated("- ", 65) + "1.0",
        repeated("abs(", 65) + "1" + repeated(")", 65), repeated("case when true then ", 65) + "1" + repeated(" end", 65),
        repeated("1 in (", 65) + "1" + repeated(")", 65), repeated("(", 16000)}) {
    const Result<Expression> expression = shop.parse(text);
    ASSERT_FALSE(expression.ok()) << text;
    EXPECT_EQ(expression.status().id(), ErrorId::kRuleSyntax) << expression.status().message();
  }
}

TEST_F(Rules, RefuseMoreIntermediateValuesThanTheStackHolds) {
  const std::string many = repeated("false or true and 1 = 1 + 1 * iif(", 60) + "true" + repeated(", 1, 1)", 60);
  const Result<Expression> expression = shop.parse(many);
  ASSERT_FALSE(expression.ok());
  EXPECT_NE(expression.status().message().find("256 intermediate values"), std::string::npos) << expression.status().message();
}

TEST_F(Rules, ChainWithoutNesting) {
  EXPECT_EQ(value("0" + repeated(" + 1", 2000)), "2000");
  EXPECT_EQ(value("true" + repeated(" and true", 1500)), "true");
  EXPECT_EQ(value("true" + repeated(" is null", 1500)), "false");
  EXPECT_EQ(value("coalesce(null" + repeated(", null", 1500) + ", 5)"), "5");
  EXPECT_EQ(value("5 in (0" + repeated(", 1", 3000) + ", 5)"), "true");
}

TEST_F(Rules, RefuseTextAndNodesBeyondTheLimits) {
  EXPECT_EQ(value("1" + repeated(" ", 16 * 1024 - 1)), "1");
  expect_refusal(shop.parse("1" + repeated(" ", 16 * 1024)), {"long", ErrorId::kRuleSyntax, "16385 bytes, at most 16384", 1});
  EXPECT_EQ(value("0" + repeated("+1", 2047)), "2047");
  EXPECT_NE(value("0" + repeated("+1", 2048)).find("more than 4096 parts"), std::string::npos);
}

TEST_F(Rules, BoundTheTextTheyMake) {
  const std::string large(600 * 1024, 'x');
  shop.row[RuleShop::kNote] = Cell::of(std::string_view(large));
  EXPECT_EQ(value("length(upper(note))"), std::to_string(large.size()));
  EXPECT_NE(value("length(upper(note) || '')").find("its texts grow beyond 1 MiB"), std::string::npos);
  EXPECT_NE(value("length(replace(note, 'x', 'yy'))").find("its texts grow beyond 1 MiB"), std::string::npos);
}

TEST_F(Rules, BoundTheStepsTheyTake) {
  const std::string large(100 * 1024, 'a');
  shop.row[RuleShop::kNote] = Cell::of(std::string_view(large));
  EXPECT_EQ(value("note like '%b'"), "false");
  const std::string slow = repeated("a", 200);
  EXPECT_NE(value("note like '%" + slow + "b'").find("it takes more than 65536 steps"), std::string::npos);
  EXPECT_NE(value("note = note" + repeated(" and note = note", 100)).find("it takes more than 65536 steps"), std::string::npos);
}

TEST_F(Rules, ReportPlacesFromThePositionsOfTheSource) {
  RuleSource source{"qty > 0 and\nqtty > 1", "shop.fbs", {}};
  for (std::uint32_t i = 0; i < 12; ++i) source.positions.push_back({14, 18 + i});
  for (std::uint32_t i = 0; i < 9; ++i) source.positions.push_back({15, 3 + i});
  const Result<Expression> expression = Expression::parse(source, shop.scope);
  EXPECT_EQ(expression.status().text().place, "shop.fbs:15:3");
  EXPECT_EQ(source.place_of(source.text.size()), "shop.fbs:15:11");
  EXPECT_EQ(source.place_of(1000), "shop.fbs:15:11");
  EXPECT_EQ((RuleSource{"x", "", {}}.place_of(1)), "1:2");
}

TEST_F(Rules, SurviveAMove) {
  Expression first = *shop.parse("id || 'literal'");
  Expression second = *shop.parse("1");
  second = std::move(first);
  EXPECT_EQ(written(*second.evaluate(shop.input(), shop.memory)), "'o-1literal'");
}

class RuleLists : public Rules {};

TEST_F(RuleLists, ReadNamesAndMakeThemWhereThereAreNone) {
  const auto rules = parse_rules(
      shop.source(
          "positive: qty > 0; total_cents >= qty;qty < 100; qty < 200 ; tight:small > 0;:qty > 0; not :reason = 'x'; a::qty > 0;"
          ":actor.role = 'clerk'; 1 = 1"),
      shop.scope);
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  std::vector<std::string> names;
  std::vector<std::string> texts;
  for (const Rule& rule : *rules) {
    names.push_back(rule.name);
    texts.push_back(rule.expression.text());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"positive", "qty_total_cents", "qty", "qty_2", "tight", "qty_3", "reason", "a", "rule",
                                             "rule_2"}));
  EXPECT_EQ(texts[0], "qty > 0");
  EXPECT_EQ(texts[4], "small > 0");
  EXPECT_EQ(texts[7], ":qty > 0");
  EXPECT_EQ((*rules)[0].place, "shop.fbs:1:1");
  EXPECT_EQ((*rules)[1].place, "shop.fbs:1:20");
}

TEST_F(RuleLists, MakeNamesThatDifferFromThoseGiven) {
  const auto rules = parse_rules(shop.source("qty > 0; qty: small > 1; qty = qty + total_cents + small + \"end\""), shop.scope);
  ASSERT_TRUE(rules.ok()) << rules.status().message();
  EXPECT_EQ((*rules)[0].name, "qty_2");
  EXPECT_EQ((*rules)[2].name, "qty_total_cents_end");
}

TEST_F(RuleLists, NameThousandsOfRulesAlike) {
  const auto rules = parse_rules(shop.source(repeated("paid;", 3000)), shop.scope);
  ASSERT_TRUE(rules.ok());
  EXPECT_EQ(rules->back().name, "paid_3000");
}

TEST_F(RuleLists, NameTheRuleInErrors) {
  expect_refusal(parse_rules(shop.source("a: qty > 0; qty_positive: qtty > 0"), shop.scope),
                 {"", ErrorId::kRuleUnknownName, "rule 'qty_positive' uses unknown field 'qtty': did you mean 'qty'?", 27});
  const auto rules = parse_rules(shop.source("fits: total_cents / (qty - 2) > 1"), shop.scope);
  const Result<bool> passes = rules->front().expression.passes(shop.input(), shop.memory);
  EXPECT_EQ(passes.status().message(),
            "E2108 rule 'fits' could not be evaluated: 1990 / 0 divides by zero (shop.fbs:1:1); mend the values or the rule");
}

TEST_F(RuleLists, RefuseEmptyRepeatedAndUnboolean) {
  const std::vector<Refusal> cases = {
      {"", ErrorId::kRuleSyntax, "the rule does not parse: expected a value", 1},
      {"qty > 0;; qty > 1", ErrorId::kRuleSyntax, "expected a value, found ';'", 9},
      {"a: qty > 0; a: qty > 1", ErrorId::kRuleSyntax, "rule 'a' is there twice", 13},
      {"a: qty + 1", ErrorId::kRuleType, "rule 'a' is not a condition: qty + 1 is int, not bool", 4},
      {"null", ErrorId::kRuleType, "is not a condition", 1},
      {"a :qty > 0", ErrorId::kRuleUnknownName, "unknown field 'a'", 1}};
  for (const Refusal& expected : cases) expect_refusal(parse_rules(shop.source(expected.text), shop.scope), expected);
}

TEST_F(RuleLists, ReadAssignments) {
  const auto assignments = parse_assignments(
      shop.source("status = 'Paid'; qty = qty + 1; price = qty; note = status; previous = null; paid = :qty > 3; "
                  "\"end\" = -2147483648; color = case when paid then 'Red' else 'Green' end; total_cents = round(price * 2);"),
      shop.scope);
  ASSERT_TRUE(assignments.ok()) << assignments.status().message();
  std::vector<std::string> results;
  for (const Assignment& assignment : *assignments) {
    const Result<Cell> cell = assignment.expression.evaluate(shop.input(), shop.memory);
    results.push_back(shop.record.fields[assignment.field].name + "=" + written(*cell));
  }
  EXPECT_EQ(results, (std::vector<std::string>{"status=1", "qty=3", "price=2.0", "note='Placed'", "previous=null", "paid=true",
                                               "end=-2147483648", "color=0", "total_cents=20"}));
  EXPECT_EQ((*assignments)[0].expression.type(), RuleType::kEnum);
  EXPECT_EQ((*assignments)[2].expression.type(), RuleType::kFloat);
  EXPECT_EQ((*assignments)[1].place, "shop.fbs:1:18");
}

TEST_F(RuleLists, RefuseAssignmentsThatDoNotFit) {
  constexpr ErrorId kType = ErrorId::kRuleType;
  const std::vector<Refusal> cases = {
      {"small = 256", kType, "sets 'small' out of its range: 256 is not in 0 to 255", 9},
      {"small = -1", kType, "out of its range", 9},
      {"small = case when paid then 1 else 256 end", kType, "out of its range", 36},
      {"qty = 2147483648", kType, "2147483648 is not in -2147483648 to 2147483647", 7},
      {"qty = price", kType, "does not fit 'qty': price is float, the field is int; make it an int with round()", 7},
      {"qty = 'x'", kType, "does not fit 'qty'", 7},
      {"qty = paid", kType, "does not fit 'qty'", 7},
      {"paid = 1", kType, "does not fit 'paid'", 8},
      {"note = 1", kType, "does not fit 'note': 1 is int, the field is string", 8},
      {"qty = null", kType, "sets 'qty' to NULL: it cannot be NULL", 7},
      {"id = null", kType, "sets 'id' to NULL", 6},
      {"status = 1", kType, "does not fit 'status'", 10},
      {"status = color", kType, "does not fit 'status'", 10},
      {"status = id", kType, "mixes OrderStatus and text", 10},
      {"status = 'Payed'", ErrorId::kRuleUnknownName,
       "the assignment of 'status' uses unknown OrderStatus 'Payed': did you mean 'Paid'?", 10},
      {"statsu = 'Paid'", ErrorId::kRuleUnknownName, "sets unknown field 'statsu': did you mean 'status'?", 1},
      {"lines = note", kType, "does not fit 'lines'", 9},
      {"note = lines", kType, "does not fit 'note'", 8},
      {"qty = 1; qty = 2", ErrorId::kRuleSyntax, "the assignment of 'qty' is there twice", 10},
      {"qty == 1", ErrorId::kRuleSyntax, "expected '=' after the field", 5},
      {":qty = 1", ErrorId::kRuleSyntax, "expected 'field = expression'", 1},
      {"", ErrorId::kRuleSyntax, "expected 'field = expression'", 1}};
  for (const Refusal& expected : cases) expect_refusal(parse_assignments(shop.source(expected.text), shop.scope), expected);
}

TEST_F(RuleLists, AllowLiteralsThatAreOnlyComparedOutsideTheRange) {
  EXPECT_TRUE(parse_assignments(shop.source("small = nullif(small, 256); lines = null"), shop.scope).ok());
}

TEST(NearestName, IsAtMostTwoEditsAway) {
  const std::vector<std::string_view> names = {"qty", "sku", "status", "total_cents"};
  EXPECT_EQ(nearest_name("qtty", names), "qty");
  EXPECT_EQ(nearest_name("statsu", names), "status");
  EXPECT_EQ(nearest_name("sstatuss", names), "status");
  EXPECT_EQ(nearest_name("tot_cents", names), "total_cents");
  EXPECT_EQ(nearest_name("quantity", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name("x", std::vector<std::string_view>{"a", "id"}), "");
  EXPECT_EQ(nearest_name("ab", std::vector<std::string_view>{"abcd", "abc"}), "abc");
}

TEST(TableTypes, FindFieldsAndValuesByNameAndNumber) {
  const RuleShop shop;
  EXPECT_EQ(shop.record.find("qty"), &shop.record.fields[RuleShop::kQty]);
  EXPECT_EQ(shop.record.find("Qty"), nullptr);
  EXPECT_EQ(shop.status.find("Cancelled")->value, 7);
  EXPECT_EQ(shop.status.find(std::int64_t{7})->name, "Cancelled");
  EXPECT_EQ(shop.status.find("cancelled"), nullptr);
  EXPECT_EQ(shop.status.find(std::int64_t{3}), nullptr);
}

TEST(TableTypes, SpellTypesAsFlatBuffersDoes) {
  EXPECT_EQ(name_of(BaseType::kInt8), "byte");
  EXPECT_EQ(name_of(BaseType::kUint64), "ulong");
  EXPECT_EQ(name_of(BaseType::kText), "string");
  EXPECT_EQ(name_of(BaseType::kStruct), "struct");
  EXPECT_TRUE(is_integer(BaseType::kInt8));
  EXPECT_TRUE(is_integer(BaseType::kUint64));
  EXPECT_FALSE(is_integer(BaseType::kBool));
  EXPECT_FALSE(is_integer(BaseType::kFloat32));
}

}  // namespace
}  // namespace forge
