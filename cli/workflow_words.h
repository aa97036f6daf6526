#pragma once

// What the workflow commands share: how a workflow is named, how a run looks, and what runners say meanwhile.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "forge/workflows/definition.h"
#include "forge/workflows/program.h"
#include "forge/workflows/runs.h"
#include "forge/workflows/token.h"
#include "session.h"

namespace forge::cli {

// Whether a word names a workflow by a file: there is one, or it cannot be a name.
bool is_workflow_file(const std::string& word);
// The definition in a file, held against what is around it where that is given. Errors: the one thing that is wrong, or all of them
// where there are several; `errors` is then filled.
Result<std::shared_ptr<const WorkflowDefinition>> read_workflow_file(Session& session, const std::string& path,
                                                                     std::vector<Status>& errors,
                                                                     const WorkflowSurroundings& around = {});
// Tells what is wrong with a file, and that because of it `state` holds. The exit status.
int refuse_workflow(Session& session, std::vector<Status> errors, const std::string& state);
// The one of a name in the store. Errors: kWorkflowNotFound, saying where a file has that name; as reading.
Result<std::shared_ptr<const WorkflowDefinition>> declared_workflow(const Store& store, const std::string& name);
// The one in a file, which needs no store, or that of a name in the store. Errors: as both.
Result<std::shared_ptr<const WorkflowDefinition>> named_workflow(Session& session, const std::string& word,
                                                                 std::vector<Status>& errors);

// The token that --token names, as the start of a run: its values are the inputs. Nothing without the flag. Errors: kTokenInvalid,
// kJsonInvalid, kInputUnreadable; kUsage beside other inputs.
Result<std::optional<Token>> read_start_token(Session& session, std::span<const std::string> words);
// The inputs from NAME=VALUE words, typed as the definition declares them, and from --input. Errors: kUsage, kJsonInvalid.
Result<Object> read_run_input(Session& session, const WorkflowDefinition& definition, std::span<const std::string> words);

std::vector<std::string> run_columns();
Object run_object(const RunInfo& run);

// Lines from a runner's threads, printed by the command's own.
class RunnerLines {
 public:
  LogSink sink();
  // All but those that are told otherwise.
  void print(
      Session& session, const std::function<bool(const std::string&)>& is_known = [](const std::string&) { return false; });

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// --programs FILE: what exec steps may run. Errors: as parse_programs; kNotFound where there is no such file.
Flag programs_flag();
Result<Programs> read_programs(Session& session);

Flag reason_flag_of_run();
Argument run_argument();

}  // namespace forge::cli
