#include "forge/workflow_test_file.h"

#include <algorithm>

#include "workflow_test_reader.h"

namespace forge::testing {

struct WorkflowTestFile::Tests {
  std::vector<story::FileTest> list;
};

WorkflowTestFile::WorkflowTestFile(std::unique_ptr<const Tests> tests) : tests_(std::move(tests)) {}
WorkflowTestFile::~WorkflowTestFile() = default;

WorkflowTestFile::Outcome WorkflowTestFile::parse(std::string_view toml, const std::string& file,
                                                  const WorkflowTestSources& sources) {
  Outcome outcome;
  auto tests = std::make_unique<Tests>();
  tests->list = story::read_workflow_tests(toml, file, sources, outcome.errors);
  if (outcome.errors.empty()) outcome.file.reset(new WorkflowTestFile(std::move(tests)));
  return outcome;
}

std::vector<std::string> WorkflowTestFile::names() const {
  std::vector<std::string> names;
  for (const story::FileTest& test : tests_->list) names.push_back(test.name);
  return names;
}

WorkflowTestReport WorkflowTestFile::run(std::string_view name) const {
  const auto found = std::find_if(tests_->list.begin(), tests_->list.end(), [&](const auto& test) { return test.name == name; });
  if (found == tests_->list.end()) abort_with(Status(ErrorId::kInternal, "there is no test '" + std::string(name) + "'"));
  const story::FileTest& test = *found;
  WorkflowTestReport report{.name = test.name, .place = test.place, .failures = {}};
  const auto fail = [&](const std::string& place, story::Unmet unmet) {
    report.failures.push_back({place, std::move(unmet.about), std::move(unmet.expected), std::move(unmet.got)});
  };
  story::Telling telling(test.plot);
  Status begun = telling.open();
  if (begun.ok()) begun = telling.begin();
  if (!begun.ok()) return fail(test.place, {"the beginning", "it is accepted", begun.message()}), report;
  const Result<std::size_t> writes = telling.live(SIZE_MAX, test.until_us);
  for (const auto& [step, what] : telling.outside()) {
    fail(test.place, {"step " + step, "a stub, for it calls " + what, "none"});
  }
  if (!writes.ok()) return fail(test.place, {"the run", "it goes on", writes.status().message()}), report;
  const Result<RunDetail> detail = story::detail_of(telling);
  if (!detail.ok()) return fail(test.place, {"the run", "there is one", detail.status().message()}), report;
  const story::Told told{test.plot, telling, *detail, *writes, test.until_us};
  for (const story::Expectation& expectation : test.expectations) {
    if (story::Check unmet = expectation.check(told)) fail(expectation.place, *std::move(unmet));
  }
  return report;
}

}  // namespace forge::testing
