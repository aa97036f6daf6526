// What people do about single steps of runs: retry, waive, fork.

#include "arguments.h"
#include "commands.h"
#include "forge/events/json.h"
#include "forge/workflows/steering.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

constexpr const char* kDryRunNote = "   (dry run: nothing was written)";

using Steering = Status (*)(Store&, const std::string&, const std::string&, const ActOptions&);

// What was told stands in the log; `when` says when it is done.
Result<int> steer(Session& session, Steering steering, const char* what, const char* when) {
  const std::vector<std::string>& words = session.arguments.words();
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_TRY(steering(store, words[0], words[1], session.act_options()));
  FORGE_TRY(
      session.out.text(printable(words[0] + "  " + words[1] + " " + what + when) + (session.dry_run() ? kDryRunNote : "") + "\n"));
  FORGE_TRY(
      session.out.object(Object{{"id", words[0]}, {"step", words[1]}, {"told", what}, {"applied", !session.dry_run()}}, "id"));
  return 0;
}

Result<int> run_workflow_retry(Session& session) {
  return steer(session, retry_step, "is to be tried again", " as soon as a worker takes it up");
}

Result<int> run_workflow_waive(Session& session) {
  return steer(session, waive_undo, "is waived", "");
}

// Of --result STEP=JSON.
Result<std::map<std::string, Value>> given_results(const Session& session) {
  std::map<std::string, Value> results;
  for (const std::string& word : session.arguments.texts("result")) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Status(ErrorId::kUsage, "'" + word + "' is not STEP=JSON").state("no run was started");
    }
    Result<Value> value = parse_json(word.substr(equals + 1), "--result");
    if (!value.ok()) return Status(value.status()).state("no run was started");
    results[word.substr(0, equals)] = *std::move(value);
  }
  return results;
}

Result<int> run_workflow_fork(Session& session) {
  const std::vector<std::string>& words = session.arguments.words();
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_ASSIGN(const auto definition, run_definition(store.view(), words[0]));
  RunFork how{.id = session.arguments.text("id"), .from = session.arguments.text("from"), .options = session.act_options()};
  if (how.from.empty()) {
    return Status(ErrorId::kUsage, "--from is missing").state("no run was started").remedy("name the step to begin at");
  }
  FORGE_ASSIGN(how.input, read_run_input(session, *definition, std::span(words).subspan(1)));
  FORGE_ASSIGN(how.results, given_results(session));
  FORGE_ASSIGN(const ForkReceipt fork, fork_run(store, words[0], how));
  std::string text = fork.id + "  forked from " + words[0] + " at " + how.from;
  List taken;
  for (const std::string& step : fork.taken) {
    text += (taken.empty() ? "; taken over: " : ", ") + step;
    taken.emplace_back(step);
  }
  FORGE_TRY(session.out.text(printable(text) + (session.dry_run() ? kDryRunNote : "") + "\n"));
  FORGE_TRY(session.out.object(Object{{"id", fork.id},
                                      {"forked_from", words[0]},
                                      {"from", how.from},
                                      {"taken", std::move(taken)},
                                      {"applied", !session.dry_run()}},
                               "id"));
  return 0;
}

Argument step_argument() {
  return {.name = "STEP", .summary = "the step's path"};
}

}  // namespace

const Command& workflow_retry_command() {
  static const Command kCommand{
      .name = "workflow retry",
      .summary = "try a step, or the undo of one, once more and at once",
      .arguments = {run_argument(), step_argument()},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow retry co-1 charge --reason 'the bank is back'", ""}},
      .notes =
          "Of a step that backs off; of the one that failed, where the run is failed; of an undo that was given up, where the run "
          "is "
          "undo_failed. Whoever carries out runs goes on with it.",
      .writes = true,
      .run = run_workflow_retry,
  };
  return kCommand;
}

const Command& workflow_waive_command() {
  static const Command kCommand{
      .name = "workflow waive",
      .summary = "let a run end without an undo that fails: somebody has seen to it",
      .arguments = {run_argument(), step_argument()},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow waive co-1 charge --reason 'refunded by hand'", ""}},
      .writes = true,
      .run = run_workflow_waive,
  };
  return kCommand;
}

const Command& workflow_fork_command() {
  static const Command kCommand{
      .name = "workflow fork",
      .summary = "start another run that takes over what a run has come to, and begins at a step",
      .arguments = {run_argument(), {.name = "NAME=VALUE", .summary = "inputs to change", .required = false, .repeated = true}},
      .flags = {{.name = "from", .type = FlagType::kText, .value = "STEP", .summary = "the step to begin at; required"},
                {.name = "id", .type = FlagType::kText, .value = "ID", .summary = "the new run's id"},
                {.name = "input", .type = FlagType::kText, .value = "JSON", .summary = "inputs to change as JSON, @FILE or -"},
                {.name = "result",
                 .type = FlagType::kText,
                 .value = "STEP=JSON",
                 .summary = "what a step that is taken over came to, instead of what it did",
                 .repeated = true},
                {.name = "role",
                 .type = FlagType::kText,
                 .value = "ROLE",
                 .summary = "the actor's role, where an approval that is taken over wants one"},
                reason_flag_of_run()},
      .examples = {{"forgectl workflow fork co-1 --from charge --id co-1b", ""},
                   {"forgectl workflow fork co-1 --from ship --result 'load={\"qty\":2}'", ""}},
      .notes =
          "Steps that were undone run again, and so does whatever waits for a step that runs. What is taken over stays the earlier "
          "run's and is not undone with the new one. An approval that wants a role stands for the new run only if whoever forks "
          "has that role; else begin at it or before it, and it is asked again. `forgectl workflow work` carries it out.",
      .writes = true,
      .run = run_workflow_fork,
  };
  return kCommand;
}

}  // namespace forge::cli
