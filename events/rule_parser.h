#pragma once

// Reads tokens into a checked tree, by precedence climbing. docs/rules.md has the grammar.

#include <span>

#include "rule_lexer.h"
#include "rule_tree.h"
#include "rule_types.h"

namespace forge::internal {

class RuleParser {
 public:
  // Reads from tokens[position] on; everything outlives the parser.
  RuleParser(const RuleReporter& reporter, const RuleScope& scope, std::span<const Token> tokens, std::size_t position)
      : reporter_(reporter), scope_(scope), tokens_(tokens), position_(position), types_(reporter, tree_) {}

  // Reads one expression up to the end or a ';'.
  Status parse();

  // After parse():
  std::size_t position() const { return position_; }  // of the token that ended the expression
  Tree& tree() { return tree_; }
  TypeChecker& types() { return types_; }

 private:
  struct Nested;  // counts the depth of nesting while it lives

  const Token& token() const { return tokens_[position_]; }
  const Token& take() { return tokens_[position_++]; }
  bool take_symbol(std::string_view symbol);
  bool take_keyword(std::string_view keyword);
  Status expect_symbol(std::string_view symbol);
  Status expect_keyword(std::string_view keyword);
  Status unexpected(std::string_view wanted) const;
  Status check_depth() const;

  Result<NodeIndex> expression(int precedence_min);
  Result<NodeIndex> prefix(int precedence_min);
  Result<NodeIndex> minus();
  Result<NodeIndex> primary();
  Result<NodeIndex> binary(Op op, int precedence, NodeIndex left);
  Result<NodeIndex> predicate(NodeIndex left);
  Result<NodeIndex> is_test(NodeIndex left, const Token& at);
  Result<NodeIndex> between(NodeIndex left, const Token& at);
  Result<NodeIndex> in_list(NodeIndex left, const Token& at);
  Result<NodeIndex> case_of();
  Result<NodeIndex> function();
  Result<std::vector<NodeIndex>> function_arguments();
  Result<NodeIndex> integer(const Token& digits, std::string_view sign, std::uint32_t begin);
  Result<NodeIndex> decimal(const Token& digits);
  Result<NodeIndex> text();
  Result<NodeIndex> field();
  Result<NodeIndex> argument();
  Result<NodeIndex> parameter();
  Result<NodeIndex> actor(std::uint32_t begin);
  Result<NodeIndex> table_value(const TableType& table, Op op, const Token& name);
  Status unknown_in(const TableType& table, Op op, const Token& name) const;
  Result<NodeIndex> leaf(Node made, std::uint32_t begin);
  Result<NodeIndex> value_of(Op op, RuleType base, std::uint32_t begin);
  Result<NodeIndex> literal(Cell value, RuleType base, std::uint32_t begin);
  // A node over `children` that began at `begin` and ends with the last token taken.
  Result<NodeIndex> node(Op op, std::vector<NodeIndex> children, std::uint32_t begin, std::uint32_t at);
  Result<NodeIndex> negated(bool negate, Result<NodeIndex> inner);
  std::uint32_t begin_of(NodeIndex index) const { return tree_.nodes[index].begin; }

  const RuleReporter& reporter_;
  const RuleScope& scope_;
  std::span<const Token> tokens_;
  std::size_t position_;
  int depth_ = 0;
  Tree tree_;
  TypeChecker types_;
};

}  // namespace forge::internal
