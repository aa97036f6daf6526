#include "rule_parser.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "forge/events/domain.h"
#include "quote.h"

namespace forge::internal {
namespace {

constexpr int kDepthMax = 64;

// How tightly an operator binds; the same order as SQLite's.
constexpr int kOrLevel = 1;
constexpr int kAndLevel = 2;
constexpr int kNotLevel = 3;
constexpr int kEqualityLevel = 4;  // also in, like, between, is
constexpr int kOrderLevel = 5;
constexpr int kAdditiveLevel = 6;
constexpr int kMultiplicativeLevel = 7;
constexpr int kConcatLevel = 8;
constexpr int kUnaryLevel = 9;

struct Operator {
  std::string_view symbol;
  Op op;
  int precedence;
};

constexpr std::array<Operator, 17> kOperators = {{
    {"or", Op::kOr, kOrLevel},
    {"and", Op::kAnd, kAndLevel},
    {"=", Op::kEqual, kEqualityLevel},
    {"==", Op::kEqual, kEqualityLevel},
    {"!=", Op::kNotEqual, kEqualityLevel},
    {"<>", Op::kNotEqual, kEqualityLevel},
    {"<", Op::kLess, kOrderLevel},
    {"<=", Op::kLessEqual, kOrderLevel},
    {">", Op::kGreater, kOrderLevel},
    {">=", Op::kGreaterEqual, kOrderLevel},
    {"+", Op::kAdd, kAdditiveLevel},
    {"-", Op::kSubtract, kAdditiveLevel},
    {"*", Op::kMultiply, kMultiplicativeLevel},
    {"/", Op::kDivide, kMultiplicativeLevel},
    {"%", Op::kModulo, kMultiplicativeLevel},
    {"||", Op::kConcat, kConcatLevel},
    {"like", Op::kLike, kEqualityLevel},
}};

const Operator* find_operator(const Token& token) {
  const auto* found = std::find_if(kOperators.begin(), kOperators.end(), [&](const Operator& candidate) {
    return token.is_symbol(candidate.symbol) || token.is_keyword(candidate.symbol);
  });
  return found == kOperators.end() ? nullptr : found;
}

constexpr std::size_t kAny = 4096;

struct Function {
  std::string_view name;
  Op op;
  std::size_t arguments_min;
  std::size_t arguments_max;
};

constexpr std::array<Function, 17> kFunctions = {{
    {"abs", Op::kAbs, 1, 1},
    {"ceil", Op::kCeil, 1, 1},
    {"coalesce", Op::kCoalesce, 2, kAny},
    {"floor", Op::kFloor, 1, 1},
    {"iif", Op::kCase, 3, 3},
    {"instr", Op::kInstr, 2, 2},
    {"length", Op::kLength, 1, 1},
    {"lower", Op::kLower, 1, 1},
    {"max", Op::kMax, 2, kAny},
    {"min", Op::kMin, 2, kAny},
    {"now", Op::kNow, 0, 0},
    {"nullif", Op::kNullif, 2, 2},
    {"replace", Op::kReplace, 3, 3},
    {"round", Op::kRound, 1, 1},
    {"substr", Op::kSubstr, 2, 3},
    {"trim", Op::kTrim, 1, 1},
    {"upper", Op::kUpper, 1, 1},
}};

// "2", "2 or 3", "2 or more".
std::string counts_of(const Function& function) {
  std::string counts = std::to_string(function.arguments_min);
  if (function.arguments_max == kAny) return counts + " or more";
  if (function.arguments_max > function.arguments_min) counts += " or " + std::to_string(function.arguments_max);
  return counts;
}

std::string shown_token(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
      return "the end";
    case TokenKind::kArgument:
      return "':" + token.text + "'";
    case TokenKind::kPath:
      return "'${" + token.text + "}'";
    case TokenKind::kText:
      return "a text";
    default:
      return "'" + token.text + "'";
  }
}

}  // namespace

struct RuleParser::Nested {
  explicit Nested(RuleParser& of_parser) : parser(of_parser) { ++parser.depth_; }
  ~Nested() { --parser.depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  RuleParser& parser;
};

Status RuleParser::parse() {
  FORGE_ASSIGN(tree_.root, expression(kOrLevel));
  if (token().kind != TokenKind::kEnd && !token().is_symbol(";")) return unexpected("an operator or the end");
  return {};
}

bool RuleParser::take_symbol(std::string_view symbol) {
  if (!token().is_symbol(symbol)) return false;
  ++position_;
  return true;
}

bool RuleParser::take_keyword(std::string_view keyword) {
  if (!token().is_keyword(keyword)) return false;
  ++position_;
  return true;
}

Status RuleParser::expect_symbol(std::string_view symbol) {
  return take_symbol(symbol) ? Status() : unexpected("'" + std::string(symbol) + "'");
}

Status RuleParser::expect_keyword(std::string_view keyword) {
  return take_keyword(keyword) ? Status() : unexpected("'" + std::string(keyword) + "'");
}

Status RuleParser::unexpected(std::string_view wanted) const {
  std::string why = "expected " + std::string(wanted) + ", found " + shown_token(token());
  if (token().kind == TokenKind::kName && scope_.record != nullptr && scope_.record->find(token().text) != nullptr) {
    if (is_keyword(token().text)) why += "; the field of that name is written \"" + token().text + "\"";
  }
  return reporter_.syntax("does not parse", std::move(why), token().begin);
}

Status RuleParser::check_depth() const {
  if (depth_ <= kDepthMax) return {};
  return reporter_.syntax("is nested too deep", "at most 64 levels are allowed", token().begin);
}

Result<NodeIndex> RuleParser::node(Op op, std::vector<NodeIndex> children, std::uint32_t begin, std::uint32_t at) {
  Node made;
  made.op = op;
  made.begin = begin;
  made.end = tokens_[position_ - 1].end;
  made.at = at;
  made.children = std::move(children);
  return types_.add(std::move(made));
}

Result<NodeIndex> RuleParser::negated(bool negate, Result<NodeIndex> inner) {
  if (!inner.ok() || !negate) return inner;
  return node(Op::kNot, {*inner}, begin_of(*inner), tree_.nodes[*inner].at);
}

Result<NodeIndex> RuleParser::expression(int precedence_min) {
  FORGE_ASSIGN(NodeIndex left, prefix(precedence_min));
  for (;;) {
    const Operator* found = find_operator(token());
    if (found != nullptr && found->op != Op::kLike) {
      if (found->precedence < precedence_min) return left;
      FORGE_ASSIGN(left, binary(found->op, found->precedence, left));
    } else {
      const bool predicates = found != nullptr || token().is_keyword("not") || token().is_keyword("is") ||
                              token().is_keyword("in") || token().is_keyword("between");
      if (!predicates || kEqualityLevel < precedence_min) return left;
      FORGE_ASSIGN(left, predicate(left));
    }
  }
}

Result<NodeIndex> RuleParser::binary(Op op, int precedence, NodeIndex left) {
  const std::uint32_t at = take().begin;
  FORGE_ASSIGN(const NodeIndex right, expression(precedence + 1));
  return node(op, {left, right}, begin_of(left), at);
}

// [not] in, [not] like, [not] between, is: what follows a value at the level of equality.
Result<NodeIndex> RuleParser::predicate(NodeIndex left) {
  const Token& at = token();
  if (take_keyword("is")) return is_test(left, at);
  const bool negate = take_keyword("not");
  if (take_keyword("in")) return negated(negate, in_list(left, at));
  if (take_keyword("between")) return negated(negate, between(left, at));
  if (token().is_keyword("like")) return negated(negate, binary(Op::kLike, kEqualityLevel, left));
  return unexpected("'in', 'like' or 'between'");
}

Result<NodeIndex> RuleParser::is_test(NodeIndex left, const Token& at) {
  const bool negate = take_keyword("not");
  Op op = Op::kIsNull;
  if (take_keyword("true")) {
    op = Op::kIsTrue;
  } else if (take_keyword("false")) {
    op = Op::kIsFalse;
  } else if (!take_keyword("null")) {
    return unexpected("'null', 'true' or 'false'");
  }
  return negated(negate, node(op, {left}, begin_of(left), at.begin));
}

Result<NodeIndex> RuleParser::between(NodeIndex left, const Token& at) {
  FORGE_ASSIGN(const NodeIndex low, expression(kOrderLevel));
  FORGE_TRY(expect_keyword("and"));
  FORGE_ASSIGN(const NodeIndex high, expression(kOrderLevel));
  return node(Op::kBetween, {left, low, high}, begin_of(left), at.begin);
}

Result<NodeIndex> RuleParser::in_list(NodeIndex left, const Token& at) {
  const Nested nested(*this);
  FORGE_TRY(check_depth());
  FORGE_TRY(expect_symbol("("));
  std::vector<NodeIndex> children = {left};
  do {
    FORGE_ASSIGN(const NodeIndex item, expression(kOrLevel));
    children.push_back(item);
  } while (take_symbol(","));
  FORGE_TRY(expect_symbol(")"));
  return node(Op::kIn, std::move(children), begin_of(left), at.begin);
}

Result<NodeIndex> RuleParser::prefix(int precedence_min) {
  const Nested nested(*this);
  const Token& first = token();
  if (first.is_symbol("-")) {
    FORGE_TRY(check_depth());
    return minus();
  }
  if (first.is_keyword("not") && precedence_min <= kNotLevel) {
    FORGE_TRY(check_depth());
    ++position_;
    FORGE_ASSIGN(const NodeIndex operand, expression(kNotLevel));
    return node(Op::kNot, {operand}, first.begin, first.begin);
  }
  return primary();
}

// A minus before an integer is part of it, so that the smallest one can be written.
Result<NodeIndex> RuleParser::minus() {
  const std::uint32_t begin = take().begin;
  if (token().kind == TokenKind::kInteger) return integer(take(), "-", begin);
  FORGE_ASSIGN(const NodeIndex operand, prefix(kUnaryLevel));
  return node(Op::kNegate, {operand}, begin, begin);
}

Result<NodeIndex> RuleParser::primary() {
  const Token& first = token();
  switch (first.kind) {
    case TokenKind::kInteger:
      return integer(take(), "", first.begin);
    case TokenKind::kDecimal:
      return decimal(take());
    case TokenKind::kText:
      return text();
    case TokenKind::kArgument:
      return argument();
    case TokenKind::kPath:
      return parameter();
    case TokenKind::kQuoted:
      return field();
    case TokenKind::kSymbol: {
      FORGE_TRY(check_depth());
      if (!take_symbol("(")) return unexpected("a value");
      FORGE_ASSIGN(const NodeIndex inner, expression(kOrLevel));
      FORGE_TRY(expect_symbol(")"));
      return inner;
    }
    case TokenKind::kName:
      break;
    case TokenKind::kEnd:
      return unexpected("a value");
  }
  if (take_keyword("null")) return literal(Cell::null(), RuleType::kNull, first.begin);
  if (take_keyword("true")) return literal(Cell::of(true), RuleType::kBool, first.begin);
  if (take_keyword("false")) return literal(Cell::of(false), RuleType::kBool, first.begin);
  if (first.is_keyword("case")) return case_of();
  if (is_keyword(first.text)) return unexpected("a value");
  return tokens_[position_ + 1].is_symbol("(") ? function() : field();
}

// A node without children that began at `begin` and ends with the last token taken.
Result<NodeIndex> RuleParser::leaf(Node made, std::uint32_t begin) {
  made.begin = made.at = begin;
  made.end = tokens_[position_ - 1].end;
  return types_.add(std::move(made));
}

Result<NodeIndex> RuleParser::literal(Cell value, RuleType base, std::uint32_t begin) {
  Node made;
  made.literal = value;
  made.type.base = base;
  return leaf(std::move(made), begin);
}

Result<NodeIndex> RuleParser::value_of(Op op, RuleType base, std::uint32_t begin) {
  Node made;
  made.op = op;
  made.type.base = base;
  return leaf(std::move(made), begin);
}

Result<NodeIndex> RuleParser::integer(const Token& digits, std::string_view sign, std::uint32_t begin) {
  const std::string written = std::string(sign) + digits.text;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), value);
  if (error != std::errc()) return reporter_.syntax("has an integer out of range", written + " does not fit in 64 bits", begin);
  return literal(Cell::of(value), RuleType::kInt, begin);
}

Result<NodeIndex> RuleParser::decimal(const Token& digits) {
  double value = 0;
  const auto [end, error] = std::from_chars(digits.text.data(), digits.text.data() + digits.text.size(), value);
  if (error != std::errc()) return reporter_.syntax("has a number out of range", digits.text + " is not a double", digits.begin);
  return literal(Cell::of(value), RuleType::kFloat, digits.begin);
}

Result<NodeIndex> RuleParser::text() {
  const Token& written = take();
  tree_.texts.push_back(written.text);
  return literal(Cell::of(std::string_view(tree_.texts.back())), RuleType::kText, written.begin);
}

Result<NodeIndex> RuleParser::case_of() {
  FORGE_TRY(check_depth());
  const std::uint32_t begin = take().begin;
  const bool of_value = !token().is_keyword("when");
  std::vector<NodeIndex> children;
  if (of_value) {
    FORGE_ASSIGN(const NodeIndex value, expression(kOrLevel));
    children.push_back(value);
  }
  if (!token().is_keyword("when")) return unexpected("'when'");
  while (take_keyword("when")) {
    FORGE_ASSIGN(const NodeIndex test, expression(kOrLevel));
    FORGE_TRY(expect_keyword("then"));
    FORGE_ASSIGN(const NodeIndex result, expression(kOrLevel));
    children.push_back(test);
    children.push_back(result);
  }
  FORGE_ASSIGN(const NodeIndex otherwise,
               take_keyword("else") ? expression(kOrLevel) : literal(Cell::null(), RuleType::kNull, tokens_[position_ - 1].end));
  children.push_back(otherwise);
  FORGE_TRY(expect_keyword("end"));
  return node(of_value ? Op::kCaseOf : Op::kCase, std::move(children), begin, begin);
}

Result<NodeIndex> RuleParser::function() {
  FORGE_TRY(check_depth());
  const Token& name = take();
  const std::string lowered = lower_ascii(name.text);
  const auto* found = std::find_if(kFunctions.begin(), kFunctions.end(), [&](const Function& f) { return f.name == lowered; });
  if (found == kFunctions.end()) {
    std::vector<std::string_view> known;
    for (const Function& candidate : kFunctions) known.push_back(candidate.name);
    return reporter_.error(ErrorId::kRuleUnknownName, "uses unknown function '" + name.text + "'",
                           why_unknown(lowered, known, "the language"), name.begin);
  }
  FORGE_ASSIGN(std::vector<NodeIndex> children, function_arguments());
  if (children.size() < found->arguments_min || children.size() > found->arguments_max) {
    return reporter_.syntax("calls " + lowered + "() with " + std::to_string(children.size()) + " arguments",
                            "it takes " + counts_of(*found), name.begin);
  }
  if (found->op == Op::kNow && !scope_.now) {
    return reporter_.error(ErrorId::kRuleUnknownName, "uses now()", "it is a transaction's time, and there is none here",
                           name.begin);
  }
  if (found->op == Op::kNow) return value_of(Op::kNow, RuleType::kInt, name.begin);
  return node(found->op, std::move(children), name.begin, name.begin);
}

Result<std::vector<NodeIndex>> RuleParser::function_arguments() {
  std::vector<NodeIndex> children;
  FORGE_TRY(expect_symbol("("));
  if (take_symbol(")")) return children;
  do {
    FORGE_ASSIGN(const NodeIndex child, expression(kOrLevel));
    children.push_back(child);
  } while (take_symbol(","));
  FORGE_TRY(expect_symbol(")"));
  return children;
}

Result<NodeIndex> RuleParser::field() {
  const Token& name = take();
  if (scope_.record == nullptr) {
    return reporter_.error(ErrorId::kRuleUnknownName, "uses unknown field " + quoted(name.text), "there is no record here",
                           name.begin);
  }
  if (token().is_symbol(".")) {
    return reporter_.syntax("looks into '" + name.text + "'", "nested values can only be tested with 'is null'", name.begin);
  }
  if (scope_.record->find(name.text) == nullptr && scope_.arguments != nullptr && scope_.arguments->find(name.text) != nullptr) {
    return reporter_.error(ErrorId::kRuleUnknownName, "uses unknown field " + quoted(name.text),
                           "did you mean the argument ':" + name.text + "'?", name.begin);
  }
  return table_value(*scope_.record, Op::kField, name);
}

Result<NodeIndex> RuleParser::argument() {
  const Token& name = take();
  if (token().is_symbol(".") && name.text == "actor") return actor(name.begin);
  if (token().is_symbol(".")) {
    return reporter_.syntax("looks into ':" + name.text + "'", "only ':actor' has parts", name.begin);
  }
  if (scope_.arguments == nullptr) {
    return reporter_.error(ErrorId::kRuleUnknownName, "uses unknown argument ':" + name.text + "'", "there are no arguments here",
                           name.begin);
  }
  return table_value(*scope_.arguments, Op::kArgument, name);
}

Result<NodeIndex> RuleParser::parameter() {
  const Token& path = take();
  if (scope_.parameters == nullptr) {
    return reporter_.error(ErrorId::kRuleUnknownName, "uses '${" + path.text + "}'",
                           "only the conditions and transforms of workflows have values with paths", path.begin);
  }
  const std::vector<RuleParameter>& known = *scope_.parameters;
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const RuleParameter& candidate) { return candidate.path == path.text; });
  if (found == known.end()) {
    return reporter_.error(ErrorId::kRuleUnknownName, "uses unknown '${" + path.text + "}'", "there is no such value", path.begin);
  }
  Node made;
  made.op = Op::kParameter;
  made.index = static_cast<std::uint16_t>(found - known.begin());
  made.type = {found->type, nullptr, found->nested};
  return leaf(std::move(made), path.begin);
}

Result<NodeIndex> RuleParser::table_value(const TableType& table, Op op, const Token& name) {
  const Field* found = table.find(name.text);
  if (found == nullptr) return unknown_in(table, op, name);
  Node made;
  made.op = op;
  made.index = static_cast<std::uint16_t>(found - table.fields.data());
  made.type = type_of(*found);
  return leaf(std::move(made), name.begin);
}

Status RuleParser::unknown_in(const TableType& table, Op op, const Token& name) const {
  const bool argument = op == Op::kArgument;
  const std::string mark = argument ? ":" : "";
  std::string why = why_unknown_field(name.text, table, mark);
  if (name.kind == TokenKind::kQuoted) why += "; a text stands in single quotes";
  return reporter_.error(ErrorId::kRuleUnknownName,
                         (argument ? "uses unknown argument " : "uses unknown field ") + quoted(mark + name.text), std::move(why),
                         name.begin);
}

Result<NodeIndex> RuleParser::actor(std::uint32_t begin) {
  FORGE_TRY(expect_symbol("."));
  const Token& part = token();
  const bool id = part.kind == TokenKind::kName && part.text == "id";
  const bool role = part.kind == TokenKind::kName && part.text == "role";
  if ((!id && !role) || !scope_.actor) {
    return reporter_.error(ErrorId::kRuleUnknownName, "uses unknown ':actor." + part.text + "'",
                           scope_.actor ? "an actor has id, role" : "there is no actor here", begin);
  }
  ++position_;
  return value_of(id ? Op::kActorId : Op::kActorRole, RuleType::kText, begin);
}

}  // namespace forge::internal
