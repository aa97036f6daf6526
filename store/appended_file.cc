#include "forge/store/appended_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "forge/events/system_reason.h"

namespace forge {
namespace {

Status failed(const char* what, const std::string& path) {
  return Status(ErrorId::kOutputFailed, std::string(what) + " '" + path + "' failed").why(system_reason(errno));
}

// A new name is on disk once its directory is.
Status sync_directory_of(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("opening the directory of", path);
  const bool synced = ::fsync(descriptor) == 0;
  Status out = synced ? Status() : failed("syncing the directory of", path);
  ::close(descriptor);
  return out;
}

}  // namespace

AppendedFile::AppendedFile(std::string path, int descriptor, std::uint64_t bytes)
    : path_(std::move(path)), descriptor_(descriptor), bytes_(bytes) {}

Result<AppendedFile> AppendedFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
  if (descriptor < 0) return failed("opening", path).state("nothing was written").remedy("check its path and permissions");
  AppendedFile file(path, descriptor, 0);
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) return failed("looking at", path);
  if (!S_ISREG(about.st_mode)) {
    return Status(ErrorId::kOutputFailed, "'" + path + "' cannot be appended to").why("it is not a regular file");
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Status(ErrorId::kOutputFailed, "'" + path + "' cannot be appended to").why("something else appends to it");
  }
  if (::fstat(descriptor, &about) != 0) return failed("looking at", path);
  file.bytes_ = static_cast<std::uint64_t>(about.st_size);
  FORGE_TRY(sync_directory_of(path));
  return file;
}

AppendedFile::AppendedFile(AppendedFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      is_synced_(other.is_synced_) {}

AppendedFile& AppendedFile::operator=(AppendedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(bytes_, other.bytes_);
  std::swap(is_synced_, other.is_synced_);
  return *this;
}

AppendedFile::~AppendedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status AppendedFile::append(std::string_view text) {
  is_synced_ = false;
  while (!text.empty()) {
    const ssize_t written = ::pwrite(descriptor_, text.data(), text.size(), static_cast<off_t>(bytes_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("writing to", path_);
    text.remove_prefix(static_cast<std::size_t>(written));
    bytes_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status AppendedFile::sync() {
  if (is_synced_) return {};
  if (::fsync(descriptor_) != 0) return failed("syncing", path_);
  is_synced_ = true;
  return {};
}

Status AppendedFile::cut(std::uint64_t bytes) {
  if (bytes == bytes_) return {};
  is_synced_ = false;
  while (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return failed("cutting", path_);
  }
  bytes_ = bytes;
  return {};
}

}  // namespace forge
