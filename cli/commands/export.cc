#include <set>

#include "arguments.h"
#include "commands.h"
#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/key.h"
#include "listing.h"
#include "records.h"

namespace forge::cli {
namespace {

// Rows that may be without end: each is printed and forgotten. Where the format is for people, they are one JSON object a line.
class Rows {
 public:
  Rows(Session& session, std::vector<std::string> columns, std::string name) : session_(session) {
    if (!session.out.is_table()) session.out.begin_list({.headings = {}, .columns = std::move(columns), .name = std::move(name)});
  }
  // False, with an error in status(), where the export must stop.
  bool put(const Object& row) {
    if (session_.interrupted()) {
      status_ = Status(ErrorId::kCancelled, "stopped");
    } else {
      status_ = session_.out.is_table() ? session_.out.text(to_json(row) + "\n") : session_.out.row(row);
    }
    return status_.ok();
  }
  bool fail(Status status) {
    status_ = std::move(status);
    return false;
  }
  Status end() {
    FORGE_TRY(status_);
    return session_.out.is_table() ? Status() : session_.out.end_list();
  }

 private:
  Session& session_;
  Status status_;
};

// CloudEvents 1.0, JSON: an event of this store is told from others by `source` and `id`.
Object cloud_event(const Event& event, const std::string& store) {
  Object out{{"specversion", "1.0"}, {"id", std::to_string(event.seq)},        {"source", "urn:uuid:" + store},
             {"type", event.type},   {"time", format_time(event.recorded_at)}, {"datacontenttype", "application/json"}};
  if (!event.resource.empty()) out.add("subject", event.resource + "/" + event.key);
  out.add("data", event.to_object());
  return out;
}

// Gathers the events of each transaction into a line that `do --batch` takes.
class ActionLines {
 public:
  ActionLines(const Store& store, Rows& rows) : store_(store), rows_(rows) {}

  bool take(const Event& event) {
    const bool is_own = event.resource.starts_with('_');
    if (event.place == 0) begin(event);
    if (is_own) {
      skipped_ = true;
    } else if (!event.resource.empty()) {
      Result<Object> action = action_of(event);
      if (!action.ok()) return rows_.fail(action.status());
      actions_.emplace_back(*std::move(action));
    }
    if (event.place + 1 != event.count || (skipped_ && actions_.empty())) return true;
    line_.add("actions", std::move(actions_));
    return rows_.put(line_);
  }

 private:
  void begin(const Event& event) {
    line_ = Object();
    actions_ = List();
    skipped_ = false;
    if (!event.idempotency_key.empty()) line_.add("idempotency_key", event.idempotency_key);
    if (event.occurred_at) line_.add("at", format_time(*event.occurred_at));
    if (!event.actor.empty()) line_.add("actor", event.actor);
    for (const auto& [name, value] : event.metadata.members()) {
      if (name == "role" || name == "reason") line_.add(name, value);
    }
    if (event.correlation != event.transaction.to_string()) line_.add("correlation", event.correlation);
  }

  // The first argument with a secret in it, also deep inside; null where there is none.
  static const Field* secret_of(const TableType& table, std::set<const TableType*>& seen) {
    for (const Field& field : table.fields) {
      if (field.secret) return &field;
      if (field.nested != nullptr && seen.insert(field.nested).second && secret_of(*field.nested, seen) != nullptr) return &field;
    }
    return nullptr;
  }
  // A secret is never shown, so that what is exported could not be done again.
  static Status check_shown(const Action& action) {
    std::set<const TableType*> seen;
    const Field* const secret = secret_of(action.arguments, seen);
    if (secret == nullptr) return {};
    return Status(ErrorId::kUsage, action.name + " cannot be exported as an action")
        .why("its argument '" + secret->name + "' is secret")
        .remedy("keep these transactions with forgectl backup, or export events");
  }

  // The action with its key among the arguments, also where the store made the key.
  Result<Object> action_of(const Event& event) {
    FORGE_ASSIGN(const Resource* resource, store_.domain()->get_resource(event.resource));
    const Action* const action = store_.domain()->find_action(event.action);
    if (action != nullptr) FORGE_TRY(check_shown(*action));
    if (event.undoes) {
      return Status(ErrorId::kUsage, "event " + std::to_string(event.seq) + " cannot be exported as an action")
          .why("it takes event " + std::to_string(*event.undoes) + " back, and in another store that is another event")
          .remedy("keep these transactions with forgectl backup, or export events");
    }
    FORGE_ASSIGN(const std::string encoded, encode_key(*resource, event.key));
    Row key(resource->record.fields.size());
    FORGE_TRY(key_cells(*resource, encoded, key));
    Object args;
    for (const std::uint16_t part : resource->key_fields) {
      const Field& field = resource->record.fields[part];
      args.add(field.name, cell_to_value(field, key[part]));
    }
    for (const auto& [name, value] : event.arguments.members()) {
      if (args.find(name) == nullptr) args.add(name, value);
    }
    for (const std::string& name : event.cleared) {
      if (action != nullptr && action->arguments.find(name) != nullptr && args.find(name) == nullptr) args.add(name, Value());
    }
    return Object{{"action", event.action}, {"args", std::move(args)}};
  }

  const Store& store_;
  Rows& rows_;
  Object line_;
  List actions_;
  bool skipped_ = false;  // an event of Forge's own, such as a schema, belongs to the transaction
};

// Transactions are exported whole or not at all.
Status check_whole(const View& view, Seq first, Seq last) {
  for (const Seq seq : {first, last}) {
    FORGE_ASSIGN(const Event event, view.event(seq));
    if (seq == first ? event.place == 0 : event.place + 1 == event.count) continue;
    const Seq begin = seq - event.place, end = begin + event.count - 1;
    return Status(ErrorId::kPointInsideTransaction, "event " + std::to_string(seq) + " is inside a transaction")
        .why("its transaction is events " + std::to_string(begin) + " to " + std::to_string(end))
        .state("nothing was exported")
        .remedy(seq == first ? "begin with event " + std::to_string(begin) + " or " + std::to_string(end + 1)
                             : "end with event " + std::to_string(begin - 1) + " or " + std::to_string(end));
  }
  return {};
}

Status export_events(Session& session, const Store& store, const View& view) {
  const Arguments& arguments = session.arguments;
  LogQuery query;
  query.from = std::max<Seq>(1, arguments.if_count("from").value_or(1));
  query.to = std::min(view.seq(), arguments.if_count("to").value_or(view.seq()));
  const bool is_empty = query.to < query.from;
  const bool is_cloud = arguments.text("format") == "cloudevents", is_actions = arguments.is_on("actions");
  if (is_cloud && is_actions)
    return Status(ErrorId::kUsage, "--actions and --format cloudevents are two formats").remedy("give one");
  if (is_actions && !is_empty) FORGE_TRY(check_whole(view, query.from, query.to));
  std::vector<std::string> columns = event_columns();
  if (is_cloud) columns = {"id", "source", "type", "subject", "time"};
  if (is_actions) columns = {"idempotency_key", "at", "actor", "actions"};
  Rows rows(session, columns, is_cloud ? "id" : is_actions ? "idempotency_key" : "seq");
  if (is_empty) return rows.end();
  FORGE_ASSIGN(const StoreStats stats, store.stats());
  ActionLines lines(store, rows);
  FORGE_TRY(view.log(query, [&](const Event& event) {
    if (is_actions) return lines.take(event);
    return rows.put(is_cloud ? cloud_event(event, stats.id) : event.to_object());
  }));
  return rows.end();
}

Status export_records(Session& session, const View& view, const std::string& name) {
  for (const char* flag : {"from", "to", "actions"}) {
    if (session.arguments.given(flag)) return Status(ErrorId::kUsage, "--" + std::string(flag) + " is for events only");
  }
  if (session.arguments.text("format") == "cloudevents") return Status(ErrorId::kUsage, "cloudevents is a format of events only");
  FORGE_ASSIGN(const Resource* resource, resource_at(view, name));
  std::vector<std::string> columns;
  for (const Field& field : resource->record.fields) columns.push_back(field.name);
  Rows rows(session, columns, resource->record.fields[resource->key_fields.front()].name);
  FORGE_TRY(view.list({.resource = resource->name}, [&](const Record& record) { return rows.put(record.to_object()); }));
  return rows.end();
}

Result<int> run_export(Session& session) {
  const std::string& what = session.arguments.words()[0];
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const View view, what == "events" ? session.view(store) : session.view_of_records(store));
  FORGE_TRY(what == "events" ? export_events(session, store, view) : export_records(session, view, what));
  return 0;
}

}  // namespace

const Command& export_command() {
  static const Command kCommand{
      .name = "export",
      .summary = "events, or the records of a resource, all of them",
      .arguments = {{.name = "events|RESOURCE", .summary = "what", .offer = Offer::kResource}},
      .flags = {as_of_flag(),
                {.name = "from", .type = FlagType::kCount, .value = "SEQ", .summary = "events from this one on"},
                {.name = "to", .type = FlagType::kCount, .value = "SEQ", .summary = "events up to this one"},
                {.name = "actions", .summary = "events as the transactions that made them, for do --batch"},
                {.name = "format",
                 .type = FlagType::kChoice,
                 .value = "FORMAT",
                 .summary = "events as they are, or as CloudEvents 1.0",
                 .default_value = "plain",
                 .choices = {"plain", "cloudevents"}}},
      .examples = {{"forgectl export events --format cloudevents > all.ndjson", ""},
                   {"forgectl export Order --as-of -1d -o csv > orders.csv", ""},
                   {"forgectl export events --actions | forgectl do --batch --store ../other", "done again elsewhere"}},
      .notes =
          "One JSON object a line where no other format is asked for. Rows are printed as they are read. --actions leaves\n"
          "schemas and bookmarks out: add the schema first. Rules that ask for the time give the time of the new store.",
      .run = run_export,
  };
  return kCommand;
}

}  // namespace forge::cli
