#pragma once

// A run as the decider sees it: what happened (facts), what is to be done (commands), and where the run stands. The journal holds
// the facts of a run in order; folding them with decide() gives its state again, and the same commands. All of these are plain
// values; a state is not safe for concurrent use.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "forge/events/envelope.h"
#include "forge/events/time.h"
#include "forge/events/value.h"
#include "plan.h"

namespace forge::internal {

class StoredResults;

// One execution of a block: the whole run's is 0; each item of a map, iteration and branch has one of its own. Numbered as they
// begin.
using FrameId = std::uint64_t;

// A step in a frame. All attempts of it are one hop, and have one idempotency key.
struct HopId {
  FrameId frame = 0;
  StepIndex step = kNone;  // kNone: the run itself
  friend auto operator<=>(const HopId&, const HopId&) = default;
};

struct RunError {
  std::string code;  // "timeout", "503", "E3004"
  std::string message;
  friend bool operator==(const RunError&, const RunError&) = default;
};

// Where an item of a file stands in it.
struct ItemPlace {
  std::uint64_t row = 0;
  std::uint64_t offset = 0;
  friend bool operator==(const ItemPlace&, const ItemPlace&) = default;
};

struct MapItem {
  Value value;
  ItemPlace place;
  friend bool operator==(const MapItem&, const MapItem&) = default;
};

// ---- What happened

enum class TimerKind : std::uint8_t { kSleep, kRetry, kUndoRetry, kStepDeadline, kRunDeadline, kStepTimeout };

// Whether it is a bound of something else and nothing that a step does: the run waits for what the bound is for.
constexpr bool bounds_a_wait(TimerKind kind) {
  return kind == TimerKind::kStepDeadline || kind == TimerKind::kRunDeadline || kind == TimerKind::kStepTimeout;
}

struct Fact {
  enum class Kind : std::uint8_t {
    kStarted,           // value: {input, event}, and of a fork {…, taken}; correlation; hops
    kCompleted,         // hop, attempt, value: it did what it should
    kRetry,             // hop, attempt, error: it asks to be tried again
    kFailed,            // hop, attempt, error
    kHalted,            // hop, attempt, value: it is done, and the run halts
    kStopped,           // hop, attempt: it was told to stop, and did before it was done; or it was given up
    kTimer,             // hop (but for the run's deadline), timer
    kSignalled,         // hop, value: what it waited for came
    kItems,             // hop, attempt, value: a list of further items, or what a portion came to; cursor; last: there are no more
    kCompensated,       // hop: what a clause does first is done
    kCompensateFailed,  // hop, error
    kUndone,            // hop
    kUndoFailed,        // hop, attempt, error
    kCancel,            // undo, gracefully
    kTerminate,         // stop at once
    kPause,
    kResume,     // after a pause or a halt
    kUnwind,     // a completed child: its parent undoes it
    kRetryStep,  // hop: once more and at once, where it backs off, or made the run end
    kWaive,      // hop: its undo is not tried again, and does not count as failed
  };

  Kind kind = Kind::kStarted;
  Time at;
  HopId hop;  // of a child's kStarted: the parent's, whose result it is
  std::uint32_t attempt = 0;
  Value value;
  std::vector<MapItem> items;  // of kItems of a file: the journal holds where they stand, and they are read again from there
  RunError error;              // also of kStarted: why it ends with it
  TimerKind timer = TimerKind::kSleep;
  bool last = false;
  std::string run;                // of kStarted: the run's id
  std::string correlation;        // of kStarted
  std::uint32_t hops = 0;         // of kStarted: hops left; of a child's kCompleted: what it passes on
  std::string actor;              // who asked for it, of kCancel to kWaive; the decision does not depend on it
  std::string reason;             // why, as above
  std::string parent;             // of a child's kStarted: the run that waits for it
  std::int64_t deadline_us = 0;   // of a child's kStarted: how long it may take; 0: as its definition says
  bool warnings = false;          // of a child's kCompleted, kFailed and kUndone: it had some
  bool undo_failed = false;       // of the same: something of it could not be undone
  Value cursor;                   // of kItems
  std::int64_t pause_us = 0;      // of kRetry and kFailed: it is not tried again before that, whatever its backoff
  std::uint32_t concurrency = 0;  // of kStarted: how many steps may be in flight; 0: kConcurrency

  friend bool operator==(const Fact&, const Fact&) = default;
};

// ---- What is to be done

enum class RunOutcome : std::uint8_t {
  kRunning,
  kCompleted,
  kCompensated,
  kFailed,  // and there was nothing to undo
  kUndoFailed,
  kCancelled,
  kTerminated,
  kExpired,
};
std::string_view name_of(RunOutcome outcome);

struct Command {
  enum class Kind : std::uint8_t {
    kExecute,     // hop, attempt, value: {args, …} of its kind; hops
    kStop,        // hop, attempt: tell it to stop
    kTimer,       // hop, timer, at
    kAwait,       // hop, value: {key, …}: tell of the signal, event or approval that it waits for
    kFetch,       // hop, attempt, value: get the next items of a map that come from elsewhere; and set aside those that failed
    kCompensate,  // hop, value, clause: what it does first
    kUndo,        // hop, attempt, value; step: whose commands reverse it, as far as it is not the hop's own
    kDebug,       // hop, value: the label
    kSkipped,     // hop; hops: that it passes on
    kDone,        // hop; hops: that it passes on: record that it is done without an attempt, or by a clause
    kFailed,      // hop, error; value: what a clause says beside it: record that the failure stands
    kTombstone,   // hop: it received no hops
    kRelease,     // hop: nobody will read its result again
    kHalted,      // value: nothing is in flight any more
    kEnded,       // outcome, value, error, warnings: the terminal event
    kTaken,       // hop; hops: that it passes on: record that its result is that of the run that this one forked from
    kBegun,       // hop, value: {args, values, named, conditions} as far as it has them; hops: where RunOptions ask for it
  };

  Kind kind = Kind::kExecute;
  HopId hop;
  std::uint32_t attempt = 0;
  Value value;
  Time at;
  TimerKind timer = TimerKind::kSleep;
  std::uint32_t hops = 0;
  StepIndex step = kNone;
  std::uint32_t clause = 0;
  RunOutcome outcome = RunOutcome::kRunning;
  RunError error;
  bool warnings = false;
  std::string path;  // of what is to be recorded of a hop: where it stood, since its frame may have gone by then

  friend bool operator==(const Command&, const Command&) = default;
};

// ---- Where it stands

// What a step came to. A large result lies in the log alone (stored_results.h).
struct StepResult {
  Value value;
  Seq seq = 0;                    // of the fact that has it; 0: it is here
  std::vector<StepResult> parts;  // of a map: what its items came to, where one lies in the log; `value` is what there is around it

  bool is_here() const { return seq == 0 && parts.empty(); }
};

// The member of a map's result that has what its items came to, where it has others beside.
inline constexpr const char* kMapResults = "results";

enum class StepStatus : std::uint8_t {
  kWaiting,       // for other steps, or its turn
  kInFlight,      // the runner has it
  kOpen,          // what is inside it runs
  kAwaiting,      // a timer, signal or approval
  kBackingOff,    // until the next attempt
  kCompensating,  // the runner has what a clause does first
  kDone,
  kSkipped,
  kFailed,
};

struct Slot {
  StepStatus status = StepStatus::kWaiting;
  std::uint32_t waits = 0;  // for so many steps
  std::uint32_t hops = 0;   // received: the minimum of what came so far; once done, what it passes on
  std::uint32_t attempt = 0;
  std::uint32_t readers = 0;  // that are not done yet
  std::uint32_t clause = 0;   // that it compensates by
  bool let_through = false;   // somebody resumed the run that its guard halted
  std::uint64_t clauses_retried = 0;
  std::optional<std::uint64_t> halted;  // the undo entry of a child that has halted
  StepResult result;
  Value args;  // of an action that is undone with them
  RunError error;
};

struct RunFrame {
  BlockIndex block = 0;
  HopId owner;  // the step it is inside of; of the whole run: none
  bool has_item = false;
  StepResult item;
  std::size_t index = 0;            // of the item, the iteration or the block
  std::uint32_t open = 0;           // steps that are not finished
  std::uint32_t hops = 0;           // received
  std::uint32_t passed = 0;         // the minimum of what its steps pass on
  bool closed = false;              // the step that it is inside of has taken note that all in it is done
  bool failed = false;              // nothing in it or inside it starts any more
  std::uint32_t busy = 0;           // hops in flight in it and inside it
  std::uint32_t kept = 0;           // undo entries of hops in it
  std::set<FrameId> inside;         // frames that steps of it have opened
  RunError error;                   // of an item that failed
  std::string failed_step;          // the same: where
  std::vector<ItemPlace> places;    // of an item, or batch, of a file
  std::vector<std::uint64_t> undo;  // of an item that may fail alone: the entries in it and inside it, ascending
  std::vector<Slot> slots;          // by the steps' places
};

// How far a map, recurse, group or around step is.
struct Loop {
  List items;                     // not yet begun, from `taken` on
  std::vector<ItemPlace> places;  // of items of a file, by place in `items`
  std::size_t taken = 0;
  std::size_t next = 0;  // the index of the next item, iteration or block
  std::size_t running = 0;
  std::vector<StepResult> results;  // by index; of a group or around, the one of its own block
  List failures;                    // {index, code, message} of each item that failed; of a file's the first ones, by row
  std::uint64_t bad = 0;            // items that failed
  std::uint64_t found = 0;          // items of a file so far
  Value position;                   // of a file: behind them
  List unwritten;                   // failures with their items that are still to be set aside
  Value quarantine_bytes;           // of the file that has the others; null until it was looked at
  Time begun;
  double part = 0;                     // of the file that was read
  bool is_portion = false;             // its bad items are counted elsewhere
  bool is_given_up = false;            // too many items failed
  std::uint32_t passed = 0;            // the minimum of what the frames passed on
  bool complete = true;                // no more items will come
  Value cursor;                        // of pages: where the next one begins
  std::uint32_t fetches = 0;           // of pages: that were asked for, all tries counted
  std::uint32_t tries = 0;             // of the next page
  std::uint32_t empty_pages = 0;       // in a row, up to the last one
  std::optional<std::uint64_t> abort;  // the undo entry of an around step that is not committed
};

// Something to be reversed. The number is its place in the order of completion.
struct UndoEntry {
  HopId hop;
  StepIndex abort = kNone;  // of an around step: what aborts it, instead of the hop's own undo
};

enum class RunPhase : std::uint8_t { kNew, kRunning, kHalting, kHalted, kFailing, kUndoing, kEnded };

// Members of the value of kFetch, beside what the source is given.
inline constexpr const char* kFetchPosition = "position";
inline constexpr const char* kFetchFailures = "failures";
inline constexpr const char* kFetchQuarantine = "quarantine_bytes";
inline constexpr const char* kFetchFlush = "flush";  // no more items are wanted

// A member of the value of kItems: the rows themselves, where something in a test stands for the file.
inline constexpr const char* kFetchRows = "rows";

// How many steps of a run are in flight at most, where its start says nothing.
inline constexpr std::uint32_t kConcurrency = 64;

// The same for every runner of this version: what differs between runners stands in the facts.
struct RunOptions {
  std::uint32_t undo_attempts_max = 5;
  std::int64_t undo_backoff_us = 1'000'000;  // doubled by each further attempt
  bool keep_results = false;                 // also of steps that nobody will read again, for who looks at a run
  bool tell_begun = false;                   // kBegun, and the values of kDone and kTaken, for who looks at a run
  bool records = true;                       // false: nothing of it goes into the journal
};

struct RunState {
  RunPhase phase = RunPhase::kNew;
  RunOutcome outcome = RunOutcome::kRunning;
  RunOutcome ending = RunOutcome::kRunning;  // of a run that fails: compensated, cancelled or expired, once all is undone
  std::string id;
  std::string correlation;
  std::string parent;  // of a child: the run that waits for it, and the hop whose result it is
  HopId parent_hop;
  Value input;
  Value event;
  std::uint32_t hops = 0;  // that it began with
  Time now;
  std::uint32_t max_concurrency = kConcurrency;  // as its start says; 1: one step at a time
  RunError cause;
  StepResult halt_value;
  bool warnings = false;
  bool undo_failed = false;      // something of a child could not be undone
  bool unwound = false;          // it completed, and its parent undoes it
  std::int64_t deadline_us = 0;  // the run's; 0: none
  std::string mark_name;         // the named checkpoint that moves when the run has completed, and where to
  Value mark;
  FrameId next_frame = 0;
  std::uint64_t erased = 0;  // frames that were let go before all in them was done
  std::unordered_map<FrameId, RunFrame> frames;
  std::map<HopId, Loop> loops;
  std::set<std::pair<StepIndex, FrameId>> ready;                          // in declared order
  std::set<std::pair<StepIndex, FrameId>> alone;                          // ready, and not to run beside others
  std::map<std::string, std::set<std::pair<StepIndex, FrameId>>> parked;  // ready, by the concurrency key that is taken
  std::map<HopId, std::string> keys;                                      // taken by hops in flight
  std::set<std::string> keys_taken;
  std::set<HopId> in_flight;
  std::set<HopId> pending;  // timers and waits that a failing run forgets
  bool running_alone = false;
  std::map<std::uint64_t, UndoEntry> undo;  // not yet undone, by order of completion
  std::map<HopId, std::uint64_t> undoing;   // entries whose undo is in flight or backing off, by hop
  std::map<HopId, std::uint32_t> undo_tries;
  std::set<HopId> undo_backing_off;               // of those in `undoing`
  std::map<std::uint64_t, UndoEntry> unreversed;  // whose undo was given up, by order of completion
  std::uint64_t next_undo = 0;
  std::uint64_t undone = 0;
};

// Takes `fact` into `state` and says what is to be done, in the order in which it is to be done. Pure: the same facts give the same
// state and the same commands. A fact that no longer matters (a late result, a timer of a step that is done) changes nothing.
// `results` reads those that are not held in memory; null: all are.
std::vector<Command> decide(const Plan& plan, const RunOptions& options, RunState& state, const Fact& fact,
                            StoredResults* results = nullptr);

// The hop whose result a run that has completed returns; nothing where it has not completed, or returns nothing.
std::optional<HopId> returning_hop(const Plan& plan, const RunState& state);

// "import[17].store": the hop's steps from the outside in, with the index of each item and iteration.
std::string path_of(const Plan& plan, const RunState& state, const HopId& hop);

}  // namespace forge::internal
