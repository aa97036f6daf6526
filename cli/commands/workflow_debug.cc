#include "commands.h"
#include "forge/events/json.h"
#include "forge/workflows/hop.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

std::string hop_text(const std::string& run, const HopDetail& hop) {
  const auto line = [](const std::string& text) { return printable(text) + "\n"; };
  const auto shown = [](const Value& value) { return value.is_null() ? std::string("nothing") : printable_json(to_json(value)); };
  std::string text = line(run + "  " + hop.step + "  " + hop.body + "  " + hop.what +
                          (hop.attempt > 1 ? "  attempt " + std::to_string(hop.attempt) : ""));
  if (!hop.code.empty()) text += line("  error  " + hop.code + ": " + hop.message);
  text += "  in     " + shown(hop.token_in) + "\n  out    " + shown(hop.token_out) + "\n";
  for (const ValueDifference& one : hop.differences) {
    text += "         " + printable(one.path) + ": " + shown(one.one) + " → " + shown(one.other) + "\n";
  }
  text += "  hops   " + std::to_string(hop.hops_in) + " received, " + std::to_string(hop.hops_out) + " passed on\n";
  text += "  store  --as-of " + std::to_string(hop.saw.value_or(hop.since)) + " before it, --as-of " + std::to_string(hop.seq) +
          " after it\n";
  return text;
}

Object hop_object(const std::string& run, const HopDetail& hop) {
  const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
  List differences;
  for (const ValueDifference& one : hop.differences) {
    differences.emplace_back(Object{{"path", one.path}, {"in", one.one}, {"out", one.other}});
  }
  return Object{{"id", run},
                {"step", hop.step},
                {"body", hop.body},
                {"what", hop.what},
                {"seq", hop.seq},
                {"since", hop.since},
                {"saw", hop.saw ? Value(*hop.saw) : Value()},
                {"attempt", hop.attempt},
                {"hops_in", hop.hops_in},
                {"hops_out", hop.hops_out},
                {"token_in", hop.token_in},
                {"token_out", hop.token_out},
                {"differences", std::move(differences)},
                {"code", text(hop.code)},
                {"message", text(hop.message)}};
}

Result<int> run_workflow_debug(Session& session) {
  const std::string& run = session.arguments.words()[0];
  const std::string at = session.arguments.text("at");
  if (at.empty()) {
    return Status(ErrorId::kUsage, "--at is missing")
        .remedy("name a step, or a pulse by its event: forgectl workflow trace " + run);
  }
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const HopDetail hop, hop_detail(store.view(), run, at));
  FORGE_TRY(session.out.text(hop_text(run, hop)));
  FORGE_TRY(session.out.object(hop_object(run, hop), "id"));
  return 0;
}

}  // namespace

const Command& workflow_debug_command() {
  static const Command kCommand{
      .name = "workflow debug",
      .summary = "what a step of a run was given, what came of it, and the store that it saw",
      .arguments = {run_argument()},
      .flags =
          {{.name = "at", .type = FlagType::kText, .value = "HOP", .summary = "a step's path, or the event of a pulse; required"}},
      .examples = {{"forgectl workflow debug co-1 --at reserve", "its last pulse"},
                   {"forgectl workflow debug co-1 --at 21", "the pulse of that event"}},
      .notes = "To try it with another token: forgectl workflow fork RUN --from STEP, with inputs and results changed.",
      .run = run_workflow_debug,
  };
  return kCommand;
}

}  // namespace forge::cli
