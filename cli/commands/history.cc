#include <algorithm>

#include "arguments.h"
#include "commands.h"
#include "listing.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

std::string change_text(const VersionRow& row, bool again) {
  if (row.deleted) return "destroyed";
  const std::string changes = changes_text(row.changes);
  return again ? "created again " + changes : changes;
}

Status print_version(Session& session, const View& view, const VersionRow& row, bool again, Listing& listing) {
  const std::string position = std::to_string(row.version);
  if (session.out.is_table()) {
    return listing.row({position, std::to_string(row.seq), short_time_text(row.recorded_at), row.actor, verb_of(row.action),
                        change_text(row, again)},
                       position);
  }
  if (session.out.format() == Format::kName) return listing.row(Object{{"seq", row.seq}}, position);
  FORGE_ASSIGN(const Event event, view.event(row.seq));
  Object object = event.to_object();
  object.add("diff", changes_object(row.changes));
  return listing.row(object, position);
}

Result<int> run_history(Session& session) {
  const std::string &resource = session.arguments.words()[0], &key = session.arguments.words()[1];
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  const ListName list{"history " + resource + " " + key, store.id(), {}};
  std::optional<Cursor> cursor;
  if (const auto text = session.arguments.if_text("cursor")) {
    FORGE_ASSIGN(cursor, read_cursor(*text, list));
  }
  FORGE_ASSIGN(const View view, cursor.has_value() ? store.as_of(cursor->seq) : session.view_of_records(store));
  FORGE_ASSIGN(const Resource* known, resource_at(view, resource));
  FORGE_ASSIGN(const std::vector<VersionRow> rows, view.history(known->name, key));
  Listing listing(session,
                  {.headings = {"v", "event", "when", "actor", "action", "change"},
                   .columns = {"version", "seq", "recorded_at", "actor", "action", "type", "diff"},
                   .name = "seq"},
                  list);
  std::uint64_t after = 0;
  if (cursor.has_value()) {
    FORGE_ASSIGN(after, parse_count(cursor->after));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].version <= after) continue;
    if (listing.full()) {
      FORGE_TRY(listing.end(true, view.seq(), rows.size()));
      return 0;
    }
    FORGE_TRY(print_version(session, view, rows[i], i > 0 && rows[i].incarnation != rows[i - 1].incarnation, listing));
  }
  FORGE_TRY(listing.end(false, view.seq()));
  return 0;
}

}  // namespace

const Command& history_command() {
  static const Command kCommand{
      .name = "history",
      .summary = "every version of a record: who changed what, when",
      .arguments = {{.name = "RESOURCE", .summary = "the resource's name", .offer = Offer::kResource},
                    {.name = "KEY", .summary = "the record's key", .offer = Offer::kKey}},
      .flags = {as_of_flag(), limit_flag(), cursor_flag(), page_flag()},
      .examples = {{"forgectl history Order o-1", ""}, {"forgectl history Order o-1 -o json", "events with their diffs"}},
      .uses_pager = true,
      .run = run_history,
  };
  return kCommand;
}

}  // namespace forge::cli
