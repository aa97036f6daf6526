// A declared value is a literal, a reference "${load.qty}", a text with references "order ${input.id}", a transform
// { expr = "${load.qty} * 2" }, or a list or table of these.

#include <algorithm>

#include "datum.h"
#include "decision.h"
#include "table_reader.h"
#include "value_path.h"

namespace forge::internal {
namespace {

class BindingReader {
 public:
  BindingReader(const Findings& findings, const std::string& what) : findings_(findings), what_(what) {}

  fb::BindingT read(const Declared& declared, const std::string& path) const {
    if (declared.kind == Declared::Kind::kList) return list(declared, path);
    if (declared.kind == Declared::Kind::kTable) return table(declared, path);
    if (const std::string* text = declared.value.if_text()) return read_text(*text, path);
    return literal(declared.value);
  }

 private:
  static fb::BindingT literal(const Value& value) {
    fb::BindingT made;
    made.literal = std::make_unique<fb::DatumT>(to_datum(value));
    return made;
  }

  fb::BindingT read_text(const std::string& text, const std::string& path) const {
    const auto pieces = split_text(text);
    if (!pieces.ok()) {
      findings_.add(pieces.status(), path);
      return literal(text);
    }
    const bool any_path = std::any_of(pieces->begin(), pieces->end(), [](const TextPiece& piece) { return piece.is_path; });
    if (!any_path) return literal(pieces->empty() ? std::string() : (*pieces)[0].text);
    fb::BindingT made;
    const bool only = pieces->size() == 1;
    made.kind = only ? fb::BindingKind::Reference : fb::BindingKind::Text;
    made.text = only ? (*pieces)[0].text : text;
    return made;
  }

  fb::BindingT table(const Declared& declared, const std::string& path) const {
    const bool transform = declared.members.size() == 1 && declared.members[0].name == "expr";
    if (transform) return expression(declared.members[0].value, path + ".expr");
    fb::BindingT made;
    made.kind = fb::BindingKind::Object;
    TableReader members(findings_, declared, path, what_);
    for (const Declared::Member& member : declared.members) {
      if (members.take(member.name) != &member.value) continue;
      made.names.push_back(member.name);
      made.items.push_back(std::make_unique<fb::BindingT>(read(member.value, members.path_of(member.name))));
    }
    members.finish();
    return folded(std::move(made));
  }

  fb::BindingT list(const Declared& declared, const std::string& path) const {
    fb::BindingT made;
    made.kind = fb::BindingKind::List;
    for (std::size_t i = 0; i < declared.items.size(); ++i) {
      made.items.push_back(std::make_unique<fb::BindingT>(read(declared.items[i], path + "." + std::to_string(i))));
    }
    return folded(std::move(made));
  }

  fb::BindingT expression(const Declared& declared, const std::string& path) const {
    fb::BindingT made;
    made.kind = fb::BindingKind::Expression;
    if (const std::string* text = declared.if_text()) {
      made.text = *text;
    } else {
      findings_.add(ErrorId::kWorkflowAttribute, path, what_ + " has a malformed 'expr'",
                    "it is " + shown_briefly(literal_of(declared)) + ", wanted is a text");
    }
    return made;
  }

  // A list or object of literals is a literal itself.
  static fb::BindingT folded(fb::BindingT made) {
    for (const auto& item : made.items) {
      if (item->kind != fb::BindingKind::Literal) return made;
    }
    fb::BindingT whole;
    whole.literal = std::make_unique<fb::DatumT>();
    whole.literal->kind = made.kind == fb::BindingKind::List ? fb::DatumKind::List : fb::DatumKind::Object;
    whole.literal->names = std::move(made.names);
    for (const auto& item : made.items) whole.literal->items.push_back(std::move(item->literal));
    return whole;
  }

  const Findings& findings_;
  const std::string& what_;
};

}  // namespace

fb::BindingT read_binding(const Findings& findings, const Declared& declared, const std::string& path, const std::string& what) {
  return BindingReader(findings, what).read(declared, path);
}

}  // namespace forge::internal
