#pragma once

// What followed from what: the events that share a correlation as a tree of events, runs and their hops, from the ids in the log
// alone (correlation, causation, transaction and record). Pure reading, so safe from any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/view.h"

namespace forge {

struct TraceNode {
  enum class Kind : std::uint8_t {
    kEvent,  // of a record that is no run: what somebody asked for, or a step did
    kRun,    // the start of a run
    kHop,    // a pulse of a run, or what it was told
  };

  Kind kind = Kind::kEvent;
  std::size_t depth = 0;  // 0: nothing in the tree caused it
  Seq seq = 0;
  Time at;
  std::string type;      // "Order.placed"; of a run the workflow; of a hop the pulse: "completed"
  std::string resource;  // of an event
  std::string key;       // of an event; of a run and a hop the run's id
  std::string step;      // of a hop: its path; empty: the run itself
  std::string actor;
  bool warnings = false;    // of the end of a run: it has some
  bool shows_actor = true;  // false of a pulse: it is in the name of whoever started the run
  std::optional<std::uint8_t> hops_left;
};

struct CausalTrace {
  std::string correlation;
  std::vector<TraceNode> nodes;  // each before what it caused, which follows in the log's order
  std::size_t runs = 0;
  bool more = false;  // there are more events than were asked for
};

// The tree of at most `events_max` events, the oldest ones. Where an event names no cause, or one outside of the tree, it stands at
// the top; an action of a step stands below the hop that it was committed with. A correlation that no event has gives no nodes.
// Errors: kDataCorrupt, kClosed.
Result<CausalTrace> trace_correlation(const View& view, const std::string& correlation, std::size_t events_max = 10'000);

}  // namespace forge
