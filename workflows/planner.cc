// Planning goes over the definition three times: it lays out blocks and steps, so that every name is known; it compiles what steps
// are given, and each reference or `after` to another step becomes an edge between two steps of one block; it puts each block in
// order. A step that is inside another one waits, with that one, for what stands in a block further out.

#include <algorithm>
#include <unordered_map>

#include "body_parts.h"
#include "hop_count.h"
#include "plan.h"
#include "pure_steps.h"
#include "step_order.h"

namespace forge::internal {
namespace {

constexpr std::size_t kStepsMax = 10'000;
constexpr int kLevelsMax = 32;
constexpr std::size_t kSuggestionsMax = 100;

bool is_root(std::string_view name) {
  return name == "input" || name == "event" || name == "item" || name == "error" || name == "run";
}

// What a text at some place may refer to besides inputs, `run` and steps.
struct Allowed {
  bool event = false;
  bool signal = false;
  bool item = false;
  bool error = false;
  bool cursor = false;
  bool own = false;  // the step itself, which is done by then
};

class Planner final : public Resolver {
 public:
  Planner(const fb::WorkflowDefinitionT& definition, const Findings& findings)
      : definition_(definition), findings_(findings), compilation_{*this, findings} {
    for (const auto& input : definition.inputs) inputs_.push_back(input->name);
  }

  Plan plan() {
    plan_.declared = &definition_;
    if (definition_.body != nullptr) lay_out(*definition_.body, kNone, "step", "", 0);
    compile_hook();
    for (current_ = 0; current_ < plan_.steps.size(); ++current_) compile_step();
    mark_pure_maps(plan_);
    mark_ends_at_once(plan_);
    connect(plan_);
    check_order(plan_, places_, findings_);
    if (findings_.errors.empty()) check_hops();
    return std::move(plan_);
  }

  Result<Reference> resolve(std::string_view text) override {
    FORGE_ASSIGN(ValuePath path, ValuePath::parse(text));
    Reference reference;
    if (path.root == "input") {
      FORGE_TRY(check_part(path, inputs_, "input"));
    } else if (path.root == "run") {
      reference.root = Root::kRun;
      FORGE_TRY(check_part(path, {"id", "correlation", "hops_left"}, "run"));
    } else if (path.root == "signal" && allowed_.signal) {
      FORGE_TRY(check_part(path, {"name", "key", "value"}, "part of the signal"));
      reference.root = Root::kEvent;  // a part of it (hook_scope.cc)
      path.parts.insert(path.parts.begin(), ValuePath::Part{.name = "signal"});
    } else if (path.root == "signal" && !anywhere_.contains("signal")) {
      return unknown("'${signal}' is not there", is_on_signal() ? "a wait sees the event that it is for"
                                                                : "no signal starts the workflow: on = { signal = ... }");
    } else if (path.root == "cursor" && allowed_.cursor) {
      reference.root = Root::kCursor;
    } else if (is_root(path.root)) {
      FORGE_ASSIGN(reference.root, special_root(path.root));
    } else {
      reference.root = Root::kStep;
      FORGE_ASSIGN(reference.step, step_named(path.root));
      const bool of_results = path.parts.empty() || path.parts[0].name == "results";
      if (of_results) plan_.steps[reference.step].is_read = true;
      if (current_ != kNone) plan_.steps[current_].refers.push_back(reference.step);
    }
    reference.path = std::move(path);
    return reference;
  }

 private:
  using Names = std::unordered_map<std::string_view, StepIndex>;

  // ---- Laying out

  BlockIndex lay_out(const fb::BlockT& declared, StepIndex owner, const std::string& place, const std::string& prefix, int level) {
    const auto index = static_cast<BlockIndex>(plan_.blocks.size());
    plan_.blocks.push_back({&declared, owner, {}, kNone});
    names_.emplace_back();
    for (const auto& step : declared.steps) {
      if (plan_.steps.size() == kStepsMax) {
        if (!full_) findings_.add(ErrorId::kWorkflowUnsupported, place, "the workflow has too many steps", "10,000 are allowed");
        full_ = true;
        break;
      }
      add_step(*step, index, place + "." + step->name, prefix + step->name, level);
    }
    find_result(index, place);
    return index;
  }

  void add_step(const fb::StepT& declared, BlockIndex block, const std::string& place, const std::string& path, int level) {
    const auto index = static_cast<StepIndex>(plan_.steps.size());
    if (is_root(declared.name) || (declared.name == "signal" && is_on_signal())) {
      findings_.add(ErrorId::kWorkflowName, place + "!", "'" + declared.name + "' cannot name a step",
                    "references have it for something else: input, event, item, error, run; where a signal starts it, signal");
    }
    if (!names_[block].emplace(declared.name, index).second) {
      findings_.add(ErrorId::kWorkflowName, place + "!", "there are two steps '" + declared.name + "'",
                    "each name may be used once");
    }
    anywhere_.emplace(declared.name, index);
    PlannedStep step;
    step.declared = &declared;
    step.path = path;
    step.block = block;
    step.place = static_cast<std::uint32_t>(plan_.blocks[block].steps.size());
    plan_.blocks[block].steps.push_back(index);
    plan_.steps.push_back(std::move(step));
    places_.push_back(place);
    for (const auto& [inner, below, is_url] : inner_blocks(declared.body)) {
      BlockIndex made = kNone;
      if (level == kLevelsMax) {
        findings_.add(ErrorId::kWorkflowUnsupported, place, "the workflow is nested too deep", "32 levels are allowed");
      } else if (inner != nullptr) {
        made = lay_out(*inner, index, place + below, path + ".", level + 1);
      }
      plan_.steps[index].blocks.push_back(made);
    }
  }

  void find_result(BlockIndex index, const std::string& place) {
    PlannedBlock& block = plan_.blocks[index];
    const std::string& name = block.declared->result;
    if (name.empty()) {
      if (!block.steps.empty()) block.result = block.steps.back();
      return;
    }
    const auto found = names_[index].find(name);
    if (found != names_[index].end()) {
      block.result = found->second;
      return;
    }
    // `return` stands beside `step`.
    const std::size_t dot = place.rfind('.');
    findings_.add(ErrorId::kWorkflowReference, (dot == std::string::npos ? "" : place.substr(0, dot + 1)) + "return",
                  "'" + name + "' cannot be returned: there is no such step", nearest_or_list(name, names_in(index)));
  }

  std::vector<std::string> names_in(BlockIndex block) const {
    std::vector<std::string> names;
    for (const StepIndex step : plan_.blocks[block].steps) names.push_back(plan_.steps[step].declared->name);
    return names;
  }

  // ---- Compiling

  void compile_hook() {
    current_ = kNone;
    allowed_ = {};
    allowed_.event = true;
    allowed_.signal = is_on_signal();
    if (definition_.schedule != nullptr) {
      compile_schedule(*definition_.schedule);
      return compile_hook_input(definition_.schedule->input);
    }
    if (definition_.on == nullptr) return;
    plan_.hook.where = Condition::compile(compilation_, definition_.on->where, "on.where");
    plan_.hook.key = Recipe::compile(compilation_, definition_.on->key.get(), "on.key");
    compile_hook_input(definition_.on->input);
  }

  void compile_schedule(const fb::ScheduleT& declared) {
    if (declared.every > 0) {
      plan_.schedule.push_back(Schedule::every(declared.every));
      return;
    }
    if (declared.cron.empty()) return;  // what was given instead is a finding already
    Result<Schedule> parsed = Schedule::parse(declared.cron);
    if (!parsed.ok()) return findings_.add(parsed.status(), "on.schedule");
    plan_.schedule.push_back(*std::move(parsed));
  }

  void compile_hook_input(const std::vector<std::unique_ptr<fb::NamedT>>& input) {
    plan_.hook.input = NamedRecipes::compile(compilation_, input, "on.input");
    for (const auto& given : input) {
      if (std::find(inputs_.begin(), inputs_.end(), given->name) != inputs_.end()) continue;
      findings_.add(ErrorId::kWorkflowReference, "on.input." + given->name + "!",
                    "the hook gives an unknown input '" + given->name + "'", nearest_or_list(given->name, inputs_));
    }
  }

  bool is_on_signal() const { return definition_.on != nullptr && !definition_.on->signal.empty(); }

  // Whether `item` is something where the current step stands.
  bool inside_items() const {
    for (StepIndex step = owner_of(current_); step != kNone; step = owner_of(step)) {
      const fb::Body kind = plan_.steps[step].declared->body.type;
      if (kind == fb::Body::MapStep || kind == fb::Body::RecurseStep) return true;
    }
    return false;
  }

  StepIndex owner_of(StepIndex step) const { return plan_.blocks[plan_.steps[step].block].owner; }

  void compile_step() {
    PlannedStep& step = plan_.steps[current_];
    const fb::StepT& declared = *step.declared;
    const std::string& place = places_[current_];
    allowed_ = {};
    allowed_.event = definition_.on != nullptr || definition_.schedule != nullptr;
    allowed_.signal = is_on_signal();
    allowed_.item = inside_items();
    for (std::size_t i = 0; i < declared.after.size(); ++i) {
      const auto needed = step_named(declared.after[i], false);
      if (!needed.ok()) findings_.add(needed.status(), place + ".after." + std::to_string(i));
    }
    step.where = Condition::compile(compilation_, declared.where, place + ".where");
    step.can_skip = !declared.where.empty();
    compile_guards(step, place);
    step.concurrency_key = Recipe::compile(compilation_, declared.concurrency_key.get(), place + ".concurrency_key");
    step.body = compile_body(declared, place);
    check_inside(declared, place);
    compile_clauses(step, place);
    if (declared.undo != nullptr && declared.undo->body != nullptr) {
      allowed_.own = true;
      step.undo = compile_body(*declared.undo->body, place + ".undo");
    }
  }

  void compile_guards(PlannedStep& step, const std::string& place) {
    for (std::size_t i = 0; i < step.declared->guards.size(); ++i) {
      const fb::GuardT& guard = *step.declared->guards[i];
      const std::string at = place + ".guards." + std::to_string(i);
      step.guards.push_back(Condition::compile(compilation_, guard.when, at + ".when"));
      step.guard_messages.push_back(Recipe::compile(compilation_, guard.message.get(), at + ".message"));
      step.can_skip = step.can_skip || guard.otherwise == fb::GuardOutcome::Skip;
    }
  }

  PlannedBody compile_body(const fb::StepT& declared, const std::string& place) {
    PlannedBody made;
    made.args = NamedRecipes::compile(compilation_, declared.args, place + ".args");
    check_client(declared, place);
    const BodyParts parts = parts_of(declared.body);
    const Allowed around = allowed_;
    // A collect's transform and a recurse's end see as `item` what was made so far; a wait's condition sees the event.
    const fb::Body kind = declared.body.type;
    if (kind == fb::Body::CollectStep) allowed_.item = true;
    allowed_.cursor = kind == fb::Body::MapStep && declared.body.AsMapStep()->pages != nullptr;
    for (const auto& [value, below, is_url] : parts.values) {
      made.values.push_back(is_url ? Recipe::compile_url(compilation_, value, place + below)
                                   : Recipe::compile(compilation_, value, place + below));
    }
    allowed_.item = around.item;
    for (const auto& [named, below, is_url] : parts.named) {
      made.named.push_back(NamedRecipes::compile(compilation_, *named, place + below));
    }
    allowed_ = around;
    if (kind == fb::Body::RecurseStep) allowed_.item = true;
    if (kind == fb::Body::WaitStep) allowed_.event = true, allowed_.signal = false;
    for (const auto& [text, below, is_url] : parts.conditions) {
      made.conditions.push_back(Condition::compile(compilation_, *text, place + below));
    }
    allowed_ = around;
    return made;
  }

  void compile_clauses(PlannedStep& step, const std::string& place) {
    allowed_.error = true;
    for (std::size_t i = 0; i < step.declared->compensate.size(); ++i) {
      const fb::ClauseT& clause = *step.declared->compensate[i];
      const std::string at = place + ".compensate." + std::to_string(i);
      PlannedClause made;
      made.declared = &clause;
      made.when = Condition::compile(compilation_, clause.when, at + ".when");
      made.value = Recipe::compile(compilation_, clause.value.get(),
                                   at + (clause.outcome == fb::ClauseOutcome::Error ? ".error" : ".continue"));
      if (clause.body != nullptr) made.body = compile_body(*clause.body, at + ".do");
      step.clauses.push_back(std::move(made));
    }
  }

  // What a step with steps inside cannot have, and what cannot be inside a transaction.
  void check_inside(const fb::StepT& declared, const std::string& place) {
    const fb::Body kind = declared.body.type;
    const bool one_commit = kind == fb::Body::TransactionStep;
    const bool opens = !one_commit && !plan_.steps[current_].blocks.empty();
    const bool pages = kind == fb::Body::MapStep && declared.body.AsMapStep()->source == fb::MapSource::Pages;
    if (opens && ((declared.retry != nullptr && !pages) || !declared.compensate.empty())) {
      findings_.add(ErrorId::kWorkflowUnsupported, place + (declared.retry != nullptr && !pages ? ".retry!" : ".compensate!"),
                    "step '" + declared.name + "' cannot be tried again or compensate as a whole", "it has steps inside",
                    "put it on the steps inside that may fail");
    }
    const StepIndex owner = owner_of(current_);
    if (owner == kNone || plan_.steps[owner].declared->body.type != fb::Body::TransactionStep) return;
    if (kind == fb::Body::ActionStep || kind == fb::Body::ReadStep || kind == fb::Body::NONE) return;
    findings_.add(ErrorId::kWorkflowUnsupported, place + "!", "step '" + declared.name + "' cannot be part of a transaction",
                  "one commit consists of reads and actions", "put it before or after the transaction");
  }

  void check_client(const fb::StepT& declared, const std::string& place) {
    const fb::MapStepT* map = declared.body.AsMapStep();
    const fb::HttpStepT* http = map != nullptr ? map->pages.get() : declared.body.AsHttpStep();
    if (http == nullptr || http->client.empty()) return;
    std::vector<std::string> known;
    for (const auto& client : definition_.clients) known.push_back(client->name);
    if (std::find(known.begin(), known.end(), http->client) != known.end()) return;
    findings_.add(ErrorId::kWorkflowReference, place + (map != nullptr ? ".over.pages.client" : ".http.client"),
                  "step '" + declared.name + "' uses an unknown client '" + http->client + "'",
                  nearest_or_list(http->client, known));
  }

  // ---- References

  static Status unknown(const std::string& what, std::string why) {
    return Status(ErrorId::kWorkflowReference, what).why(std::move(why));
  }

  static Status check_part(const ValuePath& path, const std::vector<std::string>& known, const std::string& owner) {
    if (path.parts.empty()) return {};
    const std::string& name = path.parts[0].name;
    if (std::find(known.begin(), known.end(), name) != known.end()) return {};
    return unknown("'${" + path.text + "}' refers to an unknown " + owner + " '" + name + "'", nearest_or_list(name, known));
  }

  Result<Root> special_root(const std::string& name) const {
    if (name == "event" && !allowed_.event)
      return unknown("'${event}' is not there", "the workflow has no hook: on = { event = ... }");
    if (name == "item" && !allowed_.item) return unknown("'${item}' is not there", "only steps inside a map or recurse have it");
    if (name == "error" && !allowed_.error) return unknown("'${error}' is not there", "only what compensates has it");
    return name == "event" ? Root::kEvent : name == "item" ? Root::kItem : Root::kError;
  }

  std::vector<std::string> visible_roots() const {
    std::vector<std::string> roots = {"input", "run"};
    for (const auto& [root, is_allowed] :
         {std::pair("event", allowed_.event), std::pair("signal", allowed_.signal), std::pair("item", allowed_.item),
          std::pair("error", allowed_.error), std::pair("cursor", allowed_.cursor)}) {
      if (is_allowed) roots.emplace_back(root);
    }
    return roots;
  }

  // The step of that name as the current one sees it, with the edge that follows.
  Result<StepIndex> step_named(const std::string& name, bool is_reference = true) {
    if (current_ == kNone) return unknown("'" + name + "' is not there", "a hook sees the event alone");
    for (StepIndex at = current_; at != kNone; at = owner_of(at)) {
      const Names& names = names_[plan_.steps[at].block];
      const auto found = names.find(name);
      if (found == names.end()) continue;
      return edge(at, found->second, name);
    }
    const auto inside = anywhere_.find(name);
    if (inside != anywhere_.end()) return hidden(inside->second, name);
    // Looking for the nearest name takes time that grows with the steps.
    if (findings_.errors.size() >= kSuggestionsMax) return unknown("there is no step '" + name + "'", "");
    std::vector<std::string> known;
    if (is_reference) known = visible_roots();
    for (StepIndex at = current_; at != kNone; at = owner_of(at)) {
      for (std::string& visible : names_in(plan_.steps[at].block)) known.push_back(std::move(visible));
    }
    return unknown("there is no step '" + name + "'", nearest_or_list(name, known));
  }

  Result<StepIndex> edge(StepIndex from, StepIndex needed, const std::string& name) {
    plan_.steps[needed].kept = plan_.steps[needed].kept || allowed_.own;
    if (needed != from) {
      plan_.steps[from].needs.push_back(needed);
      return needed;
    }
    if (from == current_ && allowed_.own) return needed;
    return Status(ErrorId::kWorkflowCycle, "step '" + plan_.steps[current_].path + "' waits for '" + name + "'")
        .why(from == current_ ? "that is itself" : "it is inside that step");
  }

  Status hidden(StepIndex step, const std::string& name) const {
    const StepIndex owner = owner_of(step);
    const std::string around = plan_.steps[owner].declared->name;
    const bool branch = plan_.steps[owner].declared->body.type == fb::Body::SwitchStep;
    return Status(ErrorId::kWorkflowReference, "step '" + name + "' cannot be referred to from here")
        .why(branch ? "it is in a branch of '" + around + "' that may not run" : "it is inside '" + around + "'")
        .remedy("refer to '" + around + "', which returns what its steps make");
  }

  void check_hops() {
    plan_.hops = count_hops(plan_, definition_.ttl_hops);
    if (plan_.hops.least <= plan_.hops.ttl_hops) return;
    findings_.add(ErrorId::kWorkflowHops, "ttl_hops",
                  "the workflow can never end: it needs " + std::to_string(plan_.hops.least) + " hops",
                  "ttl_hops is " + std::to_string(plan_.hops.ttl_hops));
  }

  const fb::WorkflowDefinitionT& definition_;
  const Findings& findings_;
  Compilation compilation_;
  std::vector<std::string> inputs_;
  Plan plan_;
  std::vector<std::string> places_;  // of each step: "step.import.step.store"
  std::vector<Names> names_;         // of each block
  Names anywhere_;                   // the first of each name
  StepIndex current_ = kNone;        // whose references are resolved
  Allowed allowed_;
  bool full_ = false;
};

}  // namespace

Plan make_plan(const fb::WorkflowDefinitionT& definition, const Findings& findings) {
  return Planner(definition, findings).plan();
}

}  // namespace forge::internal
