#pragma once

// What can be saved of a damaged store, made into a sound one elsewhere.

#include <cstdint>
#include <optional>
#include <string>

#include "forge/events/status.h"
#include "forge/store/rebuild.h"

namespace forge {

// What a repair keeps and what it cannot.
struct RepairPlan {
  std::string store;           // the id of the damaged store
  Seq kept = 0;                // events 1 to this are sound and whole transactions: the longest such beginning of the log
  Seq known = 0;               // events up to this are known to have been stored
  std::uint64_t readable = 0;  // of the lost ones, events that can still be read: forgectl log shows them where the store opens
  std::uint64_t lost_transactions = 0;  // among the readable ones; those that cannot be read cannot be counted
  Status reason;                        // what ends the log there, or else is damaged; ok where nothing was found
  std::string manifest;                 // the list of data files that was taken because CURRENT did not name one; else empty

  Seq lost() const { return known - kept; }
};

struct RepairReport {
  RepairPlan plan;
  Copy copy;
  std::optional<Seq> note;  // the event that says what was lost; none where nothing was
};

// Looks for the longest beginning of the log that holds against the tree, the watermark and the fold, which only building tells in
// full. Needs the log's own data files and no others; where one of those cannot be used, what stands before its events is kept.
// Opens the store's files for reading only and changes none of them; where CURRENT is damaged, or a file of the log or of the
// store's own facts cannot be used, a copy of them (hard links where the file system has them) in TARGET.salvage, removed before
// this returns. The store must not be open for writing.
//
// Errors: kStoreNotFound, kStoreLocked, kFormatTooNew, kStoreForeignFile, kTargetNotEmpty of TARGET.salvage, kDiskFull, kIoError;
// kDataCorrupt where no list of the data files is left, or neither they nor FORGE carry the store's id: then only a backup helps.
Result<RepairPlan> plan_repair(const std::string& path, const std::string& target, const CopyOptions& options = {});

// Makes a sound store of it in `target`, as rebuild() does: new or empty, an id of its own, a marked draft until it is whole. What
// was lost is said by the last event of the new store: a transaction without actions, its reason naming the events. `as_of` is not
// looked at. Errors: those of plan_repair and of rebuild's target.
Result<RepairReport> repair(const std::string& path, const std::string& target, const CopyOptions& options = {});

struct InPlaceReport {
  RepairReport report;
  std::string damaged;  // where the damaged store is now
};

// The same, and then the repaired store takes the place of the damaged one, which is kept beside it as PATH.damaged; PATH.repaired
// is where the repaired one is built. Nobody can write the store meanwhile. On an error before they change places the store is as
// it was. Errors: those of repair; kReadOnly; kTargetNotEmpty where PATH.damaged or PATH.repaired is there; kDirectoryUnusable.
Result<InPlaceReport> repair_in_place(const std::string& path, const CopyOptions& options = {});

}  // namespace forge
