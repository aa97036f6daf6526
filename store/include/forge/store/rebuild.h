#pragma once

// A store as it stood at a point, made anew in another directory: every event up to there is read from the log, held against the
// tree, and folded again. The origin is only read, and may be written meanwhile, by this process or another.

#include <cstdint>
#include <functional>
#include <string>

#include "forge/events/id.h"
#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/store/options.h"
#include "forge/store/store.h"

namespace forge {

struct CopyOptions {
  Point as_of = Head{};  // what is copied ends here
  // Called now and then with the events done; false stops the copy with kCancelled.
  std::function<bool(Seq done, Seq total)> progress = {};
  Clock* clock = nullptr;   // null: the system's
  IdSource* ids = nullptr;  // null: the system's
  LogSink log = {};         // empty: nowhere
};

// A store that was made from another.
struct Copy {
  std::string id;  // its own
  Origin origin;
  Root root;                  // of the tree over its events: the origin's over as many
  std::uint64_t records = 0;  // Forge's own and destroyed ones included
  std::uint64_t bytes = 0;    // its files
};

// Makes the store in `target`, which must not exist or be empty; what an interrupted copy left there is replaced. The new store has
// an id of its own, remembers its origin, and equals the origin's past in every event and record, idempotency keys included. Until
// it is whole no open takes it for a store (kCopyUnfinished); on an error the target is as it was. Memory grows with the records
// kept, not with the log. Runs two threads more.
//
// Errors: as Store::resolve; kRecordNotFound where the store begins later; kPointInsideTransaction, naming points around it;
// kTargetNotEmpty (also inside another store or a backup), kStoreLocked, kDirectoryUnusable, kDiskFull and kIoError of the target;
// kEventAltered, kDataTruncated and kDataCorrupt of the origin, naming the first bad event; kCancelled.
Result<Copy> rebuild(const Store& origin, const std::string& target, const CopyOptions& options = {});

// Whether a copy can be made in `target`, as far as looking tells; writes nothing. For a dry run of rebuild, restore or repair.
// Errors: kTargetNotEmpty (also inside another store or a backup), kDirectoryUnusable where it is no directory.
Status check_copy_target(const std::string& target);

struct CopyEstimate {
  Seq events = 0;
  std::uint64_t bytes = 0;  // on disk
  std::int64_t micros = 0;  // until it is done, on this machine
};

// What rebuild() would do, measured on the log's first events, which are rebuilt in memory. Writes nothing. Errors: as
// rebuild() for the point; kDataCorrupt.
Result<CopyEstimate> estimate_rebuild(const Store& origin, const CopyOptions& options = {});

}  // namespace forge
