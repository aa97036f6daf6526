// The journal has what came of each attempt; what it was given follows from the facts before, so the journal is folded up to the
// pulse, and every step tells what it begins with.

#include "forge/workflows/hop.h"

#include <algorithm>
#include <map>

#include "body_parts.h"
#include "decision.h"
#include "run_journal.h"
#include "secret_inputs.h"

namespace forge {

using internal::Command;
using internal::Fact;
using internal::HopId;
using internal::RunFold;

namespace {

constexpr std::size_t kDifferencesMax = 100;

// What an action is given and the event that it makes, for one, are no two states of one thing.
bool have_names_in_common(const Value* given, const Value& result) {
  if (given == nullptr || given->if_object() == nullptr || result.if_object() == nullptr) return false;
  const auto& members = given->if_object()->members();
  return std::any_of(members.begin(), members.end(),
                     [&](const auto& member) { return result.if_object()->find(member.first) != nullptr; });
}

// What a hop was given, for what, and on which event.
struct Given {
  Value value;
  std::string body;
  Seq since = 0;
};

class HopFinder {
 public:
  HopFinder(RunFold& fold, std::string at) : fold_(fold), at_(std::move(at)) {}

  // False once the pulse of that seq was found.
  Result<bool> take(const View& view, const Event& event) {
    const bool named = at_ == std::to_string(event.seq);
    const bool wanted = named || (!at_.empty() && internal::text_at(event.arguments, "step") == at_);
    FORGE_ASSIGN(const std::optional<Event> result, internal::result_event(view, event));
    FORGE_ASSIGN(const std::optional<Fact> fact, fold_.fact_in(event, result ? &*result : nullptr));
    if (fact) {
      const bool of_step = wanted && fact->kind != Fact::Kind::kStarted && fact->hop.step != internal::kNone;
      if (of_step) show(event, *fact);
      FORGE_ASSIGN(const std::vector<Command> commands, fold_.take(*fact, event.seq));
      for (const Command& command : commands) note(command, event.seq);
    } else {
      if (wanted) show_record(event);
      fold_.drop_records(1);
    }
    return !(named && found_);
  }

  std::optional<HopDetail> found() && { return std::move(found_); }

 private:
  // What cleans up after a step and what reverses it are given something of their own.
  enum class Purpose : std::uint8_t { kRun, kFetch, kCompensate, kUndo };

  static Purpose purpose_of(const Fact& fact, bool fetches) {
    switch (fact.kind) {
      case Fact::Kind::kCompensated:
      case Fact::Kind::kCompensateFailed:
        return Purpose::kCompensate;
      case Fact::Kind::kUndone:
      case Fact::Kind::kUndoFailed:
      case Fact::Kind::kWaive:
        return Purpose::kUndo;
      default:
        return fetches ? Purpose::kFetch : Purpose::kRun;
    }
  }

  void note(const Command& command, Seq seq) {
    using Kind = Command::Kind;
    if (command.hop.step == internal::kNone) return;
    const auto give = [&](Purpose purpose) {
      const fb::StepT& step = internal::step_of(fold_.plan(), command);
      Value value = command.value;
      if (value.if_object() != nullptr) value = internal::labelled(*value.if_object(), step.body);
      given_.insert_or_assign({command.hop, purpose}, Given{std::move(value), internal::decision_of(fold_, command).body, seq});
    };
    switch (command.kind) {
      case Kind::kBegun:
        received_[command.hop] = command.hops;
        return give(Purpose::kRun);
      case Kind::kFetch:
        return give(Purpose::kFetch);
      case Kind::kCompensate:
        return give(Purpose::kCompensate);
      case Kind::kUndo:
        return give(Purpose::kUndo);
      case Kind::kDone:
      case Kind::kSkipped:
      case Kind::kTaken:
      case Kind::kFailed:
        settled_.insert_or_assign(command.path, std::pair(command, seq));
        return;
      default:
        return;
    }
  }

  HopDetail& begin(const Event& event, const HopId& hop, Purpose purpose) {
    HopDetail& detail = found_.emplace();
    detail.what = internal::what_of(event);
    detail.seq = event.seq;
    detail.hops_out = internal::hops_of(event).value_or(0);
    const Value* saw = event.arguments.find("saw");
    if (saw != nullptr && saw->if_int() != nullptr) detail.saw = static_cast<Seq>(*saw->if_int());
    detail.body = internal::words_of_body(*fold_.plan().steps[hop.step].declared);
    if (const auto received = received_.find(hop); received != received_.end()) detail.hops_in = received->second;
    if (const auto given = given_.find({hop, purpose}); given != given_.end()) {
      if (purpose != Purpose::kRun) detail.body = given->second.body;
      detail.since = given->second.since;
      detail.token_in = given->second.value;
    }
    return detail;
  }

  void show(const Event& event, const Fact& fact) {
    const auto open = fold_.work().find(fact.hop);
    const bool fetches = open != fold_.work().end() && open->second.command.kind == Command::Kind::kFetch;
    HopDetail& detail = begin(event, fact.hop, purpose_of(fact, fetches));
    detail.step = fold_.path_of_hop(fact.hop);
    detail.attempt = fact.attempt;
    const bool done =
        fact.kind == Fact::Kind::kCompleted || fact.kind == Fact::Kind::kHalted || fact.kind == Fact::Kind::kSignalled;
    if (done) detail.token_out = fact.value;
    if (!done) detail.hops_out = 0;
    detail.code = fact.error.code;
    detail.message = fact.error.message;
    compare();
  }

  // A step that was decided without an attempt, or by what is inside of it, or by a clause.
  void show_record(const Event& event) {
    const auto settled = settled_.find(internal::text_at(event.arguments, "step"));
    if (settled == settled_.end()) return;
    const auto& [command, seq] = settled->second;
    HopDetail& detail = begin(event, command.hop, Purpose::kRun);
    detail.step = command.path;
    if (detail.since == 0) detail.since = seq;
    detail.code = command.error.code;
    detail.message = command.error.message;
    if (command.kind != Command::Kind::kFailed) detail.token_out = command.value;
    compare();
  }

  // Between what it was given and what came of it; and what is secret goes.
  void compare() {
    const Object* given = found_->token_in.if_object();
    const Value* args = given == nullptr ? nullptr : given->find("args");
    if (have_names_in_common(args, found_->token_out))
      found_->differences = internal::differences(*args, found_->token_out, kDifferencesMax);
    const internal::SecretInputs secrets(fold_.plan(), fold_.state());
    found_->token_in = secrets.hidden(found_->token_in);
    found_->token_out = secrets.hidden(found_->token_out);
    found_->message = secrets.hidden(found_->message);
    for (ValueDifference& one : found_->differences) {
      one.one = secrets.hidden(one.one);
      one.other = secrets.hidden(one.other);
    }
  }

  RunFold& fold_;
  std::string at_;
  std::map<std::pair<HopId, Purpose>, Given> given_;        // what each hop was given last
  std::map<HopId, std::uint32_t> received_;                 // hops, of those that have begun
  std::map<std::string, std::pair<Command, Seq>> settled_;  // by path: what was decided without an attempt
  std::optional<HopDetail> found_;
};

}  // namespace

Result<HopDetail> hop_detail(const View& view, const std::string& id, const std::string& at) {
  internal::DefinitionCache cache;
  FORGE_ASSIGN(const internal::JournalHead head, internal::read_head(view, id));
  FORGE_ASSIGN(auto definition, internal::read_definition(view, head.pin, cache));
  RunFold fold(id, std::move(definition), {.tell_begun = true});
  fold.read_from(view);
  HopFinder finder(fold, at);
  Status read;
  FORGE_TRY(view.log({.resource = "_run", .key = id}, [&](const Event& event) {
    if (internal::is_parking(event)) return true;
    const Result<bool> more = finder.take(view, event);
    read = more.status();
    return more.ok() && *more;
  }));
  FORGE_TRY(read);
  std::optional<HopDetail> found = std::move(finder).found();
  if (found) return *std::move(found);
  return Status(ErrorId::kWorkflowReference, "run '" + id + "' has no pulse '" + at + "'")
      .why("it is neither the path of a step that the run got to, nor the seq of one of its pulses")
      .remedy("see: forgectl workflow trace " + id);
}

}  // namespace forge
