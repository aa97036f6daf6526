#include <algorithm>
#include <filesystem>

#include "commands.h"
#include "errors.h"
#include "forge/workflows/definition.h"
#include "listing.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20;

List problem_list(const std::vector<Status>& warnings) {
  List list;
  for (const Status& warning : warnings) list.emplace_back(problem_object(warning));
  return list;
}

// ---- Checking

// What files are held against.
struct CheckedAgainst {
  WorkflowSurroundings around;
  std::string words;                            // "schema version 3 of .forge"
  std::optional<std::uint32_t> schema_version;  // none: there is no store, or no schema
  std::optional<Store> store;                   // that `around` asks
};

// The files that are checked together stand for what would be declared. Errors: of a store that is named, or found, as opening it.
Result<CheckedAgainst> surroundings_of_check(Session& session) {
  CheckedAgainst against;
  if (session.store_path().status().id() == ErrorId::kStoreNotFound) return against;
  FORGE_ASSIGN(const std::string path, session.store_path());
  FORGE_ASSIGN(Store store, session.open_for_reading());
  std::error_code ignored;
  const std::filesystem::path inside = std::filesystem::path(path) / ".forge";
  const bool is_around = std::filesystem::is_directory(inside, ignored);
  const std::string shown = std::filesystem::proximate(is_around ? inside : std::filesystem::path(path), ignored).string();
  const std::vector<SchemaVersion> schemas = store.schemas();
  if (!schemas.empty()) against.schema_version = schemas.back().version;
  against.words = schemas.empty() ? shown + ", which has no schema yet"
                                  : "schema version " + std::to_string(schemas.back().version) + " of " + shown;
  FORGE_ASSIGN(against.around, surroundings(store.view()));
  against.store.emplace(std::move(store));
  return against;
}

struct CheckedFile {
  std::string path;
  Result<std::string> text;
  std::shared_ptr<const WorkflowDefinition> alone;  // null where something is wrong with it
};

std::vector<CheckedFile> read_checked_files(Session& session) {
  std::vector<CheckedFile> files;
  for (const std::string& path : session.arguments.words()) {
    CheckedFile file{.path = path, .text = read_input(session, path, kBytesMax), .alone = nullptr};
    if (file.text.ok()) file.alone = parse_workflow(*file.text, path).definition;
    files.push_back(std::move(file));
  }
  return files;
}

// A child may be among the files.
void add_files(const std::vector<CheckedFile>& files, WorkflowSurroundings& around) {
  const auto declared = around.workflow;
  around.workflow = [&files, declared](const std::string& name) {
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const auto& one) { return one.alone != nullptr && one.alone->name() == name; });
    return found != files.end() ? found->alone : declared ? declared(name) : nullptr;
  };
  for (const CheckedFile& file : files) {
    if (file.alone != nullptr) around.workflows.push_back(file.alone->name());
  }
}

Status print_plan(Session& session, const std::string& path, const WorkflowDefinition::Outcome& outcome,
                  const CheckedAgainst& against) {
  const WorkflowDefinition& definition = *outcome.definition;
  const std::size_t steps = definition.steps().size();
  const HopCount hops = definition.hops();
  if (session.out.is_table()) {
    session.warn(outcome.warnings);
    return session.out.text(printable(path) + ": ok — " + definition.name() + ", " + counted(steps, "step") + ", " +
                            hops.to_string() + "\n");
  }
  return session.out.row(Object{{"file", path},
                                {"workflow", definition.name()},
                                {"hash", to_hex(definition.hash())},
                                {"step_count", steps},
                                {"hops_least", hops.least},
                                {"hops_most", hops.most},
                                {"ttl_hops", hops.ttl_hops},
                                {"schema_version", against.schema_version ? Value(*against.schema_version) : Value()},
                                {"warnings", problem_list(outcome.warnings)}});
}

Result<int> run_workflow_check(Session& session) {
  std::vector<Status> errors;
  FORGE_ASSIGN(CheckedAgainst against, surroundings_of_check(session));
  const std::vector<CheckedFile> files = read_checked_files(session);
  const bool has_store = !against.words.empty();
  if (has_store) add_files(files, against.around);
  if (!session.out.is_table()) {
    session.out.begin_list(
        {.columns = {"file", "workflow", "hash", "step_count", "hops_least", "hops_most", "ttl_hops", "schema_version", "warnings"},
         .name = "file"});
  }
  for (const CheckedFile& file : files) {
    const WorkflowDefinition::Outcome outcome = file.text.ok() ? parse_workflow(*file.text, file.path, against.around)
                                                               : WorkflowDefinition::Outcome{nullptr, {file.text.status()}, {}};
    errors.insert(errors.end(), outcome.errors.begin(), outcome.errors.end());
    if (outcome.definition != nullptr) FORGE_TRY(print_plan(session, file.path, outcome, against));
  }
  if (session.out.is_table()) {
    FORGE_TRY(session.out.flush());
    const bool is_read = !session.streams.out->closed();
    if (is_read)
      session.notice(has_store ? "checked against " + against.words : "no store here: actions and records were not checked");
  }
  return end_checks(session, errors);
}

// ---- Declaring

Object workflow_object(const WorkflowInfo& workflow) {
  return Object{{"name", workflow.name}, {"version", workflow.declared}, {"hash", workflow.hash}, {"seq", workflow.seq}};
}

Result<int> run_workflow_add(Session& session) {
  FORGE_ASSIGN(const std::string text, read_input(session, session.arguments.words()[0], kBytesMax));
  Result<Store> store = session.open_for_writing();
  WorkflowSurroundings around;
  if (store.ok()) {
    FORGE_ASSIGN(around, surroundings(store->view()));
  }
  const WorkflowDefinition::Outcome outcome = parse_workflow(text, session.arguments.words()[0], around);
  if (!outcome.errors.empty()) return refuse_workflow(session, outcome.errors, "nothing was written");
  if (!store.ok()) return store.status();
  const Seq head = store->head();
  FORGE_ASSIGN(const WorkflowInfo added, add_workflow(*store, *outcome.definition, session.act_options()));
  const bool known = added.seq <= head;
  const char* note = known ? "   (in force already)" : session.dry_run() ? "   (dry run: nothing was written)" : "";
  if (session.out.is_table()) session.warn(outcome.warnings);
  FORGE_TRY(session.out.text(added.name + "  version " + std::to_string(added.declared) + "  event " + std::to_string(added.seq) +
                             note + "\n"));
  Object object = workflow_object(added);
  object.add("applied", !session.dry_run() && !known);
  object.add("warnings", problem_list(outcome.warnings));
  FORGE_TRY(session.out.object(object, "name"));
  return 0;
}

Result<int> run_workflow_list(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::vector<WorkflowInfo> declared, workflows(store.view()));
  Listing listing(
      session, {.headings = {"name", "version", "event", "hash"}, .columns = {"name", "version", "hash", "seq"}, .name = "name"});
  for (const WorkflowInfo& one : declared) {
    if (listing.full()) break;
    if (session.out.is_table()) {
      FORGE_TRY(listing.row({one.name, std::to_string(one.declared), std::to_string(one.seq), one.hash.substr(0, 12)}, one.name));
    } else {
      FORGE_TRY(listing.row(workflow_object(one), one.name));
    }
  }
  FORGE_TRY(listing.end(listing.limit() > 0 && declared.size() > listing.limit(), store.head(), declared.size()));
  return 0;
}

}  // namespace

const Command& workflow_command() {
  static const Command kCommand{
      .name = "workflow",
      .summary = "workflows: check and declare them, carry out their runs, and look at these",
      .examples = {{"forgectl workflow check checkout.toml", "needs no store"},
                   {"forgectl workflow run checkout.toml order=o-1", ""},
                   {"forgectl workflow runs --status halted", ""}},
  };
  return kCommand;
}

const Command& workflow_add_command() {
  static const Command kCommand{
      .name = "workflow add",
      .summary = "declare a workflow to the store; its hook holds for events after that",
      .arguments = {{.name = "FILE", .summary = "a workflow file", .offer = Offer::kFile}},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow add checkout.toml", ""}},
      .notes =
          "Actions, resources, queries and arguments that the schema in force does not have are refused. A child workflow that is "
          "not there yet is a warning. Runs that were started before keep to the definition that they were started with.",
      .writes = true,
      .run = run_workflow_add,
  };
  return kCommand;
}

const Command& workflow_list_command() {
  static const Command kCommand{
      .name = "workflow list",
      .summary = "the workflows that are declared",
      .flags = {limit_flag(), page_flag()},
      .examples = {{"forgectl workflow list", ""}},
      .run = run_workflow_list,
  };
  return kCommand;
}

const Command& workflow_check_command() {
  static const Command kCommand{
      .name = "workflow check",
      .summary = "check workflow files: every error with file:line:column, and the longest path in hops",
      .arguments = {{.name = "FILE", .summary = "a workflow file", .repeated = true, .offer = Offer::kFile}},
      .examples = {{"forgectl workflow check checkout.toml", "against the store that is here or named, if any"},
                   {"forgectl workflow check *.toml", "a child may be among the files"}},
      .notes =
          "Needs no store. Where one is named or found, actions, resources, queries and arguments are held against its schema, and "
          "a line says which. A child workflow that is not there yet, and an event that no action makes, are warnings.",
      .run = run_workflow_check,
  };
  return kCommand;
}

}  // namespace forge::cli
