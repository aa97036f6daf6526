#pragma once

// Tests of workflows as a file (docs/workflows.md, "Tests in a file"): what was before, what stands for the steps that call
// something outside, and what must come of the run. They are told as workflow_story.h does it: in memory, on a clock that jumps,
// and nothing outside is called. Link forge::testing.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/domain.h"
#include "forge/events/status.h"

namespace forge::testing {

// Where the files come from that a file of tests names. Each is called with the name as it stands there; its error gets that place.
struct WorkflowTestSources {
  std::function<Result<std::string>(const std::string& file)> workflow;
  std::function<Result<std::vector<SourceFile>>(const std::string& file)> schema;
  std::function<Result<std::vector<SourceFile>>(const std::string& name)> schema_template;
  // How messages call a workflow's file, for who reads them elsewhere; empty: by the name as it stands there.
  std::function<std::string(const std::string& file)> shown_as = {};
};

// An expectation that did not hold.
struct UnmetExpectation {
  std::string place;     // of the expectation: "checkout.test.toml:21:9"
  std::string about;     // "the calls of step charge"
  std::string expected;  // "2"
  std::string got;       // "1"
};

struct WorkflowTestReport {
  std::string name;
  std::string place;
  std::vector<UnmetExpectation> failures;  // in the order of the file; empty where all holds

  bool passed() const { return failures.empty(); }
};

// Immutable; each run of a test has a store of its own, so it is safe from any thread.
class WorkflowTestFile {
 public:
  // Errors are all that were found, each with its place; the file is null where there are some. kWorkflowSyntax where it is no
  // TOML; kWorkflowAttribute and kWorkflowName for what is unknown, missing or malformed; kWorkflowReference for a step, action or
  // resource that there is not; those of the workflows and schemas; those of the sources.
  struct Outcome {
    std::unique_ptr<const WorkflowTestFile> file;
    std::vector<Status> errors;
  };
  static Outcome parse(std::string_view toml, const std::string& file, const WorkflowTestSources& sources);

  WorkflowTestFile(const WorkflowTestFile&) = delete;
  WorkflowTestFile& operator=(const WorkflowTestFile&) = delete;
  ~WorkflowTestFile();

  // In the order of the file.
  std::vector<std::string> names() const;
  // The test of that name; what does not hold of it is in the report, also that it does not begin. Aborts where there is none.
  WorkflowTestReport run(std::string_view name) const;

 private:
  struct Tests;
  explicit WorkflowTestFile(std::unique_ptr<const Tests> tests);
  std::unique_ptr<const Tests> tests_;
};

}  // namespace forge::testing
