#include "action_input.h"
#include "commands.h"
#include "describe.h"
#include "errors.h"
#include "listing.h"
#include "records.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

bool is_error_number(const std::string& word) {
  return word.size() == 5 && (word[0] == 'E' || word[0] == 'e') && word.find_first_not_of("0123456789", 1) == std::string::npos;
}

const char* area_of(ErrorId id) {
  switch (static_cast<unsigned>(id) / 1000) {
    case 1:
      return "the store and its directory";
    case 2:
      return "the schema, its rules, and what they refuse";
    case 3:
      return "records, versions and transactions";
    case 4:
      return "queries and times";
    case 5:
      return "projections and subscriptions";
    case 6:
      return "integrity";
    case 7:
      return "availability";
    case 8:
      return "workflows";
    default:
      return "the use of the library or the command line";
  }
}

Result<int> explain_error(Session& session, const std::string& number) {
  const ErrorInfo* info = find_error(number);
  if (info == nullptr) {
    return Status(ErrorId::kUsage, "there is no error " + number).remedy("see all: forgectl help --all -o json");
  }
  std::string text = error_number(info->id) + " — " + std::string(info->title) + "\n  about: " + area_of(info->id) +
                     "\n  code: " + std::string(name_of(info->code)) + "   exit status: " + std::to_string(info->exit_status) +
                     "   HTTP status: " + std::to_string(info->http_status) + "\n";
  if (!info->remedy.empty()) text += "  what to do: " + std::string(info->remedy) + "\n";
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(Object{{"error", error_number(info->id)},
                                      {"name", std::string(info->name)},
                                      {"title", std::string(info->title)},
                                      {"about", area_of(info->id)},
                                      {"code", std::string(name_of(info->code))},
                                      {"exit", info->exit_status},
                                      {"status", info->http_status},
                                      {"remedy", std::string(info->remedy)}},
                               "error"));
  return 0;
}

Status unknown_subject(const Domain& domain, const std::string& word) {
  std::vector<std::string> names;
  for (const Resource* resource : user_resources(domain)) {
    names.push_back(resource->name);
    for (const Field& field : resource->record.fields) names.push_back(resource->name + "." + field.name);
  }
  for (const Action* action : user_actions(domain)) names.push_back(action->name);
  const bool is_resource = word.find('.') == std::string::npos;
  return Status(is_resource ? ErrorId::kUnknownResource : ErrorId::kUnknownAction,
                "nothing is named '" + word + "'" + did_you_mean(word, names))
      .remedy("explain takes E####, RESOURCE, RESOURCE.ACTION, RESOURCE.FIELD, --query, or do …; see: forgectl schema show");
}

Result<int> explain_name(Session& session, const Domain& domain, const std::string& word) {
  std::string text;
  Object object;
  const Resource* resource = domain.find_resource(word);
  const Action* action = domain.find_action(word);
  if (resource != nullptr) {
    text = resource_text(*resource), object = resource_object(*resource);
  } else if (action != nullptr) {
    text = action_text(*action), object = action_object(*action);
  } else {
    const std::size_t dot = word.find('.');
    const Resource* holder = dot == std::string::npos ? nullptr : domain.find_resource(word.substr(0, dot));
    const Field* field = holder == nullptr ? nullptr : holder->record.find(word.substr(dot + 1));
    if (field == nullptr) return has_schema(domain) ? unknown_subject(domain, word) : resource_named(domain, "A").status();
    text = field_text(*holder, *field), object = field_object(*field);
  }
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(object, resource != nullptr ? "resource" : action != nullptr ? "action" : "name"));
  return 0;
}

// How records are found, measured by doing it.
Result<int> explain_query(Session& session, const Store& store, const std::vector<std::string>& words) {
  if (words.size() != 2)
    return Status(ErrorId::kUsage, "--query needs RESOURCE and an expression").remedy("see: forgectl help explain");
  FORGE_ASSIGN(const View view, session.view_of_records(store));
  FORGE_ASSIGN(const Resource* resource, resource_at(view, words[0]));
  ListQuery query;
  query.resource = resource->name;
  query.where = words[1];
  ReadPlan plan;
  std::uint64_t matches = 0;
  const auto count = [&](const Record&) { return ++matches, !session.interrupted(); };
  FORGE_TRY(filter_error(view.list(query, count, &plan)));
  std::string text = plan.index + ": " + (plan.entries_touched == 1 ? "1 entry" : grouped(plan.entries_touched) + " entries") +
                     " touched, " + counted(matches, "record") + " found\n";
  if (!plan.reason.empty()) text += "  " + plan.reason + "\n";
  FORGE_TRY(session.out.text(text));
  Object object{
      {"resource", resource->name}, {"index", plan.index}, {"entries_touched", plan.entries_touched}, {"records", matches}};
  if (!plan.reason.empty()) object.add("reason", plan.reason);
  FORGE_TRY(session.out.object(object, "index"));
  return 0;
}

// What `do` would do: decided against the store as it is, and thrown away.
Result<int> explain_do(Session& session, Store& store, std::span<const std::string> words) {
  if (words.empty()) return Status(ErrorId::kUsage, "explain do needs RESOURCE.ACTION").remedy("see: forgectl help do");
  const std::shared_ptr<const Domain> domain = store.domain();
  FORGE_ASSIGN(ActionRequest request, read_action(session, *domain, words));
  const Action& action = *domain->find_action(request.action);
  ActOptions options = session.act_options();
  options.dry_run = true;
  options.if_version = request.if_version;
  FORGE_ASSIGN(options.condition, read_condition(session.arguments));
  const Result<Receipt> decided = store.act(request.action, std::move(request.args), options);
  if (!decided.ok()) return about_action(decided.status(), action);
  const Receipt& receipt = *decided;
  std::string rules;
  if (options.condition) rules += "  holds  " + definition_of(*options.condition) + "\n";
  List names;
  List policies;
  for (const Rule& policy : action.policies) {
    rules += "  allows  " + policy.name + "  " + policy.expression.text() + "\n";
    policies.emplace_back(policy.name);
  }
  for (const std::vector<Rule>* list : {&action.requires_, &action.resource->checks}) {
    for (const Rule& rule : *list) {
      rules += "  passes  " + rule.name + "  " + rule.expression.text() + "\n";
      names.emplace_back(rule.name);
    }
  }
  FORGE_TRY(session.out.text("would write event " + std::to_string(receipt.seq) + " " + receipt.type + ": " + receipt.resource +
                             " " + printable(receipt.key) + " at version " + std::to_string(receipt.version) + "\n" + rules));
  Object object{{"resource", receipt.resource},
                {"key", receipt.key},
                {"version", receipt.version},
                {"seq", receipt.seq},
                {"type", receipt.type},
                {"rules", std::move(names)},
                {"applied", false}};
  if (!policies.empty()) object.add("policies", std::move(policies));
  if (options.condition) object.add("condition", definition_of(*options.condition));
  FORGE_TRY(session.out.object(object, "key"));
  return 0;
}

Result<int> run_explain(Session& session) {
  const std::vector<std::string>& words = session.arguments.words();
  if (!session.arguments.is_on("query") && words[0] != "do" && words.size() > 1) {
    return Status(ErrorId::kUsage, "explain does not take '" + words[1] + "'").remedy("see: forgectl help explain");
  }
  if (!session.arguments.is_on("query") && is_error_number(words[0])) return explain_error(session, words[0]);
  const bool decides = !session.arguments.is_on("query") && words[0] == "do";
  FORGE_ASSIGN(Store store, session.open_for_reading());
  if (decides) return explain_do(session, store, std::span(words).subspan(1));
  if (session.arguments.is_on("query")) return explain_query(session, store, words);
  FORGE_ASSIGN(const View view, session.view(store));
  return explain_name(session, *view.domain(), words[0]);
}

std::vector<Flag> explain_flags() {
  std::vector<Flag> out{{.name = "query", .summary = "how list would find the records: RESOURCE EXPR"}, as_of_flag()};
  for (Flag& flag : action_flags()) out.push_back(std::move(flag));
  return out;
}

}  // namespace

const Command& explain_command() {
  static const Command kCommand{
      .name = "explain",
      .summary = "an error, a resource, an action, a field, a query, or what an action would do",
      .arguments = {{.name = "SUBJECT",
                     .summary = "E####, RESOURCE, RESOURCE.ACTION, RESOURCE.FIELD, or do …",
                     .repeated = true,
                     .offer = Offer::kSubject}},
      .flags = explain_flags(),
      .examples = {{"forgectl explain E2107", "what an error means and what to do"},
                   {"forgectl explain Order.place", "arguments, rules and the event"},
                   {"forgectl explain --query Order \"sku = 'tea'\"", "which index, how many entries"},
                   {"forgectl explain do Order.resize id=o-1 qty=-1", "what would happen"}},
      .run = run_explain,
  };
  return kCommand;
}

}  // namespace forge::cli
