#pragma once

// Reads a file of tests: for each test the plot, and what must come of it with the places where that stands.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/workflow_test_file.h"
#include "story_checks.h"

namespace forge::testing::story {

// The store and the run of a telling as it ended.
struct Told {
  const Plot& plot;
  Telling& telling;
  const RunDetail& detail;
  std::size_t writes = 0;
  std::int64_t until_us = 0;
};

struct Expectation {
  std::string place;
  std::function<Check(const Told& told)> check;
};

struct FileTest {
  std::string name;
  std::string place;
  Plot plot;
  std::int64_t until_us = 0;
  std::vector<Expectation> expectations;  // in the order of the file
};

std::vector<FileTest> read_workflow_tests(std::string_view toml, const std::string& file, const WorkflowTestSources& sources,
                                          std::vector<Status>& errors);

}  // namespace forge::testing::story
