#include "directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace forge::internal {
namespace {

std::string last_error() {
  return std::generic_category().message(errno);
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

std::string read_owner(const std::string& lock_file) {
  std::ifstream file(lock_file);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::acquire(const std::string& directory, const std::string& owner, Time now) {
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
  if (file < 0) return Status(ErrorId::kDirectoryUnusable, "cannot write " + lock->lock_file_).why(last_error());
  const std::string line = "process " + std::to_string(::getpid()) + ", '" + (owner.empty() ? command_line() : owner) +
                           "', since " + format_time(now) + "\n";
  const bool written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  ::close(file);
  if (!written) return Status(ErrorId::kDiskFull, "cannot write " + lock->lock_file_).why(last_error());
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

DirectoryLock::DirectoryLock(int directory, std::string lock_file) : directory_(directory), lock_file_(std::move(lock_file)) {}

DirectoryLock::~DirectoryLock() {
  if (!lock_file_.empty()) ::unlink(lock_file_.c_str());
  ::close(directory_);
}

}  // namespace forge::internal
