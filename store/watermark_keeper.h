#pragma once

// Keeps the watermark behind the log: after each commit an unsynced note, and from a thread of its own a synced one soon after.
// Safe from any thread.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "forge/events/thread_annotations.h"
#include "watermark.h"

namespace forge::internal {

class WatermarkKeeper {
 public:
  // `start` is what the store holds on opening; it is written, synced and not clean, before this returns. `sync_log` is given where
  // commits are not synced by themselves: then nothing is noted before it has run. A note is synced within `interval`.
  static Result<std::unique_ptr<WatermarkKeeper>> start(StoreFiles& files, const Watermark& start, std::function<Status()> sync_log,
                                                        std::chrono::milliseconds interval);
  ~WatermarkKeeper();

  // Notes a commit, from one thread at a time. A failure to write it costs only evidence: it is kept for `failure()`.
  void note(Seq seq, const MerkleFrontier& frontier, Time time_floor);
  // No later commit is at or before `time`, also after a kill; after a power cut that comes later than `interval`. Errors:
  // kIoError.
  Status raise_floor(Time time);
  // `call` follows whenever synced_seq() has risen, from the keeper's thread; it must not block.
  void on_sync(std::function<void()> call);
  // Ends the thread, writes the last watermark as clean and closes the file; note() is not called any more.
  Status finish(Time time_floor);
  // Ends the thread and closes the file without a mark; nor then.
  void abandon();
  // Ok while the store stands at its path. Looked at within `interval`: what was acknowledged since it went is gone with it.
  Status loss() const;
  Status failure() const;
  // The newest seq that is known to survive a power cut.
  Seq synced_seq() const;

 private:
  WatermarkKeeper(StoreFiles& files, std::unique_ptr<WatermarkFile> file, const Watermark& start, std::function<Status()> sync_log,
                  std::chrono::milliseconds interval);
  void keep();
  Status look_for_store() const;
  void lose(const Status& why);
  Status sync(const Watermark& watermark);
  void end_thread();

  const StoreFiles& files_;
  std::unique_ptr<WatermarkFile> file_;
  const Uuid store_;
  const std::function<Status()> sync_log_;
  const std::chrono::milliseconds interval_;
  Hasher hasher_;     // of note()
  Mutex note_mutex_;  // held while an unsynced watermark is written; taken before mutex_
  mutable Mutex mutex_;
  CondVar wake_;
  Watermark newest_ FORGE_GUARDED_BY(mutex_);
  Watermark synced_ FORGE_GUARDED_BY(mutex_);
  bool stopping_ FORGE_GUARDED_BY(mutex_) = false;
  Status failure_ FORGE_GUARDED_BY(mutex_);
  std::atomic<bool> is_lost_{false};  // set after loss_
  Status loss_ FORGE_GUARDED_BY(mutex_);
  std::function<void()> on_sync_ FORGE_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace forge::internal
