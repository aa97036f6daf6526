#pragma once

// Checks what follows the log: every checkpoint, and the rows of the audit index against a fold of the log, block by block, so that
// memory does not grow with the store. The rows of a program's own projections cannot be checked without its code: rebuilding makes
// them anew. Not safe for concurrent use.

#include "catalog.h"
#include "checkpoint.h"
#include "verify_parts.h"

namespace forge::internal {

class ProjectionsCheck {
 public:
  // `snapshot` holds the store still.
  ProjectionsCheck(const Database& database, const Catalog& catalog, const rocksdb::Snapshot* snapshot, const Uuid& store);

  // The events in seq order; one that cannot be read is left out.
  void event(const Envelope& envelope);
  // After the last event. Nothing where the store has no projections.
  std::optional<VerifyCheck> finish();

 private:
  void check_checkpoints();
  void compare_block();
  void find_extra_rows();

  const Database& database_;
  const Catalog& catalog_;
  const rocksdb::Snapshot* snapshot_;
  const Uuid store_;
  const Projection audit_;
  std::optional<Checkpoint> checkpoint_;  // of the audit index, where its rows can be told from the log
  FoldRows rows_;
  std::uint64_t block_ = 0;
  std::uint64_t sound_rows_ = 0;
  VerifyCheck check_{.name = "projections", .count = 0, .findings = {}};
};

}  // namespace forge::internal
