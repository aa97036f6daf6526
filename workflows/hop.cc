// The journal has what came of each attempt; what it was given follows from the facts before, so the journal is folded up to the
// pulse with every result kept.

#include "forge/workflows/hop.h"

#include <algorithm>
#include <map>

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
      if (of_step) begin(event, fact->hop);
      FORGE_ASSIGN(const std::vector<Command> commands, fold_.take(*fact, event.seq));
      if (of_step) finish(*fact);
      for (const Command& command : commands) note(command, event.seq);
    } else {
      if (wanted) FORGE_TRY(take_record(event));
      fold_.drop_records(1);
    }
    return !(named && found_);
  }

  std::optional<HopDetail> found() && { return std::move(found_); }

 private:
  struct Given {
    Command command;
    Seq since = 0;
  };

  void note(const Command& command, Seq seq) {
    if (command.hop.step == internal::kNone) return;
    const bool given = command.kind == Command::Kind::kExecute || command.kind == Command::Kind::kAwait ||
                       command.kind == Command::Kind::kFetch || command.kind == Command::Kind::kCompensate ||
                       command.kind == Command::Kind::kUndo;
    if (given) given_.insert_or_assign(command.hop, Given{command, seq});
    const bool settled = command.kind == Command::Kind::kDone || command.kind == Command::Kind::kSkipped ||
                         command.kind == Command::Kind::kTaken || command.kind == Command::Kind::kFailed;
    if (settled) settled_[fold_.path_of_hop(command.hop)] = Given{command, seq};
  }

  HopDetail& begin(const Event& event, const HopId& hop) {
    HopDetail& detail = found_.emplace();
    detail.step = fold_.path_of_hop(hop);
    detail.what = internal::what_of(event);
    detail.seq = event.seq;
    const Value* saw = event.arguments.find("saw");
    if (saw != nullptr && saw->if_int() != nullptr) detail.saw = static_cast<Seq>(*saw->if_int());
    detail.body = internal::words_of_body(*fold_.plan().steps[hop.step].declared);
    if (const auto given = given_.find(hop); given != given_.end()) {
      detail.body = internal::decision_of(fold_, given->second.command).body;
      detail.since = given->second.since;
      detail.attempt = given->second.command.attempt;
      detail.hops_in = given->second.command.hops;
      detail.token_in = given->second.command.value;
    }
    return detail;
  }

  void finish(const Fact& fact) {
    const bool done =
        fact.kind == Fact::Kind::kCompleted || fact.kind == Fact::Kind::kHalted || fact.kind == Fact::Kind::kSignalled;
    if (done) found_->token_out = fact.value;
    if (done) found_->hops_out = fold_.hops_passed(fact.hop);
    found_->code = fact.error.code;
    found_->message = fact.error.message;
    compare();
  }

  // A step that was decided without an attempt, or by what is inside of it.
  Status take_record(const Event& event) {
    const auto settled = settled_.find(internal::text_at(event.arguments, "step"));
    if (settled == settled_.end()) return {};
    const Command& command = settled->second.command;
    HopDetail& detail = begin(event, command.hop);
    if (detail.since == 0) detail.since = settled->second.since;
    detail.hops_out = command.hops;
    detail.code = command.error.code;
    detail.message = command.error.message;
    if (fold_.state().frames.contains(command.hop.frame)) {
      FORGE_ASSIGN(detail.token_out, fold_.result_at(command.hop));
    }
    compare();
    return {};
  }

  // Between what it was given and what came of it; and what is secret goes.
  void compare() {
    const Object* given = found_->token_in.if_object();
    const Value* args = given == nullptr ? nullptr : given->find("args");
    if (have_names_in_common(args, found_->token_out))
      found_->differences = internal::differences(*args, found_->token_out, kDifferencesMax);
    const internal::SecretInputs secrets(fold_);
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
  std::map<HopId, Given> given_;          // what each hop was given last
  std::map<std::string, Given> settled_;  // by path: what was decided without an attempt
  std::optional<HopDetail> found_;
};

}  // namespace

Result<HopDetail> hop_detail(const View& view, const std::string& id, const std::string& at) {
  internal::DefinitionCache cache;
  FORGE_ASSIGN(const internal::JournalHead head, internal::read_head(view, id));
  FORGE_ASSIGN(auto definition, internal::read_definition(view, head.pin, cache));
  RunFold fold(id, std::move(definition), {.keep_results = true});
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
