#include "records.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "forge/events/codec.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

const std::vector<std::string> kFacts = {"_version", "_seq", "_at", "_actor"};

bool is_fact(const std::string& name) {
  return std::find(kFacts.begin(), kFacts.end(), name) != kFacts.end();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Status no_schema() {
  return {ErrorId::kNoSchema, "the store has no schema yet"};
}

// The facts about one record; its event is read at most once.
class Facts {
 public:
  Facts(const View& view, const Record& record) : view_(view), record_(record) {}

  Result<Value> find(const std::string& name) {
    if (name == "_version") return Value(record_.version());
    if (name == "_seq") return Value(record_.seq());
    if (!event_.has_value()) {
      FORGE_ASSIGN(event_, view_.event(record_.seq()));
    }
    return name == "_at" ? Value(format_time(event_->recorded_at)) : Value(event_->actor);
  }

 private:
  const View& view_;
  const Record& record_;
  std::optional<Event> event_;
};

}  // namespace

Status filter_error(Status error) {
  constexpr std::array kOfRules = {ErrorId::kRuleUnknownName, ErrorId::kRuleSyntax, ErrorId::kRuleType, ErrorId::kRuleFailed};
  if (std::find(kOfRules.begin(), kOfRules.end(), error.id()) == kOfRules.end()) return error;
  return std::move(error).remedy("mend the expression; see: forgectl help query");
}

std::vector<const Resource*> user_resources(const Domain& domain) {
  std::vector<const Resource*> out;
  for (const Resource& resource : domain.resources()) {
    if (!resource.name.starts_with('_')) out.push_back(&resource);
  }
  return out;
}

std::vector<const Action*> user_actions(const Domain& domain) {
  std::vector<const Action*> out;
  for (const Resource* resource : user_resources(domain)) out.insert(out.end(), resource->actions.begin(), resource->actions.end());
  return out;
}

bool has_schema(const Domain& domain) {
  return !user_resources(domain).empty();
}

Status check_type_glob(const std::string& glob) {
  const auto is_known = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '*' || c == '?'; };
  if (std::all_of(glob.begin(), glob.end(), is_known)) return {};
  return Status(ErrorId::kFilterInvalid, "--type '" + glob + "' cannot match an event type")
      .why("event types are letters, digits, '_' and '.'; '*' stands for any of them, '?' for one")
      .remedy("write it as 'Order.*'");
}

Status check_event_type(const Store& store, const std::string& glob) {
  if (glob.empty() || !has_schema(*store.domain()) || matches_glob(glob, kEmptyTransactionType)) return {};
  std::set<std::string> types;
  for (const SchemaVersion& version : store.schemas()) {
    for (const Resource& resource : version.domain->resources()) {
      for (const auto* actions : {&resource.actions, &resource.undo_actions}) {
        for (const Action* action : *actions) {
          if (!action->changes_record()) continue;
          if (matches_glob(glob, action->event_type)) return {};
          types.insert({action->event_type, resource.name + ".*"});
        }
      }
    }
  }
  const std::string nearest = nearest_name(glob, std::vector<std::string_view>(types.begin(), types.end()));
  return Status(ErrorId::kFilterInvalid, "no event has a type like '" + glob + "'")
      .why(nearest.empty() ? "no version of the schema has one" : "did you mean '" + nearest + "'?")
      .remedy("see: forgectl schema show");
}

Status check_tag(const Store& store, const std::string& tag) {
  if (tag.empty() || !has_schema(*store.domain())) return {};
  const std::string field = tag.substr(0, tag.find('='));
  std::set<std::string> tags;
  for (const SchemaVersion& version : store.schemas()) {
    for (const Resource& resource : version.domain->resources()) {
      for (const Field& known : resource.record.fields) {
        if (known.tag) tags.insert(known.name);
      }
    }
  }
  if (tag.find('=') != std::string::npos && (tags.contains(field) || field.starts_with('_'))) return {};
  if (tag.find('=') == std::string::npos) {
    return Status(ErrorId::kFilterInvalid, "'" + printable(tag) + "' is no tag").remedy("write FIELD=VALUE, as: --tag sku=tea");
  }
  const std::string nearest = nearest_name(field, std::vector<std::string_view>(tags.begin(), tags.end()));
  return Status(ErrorId::kFilterInvalid, "no resource marks a field '" + printable(field) + "' with `tag`")
      .why(!nearest.empty() ? "did you mean '" + nearest + "'?" : "in no version of the schema")
      .remedy("see: forgectl schema show");
}

Result<const Resource*> resource_named(const Domain& domain, std::string_view name) {
  if (!has_schema(domain) && !name.starts_with('_')) return no_schema();
  return domain.get_resource(name);
}

Result<const Resource*> resource_at(const View& view, std::string_view name) {
  const std::shared_ptr<const Domain> domain = view.domain();
  Result<const Resource*> resource = resource_named(*domain, name);
  if (resource.ok() || resource.status().id() != ErrorId::kNoSchema) return resource;
  Status status = resource.status();
  return std::move(status)
      .why("as of event " + std::to_string(view.seq()) + (view.seq() == 0 ? ", before the first event" : ""))
      .remedy("add one: forgectl schema add FILE.fbs — or, where one was added later, ask for a later point");
}

Result<const Action*> action_named(const Domain& domain, std::string_view name) {
  if (!has_schema(domain)) return no_schema();
  const Resource* resource = domain.find_resource(name);
  if (resource == nullptr || resource->actions.empty()) return domain.get_action(name);
  std::vector<std::string> names;
  for (const Action* action : resource->actions) {
    if (!action->query) names.push_back(action->name);
  }
  return Status(ErrorId::kUnknownAction, "'" + std::string(name) + "' is a resource, not an action")
      .remedy("its actions: " + joined(names, ", "));
}

Result<RecordShape> RecordShape::make(const Resource& resource, std::string_view fields, bool with_facts) {
  RecordShape shape;
  std::vector<std::string> known;
  for (const Field& field : resource.record.fields) known.push_back(field.name);
  shape.members_ = known;
  known.insert(known.end(), kFacts.begin(), kFacts.end());
  if (fields.empty()) {
    if (with_facts) shape.members_ = known;
    return shape;
  }
  shape.members_ = split(fields, ',');
  for (const std::string& name : shape.members_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return Status(ErrorId::kUnknownField, resource.name + " has no field '" + name + "'" + did_you_mean(name, known))
        .remedy("one of: " + joined(known, ", "));
  }
  return shape;
}

Result<std::vector<std::string>> RecordShape::cells(const View& view, const Record& record) const {
  std::vector<std::string> out;
  Facts facts(view, record);
  for (const std::string& name : members_) {
    if (is_fact(name)) {
      FORGE_ASSIGN(const Value value, facts.find(name));
      out.push_back(value_text(value));
    } else {
      const Field& field = *record.resource().record.find(name);
      out.push_back(cell_to_text(field, record.cells()[field.id]));
    }
  }
  return out;
}

Result<Object> RecordShape::object(const View& view, const Record& record) const {
  Object out;
  Facts facts(view, record);
  for (const std::string& name : members_) {
    if (is_fact(name)) {
      FORGE_ASSIGN(Value value, facts.find(name));
      out.add(name, std::move(value));
    } else {
      const Field& field = *record.resource().record.find(name);
      out.add(name, cell_to_value(field, record.cells()[field.id]));
    }
  }
  return out;
}

std::string changes_text(const std::vector<VersionRow::Change>& changes) {
  std::string out;
  for (const auto& change : changes) {
    if (!out.empty()) out += ' ';
    out += change.field;
    out += change.before.is_null() ? "=" : " " + value_shown(change.before) + " → ";
    out += value_shown(change.after);
  }
  return out;
}

std::string changes_text(const Event& event) {
  const bool is_own = event.resource.starts_with('_');
  std::string out;
  for (const auto& [name, value] : event.changes.members()) {
    const bool is_long = value.if_list() != nullptr || value.if_object() != nullptr || value.if_bytes() != nullptr;
    if (is_own && is_long) continue;
    out += (out.empty() ? "" : " ") + name + "=" + value_shown(value);
  }
  for (const std::string& name : event.cleared) out += (out.empty() ? "" : " ") + name + "=null";
  return out;
}

std::vector<std::string> event_columns() {
  return {"seq", "recorded_at", "actor", "type", "resource", "key", "version", "action", "transaction", "changes", "cleared"};
}

std::pair<std::string, std::string> resource_and_key(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  return {std::string(text.substr(0, slash)), std::string(text.substr(std::min(slash + 1, text.size())))};
}

Object changes_object(const std::vector<VersionRow::Change>& changes) {
  Object out;
  for (const auto& change : changes) out.add(change.field, List{change.before, change.after});
  return out;
}

std::string verb_of(std::string_view action) {
  const std::size_t dot = action.find('.');
  return std::string(dot == std::string_view::npos ? action : action.substr(dot + 1));
}

}  // namespace forge::cli
