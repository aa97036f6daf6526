// Carrying out all runs of a store: what is told meanwhile, and what is left in the end.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "arguments.h"
#include "commands.h"
#include "errors.h"
#include "forge/workflows/runner.h"
#include "run_standing.h"
#include "running.h"
#include "text.h"
#include "waiting_line.h"
#include "workflow_words.h"

namespace forge::cli {
namespace {

constexpr std::chrono::milliseconds kPause{100};

// What ended meanwhile otherwise than completed. Runs that are steps of others are the affair of these.
class EndedRuns {
 public:
  std::function<void(const std::string&)> watch() {
    return [this](const std::string& run) {
      const std::lock_guard lock(mutex_);
      ids_.push_back(run);
    };
  }

  // A line for each that is new, with what can be done about it.
  void print(Session& session, const Store& store) {
    std::vector<std::string> fresh;
    {
      const std::lock_guard lock(mutex_);
      fresh.swap(ids_);
    }
    for (const std::string& id : fresh) {
      const View view = store.view();
      const Result<RunInfo> run = run_info(view, id);
      if (!run.ok() || !run->has_ended() || run->status == "completed") continue;
      const Result<std::string> parent = parent_of_run(view, id);
      if (parent.ok() && !parent->empty()) continue;
      if (runs_.size() < kKept) runs_.push_back(*run);
      ++count_;
      if (run->status != "failed" && run->status != "undo_failed") continue;
      const std::string next = next_about(view, *run);
      std::string line = "run " + id + " is " + run->status + (run->error.empty() ? "" : ": " + run->error);
      if (!next.empty()) line += " — " + next;
      session.out.is_table() ? session.notice_at_once(printable(line)) : session.notice(printable(line));
    }
  }

  std::size_t count() const { return count_; }

  // What they are as one error.
  Status error(const View& view) const {
    if (count_ == 1) return not_completed(view, runs_[0]);
    std::string which;
    for (const RunInfo& run : runs_) which += (which.empty() ? "" : ", ") + run.id + " is " + run.status;
    if (count_ > runs_.size()) which += ", and " + grouped(count_ - runs_.size()) + " more";
    return Status(ErrorId::kRunNotCompleted, counted(count_, "run") + " ended, but not as completed")
        .why(which)
        .remedy("see them: forgectl workflow runs --status " + runs_[0].status);
  }

 private:
  static constexpr std::size_t kKept = 10;  // that are named in the end
  std::mutex mutex_;
  std::vector<std::string> ids_;  // that are not printed yet
  std::vector<RunInfo> runs_;
  std::size_t count_ = 0;
};

Result<int> print_would_work(Session& session, const Store& store) {
  FORGE_ASSIGN(const std::vector<RunInfo> open, runs(store.view(), "running"));
  FORGE_TRY(session.out.text("would carry out " + counted(open.size(), "run") + "   (dry run: nothing was written)\n"));
  FORGE_TRY(session.out.object(Object{{"running", open.size()}, {"applied", false}}, "running"));
  return 0;
}

// What is left, and what ended otherwise than it should have.
Result<int> print_left(Session& session, const Store& store, const RunnerOutlook& left, const EndedRuns& ended) {
  Object object{{"running", left.runs() - left.halted}};
  const Object stands = outlook_object(left);
  for (const auto& [name, value] : stands.members()) object.add(name, value);
  if (!session.interrupted() && ended.count() > 0) {
    if (session.out.is_table()) FORGE_TRY(session.out.text("nothing more to do now; " + open_runs_text(left) + "\n"));
    object.add("not_completed", ended.count());
    const Status error = ended.error(store.view());
    session.print(error, object);
    return exit_status_of(error);
  }
  object.add("applied", true);
  FORGE_TRY(session.out.text((session.interrupted() ? "stopped; " : "nothing more to do now; ") + open_runs_text(left) + "\n"));
  FORGE_TRY(session.out.object(object, "running"));
  return session.interrupted() ? 130 : 0;
}

Result<int> run_workflow_work(Session& session) {
  FORGE_ASSIGN(const std::uint32_t concurrency, max_concurrency(session));
  FORGE_ASSIGN(Programs programs, read_programs(session));
  FORGE_ASSIGN(Store store, session.open_for_writing());
  if (session.dry_run()) return print_would_work(session, store);
  RunnerLines lines;
  EndedRuns ended;
  WaitingLine waiting;
  RunnerOptions options = runner_options(session, lines, std::move(programs));
  if (concurrency > 0) options.max_concurrency = concurrency;
  options.ended = ended.watch();
  FORGE_ASSIGN(Runner runner, Runner::start(store, options));
  const std::unique_ptr<Server> server = session.serve(store);
  const bool until_idle = session.arguments.is_on("until-idle");
  Status idle;
  do {
    idle = runner.wait_idle(kPause);
    lines.print(session);
    ended.print(session, store);
    if (idle.ok() && until_idle) break;
    if (!idle.ok() && idle.id() != ErrorId::kDeadlinePassed) break;
    FORGE_TRY(waiting.look(session, runner, [](const RunnerOutlook& outlook) { return outlook_text(outlook); }));
    if (idle.ok()) std::this_thread::sleep_for(kPause);
  } while (!session.interrupted());
  const Result<RunnerOutlook> left = runner.outlook();
  runner.stop();
  lines.print(session);
  ended.print(session, store);
  if (!idle.ok() && idle.id() != ErrorId::kDeadlinePassed) return idle;
  if (!left.ok()) return left.status();
  return print_left(session, store, *left, ended);
}

}  // namespace

const Command& workflow_work_command() {
  static const Command kCommand{
      .name = "workflow work",
      .summary = "carry out all runs, and start those that hooks ask for, until Ctrl-C",
      .flags = {{.name = "until-idle", .summary = "stop when no run can go on by itself"},
                max_concurrency_flag(),
                sync_flag(),
                programs_flag(),
                allow_host_flag()},
      .examples = {{"forgectl workflow work", "answers other processes meanwhile"}, {"forgectl workflow work --until-idle", ""}},
      .notes =
          "Says on standard error which runs failed and what can be done about them, and, while nothing is under way, what it "
          "waits "
          "for. With --until-idle the exit status is 8 where a run ended otherwise than completed.",
      .writes = true,
      .run = run_workflow_work,
  };
  return kCommand;
}

}  // namespace forge::cli
