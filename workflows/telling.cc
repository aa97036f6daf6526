#include "telling.h"

#include <algorithm>
#include <utility>

#include "virtual_loop.h"

namespace forge::testing::story {
namespace {

constexpr std::int64_t kYear = std::int64_t{365} * 24 * 3600 * 1'000'000;
constexpr std::size_t kTasksMax = 1'000'000;
constexpr const char* kAnswers = "somebody";  // who answers approvals

std::string kind_of_call(const internal::Work& work) {
  if (work.step->body.type == fb::Body::RunStep) return "a function";
  if (work.step->body.type == fb::Body::ExecStep) return "a program";
  return internal::is_http(work) ? "HTTP" : "a file";
}

}  // namespace

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

Telling::Telling(const Plot& plot) : plot_(plot) {
  for (const auto& [name, function] : plot.functions) functions_[name] = noting(function);
  for (const auto& [name, function] : plot.replaced) replaced_[name] = noting(function, name);
  for (const auto& [attempt, function] : plot.failures) failures_[attempt] = noting(function, attempt.first);
  refusal_ = [](const Object&, StepContext&) { return StepOutcome::failed("no_stub", "it would call something outside"); };
}

Status Telling::open() {
  FORGE_ASSIGN(Store opened, Store::open(":memory:", {.clock = &clock_, .ids = &ids_, .workflow_target = workflow_target()}));
  store_.emplace(std::move(opened));
  return store_->add_schema(plot_.schema).status();
}

Status Telling::begin() {
  for (const ActionRequest& request : plot_.given) FORGE_TRY(store_->transact({request}, {}).status());
  for (const SentSignal& signal : plot_.signals) {
    FORGE_TRY(send_signal(*store_, signal.name, signal.key, signal.value, {.keep_until = Time{clock_.now().micros + 100 * kYear}}));
  }
  for (const std::string& toml : plot_.also) {
    const WorkflowDefinition::Outcome beside = parse_workflow(toml, "a workflow beside it");
    if (!beside.errors.empty()) return beside.errors[0];
    FORGE_TRY(add_workflow(*store_, *beside.definition).status());
  }
  const WorkflowDefinition::Outcome outcome = parse_workflow(plot_.toml, "the workflow");
  if (!outcome.errors.empty()) return outcome.errors[0];
  workflow_ = outcome.definition->name();
  begun_ = clock_.now();
  if (!plot_.is_started_by_hook()) return start_run(*store_, *outcome.definition, {.id = kRunId, .input = plot_.input}).status();
  FORGE_TRY(add_workflow(*store_, *outcome.definition).status());
  if (plot_.start) return store_->transact({*plot_.start}, {}).status();
  const SentSignal& sent = *plot_.start_signal;
  return send_signal(*store_, sent.name, sent.key, sent.value);
}

Result<std::size_t> Telling::live(std::size_t commits_max, std::int64_t until_us) {
  VirtualLoop loop(*store_, clock_, plot_.seed);
  internal::EngineOptions options{.functions = functions_, .clock = &clock_};
  options.replacement = [this](const std::string& workflow, const std::string& step, std::uint32_t attempt) {
    return replacement(workflow, step, attempt);
  };
  if (plot_.closed) {
    options.refusal = [this](const std::string& step, const internal::Work& work) { return refusal(step, work); };
  }
  internal::RunEngine engine(*store_, loop, std::move(options), [] {});
  FORGE_TRY(engine.recover());
  const Time until{begun_.micros + until_us};
  std::size_t tasks = 0;
  while (loop.commits() < commits_max) {
    if (++tasks > kTasksMax) return Status(ErrorId::kInternal, "the run does not come to an end");
    // What is due now comes first, then who answers at once, and only then time goes on.
    if (loop.step(engine, clock_.now())) continue;
    FORGE_ASSIGN(const bool approved, approve());
    if (approved) continue;
    const bool more = happened_ < plot_.meanwhile.size();
    const Time next{more ? std::min(until.micros, begun_.micros + plot_.meanwhile[happened_].at_us) : until.micros};
    if (loop.step(engine, next)) continue;
    if (!more || until.micros < begun_.micros + plot_.meanwhile[happened_].at_us) break;
    if (clock_.now() < next) clock_.set(next);
    FORGE_TRY(happen(plot_.meanwhile[happened_++]));
  }
  const internal::EngineSummary summary = engine.summary();
  FORGE_TRY(summary.failure);
  for (const auto& [run, why] : summary.parked) return why;
  return loop.commits();
}

Result<std::string> Telling::run_id() const {
  if (!plot_.is_started_by_hook()) return std::string(kRunId);
  FORGE_ASSIGN(const std::vector<RunInfo> all, runs(store_->view()));
  const auto found = std::find_if(all.begin(), all.end(), [&](const RunInfo& run) { return run.workflow == workflow_; });
  if (found != all.end()) return found->id;
  return Status(ErrorId::kRunNotFound, "no run of '" + workflow_ + "' has started")
      .why((plot_.start ? "no event of " + plot_.start->action : "no signal '" + plot_.start_signal->name + "'") +
           " is one that its hook waits for");
}

const StepFunction* Telling::replacement(const std::string& workflow, const std::string& step, std::uint32_t attempt) const {
  for (const std::string& name : {workflow + ":" + step, step}) {
    if (const auto failing = failures_.find({name, attempt}); failing != failures_.end()) return &failing->second;
    if (const auto replaced = replaced_.find(name); replaced != replaced_.end()) return &replaced->second;
  }
  return nullptr;
}

const StepFunction* Telling::refusal(const std::string& step, const internal::Work& work) {
  const fb::RunStepT* run = work.step->body.AsRunStep();
  if (run != nullptr && functions_.contains(run->function)) return nullptr;
  outside_.emplace(step, kind_of_call(work));
  return &refusal_;
}

StepFunction Telling::noting(const StepFunction& function, std::string name) {
  return [this, function, name = std::move(name)](const Object& args, StepContext& context) {
    const bool undo = context.idempotency_key.ends_with("/undo");
    calls_[name.empty() ? declared_path(context.step) + (undo ? "/undo" : "") : name].push_back(args);
    return function(args, context);
  };
}

// Whether a step that asks was answered.
Result<bool> Telling::approve() {
  if (plot_.approvals.empty()) return false;
  const Result<std::string> run = run_id();
  if (!run.ok()) return false;
  FORGE_ASSIGN(const RunDetail detail, run_detail(store_->view(), *run));
  for (const OpenStep& open : detail.open) {
    const auto answer = plot_.approvals.find(declared_path(open.step));
    if (open.state != "waiting" || answer == plot_.approvals.end()) continue;
    FORGE_TRY(approve_step(*store_, *run, open.step, answer->second, {.actor = Actor(kAnswers, open.role)}));
    return true;
  }
  return false;
}

Status Telling::happen(const Happening& happening) {
  if (happening.kind == Happening::Kind::kSignal) return send_signal(*store_, happening.name, happening.key, happening.value);
  if (happening.kind == Happening::Kind::kAction) return store_->transact({happening.action}, {}).status();
  FORGE_ASSIGN(const std::string run, run_id());
  if (happening.kind == Happening::Kind::kTelling) return tell_run(*store_, run, happening.telling);
  // Somebody of the role that the step wants.
  FORGE_ASSIGN(const RunDetail detail, run_detail(store_->view(), run));
  const auto asks = std::find_if(detail.open.begin(), detail.open.end(),
                                 [&](const OpenStep& open) { return open.step == happening.name && open.state == "waiting"; });
  const std::string role = asks == detail.open.end() ? "" : asks->role;
  return approve_step(*store_, run, happening.name, happening.approved, {.actor = Actor(kAnswers, role)});
}

}  // namespace forge::testing::story
