#include <algorithm>
#include <array>
#include <tuple>

#include "arguments.h"
#include "commands.h"
#include "listing.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

// What decides which events there are, and in which order.
constexpr std::array<std::string_view, 12> kFilters = {"type",  "resource",        "tag",   "correlation", "action", "actor",
                                                       "field", "idempotency-key", "since", "until",       "newest", "pulses"};
constexpr std::string_view kRunResource = "_run";

// The journals of runs are left out unless they are what the filters are about.
bool asks_for_runs(const LogQuery& query) {
  return query.resource == kRunResource || query.type.starts_with('_') || query.action.starts_with('_');
}

Status print_row(Session& session, const Event& event, Listing& listing) {
  const std::string position = std::to_string(event.seq);
  if (!session.out.is_table()) return listing.row(event.to_object(), position);
  return listing.row({position, short_time_text(event.recorded_at), event.actor, event.type, event.key,
                      event.version == 0 ? "" : std::to_string(event.version), changes_text(event)},
                     position);
}

// The first event that --since lets through: an event at exactly that time is let through, a seq means that event.
Seq first_since(const Store& store, const Point& point, const Resolved& resolved) {
  if (std::holds_alternative<Seq>(point)) return std::max<Seq>(resolved.seq, 1);
  const Time* time = std::get_if<Time>(&point);
  if (time == nullptr || resolved.seq == 0 || resolved.time != *time) return resolved.seq + 1;
  const Result<Event> last = store.view().event(resolved.seq);
  return last.ok() ? resolved.seq - last->place : resolved.seq;
}

// Two times, or two spans back from now, of which the later comes first: no event need lie between them.
bool is_reversed(const std::optional<Point>& since, const Point& until) {
  if (!since.has_value()) return false;
  if (const Time* begin = std::get_if<Time>(&*since)) {
    const Time* end = std::get_if<Time>(&until);
    return end != nullptr && *end < *begin;
  }
  const Ago* begin = std::get_if<Ago>(&*since);
  const Ago* end = std::get_if<Ago>(&until);
  return begin != nullptr && end != nullptr && end->micros > begin->micros;
}

// Narrows `query` to --since and --until.
Status read_bounds(const Arguments& arguments, const Store& store, LogQuery& query) {
  bool seqs = true;
  std::optional<Point> since;
  if (const auto text = arguments.if_text("since")) {
    FORGE_ASSIGN(const Point point, parse_point(*text));
    FORGE_ASSIGN(const Resolved resolved, store.resolve(point));
    query.from = first_since(store, point, resolved);
    since = point;
    seqs = std::holds_alternative<Seq>(point);
  }
  const auto text = arguments.if_text("until");
  if (!text.has_value()) return {};
  FORGE_ASSIGN(const Point point, parse_point(*text));
  if (is_reversed(since, point)) {
    return Status(ErrorId::kRangeReversed, "--until is before --since")
        .why("--since " + arguments.text("since") + ", --until " + *text);
  }
  FORGE_ASSIGN(const Resolved resolved, store.resolve(point));
  query.to = resolved.seq;
  const bool reversed = seqs && std::holds_alternative<Seq>(point) ? query.to < query.from : query.to + 1 < query.from;
  if (!reversed) return {};
  return Status(ErrorId::kRangeReversed, "--until is before --since")
      .why("--since begins at event " + std::to_string(query.from) + ", --until ends at event " + std::to_string(query.to));
}

void read_filters(const Arguments& arguments, LogQuery& query) {
  query.type = arguments.text("type");
  std::tie(query.resource, query.key) = resource_and_key(arguments.text("resource"));
  query.actor = arguments.text("actor");
  query.correlation = arguments.text("correlation");
  query.action = arguments.text("action");
  query.field = arguments.text("field");
  query.idempotency_key = arguments.text("idempotency-key");
  query.tag = arguments.text("tag");
  query.newest_first = arguments.is_on("newest");
}

// How the events were found, as a notice.
void tell_plan(const Session& session, const ReadPlan& plan) {
  std::string line = "plan: " + plan.index;
  if (plan.index_to > 0) line += " to event " + std::to_string(plan.index_to) + ", then the log";
  session.notice(line + "; " + counted(plan.entries_touched, "event") + " read");
}

// `nothing`: the bounds leave no event.
Status print_log(Session& session, const View& view, const LogQuery& query, const ListName& list, bool nothing) {
  Listing listing(session,
                  {.headings = {"event", "when", "actor", "type", "key", "v", "change"}, .columns = event_columns(), .name = "seq"},
                  list);
  bool more = false;
  Status row;
  ReadPlan plan;
  const bool empty = nothing || query.from > view.seq() || (query.to > 0 && query.to < query.from);
  if (empty) return listing.end(false, view.seq());
  const bool pulses = session.arguments.is_on("pulses") || asks_for_runs(query);
  FORGE_TRY(view.log(
      query,
      [&](const Event& event) {
        if (event.resource == kRunResource && !pulses) return true;
        more = listing.full();
        if (more) return false;
        row = session.interrupted() ? Status(ErrorId::kCancelled, "stopped") : print_row(session, event, listing);
        return row.ok();
      },
      &plan));
  FORGE_TRY(row);
  if (session.arguments.is_on("plan")) tell_plan(session, plan);
  return listing.end(more, view.seq());
}

Result<int> run_log(Session& session) {
  FORGE_TRY(check_type_glob(session.arguments.text("type")));
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_TRY(check_event_type(store, session.arguments.text("type")));
  LogQuery query;
  read_filters(session.arguments, query);
  FORGE_TRY(check_tag(store, query.tag));
  FORGE_TRY(read_bounds(session.arguments, store, query));
  const ListName list{"log", store.id(), filters_digest(session.arguments, kFilters)};
  std::optional<Cursor> cursor;
  if (const auto text = session.arguments.if_text("cursor")) {
    FORGE_ASSIGN(cursor, read_cursor(*text, list));
    FORGE_ASSIGN(const Seq after, parse_count(cursor->after));
    (query.newest_first ? query.to : query.from) = query.newest_first ? after - 1 : after + 1;
  }
  const bool to_nothing = query.to == 0 && (cursor.has_value() ? query.newest_first : session.arguments.given("until"));
  FORGE_ASSIGN(const View view, cursor.has_value() ? store.as_of(cursor->seq) : session.view(store));
  if (!query.resource.empty()) {
    FORGE_ASSIGN(const Resource* resource, resource_at(view, query.resource));
    query.resource = resource->name;
  }
  FORGE_TRY(print_log(session, view, query, list, to_nothing));
  return 0;
}

}  // namespace

const Command& log_command() {
  static const Command kCommand{
      .name = "log",
      .summary = "the events of the store, oldest first",
      .flags =
          {{.name = "type", .type = FlagType::kText, .value = "GLOB", .summary = "only event types like this: 'Order.*'"},
           {.name = "resource",
            .type = FlagType::kText,
            .value = "R[/KEY]",
            .summary = "only of this resource or record",
            .offer = Offer::kResource},
           {.name = "tag", .type = FlagType::kText, .value = "FIELD=VALUE", .summary = "only with this tag: sku=tea"},
           {.name = "correlation", .type = FlagType::kText, .value = "ID", .summary = "only of this correlation"},
           {.name = "action",
            .type = FlagType::kText,
            .value = "ACTION",
            .summary = "only what this action made",
            .offer = Offer::kAction},
           {.name = "field", .type = FlagType::kText, .value = "R.FIELD", .summary = "only events that set or cleared this field"},
           {.name = "idempotency-key", .type = FlagType::kText, .value = "KEY", .summary = "only of this transaction"},
           {.name = "since",
            .type = FlagType::kText,
            .value = "POINT",
            .summary = "from there on, inclusive (help time)",
            .offer = Offer::kPoint},
           {.name = "until",
            .type = FlagType::kText,
            .value = "POINT",
            .summary = "up to there, inclusive",
            .offer = Offer::kPoint},
           {.name = "newest", .summary = "newest first"},
           {.name = "pulses", .summary = "also the journals of workflows' runs; without it only where a filter names them"},
           {.name = "plan", .summary = "say on standard error how the events were found"},
           as_of_flag(),
           limit_flag(),
           cursor_flag(),
           page_flag()},
      .examples = {{"forgectl log --type 'Order.*' --since -1h", ""},
                   {"forgectl log --newest --limit 5", "the last five"},
                   {"forgectl log --resource Order/o-1 -o ndjson", ""}},
      .notes =
          "--actor NAME shows only events of that actor. With the audit index (projection rebuild audit), --actor, "
          "--correlation, --action and --field read only the events they name.",
      .uses_pager = true,
      .run = run_log,
  };
  return kCommand;
}

}  // namespace forge::cli
