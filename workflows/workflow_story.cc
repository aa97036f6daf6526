// A story keeps what it was told, so that it can be told again: each telling has a store, a clock and a runner of its own. What
// must have come of it is read from the store of the first one.

#include "forge/workflow_story.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "expected_values.h"
#include "forge/events/json.h"
#include "forge/workflows/runs.h"
#include "virtual_loop.h"

namespace forge::testing {
namespace {

constexpr const char* kRunId = "story";
constexpr std::int64_t kYear = std::int64_t{365} * 24 * 3600 * 1'000'000;
constexpr std::size_t kTasksMax = 1'000'000;

// "import[17].store" as it is declared: "import.store".
std::string declared_path(const std::string& path) {
  std::string declared;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) declared += c;
    if (c == ']') inside = false;
  }
  return declared;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

// Not unnamed, for the story holds them.
namespace story {

// What a story is about, in the order in which it happens.
struct Plot {
  std::vector<SourceFile> schema;
  std::string toml;
  StepFunctions functions;
  std::uint64_t seed = 0;
  std::vector<ActionRequest> given;
  struct Signal {
    std::string name;
    std::string key;
    Value value;
  };
  std::vector<Signal> signals;
  std::map<std::string, bool> approvals;
  StepFunctions replaced;
  std::map<std::pair<std::string, std::uint32_t>, StepFunction> failures;
  Object input;
};

class Telling {
 public:
  explicit Telling(const Plot& plot) : plot_(plot) {
    for (const auto& [name, function] : plot.functions) functions_[name] = noting(function);
    for (const auto& [name, function] : plot.replaced) replaced_[name] = noting(function);
    for (const auto& [attempt, function] : plot.failures) failures_[attempt] = noting(function);
  }

  // Errors: what is wrong with the schema, the workflow, its input, or what was given.
  Status open() {
    FORGE_ASSIGN(Store opened, Store::open(":memory:", {.clock = &clock_, .ids = &ids_, .workflow_target = workflow_target()}));
    store_.emplace(std::move(opened));
    return store_->add_schema(plot_.schema).status();
  }
  Status begin() {
    for (const ActionRequest& request : plot_.given) FORGE_TRY(store_->transact({request}, {}).status());
    for (const Plot::Signal& signal : plot_.signals) {
      FORGE_TRY(send_signal(*store_, signal.name, signal.key, signal.value, Time{clock_.now().micros + 100 * kYear}));
    }
    const WorkflowDefinition::Outcome outcome = parse_workflow(plot_.toml, "the workflow");
    if (!outcome.errors.empty()) return outcome.errors[0];
    return start_run(*store_, *outcome.definition, {.id = kRunId, .input = plot_.input}).status();
  }

  // A runner that is gone after `commits_max` transactions, or once nothing goes on by itself. Errors: what it stumbles on.
  Result<std::size_t> live(std::size_t commits_max) {
    VirtualLoop loop(*store_, clock_, plot_.seed);
    internal::EngineOptions options{.functions = functions_, .clock = &clock_};
    options.replacement = [this](const std::string& step, std::uint32_t attempt) { return replacement(step, attempt); };
    internal::RunEngine engine(*store_, loop, std::move(options), [] {});
    FORGE_TRY(engine.recover());
    const Time until{clock_.now().micros + 10 * kYear};
    for (std::size_t tasks = 0; loop.commits() < commits_max; ++tasks) {
      if (tasks == kTasksMax) return Status(ErrorId::kInternal, "the run does not come to an end");
      if (loop.step(engine, until)) continue;
      FORGE_ASSIGN(const bool approved, approve());
      if (!approved) break;
    }
    const internal::EngineSummary summary = engine.summary();
    FORGE_TRY(summary.failure);
    for (const auto& [run, why] : summary.parked) return why;
    return loop.commits();
  }

  Store& store() { return *store_; }
  bool is_open() const { return store_.has_value(); }
  const std::map<std::string, std::vector<Object>>& calls() const { return calls_; }

 private:
  const StepFunction* replacement(const std::string& step, std::uint32_t attempt) const {
    if (const auto failing = failures_.find({step, attempt}); failing != failures_.end()) return &failing->second;
    const auto replaced = replaced_.find(step);
    return replaced == replaced_.end() ? nullptr : &replaced->second;
  }

  StepFunction noting(const StepFunction& function) {
    return [this, function](const Object& args, StepContext& context) {
      const bool undo = context.idempotency_key.ends_with("/undo");
      calls_[declared_path(context.step) + (undo ? "/undo" : "")].push_back(args);
      return function(args, context);
    };
  }

  // Whether a step that asks was answered.
  Result<bool> approve() {
    FORGE_ASSIGN(const RunDetail detail, run_detail(store_->view(), kRunId));
    for (const OpenStep& open : detail.open) {
      const auto answer = plot_.approvals.find(declared_path(open.step));
      if (open.state != "waiting" || answer == plot_.approvals.end()) continue;
      FORGE_TRY(approve_step(*store_, kRunId, open.step, answer->second));
      return true;
    }
    return false;
  }

  const Plot& plot_;
  ManualClock clock_;
  SeededIds ids_{1};
  std::optional<Store> store_;
  StepFunctions functions_;
  StepFunctions replaced_;
  std::map<std::pair<std::string, std::uint32_t>, StepFunction> failures_;
  std::map<std::string, std::vector<Object>> calls_;
};

}  // namespace story

namespace {

// The types of the events that are not Forge's own, in the log's order, from `from` on.
Result<std::vector<std::string>> event_types(const View& view, Seq from) {
  std::vector<std::string> types;
  FORGE_TRY(view.log({.from = from}, [&](const Event& event) {
    if (!event.resource.starts_with('_')) types.push_back(event.type);
    return true;
  }));
  return types;
}

// How a telling ended, in lines that can be compared: the run, its events without their order, every record.
Result<std::vector<std::string>> end_of(Store& store) {
  const View view = store.view();
  FORGE_ASSIGN(const RunInfo run, run_info(view, kRunId));
  std::vector<std::string> lines{"the run is " + run.status + (run.warnings ? " with warnings" : "") + " " + run.error};
  FORGE_ASSIGN(std::vector<std::string> types, event_types(view, 1));
  std::sort(types.begin(), types.end());
  lines.push_back("its events are " + listed(types));
  for (const Resource& resource : store.domain()->resources()) {
    if (resource.name.starts_with('_')) continue;
    FORGE_TRY(view.list({.resource = resource.name}, [&](const Record& record) {
      lines.push_back(resource.name + " " + record.key() + " is " + to_json(Value(record.to_object())));
      return true;
    }));
  }
  return lines;
}

}  // namespace

StepTrial try_step(const StepFunction& function, const Object& args, std::uint32_t attempt) {
  Result<Store> store = Store::open(":memory:");
  if (!store.ok()) return {.outcome = StepOutcome::failed("store", store.status().message()), .actions = {}};
  const View view = store->view();
  StepContext context(view, std::stop_token());
  context.run = kRunId;
  context.step = "step";
  context.attempt = attempt;
  context.hops_left = 1;
  context.idempotency_key = "story/step";
  StepOutcome outcome = function(args, context);
  return {.outcome = std::move(outcome), .actions = context.take_actions()};
}

struct WorkflowStory::State {
  story::Plot plot;
  std::unique_ptr<story::Telling> telling;
  std::string failure;
  bool ran = false;
  std::size_t commits = 0;

  bool is_over() const { return !failure.empty(); }
  void fail(std::string why) { failure = std::move(why); }
  // The run as it ended; nothing, and a failure, where the story did not get so far.
  std::optional<RunDetail> ended() {
    if (!is_over() && !ran) fail("nothing was run");
    if (is_over()) return std::nullopt;
    Result<RunDetail> detail = run_detail(telling->store().view(), kRunId);
    if (!detail.ok()) return fail(detail.status().message()), std::nullopt;
    return *std::move(detail);
  }
};

WorkflowStory::WorkflowStory(std::vector<SourceFile> schema, std::string toml, StepFunctions functions, std::uint64_t seed)
    : state_(std::make_unique<State>()) {
  state_->plot.schema = std::move(schema);
  state_->plot.toml = std::move(toml);
  state_->plot.functions = std::move(functions);
  state_->plot.seed = seed;
}

WorkflowStory::~WorkflowStory() = default;

// ---- Before the run

WorkflowStory& WorkflowStory::given(std::string action, Args args) {
  state_->plot.given.push_back({.action = std::move(action), .args = std::move(args), .if_version = {}});
  return *this;
}

WorkflowStory& WorkflowStory::given_signal(std::string name, std::string key, Value value) {
  state_->plot.signals.push_back({std::move(name), std::move(key), std::move(value)});
  return *this;
}

WorkflowStory& WorkflowStory::given_approval(std::string step, bool approved) {
  state_->plot.approvals[std::move(step)] = approved;
  return *this;
}

WorkflowStory& WorkflowStory::replace(std::string step, StepFunction body) {
  state_->plot.replaced[std::move(step)] = std::move(body);
  return *this;
}

WorkflowStory& WorkflowStory::replace(std::string step, StepOutcome outcome) {
  return replace(std::move(step), [outcome = std::move(outcome)](const Object&, StepContext&) { return outcome; });
}

WorkflowStory& WorkflowStory::fail(std::string step, std::uint32_t attempt, std::string code, std::string message) {
  StepOutcome outcome = StepOutcome::failed(std::move(code), std::move(message));
  state_->plot.failures[{std::move(step), attempt}] = [outcome = std::move(outcome)](const Object&, StepContext&) {
    return outcome;
  };
  return *this;
}

// ---- The run

WorkflowStory& WorkflowStory::run(Object input) {
  if (state_->is_over()) return *this;
  state_->plot.input = std::move(input);
  state_->telling = std::make_unique<story::Telling>(state_->plot);
  Status begun = state_->telling->open();
  if (begun.ok()) begun = state_->telling->begin();
  if (!begun.ok()) return state_->fail("the story does not begin: " + begun.message()), *this;
  const Result<std::size_t> commits = state_->telling->live(SIZE_MAX);
  if (!commits.ok()) return state_->fail("the run does not go on: " + commits.status().message()), *this;
  state_->ran = true;
  state_->commits = *commits;
  return *this;
}

// ---- What must have come of it

WorkflowStory& WorkflowStory::then(std::string_view status) {
  const auto detail = state_->ended();
  if (!detail || detail->info.status == status) return *this;
  std::string why = "expected the run to be " + std::string(status) + ", it is " + detail->info.status;
  if (!detail->info.error.empty()) why += ": " + detail->info.error;
  state_->fail(std::move(why));
  return *this;
}

WorkflowStory& WorkflowStory::then_result(const Value& result) {
  const auto detail = state_->ended();
  const std::string there = detail && !detail->info.result.empty() ? detail->info.result : "null";
  if (detail && there != to_json(result)) state_->fail("expected the result " + to_json(result) + ", got " + there);
  return *this;
}

WorkflowStory& WorkflowStory::then_error(std::string_view text) {
  const auto detail = state_->ended();
  if (detail && detail->info.error.find(text) == std::string::npos) {
    state_->fail("expected the error '" + std::string(text) + "', got '" + detail->info.error + "'");
  }
  return *this;
}

WorkflowStory& WorkflowStory::then_in_order(const std::vector<std::string>& steps) {
  const auto detail = state_->ended();
  if (!detail) return *this;
  std::vector<std::string> completed;
  std::size_t next = 0;
  for (const Pulse& pulse : detail->pulses) {
    if (pulse.what != "completed" || pulse.step.empty()) continue;
    completed.push_back(pulse.step);
    if (next < steps.size() && pulse.step == steps[next]) ++next;
  }
  if (next < steps.size()) state_->fail("expected in this order " + listed(steps) + ", completed were " + listed(completed));
  return *this;
}

WorkflowStory& WorkflowStory::then_undone(const std::vector<std::string>& steps) {
  const auto detail = state_->ended();
  if (!detail) return *this;
  std::vector<std::string> undone;
  for (const Pulse& pulse : detail->pulses) {
    if (pulse.what == "undone") undone.push_back(pulse.step);
  }
  if (undone != steps) state_->fail("expected undone " + listed(steps) + ", undone were " + listed(undone));
  return *this;
}

WorkflowStory& WorkflowStory::then_compensated(const std::string& step) {
  const auto detail = state_->ended();
  if (!detail) return *this;
  const bool found = std::any_of(detail->pulses.begin(), detail->pulses.end(),
                                 [&](const Pulse& pulse) { return pulse.what == "compensated" && pulse.step == step; });
  if (!found) state_->fail("expected step " + step + " to clean up after itself, and it did not");
  return *this;
}

WorkflowStory& WorkflowStory::then_calls(const std::string& step, std::size_t calls) {
  if (!state_->ended()) return *this;
  const auto found = state_->telling->calls().find(step);
  const std::size_t there = found == state_->telling->calls().end() ? 0 : found->second.size();
  if (there != calls) {
    state_->fail("expected " + std::to_string(calls) + " calls of " + step + ", there were " + std::to_string(there));
  }
  return *this;
}

WorkflowStory& WorkflowStory::then_given(const std::string& step, std::size_t call, const Object& args) {
  if (!state_->ended()) return *this;
  const auto found = state_->telling->calls().find(step);
  if (found == state_->telling->calls().end() || call == 0 || found->second.size() < call) {
    state_->fail("there was no call " + std::to_string(call) + " of " + step);
  } else if (const std::string wrong = difference(args, found->second[call - 1]); !wrong.empty()) {
    state_->fail("call " + std::to_string(call) + " of " + step + ": " + wrong);
  }
  return *this;
}

WorkflowStory& WorkflowStory::then_events(const std::vector<std::string>& types) {
  const auto detail = state_->ended();
  if (!detail) return *this;
  const Result<std::vector<std::string>> there = event_types(store().view(), detail->pulses.at(0).seq);
  if (!there.ok()) return state_->fail(there.status().message()), *this;
  if (*there != types) state_->fail("expected the events " + listed(types) + ", got " + listed(*there));
  return *this;
}

WorkflowStory& WorkflowStory::then_record(std::string_view resource, std::string_view key, const Object& fields) {
  if (!state_->ended()) return *this;
  const Result<Record> record = store().get(resource, key);
  if (!record.ok()) return state_->fail(record.status().message()), *this;
  const std::string wrong = difference(fields, record->to_object());
  if (!wrong.empty()) state_->fail(std::string(resource) + " " + std::string(key) + ": " + wrong);
  return *this;
}

WorkflowStory& WorkflowStory::then_the_same_wherever_it_crashes() {
  if (!state_->ended()) return *this;
  const Result<std::vector<std::string>> expected = end_of(store());
  if (!expected.ok()) return state_->fail(expected.status().message()), *this;
  for (std::size_t writes = 0; writes < state_->commits; ++writes) {
    story::Telling telling(state_->plot);
    const std::string where = "after a crash behind write " + std::to_string(writes) + ": ";
    Status told = telling.open();
    if (told.ok()) told = telling.begin();
    if (told.ok()) told = telling.live(writes).status();
    if (told.ok()) told = telling.live(SIZE_MAX).status();
    const Result<std::vector<std::string>> end = told.ok() ? end_of(telling.store()) : Result<std::vector<std::string>>(told);
    if (!end.ok()) return state_->fail(where + end.status().message()), *this;
    for (std::size_t i = 0; i < std::max(expected->size(), end->size()); ++i) {
      const std::string there = i < end->size() ? (*end)[i] : "there is nothing more";
      const std::string before = i < expected->size() ? (*expected)[i] : "there is nothing more";
      if (there != before) return state_->fail(where + there + "; without it, " + before), *this;
    }
  }
  return *this;
}

std::string WorkflowStory::failure() const {
  return state_->failure.empty() && !state_->ran ? "nothing was run" : state_->failure;
}

Store& WorkflowStory::store() {
  if (state_->telling == nullptr || !state_->telling->is_open()) abort_with(Status(ErrorId::kInternal, failure()));
  return state_->telling->store();
}

}  // namespace forge::testing
