#include "forge/events/event.h"

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/key.h"

namespace forge {
namespace {

Status unknown_number(const Envelope& envelope, const char* what, unsigned number) {
  return Status(ErrorId::kDataCorrupt, "event " + std::to_string(envelope.seq) + " names an unknown " + what)
      .why(std::string(what) + " number " + std::to_string(number) + " is not in schema version " +
           std::to_string(envelope.schema_version));
}

Result<Row> row_of(const TableType& table, std::span<const std::uint8_t> bytes) {
  FORGE_TRY(verify_table(table, bytes));
  Row row;
  read_row(table, bytes, row);
  return row;
}

// The arguments where they were equal to the changes: each argument's field, as it was set.
Object arguments_from_changes(const Action& action, const Row& changes) {
  Object out;
  for (std::size_t i = 0; i < action.arguments.fields.size(); ++i) {
    const int field = action.field_of_argument[i];
    if (field < 0 || changes.empty() || changes[static_cast<std::size_t>(field)].is_absent()) continue;
    out.add(action.arguments.fields[i].name, cell_to_value(action.resource->record.fields[static_cast<std::size_t>(field)],
                                                           changes[static_cast<std::size_t>(field)]));
  }
  return out;
}

Status resolve_tables(const Envelope& envelope, const Action& action, Event& event) {
  const TableType& record = action.resource->record;
  Row changes;
  if (!envelope.changes.empty()) {
    FORGE_ASSIGN(changes, row_of(record, envelope.changes));
    event.changes = row_to_object(record, changes);
  }
  if (envelope.has_arguments) {
    FORGE_ASSIGN(const Row arguments, row_of(action.arguments, envelope.arguments));
    event.arguments = row_to_object(action.arguments, arguments);
  } else {
    event.arguments = arguments_from_changes(action, changes);
  }
  for (const std::uint16_t id : envelope.cleared) {
    if (id >= record.fields.size()) return unknown_number(envelope, "field", id);
    event.cleared.push_back(record.fields[id].name);
  }
  return {};
}

Status resolve_names(const Envelope& envelope, const Domain& domain, Event& event) {
  if (envelope.resource == 0) {
    event.type = std::string(kEmptyTransactionType);
    return {};
  }
  if (domain.resource(envelope.resource) == nullptr) return unknown_number(envelope, "resource", envelope.resource);
  const Action* action = domain.action(envelope.resource, envelope.action);
  if (action == nullptr) return unknown_number(envelope, "action", envelope.action);
  event.type = action->event_type;
  event.action = action->name;
  event.resource = action->resource->name;
  FORGE_ASSIGN(event.key, key_text(*action->resource, envelope.key));
  return resolve_tables(envelope, *action, event);
}

}  // namespace

Result<Event> resolve_event(const Envelope& envelope, const Domain& domain) {
  Event event;
  event.seq = envelope.seq;
  event.version = envelope.version;
  event.recorded_at = envelope.recorded_at;
  event.occurred_at = envelope.occurred_at;
  event.actor = std::string(envelope.actor);
  event.transaction = envelope.transaction;
  event.place = envelope.place;
  event.count = envelope.count;
  event.correlation = envelope.correlation.empty() ? envelope.transaction.to_string() : std::string(envelope.correlation);
  event.causation = envelope.causation;
  event.undoes = envelope.undoes;
  event.idempotency_key = std::string(envelope.idempotency_key);
  event.hops_left = envelope.hops_left;
  event.schema_version = envelope.schema_version;
  event.incarnation = envelope.incarnation;
  event.tags.assign(envelope.tags.begin(), envelope.tags.end());
  event.raw_clock = envelope.raw_clock;
  for (const auto& [name, value] : envelope.metadata) event.metadata.add(std::string(name), std::string(value));
  FORGE_TRY(resolve_names(envelope, domain, event));
  return event;
}

Object Event::to_object() const {
  Object out;
  const auto optional_text = [&](const char* name, const std::string& text) {
    if (!text.empty()) out.add(name, text);
  };
  const auto list = [](const std::vector<std::string>& names) { return List(names.begin(), names.end()); };
  out.add("seq", seq);
  out.add("type", type);
  if (!resource.empty()) {
    out.add("resource", resource);
    out.add("key", key);
    out.add("version", version);
    out.add("action", action);
  }
  out.add("recorded_at", format_time(recorded_at));
  if (occurred_at) out.add("occurred_at", format_time(*occurred_at));
  optional_text("actor", actor);
  out.add("transaction", transaction.to_string());
  out.add("correlation", correlation);
  if (causation) out.add("causation", *causation);
  if (undoes) out.add("undoes", *undoes);
  optional_text("idempotency_key", idempotency_key);
  if (hops_left) out.add("hops_left", *hops_left);
  out.add("schema_version", schema_version);
  if (!resource.empty()) out.add("incarnation", incarnation);
  if (!tags.empty()) out.add("tags", list(tags));
  out.add("arguments", arguments);
  out.add("changes", changes);
  if (!cleared.empty()) out.add("cleared", list(cleared));
  if (raw_clock) out.add("raw_clock", format_time(*raw_clock));
  if (!metadata.empty()) out.add("metadata", metadata);
  return out;
}

std::string Event::to_json() const {
  return forge::to_json(to_object());
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == text[t] && pattern[p] != '*'))) {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace forge
