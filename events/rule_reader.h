#pragma once

// Reads single expressions, and the lists of rules and assignments that attributes hold.

#include <set>
#include <string>
#include <vector>

#include "rule_lexer.h"
#include "rule_parser.h"

namespace forge::internal {

class RuleReader {
 public:
  RuleReader(const RuleSource& source, const RuleScope& scope) : scope_(scope), reporter_{source, "the expression"} {}

  // One of these, once.
  Result<Expression> read_expression();
  Result<Expression> read_value(const Field& field);
  Result<std::vector<Rule>> read_rules();
  Result<std::vector<Assignment>> read_assignments();
  Result<std::vector<Assignment>> read_steps();

 private:
  const Token& token() const { return tokens_[position_]; }
  Status start();
  // Steps over the ';' that ended a part. Whether there is a further one: the last may end with a ';' too.
  bool next_part();
  std::string read_name();
  Result<Rule> read_rule();
  Result<Assignment> read_assignment();
  // Reads one expression of a part that began at `begin`; with `field`, one that fits it.
  Result<Expression> read(std::size_t begin, const Field* field);
  Result<Expression> read_whole(const Field* field);
  // Gives the rules without a name one that is not taken.
  void name_the_rest(std::vector<Rule>& rules, std::set<std::string>& taken) const;
  std::string name_of_reads(const Expression& expression) const;

  const RuleScope& scope_;
  RuleReporter reporter_;
  std::vector<Token> tokens_;
  std::size_t position_ = 0;
};

}  // namespace forge::internal
