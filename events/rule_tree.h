#pragma once

// A parsed rule as a tree. Its nodes stand in one vector, children before their parents.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/rule.h"

namespace forge::internal {

// What a node computes from its children, and what an instruction does (rule_program.h). Ranges of the order are relied upon.
enum class Op : std::uint8_t {
  // leaves
  kLiteral,
  kField,
  kArgument,
  kActorId,
  kActorRole,
  kNow,
  kParameter,
  // one child
  kNot,
  kIsNull,
  kIsTrue,
  kIsFalse,
  kNegate,
  kAbs,
  kRound,
  kFloor,
  kCeil,
  kToFloat,
  kEnumName,
  kLower,
  kUpper,
  kTrim,
  kLength,
  // two children
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kConcat,
  kLike,
  kInstr,
  kNullif,
  kAnd,
  kOr,
  // more
  kBetween,   // value, low, high
  kSubstr,    // text, start, and perhaps length
  kReplace,   // text, from, to
  kMin,       // two or more
  kMax,       // two or more
  kCoalesce,  // two or more
  kIn,        // the value, then the items
  kCase,      // condition, result, …, otherwise
  kCaseOf,    // the value, then value, result, …, otherwise
  // only in programs
  kJump,
  kJumpIfFalse,
  kJumpIfTrue,
  kJumpUnless,
  kJumpIfValue,
  kCaseTest,
  kInBegin,
  kInTest,
  kInEnd,
  kPop,
};

struct ValueType {
  RuleType base = RuleType::kNull;
  const EnumType* enumeration = nullptr;  // of kEnum
  bool nested = false;                    // a vector, table or struct: only `is null` takes it; base is kNull

  bool is_null() const { return base == RuleType::kNull && !nested; }
  bool is_number() const { return base == RuleType::kInt || base == RuleType::kFloat; }
  bool is_enum() const { return base == RuleType::kEnum; }
  friend bool operator==(const ValueType&, const ValueType&) = default;
};

// "int", "OrderStatus", "a nested value".
std::string name_of(const ValueType& type);

using NodeIndex = std::uint32_t;

struct Node {
  Op op = Op::kLiteral;
  std::uint16_t index = 0;  // of the field, argument or parameter
  ValueType type;
  Cell literal;             // text points into Tree::texts
  std::uint32_t begin = 0;  // the node's text in the source
  std::uint32_t end = 0;
  std::uint32_t at = 0;  // the offset of its operator or name
  std::vector<NodeIndex> children;
};

struct Tree {
  std::vector<Node> nodes;
  std::deque<std::string> texts;  // of text literals; their addresses are stable
  NodeIndex root = 0;
};

}  // namespace forge::internal
