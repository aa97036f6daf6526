#pragma once

// The types of rules: what each operator and function takes and gives. A text literal turns into a value of an enum here, where
// one is wanted, and an enum into its name, where a text is wanted.

#include <span>
#include <string>
#include <string_view>

#include "rule_reporter.h"
#include "rule_tree.h"

namespace forge {
struct Field;
}

namespace forge::internal {

// The type of a field's values.
ValueType type_of(const Field& field);

class TypeChecker {
 public:
  TypeChecker(const RuleReporter& reporter, Tree& tree) : reporter_(reporter), tree_(tree) {}

  // Gives `node` its type and adds it to the tree. Its op, positions and children are set; its children's types must fit.
  Result<NodeIndex> add(Node node);
  // Makes the value of `node` one that `field` takes, or says why it cannot be. Returns the node to use instead of it.
  Result<NodeIndex> fit(NodeIndex node, const Field& field);

 private:
  Node& at(NodeIndex index) { return tree_.nodes[index]; }
  const Node& at(NodeIndex index) const { return tree_.nodes[index]; }
  std::string described(const Node& node) const;

  Result<ValueType> type_node(Node& node);
  Result<ValueType> type_function(Node& node);
  Result<ValueType> type_arithmetic(const Node& node);
  Result<ValueType> type_case(const Node& node);
  Status want(NodeIndex child, RuleType base, std::string_view wanted) const;
  Status want_all_bool(const Node& node) const;
  Status want_number(NodeIndex child) const;
  Status want_texts(Node& node, std::size_t count);

  // The one type that all of `nodes` have, after turning text literals into enum values. `parent` is where they meet.
  Result<ValueType> unify(std::span<const NodeIndex> nodes, const Node& parent);
  Result<ValueType> unify_ordered(std::span<const NodeIndex> nodes, const Node& parent);
  Status mixed(const Node& a, const Node& b, const Node& parent) const;
  Status turn_into_enum(NodeIndex index, const EnumType& enumeration);
  Status fit_literals(NodeIndex index, const Field& field) const;
  Status misfit(const Node& node, const Field& field, std::string_view hint) const;

  Result<NodeIndex> store(Node node);
  Result<NodeIndex> convert(NodeIndex child, Op op, RuleType base);

  const RuleReporter& reporter_;
  Tree& tree_;
};

}  // namespace forge::internal
