#include "support/model.h"

#include <algorithm>

#include "forge/events/json.h"

namespace forge::model {
namespace {

using enum ErrorId;

// Folds one event onto what stood before it.
Standing after_event(const std::optional<Standing>& before, const ModelEvent& event) {
  Standing out{.version = event.version, .seq = event.seq, .incarnation = event.incarnation};
  if (event.destroys) return out;
  out.fields = before && before->fields ? *before->fields : Fields();
  for (const auto& [name, value] : event.changes) (*out.fields)[name] = value;
  for (const std::string& name : event.cleared) out.fields->erase(name);
  return out;
}

bool is_text(std::string_view bytes) {  // the generator's only bad text is a lone 0xff
  return bytes.find('\xff') == std::string_view::npos;
}

ErrorId check_key(const ResourceModel& resource, const Value& key) {
  if (resource.key_is_int) return key.if_int() != nullptr ? kNone : kArgumentType;
  if (key.if_text() == nullptr) return kArgumentType;
  const std::string& text = key.as_text();
  if (!is_text(text)) return kTextInvalid;
  return text.empty() || text.size() > 1024 || text.find('\0') != std::string::npos ? kKeyInvalid : kNone;
}

ErrorId check_parts(const Value& value) {
  if (value.if_list() == nullptr) return kArgumentType;
  for (const Value& part : *value.if_list()) {
    if (part.if_object() == nullptr) return kArgumentType;
    const Value* label = part.if_object()->find("label");
    if (label == nullptr || label->is_null()) return kArgumentMissing;
    if (label->if_text() == nullptr) return kArgumentType;
  }
  return kNone;
}

ErrorId check_value(const FieldModel& field, const Value& value) {
  if (value.is_null()) return kNone;
  switch (field.type) {
    case Type::kText:
      return value.if_text() == nullptr ? kArgumentType : is_text(value.as_text()) ? kNone : kTextInvalid;
    case Type::kInt:
      if (value.if_int() == nullptr) return kArgumentType;
      return value.as_int() < field.min || value.as_int() > field.max ? kArgumentRange : kNone;
    case Type::kBool:
      return value.if_bool() == nullptr ? kArgumentType : kNone;
    case Type::kFloat:
      return value.if_double() == nullptr ? kArgumentType : kNone;
    case Type::kTier: {
      if (value.if_text() == nullptr) return kArgumentType;
      return std::find(std::begin(kTiers), std::end(kTiers), value.as_text()) == std::end(kTiers) ? kArgumentType : kNone;
    }
    case Type::kParts:
      return check_parts(value);
  }
  return kNone;
}

// What is wrong with a request whatever the state.
ErrorId check_request(const ActionRequest& request) {
  const ActionModel* action = find_action(request.action);
  if (action == nullptr) return kUnknownAction;
  const ResourceModel& resource = resource_of(*action);
  for (const auto& [name, value] : request.args.members()) {
    if (name == resource.key) {
      const ErrorId error = value.is_null() ? kNone : check_key(resource, value);
      if (error != kNone) return error;
      continue;
    }
    const auto known =
        std::find_if(action->arguments.begin(), action->arguments.end(), [&](const auto& one) { return one.name == name; });
    if (known == action->arguments.end()) return kUnknownField;
    const ErrorId error = check_value(*known, value);
    if (error != kNone) return error;
  }
  for (const FieldModel& argument : action->arguments) {
    const Value* given = request.args.find(argument.name);
    if (argument.required && (given == nullptr || given->is_null())) return kArgumentMissing;
  }
  const Value* key = request.args.find(resource.key);
  const bool made = action->kind == KindOfAction::kCreates && !resource.key_is_int;
  return made || (key != nullptr && !key->is_null()) ? kNone : kArgumentMissing;
}

// One text for equal inputs of one actor, whatever the order of their arguments.
std::string input_of(const std::vector<ActionRequest>& requests, const Actor& actor) {
  std::string out = actor.id + "\n" + actor.role + "\n";
  for (const ActionRequest& request : requests) {
    std::map<std::string, std::string> arguments;
    for (const auto& [name, value] : request.args.members()) arguments[name] = to_json(value);
    out += request.action + (request.if_version ? "@" + std::to_string(*request.if_version) : "");
    for (const auto& [name, value] : arguments) out += " " + name + "=" + value;
    out += "\n";
  }
  return out;
}

std::string key_of(const ResourceModel& resource, const ActionRequest& request) {
  const Value* key = request.args.find(resource.key);
  if (key == nullptr || key->is_null()) return "";
  return resource.key_is_int ? std::to_string(key->as_int()) : key->as_text();
}

// Each argument: as given, or what its absence means.
Fields resolve_arguments(const ResourceModel& resource, const ActionModel& action, const ActionRequest& request, bool creating) {
  Fields out;
  for (const FieldModel& argument : action.arguments) {
    const FieldModel* field = resource.find(argument.name);
    if (const Value* given = request.args.find(argument.name)) {
      out[argument.name] = *given;
    } else if (!argument.initial.is_null()) {
      out[argument.name] = argument.initial;
    } else if (creating && field != nullptr) {
      out[argument.name] = field->initial;
    }
  }
  std::erase_if(out, [](const auto& one) { return one.second.is_null(); });
  return out;
}

std::vector<VersionRow::Change> changes_between(const ResourceModel& resource, const Fields& before, const Fields& after) {
  std::vector<VersionRow::Change> out;
  for (const FieldModel& field : resource.fields) {
    const Value was = value_of(before, field.name), is = value_of(after, field.name);
    if (!(was == is)) out.push_back({field.name, was, is});
  }
  return out;
}

}  // namespace

// A transaction while it is decided.
struct Model::Draft {
  Time clock, now;
  std::vector<ModelEvent> events;
};

// --- the log -------------------------------------------------------------------------------------------------------------------

Seq ModelLog::seq_at(Time time) const {
  Seq out = time < base_time ? 0 : base;
  for (const auto& [seq, event] : events) {
    if (event.recorded_at > time) break;
    out = seq;
  }
  return out;
}

std::optional<Seq> ModelLog::resolve(Time time, Time clock) {
  if (time > std::max({clock, head_time, floor})) return std::nullopt;
  floor = std::max(floor, time);
  return seq_at(time);
}

// --- deciding ------------------------------------------------------------------------------------------------------------------

Prediction Model::predict(const std::vector<ActionRequest>& requests, const ActOptions& options, Time clock) const {
  for (const ActionRequest& request : requests) {
    if (const ErrorId error = check_request(request); error != kNone) return {.error = error};
  }
  if (const auto earlier = remembered_.find(options.idempotency_key); earlier != remembered_.end()) {
    if (earlier->second.input != input_of(requests, options.actor)) return {.error = kKeyReused};
    Prediction replay{.replayed = true};
    for (const ModelEvent* event : earlier->second.events) replay.events.push_back(*event);
    return replay;
  }
  Draft draft{.clock = clock, .now = std::max(clock, Time{std::max(log_.head_time, log_.floor).micros + 1})};
  for (const ActionRequest& request : requests) {
    if (const ErrorId error = decide(request, options, draft); error != kNone) return {.error = error};
  }
  if (requests.empty()) draft.events.push_back({.type = "_transaction.empty"});
  if (const ErrorId error = check_unique(draft); error != kNone) return {.error = error};
  Prediction out{.events = std::move(draft.events)};
  for (ModelEvent& event : out.events) {
    event.place = static_cast<std::uint16_t>(&event - out.events.data());
    event.count = static_cast<std::uint16_t>(out.events.size());
    event.seq = log_.head + 1 + event.place;
    event.recorded_at = draft.now;
    if (draft.now.micros > clock.micros + 1000) event.raw_clock = clock;
    event.options = options;
  }
  return out;
}

std::optional<Standing> Model::last_standing(const RecordName& record, const Draft& draft) const {
  const std::vector<Standing> committed = standings(record, log_.head);
  std::optional<Standing> out;
  if (!committed.empty()) out = committed.back();
  for (const ModelEvent& event : draft.events) {
    if (event.record == record && !record.key.empty()) out = after_event(out, event);
  }
  return out;
}

ErrorId Model::decide(const ActionRequest& request, const ActOptions& options, Draft& draft) const {
  const ActionModel& action = *find_action(request.action);
  const ResourceModel& resource = resource_of(action);
  ModelEvent event;
  event.record = {resource.name, key_of(resource, request)};
  event.action = action.name;
  event.type = action.event;
  event.destroys = action.kind == KindOfAction::kDestroys;
  const std::optional<Standing> standing = last_standing(event.record, draft);
  const bool lives = standing && standing->fields;
  if (action.kind == KindOfAction::kCreates && lives) return kRecordExists;
  if ((action.kind == KindOfAction::kUpdates || event.destroys) && !lives) return kRecordNotFound;
  if (request.if_version && *request.if_version != (lives ? standing->version : 0)) return kVersionConflict;
  event.version = standing ? standing->version + 1 : 1;
  event.incarnation = (standing ? standing->incarnation : 0) + (lives ? 0 : 1);
  if (const ErrorId error = apply(action, request, options, draft, standing, event); error != kNone) return error;
  draft.events.push_back(std::move(event));
  return kNone;
}

ErrorId Model::apply(const ActionModel& action, const ActionRequest& request, const ActOptions& options, Draft& draft,
                     const std::optional<Standing>& standing, ModelEvent& event) const {
  const ResourceModel& resource = resource_of(action);
  const Fields* before = standing && standing->fields ? &*standing->fields : nullptr;
  event.arguments = resolve_arguments(resource, action, request, before == nullptr);
  const Scene scene{.before = before, .arguments = &event.arguments, .role = options.actor.role, .now = draft.now};
  if (action.require != nullptr) {
    if (const ErrorId error = action.require(scene); error != kNone) return error;
  }
  if (event.destroys) return kNone;

  Fields after = before != nullptr ? *before : Fields();
  for (const FieldModel& field : resource.fields) {
    if (before == nullptr && !field.initial.is_null()) after[field.name] = field.initial;
    const Value* given = request.args.find(field.name);
    if (event.arguments.contains(field.name)) {
      after[field.name] = event.arguments[field.name];
    } else if (given != nullptr && given->is_null()) {
      after.erase(field.name);
    }
  }
  if (action.set != nullptr) {
    if (const ErrorId error = action.set(scene, after); error != kNone) return error;
  }
  for (const FieldModel& field : resource.fields) {
    if (after.contains(field.name)) continue;
    if (!field.nullable) return kArgumentNull;
    if (field.required) return kArgumentMissing;
  }
  if (resource.check != nullptr) {
    if (const ErrorId error = resource.check(after); error != kNone) return error;
  }
  for (const VersionRow::Change& change : changes_between(resource, before != nullptr ? *before : Fields(), after)) {
    if (change.after.is_null()) {
      event.cleared.push_back(change.field);
    } else {
      event.changes[change.field] = change.after;
    }
    const std::string* text = change.after.if_text();
    const bool is_entry = resource.find(change.field)->unique && text != nullptr;
    if (is_entry && (text->size() > 1024 || text->find('\0') != std::string::npos)) return kKeyInvalid;
  }
  return kNone;
}

// At the end of the transaction no two living records may have the same value.
ErrorId Model::check_unique(const Draft& draft) const {
  std::set<RecordName> all = records();
  for (const ModelEvent& event : draft.events) all.insert(event.record);
  std::set<std::pair<std::string, std::string>> taken;  // (resource and field, value)
  for (const RecordName& record : all) {
    const ResourceModel* resource = find_resource(record.resource);
    if (resource == nullptr) continue;
    const auto take = [&](const Fields& fields) {
      return std::all_of(resource->fields.begin(), resource->fields.end(), [&](const FieldModel& field) {
        const Value value = field.unique ? value_of(fields, field.name) : Value();
        return value.is_null() || taken.emplace(resource->name + "." + field.name, to_json(value)).second;
      });
    };
    if (!record.key.empty()) {
      const std::optional<Standing> standing = last_standing(record, draft);
      if (standing && standing->fields && !take(*standing->fields)) return kUniqueTaken;
      continue;
    }
    for (const ModelEvent& event : draft.events) {  // each made key is a record of its own
      if (event.record == record && !take(event.changes)) return kUniqueTaken;
    }
  }
  return kNone;
}

void Model::accept(Prediction prediction, const TransactionReceipt& receipt, const std::vector<ActionRequest>& requests) {
  Remembered remembered{.input = input_of(requests, prediction.events.front().options.actor), .events = {}};
  for (ModelEvent& event : prediction.events) {
    event.transaction = receipt.transaction;
    if (!event.record.resource.empty() && event.record.key.empty()) event.record.key = receipt.actions[event.place].key;
    log_.head = event.seq;
    log_.head_time = event.recorded_at;
    events_.push_back(&(log_.events[event.seq] = std::move(event)));
    remembered.events.push_back(events_.back());
  }
  const std::string& key = remembered.events.front()->options.idempotency_key;
  if (!key.empty()) remembered_.emplace(key, std::move(remembered));
}

// --- reading -------------------------------------------------------------------------------------------------------------------

std::set<RecordName> Model::records() const {
  std::set<RecordName> out;
  for (const ModelEvent* event : events_) {
    if (!event->record.resource.empty()) out.insert(event->record);
  }
  return out;
}

std::vector<Standing> Model::standings(const RecordName& record, Seq seq) const {
  std::vector<Standing> out;
  for (const ModelEvent* event : events_) {
    if (event->seq > seq) break;
    if (event->record != record || record.resource.empty()) continue;
    out.push_back(after_event(out.empty() ? std::nullopt : std::optional(out.back()), *event));
  }
  return out;
}

std::optional<Standing> Model::living(const RecordName& record, Seq seq) const {
  std::optional<Standing> out;
  for (const ModelEvent* event : events_) {
    if (event->seq > seq) break;
    if (event->record == record) out = after_event(out, *event);
  }
  return out && out->fields ? out : std::nullopt;
}

std::vector<VersionRow> Model::history(const RecordName& record, Seq seq) const {
  std::vector<VersionRow> out;
  Fields before;
  for (const Standing& standing : standings(record, seq)) {
    const ModelEvent& event = log_.events.at(standing.seq);
    VersionRow row{.version = standing.version,
                   .seq = standing.seq,
                   .recorded_at = event.recorded_at,
                   .incarnation = standing.incarnation,
                   .deleted = !standing.fields,
                   .action = event.action,
                   .actor = event.options.actor.id};
    const Fields after = standing.fields.value_or(Fields());
    if (standing.fields) row.changes = changes_between(*find_resource(record.resource), before, after);
    before = after;
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<FieldBlame> Model::blame(const RecordName& record, Seq seq) const {
  const std::optional<Standing> now = living(record, seq);
  if (!now) return {};
  const ResourceModel& resource = *find_resource(record.resource);
  const Value key = resource.key_is_int ? Value(std::stoll(record.key)) : Value(record.key);
  std::vector<FieldBlame> out = {{.field = resource.key, .value = key}};
  for (const FieldModel& field : resource.fields) out.push_back({.field = field.name, .value = value_of(*now->fields, field.name)});
  for (const VersionRow& row : history(record, seq)) {
    if (row.incarnation != now->incarnation) continue;
    for (FieldBlame& blame : out) {
      const VersionRow::Change* change = nullptr;
      for (const VersionRow::Change& one : row.changes) change = one.field == blame.field ? &one : change;
      if (change == nullptr && blame.version != 0) continue;  // an untouched field is the first version's
      blame.before = change != nullptr ? change->before : Value();
      blame.version = row.version;
      blame.seq = row.seq;
      blame.recorded_at = row.recorded_at;
      blame.action = row.action;
      blame.actor = row.actor;
    }
  }
  return out;
}

std::optional<RecordDiff> Model::diff(const RecordName& record, Seq before, Seq after) const {
  const std::optional<Standing> was = living(record, before), is = living(record, after);
  if (!was && !is) return std::nullopt;
  RecordDiff out{.resource = record.resource, .key = record.key};
  out.kind = !was                                  ? DiffKind::kCreated
             : !is                                 ? DiffKind::kDestroyed
             : was->incarnation != is->incarnation ? DiffKind::kRecreated
                                                   : DiffKind::kChanged;
  if (was) out.before = was->version;
  if (is) out.after = is->version;
  out.changes = changes_between(*find_resource(record.resource), was ? *was->fields : Fields(), is ? *is->fields : Fields());
  if (out.kind == DiffKind::kChanged && out.changes.empty()) return std::nullopt;
  return out;
}

}  // namespace forge::model
