#pragma once

// How a rule's errors are worded: "<subject> <what happened>", with the place of the byte at fault.

#include <span>
#include <string>
#include <string_view>

#include "forge/events/rule.h"

namespace forge::internal {

struct RuleReporter {
  const RuleSource& source;
  std::string subject;  // "rule 'qty_positive'"

  Status error(ErrorId id, std::string_view what, std::string why, std::size_t offset) const {
    return Status(id, subject + " " + std::string(what)).why(std::move(why)).place(source.place_of(offset));
  }
  Status syntax(std::string_view what, std::string why, std::size_t offset) const {
    return error(ErrorId::kRuleSyntax, what, std::move(why), offset);
  }
  Status type(std::string_view what, std::string why, std::size_t offset) const {
    return error(ErrorId::kRuleType, what, std::move(why), offset);
  }
};

// Why `name` is unknown: "did you mean 'qty'?", else "Order has id, sku, qty", where `owner` is "Order".
std::string why_unknown(std::string_view name, std::span<const std::string_view> known, std::string_view owner);

// The same among the fields of a table, each written with `mark` before it.
std::string why_unknown_field(std::string_view name, const TableType& table, const std::string& mark);

}  // namespace forge::internal
