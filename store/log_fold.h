#pragma once

// A stretch of the log folded into the rows of a projection: what following, building and rebuilding have in common.

#include <rocksdb/write_batch.h>

#include "catalog.h"
#include "checkpoint.h"
#include "database.h"

namespace forge::internal {

// How much is folded at once: so many events make one write, and the writer waits for one write at most.
inline constexpr std::size_t kEventsInFold = 2048;
inline constexpr std::size_t kBytesInFold = 4 << 20;  // of the log

// Folds the events after `checkpoint.seq` up to `to`, or the first of them, puts the changed rows into `batch` and moves the
// checkpoint; puts no row for the checkpoint itself. Where the fold fails, the checkpoint stands before that event and says why, as
// of `now`. Errors: kDataCorrupt and kIoError of reading; then neither batch nor checkpoint is of use.
Status fold_log(const Database& database, const Catalog& catalog, const Projection& projection, Seq to, Time now,
                Checkpoint& checkpoint, rocksdb::WriteBatch& batch);

// A stored row of the space.
Result<std::optional<std::string>> stored_row(const Database& database, const std::string& full_key);
// Puts what the fold changed.
void put_changes(const Database& database, const RowSpace& space, const FoldRows& rows, rocksdb::WriteBatch& batch);
// Notes at the checkpoint that the fold failed.
void note_failure(const Status& failure, Seq seq, Time now, Checkpoint& checkpoint);

}  // namespace forge::internal
