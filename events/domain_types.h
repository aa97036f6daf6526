#pragma once

// Tables and enums as the domain knows them, from FlatBuffers' reflection and the outline together.

#include <memory>
#include <vector>

#include "forge/events/domain.h"
#include "schema_findings.h"
#include "schema_outline.h"
#include "schema_reflection.h"

namespace reflection {
struct Enum;
}

namespace forge::internal {

using EnumTypes = std::vector<std::unique_ptr<EnumType>>;  // by reflection index; null for bit_flags, whose fields are integers

class TypeReader {
 public:
  // The arguments outlive the reader, the schema and the enums also what it reads.
  TypeReader(const ReflectedSchema& reflected, const std::vector<FileOutline>& outlines, SchemaFindings& findings)
      : schema_(*reflected.schema), outlines_(outlines), findings_(findings) {}

  EnumTypes read_enums() const;
  // Adds a finding for each default that cannot be. The table may be moved, not copied: texts of defaults point into its fields.
  TableType read_table(const TableOutline& outline, const EnumTypes& enums) const;

 private:
  EnumType read_enum(const EnumOutline& outline, const ::reflection::Enum& known) const;
  void read_field(const FieldOutline& declared, const ::reflection::Field& known, const EnumTypes& enums, Field& field) const;
  void read_default(const FieldOutline& outline, Field& field) const;
  void read_scalar_default(const FieldOutline& outline, Field& field) const;
  void disagree(SchemaPlace place, std::string_view name) const;
  void refuse(const FieldOutline& outline, std::string what, std::string remedy) const;

  const ::reflection::Schema& schema_;
  const std::vector<FileOutline>& outlines_;
  SchemaFindings& findings_;
};

// Whether an argument's value can become the field's: the same sort of value and the same enum. Integers of every width fit each
// other; their range is checked when values are at hand.
bool fits(const Field& argument, const Field& field);

// A /// comment as FlatBuffers keeps it, as text.
template <typename Strings>
std::string documentation_of(const Strings* lines) {
  std::string out;
  if (lines == nullptr) return out;
  for (const auto* line : *lines) {
    std::string_view text(line->c_str(), line->size());
    if (text.starts_with(' ')) text.remove_prefix(1);
    if (!out.empty()) out += '\n';
    out += text;
  }
  return out;
}

}  // namespace forge::internal
