#include "schema_vocabulary.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

namespace forge::internal {
namespace {

// Kinds of declaration, as bits.
enum Holder : unsigned {
  kEnum = 1,
  kResource = 2,
  kAction = 4,
  kPlainTable = 8,
  kResourceField = 16,
  kArgument = 32,
  kPlainField = 64,
  kTables = kResource | kAction | kPlainTable,
  kFields = kResourceField | kArgument | kPlainField,
  kAnything = kEnum | kTables | kFields,
};

enum class Takes {
  kNothing,
  kText,
  kTextOnTable,  // a text on a table, nothing on a field
  kValue,        // a number, or a text
  kAnything,
};

enum class Support { kNow, kLater };

struct Word {
  std::string_view name;
  unsigned holders;
  Takes takes;
  std::string_view example;
  std::string_view table_example = {};  // of a table, where it differs
  Support support = Support::kNow;
};

constexpr Word kWords[] = {
    {"resource", kTables, Takes::kNothing, "(resource)"},
    {"action", kTables, Takes::kText, "(action: \"Order.place\", creates)"},
    {"creates", kAction, Takes::kNothing, "(action: \"Order.place\", creates)"},
    {"updates", kAction, Takes::kNothing, "(action: \"Order.pay\", updates)"},
    {"upserts", kAction, Takes::kNothing, "(action: \"Order.put\", upserts)"},
    {"destroys", kAction, Takes::kNothing, "(action: \"Order.drop\", destroys)"},
    {"reads", kAction, Takes::kNothing, "(action: \"Order.open\", reads)"},
    {"generic", kAction, Takes::kNothing, "(action: \"Ledger.close\", generic)"},
    {"workflow", kAction, Takes::kText, "(action: \"Order.check_out\", generic, workflow: \"checkout\")"},
    {"event", kAction, Takes::kText, "event: \"Order.placed\""},
    {"require", kAction, Takes::kText, "require: \"status = 'Placed'\""},
    {"allow", kAction, Takes::kText, "allow: \":actor.role = 'clerk'\""},
    {"with", kAction, Takes::kText, "with: \"Account.credit: transfer, cents\""},
    {"where", kAction, Takes::kText, "where: \"status = 'Placed' and qty >= :at_least\""},
    {"order", kAction, Takes::kText, "order: \"qty desc, id\""},
    {"limit", kAction, Takes::kValue, "limit: 100"},
    {"set", kAction, Takes::kText, "set: \"status = 'Paid'\""},
    {"check", kResource | kResourceField, Takes::kText, "check: \"qty > 0\""},
    {"unique", kResource | kResourceField, Takes::kTextOnTable, "(unique)", "unique: \"slot: day, room\""},
    {"index", kResource | kResourceField, Takes::kTextOnTable, "(index)", "index: \"by_sku: sku, qty\""},
    {"references", kResource | kResourceField, Takes::kText, "references: \"Customer\"", "references: \"a, b -> Line\""},
    {"computed", kResourceField, Takes::kText, "computed: \"qty * price_cents\""},
    {"transitions", kResourceField, Takes::kText, "transitions: \"Placed -> Paid, Cancelled; Paid -> Shipped\""},
    {"upcast", kResource, Takes::kText, "upcast: \"price_cents = price * 100\""},
    {"tag", kResourceField, Takes::kNothing, "(tag)"},
    {"min", kResourceField | kArgument, Takes::kValue, "min: 0"},
    {"max", kResourceField | kArgument, Takes::kValue, "max: 100"},
    {"length", kResourceField | kArgument, Takes::kValue, "length: \"1..80\""},
    {"match", kResourceField | kArgument, Takes::kText, "match: \"[^@]+@[^@]+\""},
    {"secret", kFields, Takes::kNothing, "(secret)"},
    {"timeout", kAction, Takes::kText, "timeout: \"2s\""},
    {"handler", kAction, Takes::kNothing, "(action: \"Order.price\", updates, handler)"},
    {"default", kResourceField | kArgument, Takes::kText, "default: \"none\""},
    // FlatBuffers' own that carry meaning here, and those that only shape the code that flatc writes.
    {"key", kResource | kResourceField, Takes::kTextOnTable, "(key)", "key: \"order, line\""},
    {"required", kFields, Takes::kNothing, "(required)"},
    {"deprecated", kFields, Takes::kNothing, "(deprecated)"},
    {"id", kFields, Takes::kAnything, "id: 0"},
    {"bit_flags", kEnum, Takes::kNothing, "(bit_flags)"},
    {"force_align", kTables | kFields, Takes::kAnything, "force_align: 8"},
    {"original_order", kTables, Takes::kNothing, "(original_order)"},
    {"shared", kFields, Takes::kNothing, "(shared)"},
    {"private", kAnything, Takes::kAnything, "(private)"},
    {"csharp_partial", kAnything, Takes::kAnything, "(csharp_partial)"},
    {"cpp_ptr_type", kFields, Takes::kAnything, "cpp_ptr_type: \"naked\""},
    {"cpp_ptr_type_get", kFields, Takes::kAnything, "cpp_ptr_type_get: \".get()\""},
    {"cpp_str_type", kFields, Takes::kAnything, "cpp_str_type: \"std::string\""},
    {"cpp_str_flex_ctor", kFields, Takes::kAnything, "(cpp_str_flex_ctor)"},
    {"native_inline", kFields, Takes::kAnything, "(native_inline)"},
    {"native_default", kFields, Takes::kAnything, "native_default: \"1\""},
    {"native_custom_alloc", kTables, Takes::kAnything, "native_custom_alloc: \"allocator\""},
    {"native_type", kAnything, Takes::kAnything, "native_type: \"Type\""},
    {"native_type_pack_name", kAnything, Takes::kAnything, "native_type_pack_name: \"Name\""},
    // Known, and refused until a later version.
    {"bitemporal", kAnything, Takes::kAnything, "", "", Support::kLater},
    {"cpp_type", kAnything, Takes::kAnything, "", "", Support::kLater},
    {"flexbuffer", kAnything, Takes::kAnything, "", "", Support::kLater},
    {"hash", kAnything, Takes::kAnything, "", "", Support::kLater},
    {"idempotent", kAnything, Takes::kAnything, "", "", Support::kLater},
    {"nested_flatbuffer", kAnything, Takes::kAnything, "", "", Support::kLater},
    {"personal", kAnything, Takes::kAnything, "", "", Support::kLater},
    {"streaming", kAnything, Takes::kAnything, "", "", Support::kLater},
};

const Word* find_word(std::string_view name) {
  const auto* found = std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& word) { return word.name == name; });
  return found == std::end(kWords) ? nullptr : found;
}

// "a resource or a field of a resource".
std::string name_holders(unsigned holders) {
  constexpr std::array<std::pair<unsigned, std::string_view>, 7> kNames = {{{kEnum, "an enum"},
                                                                            {kResource, "a resource"},
                                                                            {kAction, "an action"},
                                                                            {kPlainTable, "another table"},
                                                                            {kResourceField, "a field of a resource"},
                                                                            {kArgument, "an argument of an action"},
                                                                            {kPlainField, "a field of another table"}}};
  std::string out;
  for (const auto& [bit, name] : kNames) {
    if ((holders & bit) == 0) continue;
    if (!out.empty()) out += " or ";
    out += name;
  }
  return out;
}

class AttributeCheck {
 public:
  AttributeCheck(const std::vector<FileOutline>& outlines, SchemaFindings& findings) : findings_(findings) {
    for (const FileOutline& file : outlines) own_.insert(file.own_attributes.begin(), file.own_attributes.end());
    for (const Word& word : kWords) known_.push_back(word.name);
    known_.insert(known_.end(), own_.begin(), own_.end());
  }

  void check(const FileOutline& file) {
    for (const EnumOutline& type : file.enums) check(type.attributes, kEnum, type.name);
    for (const TableOutline& table : file.tables) check(table);
  }

 private:
  void check(const TableOutline& table) {
    const AttributeOutline* resource = table.find("resource");
    const AttributeOutline* action = table.find("action");
    if (resource != nullptr && action != nullptr) {
      findings_.add(action->place, Status(ErrorId::kSchemaAttribute,
                                          "the table " + internal::quoted(table.name) + " is a resource and an action"));
    }
    const bool clear = check(table.attributes,
                             resource != nullptr ? kResource
                             : action != nullptr ? kAction
                                                 : kPlainTable,
                             table.name);
    unsigned fields = resource != nullptr ? kResourceField : action != nullptr ? kArgument : kPlainField;
    // What a table with a mistyped attribute is meant to be is not known: its fields are not told off for it.
    if (!clear) fields = kFields;
    for (const FieldOutline& field : table.fields) check(field.attributes, fields, table.name + "." + field.name);
  }

  // False when an attribute is unknown.
  bool check(const std::vector<AttributeOutline>& attributes, unsigned holder, const std::string& on) {
    std::set<std::string_view> seen;
    bool clear = true;
    for (const AttributeOutline& attribute : attributes) {
      const Word* word = find_word(attribute.name);
      if (!seen.insert(attribute.name).second) {
        add(attribute, "is repeated on", on, "the first would win; several rules stand in one text, separated by ';'", {});
      } else if (word != nullptr) {
        check(attribute, *word, holder, on);
      } else if (!own_.contains(attribute.name)) {
        add(attribute, "is unknown on", on, findings_.did_you_mean(attribute.name, known_), {});
        clear = false;
      }
    }
    return clear;
  }

  void check(const AttributeOutline& attribute, const Word& word, unsigned holder, const std::string& on) {
    const bool on_table = (holder & kTables) != 0;
    const std::string_view example = on_table && !word.table_example.empty() ? word.table_example : word.example;
    if (word.support == Support::kLater) {
      findings_.add(attribute.place,
                    Status(ErrorId::kSchemaUnsupported, "the attribute " + internal::quoted(attribute.name) + " on " +
                                                            internal::quoted(on) + " comes with a later version"));
    } else if ((word.holders & holder) == 0) {
      add(attribute, "does not belong on", on, "it belongs on " + name_holders(word.holders), {});
    } else if (takes_nothing(word, on_table) && attribute.value != AttributeOutline::Value::kNone) {
      add(attribute, "takes no value on", on, {}, example);
    } else if (takes_text(word, on_table) && (attribute.value != AttributeOutline::Value::kText || is_blank(attribute, word))) {
      add(attribute, "needs a text on", on, {}, example);
    } else if (word.takes == Takes::kValue && attribute.value == AttributeOutline::Value::kNone) {
      add(attribute, "needs a value on", on, {}, example);
    } else if (word.takes == Takes::kValue && !is_text_or_integer(attribute)) {
      add(attribute, "needs an integer or a text on", on, "FlatBuffers takes no other value here",
          std::string(word.name) + ": \"" + attribute.text.text + "\"");
    }
  }

  static bool is_text_or_integer(const AttributeOutline& attribute) {
    const std::string& text = attribute.text.text;
    return attribute.value == AttributeOutline::Value::kText ||
           text.find_first_not_of("0123456789", text.starts_with('-')) == std::string::npos;
  }

  static bool takes_nothing(const Word& word, bool on_table) {
    return word.takes == Takes::kNothing || (word.takes == Takes::kTextOnTable && !on_table);
  }

  static bool takes_text(const Word& word, bool on_table) {
    return word.takes == Takes::kText || (word.takes == Takes::kTextOnTable && on_table);
  }

  static bool is_blank(const AttributeOutline& attribute, const Word& word) {
    return word.name != "default" && attribute.text.text.find_first_not_of(" \t") == std::string::npos;
  }

  void add(const AttributeOutline& attribute, std::string_view fault, const std::string& on, std::string why,
           std::string_view example) {
    Status status = Status(ErrorId::kSchemaAttribute, "the attribute " + internal::quoted(attribute.name) + " " +
                                                          std::string(fault) + " " + internal::quoted(on))
                        .why(std::move(why));
    if (!example.empty()) status = std::move(status).remedy("write " + std::string(example));
    findings_.add(attribute.place, std::move(status));
  }

  SchemaFindings& findings_;
  std::set<std::string, std::less<>> own_;
  std::vector<std::string_view> known_;
};

}  // namespace

void check_attributes(const std::vector<FileOutline>& outlines, SchemaFindings& findings) {
  AttributeCheck check(outlines, findings);
  for (const FileOutline& file : outlines) check.check(file);
}

}  // namespace forge::internal
