// What people tell runs. Each is an event of the run; whoever carries it out takes it up.

#include "arguments.h"
#include "commands.h"
#include "forge/events/json.h"
#include "forge/workflows/runs.h"
#include "text.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

Status print_receipt(Session& session, const std::string& name, const std::string& what, const std::string& when = {}) {
  const char* note = session.dry_run() ? "   (dry run: nothing was written)" : "";
  FORGE_TRY(session.out.text(printable(name) + "  " + what + when + note + "\n"));
  return session.out.object(Object{{"id", name}, {"told", what}, {"applied", !session.dry_run()}}, "id");
}

// What was told stands in the log. Whether somebody is there who carries it out is not known here.
Result<int> tell(Session& session, RunTelling telling, const char* what) {
  const std::string& id = session.arguments.words()[0];
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_TRY(tell_run(store, id, telling, session.act_options()));
  FORGE_TRY(print_receipt(session, id, what, " as soon as a worker takes it up"));
  return 0;
}

Result<int> run_workflow_cancel(Session& session) {
  return tell(session, RunTelling::kCancel, "is to be cancelled");
}
Result<int> run_workflow_terminate(Session& session) {
  return tell(session, RunTelling::kTerminate, "is to terminate");
}
Result<int> run_workflow_pause(Session& session) {
  return tell(session, RunTelling::kPause, "is to halt");
}
Result<int> run_workflow_resume(Session& session) {
  return tell(session, RunTelling::kResume, "is to go on");
}

Result<int> run_workflow_approve(Session& session) {
  const std::vector<std::string>& words = session.arguments.words();
  FORGE_ASSIGN(Store store, session.open_for_writing());
  const bool approved = !session.arguments.is_on("reject");
  FORGE_TRY(approve_step(store, words[0], words[1], approved, session.act_options()));
  FORGE_TRY(print_receipt(session, words[0], words[1] + (approved ? " approved" : " rejected")));
  return 0;
}

Result<int> run_workflow_signal(Session& session) {
  const std::string& name = session.arguments.words()[0];
  Value value;
  if (const auto text = session.arguments.if_text("value")) {
    Result<Value> parsed = parse_json(*text, "--value");
    if (!parsed.ok()) return Status(parsed.status()).state("nothing was written");
    value = *std::move(parsed);
  }
  FORGE_ASSIGN(Store store, session.open_for_writing());
  SignalOptions how{.refuse = session.arguments.is_on("refuse"), .options = session.act_options()};
  if (session.arguments.given("keep"))
    how.keep_until = Time{session.streams.clock->now().micros + session.arguments.duration("keep").count()};
  FORGE_TRY(send_signal(store, name, session.arguments.text("key"), value, how));
  FORGE_TRY(print_receipt(session, name, "signalled"));
  return 0;
}

}  // namespace

const Command& workflow_cancel_command() {
  static const Command kCommand{
      .name = "workflow cancel",
      .summary = "end a run and undo what it did",
      .arguments = {run_argument()},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow cancel co-1 --reason 'the customer asked'", ""}},
      .writes = true,
      .run = run_workflow_cancel,
  };
  return kCommand;
}

const Command& workflow_terminate_command() {
  static const Command kCommand{
      .name = "workflow terminate",
      .summary = "end a run at once and undo nothing",
      .arguments = {run_argument()},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow terminate co-1", ""}},
      .writes = true,
      .run = run_workflow_terminate,
  };
  return kCommand;
}

const Command& workflow_pause_command() {
  static const Command kCommand{
      .name = "workflow pause",
      .summary = "let a run halt once what is in flight is done",
      .arguments = {run_argument()},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow pause co-1", ""}},
      .writes = true,
      .run = run_workflow_pause,
  };
  return kCommand;
}

const Command& workflow_resume_command() {
  static const Command kCommand{
      .name = "workflow resume",
      .summary = "let a run go on that was paused or has halted",
      .arguments = {run_argument()},
      .flags = {reason_flag_of_run()},
      .examples = {{"forgectl workflow resume co-1", ""}},
      .writes = true,
      .run = run_workflow_resume,
  };
  return kCommand;
}

const Command& workflow_approve_command() {
  static const Command kCommand{
      .name = "workflow approve",
      .summary = "answer a step that asks for an approval",
      .arguments = {run_argument(), {.name = "STEP", .summary = "the step's path"}},
      .flags = {{.name = "reject", .summary = "say no"},
                {.name = "role", .type = FlagType::kText, .value = "ROLE", .summary = "the actor's role, where the step wants one"},
                reason_flag_of_run()},
      .examples = {{"forgectl workflow approve co-1 ask --actor ada --reason 'looks right'", ""}},
      .notes = "The step's result is {approved, by, reason}; by is the --actor, which an answer must have.",
      .writes = true,
      .run = run_workflow_approve,
  };
  return kCommand;
}

const Command& workflow_signal_command() {
  static const Command kCommand{
      .name = "workflow signal",
      .summary = "send a signal to the runs that wait for it, to hooks, and to consumers",
      .arguments = {{.name = "NAME", .summary = "the signal's name"}},
      .flags = {{.name = "key", .type = FlagType::kText, .value = "KEY", .summary = "only waits with this key"},
                {.name = "value", .type = FlagType::kText, .value = "JSON", .summary = "what they get"},
                {.name = "keep",
                 .type = FlagType::kDuration,
                 .value = "TIME",
                 .summary = "waits that begin within this time get it, too"},
                {.name = "refuse", .summary = "fail where nobody receives it; not with --keep"},
                reason_flag_of_run()},
      .examples = {{"forgectl workflow signal paid --key o-1 --value '{\"card\":\"visa\"}'", ""},
                   {"forgectl workflow signal paid --key o-1 --refuse", "an error where nobody waits for it"}},
      .notes =
          "Receivers are runs that wait for it, workflows that it starts, and consumers that a program has registered. Without "
          "--keep and --refuse, a signal that nobody receives is recorded, and that is all.",
      .writes = true,
      .run = run_workflow_signal,
  };
  return kCommand;
}

}  // namespace forge::cli
