#include "saga_world.h"

#include <sstream>
#include <stdexcept>
#include <utility>

#include "forge/workflows/runs.h"
#include "forge/workflows/steering.h"
#include "store_state.h"

namespace forge::saga {
namespace {

constexpr const char* kSchema = R"(include "forge.fbs";
namespace saga;
table Cell (resource) { id: string (key); sum: long; memo: string; }
table Well (resource) { id: string (key); left: long (check: "enough: left >= 0"); memo: string; }
table Fixed (resource) { id: string (key); name: string; }
table MakeCell (action: "Cell.make", creates, event: "Cell.made", set: "sum = 0") {}
table AddCell (action: "Cell.add", updates, event: "Cell.added", set: "sum = sum + :by") { by: long = 1; memo: string; }
table TakeCell (action: "Cell.take", updates, event: "Cell.taken", set: "sum = sum - :by") { by: long = 1; memo: string; }
table NoteCell (action: "Cell.note", updates, event: "Cell.noted") { memo: string; }
table MendCell (action: "Cell.mend", updates, event: "Cell.mended") { memo: string; }
table FlareCell (action: "Cell.flare", updates, event: "Cell.flared") { memo: string; }
table DigWell (action: "Well.dig", creates, event: "Well.dug") { left: long = 0; }
table DrawWell (action: "Well.draw", updates, event: "Well.drawn", set: "left = left - 1") { memo: string; }
table FillWell (action: "Well.fill", updates, event: "Well.filled", set: "left = left + 1") { memo: string; }
table FixFixed (action: "Fixed.fix", creates, event: "Fixed.fixed") { name: string; }
table AllFixed (action: "Fixed.all", reads, where: "name != ''") {}
)";

constexpr int kCells = 5;
constexpr std::size_t kOpenRunsMax = 25;  // beyond it only those that wait are looked after
constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::uint64_t kTurnsMax = 2'000'000;

}  // namespace

void Coverage::add(const Coverage& other) {
  runs += other.runs;
  children += other.children;
  hops += other.hops;
  crashes += other.crashes;
  hours += other.hours;
  for (const auto& [name, number] : other.faults) faults[name] += number;
  for (const auto& [name, number] : other.pulses) pulses[name] += number;
}

World::World(std::uint64_t seed, bool on_disk) : dice_(seed), ids_(seed), on_disk_(on_disk) {
  if (on_disk_) disk_ = std::make_shared<testing_support::SimulatedDisk>();
}

// ---- The store

// What a disk without power answers is no problem.
void World::note(const Status& status, const std::string& what) {
  const bool has_power = !on_disk_ || !disk_->is_frozen();
  if (!status.ok() && has_power) problems_.push_back(what + ": " + status.message());
}

bool World::open() {
  OpenOptions options;
  options.clock = &clock_;
  options.ids = &ids_;
  options.cache_bytes = 1 << 20;
  options.create = !made_;
  Result<Store> opened =
      on_disk_ ? StoreAccess::open("/store", options, testing_support::new_fault_env(disk_)) : Store::open(":memory:", options);
  if (!opened.ok()) {
    note(opened.status(), "opening");
    return false;
  }
  store_ = std::make_unique<Store>(*std::move(opened));
  if (store_->head() < acknowledged_)
    problems_.push_back("event " + std::to_string(acknowledged_) + " was acknowledged and is lost");
  if (!made_) fill();
  made_ = true;
  return true;
}

void World::fill() {
  note(store_->add_schema({{"saga.fbs", kSchema}}).status(), "the schema");
  for (int i = 0; i < kCells; ++i) note(store_->act("Cell.make", {{"id", "c-" + std::to_string(i)}}).status(), "a cell");
  for (int i = 0; i < 2; ++i) note(store_->act("Well.dig", {{"id", "w-" + std::to_string(i)}, {"left", 100}}).status(), "a well");
  for (int i = 0; i < 3; ++i)
    note(store_->act("Fixed.fix", {{"id", "f-" + std::to_string(i)}, {"name", "fixed"}}).status(), "a row");
  make_workflows();
}

void World::make_workflows() {
  const auto declare = [this](Workflow workflow) {
    const WorkflowDefinition::Outcome read = parse_workflow(workflow.toml, workflow.name + ".toml");
    for (const Status& error : read.errors) problems_.push_back(error.message() + "\n" + workflow.toml);
    if (read.definition == nullptr) return;
    note(add_workflow(*store_, *read.definition).status(), workflow.name);
    if (workflow.name == "tail") tail_ = read.definition;
    workflows_.emplace(workflow.name, std::move(workflow));
  };
  declare(tail_workflow());
  declare(mend_workflow());
  Workflow hooked = tail_workflow();
  hooked.name = "hooked";
  hooked.toml =
      "workflow = 'hooked'\non = { event = 'Cell.flared', input = { n = 1 } }\n" + hooked.toml.substr(hooked.toml.find("ttl_hops"));
  declare(std::move(hooked));
  for (int i = 0; i < 8; ++i) {
    std::vector<std::string> others;
    for (int j = std::max(0, i - 3); j < i && i >= 3; ++j) others.push_back("w" + std::to_string(j));
    declare(random_workflow("w" + std::to_string(i), others, dice_));
    names_.push_back("w" + std::to_string(i));
  }
}

// ---- What is outside

StepOutcome World::call(const std::string& what, const Object& args, StepContext& context) {
  calls_.push_back({context.idempotency_key, context.run, context.step, what, context.attempt, context.view().seq()});
  if (what == "undo" && dice_.chance(8)) {
    in_trouble_ = context.run;
    return count("an undo fails"), StepOutcome::failed("undo", "not now");
  }
  // Some can never be undone.
  const bool never = what == "undo" && std::hash<std::string>()(context.idempotency_key) % 97 == 0;
  if (never) return StepOutcome::failed("never", "it cannot be undone");
  if (what == "clean" && dice_.chance(40)) return count("a clause fails"), StepOutcome::failed("clean", "not now");
  if (what != "step") return StepOutcome::done();
  return work(args, context, false);
}

StepOutcome World::work(const Object& args, StepContext& context, bool acts) {
  if (context.stop().stop_requested()) return StepOutcome::failed("stopped", "as it was told");
  const std::uint64_t chance = dice_.below(1000);
  if (chance < 15) return count("a function fails"), StepOutcome::failed(dice_.chance(50) ? "broken" : "503", "it does not work");
  if (chance < 30) {
    in_trouble_ = context.run;
    return count("a function asks for another attempt"), StepOutcome::retry("busy", "later");
  }
  if (chance < 35) count("a function throws"), throw std::runtime_error("it broke");
  if (chance < 40) count("a function halts the run");
  std::int64_t sum = 1;
  for (const auto& [name, value] : args.members()) sum += count_of(value);
  if (chance >= 35 && chance < 40) return StepOutcome::halted(sum);
  if (acts) {
    context.act("Cell.note", {{"id", "c-" + std::to_string(dice_.below(kCells))}, {"memo", context.run}});
    if (dice_.chance(5)) count("an action is refused"), context.act("Well.draw", {{"id", "w-9"}, {"memo", context.run}});
  }
  return StepOutcome::done(sum);
}

internal::EngineOptions World::engine_options() {
  internal::EngineOptions options;
  options.clock = &clock_;
  options.max_concurrency = static_cast<std::uint32_t>(dice_.pick({1, 2, 64, 64}));
  options.functions["work"] = [this](const Object& args, StepContext& context) { return call("step", args, context); };
  options.functions["act"] = [this](const Object& args, StepContext& context) {
    calls_.push_back({context.idempotency_key, context.run, context.step, "step", context.attempt, context.view().seq()});
    return work(args, context, true);
  };
  options.functions["further"] = [this](const Object& args, StepContext& context) {
    StepOutcome outcome = call("step", args, context);
    if (outcome.kind != StepOutcome::Kind::kDone) return outcome;
    return StepOutcome::further(tail_, {{"n", *args.find("n")}});
  };
  options.functions["undo"] = [this](const Object& args, StepContext& context) { return call("undo", args, context); };
  options.functions["clean"] = [this](const Object& args, StepContext& context) { return call("clean", args, context); };
  return options;
}

// ---- Lives

void World::begin_life() {
  life_ = std::make_unique<Life>(*store_, clock_, dice_, engine_options());
  const Status recovered = life_->engine.recover();
  note(recovered, "taking up");
  if (on_disk_) disk_->power_loss_after(10 + dice_.below(dice_.chance(15) ? 2500 : 250));
}

void World::end_life() {
  if (life_ == nullptr) return;
  for (const auto& [id, number] : life_->loop.refusals()) coverage_.faults["refused: " + std::string(info_of(id).name)] += number;
  acknowledged_ = std::max(acknowledged_, life_->loop.acknowledged());
  ++coverage_.crashes;
  if (life_->loop.has_answers()) count("a runner ends between a write and its answer");
  if (life_->loop.has_calls()) count("a runner ends with calls under way");
  life_.reset();
}

void World::lose_power() {
  using testing_support::PowerLoss;
  end_life();
  store_.reset();
  seen_.clear();
  const PowerLoss mode = dice_.pick({PowerLoss::kDropUnsynced, PowerLoss::kTorn, PowerLoss::kReordered});
  count(mode == PowerLoss::kDropUnsynced ? "power loss, unsynced bytes dropped"
        : mode == PowerLoss::kTorn       ? "power loss, torn writes"
                                         : "power loss, writes in another order");
  disk_->power_loss(dice_.below(1'000'000), mode);
}

std::vector<std::string> World::run(std::size_t runs) {
  const Time begin = clock_.now();
  left_ = runs;
  for (std::uint64_t turns = 0; problems_.empty() && !over_; ++turns) {
    turn();
    if (turns > kTurnsMax) problems_.push_back("the runs do not come to an end");
  }
  if (on_disk_) disk_->power_loss_after(~std::uint64_t{0});
  coverage_.hours = static_cast<double>(clock_.now().micros - begin.micros) / static_cast<double>(kHour);
  if (store_ != nullptr) conclude();
  return problems_;
}

// One thing that happens.
void World::turn() {
  if (store_ == nullptr && !open()) {
    if (problems_.empty()) lose_power();
    return;
  }
  if (life_ == nullptr) begin_life();
  if (left_ > 0 && open_runs_.size() <= kOpenRunsMax && dice_.below(60) == 0) start_run();
  if (dice_.below(500) == 0) meddle();
  if (!in_trouble_.empty() && dice_.below(150) == 0) steer();
  const std::int64_t patience = idle_ == 0 ? kHour / 6 : 48 * kHour;
  const bool works = life_->loop.step(life_->engine, Time{clock_.now().micros + patience});
  if (on_disk_ && disk_->is_frozen()) return lose_power();
  note(life_->engine.summary().failure, "the engine");
  if (!works) return rest();
  if (!on_disk_ && dice_.below(900) == 0) end_life();
}

// Nothing goes on by itself for a while.
void World::rest() {
  if (left_ > 0) {
    if (open_runs_.size() > kOpenRunsMax || dice_.chance(5)) answer_those_who_wait();
    return start_run();
  }
  over_ = all_have_ended();
  if (over_) return;
  idle_ = answer_those_who_wait() ? 0 : idle_ + 1;
  if (idle_ > 3) problems_.push_back("run " + *open_runs_.begin() + " does not come to an end");
}

void World::conclude() {
  const Check check(*store_, workflows_, calls_);
  problems_.insert(problems_.end(), check.problems().begin(), check.problems().end());
  trace_ = check.trace();
  std::uint64_t hooked = 0;
  for (const auto& [id, journal] : check.journals()) {
    workflow_of_[id] = journal.workflow().name;
    coverage_.hops += journal.hops();
    for (const auto& [name, number] : journal.pulses()) coverage_.pulses[name] += number;
    if (journal.workflow().name == "hooked") ++hooked;
  }
  coverage_.runs = started_.size();
  coverage_.children = check.journals().size() - started_.size();
  if (hooked != check.flares()) {
    problems_.push_back(std::to_string(check.flares()) + " events started " + std::to_string(hooked) + " runs");
  }
  for (const std::string& id : started_) {
    if (!check.journals().contains(id)) problems_.push_back("run " + id + " is lost");
  }
}

std::string World::story(const std::string& problem) const {
  const std::size_t begin = std::string("run ").size();
  const std::string id = problem.starts_with("run ") ? problem.substr(begin, problem.find_first_of(": ", begin) - begin) : "";
  const auto workflow = workflow_of_.find(id);
  if (workflow == workflow_of_.end()) return "";
  std::string story = workflows_.at(workflow->second).toml;
  std::istringstream lines(trace_);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" " + id + " ") != std::string::npos) story += line + "\n";
  }
  return story;
}

// ---- People

// Where the power goes meanwhile, nobody knows whether it was started.
void World::start_run() {
  --left_;
  const std::string id = "r-" + std::to_string(left_);
  RunStart how{.id = id, .input = {{"n", dice_.between(0, 9)}}, .options = {.actor = "ada"}};
  how.max_concurrency = static_cast<std::uint32_t>(dice_.pick({0, 1, 2, 5}));
  if (dice_.chance(8)) how.hops = static_cast<std::uint8_t>(dice_.between(1, 6));
  const Result<std::string> started = forge::start_run(*store_, dice_.pick(names_), how);
  if (!started.ok()) return note(started.status(), "starting");
  open_runs_.insert(id);
  started_.insert(id);
}

void World::meddle() {
  const std::string cell = "c-" + std::to_string(dice_.below(kCells));
  if (dice_.chance(30)) {
    static_cast<void>(store_->act("Cell.note", {{"id", cell}, {"memo", "outside"}}).ok());
  } else if (dice_.chance(10)) {
    static_cast<void>(store_->act("Cell.flare", {{"id", cell}, {"memo", "outside"}}).ok());
  } else {
    tell_somebody();
  }
}

void World::tell_somebody() {
  if (open_runs_.empty()) return;
  auto who = open_runs_.begin();
  std::advance(who, dice_.below(open_runs_.size()));
  const std::string id = *who;
  const std::uint64_t what = dice_.below(100);
  Status told;
  if (what < 8) {
    told = tell_run(*store_, id, RunTelling::kCancel, {.actor = "ada"});
  } else if (what < 14) {
    told = tell_run(*store_, id, RunTelling::kTerminate, {.actor = "ada"});
  } else if (what < 30) {
    told = tell_run(*store_, id, RunTelling::kPause, {.actor = "ada"});
    if (told.ok()) count("a run is paused");
  } else if (what < 38) {
    told = tell_run(*store_, id, RunTelling::kResume, {.actor = "ada"});
  } else {
    told = send_signal(*store_, "go", id, dice_.between(0, 5), {.options = {.actor = "ada"}});
    if (told.ok()) count("a signal that may reach nobody");
  }
  if (told.id() == ErrorId::kRunEnded) {
    open_runs_.erase(id);
  } else if (told.id() != ErrorId::kStepWaitsNot) {  // it has not halted, or was told so already
    note(told, "telling");
  }
}

// What backs off is tried at once, or an undo is let be.
void World::steer() {
  const std::string id = std::exchange(in_trouble_, {});
  const Result<RunDetail> detail = run_detail(store_->view(), id);
  if (detail.status().id() == ErrorId::kRunNotFound) return;  // it went with the power
  if (!detail.ok()) return note(detail.status(), "looking at " + id);
  for (const OpenStep& open : detail->open) {
    if (open.state != "backing off") continue;
    const bool lets_be = dice_.chance(50);
    const Status told =
        lets_be ? waive_undo(*store_, id, open.step, {.actor = "ada"}) : retry_step(*store_, id, open.step, {.actor = "ada"});
    const bool is_no_undo = lets_be && told.id() == ErrorId::kStepWaitsNot;
    return is_no_undo ? void() : note(told, "steering");
  }
}

bool World::all_have_ended() {
  std::erase_if(open_runs_, [this](const std::string& id) {
    const Result<RunInfo> info = run_info(store_->view(), id);
    return info.ok() && info->has_ended();
  });
  if (!open_runs_.empty()) return false;
  for (const char* status : {"running", "halted"}) {
    const Result<std::vector<RunInfo>> open = runs(store_->view(), status);
    note(open.status(), "listing");
    for (const RunInfo& info : open.ok() ? *open : std::vector<RunInfo>()) open_runs_.insert(info.id);
  }
  return open_runs_.empty();
}

// Nothing goes on by itself: people resume, approve and signal. False where nobody was waiting.
bool World::answer_those_who_wait() {
  bool answered = false;
  for (const std::string& id : std::set<std::string>(open_runs_)) {
    const Result<RunInfo> info = run_info(store_->view(), id);
    if (!info.ok()) return note(info.status(), "looking at " + id), false;
    if (info->has_ended()) {
      open_runs_.erase(id);
      continue;
    }
    if (info->status == "halted") {
      note(tell_run(*store_, id, RunTelling::kResume, {.actor = "ada"}), "resuming");
      answered = true;
    }
    if (std::exchange(seen_[id], info->seq) == info->seq) continue;  // nobody could be helped, and nothing has happened since
    const Result<RunDetail> detail = run_detail(store_->view(), id);
    if (!detail.ok()) return note(detail.status(), "looking at " + id), false;
    bool helped = false;
    for (const OpenStep& open : detail->open) {
      const bool child = open.waits_for.starts_with(id + "/") && open_runs_.insert(open.waits_for).second;
      answered = answered || child;
      if (open.state != "waiting") continue;
      if (open.waits_for.starts_with("go/")) {
        note(send_signal(*store_, "go", open.waits_for.substr(3), dice_.between(0, 5), {.options = {.actor = "ada"}}),
             "signalling");
        helped = true;
      } else if (!open.waits_for.starts_with("Cell.")) {
        const Status told = approve_step(*store_, id, open.step, dice_.chance(70), {.actor = "ada"});
        note(told, "approving");
        helped = true;
      }
    }
    if (helped) seen_.erase(id);
    answered = answered || helped;
  }
  return answered;
}

}  // namespace forge::saga
