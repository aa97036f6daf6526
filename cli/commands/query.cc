#include "action_input.h"
#include "commands.h"
#include "listing.h"
#include "records.h"
#include "suggest.h"

namespace forge::cli {
namespace {

// Errors: kNoSchema, kUnknownAction with the nearest query's name.
Result<const Action*> query_named(const Domain& domain, const std::string& name) {
  if (const Action* action = domain.find_action(name)) return action;
  if (!has_schema(domain)) return action_named(domain, name);
  std::vector<std::string> known;
  for (const Action* action : user_actions(domain)) {
    if (action->query) known.push_back(action->name);
  }
  return Status(ErrorId::kUnknownAction, "there is no query '" + name + "'" + did_you_mean(name, known))
      .remedy(known.empty() ? "the schema has no queries; see: forgectl list" : "see: forgectl schema show");
}

Result<int> run_query(Session& session) {
  const Arguments& arguments = session.arguments;
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  const std::shared_ptr<const Domain> domain = store.domain();
  FORGE_ASSIGN(const Action* action, query_named(*domain, arguments.words()[0]));
  FORGE_ASSIGN(const ActionRequest request, read_action(session, *domain, arguments.words()));
  FORGE_ASSIGN(const View view, session.view_of_records(store));
  const bool with_facts = session.out.format() == Format::kJson || session.out.format() == Format::kNdjson;
  FORGE_ASSIGN(const RecordShape shape, RecordShape::make(*action->resource, arguments.text("fields"), with_facts));
  Listing listing(session, {.headings = shape.members(), .columns = shape.members(), .name = "key"});
  QueryOptions options;
  options.actor = session.act_options().actor;
  options.limit = listing.limit() == 0 ? 0 : listing.limit() + 1;  // one more tells whether there are more
  options.timeout = arguments.duration("timeout");
  bool more = false;
  Status row;
  const Status asked = view.query(action->name, request.args, options, [&](const Record& record) {
    more = listing.full();
    if (more) return false;
    row = session.interrupted() ? Status(ErrorId::kCancelled, "stopped") : listing.record(view, shape, record);
    return row.ok();
  });
  if (!asked.ok()) return about_action(asked, *action);
  FORGE_TRY(row);
  FORGE_TRY(listing.end(more, view.seq()));
  return 0;
}

}  // namespace

const Command& query_command() {
  static const Command kCommand{
      .name = "query",
      .summary = "answer a query that the schema declares, now or at any point of the past",
      .arguments = {{.name = "RESOURCE.QUERY", .summary = "the query's name", .offer = Offer::kQuery},
                    {.name = "NAME=VALUE",
                     .summary = "its arguments, typed by the schema",
                     .required = false,
                     .repeated = true,
                     .offer = Offer::kAssignment}},
      .flags = {{.name = "input",
                 .type = FlagType::kText,
                 .value = "JSON|@FILE|-",
                 .summary = "arguments as a JSON object",
                 .offer = Offer::kFile},
                {.name = "role", .type = FlagType::kText, .value = "ROLE", .summary = "the actor's role, as policies see it"},
                as_of_flag(),
                {.name = "fields", .type = FlagType::kText, .value = "A,B", .summary = "only these, also _version _seq _at _actor"},
                limit_flag()},
      .examples = {{"forgectl query Order.open at_least=5", ""},
                   {"forgectl query Order.open --as-of -2h -o csv", "as it was two hours ago, by the query of today"},
                   {"forgectl query Order.mine --actor ann", "for whom it is asked"}},
      .notes = "Queries are actions with `reads`: forgectl schema show lists them, forgectl explain RESOURCE.QUERY shows one.",
      .uses_pager = true,
      .run = run_query,
  };
  return kCommand;
}

}  // namespace forge::cli
