#pragma once

// What the files of a schema declare and where each part stands: the names, attributes and defaults as written. Types and values
// are FlatBuffers' business (schema_reflection.h).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema_findings.h"
#include "schema_tokenizer.h"

namespace forge::internal {

struct AttributeOutline {
  enum class Value : std::uint8_t { kNone, kText, kOther };

  std::string name;
  SchemaPlace place;
  Value value = Value::kNone;
  SchemaText text;  // of a kText value; of a kOther value, as written and without positions
};

// Null when there is none of that name.
const AttributeOutline* find_attribute(const std::vector<AttributeOutline>& attributes, std::string_view name);

struct FieldOutline {
  enum class Default : std::uint8_t { kNone, kNull, kValue };

  std::string name;
  SchemaPlace place;
  std::string type_name;  // as written, without blanks
  Default default_kind = Default::kNone;
  std::string default_text;  // of a kValue, as written
  SchemaPlace default_place;
  std::vector<AttributeOutline> attributes;

  const AttributeOutline* find(std::string_view attribute) const;
};

struct TableOutline {
  std::string name;
  std::string scope;  // its namespace: "shop.web", or empty
  SchemaPlace place;
  std::vector<AttributeOutline> attributes;
  std::vector<FieldOutline> fields;  // in declared order

  const AttributeOutline* find(std::string_view attribute) const;
  const FieldOutline* find_field(std::string_view field) const;
  std::string qualified_name() const;  // "shop.web.Order"
  std::string distinct_name() const;   // "shop_web_Order": where two namespaces have a table of that name
};

struct EnumOutline {
  struct Member {
    std::string name;
    SchemaPlace place;
  };

  std::string name;
  std::string scope;
  SchemaPlace place;
  std::vector<AttributeOutline> attributes;
  std::vector<Member> members;  // in declared order

  std::string qualified_name() const;
};

struct FileOutline {
  struct Include {
    std::string name;
    SchemaPlace place;
  };

  std::vector<Include> includes;
  std::vector<std::string> own_attributes;  // declared by the file itself: attribute "…";
  std::vector<TableOutline> tables;
  std::vector<EnumOutline> enums;
  std::vector<SchemaToken> tokens;  // borrow from the file's text
  std::string parser_text;          // the file with its include directives blanked out, every other byte in its place
};

// Limits that keep FlatBuffers' parser, whose look-ups grow with them, quick on any input.
inline constexpr std::size_t kNameBytesMax = 128;
inline constexpr std::size_t kNameDepthMax = 16;       // parts of a dotted name
inline constexpr std::size_t kFieldsMax = 1024;        // of one table
inline constexpr std::size_t kDeclarationsMax = 4096;  // of one file
inline constexpr std::size_t kEnumValuesMax = 4096;    // of one enum
inline constexpr std::size_t kAttributesMax = 64;      // of one declaration

// Reads one file. Each mistake of grammar ends the reading; what does not end it (a struct, a union, a service) is skipped.
// False when there was a finding that leaves the outline incomplete.
bool read_outline(std::size_t file, SchemaFindings& findings, FileOutline& outline);

// The include directives alone, as far as they can be read: for loading files.
std::vector<FileOutline::Include> read_includes(std::size_t file, SchemaFindings& findings);

}  // namespace forge::internal
