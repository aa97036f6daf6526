#include "forge/store/enclosure.h"

#include <filesystem>

#include "backup_files.h"

namespace forge {
namespace {

namespace fs = std::filesystem;

// "store" or "backup"; null for another directory. One with a manifest.json of somebody else's is none.
const char* kind_of_directory(const std::string& directory) {
  const internal::StorePaths paths{directory};
  std::error_code error;
  for (const std::string& path : {paths.identity(), paths.identity_draft(), paths.watermark()}) {
    if (fs::exists(path, error)) return "store";
  }
  const internal::BackupFiles backup(rocksdb::FileSystem::Default(), directory);
  if (!fs::exists(backup.manifest_path(), error)) return nullptr;
  const Result<std::optional<internal::Manifest>> manifest = backup.read_manifest();
  return manifest.ok() && manifest->has_value() ? "backup" : nullptr;
}

}  // namespace

Status check_outside(const std::string& path) {
  std::error_code error;
  // A slash at the end would make the path itself the first directory above it.
  const fs::path named = path.substr(0, path.find_last_not_of('/') + 1);
  const fs::path whole = fs::weakly_canonical(fs::absolute(named, error), error);
  if (error) return {};
  for (fs::path at = whole; at.has_relative_path();) {
    at = at.parent_path();
    const char* kind = kind_of_directory(at.string());
    if (kind == nullptr) continue;
    return Status(ErrorId::kTargetNotEmpty, "'" + path + "' is inside a " + kind)
        .why("the files in " + at.string() + " are Forge's own, and others among them can destroy it")
        .state("nothing was written")
        .remedy("choose a place outside of that directory");
  }
  return {};
}

}  // namespace forge
