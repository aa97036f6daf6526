#pragma once

// Paths into values, and texts that have some: `load.lines[0].sku`, "order ${input.id}".

#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge::internal {

struct ValuePath {
  struct Part {
    std::string name;  // of a member; empty: an item of a list
    std::size_t index = 0;
  };

  std::string text;
  std::string root;  // "load"
  std::vector<Part> parts;

  // Names are of letters, digits, '_' and '-'. Errors: kWorkflowReference saying what is wrong; without a place.
  static Result<ValuePath> parse(std::string_view text);
};

// What `path` leads to from the value of its root, or null.
const Value* find(const Value& root, const ValuePath& path);

// A piece of a text: literal, or the path between `${` and `}`.
struct TextPiece {
  bool is_path = false;
  std::string text;
  std::size_t offset = 0;  // where it begins; of a path, its `${`
};

// `$${` stands for a literal `${`. Errors: kWorkflowReference where a '}' is missing.
Result<std::vector<TextPiece>> split_text(std::string_view text);

}  // namespace forge::internal
