#include <array>

#include "commands.h"
#include "listing.h"
#include "records.h"

namespace forge::cli {
namespace {

constexpr std::array<std::string_view, 1> kListFilters = {"where"};

// One more than --limit is asked for: whether there are more is said then.
Status read_order(const Session& session, ListQuery& query) {
  query.sort = session.arguments.text("sort");
  if (query.sort.empty()) return {};
  for (const char* flag : {"page", "cursor"}) {
    if (!session.arguments.given(flag)) continue;
    return Status(ErrorId::kUsage, std::string("--sort does not go with --") + flag)
        .why("a cursor goes on behind a key, and a sorted list is not in the order of keys")
        .remedy("raise --limit instead, or narrow the list with --where");
  }
  query.limit = session.arguments.count("limit") + 1;
  if (query.limit > 1 && query.limit <= ListQuery::kSortedMax) return {};
  return Status(ErrorId::kUsage, "--sort needs a --limit of 1 to " + std::to_string(ListQuery::kSortedMax - 1))
      .why("the records are sorted in memory")
      .remedy("give such a --limit, or export and sort there");
}

Status list_records(Session& session, const View& view, const ListQuery& query, const RecordShape& shape, const ListName& list) {
  Listing listing(session, {.headings = shape.members(), .columns = shape.members(), .name = "key"}, list);
  bool more = false;
  Status row;
  const Status listed = view.list(query, [&](const Record& record) {
    more = listing.full();
    if (more) return false;
    row = session.interrupted() ? Status(ErrorId::kCancelled, "stopped") : listing.record(view, shape, record);
    return row.ok();
  });
  FORGE_TRY(filter_error(listed));
  FORGE_TRY(row);
  const std::string sorted = "--limit up to " + std::to_string(ListQuery::kSortedMax - 1) + ", or --where for fewer";
  return query.sort.empty() ? listing.end(more, view.seq()) : listing.end(more, view.seq(), std::nullopt, sorted);
}

Result<int> run_list(Session& session) {
  ListQuery query;
  query.resource = session.arguments.words()[0];
  query.where = session.arguments.text("where");
  FORGE_TRY(read_order(session, query));
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  const ListName name{"list " + query.resource, store.id(), filters_digest(session.arguments, kListFilters)};
  std::optional<Cursor> cursor;
  if (const auto text = session.arguments.if_text("cursor")) {
    FORGE_ASSIGN(cursor, read_cursor(*text, name));
    query.after_key = cursor->after;
  }
  FORGE_ASSIGN(const View view, cursor.has_value() ? store.as_of(cursor->seq) : session.view_of_records(store));
  FORGE_ASSIGN(const Resource* resource, resource_at(view, query.resource));
  const bool with_facts = session.out.format() == Format::kJson || session.out.format() == Format::kNdjson;
  FORGE_ASSIGN(const RecordShape shape, RecordShape::make(*resource, session.arguments.text("fields"), with_facts));
  FORGE_TRY(list_records(session, view, query, shape, query.sort.empty() ? name : ListName()));
  return 0;
}

}  // namespace

const Command& list_command() {
  static const Command kCommand{
      .name = "list",
      .summary = "records of a resource, in key order or sorted, now or at any point of the past",
      .arguments = {{.name = "RESOURCE", .summary = "the resource's name", .offer = Offer::kResource}},
      .flags = {{.name = "where",
                 .type = FlagType::kText,
                 .value = "EXPR",
                 .summary = "only records for which this is true (help query)",
                 .offer = Offer::kFilter},
                {.name = "sort",
                 .type = FlagType::kText,
                 .value = "F[,-G]",
                 .summary = "in the order of these fields, - for descending; with --limit up to 9999",
                 .offer = Offer::kField},
                as_of_flag(),
                {.name = "fields",
                 .type = FlagType::kText,
                 .value = "A,B",
                 .summary = "only these, also _version _seq _at _actor",
                 .offer = Offer::kField},
                limit_flag(),
                cursor_flag(),
                page_flag()},
      .examples = {{"forgectl list Order --where \"qty >= 5 and status = 'Placed'\"", ""},
                   {"forgectl list Order --as-of 2026-11-23T04:00:00Z -o csv", "the table as it was"},
                   {"forgectl list Order -o name | xargs -n1 forgectl history Order", ""}},
      .uses_pager = true,
      .run = run_list,
  };
  return kCommand;
}

}  // namespace forge::cli
