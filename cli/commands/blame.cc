#include "commands.h"
#include "listing.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

Status print_blame(Session& session, const FieldBlame& row) {
  if (session.out.is_table()) {
    return session.out.row({row.field, "event " + std::to_string(row.seq), row.actor, verb_of(row.action),
                            time_text(row.recorded_at), row.before.is_null() ? "" : "was " + value_shown(row.before)});
  }
  return session.out.row(Object{{"field", row.field},
                                {"value", row.value},
                                {"before", row.before},
                                {"version", row.version},
                                {"seq", row.seq},
                                {"recorded_at", format_time(row.recorded_at)},
                                {"action", row.action},
                                {"actor", row.actor}});
}

Result<int> run_blame(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const View view, session.view_of_records(store));
  FORGE_ASSIGN(const Resource* resource, resource_at(view, session.arguments.words()[0]));
  FORGE_ASSIGN(const std::vector<FieldBlame> rows, view.blame(resource->name, session.arguments.words()[1]));
  session.out.begin_list(
      {.columns = {"field", "value", "before", "version", "seq", "recorded_at", "action", "actor"}, .name = "field"});
  for (const FieldBlame& row : rows) FORGE_TRY(print_blame(session, row));
  FORGE_TRY(session.out.end_list());
  return 0;
}

}  // namespace

const Command& blame_command() {
  static const Command kCommand{
      .name = "blame",
      .summary = "who set each field of a record last, when, and from what",
      .arguments = {{.name = "RESOURCE", .summary = "the resource's name", .offer = Offer::kResource},
                    {.name = "KEY", .summary = "the record's key", .offer = Offer::kKey}},
      .flags = {as_of_flag()},
      .examples = {{"forgectl blame Order o-1", ""}, {"forgectl blame Order o-1 --as-of -1d -o json", "as of yesterday"}},
      .uses_pager = true,
      .run = run_blame,
  };
  return kCommand;
}

}  // namespace forge::cli
