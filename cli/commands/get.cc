#include <algorithm>

#include "commands.h"
#include "forge/events/domain.h"
#include "listing.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

// Keys that begin like the missing one and are within two edits of it: "o-9, o-98".
std::string near_keys(const View& view, const std::string& resource, const std::string& key) {
  constexpr std::size_t kLooked = 1000;
  std::vector<std::string> near;
  ListQuery query;
  query.resource = resource;
  query.key_prefix = key.substr(0, 1);
  query.limit = kLooked;
  const Status listed = view.list(query, [&](const Record& record) {
    const std::string_view candidate = record.key();
    if (!nearest_name(key, {&candidate, 1}).empty()) near.push_back(record.key());
    return near.size() < 3;
  });
  if (!listed.ok()) return {};
  std::string out;
  for (const std::string& name : near) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Result<Record> record_wanted(Session& session, const View& view, const std::string& resource, const std::string& key) {
  const auto version = session.arguments.if_count("at-version");
  Result<Record> record = version.has_value() ? view.get_version(resource, key, *version) : view.get(resource, key);
  if (record.ok() || record.status().id() != ErrorId::kRecordNotFound || version.has_value()) return record;
  const std::string near = near_keys(view, resource, key);
  Status status = record.status();
  if (!near.empty()) return std::move(status).why("nearest keys: " + near);
  if (!session.arguments.given("as-of")) return record;
  return std::move(status).why("there was none as of event " + std::to_string(view.seq()));
}

// A line a field, then where the record comes from.
Status print_record(Session& session, const View& view, const RecordShape& shape, const Record& record) {
  FORGE_ASSIGN(const std::vector<std::string> cells, shape.cells(view, record));
  FORGE_ASSIGN(const Event event, view.event(record.seq()));
  session.out.begin_list({});
  for (std::size_t i = 0; i < cells.size(); ++i) FORGE_TRY(session.out.row({shape.members()[i], cells[i]}));
  FORGE_TRY(session.out.end_list());
  std::string line = "— version " + std::to_string(record.version()) + " · event " + std::to_string(record.seq()) + " · " +
                     time_text(event.recorded_at);
  if (!event.actor.empty()) line += " · by " + printable(event.actor);
  return session.out.text(line + "\n");
}

Result<int> run_get(Session& session) {
  const std::string& resource_name = session.arguments.words()[0];
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const View view, session.view_of_records(store));
  FORGE_ASSIGN(const Resource* resource, resource_at(view, resource_name));
  const bool with_facts = session.out.format() == Format::kJson || session.out.format() == Format::kNdjson;
  FORGE_ASSIGN(const RecordShape shape, RecordShape::make(*resource, session.arguments.text("fields"), with_facts));
  FORGE_ASSIGN(const Record record, record_wanted(session, view, resource_name, session.arguments.words()[1]));
  if (session.out.is_table()) {
    FORGE_TRY(print_record(session, view, shape, record));
    return 0;
  }
  FORGE_ASSIGN(Object object, shape.object(view, record));
  if (session.out.format() == Format::kName) object = Object{{"key", record.key()}};
  FORGE_TRY(session.out.object(object, "key"));
  return 0;
}

}  // namespace

const Command& get_command() {
  static const Command kCommand{
      .name = "get",
      .summary = "one record, now or at any point of its past",
      .arguments = {{.name = "RESOURCE", .summary = "the resource's name", .offer = Offer::kResource},
                    {.name = "KEY", .summary = "the record's key", .offer = Offer::kKey}},
      .flags = {as_of_flag(),
                {.name = "at-version", .type = FlagType::kCount, .value = "N", .summary = "as that version of it was"},
                {.name = "fields",
                 .type = FlagType::kText,
                 .value = "A,B",
                 .summary = "only these, also _version _seq _at _actor",
                 .offer = Offer::kField}},
      .examples = {{"forgectl get Order o-1", ""},
                   {"forgectl get Order o-1 --as-of 2", "as it was after event 2; also a time: -2h (help time)"},
                   {"forgectl get Order o-1 --at-version 1 -o json", "as it was first"}},
      .run = run_get,
  };
  return kCommand;
}

}  // namespace forge::cli
