#pragma once

// An expression of the rule language over values whose types are known only when it is evaluated: `${load.qty} > 0`. Each
// `${path}` is a bound parameter, never text that is read as part of the expression. Otherwise grammar, functions and NULL are
// those of docs/rules.md; there are no fields, arguments or actor.
//
// What does not depend on the values is checked when it is parsed; the types are checked at each evaluation, with the types that
// the values have then, so nothing is converted in silence: comparing a text with a number is an error. Immutable: safe to share.

#include <span>
#include <string>
#include <vector>

#include "forge/events/rule.h"
#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/events/value.h"

namespace forge {

class DynamicExpression {
 public:
  // A path that the expression reads, and where its `${` stands in the source's text.
  struct Path {
    std::string text;
    std::size_t offset = 0;
  };

  // Errors: kRuleSyntax, kRuleUnknownName and kRuleType, each with the place. At most 1,000 paths.
  static Result<DynamicExpression> parse(RuleSource source);
  // The same, and an error where the result cannot be a condition whatever the values are.
  static Result<DynamicExpression> parse_condition(RuleSource source);

  // Each path once, in the order in which they first appear.
  const std::vector<Path>& paths() const { return paths_; }
  const std::string& text() const { return source_.text; }

  // The result: null, bool, int, float or text. `values` are by index of paths(). `now` is what now() gives. Parses the text anew,
  // which takes some microseconds. Errors: kRuleType where the values do not fit, kRuleFailed where they cannot be computed with.
  Result<Value> evaluate(std::span<const Value* const> values, Time now) const;
  // True only when the result is TRUE; NULL counts as false. Errors: as above; kRuleType where the result is no condition.
  Result<bool> holds(std::span<const Value* const> values, Time now) const;

 private:
  DynamicExpression() = default;

  RuleSource source_;
  std::vector<Path> paths_;
};

}  // namespace forge
