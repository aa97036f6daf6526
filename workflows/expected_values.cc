#include "expected_values.h"

#include "forge/events/json.h"

namespace forge::testing {

std::string difference(const Object& expected, const Object& actual) {
  for (const auto& [name, value] : expected.members()) {
    const Value* const found = actual.find(name);
    const Value there = found == nullptr ? Value() : *found;
    if (there != value) return name + " is " + to_json(there) + ", not " + to_json(value);
  }
  return {};
}

}  // namespace forge::testing
