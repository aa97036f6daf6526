#include "partner_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "domain_types.h"
#include "quote.h"
#include "schema_list.h"

namespace forge::internal {
namespace {

constexpr std::string_view kExample = "with: \"Account.credit: transfer, cents; Transfer.make: id = transfer\"";

std::optional<Partner::Name> find_value(const Action& action, std::string_view name) {
  for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
    if (action.arguments.fields[i].name == name) return Partner::Name{.argument = static_cast<int>(i), .key_part = -1};
  }
  const Resource& resource = *action.resource;
  for (std::size_t i = 0; i < resource.key_fields.size(); ++i) {
    if (resource.record.fields[resource.key_fields[i]].name == name)
      return Partner::Name{.argument = -1, .key_part = static_cast<int>(i)};
  }
  return std::nullopt;
}

class PartnerReader {
 public:
  PartnerReader(const AttributeOutline& attribute, const std::vector<Action>& actions, SchemaFindings& findings, Action& action)
      : list_(attribute, findings), actions_(actions), findings_(findings), action_(action) {}

  void read() {
    do {
      if (!read_partner()) return;
    } while (list_.take(";"));
    if (!list_.at_end()) list_.expected("';', ',' or the end", kExample);
  }

 private:
  bool read_partner() {
    const SchemaPlace place = list_.here();
    const std::optional<ListWord> resource = list_.take_word();
    const bool has_dot = resource && list_.take(".");
    const std::optional<ListWord> verb = has_dot ? list_.take_word() : std::nullopt;
    if (!verb) return list_.expected("an action", kExample);
    Partner partner{
        .action = find_action(resource->text + "." + verb->text, place), .equals = {}, .place = findings_.text_of(place)};
    if (partner.action == nullptr) return false;
    if (list_.take(":")) {
      do {
        if (!read_equal(partner)) return false;
      } while (list_.take(","));
    }
    action_.partners.push_back(std::move(partner));
    return true;
  }

  // Only actions that change a record are decided in a transaction.
  const Action* find_action(const std::string& name, SchemaPlace place) {
    std::vector<std::string_view> known;
    for (const Action& action : actions_) {
      if (!action.changes_record() || action.name.starts_with('_')) continue;
      if (action.name == name) return &action;
      known.push_back(action.name);
    }
    return refuse(place, quoted(action_.name) + " cannot stand with " + quoted(name), findings_.did_you_mean(name, known)), nullptr;
  }

  bool read_equal(Partner& partner) {
    const std::optional<ListWord> theirs = list_.take_word();
    if (!theirs) return list_.expected("an argument", kExample);
    const std::optional<ListWord> own = list_.take("=") ? list_.take_word() : theirs;
    if (!own) return list_.expected("an argument of the action itself", kExample);
    const std::optional<Partner::Name> theirs_name = find(*partner.action, *theirs), own_name = find(action_, *own);
    if (!theirs_name || !own_name) return false;
    const Field &a = field_of(*partner.action, *theirs_name), &b = field_of(action_, *own_name);
    const bool is_comparable =
        (a.type == BaseType::kText && b.type == BaseType::kText) || (is_integer(a.type) && is_integer(b.type));
    if (!is_comparable || a.enumeration != b.enumeration || a.secret || b.secret) {
      return refuse(theirs->place, quoted(theirs->text) + " and " + quoted(own->text) + " cannot be compared",
                    "both are texts, integers or of one enum, and not secret"),
             false;
    }
    partner.equals.push_back({*theirs_name, *own_name});
    return true;
  }

  std::optional<Partner::Name> find(const Action& action, const ListWord& word) {
    const std::optional<Partner::Name> found = find_value(action, word.text);
    if (found) return found;
    std::vector<std::string_view> known;
    for (const Field& argument : action.arguments.fields) known.push_back(argument.name);
    for (const std::uint16_t part : action.resource->key_fields) known.push_back(action.resource->record.fields[part].name);
    refuse(word.place, action.name + " has no argument " + quoted(word.text), findings_.did_you_mean(word.text, known));
    return std::nullopt;
  }

  void refuse(SchemaPlace place, std::string what, std::string why) {
    findings_.add(place, Status(ErrorId::kSchemaDomain, std::move(what)).why(std::move(why)));
  }

  ListReader list_;
  const std::vector<Action>& actions_;
  SchemaFindings& findings_;
  Action& action_;
};

}  // namespace

void read_partners(const AttributeOutline& attribute, const std::vector<Action>& actions, SchemaFindings& findings,
                   Action& action) {
  PartnerReader(attribute, actions, findings, action).read();
}

}  // namespace forge::internal
