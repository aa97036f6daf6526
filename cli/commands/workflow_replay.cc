// Deciding a run again from what its journal has.

#include <string>
#include <vector>

#include "commands.h"
#include "forge/workflows/replay.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

// "checkout version 2 (3fa9c4…)", or "a definition that is not declared (3fa9c4…)".
std::string words_of_definition(const View& view, const ReplayReport& report) {
  const std::string hash = " (" + report.replayed_hash.substr(0, 12) + ")";
  const auto declared = workflows(view);
  if (declared.ok()) {
    for (const WorkflowInfo& one : *declared) {
      if (one.hash == report.replayed_hash) return one.name + " version " + std::to_string(one.declared) + hash;
    }
  }
  return "a definition that is not declared" + hash;
}

std::vector<std::string> lines_of(const View& view, const ReplayReport& report) {
  const std::string about = counted(report.facts, "fact") + " of " + counted(report.steps, "step");
  std::string by = "  " + report.workflow + " version " + std::to_string(report.declared) + " (" + report.hash.substr(0, 12) + ")";
  if (report.replayed_hash != report.hash) by += ", replayed by " + words_of_definition(view, report);
  if (report.is_identical()) return {report.run + "  identical  " + about, by};
  const ReplayDifference& found = *report.difference;
  const std::string step = found.step.empty() ? "" : ", step '" + found.step + "'";
  return {report.run + "  differs  at event " + std::to_string(found.seq) + step, "  recorded  " + found.recorded,
          "  replayed  " + found.replayed, by};
}

Object replay_object(const ReplayReport& report) {
  Value difference;
  if (report.difference) {
    const ReplayDifference& found = *report.difference;
    difference = Object{{"seq", found.seq},
                        {"step", found.step.empty() ? Value() : Value(found.step)},
                        {"recorded", found.recorded},
                        {"replayed", found.replayed}};
  }
  return Object{{"id", report.run},      {"identical", report.is_identical()},    {"facts", report.facts},
                {"steps", report.steps}, {"workflow", report.workflow},           {"declared", report.declared},
                {"hash", report.hash},   {"replayed_hash", report.replayed_hash}, {"difference", std::move(difference)}};
}

Result<int> run_workflow_replay(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  ReplayOptions options{.from = session.arguments.text("from")};
  if (const auto file = session.arguments.if_text("definition")) {
    std::vector<Status> errors;
    auto definition = read_workflow_file(session, *file, errors);
    if (!errors.empty()) return session.refuse(errors);
    if (!definition.ok()) return definition.status();
    options.definition = *std::move(definition);
  }
  const View view = store.view();
  FORGE_ASSIGN(const ReplayReport report, replay_run(view, session.arguments.words()[0], options));
  std::string text;
  for (const std::string& line : lines_of(view, report)) text += printable(line) + "\n";
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(replay_object(report), "id"));
  return report.is_identical() ? 0 : 1;
}

}  // namespace

const Command& workflow_replay_command() {
  static const Command kCommand{
      .name = "workflow replay",
      .summary = "decide a run again from its journal, and tell the first difference",
      .arguments = {run_argument()},
      .flags = {{.name = "from",
                 .type = FlagType::kText,
                 .value = "STEP",
                 .summary = "compare from this step's first pulse on; what was before is taken as it stands"},
                {.name = "definition",
                 .type = FlagType::kText,
                 .value = "FILE",
                 .summary = "decide by this workflow file instead of the run's own definition",
                 .offer = Offer::kFile}},
      .examples = {{"forgectl workflow replay co-1", ""},
                   {"forgectl workflow replay co-1 --definition checkout.toml",
                    "would the changed workflow have decided the same?"}},
      .notes = "Nothing outside is called and nothing is written. The exit status is 1 where something differs.",
      .run = run_workflow_replay,
  };
  return kCommand;
}

}  // namespace forge::cli
