// Steps that wait for an event. A wait holds for events after the one by which it began, so what came meanwhile is looked up in the
// log when it is taken up, and the rest is seen as it comes: the same event ends it, however often the runner ended in between.

#include "hook_scope.h"
#include "run_engine.h"
#include "run_scope.h"

namespace forge::internal {
namespace {

// Errors: those of the condition, but for a path that leads nowhere: events of one type may have different changes.
Result<bool> fits_wait(const RunFold& fold, const HopId& hop, const Value& event) {
  RunScope scope(fold.plan(), fold.state(), hop.frame, fold.state().frames.at(hop.frame).hops, &fold.results());
  scope.set_event(event);
  Result<bool> holds = fold.plan().steps[hop.step].body.conditions.at(0).holds(scope);
  if (holds.status().id() == ErrorId::kPathMissing) return false;
  return holds;
}

}  // namespace

void RunEngine::await_event(LiveRun& live, const OpenCommand& open, const fb::WaitStepT& wait, const Value& given) {
  std::string key;
  if (!given.is_null()) {
    Result<std::string> text = key_text(given);
    if (!text.ok()) return park(live, text.status());
    key = *std::move(text);
  }
  const HopId hop = open.command.hop;
  event_waits_[wait.event][key].insert({live.run.head.id, hop});
  live.event_waits.insert({wait.event, key});
  const std::size_t dot = wait.event.rfind('.');
  const bool one_record = !key.empty() && dot != std::string::npos && wait.event.find('*') >= dot;
  LogQuery query{.type = wait.event, .from = open.since + 1};
  if (one_record) query.resource = wait.event.substr(0, dot), query.key = key;
  const std::string id = live.run.head.id;
  const Status read = store_.view().log(query, [&](const Event& event) { return !take_awaited(id, hop, key, event); });
  if (!read.ok()) park(live, read);
}

// Whether it ends the wait.
bool RunEngine::take_awaited(const std::string& id, const HopId& hop, const std::string& key, const Event& event) {
  LiveRun* live = find(id);
  if (live == nullptr || live->parked || live->run.fold == nullptr) return false;
  const auto& waits = live->run.fold->waits();
  const auto open = waits.find(hop);
  if (open == waits.end() || event.seq <= open->second.since || (!key.empty() && event.key != key)) return false;
  const fb::WaitStepT* wait = live->run.fold->plan().steps[hop.step].declared->body.AsWaitStep();
  if (wait == nullptr || !is_for(wait->event, event) || live->run.fold->is_overdue(hop, event.recorded_at)) return false;
  Value value(event.to_object());
  const Result<bool> fits = fits_wait(*live->run.fold, hop, value);
  const Status read = live->run.fold->results().let_go();
  if (!read.ok()) return park(*live, read), false;
  if (!fits.ok() && options_.log) {
    options_.log(LogLevel::kWarning, "run " + id + " cannot tell whether it waits for event " + std::to_string(event.seq) + ": " +
                                         fits.status().message());
  }
  if (!fits.ok() || !*fits) return false;
  forget_event_wait(wait->event, key, {id, hop});
  Fact fact;
  fact.kind = Fact::Kind::kSignalled;
  fact.hop = hop;
  fact.value = std::move(value);
  add(*live, {.fact = std::move(fact), .causation = event.seq});
  return true;
}

void RunEngine::take_waited_event(const Event& event) {
  std::vector<std::pair<std::string, std::pair<std::string, HopId>>> waiting;  // by key
  for (const auto& [pattern, keys] : event_waits_) {
    if (!is_for(pattern, event)) continue;
    for (const std::string& key : {std::string(), event.key}) {
      const auto found = keys.find(key);
      if (found == keys.end()) continue;
      for (const auto& one : found->second) waiting.emplace_back(key, one);
      if (event.key.empty()) break;
    }
  }
  for (const auto& [key, one] : waiting) {
    take_awaited(one.first, one.second, key, event);
    settle(one.first);
  }
}

void RunEngine::forget_event_wait(const std::string& pattern, const std::string& key, const std::pair<std::string, HopId>& wait) {
  const auto keys = event_waits_.find(pattern);
  if (keys == event_waits_.end()) return;
  const auto waiting = keys->second.find(key);
  if (waiting == keys->second.end()) return;
  waiting->second.erase(wait);
  if (waiting->second.empty()) keys->second.erase(waiting);
  if (keys->second.empty()) event_waits_.erase(keys);
}

// All waits of a run that has ended.
void RunEngine::forget_event_waits(const LiveRun& live) {
  for (const auto& [pattern, key] : live.event_waits) {
    const auto keys = event_waits_.find(pattern);
    if (keys == event_waits_.end()) continue;
    const auto waiting = keys->second.find(key);
    if (waiting == keys->second.end()) continue;
    std::erase_if(waiting->second, [&](const auto& one) { return one.first == live.run.head.id; });
    if (waiting->second.empty()) keys->second.erase(waiting);
    if (keys->second.empty()) event_waits_.erase(keys);
  }
}

}  // namespace forge::internal
