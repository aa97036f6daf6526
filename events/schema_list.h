#pragma once

// Reads the lists that attributes hold: "by_day: day, room; room", "Placed -> Paid, Cancelled". Words, and the marks , ; : and ->,
// each with its place; blanks between them mean nothing.

#include <optional>
#include <string>
#include <string_view>

#include "schema_findings.h"
#include "schema_outline.h"

namespace forge::internal {

struct ListWord {
  std::string text;
  SchemaPlace place;
};

class ListReader {
 public:
  // Both outlive the reader. Findings name the attribute.
  ListReader(const AttributeOutline& attribute, SchemaFindings& findings) : attribute_(attribute), findings_(findings) {}

  bool at_end();
  // Takes the mark where it is next.
  bool take(std::string_view mark);
  bool is_next(std::string_view mark);
  // Takes the word where it is next, whatever it is.
  std::optional<ListWord> take_word();
  // Takes that keyword where it is next.
  bool take_keyword(std::string_view word);
  // Takes everything up to the next ';' outside quotes, or to the end, as a rule's source.
  RuleSource take_rule();
  SchemaPlace here();

  // Adds a finding that `what` is expected here, and ends the reading. False.
  bool expected(std::string_view what, std::string_view example);

 private:
  std::string_view rest();
  SchemaPlace place_at(std::size_t offset) const;

  const AttributeOutline& attribute_;
  SchemaFindings& findings_;
  std::size_t next_ = 0;
};

}  // namespace forge::internal
