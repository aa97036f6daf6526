// A story keeps what it was told, so that it can be told again (telling.h). What must have come of it is read from the store of the
// first telling (story_checks.h).

#include "forge/workflow_story.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "story_checks.h"

namespace forge::testing {

using story::Happening;

namespace {

constexpr std::int64_t kTenYears = std::int64_t{10} * 365 * 24 * 3600 * 1'000'000;

}  // namespace

StepTrial try_step(const StepFunction& function, const Object& args, std::uint32_t attempt) {
  return try_step(function, args, StepToken{.attempt = attempt});
}

StepTrial try_step(const StepFunction& function, const Object& args, const StepToken& token) {
  Result<Store> store = Store::open(":memory:");
  if (!store.ok()) return {.outcome = StepOutcome::failed("store", store.status().message()), .actions = {}};
  const View view = store->view();
  StepContext context(view, token.stop);
  context.run = token.run;
  context.correlation = token.correlation;
  context.step = token.step;
  context.attempt = token.attempt;
  context.hops_left = token.hops_left;
  context.idempotency_key = token.run + "/" + token.step;
  StepOutcome outcome = function(args, context);
  return {.outcome = std::move(outcome), .actions = context.take_actions()};
}

struct WorkflowStory::State {
  story::Plot plot;
  std::unique_ptr<story::Telling> telling;
  std::string failure;
  bool ran = false;
  std::size_t commits = 0;
  std::int64_t until_us = kTenYears;

  bool is_over() const { return !failure.empty(); }
  void fail(std::string why) { failure = std::move(why); }
  void meanwhile(Happening happening) {
    const auto later = std::find_if(plot.meanwhile.begin(), plot.meanwhile.end(),
                                    [&](const Happening& one) { return one.at_us > happening.at_us; });
    plot.meanwhile.insert(later, std::move(happening));
  }
  void begin() {
    if (is_over()) return;
    telling = std::make_unique<story::Telling>(plot);
    Status begun = telling->open();
    if (begun.ok()) begun = telling->begin();
    if (!begun.ok()) return fail("the story does not begin: " + begun.message());
    go_on();
  }
  void go_on() {
    const Result<std::size_t> written = telling->live(SIZE_MAX, until_us);
    if (!written.ok()) return fail("the run does not go on: " + written.status().message());
    ran = true;
    commits += *written;
  }
  bool is_told() {
    if (!is_over() && !ran) fail("nothing was run");
    return !is_over();
  }
  // The run as it ended; nothing, and a failure, where the story did not get so far.
  std::optional<RunDetail> ended() {
    if (!is_told()) return std::nullopt;
    Result<RunDetail> detail = story::detail_of(*telling);
    if (!detail.ok()) return fail(detail.status().message()), std::nullopt;
    return *std::move(detail);
  }
  void hold(const story::Check& unmet) {
    if (unmet) fail(unmet->to_string());
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

WorkflowStory& WorkflowStory::beside(std::string toml) {
  state_->plot.also.push_back(std::move(toml));
  return *this;
}

WorkflowStory& WorkflowStory::signal_at(std::int64_t at_us, std::string name, std::string key, Value value) {
  state_->meanwhile({.at_us = at_us,
                     .kind = Happening::Kind::kSignal,
                     .name = std::move(name),
                     .key = std::move(key),
                     .value = std::move(value)});
  return *this;
}

WorkflowStory& WorkflowStory::approval_at(std::int64_t at_us, std::string step, bool approved) {
  state_->meanwhile({.at_us = at_us, .kind = Happening::Kind::kApproval, .name = std::move(step), .approved = approved});
  return *this;
}

WorkflowStory& WorkflowStory::action_at(std::int64_t at_us, std::string action, Args args) {
  state_->meanwhile({.at_us = at_us,
                     .kind = Happening::Kind::kAction,
                     .action = {.action = std::move(action), .args = std::move(args), .if_version = {}}});
  return *this;
}

WorkflowStory& WorkflowStory::telling_at(std::int64_t at_us, RunTelling telling) {
  state_->meanwhile({.at_us = at_us, .kind = Happening::Kind::kTelling, .telling = telling});
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
  state_->plot.input = std::move(input);
  state_->begin();
  return *this;
}

WorkflowStory& WorkflowStory::run_for(std::int64_t micros, Object input) {
  state_->until_us = micros;
  return run(std::move(input));
}

WorkflowStory& WorkflowStory::run_by(std::string action, Args args) {
  state_->plot.start = ActionRequest{.action = std::move(action), .args = std::move(args), .if_version = {}};
  state_->begin();
  return *this;
}

WorkflowStory& WorkflowStory::run_by_signal(std::string name, std::string key, Value value) {
  state_->plot.start_signal = story::SentSignal{.name = std::move(name), .key = std::move(key), .value = std::move(value)};
  state_->begin();
  return *this;
}

WorkflowStory& WorkflowStory::go_on_for(std::int64_t micros) {
  if (!state_->is_told()) return *this;
  state_->until_us += micros;
  state_->go_on();
  return *this;
}

// ---- What must have come of it

WorkflowStory& WorkflowStory::then(std::string_view status) {
  if (const auto detail = state_->ended()) state_->hold(story::check_end(*detail, status));
  return *this;
}

WorkflowStory& WorkflowStory::then_result(const Value& result) {
  if (const auto detail = state_->ended()) state_->hold(story::check_result(*detail, result));
  return *this;
}

WorkflowStory& WorkflowStory::then_error(std::string_view text) {
  if (const auto detail = state_->ended()) state_->hold(story::check_error(*detail, text));
  return *this;
}

WorkflowStory& WorkflowStory::then_hops(std::uint32_t hops) {
  if (const auto detail = state_->ended()) state_->hold(story::check_hops(*detail, hops));
  return *this;
}

WorkflowStory& WorkflowStory::then_in_order(const std::vector<std::string>& steps) {
  if (const auto detail = state_->ended()) state_->hold(story::check_order(*state_->telling, *detail, steps));
  return *this;
}

WorkflowStory& WorkflowStory::then_undone(const std::vector<std::string>& steps) {
  if (const auto detail = state_->ended()) state_->hold(story::check_undone(*detail, steps));
  return *this;
}

WorkflowStory& WorkflowStory::then_compensated(const std::string& step) {
  if (const auto detail = state_->ended()) state_->hold(story::check_compensated(*detail, step));
  return *this;
}

WorkflowStory& WorkflowStory::then_calls(const std::string& step, std::size_t calls) {
  if (state_->is_told()) state_->hold(story::check_calls(*state_->telling, step, calls));
  return *this;
}

WorkflowStory& WorkflowStory::then_given(const std::string& step, std::size_t call, const Object& args) {
  if (state_->is_told()) state_->hold(story::check_given(*state_->telling, step, call, args));
  return *this;
}

WorkflowStory& WorkflowStory::then_events(const std::vector<std::string>& types) {
  if (const auto detail = state_->ended()) state_->hold(story::check_events(*state_->telling, *detail, types));
  return *this;
}

WorkflowStory& WorkflowStory::then_record(std::string_view resource, std::string_view key, const Object& fields) {
  if (state_->is_told()) state_->hold(story::check_record(*state_->telling, resource, key, fields));
  return *this;
}

WorkflowStory& WorkflowStory::then_no_record(std::string_view resource, std::string_view key) {
  if (state_->is_told()) state_->hold(story::check_no_record(*state_->telling, resource, key));
  return *this;
}

WorkflowStory& WorkflowStory::then_the_same_wherever_it_crashes() {
  if (!state_->is_told()) return *this;
  state_->hold(story::check_crashes(state_->plot, *state_->telling, state_->commits, state_->until_us));
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
