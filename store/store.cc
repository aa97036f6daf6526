#include "forge/store/store.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "condition_search.h"
#include "contained.h"
#include "forge/events/key.h"
#include "idempotency.h"
#include "index_filling.h"
#include "log_reader.h"
#include "names.h"
#include "opening.h"
#include "own_actions.h"
#include "projections_state.h"
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

// --- opening and closing --------------------------------------------------------------------------------------------------------

Result<Store> Store::open(const std::string& path, OpenOptions options) {
  if (path != ":memory:") return StoreAccess::open(path, std::move(options), nullptr);
  return StoreAccess::open("/memory", std::move(options),
                           std::shared_ptr<rocksdb::Env>(rocksdb::NewMemEnv(rocksdb::Env::Default())));
}

namespace {

// What is read is opened after the connection is made, so that nothing which came before is missing from it. Errors: as
// Attachment::open.
Status attach(Store::State& state, std::optional<OpenOptions> successor) {
  const auto greeting_max =
      std::min(internal::kGreetingMax, std::chrono::ceil<std::chrono::milliseconds>(state.options.attach_timeout));
  FORGE_ASSIGN(state.attachment,
               internal::Attachment::open(state.files->paths().root, state.gate, std::move(successor), greeting_max));
  state.options.read_only = true;
  return {};
}

// The files may hold events that the holder has not acknowledged: nothing is shown that it does not know of.
Status read_beside_holder(Store::State& state) {
  FORGE_TRY(internal::open_state(state));
  state.attachment->await_head(state.read_head);
  return {};
}

Status no_answer(const Status& locked, internal::DirectoryLock::Tenure tenure) {
  using Tenure = internal::DirectoryLock::Tenure;
  if (tenure == Tenure::kSettled) return Status(locked).why(locked.text().why + "; it does not answer for other processes");
  std::string why = locked.text().why + "; it does not answer yet";
  if (tenure == Tenure::kOpening) why = locked.text().why + "; it is still opening the store";
  if (tenure == Tenure::kClosing) why = locked.text().why + "; it is still closing the store";
  return Status(locked).why(std::move(why)).remedy("try again in a while, or wait longer: --timeout 60s");
}

// A process that opens the store will answer, or let go, and one that closes it will let go: they are waited for. So is one that
// had it opened only just now, for its server comes next, and one whose server has just stopped, for it may close the store. One
// that has had it open for longer and does not answer is no holder to wait for. That is looked at twice: who was refused may have
// met one that went at that moment, or one that had not written its name yet.
Status attach_or_hold(Store::State& state) {
  using internal::DirectoryLock;
  constexpr std::chrono::milliseconds kNewMax{2000}, kLookEvery{10};
  const auto until = std::chrono::steady_clock::now() + state.options.attach_timeout;
  for (int old_locks = 0;;) {
    Status opened = internal::open_state(state);
    if (opened.id() != ErrorId::kStoreLocked) return opened;
    const Status attached = attach(state, state.options);
    if (attached.ok()) return read_beside_holder(state);
    if (attached.id() != ErrorId::kHolderGone) return Status(attached).state("nothing was changed");
    const DirectoryLock::Tenure tenure = DirectoryLock::tenure(state.files->paths().root, kNewMax);
    if (tenure == DirectoryLock::Tenure::kSettled) ++old_locks;
    if (old_locks > 1 || std::chrono::steady_clock::now() > until) return no_answer(opened, tenure);
    std::this_thread::sleep_for(kLookEvery);
  }
}

// Reading needs nobody: where no holder answers, and for whatever reason, the store is read as it is.
Status open_or_attach(Store::State& state) {
  if (!state.options.attach || state.env != nullptr) return internal::open_state(state);
  if (!state.is_read_only) return attach_or_hold(state);
  return attach(state, std::nullopt).ok() ? read_beside_holder(state) : internal::open_state(state);
}

}  // namespace

Result<Store> StoreAccess::open(const std::string& path, OpenOptions options, std::shared_ptr<rocksdb::Env> env,
                                const internal::Tuning& tuning) {
  auto state = std::make_unique<Store::State>();
  state->options = std::move(options);
  state->tuning = tuning;
  if (state->options.clock == nullptr) state->options.clock = &system_clock();
  if (state->options.ids == nullptr) state->options.ids = &system_ids();
  state->path = path;
  state->env = std::move(env);
  const std::shared_ptr<rocksdb::FileSystem> file_system =
      state->env != nullptr ? state->env->GetFileSystem() : rocksdb::FileSystem::Default();
  state->files = std::make_unique<internal::StoreFiles>(file_system, internal::StoreFiles::locate(*file_system, path));
  state->is_read_only = state->options.read_only;
  FORGE_TRY(open_or_attach(*state));
  state->start_subscriptions();
  Store store(std::move(state));
  FORGE_TRY(store.state_->start_projections());
  if (!store.state_->options.domain.empty()) FORGE_TRY(store.load_domain(store.state_->options.domain).status());
  if (store.state_->lock != nullptr) store.state_->lock->end_opening();
  return store;
}

namespace {

// A store that ends inside one of its own calls has nothing to return to.
void end(Store::State* state) {
  const Status closed = state->close();
  if (closed.id() == ErrorId::kUsage) abort_with(closed);
  delete state;
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : state_(state.release(), end) {}
Store::Store(std::shared_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::share() const {
  return Store(state_);
}

Status Store::close() {
  return state_->close();
}

Status Store::State::close() {
  if (gate->is_inside()) {
    return Status(ErrorId::kUsage, "the store cannot close inside one of its own calls")
        .why("closing waits for every call and callback, and this is one")
        .state("the store is open")
        .remedy("close it once the callback has returned, or from a thread of the program's own");
  }
  const MutexLock one_at_a_time(closing);
  if (database == nullptr) return {};
  if (lock != nullptr) lock->begin_closing();
  server->end_server();  // what others asked for is finished, and they are told
  gate->close();
  if (projections_state != nullptr && projections_state->host != nullptr) projections_state->host->end_waiting();
  gate->await_empty();
  server->end_server();  // one that was started meanwhile
  if (attachment != nullptr) attachment->close();
  if (subscriptions != nullptr) subscriptions->close();
  if (projections_state != nullptr && projections_state->host != nullptr) projections_state->host->close();
  Status result = writer == nullptr ? Status() : stop_writing();
  if (snapshots != nullptr) snapshots->close();
  dry_run.reset();
  database.reset();
  lock.reset();
  return result;
}

// A store that failed gets no mark of a clean stop: the next opening looks at everything.
Status Store::State::stop_writing() {
  writer->stop();
  const Status failure = writer->failure();
  if (failure.id() != ErrorId::kClosed) {
    watermark->abandon();
    FORGE_TRY(watermark->loss());
    return Status(ErrorId::kIoFatal, "the store is closed; its writing had ended before")
        .why(failure.text().what + ": " + failure.text().why)
        .state("what was acknowledged is stored; whether more is, the next opening finds out");
  }
  const Time floor = std::max(decider->last_time(), writer->floor());
  Status result = database->flush();
  if (!result.ok()) {
    watermark->abandon();
    return result;
  }
  result = watermark->finish(floor);
  if (result.ok()) files->remove_quarantine();
  return result;
}

void Store::State::start_subscriptions() {
  constexpr unsigned kDeliveryThreads = 2;
  auto feed = std::make_shared<internal::Feed>(*database, catalog, clock(), gate, kDeliveryThreads);
  feed->log = options.log;
  feed->visible = [this](bool durable_only) { return durable_only ? std::min(head(), durable_seq()) : head(); };
  feed->write = [this](std::vector<internal::RowWrite> rows) {
    return writer->transact(PreparedTransaction::of_rows(std::move(rows))).status();
  };
  subscriptions = std::make_unique<internal::Subscriptions>(*database, std::move(feed), identity.id);
  if (writer == nullptr) return;
  writer->on_commit([this] {
    subscriptions->wake();
    projections_state->host->wake();  // nothing commits before start_projections()
  });
  if (options.durability == Durability::kOs) watermark->on_sync([this] { subscriptions->wake(); });
}

Store::State::State() = default;
Store::State::~State() = default;

Status Store::State::start_projections() {
  snapshots = std::make_shared<internal::HeldSnapshots>(database->db());
  projections_state = std::make_unique<Projections::State>(*this);
  projections = std::make_unique<Projections>(*projections_state);
  if (writer == nullptr) return {};
  internal::ProjectorSurroundings surroundings{
      .database = *database,
      .catalog = catalog,
      .writer = *writer,
      .inline_folds = *inline_folds,
      .clock = clock(),
      .gate = *gate,
      .store = identity.id,
      .log = options.log,
      .act = [this](ActionRequest request, const ActOptions& act_options, std::vector<internal::RowWrite> rows) {
        return act_with(std::move(request), act_options, std::move(rows));
      }};
  projections_state->host = std::make_unique<internal::ProjectionHost>(std::move(surroundings));
  return projections_state->host->start(std::move(options.projections), notices);
}

Projections& Store::projections() {
  return *state_->projections;
}

const Projections& Store::projections() const {
  return *state_->projections;
}

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

// --- reads ----------------------------------------------------------------------------------------------------------------------

View::State Store::State::look(const internal::Database* in, Seq seq) const {
  View::State state;
  state.database = in;
  state.catalog = &catalog;
  state.clock = &clock();
  state.domain = catalog.as_of(seq);
  state.seq = seq;
  state.store = identity.id;
  return state;
}

View Store::view() const {
  const Pass pass(*state_->gate);
  auto state = std::make_shared<View::State>(state_->look(pass ? state_->database.get() : nullptr, head()));
  state->gate = state_->gate;
  return View(std::move(state));
}

Result<View> Store::as_of(Seq seq) const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  if (seq > head()) {
    return Status(ErrorId::kTimeInFuture, "event " + std::to_string(seq) + " is past the head of the log")
        .why("the head is event " + std::to_string(head()) + ", recorded at " + format_time(state_->head_time()));
  }
  auto state = std::make_shared<View::State>(state_->look(state_->database.get(), seq));
  state->gate = state_->gate;
  return View(std::move(state));
}

Result<View> Store::as_of(const Point& point) const {
  const Pass pass(*state_->gate);
  FORGE_ASSIGN(const Resolved resolved, resolve(point));
  return as_of(resolved.seq);
}

Result<Record> Store::get(std::string_view resource, std::string_view key) const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  const View::State now = state_->look(state_->database.get(), head());
  FORGE_ASSIGN(const View::State::Target target, now.target(resource, key));
  return now.record_at(target, now.seq, nullptr);
}

// --- bookmarks ------------------------------------------------------------------------------------------------------------------

Result<Bookmark> Store::add_bookmark(const std::string& name, const Point& point, const ActOptions& options) {
  if (!internal::is_name(name)) {
    return Status(ErrorId::kKeyInvalid, "'" + name + "' cannot name a bookmark")
        .why("letters, digits and _ . : - are allowed, 200 at most")
        .state("nothing was written")
        .remedy("choose another name");
  }
  const Pass pass(*state_->gate);
  if (!pass) return nothing_written(closed_error());
  if (state_->writes_elsewhere()) return state_->attachment->add_bookmark(name, point, options);
  FORGE_ASSIGN(const Resolved resolved, resolve(point));
  const Status added = act("_bookmark.add", {{"name", name}, {"seq", resolved.seq}}, options).status();
  if (added.id() == ErrorId::kRecordExists) {
    return Status(ErrorId::kRecordExists, "there is a bookmark '" + name + "' already")
        .state("nothing was written")
        .remedy("use another name, or remove that one first: forgectl bookmark remove " + name);
  }
  FORGE_TRY(added);
  return Bookmark{.name = name, .seq = resolved.seq, .recorded_at = resolved.time};
}

Status Store::remove_bookmark(const std::string& name, const ActOptions& options) {
  Status removed = act("_bookmark.remove", {{"name", name}}, options).status();
  if (removed.id() != ErrorId::kRecordNotFound) return removed;
  return Status(ErrorId::kBookmarkNotFound, "there is no bookmark '" + name + "'").state("nothing was written");
}

Result<std::vector<Bookmark>> Store::bookmarks() const {
  const Pass pass(*state_->gate);
  std::vector<Bookmark> out;
  FORGE_ASSIGN(const View now, as_of(head()));
  const Status listed = now.list({.resource = "_bookmark"}, [&](const Record& record) {
    out.push_back({.name = record.key(), .seq = static_cast<Seq>(record["seq"].as_int()), .recorded_at = {}});
    return true;
  });
  FORGE_TRY(listed);
  for (Bookmark& bookmark : out) {
    if (bookmark.seq == 0) continue;
    internal::AlignedBytes bytes;
    const Result<Envelope> event = internal::read_event(*state_->database, bookmark.seq, bytes);
    if (event.ok()) bookmark.recorded_at = event->recorded_at;
  }
  return out;
}

// --- what it is -----------------------------------------------------------------------------------------------------------------

Seq Store::head() const {
  return state_->head();
}
const std::string& Store::path() const {
  return state_->path;
}
std::string Store::id() const {
  return state_->identity.id.to_string();
}
bool Store::read_only() const {
  return state_->is_read_only;
}
bool Store::is_attached() const {
  return state_->attachment != nullptr;
}
const std::vector<std::string>& Store::notices() const {
  return state_->notices;
}

Result<Root> Store::root() const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  Root root;
  root.size = head();
  FORGE_ASSIGN(root.hash, internal::tree_root(*state_->database, root.size));
  return root;
}

Seq Store::State::durable_seq() const {
  return options.durability == Durability::kSync || watermark == nullptr ? head() : watermark->synced_seq();
}

Seq Store::durable_seq() const {
  return state_->durable_seq();
}

Result<Seq> Store::newest_head() const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  FORGE_ASSIGN(const internal::WatermarkFile::Reading reading, internal::WatermarkFile::read(*state_->files));
  return reading.newest ? std::max(head(), reading.newest->seq) : head();
}

namespace {

// What the write-ahead log takes on the disk.
Result<std::uint64_t> wal_bytes(const internal::StoreFiles& files) {
  const std::string data = files.paths().data();
  std::vector<std::string> names;
  FORGE_TRY(internal::to_status(files.file_system().GetChildren(data, rocksdb::IOOptions(), &names, nullptr), "listing " + data));
  std::uint64_t sum = 0;
  for (const std::string& name : names) {
    const Result<std::uint64_t> size = name.ends_with(".log") ? files.size_of(data + "/" + name) : Result<std::uint64_t>(0);
    if (size.ok()) sum += *size;  // one that was deleted meanwhile takes nothing
  }
  return sum;
}

}  // namespace

Result<StoreStats> Store::stats() const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  const internal::Database& database = *state_->database;
  const auto bytes_of = [&](Table table) {
    std::uint64_t files = 0, memory = 0;
    if (database.handle(table) == nullptr) return files;
    database.db().GetIntProperty(database.handle(table), rocksdb::DB::Properties::kLiveSstFilesSize, &files);
    database.db().GetIntProperty(database.handle(table), rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
    return files + memory;
  };
  StoreStats stats;
  stats.id = state_->identity.id.to_string();
  stats.origin = state_->identity.origin;
  stats.head = head();
  stats.head_time = state_->head_time();
  stats.schema_version = state_->catalog.version();
  database.db().GetIntProperty(database.handle(Table::kCurrent), rocksdb::DB::Properties::kEstimateNumKeys,
                               &stats.records_estimate);
  stats.log_bytes = bytes_of(Table::kLog);
  stats.state_bytes = bytes_of(Table::kCurrent);
  stats.history_bytes = bytes_of(Table::kVersions);
  stats.index_bytes = bytes_of(Table::kUnique) + bytes_of(Table::kIdempotency) + bytes_of(Table::kIndex) + bytes_of(Table::kTags);
  stats.tree_bytes = bytes_of(Table::kTree);
  stats.rows_bytes = bytes_of(Table::kRows) + bytes_of(Table::kCursors);
  FORGE_ASSIGN(stats.wal_bytes, wal_bytes(*state_->files));
  return stats;
}

std::vector<Metric> Store::metrics() const {
  const Pass pass(*state_->gate);
  if (!pass) return {};
  std::vector<Metric> out = {{"forge.head", "1", false, static_cast<double>(head())},
                             {"forge.durable_seq", "1", false, static_cast<double>(durable_seq())}};
  if (state_->writer == nullptr) return out;
  const internal::WriterTotals& totals = state_->writer->totals();
  const auto total = [&](std::string_view name, const internal::Total& value) {
    out.push_back({name, "1", true, static_cast<double>(value.value())});
  };
  total("forge.transactions.accepted", totals.accepted);
  total("forge.transactions.refused", totals.refused);
  total("forge.transactions.replayed", totals.replayed);
  total("forge.groups", totals.groups);
  total("forge.syncs", totals.syncs);
  out.push_back({"forge.sync.seconds", "s", true, static_cast<double>(totals.sync_nanos.value()) / 1e9});
  out.push_back({"forge.actions.waiting", "1", false, static_cast<double>(state_->writer->waiting().actions)});
  return out;
}

}  // namespace forge
