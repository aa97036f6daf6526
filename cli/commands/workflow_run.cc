// Runs are carried out by the process that holds the store. A command beside it starts the run there, and waits for its events.

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "arguments.h"
#include "commands.h"
#include "errors.h"
#include "forge/workflows/runner.h"
#include "live_run.h"
#include "run_standing.h"
#include "running.h"
#include "text.h"
#include "waiting_line.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kTellAfter{2};

Status stopped(const std::string& id) {
  return Status(ErrorId::kCancelled, "stopped")
      .state("run '" + id + "' goes on once a worker carries it out")
      .remedy("forgectl workflow work");
}

// The run is there, whatever hinders the look at it: who tries again without its id starts another one.
Status out_of_sight(const Status& error, const std::string& id) {
  if (error.id() == ErrorId::kCancelled) return error;
  return Status(error)
      .state("run '" + id + "' was started, and goes on once a worker carries it out")
      .remedy("start no other one: forgectl workflow work, or look at it: forgectl workflow trace " + id);
}

// That the run stands still, or one below it, is the error by which the command ends.
bool tells_standing(const std::string& line, const std::string& run) {
  const std::string begin = "run " + run;
  if (!line.starts_with(begin)) return false;
  const std::string rest = line.substr(begin.size());
  return rest.starts_with(" stands still: ") || (rest.starts_with("/") && rest.find(" stands still: ") != std::string::npos);
}

// Errors: kCancelled where the user asked to stop; as Runner::wait.
Result<RunInfo> wait_here(Session& session, const Store& store, Runner& runner, RunnerLines& lines, const std::string& id) {
  LiveRun live(id);
  WaitingLine waiting;
  for (;;) {
    Result<RunInfo> run = runner.wait(id, kLook);
    lines.print(session, [&id](const std::string& line) { return tells_standing(line, id); });
    live.print(session, store.view());
    if (run.ok() || run.status().id() != ErrorId::kDeadlinePassed) return run;
    if (session.interrupted()) return stopped(id);
    FORGE_TRY(waiting.look(session, runner, [&](const RunnerOutlook&) { return open_text(store.view(), id); }));
  }
}

// What the holder does with the run is seen by its events. The store is a still picture: it is opened anew for each look.
Result<RunInfo> wait_elsewhere(Session& session, Store& store, const std::string& id) {
  std::mutex mutex;
  std::condition_variable changed;
  bool came = true;
  const auto come = [&](const Event&) {
    const std::lock_guard lock(mutex);
    came = true;
    changed.notify_all();
  };
  FORGE_ASSIGN(
      const Subscription events,
      store.subscribe({.from = Seq{1}, .filter = {.resource = "_run", .key = id, .types = {"_run.ended", "_run.halted"}}}, come));
  const auto begun = std::chrono::steady_clock::now();
  for (bool is_told = false;;) {
    if (!is_told && session.out.is_table() && std::chrono::steady_clock::now() - begun >= kTellAfter) {
      is_told = true;
      session.notice_at_once("waiting: the process that holds the store carries the run out, where it is a worker");
    }
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, kLook, [&] { return came; });
      if (session.interrupted()) return stopped(id);
      if (!came) {
        FORGE_TRY(events.status());
        continue;
      }
      came = false;
    }
    FORGE_ASSIGN(const Store now, session.open_again());
    Result<RunInfo> run = run_info(now.view(), id);
    if (!run.ok() || run->status != "running") return run;
  }
}

// One that did not complete is an error, with the run beside it.
Result<int> print_end(Session& session, const View& view, const RunInfo& run) {
  if (run.status == "completed") {
    std::string line = run.id + "  " + standing_of(run);
    if (!run.result.empty()) line += "  " + printable(run.result);
    FORGE_TRY(session.out.text(line + "\n"));
    FORGE_TRY(session.out.object(run_object(run), "id"));
    return 0;
  }
  const Status end = not_completed(view, run);
  session.print(end, Object{{"run", run_object(run)}});
  return exit_status_of(end);
}

Result<int> print_started(Session& session, const std::string& id) {
  FORGE_TRY(session.out.text(id + (session.dry_run() ? "  would be started   (dry run: nothing was written)\n" : "  started\n")));
  FORGE_TRY(session.out.object(Object{{"id", id}, {"status", "running"}, {"applied", !session.dry_run()}}, "id"));
  return 0;
}

// The run that the workflow's hook starts for an event takes nothing from whoever asks for it.
Status check_event_flag(const Session& session) {
  if (!session.arguments.given("event")) return {};
  const bool gives = session.arguments.words().size() > 1 || session.arguments.given("input") || session.arguments.given("token") ||
                     session.arguments.given("id");
  if (!gives && !is_workflow_file(session.arguments.words()[0])) return {};
  return Status(ErrorId::kUsage, "--event gives the run's id and all inputs, by the hook of a declared workflow")
      .state("no run was started")
      .remedy(gives ? "leave the others out" : "declare it first: forgectl workflow add FILE");
}

// A file that is run is declared, too: what starts runs of it by itself may be another thing from then on.
void tell_what_is_in_force(Session& session, const WorkflowDefinition& now, const WorkflowDefinition* before) {
  if (before != nullptr && before->hash() == now.hash()) return;
  const std::string was = before == nullptr ? "" : before->stimulus();
  if (now.stimulus().empty() && was.empty()) return;
  const std::string declared =
      "note: workflow '" + now.name() + "' is declared as this file says" + (session.dry_run() ? " then" : "");
  session.notice(declared + (now.stimulus().empty() ? "; nothing starts it by itself any more (before: " + was + ")"
                                                    : "; what starts it from now on: " + now.stimulus()));
}

Result<int> run_workflow_run(Session& session) {
  const std::vector<std::string>& words = session.arguments.words();
  FORGE_ASSIGN(const std::uint32_t concurrency, max_concurrency(session));
  FORGE_TRY(check_event_flag(session));
  const std::optional<std::uint64_t> event = session.arguments.if_count("event");
  const bool is_file = is_workflow_file(words[0]);
  FORGE_ASSIGN(Programs programs, read_programs(session));
  FORGE_ASSIGN(Store store, session.open_for_writing());
  std::vector<Status> errors;
  FORGE_ASSIGN(const WorkflowSurroundings around, surroundings(store.view()));
  const auto definition = is_file ? read_workflow_file(session, words[0], errors, around) : declared_workflow(store, words[0]);
  if (!errors.empty()) return refuse_workflow(session, errors, "no run was started");
  if (!definition.ok()) return Status(definition.status()).state("no run was started");
  FORGE_TRY(check_allowed_hosts(session.arguments.texts("allow-host")));
  const std::span<const std::string> inputs = std::span(words).subspan(1);
  RunStart start{.id = session.arguments.text("id"), .max_concurrency = concurrency, .options = session.act_options()};
  FORGE_ASSIGN(const std::optional<Token> token, read_start_token(session, inputs));
  if (token) {
    start.input = *token->values.if_object();
    start.hops = token->hops_left;
    if (start.options.correlation.empty()) start.options.correlation = token->correlation;
  } else if (!event) {
    FORGE_ASSIGN(start.input, read_run_input(session, **definition, inputs));
  }
  const bool elsewhere = store.is_attached();
  const std::unique_ptr<Server> server = session.serve(store);
  const auto before = is_file ? workflow(store.view(), (*definition)->name()) : definition;
  const Result<std::string> started = event     ? start_run_for(store, words[0], *event, start)
                                      : is_file ? start_run(store, **definition, start)
                                                : start_run(store, words[0], start);
  if (is_file && started.status().id() == ErrorId::kRunInput) {
    return Status(started.status()).remedy("see what it takes: forgectl workflow show " + words[0]);
  }
  if (!started.ok()) return started.status();
  const std::string& id = *started;
  if (is_file) tell_what_is_in_force(session, **definition, before.ok() ? before->get() : nullptr);
  if (session.dry_run() || session.arguments.is_on("detach")) return print_started(session, id);
  if (elsewhere) {
    const Result<RunInfo> run = wait_elsewhere(session, store, id);
    if (!run.ok()) return out_of_sight(run.status(), id);
    const Result<Store> now = session.open_again();
    if (!now.ok()) return out_of_sight(now.status(), id);
    return print_end(session, now->view(), *run);
  }
  RunnerLines lines;
  FORGE_ASSIGN(Runner runner, Runner::start(store, runner_options(session, lines, std::move(programs))));
  const Result<RunInfo> run = wait_here(session, store, runner, lines, id);
  runner.stop();
  if (!run.ok()) return run.status();
  return print_end(session, store.view(), *run);
}

}  // namespace

const Command& workflow_run_command() {
  static const Command kCommand{
      .name = "workflow run",
      .summary = "start a run and carry it out until it has ended",
      .arguments =
          {{.name = "WORKFLOW", .summary = "the name of a declared workflow, or a file that declares it", .offer = Offer::kFile},
           {.name = "NAME=VALUE", .summary = "inputs, typed as the workflow declares them", .required = false, .repeated = true}},
      .flags =
          {{.name = "id", .type = FlagType::kText, .value = "ID", .summary = "the run's id; the same one again gives the same run"},
           {.name = "input", .type = FlagType::kText, .value = "JSON", .summary = "inputs as JSON, @FILE or -"},
           {.name = "token",
            .type = FlagType::kText,
            .value = "FILE",
            .summary = "a token as JSON: its values are the inputs, and the run goes on with its correlation and hops",
            .offer = Offer::kFile},
           {.name = "event",
            .type = FlagType::kCount,
            .value = "SEQ",
            .summary = "the run that the workflow's hook starts for that event, where it could not begin"},
           {.name = "detach", .summary = "only start it; `forgectl workflow work` carries it out"},
           max_concurrency_flag(),
           sync_flag(),
           programs_flag(),
           allow_host_flag(),
           reason_flag_of_run()},
      .examples = {{"forgectl workflow run checkout.toml order=o-1 --id co-1", ""},
                   {"forgectl workflow run checkout --input @order.json --detach", ""}},
      .notes =
          "A run that ends otherwise than completed, or halts, is an error with exit status 8. Where another process holds the "
          "store, that one carries out the run.",
      .writes = true,
      .run = run_workflow_run,
  };
  return kCommand;
}

}  // namespace forge::cli
