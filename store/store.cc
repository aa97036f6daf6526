// Opening a store, sharing it, and closing it.

#include "forge/store/store.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "opening.h"
#include "projections_state.h"
#include "store_state.h"

namespace forge {

using internal::PreparedTransaction;

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

}  // namespace forge
