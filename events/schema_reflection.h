#pragma once

// FlatBuffers' own parser over the files of a schema: its types and values, as a reflection schema.

#include <cstdint>
#include <vector>

#include "schema_findings.h"
#include "schema_outline.h"

namespace reflection {
struct Schema;
}

namespace forge::internal {

struct ReflectedSchema {
  std::vector<std::uint8_t> bytes;
  const ::reflection::Schema* schema = nullptr;  // inside `bytes`
};

// Parses the files in the given order, each seeing the types of all. Documentation is kept. The parser stops at its first error;
// an error on a line that has a finding already is not told twice. False when there is an error or a warning.
bool reflect_schema(const std::vector<FileOutline>& outlines, const std::vector<std::size_t>& order, SchemaFindings& findings,
                    ReflectedSchema& out);

}  // namespace forge::internal
