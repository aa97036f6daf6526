#include <algorithm>

#include "commands.h"
#include "describe.h"
#include "errors.h"
#include "forge/store/schema_impact.h"
#include "listing.h"
#include "records.h"
#include "schema_gap_text.h"
#include "schema_source.h"
#include "text.h"

namespace forge::cli {
namespace {

// Of "Order.qty"; "Order" has no field.
std::pair<std::string, std::string> resource_and_field(const std::string& path) {
  const std::size_t dot = std::min(path.find('.'), path.size());
  return {path.substr(0, dot), path.substr(std::min(dot + 1, path.size()))};
}

Status print_checked(Session& session, const std::string& path, const Domain& domain) {
  const std::size_t resources = user_resources(domain).size(), actions = user_actions(domain).size();
  if (session.out.is_table()) {
    return session.out.text(printable(path) + ": ok — " + counted(resources, "resource") + ", " + counted(actions, "action") +
                            "\n");
  }
  return session.out.row(Object{{"file", path}, {"resource_count", resources}, {"action_count", actions}});
}

Result<int> run_schema_check(Session& session) {
  std::vector<Status> errors;
  if (!session.out.is_table()) {
    session.out.begin_list({.columns = {"file", "resource_count", "action_count"}, .name = "file"});
  }
  for (const std::string& path : session.arguments.words()) {
    const Domain::Outcome outcome = parse_schema_file(path);
    errors.insert(errors.end(), outcome.errors.begin(), outcome.errors.end());
    if (outcome.domain != nullptr) FORGE_TRY(print_checked(session, path, *outcome.domain));
  }
  return end_checks(session, errors);
}

Object change_object(const SchemaChange& change) {
  return Object{{"path", change.path}, {"kind", change.kind}, {"safe", change.safe}, {"text", change.text}};
}

// `in_force`: this very schema was so before.
Status print_added(Session& session, const LoadedDomain& loaded, const Domain& domain, bool in_force,
                   const std::vector<SchemaGap>& gaps) {
  const std::size_t resources = user_resources(domain).size(), actions = user_actions(domain).size();
  const bool would_add = session.dry_run() && !in_force;
  const std::uint32_t version = loaded.version + (would_add ? 1 : 0);
  List changes;
  std::string lines;
  for (const SchemaChange& change : loaded.changes) {
    changes.emplace_back(change_object(change));
    lines += "  " + change.path + "  " + change.kind + "  " + change.text + (change.safe ? "" : "  BREAKING") + "\n";
  }
  std::string text =
      "schema version " + std::to_string(version) + ": " + counted(resources, "resource") + ", " + counted(actions, "action");
  if (in_force) text += "   (in force already)";
  if (would_add) text += "   (dry run: nothing was written)";
  for (const SchemaGap& gap : gaps) lines += "  " + gap_text(gap) + "\n";
  FORGE_TRY(session.out.text(text + "\n" + lines));
  return session.out.object(Object{{"resource_count", resources},
                                   {"action_count", actions},
                                   {"version", version},
                                   {"changes", std::move(changes)},
                                   {"workflows", gap_list(gaps)},
                                   {"applied", loaded.added && !would_add}},
                            "version");
}

// Where the new schema says what changed; empty for what has gone from it.
std::string place_of_change(const Domain& after, const SchemaChange& change) {
  const auto [resource_name, field_name] = resource_and_field(change.path);
  const Resource* resource = after.find_resource(resource_name);
  if (resource == nullptr) return {};
  const Field* field = field_name.empty() ? nullptr : resource->record.find(field_name);
  return field != nullptr ? field->place : resource->place;
}

// The refusal of a schema that breaks stored events, with what each change hits and where it stands.
Status with_impact(Status refusal, const Store& store, const Domain& after) {
  const std::vector<SchemaChange> changes = compare(*store.domain(), after);
  const Result<std::vector<SchemaImpact>> impact = impact_of(store.view(), changes);
  if (!impact.ok()) return refusal;
  std::string why;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].safe) continue;
    const std::string place = place_of_change(after, changes[i]);
    why += (why.empty() ? "" : "; ") + changes[i].path + ": " + changes[i].kind + " (" + changes[i].text + "), hits " +
           counted((*impact)[i].events, "event") + " and " + counted((*impact)[i].records, "record");
    if (!place.empty()) why += ", " + place;
  }
  if (why.empty()) return refusal;
  return std::move(refusal).why(why).remedy("only add fields, resources, actions and enum values");
}

Result<int> run_schema_add(Session& session) {
  const std::string& path = session.arguments.words()[0];
  const Domain::Outcome checked = parse_schema_file(path);
  if (checked.domain == nullptr) {
    const int exit_status = session.refuse(nothing_written(checked.errors));
    if (session.out.format() != Format::kJson) session.notice(counted(checked.errors.size(), "error") + ", nothing was written");
    return exit_status;
  }
  FORGE_ASSIGN(Store store, session.open_for_writing());
  const std::shared_ptr<const Domain> before = store.domain();
  const bool in_force = before->digest() == checked.domain->digest();
  // It is advice: what cannot be found out keeps no schema from being added.
  const Result<std::vector<SchemaGap>> gaps = schema_gaps(store.view(), *before, *checked.domain);
  if (!gaps.ok()) session.notice("warning: which workflows need what it removes is not known: " + gaps.status().message());
  Result<LoadedDomain> added = store.load_domain(path, session.act_options());
  if (added.status().id() == ErrorId::kSchemaIncompatible) return with_impact(added.status(), store, *checked.domain);
  FORGE_ASSIGN(const LoadedDomain loaded, std::move(added));
  FORGE_TRY(print_added(session, loaded, *checked.domain, in_force, gaps.ok() ? *gaps : std::vector<SchemaGap>()));
  return 0;
}

Result<int> run_list_versions(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  session.out.begin_list({.headings = {"version", "event", "when", "resources", "actions", "digest"},
                          .columns = {"version", "seq", "recorded_at", "resource_count", "action_count", "digest"},
                          .name = "version"});
  for (const SchemaVersion& row : store.schemas()) {
    const std::size_t resources = user_resources(*row.domain).size(), actions = user_actions(*row.domain).size();
    if (session.out.is_table()) {
      FORGE_TRY(session.out.row({std::to_string(row.version), std::to_string(row.seq), time_text(row.recorded_at),
                                 std::to_string(resources), std::to_string(actions), row.digest}));
    } else {
      FORGE_TRY(session.out.row(Object{{"version", row.version},
                                       {"seq", row.seq},
                                       {"recorded_at", format_time(row.recorded_at)},
                                       {"resource_count", resources},
                                       {"action_count", actions},
                                       {"digest", row.digest}}));
    }
  }
  FORGE_TRY(session.out.end_list());
  return 0;
}

Status print_sources(Session& session, const Domain& domain) {
  session.out.begin_list({.columns = {"file", "text"}, .name = "file"});
  for (const SourceFile& file : domain.sources()) {
    if (session.out.is_table()) {
      FORGE_TRY(session.out.text("// " + file.name + "\n" + file.text));
    } else {
      FORGE_TRY(session.out.row(Object{{"file", file.name}, {"text", file.text}}));
    }
  }
  return session.out.end_list();
}

Status print_resources(Session& session, const Domain& domain) {
  session.out.begin_list({.columns = {"resource", "key", "fields", "check", "unique", "index", "references", "computed",
                                      "transitions", "actions", "documentation", "place"},
                          .name = "resource"});
  for (const Resource* resource : user_resources(domain)) {
    if (session.out.is_table()) {
      FORGE_TRY(session.out.text(resource_text(*resource)));
    } else {
      FORGE_TRY(session.out.row(resource_object(*resource)));
    }
  }
  return session.out.end_list();
}

Result<int> run_schema_show(Session& session) {
  const std::string word = session.arguments.word(0).value_or("");
  const std::size_t at = std::min(word.find('@'), word.size());
  const std::string name = word.substr(0, at), version = word.substr(std::min(at + 1, word.size()));
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, schema_of_version(store, version));
  if (session.arguments.is_on("source")) {
    FORGE_TRY(print_sources(session, *domain));
  } else if (name.empty()) {
    FORGE_TRY(print_resources(session, *domain));
  } else if (const Action* action = domain->find_action(name)) {
    FORGE_TRY(session.out.text(action_text(*action)));
    FORGE_TRY(session.out.object(action_object(*action), "action"));
  } else {
    FORGE_ASSIGN(const Resource* resource, resource_named(*domain, name));
    FORGE_TRY(session.out.text(resource_text(*resource)));
    FORGE_TRY(session.out.object(resource_object(*resource), "resource"));
  }
  return 0;
}

}  // namespace

const Command& schema_command() {
  static const Command kCommand{
      .name = "schema",
      .summary = "the domain: check, add, compare, show and draw its .fbs files",
      .examples = {{"forgectl schema check shop.fbs", "needs no store"}, {"forgectl schema add shop.fbs", ""}},
  };
  return kCommand;
}

const Command& schema_check_command() {
  static const Command kCommand{
      .name = "schema check",
      .summary = "check .fbs files: every error with file:line:column",
      .arguments = {{.name = "FILE", .summary = "a schema file; needs no store", .repeated = true, .offer = Offer::kFile}},
      .examples = {{"forgectl schema check shop.fbs", ""}},
      .run = run_schema_check,
  };
  return kCommand;
}

const Command& schema_add_command() {
  static const Command kCommand{
      .name = "schema add",
      .summary = "put a schema in force, as its next version; a change that breaks stored events is refused",
      .arguments = {{.name = "FILE", .summary = "the schema file; what it includes comes along", .offer = Offer::kFile}},
      .flags = {{.name = "reason", .type = FlagType::kText, .value = "TEXT", .summary = "why; recorded with the event"}},
      .examples = {{"forgectl schema add shop.fbs", ""}, {"forgectl schema add shop.fbs --dry-run -o json", "what would change"}},
      .writes = true,
      .run = run_schema_add,
  };
  return kCommand;
}

const Command& schema_list_command() {
  static const Command kCommand{
      .name = "schema list",
      .summary = "every version of the schema",
      .examples = {{"forgectl schema list", ""}},
      .run = run_list_versions,
  };
  return kCommand;
}

const Command& schema_show_command() {
  static const Command kCommand{
      .name = "schema show",
      .summary = "resources and actions of the schema in force, or of another version",
      .arguments = {{.name = "NAME[@V]",
                     .summary = "a resource or an action; @V: of that version",
                     .required = false,
                     .offer = Offer::kSubject}},
      .flags = {{.name = "source", .summary = "the .fbs files themselves"}},
      .examples = {{"forgectl schema show", ""}, {"forgectl schema show Order@1", ""}, {"forgectl schema show --source", ""}},
      .uses_pager = true,
      .run = run_schema_show,
  };
  return kCommand;
}

}  // namespace forge::cli
