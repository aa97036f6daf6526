// The journal says when attempts ended; when one began follows from the fact on which it was decided, so the journal is folded once
// more. A step that holds others is known when it is done, and began with the first of these.

#include "forge/workflows/timeline.h"

#include <algorithm>
#include <map>
#include <utility>

#include "run_journal.h"

namespace forge {

using internal::Command;
using internal::Fact;
using internal::HopId;
using internal::RunFold;

namespace {

using Purpose = StepSpan::Purpose;

Purpose purpose_of(Fact::Kind kind) {
  if (kind == Fact::Kind::kUndone || kind == Fact::Kind::kUndoFailed || kind == Fact::Kind::kWaive) return Purpose::kUndo;
  const bool clause = kind == Fact::Kind::kCompensated || kind == Fact::Kind::kCompensateFailed;
  return clause ? Purpose::kCompensate : Purpose::kRun;
}

bool is_inside(const std::string& path, const std::string& around) {
  return path.size() > around.size() && path.starts_with(around) && (path[around.size()] == '.' || path[around.size()] == '[');
}

// Whether the fact ends what its hop was doing.
bool is_end(const Fact& fact) {
  if (fact.hop.step == internal::kNone || fact.kind == Fact::Kind::kStarted) return false;
  if (fact.kind == Fact::Kind::kTimer) return fact.timer == internal::TimerKind::kSleep;
  return fact.kind != Fact::Kind::kRetryStep && fact.kind != Fact::Kind::kItems;
}

class TimelineBuilder {
 public:
  explicit TimelineBuilder(RunFold& fold) : fold_(fold) {}

  // `what` is what the fact is called.
  Status take(const Fact& fact, Seq seq, std::string what) {
    if (is_end(fact)) end(fact, seq, std::move(what));
    FORGE_ASSIGN(const std::vector<Command> commands, fold_.take(fact, seq));
    for (const Command& command : commands) take_command(command, fact.at);
    return {};
  }

  // Spans began in the order in which they were found; one that holds others stands before the first of these.
  std::vector<StepSpan> finish() {
    std::vector<std::size_t> order(spans_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto key = [this](std::size_t i) {
      return std::pair(first_inside_[i], i == first_inside_[i] ? 0 : -static_cast<long>(i));
    };
    std::sort(order.begin(), order.end(), [&](std::size_t one, std::size_t other) { return key(one) < key(other); });
    std::vector<StepSpan> sorted;
    for (const std::size_t i : order) sorted.push_back(std::move(spans_[i]));
    return sorted;
  }

 private:
  void end(const Fact& fact, Seq seq, std::string what) {
    const auto found = places_.find({fact.hop, purpose_of(fact.kind)});
    if (found == places_.end()) return;
    StepSpan& span = spans_[found->second];
    if (!span.first) span.first = seq;
    span.last = seq;
    span.end = fact.at;
    span.what = std::move(what);
    span.code = fact.error.code;
    span.message = fact.error.message;
  }

  void take_command(const Command& command, Time at) {
    switch (command.kind) {
      case Command::Kind::kExecute:
        return begin(command, Purpose::kRun, at).attempts = command.attempt, void();
      case Command::Kind::kFetch:
      case Command::Kind::kAwait:
        return begin(command, Purpose::kRun, at), void();
      case Command::Kind::kTimer:
        if (command.timer == internal::TimerKind::kSleep) begin(command, Purpose::kRun, at);
        return;
      case Command::Kind::kCompensate:
        return begin(command, Purpose::kCompensate, at), void();
      case Command::Kind::kUndo:
        return begin(command, Purpose::kUndo, at).attempts = command.attempt, void();
      case Command::Kind::kDone:
        return settle(command, at, "completed");
      case Command::Kind::kTaken:
        return settle(command, at, "taken");
      case Command::Kind::kSkipped:
        return settle(command, at, "skipped");
      case Command::Kind::kFailed:
        return settle(command, at, "failed");
      default:
        return;
    }
  }

  StepSpan& begin(const Command& command, Purpose purpose, Time at) {
    const auto [found, fresh] = places_.emplace(std::pair(command.hop, purpose), spans_.size());
    if (fresh) {
      first_inside_.push_back(spans_.size());
      spans_.push_back({.step = fold_.path_of_hop(command.hop),
                        .purpose = purpose,
                        .begin = at,
                        .end = {},
                        .what = "",
                        .code = "",
                        .message = ""});
    }
    StepSpan& span = spans_[found->second];
    span.end.reset();
    return span;
  }

  // What is decided without an attempt, or by what is inside.
  void settle(const Command& command, Time at, const char* what) {
    const bool known = places_.contains({command.hop, Purpose::kRun});
    StepSpan& span = begin(command, Purpose::kRun, at);
    if (!known) {
      const auto first =
          std::find_if(spans_.begin(), spans_.end(), [&](const StepSpan& one) { return is_inside(one.step, span.step); });
      if (first != spans_.end()) {
        span.begin = first->begin;
        first_inside_.back() = static_cast<std::size_t>(first - spans_.begin());
      }
    }
    span.end = at;
    span.what = what;
    span.code = command.error.code;
    span.message = command.error.message;
  }

  RunFold& fold_;
  std::vector<StepSpan> spans_;
  std::vector<std::size_t> first_inside_;  // the place of the first span inside each; its own where there is none
  std::map<std::pair<HopId, Purpose>, std::size_t> places_;
};

}  // namespace

Result<RunTimeline> run_timeline(const View& view, const std::string& id) {
  RunTimeline timeline;
  FORGE_ASSIGN(timeline.info, run_info(view, id));
  internal::DefinitionCache cache;
  FORGE_ASSIGN(const internal::JournalHead head, internal::read_head(view, id));
  FORGE_ASSIGN(auto definition, internal::read_definition(view, head.pin, cache));
  RunFold fold(id, std::move(definition), {});
  fold.read_from(view);
  TimelineBuilder builder(fold);
  Status taken;
  const auto take = [&](const Event& event) -> Status {
    if (internal::is_parking(event)) return {};
    if (event.version == 1) timeline.begin = event.recorded_at;
    timeline.end = event.recorded_at;
    FORGE_ASSIGN(const std::optional<Event> result, internal::result_event(view, event));
    FORGE_ASSIGN(const std::optional<Fact> fact, fold.fact_in(event, result ? &*result : nullptr));
    if (fact) {
      FORGE_TRY(builder.take(*fact, event.seq, internal::what_of(event)));
    } else {
      fold.drop_records(1);
    }
    return {};
  };
  FORGE_TRY(view.log({.resource = "_run", .key = id}, [&](const Event& event) {
    taken = take(event);
    return taken.ok();
  }));
  FORGE_TRY(taken);
  timeline.spans = builder.finish();
  return timeline;
}

}  // namespace forge
