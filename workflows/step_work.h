#pragma once

// One attempt of a hop: what is to be done, and what came of it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/store.h"
#include "forge/store/view.h"
#include "forge/workflows/step.h"
#include "run_fold.h"

namespace forge::internal {

// Whose commands are carried out: the step's own, those of a clause by which it cleans up, or those that reverse it.
enum class Purpose : std::uint8_t { kRun, kCompensate, kUndo, kFetch };

struct Work {
  HopId hop;
  std::uint32_t attempt = 0;
  Purpose purpose = Purpose::kRun;
  const fb::StepT* step = nullptr;  // whose body it is
  Object args;
  List values;  // as body_parts.h has them, and so are the next
  List named;
  Value cursor;                 // of a page: where it begins; null: the first
  std::string idempotency_key;  // the same for all attempts of the hop, and another for what reverses it
  std::uint32_t hops = 0;
  Seq since = 0;      // the event that it follows from
  Object fetch = {};  // of kFetch: the value of the command
};

class TransactionRest;

struct WorkOutcome {
  StepOutcome outcome;
  std::vector<ActionRequest> actions = {};        // to be committed with it
  std::optional<std::size_t> result = {};         // the action whose event is the value
  std::optional<AppendCondition> condition = {};  // that they rest on
  std::shared_ptr<TransactionRest> rest = {};     // what the actions come to decides how it ends (transaction_rest.h)
  std::int64_t pause_us = 0;                      // it is not tried again before that
  Value cursor = {};                              // of a page: where the next one begins
  std::vector<MapItem> items = {};                // of kFetch: rows of a file that are to begin
  bool last = true;                               // of kFetch: there are no more
  std::optional<Seq> saw = {};                    // as of which the store was read, where it was
};

Work work_of(const Plan& plan, const OpenCommand& open);
// Whether a child run carries it out, or undoes it by its own steps: always of a workflow, of a dynamic step once there is one.
bool stands_for_run(const Work& work, const Plan& plan);
// Whether a run of a workflow cleans up after the step, or reverses it: a child as well, but one that goes on where its parent
// unwinds.
bool mends_by_run(const Work& work, const Plan& plan);
// Whether a command is carried out by a child, of either sort.
bool needs_run(const Plan& plan, const Command& command);
// Whether the function is what says which steps the child has.
bool is_dynamic(const fb::StepT& step);

// The function that makes its arguments of those that the definition gives; empty where none does. An undo that is given the step's
// own arguments is given what was made of them.
std::string transform_of(const Work& work, const Plan& plan);
// The same work with what that function made. Errors: kArgumentType where it is no object, or the function asked for actions.
Result<Work> with_arguments(const Work& work, const WorkOutcome& transformed);

// What it is given, by name: its arguments; of http also the path, and of what there is query, headers, form and body; of exec the
// arguments of the program as a list and its environment; of read and signal the key.
Object given_to(const Work& work);

// Whether it is a call of HTTP: of a step of that kind, or for a page of a map.
bool is_http(const Work& work);

// The fact that an outcome is.
Fact fact_of(const Work& work, const StepOutcome& outcome);
// An error as a step has it: "E2107", or "timeout".
StepOutcome failure_of(const Status& status);
// The same for the work's own fact, for a commit that was refused.
Fact failed_fact(const Fact& fact, const StepOutcome& outcome);

// Whether its undo is derived from the log: `undo = "auto"` of a step that is no run of its own.
bool undoes_from_log(const Work& work, const Plan& plan);
// That undo: every event that the step did and that stands is taken back, the last first. `done_at` is an event of the transaction
// in which the step was done; nothing: it did nothing. (undo_work.cc)
WorkOutcome undo_from_log(const View& view, const std::optional<Seq>& done_at);

// Kinds that need no code of the program. Action and signal: what is to be committed; nothing is looked at.
WorkOutcome request_action(const Work& work, const Domain& domain, Time now);
// The same for a signal that somebody must receive: fails where nobody would.
WorkOutcome signal_received(const Work& work, const Store& store, const Actor& actor, Time now);
// Reads a record or a query; of a map, what it goes over.
WorkOutcome read_for(const Work& work, const View& view, const Actor& actor);
// Where records are read: a view, or a transaction as far as it has come.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual Result<Record> get(const std::string& resource, const std::string& key) const = 0;
  virtual Status query(const std::string& name, const Args& args, const QueryOptions& options,
                       const std::function<bool(const Record&)>& visit) const = 0;
};

// What a view or a TransactionSoFar holds. Borrows it.
template <typename T>
class RecordsOf final : public RecordSource {
 public:
  explicit RecordsOf(const T& records) : records_(records) {}
  Result<Record> get(const std::string& resource, const std::string& key) const override { return records_.get(resource, key); }
  Status query(const std::string& name, const Args& args, const QueryOptions& options,
               const std::function<bool(const Record&)>& visit) const override {
    return records_.query(name, args, options, visit);
  }

 private:
  const T& records_;
};

// A record or the rows of a query, as `read` says; the query may take `timeout`, 0: what it takes.
WorkOutcome read_declared(const fb::ReadStepT& read, const Value& key, const Object& args, const RecordSource& source,
                          const Actor& actor, std::chrono::microseconds timeout = {});
// What the steps inside a transaction come to: they are read from `view`, and the actions rest on it being so still. From the first
// step on that needs to see what an action before it came to, they are left to be done while the transaction is decided.
// (transaction_work.cc)
WorkOutcome plan_transaction(const RunFold& fold, const Work& work, const View& view, const Actor& actor);

// Whether a runner of this version carries out every step. Errors: kWorkflowUnsupported, naming the first that it does not.
Status check_supported(const Plan& plan);

// A key as the store has it. Errors: kArgumentType where it is neither a text nor an integer.
Result<std::string> key_text(const Value& key);

}  // namespace forge::internal
