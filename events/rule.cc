#include "forge/events/rule.h"

#include <algorithm>

#include "rule_evaluator.h"
#include "rule_program.h"
#include "rule_reader.h"

namespace forge {
namespace {

// The result of a condition: true, false or NULL.
Result<Cell> condition(const Expression& expression, const RuleInput& input, std::pmr::memory_resource& memory) {
  if (expression.type() != RuleType::kBool && expression.type() != RuleType::kNull) {
    return Status(ErrorId::kRuleType, "'" + expression.text() + "' is not a condition");
  }
  return expression.evaluate(input, memory);
}

}  // namespace

Position RuleSource::position_of(std::size_t offset) const {
  if (positions.empty()) return {1, static_cast<std::uint32_t>(offset + 1)};
  return positions[std::min(offset, positions.size() - 1)];
}

std::string RuleSource::place_of(std::size_t offset) const {
  const Position position = position_of(offset);
  return (file.empty() ? "" : file + ":") + std::to_string(position.line) + ":" + std::to_string(position.column);
}

Expression::Expression(std::unique_ptr<const internal::RuleProgram> program) : program_(std::move(program)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::parse(const RuleSource& source, const RuleScope& scope) {
  return internal::RuleReader(source, scope).read_expression();
}

Result<Cell> Expression::evaluate(const RuleInput& input, std::pmr::memory_resource& memory) const {
  internal::RuleEvaluator evaluator(*program_, input, memory);
  Cell result;
  if (evaluator.run(result)) return result;
  return Status(ErrorId::kRuleFailed, program_->subject + " could not be evaluated")
      .why(program_->reads_secret ? "it reads secret values, for which it has no result" : evaluator.reason())
      .place(program_->place);
}

Result<bool> Expression::holds(const RuleInput& input, std::pmr::memory_resource& memory) const {
  FORGE_ASSIGN(const Cell result, condition(*this, input, memory));
  return !result.is_null() && result.boolean;
}

Result<bool> Expression::passes(const RuleInput& input, std::pmr::memory_resource& memory) const {
  FORGE_ASSIGN(const Cell result, condition(*this, input, memory));
  return result.is_null() || result.boolean;
}

RuleType Expression::type() const {
  return program_->type.base;
}
const EnumType* Expression::enumeration() const {
  return program_->type.enumeration;
}
const std::string& Expression::text() const {
  return program_->text;
}
const std::vector<std::uint16_t>& Expression::fields() const {
  return program_->fields;
}
const std::vector<std::uint16_t>& Expression::arguments() const {
  return program_->arguments;
}

std::vector<FieldComparison> Expression::comparisons(std::span<const Cell> argument_cells) const {
  std::vector<FieldComparison> out;
  for (FieldComparison comparison : program_->comparisons) {
    if (comparison.argument) {
      if (*comparison.argument >= argument_cells.size() || argument_cells[*comparison.argument].is_null()) continue;
      comparison.value = argument_cells[*comparison.argument];
    }
    out.push_back(comparison);
  }
  return out;
}
bool Expression::can_fail() const {
  return program_->can_fail;
}

Result<std::vector<Rule>> parse_rules(const RuleSource& source, const RuleScope& scope) {
  return internal::RuleReader(source, scope).read_rules();
}

Result<std::vector<Assignment>> parse_assignments(const RuleSource& source, const RuleScope& scope) {
  return internal::RuleReader(source, scope).read_assignments();
}

Result<std::vector<Assignment>> parse_steps(const RuleSource& source, const RuleScope& scope) {
  return internal::RuleReader(source, scope).read_steps();
}

Result<Expression> parse_value(const RuleSource& source, const RuleScope& scope, const Field& field) {
  return internal::RuleReader(source, scope).read_value(field);
}

}  // namespace forge
