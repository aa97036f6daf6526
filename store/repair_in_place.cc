// A damaged store and its repaired copy change places in one step, so that there is a store under its name at every moment; the
// damaged one then gets the name it is kept under. Where the file system cannot exchange names, there is a moment without one.

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "forge/events/system_reason.h"
#include "repairing.h"

namespace forge {
namespace internal {
namespace {

namespace fs = std::filesystem;

struct Places {
  std::string store, repaired, damaged;
};

// The store's directory under a name that can be given to another: as the user spelled it where that is one.
Result<std::string> movable(const std::string& root) {
  std::error_code error;
  const fs::path given = root.substr(0, root.find_last_not_of('/') + 1);
  const bool is_name = given.has_filename() && given.filename() != "." && given.filename() != "..";
  if (is_name && fs::is_directory(fs::symlink_status(given, error))) return given.string();
  const fs::path real = fs::canonical(root, error);
  if (error) return Status(ErrorId::kStoreNotFound, "there is no store in " + root).why(error.message());
  return real.string();
}

bool renamed(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0;
}

Status not_moved(std::string what, std::string state) {
  return Status(ErrorId::kDirectoryUnusable, std::move(what))
      .why(system_reason(errno))
      .state(std::move(state))
      .remedy("move it by hand");
}

Status swap_in(const Places& places) {
  if (::renameat2(AT_FDCWD, places.repaired.c_str(), AT_FDCWD, places.store.c_str(), RENAME_EXCHANGE) == 0) {
    if (!renamed(places.repaired, places.damaged)) {
      return not_moved("the damaged store cannot be moved to " + places.damaged,
                       "the repaired store is in its place, the damaged one in " + places.repaired);
    }
  } else if ((errno != EINVAL && errno != ENOSYS) || !renamed(places.store, places.damaged)) {
    return not_moved("the repaired store cannot be moved to " + places.store,
                     "it is in " + places.repaired + ", the damaged one is as it was");
  } else if (!renamed(places.repaired, places.store)) {
    return not_moved("the repaired store cannot be moved to " + places.store,
                     "it is in " + places.repaired + ", the damaged one in " + places.damaged);
  }
  StoreFiles files(rocksdb::FileSystem::Default(), StorePaths{places.store});
  return files.sync_directory(parent_of(places.store));
}

// Both names beside the store must be free; what a killed repair left unfinished under the first is replaced.
Status check_free(const Places& places) {
  std::error_code error;
  if (const Status free = check_copy_target(places.repaired); !free.ok()) return Status(free).remedy("move it away");
  if (!fs::exists(places.damaged, error)) return {};
  return Status(ErrorId::kTargetNotEmpty, places.damaged + " is there already")
      .why("the damaged store is to be kept there")
      .state("nothing was changed")
      .remedy("move it away");
}

}  // namespace
}  // namespace internal

Result<InPlaceReport> repair_in_place(const std::string& path, const CopyOptions& options) {
  using namespace internal;
  std::error_code error;
  FORGE_ASSIGN(const std::string store, movable(StoreFiles::locate(*rocksdb::FileSystem::Default(), path).root));
  const Places places{store, store + ".repaired", store + ".damaged"};
  FORGE_TRY(check_free(places));
  Wreck wreck(places.store, scratch_of(places.repaired), options);
  FORGE_TRY(wreck.hold(options.clock != nullptr ? *options.clock : system_clock()));
  InPlaceReport out;
  FORGE_ASSIGN(out.report, repair_wreck(wreck, places.repaired, options, nullptr));
  FORGE_TRY(swap_in(places));
  out.damaged = places.damaged;
  fs::remove(places.damaged + "/LOCK", error);
  return out;
}

}  // namespace forge
