#pragma once

// Enums and tables as the domain knows them, from FlatBuffers' reflection and the outlines together.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "forge/events/domain.h"
#include "schema_findings.h"
#include "schema_outline.h"
#include "schema_reflection.h"

namespace forge::internal {

struct DomainTypes {
  std::vector<std::unique_ptr<EnumType>> enums;    // by reflection index; null for bit_flags, whose fields are integers
  std::vector<std::unique_ptr<TableType>> tables;  // by reflection index; what nested fields point at
};

struct DeclaredTable {
  const TableType* type = nullptr;  // owned by DomainTypes
  std::string documentation;
};
using DeclaredTables = std::unordered_map<const TableOutline*, DeclaredTable>;

// Reads every enum and table. Adds a finding for each default that cannot be. The tables that FlatBuffers knows go into `declared`.
DomainTypes read_types(const ReflectedSchema& reflected, const std::vector<FileOutline>& outlines, SchemaFindings& findings,
                       DeclaredTables& declared);

// A table with texts of defaults of its own.
TableType copy_table(const TableType& table);

// Whether an argument's value can become the field's: the same sort of value and the same enum. Integers of every width fit each
// other; their range is checked when values are at hand.
bool fits(const Field& argument, const Field& field);

}  // namespace forge::internal
