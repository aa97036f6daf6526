#include "directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "forge/events/system_reason.h"

namespace forge::internal {
namespace {

std::string last_error() {
  return system_reason(errno);
}

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!text.empty() && text.back() == '\0') text.pop_back();
  for (char& byte : text) {
    if (static_cast<unsigned char>(byte) < 0x20) byte = ' ';
  }
  return text.substr(0, 200);
}

// Behind the owner's line, while that goes on.
constexpr std::string_view kOpeningLine = "opening\n", kClosingLine = "closing\n";

std::string read_owner(const std::string& lock_file) {
  std::ifstream file(lock_file);
  std::string line;
  std::getline(file, line);
  return line;
}

// Why the LOCK file cannot be written, and with it nothing else of the store.
Status no_lock_file(const std::string& directory) {
  if (errno == EROFS) {
    return Status(ErrorId::kReadOnly, "the store " + directory + " is on a read-only file system")
        .state("nothing was changed")
        .remedy("read with --read-only, or make the file system writable");
  }
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
    return Status(ErrorId::kDiskFull, "the store " + directory + " cannot be opened for writing")
        .why("no space is left on the device")
        .state("nothing was changed")
        .remedy("free some space and try again; reading works: --read-only");
  }
  return Status(ErrorId::kDirectoryUnusable, "the store " + directory + " cannot be opened for writing")
      .why("its file LOCK cannot be written: " + last_error())
      .state("nothing was changed")
      .remedy("read with --read-only, or act as a user who may write there");
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::acquire(const std::string& directory, const std::string& owner, Time now,
                                                              Phase phase) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Status(ErrorId::kDirectoryUnusable, "cannot open " + directory).why(last_error());
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd, directory + "/LOCK"));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const std::string who = read_owner(lock->lock_file_);
    lock->lock_file_.clear();
    return Status(ErrorId::kStoreLocked, "the store " + directory + " is held by another process")
        .why(who.empty() ? "its owner left no name" : who)
        .state("nothing was changed");
  }
  const int file = ::open(lock->lock_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return no_lock_file(directory);
  std::string line = "process " + std::to_string(::getpid()) + ", '" + (owner.empty() ? command_line() : owner) + "', since " +
                     format_time(now) + "\n";
  lock->owner_bytes_ = line.size();
  if (phase == Phase::kOpening) line += kOpeningLine;
  const bool written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const Status outcome = written ? Status() : no_lock_file(directory);
  ::close(file);
  FORGE_TRY(outcome);
  return lock;
}

std::string DirectoryLock::holder(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return {};
  const bool free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  if (free) return {};
  const std::string who = read_owner(directory + "/LOCK");
  return who.empty() ? "a process that left no name" : who;
}

DirectoryLock::Tenure DirectoryLock::tenure(const std::string& directory, std::chrono::milliseconds age) {
  const std::string lock_file = directory + "/LOCK";
  std::error_code gone;
  const auto written = std::filesystem::last_write_time(lock_file, gone);
  if (gone) return Tenure::kNew;
  std::ifstream file(lock_file);
  std::string owner, phase;
  if (std::getline(file, owner) && std::getline(file, phase)) {
    if (phase + '\n' == kOpeningLine) return Tenure::kOpening;
    if (phase + '\n' == kClosingLine) return Tenure::kClosing;
  }
  return std::filesystem::file_time_type::clock::now() - written < age ? Tenure::kNew : Tenure::kSettled;
}

void DirectoryLock::end_opening() {
  cut_phase();
}

// What cannot be written is not told: others then wait no longer than for one that has just been there.
void DirectoryLock::begin_closing() {
  const MutexLock lock(mutex_);
  if (++closings_ > 1) return;
  cut_phase();
  const int file = ::open(lock_file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return;
  static_cast<void>(::write(file, kClosingLine.data(), kClosingLine.size()) < 0);
  ::close(file);
}

void DirectoryLock::end_closing() {
  const MutexLock lock(mutex_);
  if (--closings_ == 0) cut_phase();
}

// Cutting the line off also dates the file: what is new is counted from here.
void DirectoryLock::cut_phase() const {
  std::error_code gone;
  const std::uintmax_t size = std::filesystem::file_size(lock_file_, gone);
  if (gone || size < owner_bytes_) return;  // somebody deleted it: it decides nothing
  std::filesystem::resize_file(lock_file_, owner_bytes_, gone);
}

DirectoryLock::DirectoryLock(int directory, std::string lock_file) : directory_(directory), lock_file_(std::move(lock_file)) {}

DirectoryLock::~DirectoryLock() {
  if (!lock_file_.empty()) ::unlink(lock_file_.c_str());
  ::close(directory_);
}

}  // namespace forge::internal
