#pragma once

// Backups: the events of a store in files of their own, compressed, each with its checksum and the root of the tree after it. The
// log is the truth, so this is all there is to keep; restoring folds it again. A backup directory takes one backup after another of
// the same store, and each writes only the events since the last.
//
// The directory holds `events-FIRST-LAST.fgs` files and `manifest.json`, which names them and is replaced in one step at the end of
// a backup (store/FORMAT.md, "Backups"). A backup that was interrupted leaves the manifest of the one before it; the next one
// removes its rest.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/store/rebuild.h"
#include "forge/store/store.h"

namespace forge {

// One backup of a directory's history.
struct BackupPoint {
  std::uint64_t number = 0;  // from 1
  Time taken_at;
  Root root;  // of the tree over the events that it holds
};

struct BackupOptions {
  // Called now and then with the new events done; false stops the backup with kCancelled.
  std::function<bool(Seq done, Seq total)> progress = {};
  Clock* clock = nullptr;  // null: the system's
  bool dry_run = false;    // looks at the directory and writes nothing: the report is what would be
};

struct BackupReport {
  BackupPoint point;
  Seq new_events = 0;           // 0: nothing was new, and nothing was written
  std::uint64_t new_bytes = 0;  // compressed
  std::string manifest;         // its path
  std::string manifest_sha256;  // keep it elsewhere: it proves the whole backup
};

// Backs the store up into `directory`, which must not exist, be empty, or hold backups of this store. Takes what is durable, whole
// transactions only, each event held against the tree. Works beside writers, in this process and others; the store is only read. On
// an error the directory is as it was, or, where the manifest's last sync failed, holds the whole new backup. Memory: two segments
// of 32 MiB. Safe from any thread; one backup a directory at a time.
//
// Errors: kTargetNotEmpty (other things are there), kBackupForeign (backups of another store, or of another past of this one),
// kBackupCorrupt and kBackupTooNew of the manifest there, kStoreLocked (another backup is writing there), kEventAltered,
// kDataTruncated and kDataCorrupt of the store, kDirectoryUnusable, kDiskFull, kIoError, kCancelled.
Result<BackupReport> backup(const Store& store, const std::string& directory, const BackupOptions& options = {});

struct BackupContents {
  std::string store;                // the id of the store
  std::vector<BackupPoint> points;  // at least one; the last one holds everything
  std::uint64_t bytes = 0;          // of the segments
  Seq end = 0;                      // where a restore with these options ends
  std::string manifest_sha256;
};

// Reads the manifest and every file it names, and compares their checksums. Changes nothing. Errors: kBackupNotFound,
// kBackupCorrupt naming the file, kBackupTooNew, kIoError; those of restore() for the point.
Result<BackupContents> inspect_backup(const std::string& directory, const CopyOptions& options = {});

// Makes a store of the backup in `target`, as rebuild() makes one of a store: new or empty, an id of its own, a marked draft until
// it is whole. Every file that is needed is checked before the target is touched, every root while it is built. `as_of` is a seq, a
// time or the head; bookmarks and idempotency keys are known once restored.
//
// Errors: those of inspect_backup and of rebuild's target; kTimeInFuture past the backup's end; kPointInsideTransaction; kUsage for
// another kind of point.
Result<Copy> restore(const std::string& directory, const std::string& target, const CopyOptions& options = {});

}  // namespace forge
