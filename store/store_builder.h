#pragma once

// A new store made from the events of another, in the order of the log: from a store, from a backup, from what was left of a
// damaged one. What it writes is byte for byte what a store has that those events were written into.
//
// The directory is marked as an unfinished copy until finish(): no open takes it for a store, and a build that was killed is begun
// again by the next one. A builder that is destroyed unfinished removes what it made. Rows go past the write-ahead log, so nothing
// of it is durable before finish(), and all of it after.
//
// Not safe for concurrent use; writes files in one thread more, and at the end takes them in in another.

#include <array>
#include <memory>
#include <string>

#include "database.h"
#include "directory_lock.h"
#include "log_scan.h"
#include "log_tree.h"
#include "side_thread.h"
#include "state_fold.h"
#include "store_files.h"
#include "table_loader.h"
#include "transaction_order.h"

namespace forge::internal {

struct BuildTarget {
  std::string path;
  std::shared_ptr<rocksdb::Env> env;  // null: the system's
  Clock* clock = nullptr;
  IdSource* ids = nullptr;
  LogSink log;
  TableLoader::Limits limits = {};
};

struct BuiltStore {
  Identity identity;
  Root root;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

// The files of a directory that a store may be built in: new, empty, or what an earlier build left unfinished. Errors:
// kTargetNotEmpty, kDirectoryUnusable.
Result<std::unique_ptr<StoreFiles>> target_files(const std::string& path, std::shared_ptr<rocksdb::FileSystem> file_system);

class StoreBuilder {
 public:
  // Claims the directory, which must be new, empty, or what an earlier build left unfinished. Errors: kTargetNotEmpty,
  // kStoreLocked, kDirectoryUnusable, kDiskFull, kIoError; the target is as it was then.
  static Result<std::unique_ptr<StoreBuilder>> begin(BuildTarget target, Origin origin);
  ~StoreBuilder();
  StoreBuilder(const StoreBuilder&) = delete;
  StoreBuilder& operator=(const StoreBuilder&) = delete;

  // The next event, from 1 on, with its leaf. Errors: kDataCorrupt where it does not follow from those before it, kDiskFull,
  // kIoError.
  Status add(const LogRow& row);
  // Adds an event that changes nothing, a transaction of its own, recorded now. Returns its seq. Errors: as add.
  Result<Seq> add_note(std::string_view actor, std::string_view reason);
  // How many events were added, and the root of the tree over them.
  Seq size() const { return tree_.size(); }
  Hash root() { return tree_.frontier().root(hasher_); }
  // Writes the state and makes the directory a store. The last event added must be the last of its transaction. Errors: kDiskFull,
  // kIoError, kDataCorrupt.
  Result<BuiltStore> finish();

 private:
  explicit StoreBuilder(BuildTarget target, Origin origin);
  Status claim();
  Status create();
  TableLoader& loader(Table table);
  Status load_rest();
  Status load_state(Table table);
  Status take_in(const std::vector<Table>& tables);
  std::uint64_t bytes_on_disk() const;
  Status seal();

  BuildTarget target_;
  std::unique_ptr<StoreFiles> files_;
  Identity identity_;
  std::unique_ptr<DirectoryLock> lock_;
  bool is_claimed_ = false;
  bool made_directory_ = false;
  std::unique_ptr<Database> database_;
  Catalog catalog_;
  StateFold fold_{catalog_};
  TransactionOrder order_;
  LogTree tree_;
  Hasher hasher_;
  AlignedBytes bytes_;
  Time last_time_;
  BuiltStore built_;
  std::array<std::unique_ptr<TableLoader>, kTableCount> loaders_;
  std::unique_ptr<TableLoader> tile_roots_;  // rows 'N' of the tree: apart from its rows 'L', each come in order
  std::unique_ptr<SideThread> thread_;
};

}  // namespace forge::internal
