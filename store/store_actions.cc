// What a store is told: schemas and actions.

#include <algorithm>

#include "condition_search.h"
#include "contained.h"
#include "forge/store/store.h"
#include "idempotency.h"
#include "index_filling.h"
#include "log_reader.h"
#include "own_actions.h"
#include "store_state.h"
#include "targeting.h"
#include "undo_plan.h"
#include "upcast_filling.h"
#include "view_state.h"

namespace forge {

using internal::closed_error;
using internal::nothing_written;
using internal::Pass;
using internal::PreparedTransaction;
using internal::read_only_error;

namespace {

Status check_own_actions(const std::vector<ActionRequest>& actions, Seq head) {
  for (const ActionRequest& request : actions) FORGE_TRY(internal::check_own_action(request, head));
  return {};
}

}  // namespace

// --- the schema -----------------------------------------------------------------------------------------------------------------

Result<LoadedDomain> Store::load_domain(const std::string& path, const ActOptions& options) {
  FORGE_ASSIGN(std::vector<SourceFile> sources, Domain::load_sources(path));
  return add_schema(std::move(sources), options);
}

Result<LoadedDomain> Store::add_schema(std::vector<SourceFile> sources, const ActOptions& options) {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  if (state_->writes_elsewhere()) return state_->attachment->add_schema(std::move(sources), options);
  State& state = *state_;
  LoadedDomain loaded;
  std::shared_ptr<const Domain> next;
  // Decides what the new version is; null where nothing is to be done.
  const auto examine = [&]() -> Status {
    next = nullptr;
    const std::shared_ptr<const Domain> before = state.catalog.current();
    loaded.version = state.catalog.version();
    Domain::Outcome outcome = Domain::parse(sources, before->numbering());
    if (outcome.domain == nullptr) return outcome.errors.front();
    if (outcome.domain->digest() == before->digest()) return {};
    loaded.changes = compare(*before, *outcome.domain);
    std::string breaks;
    for (const SchemaChange& change : loaded.changes) {
      if (!change.safe) breaks += (breaks.empty() ? "" : "; ") + change.path + ": " + change.kind + " (" + change.text + ")";
    }
    if (!breaks.empty()) {
      return Status(ErrorId::kSchemaIncompatible, "the new schema breaks stored events")
          .why(breaks)
          .remedy("only add fields, resources, actions and enum values; how much it would hit: forgectl schema diff FILE");
    }
    next = std::move(outcome.domain);
    return {};
  };
  FORGE_TRY(nothing_written(examine()));
  if (next == nullptr) return loaded;
  if (state.writer == nullptr && !options.dry_run) return read_only_error(state.path);

  // Another caller may have added this very schema while this one waited.
  bool added_meanwhile = false;
  const auto make = [&](rocksdb::WriteBatch& batch) -> Result<std::unique_ptr<PreparedTransaction>> {
    FORGE_TRY(examine());
    added_meanwhile = next == nullptr;
    if (added_meanwhile) return Status(ErrorId::kCancelled, "this schema is in force already");
    FORGE_TRY(internal::fill_upcast(*state.database, state.catalog, *next, batch));
    FORGE_TRY(internal::fill_new_indexes(*state.database, state.catalog, *next, batch));
    std::vector<ActionRequest> actions;
    actions.push_back(
        {.action = "_schema.add", .args = internal::schema_arguments(*next, state.catalog.version() + 1), .if_version = {}});
    return state.prepare(std::move(actions), options);
  };
  const auto then = [&](Seq seq) {
    state.catalog.add(next, seq);
    loaded.version = state.catalog.version();
    loaded.added = true;
  };
  rocksdb::WriteBatch unwritten;
  const internal::TransactionResult written =
      state.writer != nullptr ? state.writer->transact_alone(make, then) : state.dry_run->decide(make(unwritten));
  if (added_meanwhile) return loaded;
  if (!written.ok()) return nothing_written(written.status());
  return loaded;
}

std::shared_ptr<const Domain> Store::domain() const {
  return state_->catalog.current();
}

std::vector<SchemaVersion> Store::schemas() const {
  const Pass pass(*state_->gate);
  std::vector<SchemaVersion> out;
  const std::vector<internal::Catalog::Version> versions = state_->catalog.versions();
  for (std::size_t i = 1; i < versions.size(); ++i) {
    SchemaVersion version;
    version.version = static_cast<std::uint32_t>(i);
    version.seq = versions[i].seq;
    version.digest = versions[i].domain->digest();
    version.domain = versions[i].domain;
    if (pass) {
      internal::AlignedBytes bytes;
      const Result<Envelope> event = internal::read_event(*state_->database, version.seq, bytes);
      if (event.ok()) version.recorded_at = event->recorded_at;
    }
    out.push_back(std::move(version));
  }
  return out;
}

// --- actions --------------------------------------------------------------------------------------------------------------------

Result<TransactionReceipt> Store::transact(std::vector<ActionRequest> actions, const ActOptions& options) {
  const Pass pass(*state_->gate);
  if (!pass) return nothing_written(closed_error());
  std::optional<internal::TransactionTrace> trace = state_->begin_trace(actions, options);
  Result<TransactionReceipt> result = state_->transact(std::move(actions), options);
  if (trace) trace->end(result);
  return result;
}

std::optional<internal::TransactionTrace> Store::State::begin_trace(const std::vector<ActionRequest>& actions,
                                                                    const ActOptions& of_transaction) const {
  if (!options.trace) return std::nullopt;
  return internal::TransactionTrace(options.trace, options.log, clock().now(), actions.size(), of_transaction);
}

// What is only tried is decided here, but for what code decides that only the holder may have.
bool Store::State::is_for_holder(const std::vector<ActionRequest>& actions) const {
  if (attachment == nullptr || !is_read_only) return attachment != nullptr;
  const std::shared_ptr<const Domain> domain = catalog.current();
  return std::any_of(actions.begin(), actions.end(), [&](const ActionRequest& request) {
    const Action* const action = domain->find_action(request.action);
    if (action == nullptr) return false;
    if (action->kind == ActionKind::kGeneric) return internal::find_target(*action, options) == nullptr;
    return action->handled && !options.handlers.contains(action->name);
  });
}

// The log is searched here, where it holds up nobody: what is left for the writer are the events that come meanwhile. What is
// answered again for its idempotency key is not asked, so it is not searched for, either.
Result<internal::PreparedCondition> Store::State::prepare_condition(const AppendCondition& asked,
                                                                    const std::string& idempotency_key) const {
  const Seq known = head();
  FORGE_ASSIGN(internal::LogCondition condition, internal::LogCondition::make(asked, catalog.versions(), known));
  internal::PreparedCondition out{.condition = std::move(condition), .searched_to = 0, .match = {}};
  if (!idempotency_key.empty()) {
    rocksdb::PinnableSlice row;
    FORGE_ASSIGN(const bool was_used, database->get(Table::kIdempotency, idempotency_key, row));
    if (was_used) return out;
  }
  FORGE_ASSIGN(out.match, internal::find_match(*database, catalog, out.condition, out.condition.after() + 1, known));
  out.searched_to = known;
  return out;
}

Result<std::unique_ptr<PreparedTransaction>> Store::State::prepare(std::vector<ActionRequest> actions,
                                                                   ActOptions of_transaction) const {
  FORGE_ASSIGN(std::unique_ptr<PreparedTransaction> prepared,
               internal::undoes_events(actions)
                   ? prepare_undoing(std::move(actions), std::move(of_transaction))
                   : PreparedTransaction::make(std::move(actions), std::move(of_transaction), catalog.current(), options.limits));
  if (const std::optional<AppendCondition>& asked = prepared->options().condition) {
    FORGE_ASSIGN(internal::PreparedCondition condition, prepare_condition(*asked, prepared->options().idempotency_key));
    prepared->add_condition(std::move(condition));
  }
  if (prepared->is_generic()) {
    if (Status planned = plan(*prepared); !planned.ok()) prepared->refuse(std::move(planned));
  }
  return prepared;
}

// What is refused here is answered where it is decided, since its idempotency key may have an answer already.
Status Store::State::plan(PreparedTransaction& prepared) const {
  auto at_head = std::make_shared<View::State>(look(database.get(), head()));
  at_head->gate = gate;
  const View view(std::move(at_head));
  FORGE_ASSIGN(internal::PlannedActions planned, internal::plan_actions(prepared, options, view));
  FORGE_TRY(check_own_actions(planned.actions, view.seq()));
  for (const AppendCondition& asked : planned.conditions) {
    FORGE_ASSIGN(internal::PreparedCondition condition, prepare_condition(asked, prepared.options().idempotency_key));
    prepared.add_condition(std::move(condition));
  }
  return prepared.plan(std::move(planned.actions), options.limits);
}

Result<TransactionReceipt> Store::State::transact(std::vector<ActionRequest> actions, const ActOptions& of_transaction) {
  if (writer == nullptr && !writes_elsewhere() && !of_transaction.dry_run) return read_only_error(path);
  if (is_for_holder(actions)) return attachment->transact(std::move(actions), of_transaction);
  FORGE_TRY(check_own_actions(actions, head()));
  if (internal::undoes_events(actions)) return transact_undoing(actions, of_transaction);
  return decide(prepare(std::move(actions), of_transaction));
}

Result<TransactionReceipt> Store::State::decide(Result<std::unique_ptr<PreparedTransaction>> prepared) {
  if (!prepared.ok()) return nothing_written(prepared.status());
  if (writer != nullptr) return writer->transact(*std::move(prepared));
  Result<TransactionReceipt> result = dry_run->decide(prepared);
  return result.ok() ? std::move(result) : Result<TransactionReceipt>(nothing_written(result.status()));
}

// The rows are in the batch of the action's event, or none of both.
Status Store::State::act_with(ActionRequest request, const ActOptions& act_options, std::vector<internal::RowWrite> rows) {
  std::vector<ActionRequest> actions;
  actions.push_back(std::move(request));
  Result<std::unique_ptr<PreparedTransaction>> prepared = prepare(std::move(actions), act_options);
  if (!prepared.ok()) return nothing_written(prepared.status());
  (*prepared)->carry(std::move(rows));
  return writer->transact(*std::move(prepared)).status();
}

void Store::transact_async(std::vector<ActionRequest> actions, ActOptions options,
                           std::function<void(Result<TransactionReceipt>)> done) {
  const Pass pass(*state_->gate);
  done = internal::contained(std::move(done), state_->options.log);
  if (!pass) return done(nothing_written(closed_error()));
  state_->submit(std::move(actions), std::move(options), nullptr, std::move(done));
}

void Store::State::submit(std::vector<ActionRequest> actions, ActOptions of_transaction,
                          std::shared_ptr<internal::StreamGate> stream, std::function<void(Result<TransactionReceipt>)> done) {
  if (std::optional<internal::TransactionTrace> trace = begin_trace(actions, of_transaction)) {
    done = [trace = *std::move(trace), done = std::move(done)](Result<TransactionReceipt> result) mutable {
      trace.end(result);
      done(std::move(result));
    };
  }
  if (writer == nullptr && !writes_elsewhere() && !of_transaction.dry_run) return done(read_only_error(path));
  if (is_for_holder(actions)) {
    return attachment->submit(std::move(actions), std::move(of_transaction), stream, std::move(done));
  }
  const Status issuable = check_own_actions(actions, head());
  Result<std::unique_ptr<PreparedTransaction>> prepared =
      issuable.ok() ? prepare(std::move(actions), std::move(of_transaction)) : issuable;
  if (writer == nullptr) {
    Result<TransactionReceipt> result = dry_run->decide(prepared, stream.get());
    return done(result.ok() ? std::move(result) : Result<TransactionReceipt>(nothing_written(result.status())));
  }
  if (prepared.ok()) return writer->transact_async(*std::move(prepared), std::move(stream), std::move(done));
  Status refusal = nothing_written(prepared.status());
  if (stream == nullptr) return done(std::move(refusal));
  writer->refuse_async(std::move(refusal), std::move(stream), std::move(done));
}

}  // namespace forge
