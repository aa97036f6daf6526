#include "saga_check.h"

#include <algorithm>

#include "forge/events/json.h"
#include "journal.h"

namespace forge::saga {
namespace {

constexpr std::uint32_t kUndoAttempts = 5;

std::string text_at(const Object& object, const char* name) {
  const Value* value = object.find(name);
  return value != nullptr && value->if_text() != nullptr ? *value->if_text() : std::string();
}

std::int64_t int_at(const Object& object, const char* name, std::int64_t otherwise) {
  const Value* value = object.find(name);
  return value != nullptr && value->if_int() != nullptr ? *value->if_int() : otherwise;
}

internal::Fact fact_in(const Event& event) {
  const Value* bytes = event.arguments.find("fact");
  if (bytes == nullptr || bytes->if_bytes() == nullptr) return {};
  return internal::decode_fact(*bytes->if_bytes()).value();
}

// That the step of the event passed on; less than 0: nobody says.
std::int64_t hops_of(const Event& event) {
  return event.hops_left ? std::int64_t{*event.hops_left} : -1;
}

}  // namespace

// ---- A run's events

void Journal::wrong(const std::string& what) const {
  problems_.push_back("run " + id_ + ": " + what);
}

void Journal::take(const Event& event, const std::vector<const Event*>& effects) {
  if (event.recorded_at < last_) wrong("time goes back at event " + std::to_string(event.seq));
  last_ = event.recorded_at;
  const std::string path = text_at(event.arguments, "step");
  if (!path.empty() && step_at(workflow_, path) == nullptr) return wrong("there is no step " + path);
  const bool over = !ends_.empty() && !unwound_;
  const bool unwinds = event.action == "_run.advance" && text_at(event.arguments, "pulse") == "unwind";
  if (over && !unwinds) return wrong("event " + std::to_string(event.seq) + " comes after the end");
  if (event.action != "_run.tell" && event.arguments.find("fact") != nullptr) decided_ = event.recorded_at;
  if (event.action == "_run.start") return start(event);
  if (event.action == "_run.note") return note(event);
  if (event.action == "_run.end") return end(event);
  if (event.action == "_run.expire") return ++pulses_["ttl_expired"], fail(path);
  if (event.action == "_run.halt") return void(++pulses_["halted"]);
  advance(event, effects);
}

void Journal::start(const Event& event) {
  const internal::Fact fact = fact_in(event);
  parent_ = fact.parent;
  hops_given_ = fact.hops;
  const Value* input = fact.value.if_object()->find("input");
  n_ = int_at(*input->if_object(), "n", 0);
}

void Journal::note(const Event& event) {
  const std::string pulse = text_at(event.arguments, "pulse"), path = text_at(event.arguments, "step");
  if (pulse == "failed") return fail(path);
  Done done{.skipped = pulse == "skipped"};
  done.continued =
      pulse == "completed" && failed_.contains(path) && (step(path).kind == Kind::kRun || step(path).kind == Kind::kDynamic);
  const std::int64_t hops = int_at(event.arguments, "hops_left", -1);
  finish(event, path, done, hops);
}

void Journal::advance(const Event& event, const std::vector<const Event*>& effects) {
  const std::string pulse = text_at(event.arguments, "pulse"), path = text_at(event.arguments, "step");
  const internal::Fact fact = fact_in(event);
  ++pulses_[pulse];
  undo_has_failed_ = undo_has_failed_ || fact.undo_failed;
  expect_effects(event, path, pulse, effects);
  if (pulse == "unwind") {
    unwound_ = unwinding_ = true;
  } else if (pulse == "cancel" || pulse == "terminate") {
    told_.insert(pulse);
  } else if (pulse == "timer") {
    timer(event, path);
  } else if (pulse == "signalled" || pulse == "approved" || pulse == "rejected") {
    finish(event, path, {.signalled = count_of(fact.value)}, hops_of(event));
  } else if (pulse == "undone") {
    undone(event, path, effects);
  } else if (pulse == "undo_failed") {
    undo_failed(path);
  } else if (pulse == "waive") {
    waived(path);
  } else if (pulse == "completed" || pulse == "halted" || pulse == "failed" || pulse == "retried") {
    outcome(event, path, pulse, effects);
  }
}

// A child that halts is not done, and is undone where its run does not go on.
void Journal::outcome(const Event& event, const std::string& path, const std::string& pulse,
                      const std::vector<const Event*>& effects) {
  answer(event, path, pulse);
  if (pulse == "halted" && may_be_child(step(path).kind)) {
    halted_children_.insert(path);
    undo_.push_back({.path = path});
  } else if (pulse == "completed" || pulse == "halted") {
    finish(event, path, {.effect = effects.empty() ? 0 : effects[0]->seq}, hops_of(event));
  } else {
    ++pulses_[pulse + " " + text_at(event.arguments, "code")];
    fail(path);
  }
}

// Attempts are counted without a hole, whoever made them, and each is answered once.
void Journal::answer(const Event& event, const std::string& path, const std::string& pulse) {
  const auto attempt = static_cast<std::uint32_t>(int_at(event.arguments, "attempt", 0));
  std::uint32_t& last = answered_[path];
  const bool goes_on = halted_children_.erase(path) > 0;
  if (goes_on) forget(path);
  if (attempt == 0) return;  // a map's items could not be read
  if (attempt != last + (goes_on ? 0 : 1))
    wrong(path + " answers attempt " + std::to_string(attempt) + " after " + std::to_string(last));
  last = attempt;
  const std::uint32_t most = step(path).attempts + step(path).clauses;
  if (attempt > most) wrong(path + " was tried " + std::to_string(attempt) + " times");
  if (pulse == "completed" && step(path).kind == Kind::kChild) {
    const Journal* child = child_of(path);
    if (child == nullptr || child->ends_.empty() || child->ends_[0] != "completed" || child->ended_ > event.seq) {
      wrong(path + " is done without its child");
    }
  }
}

void Journal::finish(const Event& event, const std::string& path, Done done, std::int64_t hops) {
  done.seq = event.seq;
  done.at = event.action == "_run.note" ? decided_ : event.recorded_at;
  const Step& of = step(path);
  bool whole = hops >= 0;
  if (done_.contains(path)) return wrong(path + " is done twice");
  if (unwinding_) wrong(path + " is done after undoing began");
  if (done.skipped && !of.skips) wrong(path + " is skipped");
  const std::optional<Place> place = place_of(workflow_, path);
  const std::string frame = frame_of(path);
  const std::string prefix = frame.empty() ? "" : frame + ".";
  for (const std::size_t before : of.after) {
    const std::string needed = prefix + (*place->block)[before].name;
    if (done_.contains(needed)) continue;
    // What people tell a run comes before the notes that it has not written yet.
    if (event.action != "_run.tell") wrong(path + " is done before what it waits for");
    owed_.insert(needed);
    whole = false;
  }
  const bool told = event.action != "_run.note";
  done_.emplace(path, done);
  if (!done.skipped) ++hops_;
  if (whole) {
    if (!done.skipped && received(path) < 1) wrong(path + " received no hops and is done");
    const std::int64_t expected = told ? received(path) - 1 : passed(path);
    if (hops != expected) wrong(path + " passes on " + std::to_string(hops) + " hops, not " + std::to_string(expected));
  }
  if (of.kind == Kind::kSleep && !done.skipped && timers_[path] != 1)
    wrong(path + " was woken " + std::to_string(timers_[path]) + " times");
  if (done.skipped) return;
  const bool around = !frame.empty() && step(owner_of(frame)).kind == Kind::kAround;
  if (around && of.name == "commit") forget(frame);
  if (of.undo != Undo::kNone || may_be_child(of.kind)) undo_.push_back({.path = path, .effect = done.effect});
  if (around && of.name == "begin") undo_.push_back({.path = frame, .aborts = true});
}

void Journal::fail(const std::string& path) {
  failed_.insert(path);
  if (!path.empty()) ++failures_[path];
}

void Journal::timer(const Event& event, const std::string& path) {
  if (path.empty()) {
    deadline_passed_ = true;
    return;
  }
  const std::uint32_t fired = ++timers_[path];
  const Step& of = step(path);
  const bool limited = of.has_deadline || of.kind == Kind::kWait || of.kind == Kind::kWaitEvent || of.kind == Kind::kSleep;
  if (fired > failures_[path] + undo_failures_[path] + (limited ? 1U : 0U)) wrong(path + " is woken without a reason");
  if (of.kind != Kind::kSleep || done_.contains(path)) return;
  const std::optional<Place> place = place_of(workflow_, path);
  const std::string prefix = frame_of(path).empty() ? "" : frame_of(path) + ".";
  for (const std::size_t before : of.after) {
    const auto found = done_.find(prefix + (*place->block)[before].name);
    if (found == done_.end()) return wrong(path + " slept before what it waits for");
    if (event.recorded_at.micros < found->second.at.micros + of.number * 1000) wrong(path + " woke too early");
  }
}

// ---- Effects

void Journal::expect_effects(const Event& event, const std::string& path, const std::string& pulse,
                             const std::vector<const Event*>& effects) const {
  std::string expected;
  const Step* of = path.empty() ? nullptr : &step(path);
  if (of != nullptr && pulse == "completed") {
    expected = of->kind == Kind::kAdd           ? (of->name == "mend" ? "Cell.mended" : "Cell.added")
               : of->kind == Kind::kTransaction ? (of->adds_again ? "Cell.added, Cell.added" : "Cell.added")
               : of->kind == Kind::kDraw        ? "Well.drawn"
               : of->kind == Kind::kSignal      ? "_signal.sent"
                                                : "";
  } else if (of != nullptr && pulse == "undone" && of->undo == Undo::kAction) {
    expected = of->kind == Kind::kAdd ? "Cell.taken" : "Well.filled";
  }
  const bool may_act = of != nullptr && of->kind == Kind::kRun && pulse == "completed";
  std::string found;
  for (const Event* one : effects) found += (found.empty() ? "" : ", ") + one->type;
  if (found != expected && !(may_act && found == "Cell.noted")) {
    wrong("event " + std::to_string(event.seq) + " (" + pulse + " " + path + ") has the effects [" + found + "], not [" + expected +
          "]");
  }
  for (const Event* one : effects) {
    const bool own = text_at(one->arguments, "memo") == id_ || one->type == "_signal.sent";
    if (!own) wrong("event " + std::to_string(one->seq) + " is an effect of another run");
    if (pulse == "completed" && (of->kind == Kind::kAdd || of->kind == Kind::kTransaction) && of->number > 0 &&
        int_at(one->arguments, "by", 0) != of->number) {
      wrong("event " + std::to_string(one->seq) + " counts something else");
    }
  }
}

// ---- Undoing

std::vector<Journal::Entry>::iterator Journal::find_undo(const std::string& path) {
  return std::find_if(undo_.begin(), undo_.end(), [&](const Entry& entry) { return entry.path == path; });
}

void Journal::forget(const std::string& path) {
  const auto found = find_undo(path);
  if (found != undo_.end()) undo_.erase(found);
}

// The items around the path that have failed and may do so alone, the outermost first.
std::vector<std::string> Journal::failed_items_around(const std::string& path) const {
  std::vector<std::string> items;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    const std::string frame = path.substr(0, dot);
    if (!frame.ends_with(']') || !step(owner_of(frame)).fails_alone) continue;
    const auto failed = failed_.lower_bound(frame + ".");
    if (failed != failed_.end() && failed->starts_with(frame + ".")) items.push_back(frame);
  }
  return items;
}

// Whether nothing that was done later inside the frame is still to be undone.
bool Journal::is_newest(const std::string& path, const std::string& frame) const {
  const std::string prefix = frame.empty() ? "" : frame + ".";
  const auto newest =
      std::find_if(undo_.rbegin(), undo_.rend(), [&](const Entry& entry) { return entry.path.starts_with(prefix); });
  return newest != undo_.rend() && newest->path == path;
}

// A run unwinds as a whole, or an item of it alone: either way the last first.
void Journal::undone(const Event& event, const std::string& path, const std::vector<const Event*>& effects) {
  ++undone_;
  const auto found = find_undo(path);
  if (found == undo_.end()) return wrong(path + " is undone, and was not done or is undone twice");
  const std::vector<std::string> items = unwinding_ ? std::vector<std::string>() : failed_items_around(path);
  const bool in_order = is_newest(path, "") ||
                        std::any_of(items.begin(), items.end(), [&](const std::string& item) { return is_newest(path, item); });
  if (!in_order) wrong(path + " is undone before something that was done later");
  if (items.empty()) unwinding_ = true;
  const bool reversed = !effects.empty() && found->effect != 0;
  if (reversed && effects[0]->causation != found->effect)
    wrong("the undo of " + path + " does not name the event that it reverses");
  const Journal* child = may_be_child(step(path).kind) && step(path).undo == Undo::kNone ? child_of(path) : nullptr;
  if (child != nullptr) {
    const bool in_turn = child->ended_ < event.seq && child->ended_ > 0;
    const std::string how = child->ends_.empty() ? "open" : child->ends_.back();
    if (!in_turn || how == "completed") wrong(path + " is undone while its child is " + how);
  }
  undo_.erase(found);
}

void Journal::undo_failed(const std::string& path) {
  if (++undo_failures_[path] % kUndoAttempts != 0) return;
  if (failed_items_around(path).empty()) unwinding_ = true;
  undo_has_failed_ = true;
  forget(path);
}

// What somebody lets be counts as undone.
void Journal::waived(const std::string& path) {
  if (find_undo(path) == undo_.end()) return wrong(path + " need not be undone, and is let be");
  if (failed_items_around(path).empty()) unwinding_ = true;
  ++undone_;
  waived_.insert(path);
  forget(path);
}

// ---- The end

void Journal::end(const Event& event) {
  const std::string status = text_at(event.arguments, "status");
  ends_.push_back(status);
  ended_ = event.seq;
  ++pulses_["ended " + status];
  result_ = text_at(event.arguments, "result");
  for (const std::string& path : owed_) {
    if (!done_.contains(path)) wrong(path + " is not done, and a step that waits for it is");
  }
  if (ends_.size() > (unwound_ ? 2U : 1U)) wrong("it ended " + std::to_string(ends_.size()) + " times");
  const auto expect = [&](bool holds, const std::string& what) {
    if (!holds) wrong("it ended as " + status + ", but " + what);
  };
  if (status == "completed") {
    expect(is_whole(workflow_.steps, ""), "a step is not done");
    expect(!unwinding_, "it has been undone");
    return;
  }
  unwound_ = false;
  if (status == "terminated") return expect(told_.contains("terminate"), "nobody told it to");
  expect(undo_.empty(), undo_.empty() ? "" : undo_.back().path + " is not undone");
  if (status == "undo_failed") return expect(undo_has_failed_, "every undo was done");
  expect(!undo_has_failed_, "an undo has failed");
  if (status == "cancelled") expect(told_.contains("cancel"), "nobody told it to");
  if (status == "expired") expect(deadline_passed_, "its deadline has not passed");
  if (status == "failed") expect(undone_ == 0 && !failed_.empty(), "something was undone, or nothing failed");
  if (status == "compensated" && ends_.size() == 1)
    expect(undone_ > 0 && !failed_.empty(), "nothing was undone, or nothing failed");
}

void Journal::conclude(const std::vector<Call>& calls) {
  if (ends_.empty()) return wrong("it has not ended");
  std::set<std::string> called;
  for (const Call& call : calls) {
    if (call.run != id_) continue;
    const auto done = done_.find(call.path);
    if (call.what == "step") called.insert(call.path);
    if (call.what == "step" && done != done_.end() && call.head >= done->second.seq)
      wrong(call.path + " was called after it was done");
  }
  for (const auto& [path, done] : done_) {
    const bool function = step(path).kind == Kind::kRun && !done.skipped && !done.continued;
    if (function && !called.contains(path)) wrong(path + " is done, and was never called");
  }
  if (ends_[0] != "completed") return;
  const Result<Value> result = result_.empty() ? Result<Value>(Value()) : parse_json(result_, "the result");
  if (ends_.size() > 1) return;  // the second end has no result
  const std::int64_t expected = value_of_block(workflow_.steps, "");
  if (!result.ok() || count_of(*result) != expected)
    wrong("its result is " + result_ + ", which does not count " + std::to_string(expected));
}

// ---- All runs

Check::Check(const Store& store, const std::map<std::string, Workflow>& workflows, const std::vector<Call>& calls)
    : workflows_(workflows) {
  std::vector<Event> transaction;
  const Status read = store.view().log({}, [&](const Event& event) {
    if (event.place == 0) transaction.clear();
    transaction.push_back(event);
    if (event.place + 1 == event.count) take_transaction(transaction);
    return true;
  });
  if (!read.ok()) problems_.push_back(read.message());
  std::map<std::string, std::string> owners;  // of idempotency keys
  std::map<std::string, std::string> keys;
  std::map<std::string, std::vector<Call>> by_run;
  for (const Call& call : calls) {
    const std::string hop = call.run + " " + call.path + " " + call.what;
    const bool fits = owners.emplace(call.key, hop).first->second == hop && keys.emplace(hop, call.key).first->second == call.key;
    if (!fits) problems_.push_back("the key " + call.key + " is not that of one hop, " + hop);
    by_run[call.run].push_back(call);
  }
  for (auto& [id, journal] : journals_) journal.conclude(by_run[id]);
  compare_families();
  for (const auto& [key, sum] : cells_) {
    const Result<Record> record = store.get("Cell", key);
    if (!record.ok() || (*record)["sum"] != Value(sum))
      problems_.push_back("cell " + key + " does not hold " + std::to_string(sum));
  }
}

void Check::take_transaction(const std::vector<Event>& events) {
  std::vector<const Event*> effects, none;
  const Event* fact = nullptr;
  for (const Event& event : events) {
    trace_ += std::to_string(event.seq) + " " + event.type + " " + event.key + " " + text_at(event.arguments, "step") + " " +
              text_at(event.arguments, "pulse") + " " + std::to_string(int_at(event.arguments, "attempt", 0)) + " " +
              text_at(event.arguments, "code") + " " + std::to_string(event.recorded_at.micros) + "\n";
    if (!event.resource.starts_with('_') || event.resource == "_signal") effects.push_back(&event);
    if (event.resource == "_run" && event.arguments.find("fact") != nullptr) fact = &event;
    const std::int64_t by = int_at(event.arguments, "by", 0);
    if (event.type == "Cell.flared") ++flares_;
    if (event.type == "Cell.added") cells_[event.key] += by;
    if (event.type == "Cell.taken") cells_[event.key] -= by;
  }
  const bool outside = fact == nullptr;
  for (const Event* effect : effects) {
    const std::string memo = text_at(effect->arguments, "memo");
    if (outside && !memo.empty() && memo != "outside")
      problems_.push_back("event " + std::to_string(effect->seq) + " is an effect that no step had");
  }
  for (const Event& event : events) {
    if (event.resource != "_run") continue;
    auto found = journals_.find(event.key);
    if (found == journals_.end()) {
      const Value* named = event.arguments.find("workflow");
      std::string name = named == nullptr ? "" : *named->if_text();
      if (name.find('/') != std::string::npos) name = "tail";  // what a dynamic step returned
      const auto workflow = workflows_.find(name);
      if (event.action != "_run.start" || workflow == workflows_.end()) {
        problems_.push_back("run " + event.key + " begins without a start");
        continue;
      }
      found = journals_.try_emplace(event.key, event.key, workflow->second, journals_, problems_).first;
    } else if (event.action == "_run.start") {
      problems_.push_back("run " + event.key + " was started twice");
      continue;
    }
    found->second.take(event, &event == fact ? effects : none);
  }
}

// What a run undid is undone in its children as well, unless the step says how.
void Check::compare_families() const {
  for (const auto& [id, journal] : journals_) {
    if (journal.parent().empty() || id.find('~') != std::string::npos) continue;
    const auto parent = journals_.find(journal.parent());
    if (parent == journals_.end()) {
      problems_.push_back("run " + id + " has no parent");
      continue;
    }
    if (parent->second.ends().empty() || journal.ends().empty()) continue;
    const std::string& end = parent->second.ends().back();
    const std::string path = path_in(id.substr(journal.parent().size() + 1));
    const Step* step = step_at(parent->second.workflow(), path);
    if (step == nullptr || !may_be_child(step->kind)) {
      problems_.push_back("run " + id + " is no child of a step");
      continue;
    }
    const bool undone = end == "compensated" || end == "cancelled" || end == "expired" || end == "failed";
    const bool let_be = parent->second.is_waived(path);
    if (undone && !let_be && journal.ends().back() == "completed" && step->undo == Undo::kNone) {
      problems_.push_back("run " + id + " is " + journal.ends().back() + ", its parent " + end);
    }
  }
}

}  // namespace forge::saga
