#include "workflow_test_setting.h"

#include <algorithm>

#include "forge/events/json.h"
#include "map_progress.h"

namespace forge::testing::story {

using internal::Declared;
using internal::literal_of;
using internal::TableReader;

// One outcome of a stub.
struct StubOutcome {
  std::optional<std::uint32_t> attempt;  // that it is for
  std::optional<Object> given;           // what is among the arguments that it is for
  StepOutcome outcome;
  std::vector<ActionRequest> actions;

  StepOutcome take(StepContext& context) const {
    for (const ActionRequest& action : actions) context.act(action.action, action.args);
    return outcome;
  }
};

namespace {

// Whether every member of `wanted` is one of `there`.
bool holds_all(const Object& wanted, const Object& there) {
  return std::all_of(wanted.members().begin(), wanted.members().end(), [&](const Object::Member& member) {
    const Value* found = there.find(member.first);
    return found != nullptr && *found == member.second;
  });
}

// The first outcome that is for these arguments; of the others the attempt's own, and the last one for all further attempts.
StepFunction stub_of(std::vector<StubOutcome> outcomes) {
  return [outcomes = std::move(outcomes)](const Object& args, StepContext& context) {
    std::vector<const StubOutcome*> others;
    for (const StubOutcome& one : outcomes) {
      if (!one.given) others.push_back(&one);
      if (one.given && holds_all(*one.given, args)) return one.take(context);
    }
    if (others.empty()) return StepOutcome::failed("no_stub", "no outcome of its stub is for " + to_json(Value(args)));
    return others[std::min<std::size_t>(context.attempt, others.size()) - 1]->take(context);
  };
}

}  // namespace

void SettingReader::read_setting(TableReader& table, Setting& setting) {
  read_schema(table, setting);
  read_workflows(table, setting);
  for (ActionRequest& action : read_actions(table, "given", setting)) setting.given.push_back(std::move(action));
  setting.seed = table.number("seed", 0, UINT32_MAX, setting.seed);
  const std::string crash = table.text("crash");
  if (!crash.empty() && crash != "every write" && crash != "never") {
    findings_.add(ErrorId::kWorkflowAttribute, table.path_of("crash"), table.what() + " has an unknown crash '" + crash + "'",
                  "there is 'every write', never");
  }
  if (!crash.empty()) setting.crash_path.reset();
  if (crash == "every write") setting.crash_path = table.path_of("crash");
  read_stubs(table, setting);
}

void SettingReader::read_schema(TableReader& table, Setting& setting) {
  const bool two = table.has("schema") && table.has("template");
  const std::string file = table.text("schema");
  const std::string name = table.text("template");
  if (two) {
    return findings_.add(ErrorId::kWorkflowAttribute, table.path_of("template"), table.what() + " has a schema and a template",
                         "the store has one domain", "leave out one of them");
  }
  if (file.empty() && name.empty()) return;
  const std::string path = table.path_of(file.empty() ? "template" : "schema");
  Result<std::vector<SourceFile>> read = file.empty() ? sources_.schema_template(name) : sources_.schema(file);
  if (!read.ok()) return findings_.add(read.status(), path);
  setting.schema = *read;
  const Domain::Outcome parsed = Domain::parse(*std::move(read));
  for (const Status& error : parsed.errors) findings_.add(error, path);
  setting.domain = parsed.domain;
}

std::shared_ptr<const WorkflowDefinition> SettingReader::read_workflow(const std::string& file, const std::string& path,
                                                                       std::string& toml) {
  Result<std::string> text = sources_.workflow(file);
  if (!text.ok()) return findings_.add(text.status(), path), nullptr;
  toml = *std::move(text);
  const WorkflowDefinition::Outcome parsed = parse_workflow(toml, sources_.shown_as ? sources_.shown_as(file) : file);
  for (const Status& error : parsed.errors) findings_.add(error, path);
  return parsed.definition;
}

void SettingReader::read_workflows(TableReader& table, Setting& setting) {
  if (const std::string file = table.text("workflow"); !file.empty()) {
    setting.workflow = read_workflow(file, table.path_of("workflow"), setting.toml);
  }
  for (const std::string& file : table.texts("also")) {
    setting.also.emplace_back();
    setting.beside.push_back(read_workflow(file, table.path_of("also"), setting.also.back()));
  }
}

Object SettingReader::read_object(TableReader& table, std::string_view name) {
  const Declared* found = table.take_table(name);
  const Value value = found == nullptr ? Value(Object()) : literal_of(*found);
  return *value.if_object();
}

ActionRequest SettingReader::read_action(TableReader& table, const Setting& setting) {
  ActionRequest request{.action = table.text("action"), .args = read_object(table, "args"), .if_version = {}};
  if (!table.has("action")) table.missing("action", "the action that is done");
  if (setting.domain != nullptr && !request.action.empty()) {
    const Status known = setting.domain->get_action(request.action).status();
    if (!known.ok()) findings_.add(known, table.path_of("action"));
  }
  return request;
}

std::vector<ActionRequest> SettingReader::read_actions(TableReader& table, std::string_view name, const Setting& setting) {
  std::vector<ActionRequest> actions;
  const Declared* listed = table.take_list(name);
  for (std::size_t i = 0; listed != nullptr && i < listed->items.size(); ++i) {
    TableReader inside(findings_, listed->items[i], table.path_of(name) + "." + std::to_string(i),
                       table.what() + "'s " + std::string(name));
    actions.push_back(read_action(inside, setting));
    inside.finish();
  }
  return actions;
}

void SettingReader::only_one(const TableReader& table, int found, const std::string& of) const {
  findings_.add(ErrorId::kWorkflowAttribute, table.path(), table.what() + (found == 0 ? " says nothing" : " says two things"),
                "wanted is one of " + of);
}

void SettingReader::read_stubs(TableReader& table, Setting& setting) {
  const Declared* listed = table.take_table("stub");
  if (listed == nullptr) return;
  TableReader stubs(findings_, *listed, table.path_of("stub"), table.what());
  for (const Declared::Member& member : listed->members) {
    if (stubs.take(member.name) != &member.value) continue;
    check_step(member.name, stubs.path_of(member.name) + "!", setting);
    read_stub(member, stubs.path_of(member.name), setting);
  }
  stubs.finish();
}

void SettingReader::read_stub(const Declared::Member& stub, const std::string& path, Setting& setting) {
  std::erase_if(setting.failures, [&](const auto& failure) { return failure.first.first == stub.name; });
  setting.replaced.erase(stub.name);
  const bool many = stub.value.kind == Declared::Kind::kList;
  std::vector<StubOutcome> outcomes;
  for (std::size_t i = 0; i < (many ? stub.value.items.size() : 1); ++i) {
    TableReader table(findings_, many ? stub.value.items[i] : stub.value, many ? path + "." + std::to_string(i) : path,
                      "the stub of '" + stub.name + "'");
    StubOutcome one = read_outcome(table, setting, is_source(setting, stub.name));
    table.finish();
    if (!one.attempt) {
      outcomes.push_back(std::move(one));
    } else {
      setting.failures[{stub.name, *one.attempt}] = [one](const Object&, StepContext& context) { return one.take(context); };
    }
  }
  if (many && stub.value.items.empty()) {
    findings_.add(ErrorId::kWorkflowAttribute, path, "the stub of '" + stub.name + "' has no outcome", "its list is empty");
  }
  if (!outcomes.empty()) setting.replaced[stub.name] = stub_of(std::move(outcomes));
}

// Of a step what it comes to, of a map over something elsewhere the rows that it goes over.
void SettingReader::read_value(TableReader& table, StubOutcome& one, bool is_source) {
  if (is_source) {
    List rows;
    const Declared* listed = table.take_list("rows");
    for (std::size_t i = 0; listed != nullptr && i < listed->items.size(); ++i) rows.push_back(literal_of(listed->items[i]));
    one.outcome = StepOutcome::done(Object{{"rows", std::move(rows)}});
    return;
  }
  if (const Declared* result = table.take("result")) one.outcome = StepOutcome::done(literal_of(*result));
  if (const Declared* halt = table.take("halt")) one.outcome = StepOutcome::halted(literal_of(*halt));
}

StubOutcome SettingReader::read_outcome(TableReader& table, const Setting& setting, bool is_source) {
  StubOutcome one;
  const std::vector<std::string_view> known = is_source ? std::vector<std::string_view>{"rows", "error", "retry"}
                                                        : std::vector<std::string_view>{"result", "error", "retry", "halt"};
  int kinds = 0;
  std::string all;
  for (const std::string_view name : known) {
    kinds += table.has(name) ? 1 : 0;
    table.suggest(name);
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  const bool fails = table.has("error") || table.has("retry");
  if (kinds != 1) only_one(table, kinds, all);
  read_value(table, one, is_source);
  if (fails) {
    const bool retries = table.has("retry");
    const std::string code = table.text(retries ? "retry" : "error");
    const std::string message = table.has("message") ? table.text("message") : "as its stub says";
    one.outcome = retries ? StepOutcome::retry(code, message) : StepOutcome::failed(code, message);
  } else {
    one.actions = read_actions(table, "actions", setting);
  }
  if (table.has("attempt")) one.attempt = static_cast<std::uint32_t>(table.number("attempt", 1, UINT32_MAX, 1));
  table.suggest("attempt");
  if (one.attempt) return one;
  if (table.has("given")) one.given = read_object(table, "given");
  table.suggest("given");
  return one;
}

bool is_source(const Setting& setting, const std::string& step) {
  const std::size_t colon = step.find(':');
  const std::string flow = colon == std::string::npos ? "" : step.substr(0, colon);
  const std::string path = colon == std::string::npos ? step : step.substr(colon + 1);
  auto all = setting.beside;
  all.insert(all.begin(), setting.workflow);
  for (const auto& definition : all) {
    if (definition == nullptr || (!flow.empty() && definition->name() != flow)) continue;
    const auto& steps = definition->plan().steps;
    const auto found = std::find_if(steps.begin(), steps.end(), [&path](const auto& one) { return one.path == path; });
    if (found != steps.end()) return internal::comes_from_elsewhere(*found);
  }
  return false;
}

void SettingReader::check_step(const std::string& name, const std::string& path, const Setting& setting) const {
  if (setting.workflow == nullptr) return;  // that is a finding already, or will be
  std::string step = name.substr(0, name.find('/'));
  const std::string suffix = name.substr(step.size());
  const std::size_t colon = step.find(':');
  const std::string flow = colon == std::string::npos ? "" : step.substr(0, colon);
  if (colon != std::string::npos) step = step.substr(colon + 1);
  std::vector<std::string> known;
  auto all = setting.beside;
  all.insert(all.begin(), setting.workflow);
  for (const auto& definition : all) {
    if (definition == nullptr || (!flow.empty() && definition->name() != flow)) continue;
    for (std::string& one : definition->steps()) known.push_back(std::move(one));
  }
  const bool found = std::find(known.begin(), known.end(), step) != known.end();
  if (found && (suffix.empty() || suffix == "/undo" || suffix == "/compensate")) return;
  findings_.add(ErrorId::kWorkflowReference, path, "there is no step '" + name + "'",
                found ? "behind a step's path stands '/undo' or '/compensate'" : internal::nearest_or_list(step, known));
}

}  // namespace forge::testing::story
