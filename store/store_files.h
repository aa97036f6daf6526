#pragma once

// The store's own files beside RocksDB's: where things stand in the directory, the identity file, and plain file operations over a
// rocksdb::FileSystem, so that tests can put a failing or forgetful disk under all of it.

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "forge/events/id.h"
#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/store/store.h"

namespace forge::internal {

// The file system is always asked with the plain options.
inline const rocksdb::IOOptions kIo;

inline constexpr std::uint32_t kStoreFormat = 1;

// CRC-32C (Castagnoli), as RocksDB uses it.
std::uint32_t crc32c(std::string_view bytes);

// The directory that a path stands in.
std::string parent_of(const std::string& path);

// The directory of one store.
struct StorePaths {
  std::string root;

  std::string identity() const { return root + "/FORGE"; }
  std::string identity_draft() const { return root + "/FORGE.new"; }
  std::string lock() const { return root + "/LOCK"; }
  std::string watermark() const { return root + "/WATERMARK"; }
  std::string data() const { return root + "/data"; }
  std::string quarantine() const { return root + "/quarantine"; }
  std::string loading() const { return root + "/loading"; }
};

// Nothing is stored in a directory where the making of a store broke off; a copy that broke off is another thing. Says how it is
// finished.
Status unfinished_creation(const StorePaths& paths);

struct Identity {
  std::uint32_t format = kStoreFormat;
  Uuid id;
  Time created;
  std::optional<Origin> origin;
};

class StoreFiles {
 public:
  StoreFiles(std::shared_ptr<rocksdb::FileSystem> file_system, StorePaths paths);

  // What stands at a path that a user named.
  enum class Found { kStore, kNothing, kUnfinished, kRemains, kForeign };
  // The directory a user means: `path` itself, or the `.forge` in it.
  static StorePaths locate(rocksdb::FileSystem& file_system, const std::string& path);
  Result<Found> look() const;

  // Makes the store's directory where there is none.
  Status make_root();
  // Makes the directories and the draft of the identity; nothing is a store yet.
  Status begin_creation(const Identity& identity);
  // Turns the draft into the identity: from here on the directory is a store.
  Status finish_creation();
  // Removes what an unfinished creation left.
  Status discard_creation();
  // Errors: kDataCorrupt, kFormatTooNew.
  Result<Identity> read_identity() const;
  // The identity that a store will have once it is whole. Errors: as read_identity.
  Result<Identity> read_draft() const;

  bool exists(const std::string& path) const;
  // Whether that store still stands at its path. Errors: kIoError where it cannot be told.
  Result<bool> holds_store(const Uuid& id) const;
  Result<std::string> read(const std::string& path) const;
  Result<std::uint64_t> size_of(const std::string& path) const;
  // Writes, syncs, and renames over `path`; syncs the directory.
  Status replace(const std::string& path, std::string_view text);
  Status sync_directory(const std::string& path);
  // Removes a directory and everything in it; nothing where there is none.
  Status remove_tree(const std::string& path);
  // Hard-links every file of `data` into quarantine/<name>, on disk when this returns; false when the file system has no hard
  // links.
  Result<bool> quarantine_data(const std::string& name);
  void remove_quarantine();

  rocksdb::FileSystem& file_system() const { return *file_system_; }
  const StorePaths& paths() const { return paths_; }

 private:
  Status make_directory(const std::string& path);
  Status write_synced(const std::string& path, std::string_view text);
  Result<Identity> read_identity(const std::string& path) const;

  std::shared_ptr<rocksdb::FileSystem> file_system_;
  StorePaths paths_;
};

}  // namespace forge::internal
