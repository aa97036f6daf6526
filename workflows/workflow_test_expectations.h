#pragma once

// What a test of a file expects.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "workflow_test_reader.h"
#include "workflow_test_setting.h"

namespace forge::testing::story {

// Everything is borrowed.
class ExpectationReader {
 public:
  ExpectationReader(const internal::Findings& findings, const SettingReader& names) : findings_(findings), names_(names) {}

  // Adds one that stands at `path`.
  void expect(FileTest& test, const std::string& path, std::function<Check(const Told&)> check);
  // All of a table `expect`.
  void read_expectations(internal::TableReader& table, const Setting& setting, FileTest& test);

 private:
  void read_expected_end(internal::TableReader& table, FileTest& test);
  std::vector<std::string> read_steps(internal::TableReader& table, std::string_view name, const Setting& setting);
  void read_expected_steps(internal::TableReader& table, const Setting& setting, FileTest& test);
  void read_expected_calls(internal::TableReader& table, const Setting& setting, FileTest& test);
  void read_expected_records(internal::TableReader& table, const Setting& setting, FileTest& test);
  void read_expected_record(const std::string& resource, const internal::Declared::Member& record, internal::TableReader& records,
                            FileTest& test);

  const internal::Findings& findings_;
  const SettingReader& names_;
};

}  // namespace forge::testing::story
