// Each event has one parent: a pulse its run's start; an action of a step the pulse of the same transaction, which comes behind it;
// anything else the event that it names as its cause. Parents are found in one pass over the events, and the tree is walked without
// recursion, for chains may be as long as the log.

#include "forge/workflows/trace.h"

#include <map>
#include <utility>

#include "run_journal.h"

namespace forge {
namespace {

bool is_run_event(const Event& event) {
  return event.resource == "_run";
}

bool is_start(const Event& event) {
  return event.action == "_run.start";
}

TraceNode node_of(const Event& event) {
  TraceNode node{.seq = event.seq, .at = event.recorded_at, .type = event.type, .key = event.key, .actor = event.actor};
  node.hops_left = is_run_event(event) ? internal::hops_of(event) : event.hops_left;
  if (!is_run_event(event)) {
    node.resource = event.resource;
  } else if (is_start(event)) {
    node.kind = TraceNode::Kind::kRun;
    node.type = internal::text_at(event.arguments, "workflow");
  } else {
    node.kind = TraceNode::Kind::kHop;
    node.step = internal::text_at(event.arguments, "step");
    node.shows_actor = event.action == "_run.tell" || event.action == "_run.reopen";
    node.type = internal::what_of(event);
    const Value* warnings = event.arguments.find("warnings");
    node.warnings = warnings != nullptr && *warnings == Value(true);
  }
  return node;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(const std::vector<Event>& events) : events_(events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      places_[events[i].seq] = i;
      if (is_start(events[i])) starts_.insert_or_assign(events[i].key, i);
    }
    for (std::size_t i = 0; i < events.size(); ++i) children_[parent_of(i)].push_back(i);
  }

  std::vector<TraceNode> walk() const {
    std::vector<TraceNode> nodes;
    std::vector<std::pair<std::size_t, std::size_t>> open;  // event, depth; the next one last
    const auto add = [&](std::size_t parent, std::size_t depth) {
      const auto found = children_.find(parent);
      if (found == children_.end()) return;
      for (auto child = found->second.rbegin(); child != found->second.rend(); ++child) open.emplace_back(*child, depth);
    };
    add(kTop, 0);
    while (!open.empty()) {
      const auto [at, depth] = open.back();
      open.pop_back();
      nodes.push_back(node_of(events_[at]));
      nodes.back().depth = depth;
      add(at, depth + 1);
    }
    return nodes;
  }

 private:
  static constexpr std::size_t kTop = SIZE_MAX;

  std::size_t parent_of(std::size_t at) const {
    const Event& event = events_[at];
    if (is_run_event(event) && !is_start(event)) {
      const auto start = starts_.find(event.key);
      return start == starts_.end() || start->second >= at ? kTop : start->second;
    }
    if (const auto pulse = pulse_with(at)) return *pulse;
    if (!event.causation || *event.causation >= event.seq) return kTop;
    const auto cause = places_.find(*event.causation);
    return cause == places_.end() ? kTop : cause->second;
  }

  // The pulse of the same transaction that records what this event was done for.
  std::optional<std::size_t> pulse_with(std::size_t at) const {
    if (is_start(events_[at])) return std::nullopt;
    for (std::size_t next = at + 1; next < events_.size() && events_[next].transaction == events_[at].transaction; ++next) {
      if (events_[next].action == "_run.advance") return next;
    }
    return std::nullopt;
  }

  const std::vector<Event>& events_;
  std::map<Seq, std::size_t> places_;
  std::map<std::string, std::size_t> starts_;                 // by the run
  std::map<std::size_t, std::vector<std::size_t>> children_;  // in order
};

}  // namespace

Result<CausalTrace> trace_correlation(const View& view, const std::string& correlation, std::size_t events_max) {
  CausalTrace trace{.correlation = correlation};
  std::vector<Event> events;
  FORGE_TRY(view.log({.correlation = correlation, .limit = events_max + 1}, [&](const Event& event) {
    trace.more = events.size() == events_max;
    if (!trace.more) events.push_back(event);
    return !trace.more;
  }));
  trace.nodes = TreeBuilder(events).walk();
  for (const TraceNode& node : trace.nodes) trace.runs += node.kind == TraceNode::Kind::kRun ? 1 : 0;
  return trace;
}

}  // namespace forge
