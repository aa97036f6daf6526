#include "workflow_words.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "action_input.h"
#include "errors.h"
#include "forge/events/domain.h"
#include "forge/events/json.h"
#include "forge/events/system_reason.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 20;

// A text stays one where the input is declared as one, or as bytes; all else is JSON. What is none is left a text, which
// the definition refuses with all else that is wrong, unless it takes any.
Value input_value(const WorkflowInput& input, const std::string& text) {
  if (input.type == "string") return Value(text);
  if (input.type == "bytes") return Value(text);
  Result<Value> value = parse_json(text, input.name);
  return value.ok() ? *std::move(value) : Value(text);
}

// JSON has no bytes: they are base64 in it.
Object with_bytes(const WorkflowDefinition& definition, const Object& given) {
  const std::vector<WorkflowInput> inputs = definition.inputs();
  Object made;
  for (const auto& [name, value] : given.members()) {
    const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const WorkflowInput& one) { return one.name == name; });
    const bool is_base64 = input != inputs.end() && input->type == "bytes" && value.if_text() != nullptr;
    Result<Bytes> bytes = is_base64 ? from_base64(*value.if_text()) : Result<Bytes>(Bytes());
    made.add(name, is_base64 && bytes.ok() ? Value(*std::move(bytes)) : value);
  }
  return made;
}

Status add_input(const WorkflowDefinition& definition, const std::string& word, Object& given) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Status(ErrorId::kUsage, "'" + word + "' is not NAME=VALUE").state("no run was started").remedy("write order=o-1");
  }
  const std::string name = word.substr(0, equals);
  const std::vector<WorkflowInput> inputs = definition.inputs();
  const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const WorkflowInput& one) { return one.name == name; });
  if (input == inputs.end()) {
    std::vector<std::string> names;
    for (const WorkflowInput& one : inputs) names.push_back(one.name);
    return Status(ErrorId::kRunInput,
                  "workflow '" + definition.name() + "' has no input '" + name + "'" + did_you_mean(name, names))
        .state("no run was started")
        .remedy("see what it takes: forgectl workflow show " + definition.name());
  }
  given.add(name, input_value(*input, word.substr(equals + 1)));
  return {};
}

}  // namespace

Result<std::shared_ptr<const WorkflowDefinition>> read_workflow_file(Session& session, const std::string& path,
                                                                     std::vector<Status>& errors,
                                                                     const WorkflowSurroundings& around) {
  FORGE_ASSIGN(const std::string text, read_input(session, path, kBytesMax));
  WorkflowDefinition::Outcome outcome = parse_workflow(text, path, around);
  errors = std::move(outcome.errors);
  if (!errors.empty()) return errors[0];
  return std::move(outcome.definition);
}

bool is_workflow_file(const std::string& word) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(word, ignored) || !is_workflow_name(word);
}

int refuse_workflow(Session& session, std::vector<Status> errors, const std::string& state) {
  for (Status& error : errors) error = std::move(error).state(state);
  const int exit_status = session.refuse(errors);
  if (session.out.format() != Format::kJson) session.notice(counted(errors.size(), "error") + ", " + state);
  return exit_status;
}

Result<std::shared_ptr<const WorkflowDefinition>> declared_workflow(const Store& store, const std::string& name) {
  auto found = workflow(store.view(), name);
  std::error_code ignored;
  const std::string file = name + ".toml";
  const bool is_here = std::filesystem::is_regular_file(file, ignored);
  if (found.status().id() != ErrorId::kWorkflowNotFound || !is_here) return found;
  return Status(found.status())
      .why("there is a file '" + file + "'")
      .remedy("name the file, or declare it: forgectl workflow add " + file);
}

Result<std::shared_ptr<const WorkflowDefinition>> named_workflow(Session& session, const std::string& word,
                                                                 std::vector<Status>& errors) {
  if (is_workflow_file(word)) return read_workflow_file(session, word, errors);
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  return declared_workflow(store, word);
}

Result<std::optional<Token>> read_start_token(Session& session, std::span<const std::string> words) {
  const auto path = session.arguments.if_text("token");
  if (!path) return std::optional<Token>();
  if (!words.empty() || session.arguments.if_text("input")) {
    return Status(ErrorId::kUsage, "--token gives all inputs").state("no run was started").remedy("leave the others out");
  }
  FORGE_ASSIGN(const std::string text, read_input(session, *path, kBytesMax));
  FORGE_ASSIGN(Token token, token_from_json(text, *path));
  if (token.values.if_object() != nullptr) return std::optional<Token>(std::move(token));
  return Status(ErrorId::kTokenInvalid, "the values of " + *path + " are no inputs")
      .why("inputs have names, so they are an object")
      .state("no run was started");
}

Result<Object> read_run_input(Session& session, const WorkflowDefinition& definition, std::span<const std::string> words) {
  Object given;
  if (const auto input = session.arguments.if_text("input")) {
    FORGE_ASSIGN(given, read_input_object(session, *input));
  }
  for (const std::string& word : words) FORGE_TRY(add_input(definition, word, given));
  return with_bytes(definition, given);
}

std::vector<std::string> run_columns() {
  return {"id", "workflow", "status", "result", "error", "warnings", "parked", "hash", "seq"};
}

Object run_object(const RunInfo& run) {
  const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
  Value result;
  if (!run.result.empty()) {
    Result<Value> parsed = parse_json(run.result, "result");
    if (parsed.ok()) result = *std::move(parsed);
  }
  return Object{{"id", run.id},
                {"workflow", run.workflow},
                {"status", run.status},
                {"result", std::move(result)},
                {"error", text(run.error)},
                {"warnings", run.warnings},
                {"parked", text(run.has_ended() ? std::string() : run.parked)},
                {"hash", run.hash},
                {"seq", run.seq}};
}

LogSink RunnerLines::sink() {
  return [this](LogLevel level, std::string_view line) {
    if (level == LogLevel::kDebug) return;
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  };
}

void RunnerLines::print(Session& session, const std::function<bool(const std::string&)>& is_known) {
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(lines_);
  }
  for (const std::string& line : lines) {
    if (!is_known(line)) session.notice(line);
  }
}

Flag programs_flag() {
  return {.name = "programs",
          .type = FlagType::kText,
          .value = "FILE",
          .summary = "a file that names the programs which exec steps may run",
          .offer = Offer::kFile};
}

Result<Programs> read_programs(Session& session) {
  const auto path = session.arguments.if_text("programs");
  if (!path) return Programs();
  FORGE_ASSIGN(const std::string text, read_input(session, *path, kBytesMax));
  std::error_code ignored;
  const std::filesystem::path directory = std::filesystem::absolute(*path, ignored).parent_path();
  const std::string base = directory.lexically_normal().string();
  FORGE_ASSIGN(Programs programs, parse_programs(text, *path, base));
  std::vector<Status> warnings;
  for (auto& [name, program] : programs) {
    if (::access(program.command[0].c_str(), X_OK) == 0) continue;
    const std::string& file = program.command[0];
    const std::string shown = file.starts_with(base + "/") ? file.substr(base.size() + 1) : file;
    program.unusable = shown + ": " + system_reason(errno);
    warnings.push_back(Status(ErrorId::kWorkflowReference, "program '" + name + "' cannot be run")
                           .why(program.unusable)
                           .place(program.place)
                           .state("runs that need it stand still")
                           .remedy("mend its command: a path is below the file's directory"));
  }
  session.warn(warnings);
  return programs;
}

Flag reason_flag_of_run() {
  return {.name = "reason", .type = FlagType::kText, .value = "TEXT", .summary = "why; recorded with the event"};
}

Argument run_argument() {
  return {.name = "RUN", .summary = "the run's id"};
}

}  // namespace forge::cli
