#pragma once

// Says whether a log can be what honest runs left. It is an oracle of its own: it knows the workflows as their author wrote them
// (saga.h), reads nothing but events, and shares no code with what decides runs.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "forge/store/store.h"
#include "saga.h"

namespace forge::saga {

// One call of a function by the runner: what happened outside of the store.
struct Call {
  std::string key;  // the idempotency key
  std::string run;
  std::string path;
  std::string what;  // "step", "undo", "clean"
  std::uint32_t attempt = 0;
  Seq head = 0;  // of the store, when it began
};

// One run, as its events tell it.
class Journal {
 public:
  Journal(std::string id, const Workflow& workflow, const std::map<std::string, Journal>& all, std::vector<std::string>& problems)
      : id_(std::move(id)), workflow_(workflow), all_(all), problems_(problems) {}

  // The next event of the run, with the events of its transaction that are not runs' own.
  void take(const Event& event, const std::vector<const Event*>& effects);
  // Once the log has been read.
  void conclude(const std::vector<Call>& calls);

  const std::string& parent() const { return parent_; }
  const Workflow& workflow() const { return workflow_; }
  const std::vector<std::string>& ends() const { return ends_; }
  Seq ended() const { return ended_; }
  std::uint64_t hops() const { return hops_; }
  std::int64_t value() const;
  // The fewest hops that any of its steps passed on.
  std::int64_t hops_passed() const;
  // By what came of steps and runs: "failed timeout", "undo_failed", "ended cancelled".
  const std::map<std::string, std::uint64_t>& pulses() const { return pulses_; }
  // Whether somebody let the undo of the step be.
  bool is_waived(const std::string& path) const { return waived_.contains(path); }

 private:
  struct Done {
    Seq seq = 0;
    Time at = {};
    bool skipped = false;
    bool continued = false;      // by a clause
    std::int64_t signalled = 0;  // what a wait was given
    Seq effect = 0;              // the event of an action
  };
  struct Entry {
    std::string path;
    Seq effect = 0;
    bool aborts = false;
  };

  void wrong(const std::string& what) const;
  void start(const Event& event);
  void note(const Event& event);
  void advance(const Event& event, const std::vector<const Event*>& effects);
  void outcome(const Event& event, const std::string& path, const std::string& pulse, const std::vector<const Event*>& effects);
  void answer(const Event& event, const std::string& path, const std::string& pulse);
  void finish(const Event& event, const std::string& path, Done done, std::int64_t hops);
  void fail(const std::string& path);
  void undone(const Event& event, const std::string& path, const std::vector<const Event*>& effects);
  void undo_failed(const std::string& path);
  void waived(const std::string& path);
  void forget(const std::string& path);
  void end(const Event& event);
  void expect_effects(const Event& event, const std::string& path, const std::string& pulse,
                      const std::vector<const Event*>& effects) const;
  void timer(const Event& event, const std::string& path);
  std::vector<Entry>::iterator find_undo(const std::string& path);
  std::vector<std::string> failed_items_around(const std::string& path) const;
  bool is_newest(const std::string& path, const std::string& frame) const;

  // ---- What the tree says of a step that is done
  const Step& step(const std::string& path) const { return *step_at(workflow_, path); }
  const Journal* child_of(const std::string& path) const;
  const Block* branch_of(const Step& step) const;
  std::size_t iterations_of(const std::string& path) const;
  bool is_whole(const Block& block, const std::string& frame) const;
  std::int64_t value_of(const std::string& path) const;
  std::int64_t value_of_block(const Block& block, const std::string& frame) const;
  std::int64_t received(const std::string& path) const;
  std::int64_t passed(const std::string& path) const;
  std::int64_t received_by_block(const std::string& frame, const Block& block) const;
  std::int64_t passed_by_block(const std::string& frame, const Block& block) const;

  const std::string id_;
  const Workflow& workflow_;
  const std::map<std::string, Journal>& all_;
  std::vector<std::string>& problems_;
  std::string parent_;
  std::int64_t n_ = 0, hops_given_ = 0;
  std::uint64_t hops_ = 0;
  std::map<std::string, Done> done_;
  std::map<std::string, std::uint32_t> answered_;  // the last attempt, by path
  std::set<std::string> halted_children_;          // paths
  std::map<std::string, std::uint32_t> timers_, failures_, undo_failures_;
  std::set<std::string> failed_;  // paths whose failure was told
  std::vector<Entry> undo_;
  std::vector<std::string> ends_;
  std::set<std::string> owed_;  // paths that a step which is done has waited for, and that are yet to be noted
  std::set<std::string> told_, waived_;
  std::map<std::string, std::uint64_t> pulses_;
  mutable std::map<std::string, std::int64_t> received_, passed_;
  std::uint64_t undone_ = 0;
  bool unwinding_ = false, undo_has_failed_ = false, unwound_ = false, deadline_passed_ = false;
  Seq ended_ = 0;
  std::string result_;
  Time last_;
  Time decided_;  // when the last fact was recorded: what is noted after it was decided then
};

// The runs of one store.
class Check {
 public:
  // Everything borrowed outlives the check.
  Check(const Store& store, const std::map<std::string, Workflow>& workflows, const std::vector<Call>& calls);

  const std::vector<std::string>& problems() const { return problems_; }
  const std::map<std::string, Journal>& journals() const { return journals_; }
  // Events that the hook is for.
  std::uint64_t flares() const { return flares_; }
  // The log without what the clock on the wall says: equal for equal seeds.
  const std::string& trace() const { return trace_; }

 private:
  void take_transaction(const std::vector<Event>& events);
  void compare_families() const;

  const std::map<std::string, Workflow>& workflows_;
  std::map<std::string, Journal> journals_;
  mutable std::vector<std::string> problems_;
  std::map<std::string, std::int64_t> cells_;
  std::string trace_;
  std::uint64_t flares_ = 0;
};

// Of a child's id after its parent's: the path of the step. "each[1].pay.3/2" is attempt 2 in frame 3.
std::string path_in(std::string rest);
// Whether a run of its own stands for such a step.
bool may_be_child(Kind kind);
// The integers in a value, as the functions of the simulation count them.
std::int64_t count_of(const Value& value);

}  // namespace forge::saga
