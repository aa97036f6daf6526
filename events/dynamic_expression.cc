#include "forge/events/dynamic_expression.h"

#include <algorithm>
#include <memory_resource>

#include "rule_lexer.h"

namespace forge {
namespace {

constexpr std::size_t kPathsMax = 1000;

// A value as a cell of its own kind, and what the type checker is to know of it.
Cell bind(const Value& value, RuleParameter& parameter) {
  if (const bool* boolean = value.if_bool()) return parameter.type = RuleType::kBool, Cell::of(*boolean);
  if (const std::int64_t* integer = value.if_int()) return parameter.type = RuleType::kInt, Cell::of(*integer);
  if (const double* number = value.if_double()) return parameter.type = RuleType::kFloat, Cell::of(*number);
  if (const std::string* text = value.if_text()) return parameter.type = RuleType::kText, Cell::of(std::string_view(*text));
  parameter.nested = !value.is_null();
  return parameter.nested ? Cell(Kind::kNested) : Cell::null();
}

Value to_value(const Cell& cell) {
  switch (cell.kind) {
    case Kind::kBool:
      return cell.boolean;
    case Kind::kInt:
      return cell.integer;
    case Kind::kFloat:
      return cell.number;
    case Kind::kText:
      return cell.as_text();
    default:
      return nullptr;
  }
}

Status no_condition(const Expression& expression, const RuleSource& source) {
  return Status(ErrorId::kRuleType, "'" + expression.text() + "' is not a condition")
      .why("its result is neither true nor false")
      .place(source.place_of(0));
}

bool may_be_condition(const Expression& expression) {
  return expression.type() == RuleType::kBool || expression.type() == RuleType::kNull;
}

}  // namespace

Result<DynamicExpression> DynamicExpression::parse(RuleSource source) {
  DynamicExpression made;
  made.source_ = std::move(source);
  const internal::RuleReporter reporter{made.source_, "the expression"};
  FORGE_ASSIGN(const std::vector<internal::Token> tokens, internal::tokenize(reporter));
  std::vector<RuleParameter> untyped;
  for (const internal::Token& token : tokens) {
    if (token.kind != internal::TokenKind::kPath) continue;
    const bool known =
        std::any_of(untyped.begin(), untyped.end(), [&](const RuleParameter& other) { return other.path == token.text; });
    if (known) continue;
    if (untyped.size() == kPathsMax) return reporter.syntax("is too large", "it reads more than 1000 paths", token.begin);
    untyped.push_back({token.text});
    made.paths_.push_back({token.text, token.begin});
  }
  RuleScope scope;
  scope.parameters = &untyped;
  FORGE_TRY(Expression::parse(made.source_, scope).status());
  return made;
}

Result<DynamicExpression> DynamicExpression::parse_condition(RuleSource source) {
  FORGE_ASSIGN(DynamicExpression made, parse(std::move(source)));
  std::vector<RuleParameter> untyped;
  for (const Path& path : made.paths_) untyped.push_back({path.text});
  RuleScope scope;
  scope.parameters = &untyped;
  FORGE_ASSIGN(const Expression expression, Expression::parse(made.source_, scope));
  if (!may_be_condition(expression)) return no_condition(expression, made.source_);
  return made;
}

namespace {

// The expression typed by its values, and its result, which may borrow from `memory` and the values.
struct Typed {
  std::vector<RuleParameter> parameters;
  std::vector<Cell> cells;

  Typed(const std::vector<DynamicExpression::Path>& paths, std::span<const Value* const> values) {
    FORGE_ASSERT(values.size() == paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
      parameters.push_back({paths[i].text});
      cells.push_back(bind(*values[i], parameters.back()));
    }
  }
  RuleScope scope() const {
    RuleScope made;
    made.parameters = &parameters;
    return made;
  }
  RuleInput input(Time now) const {
    RuleInput made;
    made.now = now;
    made.parameters = cells;
    return made;
  }
};

}  // namespace

Result<Value> DynamicExpression::evaluate(std::span<const Value* const> values, Time now) const {
  const Typed typed(paths_, values);
  FORGE_ASSIGN(const Expression expression, Expression::parse(source_, typed.scope()));
  std::pmr::monotonic_buffer_resource memory;
  FORGE_ASSIGN(const Cell result, expression.evaluate(typed.input(now), memory));
  return to_value(result);
}

Result<bool> DynamicExpression::holds(std::span<const Value* const> values, Time now) const {
  const Typed typed(paths_, values);
  FORGE_ASSIGN(const Expression expression, Expression::parse(source_, typed.scope()));
  if (!may_be_condition(expression)) return no_condition(expression, source_);
  std::pmr::monotonic_buffer_resource memory;
  return expression.holds(typed.input(now), memory);
}

}  // namespace forge
