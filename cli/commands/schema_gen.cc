#include "commands.h"
#include "forge/events/json.h"
#include "json_schema.h"
#include "listing.h"
#include "schema_graph.h"
#include "schema_source.h"
#include "suggest.h"

namespace forge::cli {
namespace {

constexpr const char* kJsonSchema = "jsonschema";

Flag version_flag() {
  return {.name = "schema-version", .type = FlagType::kText, .value = "V", .summary = "of that version; else of the one in force"};
}

Result<std::shared_ptr<const Domain>> domain_asked_for(Session& session, const Store& store) {
  FORGE_ASSIGN(std::shared_ptr<const Domain> domain, schema_of_version(store, session.arguments.text("schema-version")));
  if (!has_schema(*domain)) return resource_named(*domain, "").status();
  return domain;
}

Result<int> run_graph(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, domain_asked_for(session, store));
  const std::string format = session.arguments.text("format");
  const std::string graph = schema_graph(*domain, format == "dot" ? GraphLanguage::kDot : GraphLanguage::kMermaid);
  FORGE_TRY(session.out.text(graph));
  FORGE_TRY(session.out.object(Object{{"format", format}, {"graph", graph}}, "format"));
  return 0;
}

Result<int> run_gen(Session& session) {
  const std::string& language = session.arguments.words()[0];
  if (language != kJsonSchema) {
    return Status(ErrorId::kUsage, "there is no generator for '" + language + "'" + did_you_mean(language, {kJsonSchema}))
        .remedy(std::string("the languages are: ") + kJsonSchema);
  }
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, domain_asked_for(session, store));
  const Object document = json_schema(*domain);
  FORGE_TRY(session.out.text(to_json(document) + "\n"));
  FORGE_TRY(session.out.object(document, "title"));
  return 0;
}

}  // namespace

const Command& schema_graph_command() {
  static const Command kCommand{
      .name = "schema graph",
      .summary = "a picture of resources, references, states and actions, as text",
      .flags = {{.name = "format",
                 .type = FlagType::kChoice,
                 .value = "LANGUAGE",
                 .summary = "what draws it: Mermaid (Markdown shows it), or Graphviz",
                 .default_value = "mermaid",
                 .choices = {"mermaid", "dot"}},
                version_flag()},
      .examples = {{"forgectl schema graph", ""}, {"forgectl schema graph --format dot | dot -Tsvg > shop.svg", ""}},
      .run = run_graph,
  };
  return kCommand;
}

const Command& schema_gen_command() {
  static const Command kCommand{
      .name = "schema gen",
      .summary = "the schema in another language",
      .arguments = {{.name = "LANGUAGE",
                     .summary = "JSON Schema 2020-12 of records, arguments of actions, and events",
                     .offer = Offer::kChoices,
                     .choices = {kJsonSchema}}},
      .flags = {version_flag()},
      .examples = {{"forgectl schema gen jsonschema > shop.schema.json", ""}},
      .notes =
          "A document has a definition for each: #/$defs/record~1Order, #/$defs/action~1Order.place, #/$defs/event~1Order.place.\n"
          "Rules and policies are not in it. C++ types of actions are made when a program is built: forge_schema in CMake.",
      .run = run_gen,
  };
  return kCommand;
}

}  // namespace forge::cli
