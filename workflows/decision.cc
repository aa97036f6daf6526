#include "decision.h"

#include <algorithm>

#include "forge/events/json.h"

namespace forge::internal {
namespace {

constexpr std::size_t kShownBytesMax = 200;

const fb::StepT* step_that_acts(const Plan& plan, const Command& command) {
  if (command.hop.step == kNone) return nullptr;
  const PlannedStep& planned = plan.steps[command.hop.step];
  switch (command.kind) {
    case Command::Kind::kExecute:
    case Command::Kind::kFetch:
    case Command::Kind::kAwait:
      return planned.declared;
    case Command::Kind::kCompensate:
      return planned.clauses[command.clause].declared->body.get();
    case Command::Kind::kUndo:
      if (command.step != kNone) return plan.steps[command.step].declared;
      return planned.declared->undo == nullptr ? nullptr : planned.declared->undo->body.get();
    default:
      return nullptr;
  }
}

std::string text_of_error(const RunError& error) {
  return error.code + ": " + error.message;
}

std::string words_of_timer(TimerKind timer) {
  switch (timer) {
    case TimerKind::kSleep:
      return "sleeps until";
    case TimerKind::kRetry:
      return "backs off until";
    case TimerKind::kUndoRetry:
      return "backs off from its undo until";
    case TimerKind::kStepDeadline:
    case TimerKind::kRunDeadline:
      return "has a deadline at";
    case TimerKind::kStepTimeout:
      return "waits until";
  }
  return "";
}

// What of a decision is not in words_of(), by name: the two of a kind differ in one of these.
Object details_of(const Command& command) {
  Object details;
  const Object* given = command.value.if_object();
  if (given != nullptr) {
    for (const auto& [name, value] : given->members()) details.add(name, value);
  } else if (!command.value.is_null()) {
    details.add("value", command.value);
  }
  details.add("attempt", command.attempt);
  details.add("hops", command.hops);
  details.add("warnings", command.warnings);
  if (command.error != RunError{}) details.add("error", text_of_error(command.error));
  return details;
}

Value member_of(const Object& object, const std::string& name) {
  const Value* found = object.find(name);
  return found == nullptr ? Value() : *found;
}

void add_differences(const Value& one, const Value& other, const std::string& path, std::size_t limit,
                     std::vector<ValueDifference>& found) {
  if (one == other || found.size() >= limit) return;
  if (one.if_object() != nullptr && other.if_object() != nullptr) {
    const std::string before = path.empty() ? "" : path + ".";
    for (const auto& [name, value] : one.if_object()->members()) {
      add_differences(value, member_of(*other.if_object(), name), before + name, limit, found);
    }
    for (const auto& [name, value] : other.if_object()->members()) {
      if (one.if_object()->find(name) == nullptr) add_differences(nullptr, value, before + name, limit, found);
    }
  } else if (one.if_list() != nullptr && other.if_list() != nullptr) {
    const List& list = *one.if_list();
    const List& other_list = *other.if_list();
    for (std::size_t i = 0; i < std::max(list.size(), other_list.size()); ++i) {
      add_differences(i < list.size() ? list[i] : Value(), i < other_list.size() ? other_list[i] : Value(),
                      path + "[" + std::to_string(i) + "]", limit, found);
    }
  } else {
    found.push_back({.path = path, .one = one, .other = other});
  }
}

}  // namespace

std::string kind_of_body(const fb::BodyUnion& body) {
  std::string name = fb::EnumNameBody(body.type);
  if (name.ends_with("Step")) name.resize(name.size() - 4);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return name;
}

std::string words_of_body(const fb::StepT& step) {
  const fb::BodyUnion& body = step.body;
  if (const auto* action = body.AsActionStep()) return "action " + action->action;
  if (const auto* function = body.AsRunStep()) return "function " + function->function;
  if (const auto* read = body.AsReadStep()) return read->query.empty() ? "read " + read->resource : "query " + read->query;
  if (const auto* signal = body.AsSignalStep()) return "signal " + signal->signal;
  if (const auto* wait = body.AsWaitStep()) return "wait " + (wait->signal.empty() ? wait->event : wait->signal);
  if (const auto* http = body.AsHttpStep()) return "http " + http->method + (http->client.empty() ? "" : " " + http->client);
  if (const auto* exec = body.AsExecStep()) return "program " + exec->program;
  if (const auto* child = body.AsWorkflowStep()) return "workflow " + child->workflow;
  return kind_of_body(body);
}

Decision decision_of(const RunFold& fold, const Command& command) {
  Decision decision{.command = command, .step = fold.path_of_hop(command.hop), .body = ""};
  if (const fb::StepT* step = step_that_acts(fold.plan(), command)) decision.body = words_of_body(*step);
  return decision;
}

bool is_same(const Decision& one, const Decision& other) {
  Command there = other.command;
  there.hop = one.command.hop;
  there.step = one.command.step;
  return one.command == there && one.step == other.step && one.body == other.body;
}

std::string words_of(const Decision& decision) {
  const Command& command = decision.command;
  switch (command.kind) {
    case Command::Kind::kExecute:
      return "runs " + decision.body;
    case Command::Kind::kStop:
      return "is told to stop";
    case Command::Kind::kTimer:
      return words_of_timer(command.timer) + " " + format_time(command.at);
    case Command::Kind::kAwait:
      return "awaits " + decision.body;
    case Command::Kind::kFetch:
      return "fetches items";
    case Command::Kind::kCompensate:
      return "compensates by " + decision.body;
    case Command::Kind::kUndo:
      return decision.body.empty() ? "is undone from the log" : "is undone by " + decision.body;
    case Command::Kind::kDebug:
      return "says " + shown_briefly(command.value);
    case Command::Kind::kSkipped:
      return "is skipped";
    case Command::Kind::kDone:
      return "is done";
    case Command::Kind::kFailed:
      return "fails with " + text_of_error(command.error);
    case Command::Kind::kTombstone:
      return "has no hops left";
    case Command::Kind::kRelease:
      return "is read by nobody any more";
    case Command::Kind::kBegun:
      return "begins";
    case Command::Kind::kHalted:
      return "halts";
    case Command::Kind::kEnded:
      return "ends as " + std::string(name_of(command.outcome));
    case Command::Kind::kTaken:
      return "is taken over";
  }
  return "";
}

std::pair<std::string, std::string> words_of_difference(const Decision* one, const Decision* other) {
  const auto words = [](const Decision* decision) { return decision == nullptr ? "nothing follows" : words_of(*decision); };
  std::pair<std::string, std::string> both{words(one), words(other)};
  if (one == nullptr || other == nullptr) return both;
  if (one->step != other->step) {
    if (!one->step.empty()) both.first = "step '" + one->step + "' " + both.first;
    if (!other->step.empty()) both.second = "step '" + other->step + "' " + both.second;
    return both;
  }
  if (both.first != both.second) return both;
  const auto detail = first_difference(details_of(one->command), details_of(other->command));
  if (!detail) return both;
  const auto with = [&](const Value& value) {
    return " with " + detail->path + (value.is_null() ? " absent" : " = " + shown_briefly(value));
  };
  both.first += with(detail->one);
  both.second += with(detail->other);
  return both;
}

std::vector<ValueDifference> differences(const Value& one, const Value& other, std::size_t limit) {
  std::vector<ValueDifference> found;
  add_differences(one, other, "", limit, found);
  return found;
}

std::optional<ValueDifference> first_difference(const Value& one, const Value& other) {
  std::vector<ValueDifference> found = differences(one, other, 1);
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::string shown_briefly(const Value& value) {
  std::string json = to_json(value);
  if (json.size() <= kShownBytesMax) return json;
  std::size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(json[end]) & 0xc0) == 0x80) --end;  // not inside a character
  return json.substr(0, end) + "…";
}

}  // namespace forge::internal
