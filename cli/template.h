#pragma once

// What `init` begins a store with: a schema to edit, or an example that runs.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace forge::cli {

struct Template {
  std::string_view name;  // "shop"; the schema's file is named after it, but for "empty"
  std::string_view schema;
  std::vector<std::string_view> first;  // commands that show what the example is about, in order
};

// The last one is "empty". Lives for ever.
std::span<const Template> templates();
std::vector<std::string> template_names();
// Null when there is none of that name.
const Template* find_template(std::string_view name);

// The schema of "empty" for a namespace of that name.
std::string empty_schema(std::string_view name);

}  // namespace forge::cli
