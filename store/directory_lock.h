#pragma once

// The exclusive hold on a store's directory. The kernel's lock on the directory itself decides; the LOCK file only tells others who
// holds it. Both vanish with the process.

#include <chrono>
#include <memory>
#include <string>

#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge::internal {

class DirectoryLock {
 public:
  // Errors: kStoreLocked naming the owner, kDirectoryUnusable.
  static Result<std::unique_ptr<DirectoryLock>> acquire(const std::string& directory, const std::string& owner, Time now);
  // Who holds the directory, in words; empty when nobody does.
  static std::string holder(const std::string& directory);
  // Of a directory whose lock was refused: whoever wrote its name last did so less than `age` ago, or has let go meanwhile.
  static bool is_new(const std::string& directory, std::chrono::milliseconds age);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  DirectoryLock(int directory, std::string lock_file);
  int directory_;
  std::string lock_file_;
};

}  // namespace forge::internal
