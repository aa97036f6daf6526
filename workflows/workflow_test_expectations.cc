#include "workflow_test_expectations.h"

#include <algorithm>
#include <utility>

namespace forge::testing::story {

using internal::Declared;
using internal::literal_of;
using internal::TableReader;

namespace {

constexpr const char* kEnds[] = {"running",     "halted",    "completed",  "compensated", "failed",
                                 "undo_failed", "cancelled", "terminated", "expired"};

}  // namespace

void ExpectationReader::expect(FileTest& test, const std::string& path, std::function<Check(const Told&)> check) {
  test.expectations.push_back({findings_.places.place_of(path), std::move(check)});
}

void ExpectationReader::read_expectations(TableReader& table, const Setting& setting, FileTest& test) {
  read_expected_end(table, test);
  if (const Declared* result = table.take("result")) {
    expect(test, table.path_of("result"),
           [value = literal_of(*result)](const Told& told) { return check_result(told.detail, value); });
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

void ExpectationReader::read_expected_end(TableReader& table, FileTest& test) {
  if (!table.has("end")) return table.missing("end", "how the run ends");
  const std::string end = table.text("end");
  const std::vector<std::string> known(std::begin(kEnds), std::end(kEnds));
  if (!end.empty() && std::find(known.begin(), known.end(), end) == known.end()) {
    findings_.add(ErrorId::kWorkflowAttribute, table.path_of("end"), table.what() + " has an unknown end '" + end + "'",
                  internal::nearest_or_list(end, known));
  }
  expect(test, table.path_of("end"), [end](const Told& told) { return check_end(told.detail, end); });
}

std::vector<std::string> ExpectationReader::read_steps(TableReader& table, std::string_view name, const Setting& setting) {
  std::vector<std::string> steps = table.texts(name);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    names_.check_step(declared_path(steps[i]), table.path_of(name) + "." + std::to_string(i), setting);
  }
  return steps;
}

void ExpectationReader::read_expected_steps(TableReader& table, const Setting& setting, FileTest& test) {
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

void ExpectationReader::read_expected_calls(TableReader& table, const Setting& setting, FileTest& test) {
  const Declared* listed = table.take_table("calls");
  if (listed == nullptr) return;
  TableReader calls(findings_, *listed, table.path_of("calls"), table.what());
  for (const Declared::Member& member : listed->members) {
    const std::string& step = member.name;
    if (calls.take(step) != &member.value) continue;
    const std::string path = calls.path_of(step);
    names_.check_step(step, path + "!", setting);
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
      const Value given = literal_of(member.value.items[i]);
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

void ExpectationReader::read_expected_records(TableReader& table, const Setting& setting, FileTest& test) {
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

void ExpectationReader::read_expected_record(const std::string& resource, const Declared::Member& record, TableReader& records,
                                             FileTest& test) {
  const std::string path = records.path_of(record.name);
  const Value value = literal_of(record.value);
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

}  // namespace forge::testing::story
