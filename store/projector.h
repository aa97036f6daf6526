#pragma once

// One projection of a store that is open for writing: what is stored of it, and its steps forward. Its rows are written by whoever
// holds its mutex or, while it takes part inline, by the decider; never by both. Safe from any thread.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog.h"
#include "checkpoint.h"
#include "database.h"
#include "forge/events/thread_annotations.h"
#include "forge/store/transaction.h"
#include "gate.h"
#include "inline_folds.h"
#include "prepared.h"
#include "writer.h"

namespace forge::internal {

// What all projections of a store draw on; outlives them.
struct ProjectorSurroundings {
  const Database& database;
  const Catalog& catalog;
  Writer& writer;
  InlineFolds& inline_folds;
  Clock& clock;
  const Gate& gate;
  Uuid store;
  LogSink log;  // empty: nowhere
  // One action with the rows that go with it. Errors: as Store::transact.
  std::function<Status(ActionRequest, const ActOptions&, std::vector<RowWrite>)> act;
};

class Projector {
 public:
  // Without `code` it stands still and can only be told things.
  Projector(const ProjectorSurroundings& store, std::string name, std::optional<Projection> code)
      : store_(store), name_(std::move(name)), code_(std::move(code)) {}

  // Takes up what is stored; with code, begins or begins anew where that is of no use, under `free_number`. Fills `warning` where
  // something was discarded. Errors: kDataCorrupt without code; as Writer::write_rows.
  Status open(std::uint16_t free_number, std::string& warning);
  // A step forward of at most one batch, new rows first. True: more can be done at once. Errors: as Writer::write_rows;
  // kDataCorrupt and kIoError of reading the log.
  Result<bool> step();
  // Nothing is written by it any more, once this has returned.
  void close();

  const std::string& name() const { return name_; }
  bool has_code() const { return code_.has_value(); }

  // As Projections.
  Status rebuild(const ActOptions& options);
  Status pause(const ActOptions& options);
  Status resume(const ActOptions& options);
  Result<Seq> retry(const ActOptions& options);
  Result<Seq> skip(const ActOptions& options);
  Status drop(const ActOptions& options);

 private:
  Status begin_anew(std::uint16_t number) FORGE_REQUIRES(mutex_);
  Checkpoint first_checkpoint(const RowSpace& space) const;
  Status begin_shadow() FORGE_REQUIRES(mutex_);
  Result<std::optional<Checkpoint>> usable(const std::string& key, std::string& why) const;

  bool may_advance() const FORGE_REQUIRES(mutex_);
  Result<bool> advance() FORGE_REQUIRES(mutex_);
  Result<bool> advance_shadow() FORGE_REQUIRES(mutex_);
  Result<bool> join() FORGE_REQUIRES(mutex_);
  Status exchange() FORGE_REQUIRES(mutex_);
  Status leave_inline() FORGE_REQUIRES(mutex_);
  Status fold_to(Seq to, Checkpoint& checkpoint, const std::string& key, rocksdb::WriteBatch& batch) const;
  Status fold_rest(Checkpoint& checkpoint, rocksdb::WriteBatch& batch) const;
  void discard(const Checkpoint& checkpoint, const std::string& key, rocksdb::WriteBatch& batch) const;
  void warn(const Checkpoint& checkpoint) const;

  Status ready_to_be_told() FORGE_REQUIRES(mutex_);
  Result<Seq> settle_failure(bool passes_over, const ActOptions& options) FORGE_REQUIRES(mutex_);
  Status tell(const char* action, Args args, const ActOptions& options, std::vector<RowWrite> rows) const;
  Status other_state(const std::string& why) const;

  const ProjectorSurroundings& store_;
  const std::string name_;
  const std::optional<Projection> code_;

  Mutex mutex_;                                                // taken before the writer's roles
  std::optional<Checkpoint> live_ FORGE_GUARDED_BY(mutex_);    // of the rows that are read; not current while it is joined
  std::optional<Checkpoint> shadow_ FORGE_GUARDED_BY(mutex_);  // of those that are built beside
  std::shared_ptr<InlineFold> joined_ FORGE_GUARDED_BY(mutex_);
  bool is_closed_ FORGE_GUARDED_BY(mutex_) = false;
};

}  // namespace forge::internal
