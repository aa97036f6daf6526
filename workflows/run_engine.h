#pragma once

// Carries out runs: takes the commands that follow from their journals, and writes the facts that come of them. It runs on a loop,
// one call at a time, and never waits: what takes time goes to the loop's threads, what is written comes back as a task.
//
// Each run has one transaction in flight at most. It asks that the run's record is at the version that was folded last; where
// somebody told the run something meanwhile, that is folded first, and the fact is written only where it still matters. So whatever
// two processes may do, a journal has one order, and an action is committed with the one fact that it belongs to or not at all.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "forge/events/event.h"
#include "forge/store/options.h"
#include "forge/store/store.h"
#include "forge/workflows/http.h"
#include "forge/workflows/program.h"
#include "forge/workflows/runner.h"
#include "forge/workflows/step.h"
#include "hook_scope.h"
#include "http_steps.h"
#include "lifecycle.h"
#include "run_journal.h"
#include "run_loop.h"
#include "step_work.h"

namespace forge::internal {

struct EngineOptions {
  StepFunctions functions = {};
  Programs programs = {};
  RunOptions run = {};
  std::uint32_t max_concurrency = kConcurrency;  // of the runs that hooks start
  std::int64_t stop_grace_us = 5'000'000;
  Clock* clock = nullptr;
  LogSink log = {};
  HttpOptions http = {};  // its transport makes the requests; without one, runs with http steps stand still
  MiddlewareList middleware = {};
  std::function<void(const std::string& run)> ended = {};  // is told of each end that is recorded from then on; may be empty
  std::size_t abandoned_max = 16;                          // functions that were given up on and have not returned
  Version history_max = 1'000'000;                         // events of a run's journal, after which it is cancelled
  // For tests: what carries out an attempt of the step of that workflow and declared path, or of its undo ("charge/undo") or the
  // clause that cleans up after it ("charge/compensate"), instead of its own body; null: that one. May be empty. It is given what
  // the body would be (given_to).
  std::function<const StepFunction*(const std::string& workflow, const std::string& step, std::uint32_t attempt)> replacement = {};
  // For tests: what stands for an attempt that would call a function, a program, HTTP or a file; null: nothing. May be empty.
  std::function<const StepFunction*(const std::string& step, const Work& work)> refusal = {};
};

// What others may know of it at one moment.
struct EngineSummary {
  bool idle = true;                      // no run can go on by itself
  Seq seen = 0;                          // events up to here were looked at
  Status failure;                        // the store takes no more writes: nothing goes on
  std::map<std::string, Status> parked;  // runs that stand still, and why
  std::vector<HttpHost> hosts;           // that were called
};

class RunEngine {
 public:
  // Both are called on the loop: `changed` when something that the summary tells may have changed, `rested` when that run may not
  // be running any more, or stands still; behind `changed`. Everything borrowed outlives the engine, which outlives every task and
  // body that it gave to the loop.
  RunEngine(Store& store, RunLoop& loop, EngineOptions options, std::function<void()> changed,
            std::function<void(const std::string& run)> rested = {});

  // Begins to read what the store holds and to go on with it; the rest follows on the loop. Errors: as reading.
  Status recover();
  // Looks at the events that have come, as far as one turn goes: where there are more, it posts itself for another.
  void read_events();
  // Timers that are due.
  void tick();
  // Begins nothing more, and asks what is under way to stop.
  void stop();
  // Waits until no request is under way; after stop(), from another thread than the loop's.
  void wait_for_requests() const;
  EngineSummary summary() const;
  // Looks at every run that has not ended.
  RunnerOutlook outlook() const;
  // What the results of its runs take in memory, about.
  std::size_t result_bytes() const;

 private:
  // An attempt that a thread of the loop is busy with.
  struct Attempt {
    std::stop_source stop;
    HopId hop;
    std::uint32_t number = 0;
    bool abandoned = false;
    bool is_program = false;
    bool transforms = false;        // it makes the step's arguments
    bool late = false;              // its timeout has passed, and what it began is being ended
    bool counts = false;            // among those that hold a thread and are given up on
    std::atomic<bool> runs{false};  // in a thread
  };

  // A fact that is to be written, with the actions that belong to it.
  struct Entry {
    Fact fact;
    std::vector<ActionRequest> actions;
    std::optional<AppendCondition> condition;
    std::shared_ptr<TransactionRest> rest;  // says how the fact ends; null: it is known
    std::optional<std::size_t> result;      // the action whose event is the fact's value
    Object details;                         // of the pulse
    std::optional<Seq> causation;
    Time due = {};              // of a timer's fact: when that timer was due
    bool told = false;          // the run is told it, as people tell it something
    bool answers_work = false;  // and is pointless once that is not open any more
    bool ends_at_once = false;  // the end of the run is recorded with it, where it ends the run
    bool ends_apart = false;    // that was refused
    std::chrono::microseconds timeout{0};
  };

  struct LiveRun {
    ReadRun run;
    std::deque<Entry> entries;
    std::map<HopId, std::shared_ptr<Attempt>> attempts;
    std::set<std::string> signals;                              // that it has waited for
    std::set<std::pair<std::string, std::string>> event_waits;  // patterns and keys that it has waited for
    std::set<std::string> children;                             // runs that steps of it stand for, and that have not ended
    std::optional<Fact::Kind> told;                             // what its parent told it last
    Seq answered = 0;                                           // how far its parent knows of it
    bool committing = false;
    bool is_too_long = false;  // its journal, and it is told so
    bool busy = false;
    bool beginning = false;  // what is open in it is being carried out: nothing is written before all of it is known
    Version newest = 0;      // of its record, as far as events told
    std::optional<Status> parked;
    std::string parked_noted;  // why it stands still, as its record says
    std::string parked_told;   // the same, as the log was told last
  };

  enum class Due : std::uint8_t { kFact, kAttemptTimeout, kGrace, kCommitAgain, kStartAgain, kWorkAgain, kRequests, kSchedule };
  struct Timer {
    Due kind = Due::kFact;
    std::string run;  // of kSchedule: the workflow
    HopId hop;
    TimerKind timer = TimerKind::kSleep;
    std::uint32_t attempt = 0;
  };

  // A version of a workflow, and since when it is in force. It may have none; null: it cannot be read, nor can its runs.
  struct Hook {
    DefinitionPin pin;
    std::shared_ptr<const WorkflowDefinition> definition;
    Seq since = 0;

    bool has_one() const { return definition != nullptr && definition->plan().declared->on != nullptr; }
  };

  // A run that the store does not take.
  struct RefusedRun {
    Status why;
    bool given_up = false;  // nor that which says so
  };

  struct Scheduled {
    DefinitionPin pin;
    std::shared_ptr<const WorkflowDefinition> definition;
    Actor actor = {};  // who declared it, and in whose name its runs are
    Time seen;         // what was due up to here has its runs
    bool starting = false;
  };

  // ---- Runs (run_engine.cc)
  Status recover_some();
  Status end_recovery();
  Status take_up(const View& view, const std::string& id, bool may_be_new);
  void adopt(ReadRun run);
  void begin(LiveRun& live);
  void read_on(LiveRun& live);
  void take_commands(LiveRun& live, const std::vector<Command>& commands);
  void settle(const std::string& id);
  void tell_rest(const std::string& id) const;
  void take_event(const Event& event);
  void take_run_event(const Event& event);
  void pass_over(const std::string& id, const TransactionReceipt& written);
  void forget_unread(const std::string& id);
  bool is_over(const std::string& id) const;
  void add_timer(Time due, Timer timer);
  void fire(const Timer& timer);
  void abandon(Attempt& attempt);
  LiveRun* find(const std::string& id);

  // ---- Standing still (engine_parking.cc)
  Status without_secrets(const LiveRun& live, const Status& why);
  void park(LiveRun& live, const Status& why);
  void unpark(ErrorId why);
  void go_on(const std::string& id);
  void stand_still(LiveRun& live, const Work& work, const Status& why);
  Status check_declared(const LiveRun& live, const Work& work) const;
  void note_parking(LiveRun& live, const std::string& why);
  void take_note_of_parking(LiveRun& live, Version version, Seq seq);
  void take_parking(const std::string& id, const std::string& why, const Result<TransactionReceipt>& noted);

  // ---- Looking ahead (engine_outlook.cc)
  bool is_at_work(const LiveRun& live) const;
  bool is_busy(const LiveRun& live) const;
  void count(const LiveRun& live, RunnerOutlook& outlook) const;
  std::optional<RunnerOutlook::Next> next_timer() const;

  // ---- Middleware (engine_middleware.cc)
  RunFold::Visitor teller(const LiveRun& live) const;
  void tell(const JournalHead& head, const Fact& fact, const std::string& path, const std::vector<Command>& commands, Seq seq,
            const Object& details) const;
  void tell_start(const LiveRun& live, const Work& work) const;
  void replace(const LiveRun& live, const Work& work, WorkOutcome& outcome) const;
  LifecycleEvent start_event(const LiveRun& live, const Work& work, const std::string& path) const;

  // ---- Writing (engine_commit.cc)
  void add(LiveRun& live, Entry entry);
  static bool is_to_be_stopped(const LiveRun& live, const Entry& entry);
  static Entry stopped(const Entry& entry);
  void commit_next(LiveRun& live);
  void write(LiveRun& live, std::optional<Entry> entry);
  void take_commit(const std::string& id, std::optional<Entry> entry, std::size_t records, Result<TransactionReceipt> committed);
  void take_refusal(LiveRun& live, std::optional<Entry> entry, const Status& refusal);
  bool is_pointless(const LiveRun& live, const Entry& entry) const;
  void bound_history(LiveRun& live);
  void fail(const Status& why);

  // ---- Steps (engine_work.cc)
  void start_work(LiveRun& live, const OpenCommand& open);
  void carry_out(LiveRun& live, const Work& work);
  void start_attempt(LiveRun& live, const Work& work);
  void stand_in(LiveRun& live, const Work& work, const StepFunction& function);
  void stand_in_for_source(LiveRun& live, const Work& work, const StepFunction& function);
  using Body = std::function<StepOutcome(const Work& work, StepContext& context)>;
  Result<Body> body_of(const LiveRun& live, const Work& work) const;
  Result<Body> function_named(const LiveRun& live, const Work& work, const std::string& name) const;
  void call(LiveRun& live, const Work& work, const std::shared_ptr<Attempt>& attempt, Body body);
  void take_outcome(const std::string& id, const std::shared_ptr<Attempt>& attempt, const Work& work, WorkOutcome outcome,
                    std::int64_t duration_ns);
  void stop_hop(LiveRun& live, const HopId& hop);
  static bool fetches_files(const Work& work);
  void fetch(LiveRun& live, const Work& work, const std::shared_ptr<Attempt>& attempt);  // engine_fetch.cc
  void answer(LiveRun& live, const Work& work, WorkOutcome outcome, Object details = {});

  // ---- Steps that are workflows (engine_children.cc)
  void start_child(LiveRun& live, const Work& work);
  void refuse_child(LiveRun& live, const Work& work, const std::string& id);
  void answer_for_unread(LiveRun& live, const Work& work, const std::string& id, const Status& unread);
  void commit_child(LiveRun& live, const Work& work);
  bool has_child(const LiveRun& live, const Work& work) const;
  void start_further(LiveRun& live, const Work& work, const WorkOutcome& outcome);
  void commit_further(LiveRun& live, const Work& work, const WorkOutcome& outcome, Object input);
  void take_further(const std::string& parent, const Work& work, const WorkOutcome& outcome, const Status& started);
  ActionRequest child_request(const LiveRun& live, const Work& work, const DefinitionPin& pin, Object input,
                              std::uint32_t hops) const;
  ActOptions child_options(const LiveRun& live, const Work& work, std::uint32_t hops) const;
  void take_child_start(const std::string& parent, const HopId& hop, const Status& started);
  std::string attend(LiveRun& child);
  std::string attend_orphan(LiveRun& child);
  std::string tell_child(LiveRun& child, Fact::Kind kind);
  std::string tell_parent(LiveRun& parent, const OpenCommand& open, LiveRun& child);
  bool waits_for_child(const LiveRun& live, const OpenCommand& open) const;

  // ---- Waits for events (engine_waits.cc)
  void await_event(LiveRun& live, const OpenCommand& open, const fb::WaitStepT& wait, const Value& given);
  bool take_awaited(const std::string& id, const HopId& hop, const std::string& key, const Event& event);
  void take_waited_event(const Event& event);
  void forget_event_wait(const std::string& pattern, const std::string& key, const std::pair<std::string, HopId>& wait);
  void forget_event_waits(const LiveRun& live);

  // ---- HTTP (engine_http.cc)
  void start_call(LiveRun& live, const Work& work, const std::shared_ptr<Attempt>& attempt);
  void take_call(const std::string& id, const Work& work, const std::shared_ptr<Attempt>& attempt, Result<HttpCall> call);
  void bound_empty_pages(const std::string& id, const Work& work, WorkOutcome& outcome);

  // ---- Hooks and signals (engine_hooks.cc)
  Status read_hooks(const View& view);
  Status read_hook_versions(const View& view, const std::string& workflow, const DeclaredWorkflow& newest);
  static const Hook* hook_for(const std::vector<Hook>& versions, Seq event);
  void forget_hook_versions(const std::string& workflow, Seq before);
  void take_workflow_event(const Event& event);
  void await(LiveRun& live, const OpenCommand& open);
  void take_signal_event(const Event& event);
  void deliver(LiveRun& live, const HopId& hop, const Event& signal);
  void take_hook_event(const Event& event);
  void start_hooked();
  std::optional<HookedRun> run_for(const std::string& workflow, const Hook& hook, const Event& event, const View& view) const;
  void take_hooked(const Status& started, const std::vector<std::string>& workflows);
  void pass_over_hooked();
  void note_hooks_seen();

  // ---- Schedules (engine_schedules.cc)
  Status read_schedule(const View& view, const std::string& name, const DeclaredWorkflow& declared);
  void await_due(const std::string& name);
  void start_due(const std::string& name);
  Result<ActionRequest> scheduled_request(const Scheduled& scheduled, Time due) const;
  static ActionRequest unstarted_request(const Scheduled& scheduled, Time due, const Status& why);
  void take_scheduled(const std::string& name, Time due, const Status& started);

  Store& store_;
  RunLoop& loop_;
  const EngineOptions options_;
  const std::function<void()> changed_;
  const std::function<void(const std::string&)> rested_;
  const MiddlewareChain middleware_;
  std::unique_ptr<HttpSteps> http_;  // null without a transport
  DefinitionCache definitions_;
  std::map<std::string, LiveRun> runs_;
  std::multimap<Time, Timer> timers_;
  std::map<std::string, std::set<std::pair<std::string, HopId>>> waiting_;  // by signal: run and hop
  // By pattern and key, which is empty where any will do: run and hop.
  std::map<std::string, std::map<std::string, std::set<std::pair<std::string, HopId>>>> event_waits_;
  std::map<std::string, std::vector<Hook>> hooks_;  // by workflow: its versions, as far as an event may still be for one, ascending
  std::deque<Event> hooked_;                        // events whose runs are to be started, in order
  std::map<std::string, RefusedRun> refused_;       // that the oldest of them starts, by workflow
  bool hooked_apart_ = false;                       // its runs are written one by one: together they were refused
  std::map<std::string, Scheduled> schedules_;      // by workflow
  std::size_t schedules_starting_ = 0;              // whose runs are being written
  bool starting_ = false;
  Seq hooks_seen_ = 0;   // no run is to be started for events up to here
  Seq hooks_noted_ = 0;  // the same, as the store has it
  // Where taking up the runs of before stands: those of that status, behind that id.
  struct RecoveringFrom {
    std::string status;
    std::string after;
  };
  std::optional<RecoveringFrom> recovering_;
  Seq recovered_ = 0;     // runs that were started after this event come as events
  Seq recovered_to_ = 0;  // and as of this one the last of the others were looked for
  Seq seen_ = 0;          // the last event that was looked at
  std::size_t busy_ = 0;
  std::size_t abandoned_ = 0;
  std::map<std::string, Status> parked_;
  bool stopped_ = false;
  Status failure_;
};

}  // namespace forge::internal
