#include "query_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "schema_list.h"

namespace forge::internal {
namespace {

constexpr std::string_view kOrderExample = "order: \"qty desc, id\"";

class QueryReader {
 public:
  QueryReader(const TableOutline& outline, SchemaFindings& findings, Action& action)
      : outline_(outline), findings_(findings), action_(action), record_(action.resource->record) {}

  void read() {
    action_.query.emplace();
    if (const AttributeOutline* where = text_of("where")) read_where(*where);
    if (const AttributeOutline* order = text_of("order")) read_order(*order);
    if (const AttributeOutline* limit = outline_.find("limit")) read_limit(*limit);
  }

 private:
  void add(SchemaPlace place, ErrorId id, std::string what, std::string why, std::string remedy = {}) {
    findings_.add(place, Status(id, std::move(what)).why(std::move(why)).remedy(std::move(remedy)));
  }

  // Where it is no text, or a blank one, check_attributes has said so.
  const AttributeOutline* text_of(std::string_view name) const {
    const AttributeOutline* found = outline_.find(name);
    const bool is_text = found != nullptr && found->value == AttributeOutline::Value::kText;
    return is_text && found->text.text.find_first_not_of(" \t") != std::string::npos ? found : nullptr;
  }

  void read_where(const AttributeOutline& attribute) {
    const RuleSource source{attribute.text.text, findings_.files()[attribute.place.file].name, attribute.text.positions};
    Result<Expression> parsed =
        Expression::parse(source, {.record = &record_, .arguments = &action_.arguments, .actor = true, .now = false});
    if (!parsed.ok()) return findings_.add(attribute.place, parsed.status());
    if (parsed->type() != RuleType::kBool) {
      return add(attribute.place, ErrorId::kRuleType, "the filter of " + action_.name + " is not a condition", parsed->text());
    }
    for (const std::uint16_t field : parsed->fields()) {
      if (record_.fields[field].secret) add_secret(attribute.place, record_.fields[field]);
    }
    action_.query->where = *std::move(parsed);
  }

  void add_secret(SchemaPlace place, const Field& field) {
    add(place, ErrorId::kSchemaDomain, "the query " + quoted(action_.name) + " reads the secret field " + quoted(field.name),
        "what it answers would tell the value", "leave it out");
  }

  void read_order(const AttributeOutline& attribute) {
    ListReader list(attribute, findings_);
    do {
      const SchemaPlace place = list.here();
      const std::optional<ListWord> word = list.take_word();
      if (!word) {
        list.expected("a field", kOrderExample);
        return;
      }
      const Field* field = record_.find(word->text);
      if (field == nullptr) return add_unknown(place, word->text);
      if (!is_sortable(place, *field)) return;
      action_.query->order.push_back({.field = field->id, .descending = list.take_keyword("desc")});
    } while (list.take(","));
    if (!list.at_end()) list.expected("',' or the end", kOrderExample);
  }

  void add_unknown(SchemaPlace place, const std::string& name) {
    std::vector<std::string_view> known;
    for (const Field& field : record_.fields) known.push_back(field.name);
    add(place, ErrorId::kSchemaDomain, "the query " + quoted(action_.name) + " is ordered by an unknown field " + quoted(name),
        findings_.did_you_mean(name, known));
  }

  bool is_sortable(SchemaPlace place, const Field& field) {
    const auto& order = action_.query->order;
    if (field.secret) return add_secret(place, field), false;
    if (field.type > BaseType::kText) {
      add(place, ErrorId::kSchemaDomain, "the query " + quoted(action_.name) + " cannot be ordered by " + quoted(field.name),
          "it is " + field.type_name + ", which has no order", "name another field");
      return false;
    }
    if (std::any_of(order.begin(), order.end(), [&](const Query::Order& one) { return one.field == field.id; })) {
      add(place, ErrorId::kSchemaDomain, "the query " + quoted(action_.name) + " is ordered by " + quoted(field.name) + " twice",
          "the second changes nothing", "leave it out");
      return false;
    }
    return true;
  }

  void read_limit(const AttributeOutline& attribute) {
    const std::string& text = attribute.text.text;
    std::size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error == std::errc() && end == text.data() + text.size() && limit > 0) {
      action_.query->limit = limit;
    } else {
      add(attribute.place, ErrorId::kSchemaAttribute, "the limit of " + quoted(action_.name) + " cannot be read",
          "it is " + quoted(text), "write a number of 1 and more: limit: 100");
    }
  }

  const TableOutline& outline_;
  SchemaFindings& findings_;
  Action& action_;
  const TableType& record_;
};

}  // namespace

void check_kind_attributes(const TableOutline& outline, const Action& action, SchemaFindings& findings) {
  constexpr std::array<std::string_view, 5> kOfChanges = {"event", "require", "with", "set", "handler"};
  constexpr std::array<std::string_view, 3> kOfQueries = {"where", "order", "limit"};
  const auto refuse = [&](std::string_view name, const std::string& why) {
    const AttributeOutline* found = outline.find(name);
    if (found == nullptr) return;
    findings.add(found->place, Status(ErrorId::kSchemaDomain,
                                      "the attribute " + quoted(name) + " does not belong on the action " + quoted(action.name))
                                   .why(why)
                                   .remedy("leave it out"));
  };
  const bool is_query = action.kind == ActionKind::kReads;
  if (!action.changes_record()) {
    const std::string why = is_query ? "an action that reads changes nothing" : "a generic action is not about one record";
    for (const std::string_view name : kOfChanges) refuse(name, why);
  }
  if (action.kind != ActionKind::kGeneric) refuse("workflow", "only a generic action starts a run");
  if (is_query) return;
  for (const std::string_view name : kOfQueries) refuse(name, "only an action that reads answers with records");
}

void read_query(const TableOutline& outline, SchemaFindings& findings, Action& action) {
  QueryReader(outline, findings, action).read();
}

}  // namespace forge::internal
