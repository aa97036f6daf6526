#include "rule_reader.h"

#include <algorithm>
#include <map>

#include "forge/events/domain.h"
#include "quote.h"
#include "rule_program.h"

namespace forge::internal {
namespace {

// A name made from more fields than these would be hard to read.
constexpr std::size_t kFieldsInNameMax = 3;

bool any_secret(const TableType* table, const std::vector<std::uint16_t>& fields) {
  return std::any_of(fields.begin(), fields.end(), [&](std::uint16_t index) { return table->fields[index].secret; });
}

}  // namespace

Status RuleReader::start() {
  FORGE_ASSIGN(tokens_, tokenize(reporter_));
  return {};
}

Result<Expression> RuleReader::read(std::size_t begin, const Field* field) {
  const std::size_t expression_begin = token().begin;
  RuleParser parser(reporter_, scope_, tokens_, position_);
  FORGE_TRY(parser.parse());
  position_ = parser.position();
  if (field != nullptr) {
    FORGE_ASSIGN(parser.tree().root, parser.types().fit(parser.tree().root, *field));
  }
  FORGE_ASSIGN(RuleProgram program, compile(std::move(parser.tree()), reporter_));
  program.text = reporter_.source.text.substr(expression_begin, tokens_[position_ - 1].end - expression_begin);
  program.subject = reporter_.subject;
  program.place = reporter_.source.place_of(begin);
  program.record = scope_.record;
  program.argument_table = scope_.arguments;
  program.reads_secret = any_secret(scope_.record, program.fields) || any_secret(scope_.arguments, program.arguments);
  return Expression(std::make_unique<const RuleProgram>(std::move(program)));
}

Result<Expression> RuleReader::read_expression() {
  return read_whole(nullptr);
}

Result<Expression> RuleReader::read_value(const Field& field) {
  reporter_.subject = "the value of " + quoted(field.name);
  return read_whole(&field);
}

Result<Expression> RuleReader::read_whole(const Field* field) {
  FORGE_TRY(start());
  FORGE_ASSIGN(Expression expression, read(token().begin, field));
  if (token().kind == TokenKind::kEnd) return expression;
  return reporter_.syntax("does not parse", "expected the end, found ';'", token().begin);
}

bool RuleReader::next_part() {
  if (token().kind != TokenKind::kEnd) ++position_;
  return token().kind != TokenKind::kEnd;
}

// "name:", which stands before a rule; empty without one. `a:b > 0` names the rule 'a', although the lexer reads ':b' as an
// argument: nothing else can be meant.
std::string RuleReader::read_name() {
  if (token().kind != TokenKind::kName || is_keyword(token().text)) return {};
  std::string name = token().text;
  Token& after = tokens_[position_ + 1];
  if (after.is_symbol(":")) {
    position_ += 2;
    return name;
  }
  if (after.kind != TokenKind::kArgument || after.begin != token().end) return {};
  after.kind = TokenKind::kName;
  ++after.begin;
  ++position_;
  return name;
}

Result<Rule> RuleReader::read_rule() {
  const std::size_t begin = token().begin;
  std::string name = read_name();
  reporter_.subject = name.empty() ? "the rule" : "rule '" + name + "'";
  const std::size_t expression_begin = token().begin;
  FORGE_ASSIGN(Expression expression, read(begin, nullptr));
  if (expression.type() != RuleType::kBool) {
    return reporter_.type("is not a condition", expression.text() + " is " + name_of(expression.program_->type) + ", not bool",
                          expression_begin);
  }
  return Rule{std::move(name), reporter_.source.place_of(begin), std::move(expression)};
}

Result<std::vector<Rule>> RuleReader::read_rules() {
  reporter_.subject = "the rule";
  FORGE_TRY(start());
  std::vector<Rule> rules;
  std::set<std::string> names;
  do {
    const std::size_t begin = token().begin;
    FORGE_ASSIGN(Rule rule, read_rule());
    if (!rule.name.empty() && !names.insert(rule.name).second) {
      return reporter_.syntax("is there twice", "each name may be used once", begin);
    }
    rules.push_back(std::move(rule));
  } while (next_part());
  name_the_rest(rules, names);
  return rules;
}

void RuleReader::name_the_rest(std::vector<Rule>& rules, std::set<std::string>& taken) const {
  std::map<std::string, int> uses;
  for (Rule& rule : rules) {
    if (!rule.name.empty()) continue;
    const std::string made = name_of_reads(rule.expression);
    int& number = uses[made];
    do {
      rule.name = ++number == 1 ? made : made + "_" + std::to_string(number);
    } while (!taken.insert(rule.name).second);
  }
}

// "qty_total_cents": the first fields that it reads; without any, the first arguments; else "rule".
std::string RuleReader::name_of_reads(const Expression& expression) const {
  const bool reads_fields = !expression.fields().empty();
  const TableType* table = reads_fields ? scope_.record : scope_.arguments;
  const std::vector<std::uint16_t>& indexes = reads_fields ? expression.fields() : expression.arguments();
  std::string name;
  for (std::size_t i = 0; i < indexes.size() && i < kFieldsInNameMax; ++i) {
    if (i > 0) name += "_";
    name += table->fields[indexes[i]].name;
  }
  return name.empty() ? "rule" : name;
}

Result<Assignment> RuleReader::read_assignment() {
  const Token name = token();
  reporter_.subject = "the assignment";
  const bool names_field = name.kind == TokenKind::kQuoted || (name.kind == TokenKind::kName && !is_keyword(name.text));
  if (!names_field) return reporter_.syntax("does not parse", "expected 'field = expression'", name.begin);
  const Field* field = scope_.record == nullptr ? nullptr : scope_.record->find(name.text);
  if (field == nullptr) {
    return reporter_.error(ErrorId::kRuleUnknownName, "sets unknown field " + quoted(name.text),
                           scope_.record == nullptr ? "there is no record here" : why_unknown_field(name.text, *scope_.record, ""),
                           name.begin);
  }
  reporter_.subject = "the assignment of '" + name.text + "'";
  ++position_;
  if (!token().is_symbol("=")) return reporter_.syntax("does not parse", "expected '=' after the field", token().begin);
  ++position_;
  FORGE_ASSIGN(Expression expression, read(name.begin, field));
  const auto index = static_cast<std::uint16_t>(field - scope_.record->fields.data());
  return Assignment{index, reporter_.source.place_of(name.begin), std::move(expression)};
}

Result<std::vector<Assignment>> RuleReader::read_assignments() {
  reporter_.subject = "the assignment";
  FORGE_TRY(start());
  std::vector<Assignment> assignments;
  std::set<std::uint16_t> seen;
  do {
    const std::size_t begin = token().begin;
    FORGE_ASSIGN(Assignment assignment, read_assignment());
    if (!seen.insert(assignment.field).second) {
      return reporter_.syntax("is there twice", "a field may be set once", begin);
    }
    assignments.push_back(std::move(assignment));
  } while (next_part());
  return assignments;
}

Result<std::vector<Assignment>> RuleReader::read_steps() {
  reporter_.subject = "the assignment";
  FORGE_TRY(start());
  std::vector<Assignment> steps;
  do {
    FORGE_ASSIGN(Assignment step, read_assignment());
    steps.push_back(std::move(step));
  } while (next_part());
  return steps;
}

}  // namespace forge::internal
