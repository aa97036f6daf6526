#pragma once

// Random workflows of every kind of step that needs no network, each as the text that is declared and as a tree of plain values.
// The simulation holds what became of their runs against the tree (saga_check.h), so nothing of it comes from the planner.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/dice.h"

namespace forge::saga {

enum class Kind : std::uint8_t {
  kRun,      // a function
  kDynamic,  // a function that returns further steps
  kAdd,      // an action that is always accepted
  kDraw,     // an action that is refused once there is no more
  kRead,
  kTransaction,  // a read and an action, one commit
  kMap,
  kMapQuery,
  kSwitch,
  kGroup,
  kAround,
  kRecurse,
  kChild,
  kSignal,
  kWait,
  kWaitEvent,
  kSleep,
  kApprove,
  kTemplate,
  kCollect,
  kHalt,
  kDebug,
  kFail,
};

// How a step that is done is reversed.
enum class Undo : std::uint8_t { kNone, kAction, kFunction, kWorkflow };

struct Step;
using Block = std::vector<Step>;

struct Step {
  std::string name;
  Kind kind = Kind::kTemplate;
  std::vector<std::size_t> after = {};  // places in its block
  bool skips = false;                   // by `where` or a guard
  Undo undo = Undo::kNone;
  std::uint32_t attempts = 1;  // by `retry`
  std::uint32_t clauses = 0;   // that let it be tried again
  bool has_deadline = false;
  bool takes_item = false;               // as an argument: that of the map or recurse around it
  std::int64_t number = 0;               // by how much an action counts; what a child, a branch, a sleep (ms) is given
  std::string target = {};               // the workflow of a child
  std::vector<std::int64_t> items = {};  // of a map
  bool adds_again = false;               // a transaction: by what it reads of itself
  bool fails_alone = false;              // a map whose items fail alone
  std::uint32_t at_most = 1;             // iterations
  // In the order in which they run; of a switch the branches, of which the first has `number` as its bound; of an around its begin,
  // its steps and its commit.
  std::vector<Block> blocks = {};
};

struct Workflow {
  std::string name;
  std::string toml = {};
  Block steps = {};
};

// The workflow that a dynamic step returns; its input `n` is passed on.
Workflow tail_workflow();
// What reverses a step whose undo is a workflow.
Workflow mend_workflow();
// A workflow that may have those of `others` as steps. Its input is `n`, from 0 to 9.
Workflow random_workflow(const std::string& name, const std::vector<std::string>& others, Dice& dice);

// The step that a path names: "each[3].pay".
const Step* step_at(const Workflow& workflow, const std::string& path);
// The path that `path` is inside of, with the item; empty at the top: "each[3]" of "each[3].pay".
std::string frame_of(const std::string& path);
// Of a frame, the step that opened it: "each" of "each[3]".
std::string owner_of(const std::string& frame);
// The block that `path` stands in, and its place there.
struct Place {
  const Block* block = nullptr;
  std::size_t index = 0;
};
std::optional<Place> place_of(const Workflow& workflow, const std::string& path);

inline constexpr std::int64_t kContinued = 1000;  // what a clause goes on with

}  // namespace forge::saga
