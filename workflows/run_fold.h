#pragma once

// A run, folded from its journal: where it stands, what is to be carried out, and what is still to be recorded. The journal is
// the events of the run's `_run` record. Events with a fact go through decide(); those that record a decision (a note, the
// tombstone, a halt, the end) only take it off the list of what is still to be recorded. So a run read back from the log has
// exactly the work that was open when its process ended. Events that say whether somebody carries it out change nothing. For one
// thread.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "forge/events/event.h"
#include "forge/store/transaction.h"
#include "forge/store/view.h"
#include "forge/workflows/definition.h"
#include "item_files.h"
#include "run.h"
#include "stored_results.h"

namespace forge::internal {

// A command that has not been answered, and the event whose fact it follows from.
struct OpenCommand {
  Command command;
  Seq since = 0;
};

// The step whose body a command carries out: the hop's own, or what cleans up after it or reverses it.
const fb::StepT& step_of(const Plan& plan, const Command& command);

class RunFold {
 public:
  using TimerId = std::pair<HopId, TimerKind>;

  RunFold(std::string id, std::shared_ptr<const WorkflowDefinition> definition, RunOptions options);

  // The fact of the next event of the journal, complete: with the time at which it was recorded, with what `result` says as its
  // value, where it names one, and with the items of a file that begin one by one, which are read again. Nothing where the event
  // records a decision. Errors: kDataCorrupt where it holds no fact, or none that this version knows; of a file kItemsDiffer,
  // kInputUnreadable.
  Result<std::optional<Fact>> fact_in(const Event& event, const Event* result);
  // Is shown a fact that is taken: where its hop stood before, and the commands that follow from it.
  using Visitor =
      std::function<void(const Fact& fact, const std::string& path, const std::vector<Command>& commands, const Event& event)>;
  // Takes the next event of the journal; `visit` may be empty. Errors: as above, and kDataCorrupt where it does not follow.
  Status take(const Event& event, const Event* result, const Visitor& visit = {});
  // Takes a fact that stands in the log at `seq`, with the time at which it was recorded. Returns the commands that follow, all of
  // which are in the lists below. Errors: those of reading a result again; the fold is then not to be used any more.
  Result<std::vector<Command>> take(const Fact& fact, Seq seq);
  // Large results are read again from there (stored_results.h), which is at or behind all that was taken; without that they are
  // held in memory.
  void read_from(View view);
  // For who makes values of the state; whoever does lets go of what was read.
  StoredResults& results() const { return results_; }
  // What a step in a frame came to. Errors: those of reading it.
  Result<Value> result_at(const HopId& hop) const;
  // What a run that has halted, or completed, says. Errors: the same.
  Result<Value> last_value() const;
  // The first `count` of what is to be recorded is in the log.
  void drop_records(std::size_t count);

  const std::string& id() const { return id_; }
  const WorkflowDefinition& definition() const { return *definition_; }
  const std::shared_ptr<const WorkflowDefinition>& shared_definition() const { return definition_; }
  const Plan& plan() const { return definition_->plan(); }
  const RunState& state() const { return state_; }

  // What a hop is to do; null where nothing is open for it.
  const OpenCommand* work(const HopId& hop) const;
  const std::map<HopId, OpenCommand>& work() const { return work_; }
  const std::map<HopId, OpenCommand>& waits() const { return waits_; }
  const std::map<TimerId, OpenCommand>& timers() const { return timers_; }
  // Whether a timeout or deadline that holds for the hop was due by then.
  bool is_overdue(HopId hop, Time at) const;
  // What was decided and is not in the log yet, in order; the first ones first.
  const std::deque<ActionRequest>& records() const { return records_; }
  // Whether these may not wait for the next fact: the run has halted or ended, or left its tombstone.
  bool must_record() const { return urgent_ > 0 || records_.size() >= kRecordsAtOnce; }
  // One transaction takes no more of them.
  static constexpr std::size_t kRecordsAtOnce = 1000;

  // The event that a step which may have to be undone made, or by which it was done; nothing where it is not.
  std::optional<Seq> done_at(const HopId& hop) const;
  // Whether a step of the workflow itself, or anything inside it, was undone, or its undo waived.
  bool is_reversed(StepIndex step) const;
  // "import[17].store"; the declared path where the frame has gone.
  std::string path_of_hop(const HopId& hop) const;
  // The id of the run that a step which is a workflow stands for: "r-1/pay"; while a workflow reverses it, of that: "r-1/pay~undo".
  // Empty where there is no such hop any more.
  std::string child_id(const HopId& hop) const;
  // The event that made the run halt, where it has.
  Seq halted_at() const { return halted_at_; }
  // Whether that run is still needed: the hop waits for it, or it has halted.
  bool awaits_child(const HopId& hop) const;
  // Whether what the hop does is to end: the run unwinds, or an item around it does.
  bool stops(const HopId& hop) const;
  // The files of its maps.
  ItemFiles& files() { return files_; }
  // What the hop passes on to whatever it causes; of the run itself, that of its steps so far.
  std::uint8_t hops_passed(const HopId& hop) const;

 private:
  Result<Value> value_of(const HopId& hop, const StepResult& result) const;
  void take_command(const Fact& fact, const Command& command, Seq seq);
  void record(const Fact& fact, const Command& command);
  void pass_over_halt();
  Status read_items_again(Fact& fact);
  void note_done(const Fact& fact, Seq seq);
  void forget_answered(const HopId& hop);
  void forget_closed();
  std::string mending(const HopId& hop) const;
  bool is_timer_open(const TimerId& timer) const;

  std::string id_;
  std::shared_ptr<const WorkflowDefinition> definition_;
  RunOptions options_;
  RunState state_;
  mutable StoredResults results_;  // a cache of what lies in the log
  std::map<HopId, OpenCommand> work_;
  std::map<HopId, OpenCommand> waits_;
  std::map<TimerId, OpenCommand> timers_;
  std::map<HopId, Seq> done_;     // of steps that have an undo
  std::set<StepIndex> reversed_;  // steps that were undone, or have a step inside that was
  ItemFiles files_;
  std::deque<ActionRequest> records_;
  Seq halted_at_ = 0;
  std::size_t urgent_ = 0;  // of the records
};

// What an event says, as the result of the step that made it: seq, type, resource, key, version and changes.
Value result_of(const Event& event);

// "completed": what a fact is, as a pulse calls it.
std::string pulse_of(const Fact& fact);

// Whether it was told to cancel, and what is in flight comes to its end.
inline bool is_cancelled(const RunFold& fold) {
  return fold.state().phase == RunPhase::kFailing && fold.state().ending == RunOutcome::kCancelled;
}

}  // namespace forge::internal
