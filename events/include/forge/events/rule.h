#pragma once

// The rule language: a typed subset of SQL expressions over a record's fields, an action's arguments (`:name`) and the actor
// (`:actor.id`, `:actor.role`). Grammar, functions and the meaning of NULL: docs/rules.md.
//
// Expressions are parsed and type-checked once, with the position of every error, and evaluated by a small bounded evaluator.
// Overflow and division by zero are errors. An Expression is immutable: safe to evaluate from many threads at once.

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge {

struct EnumType;
struct Field;
namespace internal {
class RuleReader;
struct RuleProgram;
}  // namespace internal

// A position in a source file, both from 1.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// The text of a rule and where it stands.
struct RuleSource {
  std::string text;
  std::string file;                 // as printed: "shop.fbs", or "--where"
  std::vector<Position> positions;  // of each byte of `text`, and of its end; empty: line 1, column = offset + 1

  Position position_of(std::size_t offset) const;
  // "shop.fbs:14:30".
  std::string place_of(std::size_t offset) const;
};

enum class RuleType : std::uint8_t { kNull, kBool, kInt, kFloat, kText, kEnum };

// A value that an expression names by a path, `${load.qty}`, with the type that it has when the expression is read.
struct RuleParameter {
  std::string path;
  RuleType type = RuleType::kNull;  // kNull: any type would do; never kEnum
  bool nested = false;              // a list, an object or bytes: only `is null` takes it; `type` is kNull
};

// The names an expression may use. A null table means that there are none of that sort.
struct RuleScope {
  const TableType* record = nullptr;     // plain names: fields by index
  const TableType* arguments = nullptr;  // `:name`: arguments by index
  bool actor = false;                    // `:actor.id`, `:actor.role`
  bool now = true;                       // `now()`: a transaction evaluates it
  // `${path}`: parameters by index. Where they are given, there are no arguments.
  const std::vector<RuleParameter>* parameters = nullptr;
};

// What an expression is evaluated on. Everything is borrowed for the call.
struct RuleInput {
  std::span<const Cell> record;     // by field index of RuleScope::record; empty: every field is NULL
  std::span<const Cell> arguments;  // by field index of RuleScope::arguments
  std::string_view actor_id;
  std::string_view actor_role;
  Time now;  // the transaction's time
  // By index of RuleScope::parameters, each null or of that parameter's type.
  std::span<const Cell> parameters = {};
};

// A comparison of a field with a constant or an argument.
struct FieldComparison {
  enum class Operator : std::uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIsNull };

  std::uint16_t field = 0;
  Operator comparison = Operator::kEqual;
  Cell value;                                  // of the field's kind; null for kIsNull, and where it is the argument's
  std::optional<std::uint16_t> argument = {};  // the index of the argument, where it is compared with one
};

class Expression {
 public:
  // Limits: text of 16 KiB, depth of 64, 4,096 nodes. Errors: kRuleSyntax, kRuleUnknownName, kRuleType, each with the place and,
  // for a name, the nearest known one. The tables of `scope` must outlive the expression.
  static Result<Expression> parse(const RuleSource& source, const RuleScope& scope);

  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  // The result; its text borrows from the input, the expression or `memory`. At most 65,536 steps and 1 MiB of text.
  // Errors: kRuleFailed (overflow, division by zero, a limit), with the reason; the place is the rule's.
  Result<Cell> evaluate(const RuleInput& input, std::pmr::memory_resource& memory) const;

  // True only when the result is TRUE. NULL counts as false.
  Result<bool> holds(const RuleInput& input, std::pmr::memory_resource& memory) const;
  // False only when the result is FALSE. NULL counts as true: what `check` needs.
  Result<bool> passes(const RuleInput& input, std::pmr::memory_resource& memory) const;

  RuleType type() const;
  const EnumType* enumeration() const;  // of a kEnum result, else null
  const std::string& text() const;
  // The fields and arguments it reads, ascending, each once.
  const std::vector<std::uint16_t>& fields() const;
  const std::vector<std::uint16_t>& arguments() const;
  // Comparisons that are true wherever the whole expression is: those that it joins with `and`, each with its value, which is that
  // of the argument where there is one. A comparison with a NULL argument is left out. Texts live as long as the expression and
  // the arguments.
  std::vector<FieldComparison> comparisons(std::span<const Cell> argument_cells = {}) const;
  // Whether it computes, so that evaluating it may fail on some values. Comparing alone never does, but for the limits of
  // evaluate().
  bool can_fail() const;

 private:
  friend class internal::RuleReader;
  explicit Expression(std::unique_ptr<const internal::RuleProgram> program);
  std::unique_ptr<const internal::RuleProgram> program_;
};

// A named condition: one part of a `check` or `require` attribute.
struct Rule {
  std::string name;   // "qty_positive"; made from the text's fields where the author gave none: "qty"
  std::string place;  // "shop.fbs:14:30"
  Expression expression;
};

// "field = expression": one part of a `set` or `upcast` attribute.
struct Assignment {
  std::uint16_t field = 0;  // index in the record's table
  std::string place;
  Expression expression;
};

// Reads "name: expression; expression; …"; each must be boolean, and no two may have the same name.
Result<std::vector<Rule>> parse_rules(const RuleSource& source, const RuleScope& scope);
// Reads "field = expression; …"; each expression's type must fit its field, and no field may come twice. A table does not know its
// key: that no key field is set is for the domain to check.
Result<std::vector<Assignment>> parse_assignments(const RuleSource& source, const RuleScope& scope);
// Reads the same, but a field may come several times: each assignment follows on those before it.
Result<std::vector<Assignment>> parse_steps(const RuleSource& source, const RuleScope& scope);
// Reads one expression whose type fits the field, as that of an assignment to it does.
Result<Expression> parse_value(const RuleSource& source, const RuleScope& scope, const Field& field);

}  // namespace forge
