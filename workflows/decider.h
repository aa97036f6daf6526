#pragma once

// One decision: a fact is taken into the state of a run, and what follows is done to the end. The parts stand in files of their
// own: starting (decider.cc), kinds of steps (decider_kinds.cc), blocks (decider_blocks.cc), failing and undoing
// (decider_failure.cc), what operators ask of single steps (decider_steering.cc).

#include "run.h"
#include "run_scope.h"
#include "stored_results.h"

namespace forge::internal {

// An error of Forge as steps have it.
RunError error_of(const Status& status);

class RunDecider {
 public:
  RunDecider(const Plan& plan, const RunOptions& options, RunState& state, const Fact& fact, StoredResults* results)
      : plan_(plan), options_(options), state_(state), fact_(fact), results_(results) {}

  std::vector<Command> decide();

 private:
  // ---- Facts (decider.cc)
  void take_fact();
  void take_attempt_fact();
  void take_result(HopId hop);
  void take_timer();
  void start_run();
  void watch_run_deadline();
  void resume();
  void unwind();
  void note_trouble();

  // ---- Starting (decider.cc)
  void start_ready();
  void begin(HopId hop);
  void tell_begun(HopId hop);
  bool may_start(HopId hop);
  bool pass_guards(HopId hop);
  bool take_turn(HopId hop);
  bool take_key(HopId hop);
  std::string key_inside(HopId hop, const std::string& text) const;
  void skip(HopId hop);
  void watch_deadline(HopId hop);
  void set_timer(HopId hop, TimerKind kind, std::int64_t after_us);
  void finish(HopId hop, StepResult result, StepStatus status, std::uint32_t passed);
  void release_reads(HopId hop);
  void release_key(HopId hop);
  std::uint64_t note_undo(HopId hop, StepIndex abort);
  void forget_undo(HopId hop, std::optional<std::uint64_t>& number);

  // ---- Kinds (decider_kinds.cc)
  void start_kind(HopId hop);
  void execute(HopId hop);
  void start_sleep(HopId hop);
  void start_wait(HopId hop);
  void collect(HopId hop);
  void choose(HopId hop);
  void start_loop(HopId hop);
  // Whether an attempt that failed with that code is one that the step's `retry` is for.
  bool may_retry(HopId hop, std::uint32_t attempt, const std::string& code) const;
  Result<Value> given_to(const PlannedBody& body, const RunScope& scope) const;

  // ---- Blocks (decider_blocks.cc)
  FrameId open_frame(BlockIndex block, HopId owner, std::size_t index, std::uint32_t hops, const StepResult* item);
  void close_frame(FrameId id);
  void watch_abort(HopId hop, std::size_t stage);
  void drop_frame(FrameId id);
  void erase_frame(FrameId id);
  void continue_map(HopId hop);
  void continue_stages(HopId hop);
  void continue_recurse(HopId hop, const StepResult& result);
  void finish_map(HopId hop);
  bool too_many_bad(HopId hop) const;
  void fetch(HopId hop);
  void take_items(HopId hop);
  void fetch_failed(HopId hop);
  void stop_fetches();
  bool fetches_pages(HopId hop) const;
  void take_portion(Loop& loop, const Object& portion);
  void stop_when_too_bad(HopId hop);
  void note_bad(Loop& loop, const RunFrame& item);
  bool is_file(HopId hop) const;
  bool keeps_results(HopId hop) const { return !is_file(hop) || planned(hop).is_read; }
  // The innermost item around that frame, itself included, which may fail without its map; kNoFrame without one.
  FrameId lone_item(FrameId frame) const;
  // All of these around it, from the inside out; none where there is no such frame.
  std::vector<FrameId> lone_items(FrameId frame) const;
  bool is_failed(FrameId frame) const;

  // ---- Failing (decider_failure.cc)
  // Arms the timer after which another try is made, of attempt or page.
  void retry_later(HopId hop, std::uint32_t attempt);
  void attempt_failed(HopId hop, const RunError& error, bool asked);
  void fail_before_start(HopId hop, const Status& error);
  void expire(HopId hop);
  void compensate(HopId hop);
  void conclude_clause(HopId hop);
  void fail_step(HopId hop, const RunError& given, const Value& beside = nullptr);
  void fail_item(FrameId item, const RunError& error);
  void drain_item(FrameId item);
  void gather_undo(FrameId frame, std::vector<std::uint64_t>& undo);
  void fail_run(RunOutcome ending, const RunError& error);
  void halt(StepResult value);
  void drain();
  void undo_next();
  bool undo(std::uint64_t number);
  void take_undo_fact(bool done);
  void settle_undo(std::uint64_t number, bool done);
  void end_run(RunOutcome outcome, Value value);

  // ---- Steering (decider_steering.cc)
  bool may_reopen() const;
  void reopen(RunPhase phase);
  void retry_step();
  void waive();
  void reopen_failed();
  void begin_again(FrameId frame);
  void catch_up(const std::vector<FrameId>& frames);
  std::optional<std::uint64_t> unreversed(HopId hop) const;
  void take_over();

  // ---- Looking
  const PlannedStep& planned(HopId hop) const { return plan_.steps[hop.step]; }
  fb::Body kind_of(HopId hop) const { return planned(hop).declared->body.type; }
  // Whether a run of its own may stand for it.
  bool may_be_child(HopId hop) const {
    const fb::RunStepT* run = planned(hop).declared->body.AsRunStep();
    return kind_of(hop) == fb::Body::WorkflowStep || (run != nullptr && run->dynamic);
  }
  Slot& slot(HopId hop) { return state_.frames.at(hop.frame).slots[planned(hop).place]; }
  RunScope scope_at(HopId hop) { return RunScope(plan_, state_, hop.frame, slot(hop).hops, results_); }
  // What the fact says, as the state is to hold it.
  StepResult told() const { return results_ == nullptr ? StepResult{.value = fact_.value} : results_->held(fact_.value); }
  // What a result is; null also where it cannot be read.
  Value value_of(HopId hop, const StepResult& result) const;
  bool is_known(HopId hop) const;
  bool is_again(HopId hop);
  bool is_unwinding() const { return state_.phase == RunPhase::kFailing || state_.phase == RunPhase::kUndoing; }
  void set_busy(HopId hop, bool busy);
  Command& command(Command::Kind kind, HopId hop);

  const Plan& plan_;
  const RunOptions& options_;
  RunState& state_;
  const Fact& fact_;
  StoredResults* results_;  // null: all are held in memory
  std::vector<Command> commands_;
  bool taking_over_ = false;  // steps are done by what another run did
};

inline constexpr FrameId kNoFrame = UINT64_MAX;

}  // namespace forge::internal
