#pragma once

// Keeps the watermark behind the log: after each commit an unsynced note, and from a thread of its own a synced one at most a second
// later. Safe from any thread.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "watermark.h"

namespace forge::internal {

class WatermarkKeeper {
 public:
  // `start` is what the store holds on opening; it is written, synced and not clean, before this returns.
  static Result<std::unique_ptr<WatermarkKeeper>> start(StoreFiles& files, const Watermark& start);
  ~WatermarkKeeper();

  // Notes a durable commit. A failure to write it costs only evidence: it is kept for `failure()`.
  void note(Seq seq, const MerkleFrontier& frontier, Time time_floor);
  // Ends the thread and writes the last watermark as clean.
  Status finish(Time time_floor);
  // Ends the thread without a mark.
  void abandon();
  Status failure() const;

 private:
  explicit WatermarkKeeper(std::unique_ptr<WatermarkFile> file);
  void keep();
  void end_thread();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::unique_ptr<WatermarkFile> file_;
  Watermark newest_;
  bool unsynced_ = false;
  bool stopping_ = false;
  Status failure_;
  Hasher hasher_;
  std::thread thread_;
};

}  // namespace forge::internal
