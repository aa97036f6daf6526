#pragma once

// One hop of a run: what the step was given, and what came of it. Values of secret inputs are not shown. Pure reading, so safe from
// any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/value.h"
#include "forge/store/view.h"

namespace forge {

// A place at which two values differ: "args.qty", "[2].id"; an empty path is the whole. Null where one has nothing.
struct ValueDifference {
  std::string path;
  Value one;
  Value other;
};

struct HopDetail {
  std::string step;            // its path
  std::string body;            // what carries it out: "action Stock.reserve", "template"
  std::string what;            // the pulse: "completed", "failed", "undone", …
  Seq seq = 0;                 // of the pulse
  Seq since = 0;               // the event on which it was decided: the step saw the store as of this one, or a later one
  std::optional<Seq> saw;      // as of which its body read the store, where it did
  std::uint32_t attempt = 0;   // 0: it needs none
  std::uint32_t hops_in = 0;   // received
  std::uint32_t hops_out = 0;  // passed on; of one that is not done 0
  // What it was given, by the names of its attributes: {args, key, over, headers, …}, and as `conditions` what its conditions read,
  // by path. Of a compensation or undo what that was given. Null where it did not begin.
  Value token_in;
  Value token_out;   // its result
  std::string code;  // of the error
  std::string message;
  std::vector<ValueDifference> differences;  // between args and result, where they have names in common; at most 100
};

// The pulse of that seq, or else the last one of the step of that path. Errors: kRunNotFound, kWorkflowNotFound; kWorkflowReference
// where the run has no such pulse (yet); kDataCorrupt.
Result<HopDetail> hop_detail(const View& view, const std::string& id, const std::string& at);

}  // namespace forge
