#include "rule_types.h"

#include <algorithm>
#include <limits>

#include "forge/events/domain.h"
#include "quote.h"
#include "utf8.h"

namespace forge::internal {
namespace {

constexpr std::size_t kNodesMax = 4096;
constexpr std::size_t kShownBytesMax = 40;

ValueType plain(RuleType base) {
  return {base, nullptr, false};
}

// The children whose value may become the node's own; empty for what computes a new one.
std::vector<NodeIndex> results_of(const Node& node) {
  if (node.op == Op::kCoalesce || node.op == Op::kNullif) return node.children;
  std::vector<NodeIndex> results;
  if (node.op != Op::kCase && node.op != Op::kCaseOf) return results;
  for (std::size_t i = node.op == Op::kCase ? 1 : 2; i < node.children.size(); i += 2) results.push_back(node.children[i]);
  results.push_back(node.children.back());
  return results;
}

struct Range {
  std::int64_t min;
  std::int64_t max;
};

template <typename T>
Range range_of() {
  return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

Range range_of(BaseType type) {
  switch (type) {
    case BaseType::kInt8:
      return range_of<std::int8_t>();
    case BaseType::kUint8:
      return range_of<std::uint8_t>();
    case BaseType::kInt16:
      return range_of<std::int16_t>();
    case BaseType::kUint16:
      return range_of<std::uint16_t>();
    case BaseType::kInt32:
      return range_of<std::int32_t>();
    case BaseType::kUint32:
      return range_of<std::uint32_t>();
    case BaseType::kUint64:
      return {0, std::numeric_limits<std::int64_t>::max()};
    default:
      return range_of<std::int64_t>();
  }
}

}  // namespace

std::string name_of(const ValueType& type) {
  if (type.nested) return "a nested value";
  switch (type.base) {
    case RuleType::kNull:
      return "null";
    case RuleType::kBool:
      return "bool";
    case RuleType::kInt:
      return "int";
    case RuleType::kFloat:
      return "float";
    case RuleType::kText:
      return "text";
    case RuleType::kEnum:
      return type.enumeration->name;
  }
  return "";
}

ValueType type_of(const Field& field) {
  if (is_integer(field.type)) {
    return field.enumeration != nullptr ? ValueType{RuleType::kEnum, field.enumeration, false} : plain(RuleType::kInt);
  }
  switch (field.type) {
    case BaseType::kBool:
      return plain(RuleType::kBool);
    case BaseType::kFloat32:
    case BaseType::kFloat64:
      return plain(RuleType::kFloat);
    case BaseType::kText:
      return plain(RuleType::kText);
    default:
      return {RuleType::kNull, nullptr, true};
  }
}

Result<NodeIndex> TypeChecker::store(Node node) {
  if (tree_.nodes.size() >= kNodesMax) return reporter_.syntax("is too large", "it has more than 4096 parts", node.begin);
  tree_.nodes.push_back(std::move(node));
  return static_cast<NodeIndex>(tree_.nodes.size() - 1);
}

Result<NodeIndex> TypeChecker::add(Node node) {
  FORGE_ASSIGN(node.type, type_node(node));
  // An int among floats: the whole is made a float, so that its type does not depend on the values.
  const bool may_mix = node.op == Op::kMin || node.op == Op::kMax || !results_of(node).empty();
  const bool to_float = may_mix && node.type.base == RuleType::kFloat;
  FORGE_ASSIGN(const NodeIndex index, store(std::move(node)));
  return to_float ? convert(index, Op::kToFloat, RuleType::kFloat) : index;
}

Result<NodeIndex> TypeChecker::convert(NodeIndex child, Op op, RuleType base) {
  Node node;
  node.op = op;
  node.type = plain(base);
  node.begin = at(child).begin;
  node.end = at(child).end;
  node.at = at(child).at;
  node.children = {child};
  return store(std::move(node));
}

// "qty is int".
std::string TypeChecker::described(const Node& node) const {
  std::string shown = reporter_.source.text.substr(node.begin, node.end - node.begin);
  if (shown.size() > kShownBytesMax) {
    shown.resize(valid_utf8_prefix(std::string_view(shown).substr(0, kShownBytesMax)));
    shown += "...";
  }
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return shown + " is " + name_of(node.type);
}

Result<ValueType> TypeChecker::type_node(Node& node) {
  const std::span<const NodeIndex> children = node.children;
  switch (node.op) {
    case Op::kLiteral:
    case Op::kField:
    case Op::kArgument:
    case Op::kActorId:
    case Op::kActorRole:
    case Op::kNow:
    case Op::kParameter:
      return node.type;
    case Op::kIsNull:
      return plain(RuleType::kBool);
    case Op::kNot:
    case Op::kIsTrue:
    case Op::kIsFalse:
    case Op::kAnd:
    case Op::kOr: {
      FORGE_TRY(want_all_bool(node));
      return plain(RuleType::kBool);
    }
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kIn: {
      FORGE_TRY(unify(children, node).status());
      return plain(RuleType::kBool);
    }
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
    case Op::kBetween: {
      FORGE_TRY(unify_ordered(children, node).status());
      return plain(RuleType::kBool);
    }
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
    case Op::kNegate:
      return type_arithmetic(node);
    case Op::kCase:
    case Op::kCaseOf:
      return type_case(node);
    default:
      return type_function(node);
  }
}

Result<ValueType> TypeChecker::type_function(Node& node) {
  switch (node.op) {
    case Op::kConcat:
    case Op::kLower:
    case Op::kUpper:
    case Op::kTrim:
    case Op::kReplace: {
      FORGE_TRY(want_texts(node, node.children.size()));
      return plain(RuleType::kText);
    }
    case Op::kLike: {
      FORGE_TRY(want_texts(node, 2));
      return plain(RuleType::kBool);
    }
    case Op::kLength:
    case Op::kInstr: {
      FORGE_TRY(want_texts(node, node.children.size()));
      return plain(RuleType::kInt);
    }
    case Op::kSubstr: {
      FORGE_TRY(want_texts(node, 1));
      for (std::size_t i = 1; i < node.children.size(); ++i) FORGE_TRY(want(node.children[i], RuleType::kInt, "int"));
      return plain(RuleType::kText);
    }
    case Op::kAbs: {
      FORGE_TRY(want_number(node.children[0]));
      return at(node.children[0]).type;
    }
    case Op::kRound:
    case Op::kFloor:
    case Op::kCeil: {
      FORGE_TRY(want_number(node.children[0]));
      return plain(RuleType::kInt);
    }
    case Op::kMin:
    case Op::kMax:
      return unify_ordered(node.children, node);
    default:
      return unify(node.children, node);  // coalesce and nullif
  }
}

Result<ValueType> TypeChecker::type_arithmetic(const Node& node) {
  ValueType type;
  for (const NodeIndex child : node.children) {
    FORGE_TRY(want_number(child));
    const ValueType& operand = at(child).type;
    if (node.op == Op::kModulo && operand.base == RuleType::kFloat) FORGE_TRY(want(child, RuleType::kInt, "int"));
    if (type.base != RuleType::kFloat && !operand.is_null()) type = operand;
  }
  return type;
}

Result<ValueType> TypeChecker::type_case(const Node& node) {
  const bool of_value = node.op == Op::kCaseOf;
  std::vector<NodeIndex> tests;
  if (of_value) tests.push_back(node.children[0]);
  for (std::size_t i = of_value ? 1 : 0; i + 1 < node.children.size(); i += 2) tests.push_back(node.children[i]);
  if (of_value) {
    FORGE_TRY(unify(tests, node).status());
  } else {
    for (const NodeIndex test : tests) FORGE_TRY(want(test, RuleType::kBool, "bool"));
  }
  return unify(results_of(node), node);
}

Status TypeChecker::want(NodeIndex child, RuleType base, std::string_view wanted) const {
  const Node& node = at(child);
  if (!node.type.nested && (node.type.base == base || node.type.is_null())) return {};
  return reporter_.type("has " + name_of(node.type) + " where " + std::string(wanted) + " is needed", described(node), node.begin);
}

Status TypeChecker::want_all_bool(const Node& node) const {
  for (const NodeIndex child : node.children) FORGE_TRY(want(child, RuleType::kBool, "bool"));
  return {};
}

Status TypeChecker::want_number(NodeIndex child) const {
  return at(child).type.is_number() ? Status() : want(child, RuleType::kInt, "a number");
}

// An enum among the first `count` children is replaced by its name.
Status TypeChecker::want_texts(Node& node, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (at(node.children[i]).type.is_enum()) {
      FORGE_ASSIGN(node.children[i], convert(node.children[i], Op::kEnumName, RuleType::kText));
    }
    FORGE_TRY(want(node.children[i], RuleType::kText, "text"));
  }
  return {};
}

Status TypeChecker::mixed(const Node& a, const Node& b, const Node& parent) const {
  std::string why = described(a) + ", " + described(b);
  if (a.type.is_enum() || b.type.is_enum()) why += "; an enum is compared with one of its names or with itself";
  return reporter_.type("mixes " + name_of(a.type) + " and " + name_of(b.type), std::move(why), parent.at);
}

Result<ValueType> TypeChecker::unify(std::span<const NodeIndex> nodes, const Node& parent) {
  const Node* first = nullptr;  // the first that is not null
  const Node* of_enum = nullptr;
  for (const NodeIndex index : nodes) {
    const Node& node = at(index);
    if (node.type.nested) {
      return reporter_.type("uses a nested value", described(node) + ", which can only be tested with 'is null'", node.begin);
    }
    if (first == nullptr && !node.type.is_null()) first = &node;
    if (of_enum == nullptr && node.type.is_enum()) of_enum = &node;
  }
  if (first == nullptr) return ValueType();
  ValueType type = of_enum != nullptr ? of_enum->type : first->type;
  for (const NodeIndex index : nodes) {
    const Node& node = at(index);
    if (node.type.is_null() || node.type == type) continue;
    if (type.is_enum() && node.type.base == RuleType::kText) {
      FORGE_TRY(turn_into_enum(index, *type.enumeration));
    } else if (type.is_number() && node.type.is_number()) {
      type = plain(RuleType::kFloat);
    } else {
      return mixed(of_enum != nullptr ? *of_enum : *first, node, parent);
    }
  }
  return type;
}

Result<ValueType> TypeChecker::unify_ordered(std::span<const NodeIndex> nodes, const Node& parent) {
  FORGE_ASSIGN(const ValueType type, unify(nodes, parent));
  if (!type.is_enum() && type.base != RuleType::kBool) return type;
  return reporter_.type("orders values of " + name_of(type), described(at(nodes[0])) + ", which has no order", parent.at);
}

// A text literal, or an expression whose results are literals, as a value of an enum.
Status TypeChecker::turn_into_enum(NodeIndex index, const EnumType& enumeration) {
  Node& node = at(index);
  const ValueType wanted{RuleType::kEnum, &enumeration, false};
  if (node.type.is_null() || node.type == wanted) return {};
  const std::vector<NodeIndex> results = results_of(node);
  if (node.op != Op::kLiteral || node.type.base != RuleType::kText) {
    if (results.empty()) {
      return reporter_.type("mixes " + enumeration.name + " and " + name_of(node.type),
                            described(node) + "; an enum takes one of its names or the same enum", node.begin);
    }
    for (const NodeIndex result : results) FORGE_TRY(turn_into_enum(result, enumeration));
    node.type = wanted;
    return {};
  }
  const std::string name(node.literal.as_text());
  if (const EnumValue* value = enumeration.find(name); value != nullptr) {
    node.literal = Cell::of(value->value);
    node.type = wanted;
    return {};
  }
  std::vector<std::string_view> known;
  for (const EnumValue& value : enumeration.values) known.push_back(value.name);
  return reporter_.error(ErrorId::kRuleUnknownName, "uses unknown " + enumeration.name + " " + quoted(name),
                         why_unknown(name, known, enumeration.name), node.begin);
}

Result<NodeIndex> TypeChecker::fit(NodeIndex index, const Field& field) {
  const Node& node = at(index);
  const ValueType target = type_of(field);
  if (node.type.is_null()) {
    if (field.nullable && !field.required) return index;
    return reporter_.type("sets '" + field.name + "' to NULL", "it cannot be NULL", node.begin);
  }
  if (target.nested || node.type.nested) return misfit(node, field, "");
  if (target.is_enum() && node.type.base == RuleType::kText) {
    FORGE_TRY(turn_into_enum(index, *target.enumeration));
    return index;
  }
  if (target.base == RuleType::kText && node.type.is_enum()) return convert(index, Op::kEnumName, RuleType::kText);
  if (target.base == RuleType::kFloat && node.type.base == RuleType::kInt) return convert(index, Op::kToFloat, RuleType::kFloat);
  if (target.base == RuleType::kInt && node.type.base == RuleType::kFloat) {
    return misfit(node, field, "; make it an int with round(), floor() or ceil()");
  }
  if (!(node.type == target)) return misfit(node, field, "");
  if (target.base == RuleType::kInt) FORGE_TRY(fit_literals(index, field));
  return index;
}

Status TypeChecker::misfit(const Node& node, const Field& field, std::string_view hint) const {
  return reporter_.type("does not fit '" + field.name + "'",
                        described(node) + ", the field is " + field.type_name + std::string(hint), node.begin);
}

Status TypeChecker::fit_literals(NodeIndex index, const Field& field) const {
  const Node& node = at(index);
  if (node.op == Op::kNullif) return fit_literals(node.children[0], field);
  for (const NodeIndex result : results_of(node)) FORGE_TRY(fit_literals(result, field));
  if (node.op != Op::kLiteral || node.literal.kind != Kind::kInt) return {};
  const auto [min, max] = range_of(field.type);
  if (node.literal.integer >= min && node.literal.integer <= max) return {};
  return reporter_.type("sets '" + field.name + "' out of its range",
                        std::to_string(node.literal.integer) + " is not in " + std::to_string(min) + " to " + std::to_string(max),
                        node.begin);
}

}  // namespace forge::internal
