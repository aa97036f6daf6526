#pragma once

// Runs a rule's program.

#include <cstdint>
#include <memory_resource>
#include <string>

#include "rule_program.h"
#include "rule_values.h"

namespace forge::internal {

// One evaluation. Its cost is bounded: each instruction is one step and runs at most once, work on texts is one step for every 64
// bytes looked at, and the texts that it makes have a limit in all.
class RuleEvaluator {
 public:
  RuleEvaluator(const RuleProgram& program, const RuleInput& input, std::pmr::memory_resource& memory);

  // False when the rule could not be evaluated: reason() says why.
  bool run(Cell& result);
  const std::string& reason() const { return reason_; }

 private:
  bool load(const Instruction& instruction, std::span<const Cell> row, const TableType& table, Cell& result);
  bool compare(Op op, const Cell& a, const Cell& b, Cell& result);
  bool equal(const Cell& a, const Cell& b, bool& is_equal);
  bool between(Cell* operands);
  bool extreme(Op op, Cell* operands);
  bool in_test(Cell* operands);
  bool enum_name(const EnumType& enumeration, Cell& operand);
  // Functions of texts: `operands` holds them and takes the result first.
  bool text_function(const Instruction& instruction, Cell* operands);
  bool change_case(bool upper, Cell& operand);
  bool trim(Cell& operand);
  bool concat(Cell* operands);
  bool substr(Cell* operands, std::size_t count);
  bool replace(Cell* operands);
  bool match_like(Cell* operands);

  bool fail(std::string reason);
  bool spend(std::size_t bytes);
  char* allocate(std::size_t bytes);  // null when the texts have grown too large

  const RuleProgram& program_;
  const RuleInput& input_;
  std::pmr::memory_resource& memory_;
  std::int64_t work_left_;  // in bytes
  std::size_t text_bytes_ = 0;
  std::string reason_;
};

}  // namespace forge::internal
