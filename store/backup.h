#pragma once

// Backups and restores over a file system of the caller's choice.

#include <memory>
#include <string>

#include "forge/store/backup.h"
#include "store_state.h"

namespace forge::internal {

Result<BackupReport> backup_over(const Store& store, const std::string& directory, const BackupOptions& options,
                                 std::shared_ptr<rocksdb::FileSystem> file_system);
// The backup is read through `file_system`, the target written through `env` (null: the system's).
Result<Copy> restore_over(const std::string& directory, const std::string& target, const CopyOptions& options,
                          std::shared_ptr<rocksdb::FileSystem> file_system, std::shared_ptr<rocksdb::Env> env);

}  // namespace forge::internal
