#pragma once

// Reads what a resource's attributes demand of its records: the key, unique constraints, indexes, references, computed fields,
// transitions and tags. Each adds a finding for what is malformed, names what is not there, or does not fit.

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "forge/events/domain.h"
#include "schema_findings.h"
#include "schema_list.h"
#include "schema_numbers.h"
#include "schema_outline.h"

namespace forge::internal {

class ConstraintReader {
 public:
  ConstraintReader(const TableOutline& outline, NumberGiver& numbers, SchemaFindings& findings, Resource& resource)
      : outline_(outline), numbers_(numbers), findings_(findings), resource_(resource) {}

  // In this order. After the first, the fields of the key and the marks on fields are known.
  void read_key_and_marks();
  // `resources` are all of the domain's, with their keys known and in their final place; `find` gives one by name, or null.
  using FindResource = std::function<Resource*(std::string_view)>;
  void read_constraints(std::span<const std::string_view> resource_names, const FindResource& find);
  // Rules that other rules may rest on.
  void read_computed();

 private:
  void add(SchemaPlace place, ErrorId id, std::string what, std::string why, std::string remedy = {});
  void read_table_key(const AttributeOutline& attribute);
  void read_field_key();
  void check_key_part(SchemaPlace place, const Field& field);
  void read_mark(const FieldOutline& declared, Field& field);

  // Fields of the record by name, separated by ','. False after a finding.
  bool read_fields(ListReader& list, std::string_view example, std::vector<std::uint16_t>& fields);
  bool read_named_fields(ListReader& list, std::string_view example, ListWord& name, std::vector<std::uint16_t>& fields);
  const Field* field_named(const ListWord& word);
  // Whether values of the field can stand in a key of the store; else adds a finding.
  bool is_ordered(SchemaPlace place, const Field& field, std::string_view purpose, bool with_bool);
  template <typename Part>
  bool is_name_free(SchemaPlace place, const std::vector<Part>& parts, const std::string& name, std::string_view what);

  void read_unique_field(const FieldOutline& declared, const AttributeOutline& attribute);
  void read_unique_table(const AttributeOutline& attribute);
  bool read_condition(ListReader& list, UniqueConstraint& unique);
  void add_unique(SchemaPlace place, UniqueConstraint unique, const std::string& number_name);
  void read_index_table(const AttributeOutline& attribute);
  void add_index(SchemaPlace place, std::string name, std::vector<std::uint16_t> fields, bool declared);
  void read_reference_field(const FieldOutline& declared, const AttributeOutline& attribute,
                            std::span<const std::string_view> resource_names, const FindResource& find);
  void read_reference_table(const AttributeOutline& attribute, std::span<const std::string_view> resource_names,
                            const FindResource& find);
  void add_reference(const ListWord& target, Reference reference, std::span<const std::string_view> resource_names,
                     const FindResource& find);
  bool fits_key(SchemaPlace place, const Reference& reference);
  std::size_t index_over(SchemaPlace place, const std::string& name, const std::vector<std::uint16_t>& fields);
  void read_transitions(const FieldOutline& declared, const AttributeOutline& attribute);
  bool read_values(ListReader& list, const EnumType& type, std::vector<std::int64_t>& values);
  void order_computed(std::vector<Assignment> read);

  const TableOutline& outline_;
  NumberGiver& numbers_;
  SchemaFindings& findings_;
  Resource& resource_;
};

}  // namespace forge::internal
