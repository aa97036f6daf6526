#include "data_files.h"

#include <algorithm>
#include <string>
#include <vector>

#include "database.h"
#include "log_records.h"

namespace forge::internal {
namespace {

constexpr std::string_view kManifest = "MANIFEST-";

bool is_manifest(std::string_view name) {
  if (!name.starts_with(kManifest) || name.size() == kManifest.size()) return false;
  return name.find_first_not_of("0123456789", kManifest.size()) == std::string_view::npos;
}

void keep_manifests(std::vector<std::string>& names) {
  std::erase_if(names, [](const std::string& name) { return !is_manifest(name); });
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() > b.size() : a > b; });
}

Status lost(const StoreFiles& files, std::string why, std::string place) {
  return Status(ErrorId::kDataCorrupt, "the data files of the store " + files.paths().root + " cannot be opened")
      .why(std::move(why))
      .place(std::move(place))
      .state("nothing was changed");
}

// CURRENT can be written again where a MANIFEST is left; repair does so on a copy.
Status lost_current(const StoreFiles& files, std::vector<std::string> names, const std::string& how) {
  Status status =
      lost(files, "the file CURRENT, which names the list of the data files, " + how, files.paths().data() + "/CURRENT");
  keep_manifests(names);
  if (names.empty()) return status;
  return std::move(status).remedy(kRepairRemedy);
}

// The end of the last sound record before any damage, and whether there is a sound one behind it.
class SoundPrefix : public LogRecordVisitor {
 public:
  void take(std::string_view, std::uint64_t, std::uint64_t end) override {
    if (is_damaged_) {
      goes_on_ = true;
    } else {
      end_ = end;
    }
  }
  void damage(std::uint64_t, const char*) override { is_damaged_ = true; }

  bool has_torn_end() const { return is_damaged_ && !goes_on_ && end_ > 0; }
  std::uint64_t end() const { return end_; }

 private:
  std::uint64_t end_ = 0;
  bool is_damaged_ = false;
  bool goes_on_ = false;
};

std::string manifest_path(const StoreFiles& files, const std::string& current) {
  return files.paths().data() + "/" + current.substr(0, current.find('\n'));
}

}  // namespace

Result<DataFileList> data_file_list(const StoreFiles& files) {
  DataFileList list;
  FORGE_ASSIGN(list.current, files.read(files.paths().data() + "/CURRENT"));
  FORGE_ASSIGN(list.bytes, files.size_of(manifest_path(files, list.current)));
  return list;
}

Result<std::optional<FilePrefix>> readable_manifest(const StoreFiles& files) {
  FORGE_ASSIGN(const std::string current, files.read(files.paths().data() + "/CURRENT"));
  const std::string path = manifest_path(files, current);
  FORGE_ASSIGN(const std::string bytes, files.read(path));
  SoundPrefix prefix;
  read_log_records(bytes, prefix);
  if (!prefix.has_torn_end()) return std::optional<FilePrefix>();
  return std::optional<FilePrefix>(FilePrefix{.path = path, .bytes = prefix.end()});
}

Result<FilePrefix> sound_manifest(const StoreFiles& files) {
  FORGE_ASSIGN(const std::string current, files.read(files.paths().data() + "/CURRENT"));
  const std::string path = manifest_path(files, current);
  FORGE_ASSIGN(const std::string bytes, files.read(path));
  SoundPrefix prefix;
  read_log_records(bytes, prefix);
  if (prefix.end() == 0) return lost(files, "the list of the data files is not readable", path);
  return FilePrefix{.path = path, .bytes = prefix.end()};
}

std::vector<std::string> manifests_in(const StoreFiles& files, const std::string& directory) {
  std::vector<std::string> names;
  files.file_system().GetChildren(directory, rocksdb::IOOptions(), &names, nullptr).PermitUncheckedError();
  keep_manifests(names);
  return names;
}

// The names come from the directory itself: whether a file is there cannot be told one by one where the directory may not be
// entered.
Status check_data_files(const StoreFiles& files) {
  const std::string data = files.paths().data();
  if (!files.exists(data)) return lost(files, "the directory data is missing", data);
  bool is_directory = false;
  const rocksdb::IOStatus asked = files.file_system().IsDirectory(data, rocksdb::IOOptions(), &is_directory, nullptr);
  if (!asked.ok() && !asked.IsNotSupported()) return to_status(asked, "looking into " + data);
  if (asked.ok() && !is_directory) return lost(files, "data is not a directory", data);
  std::vector<std::string> names;
  FORGE_TRY(to_status(files.file_system().GetChildren(data, rocksdb::IOOptions(), &names, nullptr), "listing " + data));
  const auto is_there = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };

  if (!is_there("CURRENT")) return lost_current(files, names, "is missing");
  FORGE_ASSIGN(const std::string text, files.read(data + "/CURRENT"));
  if (text.empty()) return lost_current(files, names, "is empty");
  const std::string_view named = std::string_view(text).substr(0, text.size() - 1);
  if (text.back() != '\n' || !is_manifest(named)) return lost_current(files, names, "names none");
  const std::string manifest(named);
  if (is_there(manifest)) return {};
  Status status = lost(files, "the file " + manifest + ", the list of the data files, is missing", data + "/" + manifest);
  keep_manifests(names);
  return names.empty() ? std::move(status) : std::move(status).remedy(kRepairRemedy);
}

}  // namespace forge::internal
