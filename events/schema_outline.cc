// FlatBuffers' schema grammar, as far as Forge takes it:
//
//   file        = { "include" text ";" | "native_include" text ";" } { declaration }
//   declaration = "namespace" [ dotted ] ";" | "attribute" ( word | text ) ";" | "root_type" dotted ";"
//               | "file_identifier" text ";" | "file_extension" text ";"
//               | "table" word [ attributes ] "{" { field } "}"
//               | "enum" word ":" dotted [ attributes ] "{" member { "," member } [ "," ] "}"
//   field       = word ":" type [ "=" value ] [ attributes ] ";"
//   type        = dotted | "[" dotted "]"
//   member      = word [ "=" number ]
//   attributes  = "(" attribute { "," attribute } ")"
//   attribute   = ( word | text ) [ ":" value ]
//   value       = number | text | [ "+" | "-" ] word [ "(" … ")" ] | "[" "]"

#include "schema_outline.h"

#include <algorithm>

namespace forge::internal {
namespace {

std::string qualified(const std::string& scope, const std::string& name) {
  return scope.empty() ? name : scope + "." + name;
}

// A token in a message.
std::string shown_in_schema(const SchemaToken& token) {
  if (token.kind == SchemaTokenKind::kEnd) return "the end of the file";
  if (token.text.size() > kNameBytesMax) return "something longer than " + std::to_string(kNameBytesMax) + " bytes";
  return token.kind == SchemaTokenKind::kText ? std::string(token.text) : quoted(token.text);
}

class OutlineReader {
 public:
  OutlineReader(std::size_t file, SchemaFindings& findings, FileOutline& outline)
      : file_(file), findings_(findings), outline_(outline) {}

  bool read() {
    if (!read_heading()) return false;
    while (now().kind != SchemaTokenKind::kEnd) {
      if (++declarations_ > kDeclarationsMax) return unsupported(now(), "a file has at most 4,096 declarations");
      if (!read_declaration()) return false;
    }
    return complete_;
  }

  bool read_heading() {
    outline_.parser_text = findings_.files()[file_].text;
    outline_.tokens = tokenize_schema(file_, findings_);
    if (outline_.tokens.empty()) return false;
    if (outline_.parser_text.starts_with(kByteOrderMark)) blank(0, kByteOrderMark.size());
    while (now().is("include") || now().is("native_include")) {
      const std::size_t begin = now().offset;
      const bool native = take().is("native_include");
      FileOutline::Include include{{}, here()};
      if (!take_text(include.name) || !take_mark(';')) return false;
      blank(begin, outline_.tokens[next_ - 1].offset + 1);
      if (!native) outline_.includes.push_back(std::move(include));
    }
    return true;
  }

 private:
  const SchemaToken& now() const { return outline_.tokens[next_]; }
  const SchemaToken& take() { return now().kind == SchemaTokenKind::kEnd ? now() : outline_.tokens[next_++]; }
  SchemaPlace here() const { return {file_, now().position}; }

  bool fail(std::string what) {
    findings_.add(here(), Status(ErrorId::kSchemaSyntax, std::move(what)));
    return false;
  }
  bool expected(std::string_view what) { return fail(std::string(what) + " is expected here, not " + shown_in_schema(now())); }
  bool unsupported(const SchemaToken& token, std::string what) {
    findings_.add({file_, token.position}, Status(ErrorId::kSchemaUnsupported, std::move(what)));
    complete_ = false;
    return false;
  }

  void blank(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (outline_.parser_text[i] != '\n') outline_.parser_text[i] = ' ';
    }
  }

  bool take_mark(char mark) {
    if (!now().is(mark)) return expected(quoted(std::string_view(&mark, 1)));
    take();
    return true;
  }

  bool take_name(std::string& name, std::string_view what) {
    if (now().kind != SchemaTokenKind::kWord) return expected(what);
    if (now().text.size() > kNameBytesMax) return unsupported(now(), "a name has at most 128 bytes");
    name = take().text;
    return true;
  }

  bool take_dotted(std::string& name, std::string_view what) {
    if (!take_name(name, what)) return false;
    for (std::size_t depth = 1; now().is('.'); ++depth) {
      if (depth == kNameDepthMax) return unsupported(now(), "a name has at most 16 parts");
      take();
      std::string part;
      if (!take_name(part, "a name")) return false;
      name += "." + part;
    }
    return true;
  }

  bool take_text(std::string& text) {
    if (now().kind != SchemaTokenKind::kText) return expected("a text in quotes");
    SchemaText decoded;
    if (!decode_text(take(), file_, findings_, decoded)) return false;
    text = std::move(decoded.text);
    return true;
  }

  bool read_declaration() {
    if (now().is("table")) return read_table();
    if (now().is("enum")) return read_enum();
    if (now().is("namespace")) return read_namespace();
    if (now().is("attribute")) return read_own_attribute();
    if (now().is("struct") || now().is("union") || now().is("rpc_service")) return skip_unsupported();
    std::string unused;
    if (now().is("root_type")) return take(), take_dotted(unused, "a table's name") && take_mark(';');
    if (now().is("file_identifier") || now().is("file_extension")) return take(), take_text(unused) && take_mark(';');
    if (now().is("include") || now().is("native_include")) return fail("an include comes before every declaration");
    return expected("a declaration (namespace, enum, table, attribute)");
  }

  bool read_namespace() {
    take();
    scope_.clear();
    return (now().is(';') || take_dotted(scope_, "a namespace's name")) && take_mark(';');
  }

  bool read_own_attribute() {
    take();
    std::string name;
    if (!(now().kind == SchemaTokenKind::kText ? take_text(name) : take_name(name, "an attribute's name"))) return false;
    outline_.own_attributes.push_back(std::move(name));
    return take_mark(';');
  }

  // Structs, unions and services have no place in a domain yet; what follows them is still read.
  bool skip_unsupported() {
    unsupported(now(), "the declaration " + quoted(now().text) + " comes with a later version");
    while (!now().is('{')) {
      if (take().kind == SchemaTokenKind::kEnd) return expected("'{'");
    }
    return skip_nested('{', '}');
  }

  bool skip_nested(char open, char close) {
    std::size_t depth = 0;
    do {
      if (now().kind == SchemaTokenKind::kEnd) return expected(quoted(std::string_view(&close, 1)));
      depth += now().is(open);
      depth -= now().is(close);
      take();
    } while (depth > 0);
    return true;
  }

  bool read_table() {
    take();
    TableOutline table;
    table.place = here();
    table.scope = scope_;
    if (!take_name(table.name, "a table's name") || !read_attributes(table.attributes) || !take_mark('{')) return false;
    while (!now().is('}')) {
      if (table.fields.size() == kFieldsMax) return unsupported(now(), "a table has at most 1,024 fields");
      if (!read_field(table.fields.emplace_back())) return false;
    }
    take();
    outline_.tables.push_back(std::move(table));
    return true;
  }

  bool read_field(FieldOutline& field) {
    field.place = here();
    if (!take_name(field.name, "a field's name or '}'") || !take_mark(':') || !read_type(field.type_name)) return false;
    if (now().is('=')) {
      take();
      field.default_place = here();
      const bool null = now().is("null");
      const std::size_t begin = now().offset;
      if (!skip_value()) return false;
      const SchemaToken& last = outline_.tokens[next_ - 1];
      field.default_kind = null ? FieldOutline::Default::kNull : FieldOutline::Default::kValue;
      field.default_text = findings_.files()[file_].text.substr(begin, last.offset + last.text.size() - begin);
    }
    return read_attributes(field.attributes) && take_mark(';');
  }

  bool read_type(std::string& type) {
    if (!now().is('[')) return take_dotted(type, "a type");
    take();
    if (now().is('[')) return unsupported(now(), "a vector of vectors is not a type of FlatBuffers: wrap the inner one in a table");
    std::string element;
    if (!take_dotted(element, "a type")) return false;
    if (now().is(':')) return unsupported(now(), "an array of fixed length comes with a later version");
    type = "[" + element + "]";
    return take_mark(']');
  }

  bool skip_value() {
    if (now().kind == SchemaTokenKind::kNumber || now().kind == SchemaTokenKind::kText) {
      std::string unused;
      return now().kind == SchemaTokenKind::kText ? take_text(unused) : (take(), true);
    }
    if (now().is('[')) return take(), take_mark(']');
    if (now().is('+') || now().is('-')) take();
    if (now().kind != SchemaTokenKind::kWord) return expected("a value");
    const SchemaToken& word = take();
    const bool call = now().is('(') && now().offset == word.offset + word.text.size();
    return call ? skip_nested('(', ')') : true;
  }

  bool read_attributes(std::vector<AttributeOutline>& attributes) {
    if (!now().is('(')) return true;
    do {
      take();
      if (attributes.size() == kAttributesMax) return unsupported(now(), "a declaration has at most 64 attributes");
      if (!read_attribute(attributes.emplace_back())) return false;
    } while (now().is(','));
    return now().is(')') ? take_mark(')') : expected("',' or ')'");
  }

  bool read_attribute(AttributeOutline& attribute) {
    attribute.place = here();
    if (now().kind == SchemaTokenKind::kText) {
      if (!take_text(attribute.name)) return false;
    } else if (!take_name(attribute.name, "an attribute's name")) {
      return false;
    }
    if (!now().is(':')) return true;
    take();
    attribute.value = now().kind == SchemaTokenKind::kText ? AttributeOutline::Value::kText : AttributeOutline::Value::kOther;
    if (now().kind == SchemaTokenKind::kText) return decode_text(take(), file_, findings_, attribute.text);
    const std::size_t begin = now().offset;
    if (!skip_value()) return false;
    const SchemaToken& last = outline_.tokens[next_ - 1];
    attribute.text.text = findings_.files()[file_].text.substr(begin, last.offset + last.text.size() - begin);
    return true;
  }

  bool read_enum() {
    take();
    EnumOutline type;
    type.place = here();
    type.scope = scope_;
    std::string base;
    if (!take_name(type.name, "an enum's name")) return false;
    if (!now().is(':')) return expected("the integer type of the enum, as in ': byte',");
    take();
    if (!take_dotted(base, "an integer type") || !read_attributes(type.attributes) || !take_mark('{')) return false;
    do {
      if (type.members.size() == kEnumValuesMax) return unsupported(now(), "an enum has at most 4,096 values");
      if (!read_member(type.members.emplace_back())) return false;
      if (!now().is(',')) break;
      take();
    } while (!now().is('}'));
    outline_.enums.push_back(std::move(type));
    return now().is('}') ? take_mark('}') : expected("',' or '}'");
  }

  bool read_member(EnumOutline::Member& member) {
    member.place = here();
    if (!take_name(member.name, "a value's name")) return false;
    if (!now().is('=')) return true;
    take();
    if (now().kind != SchemaTokenKind::kNumber) return expected("an integer");
    take();
    return true;
  }

  std::size_t file_;
  SchemaFindings& findings_;
  FileOutline& outline_;
  std::size_t next_ = 0;
  std::size_t declarations_ = 0;
  std::string scope_;
  bool complete_ = true;
};

}  // namespace

const AttributeOutline* find_attribute(const std::vector<AttributeOutline>& attributes, std::string_view name) {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [&](const auto& attribute) { return attribute.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

const AttributeOutline* FieldOutline::find(std::string_view attribute) const {
  return find_attribute(attributes, attribute);
}

const AttributeOutline* TableOutline::find(std::string_view attribute) const {
  return find_attribute(attributes, attribute);
}

const FieldOutline* TableOutline::find_field(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const FieldOutline& known) { return known.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

std::string TableOutline::qualified_name() const {
  return qualified(scope, name);
}

std::string TableOutline::distinct_name() const {
  std::string distinct = qualified_name();
  std::replace(distinct.begin(), distinct.end(), '.', '_');
  return distinct;
}

std::string EnumOutline::qualified_name() const {
  return qualified(scope, name);
}

bool read_outline(std::size_t file, SchemaFindings& findings, FileOutline& outline) {
  return OutlineReader(file, findings, outline).read();
}

std::vector<FileOutline::Include> read_includes(std::size_t file, SchemaFindings& findings) {
  FileOutline outline;
  OutlineReader(file, findings, outline).read_heading();
  return std::move(outline.includes);
}

}  // namespace forge::internal
