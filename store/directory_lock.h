#pragma once

// The exclusive hold on a store's directory. The kernel's lock on the directory itself decides; the LOCK file only tells others who
// holds it, and whether the holder is still opening the store, or about to let go. Both vanish with the process.

#include <chrono>
#include <memory>
#include <string>

#include "forge/events/status.h"
#include "forge/events/thread_annotations.h"
#include "forge/events/time.h"

namespace forge::internal {

class DirectoryLock {
 public:
  enum class Phase { kOpening, kHeld };
  // What others see of who refused them the lock.
  enum class Tenure {
    kOpening,  // opens the store, however long that takes
    kClosing,  // closes the store, or stops answering for it, however long that takes
    kNew,      // took the lock, had opened the store, or had stopped answering, only just now, or has let go meanwhile
    kSettled   // has held it for longer
  };

  // Errors: kStoreLocked naming the owner, kDirectoryUnusable.
  static Result<std::unique_ptr<DirectoryLock>> acquire(const std::string& directory, const std::string& owner, Time now,
                                                        Phase phase = Phase::kHeld);
  // The store is open: from now on others may expect an answer. Not to be called twice.
  void end_opening();
  // The store closes, or its server stops: who finds nobody that answers is to wait. From any thread; over once each call has been
  // taken back, and then the lock is new once more.
  void begin_closing() FORGE_EXCLUDES(mutex_);
  void end_closing() FORGE_EXCLUDES(mutex_);
  // Who holds the directory, in words; empty when nobody does.
  static std::string holder(const std::string& directory);
  // Of a directory whose lock was refused. New is what is less than `age` old.
  static Tenure tenure(const std::string& directory, std::chrono::milliseconds age);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  DirectoryLock(int directory, std::string lock_file);
  void cut_phase() const;
  int directory_;
  std::string lock_file_;
  std::size_t owner_bytes_ = 0;  // of the owner's line
  Mutex mutex_;
  int closings_ FORGE_GUARDED_BY(mutex_) = 0;
};

}  // namespace forge::internal
