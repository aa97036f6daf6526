#pragma once

// Projections whose rows are written with the events. The decider folds each event as it is decided; what the folds change is put
// into the group's batch when the transaction is accepted, with a checkpoint, and is dropped when it is refused. A fold that fails
// leaves: the transaction goes on without it, and its checkpoint in the same batch says why. So does one whose rows could not be
// read; it goes on from the log.
//
// Touched under the decide role only, but for is_joined().

#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <vector>

#include "checkpoint.h"
#include "database.h"
#include "overlay.h"

namespace forge::internal {

// One projection that takes part. Once it has left it stays so.
class InlineFold {
 public:
  // Its rows are those of `checkpoint`, which is at the head. `projection` and the database outlive it.
  InlineFold(const Database& database, const Overlay& in_flight, const Projection& projection, Checkpoint checkpoint);
  bool is_joined() const { return is_joined_; }

 private:
  friend class InlineFolds;
  const Projection& projection_;
  std::string key_;        // of its checkpoint
  Checkpoint checkpoint_;  // after the last accepted transaction
  Checkpoint staged_;      // of the transaction at hand
  FoldRows rows_;
  bool is_lost_ = false;  // its rows could not be read
  std::atomic<bool> is_joined_{false};
};

class InlineFolds {
 public:
  InlineFolds(Clock& clock, LogSink log) : clock_(clock), log_(std::move(log)) {}

  // With nothing in flight and everything on disk.
  std::shared_ptr<InlineFold> join(const Database& database, const Projection& projection, const Checkpoint& checkpoint);
  void leave(InlineFold& fold);

  // One transaction: its events in order, then accept() or roll_back().
  void begin();
  void fold(const Envelope& envelope, const Domain& domain);
  void accept(const Database& database, rocksdb::WriteBatch& batch, std::uint64_t group);
  void roll_back() { begin(); }
  // The group's rows are in the database now.
  void committed(std::uint64_t group) { in_flight_.forget(group); }
  // What was in flight is gone: all leave, and go on from what is stored.
  void restore();

 private:
  void fold(InlineFold& one, const Envelope& envelope, const Domain& domain);
  void put(const Database& database, InlineFold& one, rocksdb::WriteBatch& batch, std::uint64_t group);

  Clock& clock_;
  const LogSink log_;
  Overlay in_flight_;
  std::vector<std::shared_ptr<InlineFold>> folds_;
};

}  // namespace forge::internal
