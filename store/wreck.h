#pragma once

// The data files of a damaged store, open for reading. Where CURRENT does not name a list of them, a copy (hard links where the
// file system has them) with the newest list that opens, in a scratch directory that goes with the object. Nothing of the store
// itself is changed. Where a file of the data cannot be opened, those of the log alone are, with the tree's where that can be: all
// else follows from the log. Where files of the log itself, or of meta, cannot be opened, the rest is, with holes where they were:
// on a copy whose list leaves them out. Where the list lost its end, the events in tables that it does not name are put into the
// log of such a copy. Not safe for concurrent use.

#include <memory>
#include <optional>
#include <string>

#include "database.h"
#include "directory_lock.h"
#include "forge/store/rebuild.h"
#include "store_files.h"
#include "watermark.h"
#include "wreck_list.h"

namespace forge::internal {

class Wreck {
 public:
  // `path` as Store::open takes it. What stands at `scratch` must be nothing, or the rest of an earlier object.
  Wreck(const std::string& path, const std::string& scratch, const CopyOptions& options);
  ~Wreck();
  Wreck(const Wreck&) = delete;
  Wreck& operator=(const Wreck&) = delete;

  // Nobody else opens the store for writing from here on. Errors: kStoreNotFound, kStoreLocked, kReadOnly, kDirectoryUnusable.
  Status hold(Clock& clock);
  // Errors: kStoreNotFound, kStoreLocked, kFormatTooNew, kStoreForeignFile, kTargetNotEmpty for the scratch directory, kDataCorrupt
  // where the log's own files cannot be opened.
  Status open();

  const std::string& root() const { return files_.paths().root; }
  const Database& database() const { return *database_; }
  const std::string& id() const { return id_; }
  // The list of data files that was taken because CURRENT did not name one; else empty.
  const std::string& manifest() const { return manifest_; }
  const std::optional<Watermark>& watermark() const { return watermark_; }
  // What was wrong before the log was looked at.
  const Status& damage() const { return damage_; }
  // The first of the log's own files that was left out; ok where none was.
  const Status& log_loss() const { return log_loss_; }

 private:
  Status check_place() const;
  Status read_identity();
  Status open_data(const std::string& directory);
  Status open_here();
  Status open_rest_of(const std::string& data, const Status& whole);
  Status look_for_more();
  Status open_copy();
  Status open_rest();
  Status make_copy();
  Status claim_scratch();
  Status copy_data();
  Status read_id();
  Status unusable(const Status& why, const std::string& place) const;

  StoreFiles files_, scratch_;
  LogSink log_;
  std::unique_ptr<DirectoryLock> lock_;
  bool made_scratch_ = false;
  std::unique_ptr<Database> database_;
  std::string id_, manifest_;
  std::optional<Watermark> watermark_;
  Status damage_, log_loss_;
};

}  // namespace forge::internal
