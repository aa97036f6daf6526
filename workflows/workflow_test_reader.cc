// A file of tests is a TOML table: what holds for all of its tests, and `[test.NAME]` for each, which may say the same anew. Names
// of steps, actions and resources are held against the workflows and the schema, so that a misspelt one is an error and not a stub
// that nobody calls.

#include "workflow_test_reader.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "forge/events/json.h"
#include "table_reader.h"
#include "toml_reader.h"

namespace forge::testing::story {

using internal::Declared;
using internal::Findings;
using internal::TableReader;

namespace {

constexpr std::int64_t kForEver = std::int64_t{10} * 365 * 24 * 3600 * 1'000'000;
constexpr const char* kEnds[] = {"running",     "halted",    "completed",  "compensated", "failed",
                                 "undo_failed", "cancelled", "terminated", "expired"};

// The line and the column of a place in `file`; zeros of one elsewhere.
std::pair<unsigned, unsigned> place_in(const std::string& file, const std::string& place) {
  std::pair<unsigned, unsigned> at{0, 0};
  if (place.starts_with(file + ":")) std::sscanf(place.c_str() + file.size(), ":%u:%u", &at.first, &at.second);
  return at;
}

Value value_of(const Declared& declared) {
  if (declared.kind == Declared::Kind::kScalar) return declared.value;
  if (declared.kind == Declared::Kind::kList) {
    List items;
    for (const Declared& item : declared.items) items.push_back(value_of(item));
    return items;
  }
  Object object;
  for (const Declared::Member& member : declared.members) object.add(member.name, value_of(member.value));
  return object;
}

// Whether every member of `wanted` is one of `there`.
bool holds_all(const Object& wanted, const Object& there) {
  return std::all_of(wanted.members().begin(), wanted.members().end(), [&](const Object::Member& member) {
    const Value* found = there.find(member.first);
    return found != nullptr && *found == member.second;
  });
}

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

// What a file, or one test of it, says of the store and the workflows.
struct Setting {
  std::vector<SourceFile> schema;
  std::shared_ptr<const Domain> domain;
  std::string toml;
  std::vector<std::string> also;
  std::shared_ptr<const WorkflowDefinition> workflow;
  std::vector<std::shared_ptr<const WorkflowDefinition>> beside;
  std::vector<ActionRequest> given;
  std::uint64_t seed = 0;
  std::optional<std::string> crash_path;  // where it is asked for
  StepFunctions replaced;
  std::map<std::pair<std::string, std::uint32_t>, StepFunction> failures;
};

class WorkflowTestReader {
 public:
  WorkflowTestReader(const Findings& findings, const std::string& file, const WorkflowTestSources& sources)
      : findings_(findings), file_(file), sources_(sources) {}

  std::vector<FileTest> read(const Declared& declared) {
    std::vector<FileTest> tests;
    TableReader whole(findings_, declared, "", "the file");
    Setting common;
    read_setting(whole, common);
    if (const Declared* listed = whole.take_table("test")) {
      TableReader table(findings_, *listed, "test", "the file");
      for (const Declared::Member& member : listed->members) {
        if (table.take(member.name) == &member.value) tests.push_back(read_test(member, common));
      }
      table.finish();
    }
    if (tests.empty()) whole.missing("test", "a table [test.NAME] for each test");
    whole.finish();
    return tests;
  }

 private:
  void read_setting(TableReader& table, Setting& setting) {
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

  void read_schema(TableReader& table, Setting& setting) {
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

  std::shared_ptr<const WorkflowDefinition> read_workflow(const std::string& file, const std::string& path, std::string& toml) {
    Result<std::string> text = sources_.workflow(file);
    if (!text.ok()) return findings_.add(text.status(), path), nullptr;
    toml = *std::move(text);
    const WorkflowDefinition::Outcome parsed = parse_workflow(toml, file);
    for (const Status& error : parsed.errors) findings_.add(error, path);
    return parsed.definition;
  }

  void read_workflows(TableReader& table, Setting& setting) {
    if (const std::string file = table.text("workflow"); !file.empty()) {
      setting.workflow = read_workflow(file, table.path_of("workflow"), setting.toml);
    }
    for (const std::string& file : table.texts("also")) {
      setting.also.emplace_back();
      setting.beside.push_back(read_workflow(file, table.path_of("also"), setting.also.back()));
    }
  }

  // ---- What happens

  Object read_object(TableReader& table, std::string_view name) {
    const Declared* found = table.take_table(name);
    const Value value = found == nullptr ? Value(Object()) : value_of(*found);
    return *value.if_object();
  }

  ActionRequest read_action(TableReader& table, const Setting& setting) {
    ActionRequest request{.action = table.text("action"), .args = read_object(table, "args"), .if_version = {}};
    if (!table.has("action")) table.missing("action", "the action that is done");
    if (setting.domain != nullptr && !request.action.empty()) {
      const Status known = setting.domain->get_action(request.action).status();
      if (!known.ok()) findings_.add(known, table.path_of("action"));
    }
    return request;
  }

  std::vector<ActionRequest> read_actions(TableReader& table, std::string_view name, const Setting& setting) {
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

  void only_one(const TableReader& table, int found, const std::string& of) const {
    findings_.add(ErrorId::kWorkflowAttribute, table.path(), table.what() + (found == 0 ? " says nothing" : " says two things"),
                  "wanted is one of " + of);
  }

  void read_meanwhile(TableReader& table, const Setting& setting, Plot& plot) {
    const Declared* listed = table.take_list("meanwhile");
    for (std::size_t i = 0; listed != nullptr && i < listed->items.size(); ++i) {
      TableReader inside(findings_, listed->items[i], table.path_of("meanwhile") + "." + std::to_string(i),
                         table.what() + "'s meanwhile");
      read_happening(inside, setting, plot);
      inside.finish();
    }
    std::stable_sort(plot.meanwhile.begin(), plot.meanwhile.end(),
                     [](const Happening& a, const Happening& b) { return a.at_us < b.at_us; });
  }

  void read_happening(TableReader& table, const Setting& setting, Plot& plot) {
    Happening happening{.at_us = table.duration("at")};
    const int kinds = table.has("signal") + table.has("approve") + table.has("action") + table.has("tell");
    for (const char* known : {"signal", "approve", "action", "tell"}) table.suggest(known);
    if (kinds != 1) {
      only_one(table, kinds, "signal, approve, action, tell");
    } else if (table.has("signal")) {
      happening.name = table.text("signal");
      happening.key = table.text("key");
      if (const Declared* value = table.take("value")) happening.value = value_of(*value);
    } else if (table.has("approve")) {
      happening.kind = Happening::Kind::kApproval;
      happening.name = table.text("approve");
      check_step(happening.name, table.path_of("approve"), setting);
      happening.approved = table.flag("approved", true);
      if (!table.has("at")) plot.approvals[happening.name] = happening.approved;
      if (!table.has("at")) return;
    } else if (table.has("action")) {
      happening.kind = Happening::Kind::kAction;
      happening.action = read_action(table, setting);
    } else {
      happening.kind = Happening::Kind::kTelling;
      happening.telling = table.choice("tell",
                                       {{"cancel", RunTelling::kCancel},
                                        {"terminate", RunTelling::kTerminate},
                                        {"pause", RunTelling::kPause},
                                        {"resume", RunTelling::kResume}},
                                       RunTelling::kCancel);
    }
    plot.meanwhile.push_back(std::move(happening));
  }

  // ---- Stubs

  void read_stubs(TableReader& table, Setting& setting) {
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

  void read_stub(const Declared::Member& stub, const std::string& path, Setting& setting) {
    std::erase_if(setting.failures, [&](const auto& failure) { return failure.first.first == stub.name; });
    setting.replaced.erase(stub.name);
    const bool many = stub.value.kind == Declared::Kind::kList;
    std::vector<StubOutcome> outcomes;
    for (std::size_t i = 0; i < (many ? stub.value.items.size() : 1); ++i) {
      TableReader table(findings_, many ? stub.value.items[i] : stub.value, many ? path + "." + std::to_string(i) : path,
                        "the stub of '" + stub.name + "'");
      StubOutcome one = read_outcome(table, setting);
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

  StubOutcome read_outcome(TableReader& table, const Setting& setting) {
    StubOutcome one;
    const int kinds = table.has("result") + table.has("error") + table.has("retry") + table.has("halt");
    for (const char* known : {"result", "error", "retry", "halt"}) table.suggest(known);
    const bool fails = table.has("error") || table.has("retry");
    if (kinds != 1) only_one(table, kinds, "result, error, retry, halt");
    if (const Declared* result = table.take("result")) one.outcome = StepOutcome::done(value_of(*result));
    if (const Declared* halt = table.take("halt")) one.outcome = StepOutcome::halted(value_of(*halt));
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

  // Whether `name` is a step of one of the workflows, by its declared path: "charge", "charge/undo", "refund:pay".
  void check_step(const std::string& name, const std::string& path, const Setting& setting) const {
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

  // ---- Tests

  FileTest read_test(const Declared::Member& member, const Setting& common) {
    const std::string path = "test." + member.name;
    FileTest test{.name = member.name, .place = findings_.places.place_of(path + "!"), .plot = {}, .until_us = kForEver};
    TableReader table(findings_, member.value, path, "test " + member.name);
    Setting setting = common;
    read_setting(table, setting);
    if (setting.workflow == nullptr && findings_.errors.empty())
      table.missing("workflow", "the file of the workflow that is tested");
    if (setting.domain == nullptr && findings_.errors.empty()) table.missing("schema", "the file of the schema, or a template");
    table.take("description");
    Plot& plot = test.plot;
    read_start(table, setting, plot);
    read_meanwhile(table, setting, plot);
    test.until_us = table.duration("for", kForEver);
    if (const Declared* expected = table.take_table("expect")) {
      TableReader expect(findings_, *expected, path + ".expect", "what is expected of test " + member.name);
      read_expectations(expect, setting, test);
      expect.finish();
    } else if (!table.has("expect")) {
      table.missing("expect", "what must come of the run");
    }
    std::stable_sort(test.expectations.begin(), test.expectations.end(), [&](const Expectation& a, const Expectation& b) {
      return place_in(file_, a.place) < place_in(file_, b.place);
    });
    if (setting.crash_path) {
      expect(test, *setting.crash_path,
             [](const Told& told) { return check_crashes(told.plot, told.telling, told.writes, told.until_us); });
    }
    table.finish();
    plot.schema = setting.schema;
    plot.toml = setting.toml;
    plot.also = setting.also;
    plot.seed = setting.seed;
    plot.closed = true;
    plot.given = setting.given;
    plot.replaced = setting.replaced;
    plot.failures = setting.failures;
    return test;
  }

  void read_start(TableReader& table, const Setting& setting, Plot& plot) {
    const bool two = table.has("input") && table.has("on");
    plot.input = read_object(table, "input");
    if (const Declared* on = table.take_table("on")) {
      TableReader inside(findings_, *on, table.path_of("on"), table.what() + "'s on");
      plot.start = read_action(inside, setting);
      inside.finish();
    }
    if (two) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("on"), table.what() + " has 'input' and 'on'",
                    "the hook makes the input from the event", "leave out one of them");
    } else if (!plot.start && setting.workflow != nullptr) {
      const Status taken = setting.workflow->take_inputs(plot.input).status();
      if (!taken.ok()) findings_.add(taken, table.has("input") ? table.path_of("input") : table.path() + "!");
    }
  }

  // ---- Expectations

  void expect(FileTest& test, const std::string& path, std::function<Check(const Told&)> check) {
    test.expectations.push_back({findings_.places.place_of(path), std::move(check)});
  }

  void read_expectations(TableReader& table, const Setting& setting, FileTest& test) {
    read_expected_end(table, test);
    if (const Declared* result = table.take("result")) {
      expect(test, table.path_of("result"),
             [value = value_of(*result)](const Told& told) { return check_result(told.detail, value); });
    }
    if (table.has("error")) {
      const std::string text = table.text("error");
      expect(test, table.path_of("error"), [text](const Told& told) { return check_error(told.detail, text); });
    }
    table.suggest("error");
    if (table.has("hops")) {
      const std::uint64_t hops = table.number("hops", 0, 255, 0);
      expect(test, table.path_of("hops"), [hops](const Told& told) { return check_hops(told.detail, hops); });
    }
    table.suggest("hops");
    if (table.has("warnings")) {
      const bool warnings = table.flag("warnings", false);
      expect(test, table.path_of("warnings"), [warnings](const Told& told) { return check_warnings(told.detail, warnings); });
    }
    table.suggest("warnings");
    read_expected_steps(table, setting, test);
    if (table.has("events")) {
      const std::vector<std::string> types = table.texts("events");
      expect(test, table.path_of("events"), [types](const Told& told) { return check_events(told.telling, told.detail, types); });
    }
    table.suggest("events");
    read_expected_calls(table, setting, test);
    read_expected_records(table, setting, test);
  }

  void read_expected_end(TableReader& table, FileTest& test) {
    if (!table.has("end")) return table.missing("end", "how the run ends");
    const std::string end = table.text("end");
    const std::vector<std::string> known(std::begin(kEnds), std::end(kEnds));
    if (!end.empty() && std::find(known.begin(), known.end(), end) == known.end()) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("end"), table.what() + " has an unknown end '" + end + "'",
                    internal::nearest_or_list(end, known));
    }
    expect(test, table.path_of("end"), [end](const Told& told) { return check_end(told.detail, end); });
  }

  std::vector<std::string> read_steps(TableReader& table, std::string_view name, const Setting& setting) {
    std::vector<std::string> steps = table.texts(name);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      check_step(declared_path(steps[i]), table.path_of(name) + "." + std::to_string(i), setting);
    }
    return steps;
  }

  void read_expected_steps(TableReader& table, const Setting& setting, FileTest& test) {
    if (table.has("order")) {
      const auto steps = read_steps(table, "order", setting);
      expect(test, table.path_of("order"), [steps](const Told& told) { return check_order(told.telling, told.detail, steps); });
    }
    if (table.has("undone")) {
      const auto steps = read_steps(table, "undone", setting);
      expect(test, table.path_of("undone"), [steps](const Told& told) { return check_undone(told.detail, steps); });
    }
    if (table.has("compensated")) {
      for (const std::string& step : read_steps(table, "compensated", setting)) {
        expect(test, table.path_of("compensated"), [step](const Told& told) { return check_compensated(told.detail, step); });
      }
    }
    for (const char* known : {"order", "undone", "compensated"}) table.suggest(known);
  }

  void read_expected_calls(TableReader& table, const Setting& setting, FileTest& test) {
    const Declared* listed = table.take_table("calls");
    if (listed == nullptr) return;
    TableReader calls(findings_, *listed, table.path_of("calls"), table.what());
    for (const Declared::Member& member : listed->members) {
      const std::string& step = member.name;
      if (calls.take(step) != &member.value) continue;
      const std::string path = calls.path_of(step);
      check_step(step, path + "!", setting);
      const auto fails = std::any_of(setting.failures.begin(), setting.failures.end(),
                                     [&](const auto& failure) { return failure.first.first == step; });
      if (!setting.replaced.contains(step) && !fails) {
        findings_.add(ErrorId::kWorkflowReference, path + "!", "step '" + step + "' has no stub", "calls are counted of stubs",
                      "give it a stub, or expect its order or its events");
      }
      const std::size_t count = member.value.kind == Declared::Kind::kList
                                    ? member.value.items.size()
                                    : static_cast<std::size_t>(calls.number(step, 0, 1'000'000, 0));
      expect(test, path, [step, count](const Told& told) { return check_calls(told.telling, step, count); });
      for (std::size_t i = 0; i < member.value.items.size(); ++i) {
        const std::string item = path + "." + std::to_string(i);
        const Value given = value_of(member.value.items[i]);
        if (given.if_object() == nullptr) {
          calls.refuse(step, "a number of calls, or a list of a table for each", member.value.items[i]);
          continue;
        }
        expect(test, item,
               [step, i, args = *given.if_object()](const Told& told) { return check_given(told.telling, step, i + 1, args); });
      }
    }
    calls.finish();
  }

  void read_expected_records(TableReader& table, const Setting& setting, FileTest& test) {
    const Declared* listed = table.take_table("records");
    if (listed == nullptr) return;
    TableReader resources(findings_, *listed, table.path_of("records"), table.what());
    for (const Declared::Member& resource : listed->members) {
      const Declared* keys = resources.take_table(resource.name);
      if (keys != &resource.value) continue;
      if (setting.domain != nullptr) {
        const Status known = setting.domain->get_resource(resource.name).status();
        if (!known.ok()) findings_.add(known, resources.path_of(resource.name) + "!");
      }
      TableReader records(findings_, *keys, resources.path_of(resource.name), table.what());
      for (const Declared::Member& record : keys->members) {
        if (records.take(record.name) == &record.value) read_expected_record(resource.name, record, records, test);
      }
      records.finish();
    }
    resources.finish();
  }

  void read_expected_record(const std::string& resource, const Declared::Member& record, TableReader& records, FileTest& test) {
    const std::string path = records.path_of(record.name);
    const Value value = value_of(record.value);
    if (value == Value(false)) {
      expect(test, path, [resource, key = record.name](const Told& told) { return check_no_record(told.telling, resource, key); });
    } else if (const Object* fields = value.if_object()) {
      expect(test, path, [resource, key = record.name, fields = *fields](const Told& told) {
        return check_record(told.telling, resource, key, fields);
      });
    } else {
      records.refuse(record.name, "a table of its fields, or false where it is not there", record.value);
    }
  }

  const Findings& findings_;
  const std::string& file_;
  const WorkflowTestSources& sources_;
};

// Those of other files come first, as they were found; then those of this one in the order of their places.
void sort_by_place(std::vector<Status>& errors, const std::string& file) {
  std::stable_sort(errors.begin(), errors.end(), [&](const Status& a, const Status& b) {
    return place_in(file, a.text().place) < place_in(file, b.text().place);
  });
}

}  // namespace

std::vector<FileTest> read_workflow_tests(std::string_view toml, const std::string& file, const WorkflowTestSources& sources,
                                          std::vector<Status>& errors) {
  const Result<Declared> declared = internal::read_toml(toml, file);
  if (!declared.ok()) return errors.push_back(declared.status()), std::vector<FileTest>();
  internal::Places places(file);
  if (!places.note_all(*declared)) {
    errors.push_back(Status(ErrorId::kWorkflowSyntax, "the file of tests is nested too deep").place(file + ":1:1"));
    return {};
  }
  std::vector<FileTest> tests = WorkflowTestReader(Findings{places, errors}, file, sources).read(*declared);
  sort_by_place(errors, file);
  return tests;
}

}  // namespace forge::testing::story
