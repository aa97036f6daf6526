#pragma once

// Projections of a store: rows of your own that follow from the log (forge/projections/projection.h has the fold), kept by the
// store, built again from the first event when their code changes, and read as of one event.
//
// A following projection is folded behind the writer, in batches, its rows and its checkpoint in one write: after a crash it goes
// on where it was. An inline one is folded when an event is decided, its rows in the same write as the event: the price is paid by
// every action; one that is behind, as after its code changed, follows until it has caught up.
//
// A fold that fails on an event, by an error or an exception, stops its own projection at that event and nothing else: the error is
// kept and shown until the event is retried or skipped, or the projection is rebuilt.
//
// Rebuilding makes new rows beside the old ones, which serve until both are exchanged in one write. It survives the process: the
// next opening with the projection goes on with it.
//
// The first projection of a store that is open for writing starts one thread, which follows for all of them. Folds run in it or, of
// inline projections, in those that act; in both at once while one is rebuilt. None may call the store. Safe from any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"
#include "forge/projections/projection.h"
#include "forge/store/transaction.h"

namespace forge {

enum class ProjectionState : std::uint8_t {
  kLive,        // its rows are those of the head
  kBehind,      // on the way there, or without its code in this process
  kRebuilding,  // new rows are built beside those that are read
  kStalled,     // its fold failed on an event
  kPaused,
  kDamaged,  // its checkpoint cannot be used: the next opening for writing with its code builds it anew
};
std::string_view name_of(ProjectionState state);  // "live"

struct ProjectionFailure {
  Seq seq = 0;  // the event
  Time at;
  std::string error;
};

struct ProjectionInfo {
  std::string name;
  ProjectionState state = ProjectionState::kLive;
  ProjectionMode mode = ProjectionMode::kFollowing;
  std::uint32_t code_version = 0;  // that its rows were made by
  Seq seq = 0;                     // its rows are the fold of events 1 to this
  std::uint64_t lag = 0;           // events of the log after it
  std::uint64_t errors = 0;        // times that its fold failed since its rows were begun
  std::uint64_t skipped = 0;       // events that are not in its rows
  Time updated;
  std::optional<ProjectionFailure> failure;  // where it stands still, or where its rebuilding does
  std::optional<Seq> rebuilt_to;             // of the rows that are built beside
};

// The rows of a projection as of one event: consistent, and unchanged for as long as the view lives, also over a rebuild. It keeps
// what it shows on disk, so let go of it soon. It may outlive its store: once that is closed, reading fails with kClosed. Safe from
// any thread.
class ProjectionView {
 public:
  ProjectionView(ProjectionView&&) noexcept;
  ProjectionView& operator=(ProjectionView&&) noexcept;
  ~ProjectionView();

  // The rows are the fold of events 1 to this.
  Seq seq() const;
  // Errors: kDataCorrupt, kIoError, kClosed.
  Result<std::optional<std::string>> get(std::string_view key) const;
  // The rows whose keys begin so, in order of their bytes, until `visit` returns false. Errors: as get.
  Status scan(std::string_view prefix, const std::function<bool(std::string_view key, std::string_view value)>& visit) const;

  struct State;  // internal

 private:
  friend class Projections;
  explicit ProjectionView(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All projections of one store: Store::projections(). What is told to a projection is an event of the log (`_projection.…`), with
// the actor and the reason of `options`; a dry run checks only.
class Projections {
 public:
  // Goes on with the projection, or begins it where the store has none of that name; builds its rows anew where they were made by
  // another code version, or its checkpoint is damaged or of another store. The functions live until the store is closed. Returns
  // before it has caught up. Errors: kProjectionName, kProjectionExists where it was added already, kReadOnly, kClosed, kDiskFull,
  // kIoFatal.
  Status add(Projection projection);

  // Every projection that the store has rows of, by name; and one. Errors: kProjectionNotFound, kDataCorrupt, kClosed.
  Result<std::vector<ProjectionInfo>> list() const;
  Result<ProjectionInfo> get(const std::string& name) const;
  // What can be read now. A row of an inline projection is shown once it is on disk. Errors: as get, and kDataCorrupt where its
  // checkpoint is damaged.
  Result<ProjectionView> view(const std::string& name) const;
  // Waits until its rows hold event `seq`, so that who acted can read what came of it. Errors: kTimeInFuture past the head,
  // kProjectionStopped where it stands still, kDeadlinePassed; as get.
  Status await(const std::string& name, Seq seq, std::chrono::microseconds timeout) const;

  // Begins to build it anew; where its code is not here, once it is. Errors: kProjectionOtherState where that is under way; as get,
  // and as Store::transact.
  Status rebuild(const std::string& name, const ActOptions& options = {});
  // Waits until no rebuilding is under way. Errors: kProjectionStopped where it failed or waits for its code; as await.
  Status await_rebuild(const std::string& name, std::chrono::microseconds timeout) const;
  // Stops it where it is; lets it go on. Errors: kProjectionOtherState where it is so already; as rebuild.
  Status pause(const std::string& name, const ActOptions& options = {});
  Status resume(const std::string& name, const ActOptions& options = {});
  // Tries the event again that it failed on; passes over it for good. Return its seq. Errors: kProjectionOtherState where it did
  // not fail; as rebuild.
  Result<Seq> retry(const std::string& name, const ActOptions& options = {});
  Result<Seq> skip(const std::string& name, const ActOptions& options = {});
  // Removes it with its rows. Errors: as rebuild.
  Status drop(const std::string& name, const ActOptions& options = {});

  struct State;  // internal
  explicit Projections(State& state) : state_(state) {}
  Projections(const Projections&) = delete;
  Projections& operator=(const Projections&) = delete;

 private:
  State& state_;
};

}  // namespace forge
