#include "run_engine.h"

#include <algorithm>

#include "commit_errors.h"
#include "forge/events/json.h"

namespace forge::internal {
namespace {

constexpr std::size_t kEventsATurn = 512;
constexpr std::size_t kRunsATurn = 64;

}  // namespace

RunEngine::RunEngine(Store& store, RunLoop& loop, EngineOptions options, std::function<void()> changed,
                     std::function<void(const std::string& run)> rested)
    : store_(store),
      loop_(loop),
      options_(std::move(options)),
      changed_(std::move(changed)),
      rested_(std::move(rested)),
      middleware_(options_.middleware, options_.log) {
  const HttpOptions& http = options_.http;
  if (http.transport == nullptr) return;
  http_ = std::make_unique<HttpSteps>(loop_, *options_.clock, http.transport, http.allow_hosts, http.response_bytes_max,
                                      options_.log, [this](Time due) { add_timer(due, {.kind = Due::kRequests}); });
}

// ---- Taking up

// Runs that were started up to here are taken up in portions, as of when their turn comes; what comes after that comes as events.
Status RunEngine::recover() {
  const View view = store_.view();
  recovered_ = seen_ = view.seq();
  FORGE_TRY(read_hooks(view));
  if (!hooks_.empty()) seen_ = std::min(hooks_seen_, seen_);
  recovering_ = RecoveringFrom{.status = "running", .after = {}};
  return recover_some();
}

// As many as one turn takes. Errors: those of reading; a run that is damaged stands still.
Status RunEngine::recover_some() {
  if (stopped_) return {};
  const View view = store_.view();
  recovered_to_ = view.seq();
  for (std::size_t left = kRunsATurn; left > 0;) {
    std::vector<std::string> ids;
    const ListQuery query{
        .resource = "_run", .where = "status = '" + recovering_->status + "'", .after_key = recovering_->after, .limit = left};
    FORGE_TRY(view.list(query, [&ids](const Record& run) { return ids.push_back(run.key()), true; }));
    for (const std::string& id : ids) {
      if (runs_.contains(id)) continue;  // as a child of another
      Status taken = take_up(view, id, true);
      if (is_of_store(taken)) return taken;
    }
    const bool all = ids.size() < left;
    left -= ids.size();
    if (!all) {
      recovering_->after = ids.back();
    } else if (recovering_->status == "running") {
      recovering_ = RecoveringFrom{.status = "halted", .after = {}};
    } else {
      return end_recovery();
    }
  }
  loop_.post([this] {
    const Status read = recover_some();
    if (!read.ok()) fail(read);
  });
  return {};
}

// Children whose parents have ended without them are known as such now.
Status RunEngine::end_recovery() {
  recovering_.reset();
  std::vector<std::string> known;
  for (const auto& [id, live] : runs_) known.push_back(id);
  for (const std::string& id : known) settle(id);
  changed_();
  return {};
}

// A run that cannot be read stands still, and the others go on. Of one that has begun since, middleware is told. Errors: those of
// reading it.
Status RunEngine::take_up(const View& view, const std::string& id, bool may_be_new) {
  struct Told {
    Fact fact;
    std::string path;
    std::vector<Command> commands;
    Seq seq;
  };
  std::vector<Told> told;
  bool began = false;  // since this runner was opened
  const auto note = [&](const Fact& fact, const std::string& path, const std::vector<Command>& commands, const Event& event) {
    if (event.version == 1) began = event.seq > recovered_;
    if (began) told.push_back({fact, path, commands, event.seq});
  };
  const bool tells = may_be_new && !middleware_.is_empty();
  Result<ReadRun> read = read_run(view, id, definitions_, options_.run, tells ? RunFold::Visitor(note) : RunFold::Visitor());
  if (!read.ok()) {
    LiveRun& live = runs_[id];
    if (Result<JournalHead> head = read_head(view, id); head.ok()) live.run.head = *std::move(head);
    live.run.head.id = id;
    live.parked_noted = live.run.head.parked;
    park(live, read.status());
    return read.status();
  }
  for (const Told& one : told) tell(read->head, one.fact, one.path, one.commands, one.seq, {});
  adopt(*std::move(read));
  return {};
}

void RunEngine::adopt(ReadRun run) {
  LiveRun& live = runs_[run.head.id];
  live.run = std::move(run);
  live.newest = live.run.version;
  live.parked_noted = live.run.head.parked;
  const std::string parent = live.run.fold->state().parent;
  begin(live);
  settle(parent);  // which now waits for somebody who is at work
}

// What is open is carried out.
void RunEngine::begin(LiveRun& live) {
  const std::string id = live.run.head.id;
  live.beginning = true;
  for (const auto& [timer, open] : live.run.fold->timers()) {
    add_timer(open.command.at, {.run = id, .hop = timer.first, .timer = timer.second});
  }
  const auto waits = live.run.fold->waits();
  for (const auto& [hop, open] : waits) await(live, open);
  const auto work = live.run.fold->work();
  for (const auto& [hop, open] : work) {
    if (live.run.fold->work(hop) != nullptr) start_work(live, open);
  }
  live.beginning = false;
  commit_next(live);
  settle(id);
}

// Somebody else has written to the journal.
void RunEngine::read_on(LiveRun& live) {
  const auto since = live.run.seq;
  const Status read = forge::internal::read_on(store_.view(), live.run, teller(live));
  if (!read.ok()) return park(live, read);
  live.newest = std::max(live.newest, live.run.version);
  const std::string id = live.run.head.id;
  const RunFold& fold = *live.run.fold;
  for (const auto& [timer, open] : fold.timers()) {
    if (open.since > since) add_timer(open.command.at, {.run = id, .hop = timer.first, .timer = timer.second});
  }
  const auto waits = fold.waits();
  for (const auto& [hop, open] : waits) {
    if (open.since > since) await(live, open);
  }
  const auto work = fold.work();
  for (const auto& [hop, open] : work) {
    if (open.since > since && fold.work(hop) != nullptr) start_work(live, open);
  }
  const auto attempts = live.attempts;
  const bool unwinds = fold.state().phase >= RunPhase::kFailing;
  for (const auto& [hop, attempt] : attempts) {
    if (unwinds || fold.work(hop) == nullptr) stop_hop(live, hop);
  }
}

void RunEngine::take_commands(LiveRun& live, const std::vector<Command>& commands) {
  const std::string id = live.run.head.id;
  const Seq seq = live.run.seq;
  for (const Command& command : commands) {
    switch (command.kind) {
      case Command::Kind::kExecute:
      case Command::Kind::kFetch:
      case Command::Kind::kCompensate:
      case Command::Kind::kUndo:
        start_work(live, {command, seq});
        break;
      case Command::Kind::kStop:
        stop_hop(live, command.hop);
        break;
      case Command::Kind::kTimer:
        add_timer(command.at, {.run = id, .hop = command.hop, .timer = command.timer});
        break;
      case Command::Kind::kAwait:
        await(live, {command, seq});
        break;
      case Command::Kind::kDebug:
        if (options_.log) options_.log(LogLevel::kInfo, "run " + id + ": " + to_json(command.value));
        break;
      default:
        break;
    }
  }
}

void RunEngine::tell_rest(const std::string& id) const {
  if (rested_) rested_(id);
}

// Holds a run against its parent and its children, lets it go where it has ended, and keeps count of those that can go on by
// themselves.
void RunEngine::settle(const std::string& id) {
  LiveRun* live = find(id);
  if (live == nullptr) return;
  std::set<std::string> touched{attend(*live)};
  for (const std::string& child : live->children) {
    if (LiveRun* found = find(child)) touched.insert(attend(*found));
  }
  const bool ended = live->run.fold != nullptr && live->run.fold->state().phase == RunPhase::kEnded;
  const bool over = ended && live->run.fold->records().empty() && !live->committing && live->entries.empty();
  const bool busy = !over && is_busy(*live);
  const bool rests = ended || (live->run.fold != nullptr && live->run.fold->state().phase == RunPhase::kHalted);
  if (busy != live->busy) busy_ += busy ? 1 : -1;
  live->busy = busy;
  if (over) {
    if (LiveRun* parent = find(live->run.fold->state().parent)) parent->children.erase(id);
    for (const std::string& signal : live->signals) {
      const auto waiting = waiting_.find(signal);
      if (waiting == waiting_.end()) continue;
      std::erase_if(waiting->second, [&id](const auto& one) { return one.first == id; });
      if (waiting->second.empty()) waiting_.erase(waiting);
    }
    forget_event_waits(*live);
    runs_.erase(id);
  }
  for (const std::string& other : touched) {
    if (other != id) settle(other);
  }
  changed_();
  if (rests) tell_rest(id);
}

RunEngine::LiveRun* RunEngine::find(const std::string& id) {
  const auto found = runs_.find(id);
  return found == runs_.end() ? nullptr : &found->second;
}

// ---- Events

void RunEngine::read_events() {
  if (stopped_ || seen_ >= store_.head()) return;
  const View view = store_.view();
  const Status read =
      view.log({.from = seen_ + 1, .limit = kEventsATurn}, [this](const Event& event) { return take_event(event), true; });
  if (!read.ok()) return fail(read);
  if (seen_ < view.seq()) loop_.post([this] { read_events(); });
  changed_();
}

void RunEngine::take_event(const Event& event) {
  seen_ = event.seq;
  if (event.seq > recovered_) {
    if (event.resource == "_run") {
      take_run_event(event);
    } else if (event.resource == "_signal") {
      take_signal_event(event);
    } else if (event.resource == "_workflow") {
      take_workflow_event(event);
    } else if (event.resource == "_schema") {
      unpark(ErrorId::kUnknownAction);
      unpark(ErrorId::kUnknownResource);
    }
  }
  if (!event_waits_.empty()) take_waited_event(event);
  take_hook_event(event);
}

// A run that ended in the transaction that started it: nobody has to go on with it.
bool RunEngine::is_over(const std::string& id) const {
  const Result<RunInfo> run = run_info(store_.view(), id);
  return run.ok() && run->has_ended();
}

// What this engine wrote itself is folded already, or will be with the answer to what it is committing.
void RunEngine::take_run_event(const Event& event) {
  if (event.action == "_run.end" && options_.ended) options_.ended(event.key);
  if (const Value* status = event.changes.find("status"); status != nullptr && *status != Value("running")) tell_rest(event.key);
  LiveRun* live = find(event.key);
  if (live == nullptr) {
    // One that was told something while runs were taken up may have stood in neither list when its turn came.
    const bool may_be_missed = event.action == "_run.tell" && (recovering_ || event.seq <= recovered_to_);
    if (event.version != 1 && event.action != "_run.reopen" && !may_be_missed) return;
    if (event.version == 1 && event.count > 1 && middleware_.is_empty() && is_over(event.key)) return;
    // One that cannot be read stands still, and has said so.
    static_cast<void>(take_up(store_.view(), event.key, event.version == 1));
    return;
  }
  if (event.action == "_run.end" && live->run.fold == nullptr) return forget_unread(event.key);
  live->newest = std::max(live->newest, event.version);
  // Somebody may have ended it, or told it not to wait for what is missing.
  if (live->parked && event.action == "_run.tell") return go_on(event.key);
  if (live->committing || live->parked || live->newest <= live->run.version) return;
  read_on(*live);
  if (LiveRun* still = find(event.key)) commit_next(*still);
  settle(event.key);
}

// What a transaction of that run wrote itself need not be read back where it follows what was looked at, and concerns nobody else.
void RunEngine::pass_over(const std::string& id, const TransactionReceipt& written) {
  const bool concerns_others =
      !hooks_.empty() || !event_waits_.empty() ||
      std::any_of(written.actions.begin(), written.actions.end(), [&id](const ActionReceipt& one) {
        return one.resource == "_run" ? one.key != id : one.resource == "_signal" || one.resource == "_workflow";
      });
  if (concerns_others || written.replayed || written.first_seq != seen_ + 1) return;
  seen_ = written.last_seq;
  if (options_.ended && written.actions.back().type == "_run.ended") options_.ended(id);
}

// One that could not be read was ended by somebody. Its children and its parent learn that it has.
void RunEngine::forget_unread(const std::string& id) {
  LiveRun* live = find(id);
  if (live == nullptr) return;
  if (live->busy) --busy_;
  parked_.erase(id);
  runs_.erase(id);
  std::vector<std::string> children;
  for (const auto& [other, run] : runs_) {
    if (run.run.fold != nullptr && run.run.fold->state().parent == id) children.push_back(other);
  }
  for (const std::string& child : children) settle(child);
  if (const Result<std::string> parent = parent_of_run(store_.view(), id); parent.ok()) go_on(*parent);
  changed_();
  tell_rest(id);
}

// ---- Timers

void RunEngine::add_timer(Time due, Timer timer) {
  const bool first = timers_.empty() || due < timers_.begin()->first;
  timers_.emplace(due, std::move(timer));
  if (first) loop_.wake_at(due);
}

void RunEngine::tick() {
  if (stopped_) return;
  const Time now = options_.clock->now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const Timer timer = timers_.begin()->second;
    timers_.erase(timers_.begin());
    fire(timer);
  }
  if (!timers_.empty()) loop_.wake_at(timers_.begin()->first);
}

void RunEngine::fire(const Timer& timer) {
  if (timer.kind == Due::kStartAgain) return start_hooked();
  if (timer.kind == Due::kRequests) return http_->tick();
  if (timer.kind == Due::kSchedule) return start_due(timer.run);
  LiveRun* live = find(timer.run);
  if (live == nullptr) return;
  if (timer.kind == Due::kCommitAgain) {
    commit_next(*live);
    return settle(timer.run);
  }
  if (live->parked || live->run.fold == nullptr) return;
  const auto attempt = live->attempts.find(timer.hop);
  const bool runs = attempt != live->attempts.end() && attempt->second->number == timer.attempt;
  if (timer.kind == Due::kWorkAgain) {
    if (const OpenCommand* open = live->run.fold->work(timer.hop)) start_work(*live, *open);
  } else if (timer.kind == Due::kFact) {
    // It may be the timer of an earlier wait, and another one open since.
    const auto open = live->run.fold->timers().find({timer.hop, timer.timer});
    if (open == live->run.fold->timers().end() || open->second.command.at > options_.clock->now()) return;
    Fact fact;
    fact.kind = Fact::Kind::kTimer;
    fact.hop = timer.hop;
    fact.timer = timer.timer;
    add(*live, {.fact = std::move(fact), .due = open->second.command.at});
  } else if (runs && timer.kind == Due::kAttemptTimeout && attempt->second->is_program) {
    // The next attempt begins when what this one began has ended.
    attempt->second->late = true;
    stop_hop(*live, timer.hop);
  } else if (runs) {
    // It is asked to stop, and its result no longer counts.
    const std::shared_ptr<Attempt> abandoned = attempt->second;
    abandon(*abandoned);
    live->attempts.erase(attempt);
    const OpenCommand* open = live->run.fold->work(timer.hop);
    if (open == nullptr) return;
    const Work work = work_of(live->run.fold->plan(), *open);
    if (timer.kind == Due::kAttemptTimeout || abandoned->late) {
      answer(*live, work, {.outcome = StepOutcome::failed("timeout", "it took longer than its timeout")});
    } else {
      answer(*live, work, {.outcome = StepOutcome::failed("stopped", "it was told to stop, and did not in time")});
    }
  }
  settle(timer.run);
}

// It is asked to stop, and its result no longer counts. Code that does not return holds its thread, so there is another one in its
// place; how many may do so is bounded (see call).
void RunEngine::abandon(Attempt& attempt) {
  attempt.stop.request_stop();
  attempt.abandoned = true;
  if (!attempt.runs || attempt.counts) return;
  attempt.counts = true;
  ++abandoned_;
  loop_.provide_threads(abandoned_);
}

// ---- Ending

void RunEngine::stop() {
  stopped_ = true;
  for (auto& [id, live] : runs_) {
    for (const auto& [hop, attempt] : live.attempts) attempt->stop.request_stop();
  }
  if (http_ != nullptr) http_->stop();
  note_hooks_seen();
}

void RunEngine::wait_for_requests() const {
  if (http_ != nullptr) http_->wait_for_transport();
}

std::size_t RunEngine::result_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, live] : runs_) {
    if (live.run.fold != nullptr) bytes += forge::internal::result_bytes(live.run.fold->state());
  }
  return bytes;
}

EngineSummary RunEngine::summary() const {
  EngineSummary summary;
  summary.idle = !recovering_ && busy_ == 0 && hooked_.empty() && !starting_ && schedules_starting_ == 0;
  summary.seen = seen_;
  summary.failure = failure_;
  summary.parked = parked_;
  if (http_ != nullptr) summary.hosts = http_->hosts();
  return summary;
}

}  // namespace forge::internal
