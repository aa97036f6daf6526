#pragma once

// A rule as a flat program for a stack of cells. Every jump goes forward: a program runs each instruction at most once.

#include <deque>
#include <string>
#include <vector>

#include "rule_reporter.h"
#include "rule_tree.h"

namespace forge::internal {

// How many intermediate values an expression may hold at once.
constexpr int kStackCellsMax = 256;

// Operators take their operands from the stack and push the result. The rest:
//   kLiteral      pushes constants[operand]
//   kField, kArgument   push the cell at `index`, which is of `kind`
//   kParameter    pushes the parameter at `index`
//   kEnumName     uses enumerations[operand]
//   kSubstr       has `index` operands
//   kJump         goes on at `operand`, as do all that follow when they jump
//   kJumpIfFalse, kJumpIfTrue   jump when the top is FALSE or TRUE, and leave it
//   kJumpUnless   pops; jumps unless that was TRUE
//   kJumpIfValue  jumps when the top is not NULL and leaves it; else pops it
//   kCaseTest     pops; jumps unless that equals the top
//   kInBegin      pushes FALSE, what is known of an `in` before its items
//   kInTest       pops an item and compares it with the value below the top; jumps when they are equal
//   kInEnd        removes the value below the top
struct Instruction {
  Op op = Op::kPop;
  Kind kind = Kind::kNull;
  std::uint16_t index = 0;
  std::uint32_t operand = 0;
};

struct RuleProgram {
  std::vector<Instruction> code;
  std::vector<Cell> constants;
  std::deque<std::string> literals;  // what text constants point into
  std::vector<const EnumType*> enumerations;
  ValueType type;
  const TableType* record = nullptr;
  const TableType* argument_table = nullptr;
  std::string text;
  std::string subject;
  std::string place;
  std::vector<std::uint16_t> fields;
  std::vector<std::uint16_t> arguments;
  std::vector<FieldComparison> comparisons;
  bool can_fail = false;
  bool reads_secret = false;
};

// The program of a checked tree. Fills what follows from the tree; text, subject, place and tables are the caller's.
Result<RuleProgram> compile(Tree tree, const RuleReporter& reporter);

}  // namespace forge::internal
