#include "step_reader.h"

#include <algorithm>
#include <array>

#include "forge/events/domain.h"
#include "step_values.h"
#include "value_path.h"

namespace forge::internal {
namespace {

class StepReader {
 public:
  StepReader(const Findings& findings, TableReader& table) : findings_(findings), table_(table) {}

  std::unique_ptr<fb::StepT> read(std::string name) {
    auto step = std::make_unique<fb::StepT>();
    step->name = std::move(name);
    step->description = table_.text("description");
    read_body(findings_, table_, *step);
    step->args = table_.named("args");
    step->transform = table_.text("transform");
    step->after = table_.texts("after");
    step->where = table_.text("where");
    read_guards(*step);
    read_retry(*step);
    step->timeout = table_.duration("timeout");
    step->deadline = table_.duration("deadline");
    step->async = table_.flag("async", true);
    step->concurrency_key = table_.binding("concurrency_key");
    read_clauses(*step);
    read_undo(*step);
    check_idle(*step);
    table_.finish();
    return step;
  }

 private:
  // Attributes by which a step of its kind does nothing.
  void check_idle(const fb::StepT& step) const {
    const bool waits = step.body.type == fb::Body::WaitStep || step.body.type == fb::Body::ApproveStep;
    if (waits) return refuse_idle("retry", "it waits once", "give it 'compensate' with 'retry = true' to let it wait anew");
    if (opens(step.body.type)) return refuse_idle("timeout", "it is over with the steps inside", "give it a 'deadline'");
    if (!is_decided(step.body.type)) return;
    const char* remedy = "leave it out, or give it to the step that is carried out";
    for (const char* name : {"retry", "timeout", "compensate"}) refuse_idle(name, "nothing is carried out for it", remedy);
  }

  void refuse_idle(std::string_view name, const char* why, const char* remedy) const {
    if (!table_.has(name)) return;
    findings_.add(ErrorId::kWorkflowAttribute, table_.path_of(name) + "!",
                  table_.what() + " has '" + std::string(name) + "', which does nothing there", why, remedy);
  }

  static bool opens(fb::Body kind) {
    return kind == fb::Body::SwitchStep || kind == fb::Body::GroupStep || kind == fb::Body::AroundStep ||
           kind == fb::Body::RecurseStep;
  }

  static bool is_decided(fb::Body kind) {
    return kind == fb::Body::CollectStep || kind == fb::Body::TemplateStep || kind == fb::Body::SleepStep ||
           kind == fb::Body::HaltStep || kind == fb::Body::DebugStep || kind == fb::Body::FailStep;
  }

  void read_guards(fb::StepT& step) {
    each("guards", "guard", [&](TableReader& table) {
      auto guard = std::make_unique<fb::GuardT>();
      guard->when = table.text("when");
      if (!table.has("when")) table.missing("when", "a condition");
      guard->otherwise = table.choice<fb::GuardOutcome>(
          "else", {{"skip", fb::GuardOutcome::Skip}, {"fail", fb::GuardOutcome::Fail}, {"halt", fb::GuardOutcome::Halt}},
          fb::GuardOutcome::Skip);
      guard->message = table.binding("message");
      step.guards.push_back(std::move(guard));
    });
  }

  void read_retry(fb::StepT& step) {
    const Declared* declared = table_.take_table("retry");
    if (declared == nullptr) return;
    TableReader table(findings_, *declared, table_.path_of("retry"), table_.what() + "'s retry");
    step.retry = std::make_unique<fb::RetryT>();
    step.retry->max_attempts = static_cast<std::uint32_t>(table.number("max_attempts", 1, 1'000'000, 1));
    step.retry->backoff = table.choice<fb::Backoff>(
        "backoff", {{"fixed", fb::Backoff::Fixed}, {"linear", fb::Backoff::Linear}, {"exponential", fb::Backoff::Exponential}},
        fb::Backoff::Fixed);
    step.retry->first = table.duration("first", step.retry->first);
    step.retry->cap = table.duration("cap", step.retry->cap);
    if (step.retry->first > step.retry->cap) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of(table.has("cap") ? "cap" : "first"),
                    table.what() + " waits longer at first than at most",
                    "'first' is " + duration_text(step.retry->first) + ", and 'cap' " + duration_text(step.retry->cap) +
                        (table.has("cap") ? "" : " where nothing is said"),
                    "give a 'cap' that is not below 'first'");
    }
    step.retry->jitter = table.flag("jitter", false);
    step.retry->on = table.texts("on");
    check_codes(table, step.retry->on);
    table.finish();
  }

  // A code is whatever a function calls its failure, but one of digits alone is a status of HTTP.
  void check_codes(const TableReader& table, const std::vector<std::string>& codes) const {
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const std::string& code = codes[i];
      const bool is_status = std::all_of(code.begin(), code.end(), [](char c) { return c == 'x' || (c >= '0' && c <= '9'); });
      const bool is_possible = code.size() == 3 && ((code[0] >= '1' && code[0] <= '5') || code[0] == 'x');
      if (!code.empty() && (!is_status || is_possible)) continue;
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("on") + "." + std::to_string(i),
                    table.what() + " is on a code that no error has",
                    "'" + code + "' is neither a status from 100 to 599 nor a code",
                    "write timeout, transient, 5xx, 429, an error like E3004, or a function's own code");
    }
  }

  void read_clauses(fb::StepT& step) {
    each("compensate", "compensate clause", [&](TableReader& table) {
      auto clause = std::make_unique<fb::ClauseT>();
      clause->when = table.text("when");
      clause->body = read_mending(findings_, table, "do");
      read_outcome(table, *clause);
      step.compensate.push_back(std::move(clause));
    });
  }

  void read_outcome(TableReader& table, fb::ClauseT& clause) {
    int given = 0;
    if (table.flag("ok", false)) ++given;
    if (table.flag("retry", false)) clause.outcome = fb::ClauseOutcome::Retry, ++given;
    if (table.has("continue")) clause.outcome = fb::ClauseOutcome::Continue, clause.value = table.binding("continue"), ++given;
    if (table.has("error")) clause.outcome = fb::ClauseOutcome::Error, clause.value = table.binding("error"), ++given;
    table.take("continue");
    table.take("error");
    if (given <= 1) return;
    findings_.add(ErrorId::kWorkflowAttribute, table.path(), table.what() + " has more than one outcome",
                  "one of ok, continue, retry and error is allowed");
  }

  // An action by its name, "auto", or a step of any kind.
  void read_undo(fb::StepT& step) {
    if (!table_.has("undo")) return;
    step.undo = std::make_unique<fb::UndoT>();
    const Declared* declared = table_.take("undo");
    const std::string* name = declared->if_text();
    step.undo->kind = fb::UndoKind::Step;
    if (declared->kind != Declared::Kind::kTable && (name == nullptr || name->empty())) {
      table_.refuse("undo", "the name of an action, \"auto\", or a table that says what to do", *declared);
    } else if (name == nullptr) {
      step.undo->body = read_mending(findings_, table_, "undo");
    } else if (*name == "auto") {
      step.undo->kind = fb::UndoKind::Auto;
    } else {
      step.undo->body = std::make_unique<fb::StepT>();
      step.undo->body->name = "undo";
      fb::ActionStepT action;
      action.action = *name;
      step.undo->body->body.Set(std::move(action));
    }
  }

  template <typename Read>
  void each(std::string_view name, const std::string& what, const Read& read) {
    const Declared* list = table_.take_list(name);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const std::string place = std::string(name) + "." + std::to_string(i);
      TableReader table(findings_, list->items[i], table_.path_of(place),
                        table_.what() + "'s " + what + " " + std::to_string(i + 1));
      read(table);
      table.finish();
    }
  }

  const Findings& findings_;
  TableReader& table_;
};

}  // namespace

std::unique_ptr<fb::BlockT> read_steps(const Findings& findings, TableReader& owner, std::string_view name) {
  const Declared* declared = owner.take_table(name);
  if (declared == nullptr) return nullptr;
  auto block = std::make_unique<fb::BlockT>();
  TableReader steps(findings, *declared, owner.path_of(name), owner.what());
  for (const Declared::Member& member : declared->members) {
    if (steps.take(member.name) != &member.value) continue;
    const std::string path = steps.path_of(member.name);
    if (!is_workflow_name(member.name)) {
      findings.add(ErrorId::kWorkflowName, path + "!", "'" + member.name + "' cannot name a step",
                   "a name is a letter, then letters, digits, '_' and '-', 64 at most");
    }
    TableReader table(findings, member.value, path, "step '" + member.name + "'");
    block->steps.push_back(StepReader(findings, table).read(member.name));
  }
  steps.finish();
  return block;
}

std::unique_ptr<fb::BlockT> read_block(const Findings& findings, TableReader& owner) {
  std::unique_ptr<fb::BlockT> block = read_steps(findings, owner, "step");
  if (block == nullptr) block = std::make_unique<fb::BlockT>();
  block->result = owner.text("return");
  if (block->steps.empty()) owner.missing("step", "at least one step");
  return block;
}

std::unique_ptr<fb::StepT> read_mending(const Findings& findings, TableReader& owner, std::string_view name) {
  std::unique_ptr<fb::StepT> step = read_part(findings, owner, name);
  const Declared* declared = owner.take_table(name);
  if (declared == nullptr) return step;
  constexpr std::array<std::string_view, 9> kUnread = {"after", "where", "guards",          "retry",     "deadline",
                                                       "async", "undo",  "concurrency_key", "compensate"};
  for (const Declared::Member& member : declared->members) {
    if (std::find(kUnread.begin(), kUnread.end(), member.name) == kUnread.end()) continue;
    findings.add(ErrorId::kWorkflowAttribute, owner.path_of(name) + "." + member.name + "!",
                 owner.what() + "'s " + std::string(name) + " has '" + member.name + "', which does nothing there",
                 "it is done whenever the step is to be mended, and tried again until it is",
                 "leave it out; args, transform and timeout are taken");
  }
  return step;
}

std::unique_ptr<fb::StepT> read_part(const Findings& findings, TableReader& owner, std::string_view name) {
  const Declared* declared = owner.take_table(name);
  if (declared == nullptr) return nullptr;
  TableReader table(findings, *declared, owner.path_of(name), owner.what() + "'s " + std::string(name));
  return StepReader(findings, table).read(std::string(name));
}

}  // namespace forge::internal
