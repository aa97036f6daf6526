#pragma once

// Runs and definitions as they lie in the store: which actions record them, and how they are read back.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/transaction.h"
#include "forge/store/view.h"
#include "forge/workflows/definition.h"
#include "run_fold.h"

namespace forge::internal {

// A definition as a run is pinned to it: the version of the `_workflow` record that holds it, and its hash.
struct DefinitionPin {
  std::string workflow;
  Version declared = 0;
  std::string hash;
};

// Definitions that were read, by their hash. For one thread.
using DefinitionCache = std::map<std::string, std::shared_ptr<const WorkflowDefinition>, std::less<>>;

// The definition that a run is pinned to. Errors: kWorkflowNotFound where it is not in the store, kDataCorrupt where it has another
// hash than the run says; as WorkflowDefinition::from_bytes.
Result<std::shared_ptr<const WorkflowDefinition>> read_definition(const View& view, const DefinitionPin& pin,
                                                                  DefinitionCache& cache);
// The definition that was declared under that name as that version, and the one that is in force, with its pin. Errors: as above.
struct DeclaredWorkflow {
  DefinitionPin pin;
  std::shared_ptr<const WorkflowDefinition> definition;
};
Result<DeclaredWorkflow> definition_of_version(const View& view, const std::string& name, Version version, DefinitionCache& cache);
Result<DeclaredWorkflow> newest_definition(const View& view, const std::string& name, DefinitionCache& cache);

// What the start event says of a run.
struct JournalHead {
  std::string id;
  DefinitionPin pin;
  Actor actor;  // who started it, and in whose name its steps act
  std::string correlation;
  std::string parked;  // why it stands still, as its record says; empty where it goes on
};

// Of a run, without its journal: id, pin and parked only. Errors: kRunNotFound.
Result<JournalHead> read_head(const View& view, const std::string& id);

struct ReadRun {
  JournalHead head;
  std::unique_ptr<RunFold> fold;
  Version version = 0;  // of the last event that was taken
  Seq seq = 0;
};

// The run folded from its whole journal; `visit` may be empty. Errors: kRunNotFound, kDataCorrupt; as read_definition.
Result<ReadRun> read_run(const View& view, const std::string& id, DefinitionCache& cache, const RunOptions& options,
                         const RunFold::Visitor& visit = {});
// Takes what has come to the journal since. `visit` may be empty. Errors: as above.
Status read_on(const View& view, ReadRun& run, const RunFold::Visitor& visit = {});

// The event of the same transaction that the fact of `event` names as its result; nothing where it names none. Errors:
// kDataCorrupt, and those of reading it.
Result<std::optional<Event>> result_event(const View& view, const Event& event);

// The value of the fact at `seq`, with what it names as its result. Errors: kDataCorrupt, and those of reading it.
Result<Value> value_of_fact(const View& view, Seq seq);

// The fact of a run's first event, from that alone. Errors: kDataCorrupt, and those of reading it.
Result<Fact> start_of_run(const View& view, const std::string& id);

// The text of that name; empty where there is none.
std::string text_at(const Object& object, std::string_view name);
// What an event of a journal passes on. One that records a decision stands in the transaction of another hop's fact, or of the
// start, and has what it notes itself.
std::optional<std::uint8_t> hops_of(const Event& event);
// What an event of a journal is called as a pulse: "completed", and without one of its own "ttl_expired", "halted", "failed".
std::string what_of(const Event& event);
// Whether it records that the run stands still, or goes on again: of who carries it out, and nothing that anything follows from.
bool is_parking(const Event& event);

// ---- What is written

// The action that records a fact. `details` join its arguments: started_at, duration_ns, from, saw.
ActionRequest advance_request(const RunFold& fold, const Fact& fact, const Object& details);
// The same for what a person tells the run. `status`: what the run's becomes with it; may be empty.
ActionRequest tell_request(const RunFold& fold, const Fact& fact, const std::string& status);
// The same for a run that has ended, and goes on with it.
ActionRequest reopen_request(const RunFold& fold, const Fact& fact);
ActionRequest start_request(const DefinitionPin& pin, const Fact& fact);
// Why a run stands still, for people: "E8013: there is no workflow 'later'; declare it: …".
std::string reason_to_stand(const Status& why);
// The action that records why a run stands still, or, where `why` is empty, that it goes on.
ActionRequest parking_request(const std::string& run, const std::string& why);

}  // namespace forge::internal
