// Tests of workflows from files: told in memory, reported one by one.

#include <fnmatch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "commands.h"
#include "errors.h"
#include "forge/workflow_test_file.h"
#include "listing.h"
#include "template.h"
#include "text.h"

namespace forge::cli {
namespace {

using testing::UnmetExpectation;
using testing::WorkflowTestFile;
using testing::WorkflowTestReport;

constexpr std::size_t kTestFileBytesMax = std::size_t{1} << 20;

// Files are named from the directory of the file of tests.
testing::WorkflowTestSources sources_beside(Session& session, const std::string& path) {
  const std::filesystem::path directory = path == "-" ? "." : std::filesystem::path(path).parent_path();
  testing::WorkflowTestSources sources;
  sources.workflow = [&session, directory](const std::string& file) {
    return read_input(session, (directory / file).string(), kTestFileBytesMax);
  };
  sources.shown_as = [directory](const std::string& file) { return (directory / file).lexically_normal().string(); };
  sources.schema = [directory](const std::string& file) { return Domain::load_sources((directory / file).string()); };
  sources.schema_template = [](const std::string& name) -> Result<std::vector<SourceFile>> {
    const Template* found = find_template(name);
    if (found == nullptr || found->schema.empty()) {
      return Status(ErrorId::kWorkflowAttribute, "there is no template '" + name + "'")
          .why("a template has a schema of its own, and is one that init begins with");
    }
    return std::vector<SourceFile>{{name + ".fbs", std::string(found->schema)}};
  };
  return sources;
}

std::string report_text(const WorkflowTestReport& report) {
  std::string text = (report.passed() ? "ok      " : "failed  ") + printable(report.name);
  if (!report.passed()) text += "   " + printable(report.place);
  text += "\n";
  for (const UnmetExpectation& unmet : report.failures) {
    text += "  " + printable(unmet.place) + ": " + printable(unmet.about) + "\n";
    text += "    expected  " + printable(unmet.expected) + "\n    got       " + printable(unmet.got) + "\n";
  }
  return text;
}

Object test_report_object(const std::string& file, const WorkflowTestReport& report) {
  List failures;
  for (const UnmetExpectation& unmet : report.failures) {
    failures.emplace_back(Object{{"place", unmet.place}, {"about", unmet.about}, {"expected", unmet.expected}, {"got", unmet.got}});
  }
  return Object{{"file", file},
                {"test", report.name},
                {"passed", report.passed()},
                {"place", report.place},
                {"failures", std::move(failures)}};
}

struct ReadTests {
  std::string path;
  std::unique_ptr<const WorkflowTestFile> file;
  std::vector<std::string> names;  // that the filter lets through
};

std::vector<ReadTests> read_tests(Session& session, std::vector<Status>& errors) {
  const std::string filter = session.arguments.text("filter");
  std::vector<ReadTests> all;
  for (const std::string& path : session.arguments.words()) {
    const Result<std::string> text = read_input(session, path, kTestFileBytesMax);
    if (!text.ok()) {
      errors.push_back(text.status());
      continue;
    }
    WorkflowTestFile::Outcome outcome = WorkflowTestFile::parse(*text, path, sources_beside(session, path));
    errors.insert(errors.end(), outcome.errors.begin(), outcome.errors.end());
    if (outcome.file == nullptr) continue;
    ReadTests read{.path = path, .file = std::move(outcome.file), .names = {}};
    for (std::string& name : read.file->names()) {
      if (filter.empty() || ::fnmatch(filter.c_str(), name.c_str(), 0) == 0) read.names.push_back(std::move(name));
    }
    all.push_back(std::move(read));
  }
  return all;
}

Result<int> run_workflow_test(Session& session) {
  std::vector<Status> errors;
  const std::vector<ReadTests> all = read_tests(session, errors);
  std::size_t told = 0;
  std::size_t failed = 0;
  for (const ReadTests& read : all) told += read.names.size();
  if (errors.empty() && told == 0) {
    return Status(ErrorId::kUsage, "no test is named like '" + session.arguments.text("filter") + "'")
        .why("a filter that lets nothing through would pass whatever the workflows do")
        .state("no test was run")
        .remedy("leave out --filter, or name the tests with * for any text");
  }
  if (!session.out.is_table()) {
    session.out.begin_list({.columns = {"file", "test", "passed", "place"}, .name = "test"});
  }
  if (!errors.empty()) return end_checks(session, errors);
  for (const ReadTests& read : all) {
    for (const std::string& name : read.names) {
      const WorkflowTestReport report = read.file->run(name);
      failed += report.passed() ? 0 : 1;
      FORGE_TRY(session.out.is_table() ? session.out.text(report_text(report))
                                       : session.out.row(test_report_object(read.path, report)));
      FORGE_TRY(session.out.flush());
    }
  }
  if (session.out.is_table()) {
    FORGE_TRY(
        session.out.text(counted(told, "test") + ", " + (failed == 0 ? "all passed" : std::to_string(failed) + " failed") + "\n"));
  } else {
    FORGE_TRY(session.out.end_list());
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

const Command& workflow_test_command() {
  static const Command kCommand{
      .name = "workflow test",
      .summary = "run tests of workflows from files, in memory: stubs for steps, and what must come of the run",
      .arguments = {{.name = "FILE", .summary = "a file of tests; needs no store", .repeated = true, .offer = Offer::kFile}},
      .flags =
          {{.name = "filter", .type = FlagType::kText, .value = "GLOB", .summary = "only tests whose name is like this: 'paid*'"}},
      .examples = {{"forgectl workflow test checkout.test.toml", ""},
                   {"forgectl workflow test *.test.toml --filter 'declined*' -o json", ""}},
      .notes =
          "No store is touched and nothing outside is called: a step that would call a function, a program, HTTP or a file "
          "needs a stub. The exit status is 1 where a test fails.",
      .run = run_workflow_test,
  };
  return kCommand;
}

}  // namespace forge::cli
