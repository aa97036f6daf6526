// A file of tests is a TOML table: what holds for all of its tests, and `[test.NAME]` for each, which may say the same anew. Names
// of steps, actions and resources are held against the workflows and the schema, so that a misspelt one is an error and not a stub
// that nobody calls.

#include "workflow_test_reader.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "plan.h"
#include "toml_reader.h"
#include "workflow_test_expectations.h"
#include "workflow_test_setting.h"

namespace forge::testing::story {

using internal::Declared;
using internal::Findings;
using internal::literal_of;
using internal::TableReader;

namespace {

constexpr std::int64_t kForEver = std::int64_t{10} * 365 * 24 * 3600 * 1'000'000;
// The line and the column of a place in `file`; zeros of one elsewhere.
std::pair<unsigned, unsigned> place_in(const std::string& file, const std::string& place) {
  std::pair<unsigned, unsigned> at{0, 0};
  if (place.starts_with(file + ":")) std::sscanf(place.c_str() + file.size(), ":%u:%u", &at.first, &at.second);
  return at;
}

class WorkflowTestReader {
 public:
  WorkflowTestReader(const Findings& findings, const std::string& file, const WorkflowTestSources& sources)
      : findings_(findings), file_(file), settings_(findings, sources), expectations_(findings, settings_) {}

  std::vector<FileTest> read(const Declared& declared) {
    std::vector<FileTest> tests;
    TableReader whole(findings_, declared, "", "the file");
    Setting common;
    settings_.read_setting(whole, common);
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
      settings_.only_one(table, kinds, "signal, approve, action, tell");
    } else if (table.has("signal")) {
      happening.name = table.text("signal");
      happening.key = table.text("key");
      if (const Declared* value = table.take("value")) happening.value = literal_of(*value);
    } else if (table.has("approve")) {
      happening.kind = Happening::Kind::kApproval;
      happening.name = table.text("approve");
      settings_.check_step(happening.name, table.path_of("approve"), setting);
      happening.approved = table.flag("approved", true);
      if (!table.has("at")) plot.approvals[happening.name] = happening.approved;
      if (!table.has("at")) return;
    } else if (table.has("action")) {
      happening.kind = Happening::Kind::kAction;
      happening.action = settings_.read_action(table, setting);
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

  // ---- Tests

  FileTest read_test(const Declared::Member& member, const Setting& common) {
    const std::string path = "test." + member.name;
    FileTest test{.name = member.name, .place = findings_.places.place_of(path + "!"), .plot = {}, .until_us = kForEver};
    TableReader table(findings_, member.value, path, "test " + member.name);
    Setting setting = common;
    settings_.read_setting(table, setting);
    if (common.workflow == nullptr) check_common_stubs(common, setting);
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
      expectations_.read_expectations(expect, setting, test);
      expect.finish();
    } else if (!table.has("expect")) {
      table.missing("expect", "what must come of the run");
    }
    std::stable_sort(test.expectations.begin(), test.expectations.end(), [&](const Expectation& a, const Expectation& b) {
      return place_in(file_, a.place) < place_in(file_, b.place);
    });
    if (setting.crash_path) {
      expectations_.expect(test, *setting.crash_path,
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

  // Where each test names its own workflow, the file's stubs are held against that.
  void check_common_stubs(const Setting& common, const Setting& setting) const {
    for (const auto& [step, stub] : common.replaced) settings_.check_step(step, "stub." + step + "!", setting);
    for (const auto& [attempt, stub] : common.failures) settings_.check_step(attempt.first, "stub." + attempt.first + "!", setting);
  }

  // { action, args } or { signal, key, value }.
  void read_stimulus(TableReader& table, const Setting& setting, Plot& plot) {
    const int kinds = int{table.has("action")} + int{table.has("signal")};
    for (const char* known : {"action", "signal"}) table.suggest(known);
    if (kinds != 1) return settings_.only_one(table, kinds, "action, signal");
    if (table.has("action")) {
      plot.start = settings_.read_action(table, setting);
      return;
    }
    SentSignal sent{.name = table.text("signal"), .key = table.has("key") ? table.text("key") : "", .value = nullptr};
    if (const Declared* value = table.take("value")) sent.value = literal_of(*value);
    for (const char* known : {"key", "value"}) table.suggest(known);
    check_signal(table, setting, sent.name);
    plot.start_signal = std::move(sent);
  }

  // A signal that the hook is not for would start nothing.
  void check_signal(const TableReader& table, const Setting& setting, const std::string& name) const {
    if (setting.workflow == nullptr || name.empty()) return;
    const fb::HookT* hook = setting.workflow->plan().declared->on.get();
    const bool waits = hook != nullptr && !hook->signal.empty();
    if (waits && hook->signal == name) return;
    findings_.add(ErrorId::kWorkflowReference, table.path_of("signal"),
                  "no signal '" + name + "' starts workflow '" + setting.workflow->name() + "'",
                  waits ? "its hook is for '" + hook->signal + "'" : "it has no hook for a signal: on = { signal = ... }");
  }

  void read_start(TableReader& table, const Setting& setting, Plot& plot) {
    const bool two = table.has("input") && table.has("on");
    plot.input = settings_.read_object(table, "input");
    if (const Declared* on = table.take_table("on")) {
      TableReader inside(findings_, *on, table.path_of("on"), table.what() + "'s on");
      read_stimulus(inside, setting, plot);
      inside.finish();
    }
    if (two) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("on"), table.what() + " has 'input' and 'on'",
                    "the hook makes the input from the event", "leave out one of them");
    } else if (!table.has("on") && setting.workflow != nullptr) {
      const Status taken = setting.workflow->take_inputs(plot.input).status();
      if (!taken.ok()) findings_.add(taken, table.has("input") ? table.path_of("input") : table.path() + "!");
    }
  }

  const Findings& findings_;
  const std::string& file_;
  SettingReader settings_;
  ExpectationReader expectations_;
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
