#pragma once

// What a file of tests, or one test of it, says of the store, the workflows and what stands for their steps.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forge/workflow_test_file.h"
#include "table_reader.h"
#include "telling.h"

namespace forge::testing::story {

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

// Whether that is the declared path of a map which gets its items from elsewhere.
bool is_source(const Setting& setting, const std::string& step);

struct StubOutcome;  // one outcome of a stub (workflow_test_setting.cc)

// Everything is borrowed.
class SettingReader {
 public:
  SettingReader(const internal::Findings& findings, const WorkflowTestSources& sources) : findings_(findings), sources_(sources) {}

  // Takes what `table` says over what `setting` has.
  void read_setting(internal::TableReader& table, Setting& setting);
  // What stands under that name; an empty one where nothing does.
  Object read_object(internal::TableReader& table, std::string_view name);
  // `action` and `args`, held against the schema as far as that is known.
  ActionRequest read_action(internal::TableReader& table, const Setting& setting);
  std::vector<ActionRequest> read_actions(internal::TableReader& table, std::string_view name, const Setting& setting);
  // That `found` of the attributes `of`, where it should be one, are there.
  void only_one(const internal::TableReader& table, int found, const std::string& of) const;
  // Finds fault with `name` unless it is a step of one of the workflows, by its declared path: "charge", "charge/undo",
  // "refund:pay".
  void check_step(const std::string& name, const std::string& path, const Setting& setting) const;

 private:
  void read_schema(internal::TableReader& table, Setting& setting);
  std::shared_ptr<const WorkflowDefinition> read_workflow(const std::string& file, const std::string& path, std::string& toml);
  void read_workflows(internal::TableReader& table, Setting& setting);
  void read_stubs(internal::TableReader& table, Setting& setting);
  void read_stub(const internal::Declared::Member& stub, const std::string& path, Setting& setting);
  StubOutcome read_outcome(internal::TableReader& table, const Setting& setting, bool is_source);
  void read_value(internal::TableReader& table, StubOutcome& one, bool is_source);

  const internal::Findings& findings_;
  const WorkflowTestSources& sources_;
};

}  // namespace forge::testing::story
