#include "rule_program.h"

#include <algorithm>
#include <optional>

namespace forge::internal {
namespace {

Kind kind_of(RuleType type) {
  switch (type) {
    case RuleType::kNull:
      return Kind::kNested;
    case RuleType::kBool:
      return Kind::kBool;
    case RuleType::kInt:
    case RuleType::kEnum:
      return Kind::kInt;
    case RuleType::kFloat:
      return Kind::kFloat;
    case RuleType::kText:
      return Kind::kText;
  }
  return Kind::kNull;
}

class Compiler {
 public:
  explicit Compiler(const Tree& tree) : tree_(tree) {}

  void generate(NodeIndex index);
  int depth_max() const { return depth_max_; }
  RuleProgram take() { return std::move(program_); }

 private:
  using Jumps = std::vector<std::size_t>;

  void leaf(const Node& node);
  void case_of_conditions(const Node& node);
  void finish(const Node& node);
  void logical(const Node& node);
  void coalesce(const Node& node);
  void in(const Node& node);
  void case_of_value(const Node& node);
  void eager(const Node& node);

  std::size_t emit(Instruction instruction, int depth_change) {
    program_.code.push_back(instruction);
    depth_ += depth_change;
    depth_max_ = std::max(depth_max_, depth_);
    return program_.code.size() - 1;
  }
  std::size_t emit(Op op, int depth_change) { return emit(Instruction{op}, depth_change); }
  void land(const Jumps& jumps) {
    for (const std::size_t jump : jumps) program_.code[jump].operand = static_cast<std::uint32_t>(program_.code.size());
  }

  const Tree& tree_;
  RuleProgram program_;
  int depth_ = 0;
  int depth_max_ = 0;
};

// Chains such as a + b + c lean to the left: going down the first children in a loop keeps the recursion as shallow as the
// nesting of the text.
void Compiler::generate(NodeIndex index) {
  std::vector<const Node*> above;
  const Node* node = &tree_.nodes[index];
  while (!node->children.empty() && node->op != Op::kCase) {
    above.push_back(node);
    node = &tree_.nodes[node->children[0]];
  }
  leaf(*node);
  for (auto parent = above.rbegin(); parent != above.rend(); ++parent) finish(**parent);
}

void Compiler::leaf(const Node& node) {
  if (node.op == Op::kCase) return case_of_conditions(node);
  Instruction instruction{node.op, kind_of(node.type.base), node.index, 0};
  if (node.op == Op::kLiteral) {
    instruction.operand = static_cast<std::uint32_t>(program_.constants.size());
    program_.constants.push_back(node.literal);
  }
  emit(instruction, 1);
}

void Compiler::case_of_conditions(const Node& node) {
  Jumps to_end;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    generate(node.children[i]);
    const std::size_t to_next = emit(Op::kJumpUnless, -1);
    generate(node.children[i + 1]);
    to_end.push_back(emit(Op::kJump, -1));
    land({to_next});
  }
  generate(node.children.back());
  land(to_end);
}

// Emits the rest of a node whose first child is on the stack.
void Compiler::finish(const Node& node) {
  switch (node.op) {
    case Op::kAnd:
    case Op::kOr:
      return logical(node);
    case Op::kCoalesce:
      return coalesce(node);
    case Op::kIn:
      return in(node);
    case Op::kCaseOf:
      return case_of_value(node);
    default:
      return eager(node);
  }
}

void Compiler::logical(const Node& node) {
  const std::size_t jump = emit(node.op == Op::kAnd ? Op::kJumpIfFalse : Op::kJumpIfTrue, 0);
  generate(node.children[1]);
  emit(node.op, -1);
  land({jump});
}

void Compiler::coalesce(const Node& node) {
  Jumps to_end;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    to_end.push_back(emit(Op::kJumpIfValue, -1));
    generate(node.children[i]);
  }
  land(to_end);
}

void Compiler::in(const Node& node) {
  Jumps to_end;
  emit(Op::kInBegin, 1);
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    generate(node.children[i]);
    to_end.push_back(emit(Op::kInTest, -1));
  }
  land(to_end);
  emit(Op::kInEnd, -1);
}

void Compiler::case_of_value(const Node& node) {
  Jumps to_end;
  for (std::size_t i = 1; i + 1 < node.children.size(); i += 2) {
    generate(node.children[i]);
    const std::size_t to_next = emit(Op::kCaseTest, -1);
    emit(Op::kPop, -1);
    generate(node.children[i + 1]);
    to_end.push_back(emit(Op::kJump, 0));
    land({to_next});
  }
  emit(Op::kPop, -1);
  generate(node.children.back());
  land(to_end);
}

void Compiler::eager(const Node& node) {
  Instruction instruction{node.op, Kind::kNull, static_cast<std::uint16_t>(node.children.size()), 0};
  if (node.op == Op::kEnumName) {
    instruction.operand = static_cast<std::uint32_t>(program_.enumerations.size());
    program_.enumerations.push_back(tree_.nodes[node.children[0]].type.enumeration);
  }
  if (node.op == Op::kMin || node.op == Op::kMax) {
    for (std::size_t i = 1; i < node.children.size(); ++i) {
      generate(node.children[i]);
      emit(instruction, -1);
    }
    return;
  }
  for (std::size_t i = 1; i < node.children.size(); ++i) generate(node.children[i]);
  emit(instruction, 1 - static_cast<int>(node.children.size()));
}

std::vector<std::uint16_t> indexes_of(const Tree& tree, Op op) {
  std::vector<std::uint16_t> indexes;
  for (const Node& node : tree.nodes) {
    if (node.op == op) indexes.push_back(node.index);
  }
  std::sort(indexes.begin(), indexes.end());
  indexes.erase(std::unique(indexes.begin(), indexes.end()), indexes.end());
  return indexes;
}

using Comparison = FieldComparison::Operator;

// The operator with its sides as `field OPERATOR constant`, or nothing where it is none that an index answers.
std::optional<Comparison> operator_of(Op op, bool field_first) {
  switch (op) {
    case Op::kEqual:
      return Comparison::kEqual;
    case Op::kLess:
      return field_first ? Comparison::kLess : Comparison::kGreater;
    case Op::kLessEqual:
      return field_first ? Comparison::kLessEqual : Comparison::kGreaterEqual;
    case Op::kGreater:
      return field_first ? Comparison::kGreater : Comparison::kLess;
    case Op::kGreaterEqual:
      return field_first ? Comparison::kGreaterEqual : Comparison::kLessEqual;
    default:
      return std::nullopt;
  }
}

// Appends `field comparison constant`, or `field comparison argument`, where the nodes are those.
void add_comparison(const Node& field, Comparison comparison, const Node& constant, std::vector<FieldComparison>& out) {
  if (field.op == Op::kField && constant.op == Op::kArgument && constant.type == field.type) {
    out.push_back({field.index, comparison, Cell::null(), constant.index});
  }
  if (field.op != Op::kField || constant.op != Op::kLiteral) return;
  if (constant.literal.is_null() || constant.literal.kind != kind_of(field.type.base)) return;
  out.push_back({field.index, comparison, constant.literal});
}

// What the root and everything that it joins with `and` compare. A chain of `and` leans to the left and may be long.
std::vector<FieldComparison> comparisons_of(const Tree& tree) {
  std::vector<FieldComparison> out;
  std::vector<NodeIndex> open = {tree.root};
  while (!open.empty()) {
    const Node& node = tree.nodes[open.back()];
    open.pop_back();
    const auto child = [&](std::size_t i) -> const Node& { return tree.nodes[node.children[i]]; };
    if (node.op == Op::kAnd) {
      open.insert(open.end(), node.children.begin(), node.children.end());
    } else if (node.op == Op::kIsNull && child(0).op == Op::kField) {
      out.push_back({child(0).index, Comparison::kIsNull, Cell::null()});
    } else if (node.op == Op::kBetween) {
      add_comparison(child(0), Comparison::kGreaterEqual, child(1), out);
      add_comparison(child(0), Comparison::kLessEqual, child(2), out);
    } else if (const auto forward = operator_of(node.op, true)) {
      add_comparison(child(0), *forward, child(1), out);
      add_comparison(child(1), *operator_of(node.op, false), child(0), out);
    }
  }
  return out;
}

// Arithmetic overflows, divides by zero or leaves the finite numbers; an enum value may have no name; a made text may be too long.
bool computes(Op op) {
  switch (op) {
    case Op::kNegate:
    case Op::kAbs:
    case Op::kRound:
    case Op::kFloor:
    case Op::kCeil:
    case Op::kEnumName:
    case Op::kLower:
    case Op::kUpper:
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
    case Op::kConcat:
    case Op::kReplace:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<RuleProgram> compile(Tree tree, const RuleReporter& reporter) {
  const Node& root = tree.nodes[tree.root];
  if (root.type.nested) {
    return reporter.type("uses a nested value", "a nested value can only be tested with 'is null'", root.begin);
  }
  Compiler compiler(tree);
  compiler.generate(tree.root);
  if (compiler.depth_max() > kStackCellsMax) {
    return reporter.syntax("is nested too deep", "it holds more than 256 intermediate values at once", root.begin);
  }
  RuleProgram program = compiler.take();
  program.type = root.type;
  program.fields = indexes_of(tree, Op::kField);
  program.arguments = indexes_of(tree, Op::kArgument);
  program.comparisons = comparisons_of(tree);
  program.can_fail = std::any_of(tree.nodes.begin(), tree.nodes.end(), [](const Node& node) { return computes(node.op); });
  program.literals = std::move(tree.texts);
  return program;
}

}  // namespace forge::internal
