#pragma once

// The consumers of signals that a program has registered with its runner. Each is a subscription; together they are noted in the
// store, so that whoever sends a signal knows of them. Safe from any thread.

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "forge/events/thread_annotations.h"
#include "forge/store/options.h"
#include "forge/store/store.h"
#include "forge/workflows/runner.h"
#include "signal_receivers.h"

namespace forge::internal {

class SignalConsumers {
 public:
  // The store is not used after close().
  SignalConsumers(Store& store, LogSink log) : store_(store), log_(std::move(log)) {}

  // Forgets those of a process that was killed. Errors: as Store::set_checkpoint.
  Status begin();
  // As Runner::on_signal; returns what remove() takes.
  Result<std::uint64_t> add(ConsumedSignal wanted, std::function<void(const Signal&)> consume);
  void remove(std::uint64_t id);
  // Removes all; none is added after that.
  void close();

 private:
  struct Entry {
    ConsumedSignal wanted;
    Subscription subscription;
  };

  Status note() FORGE_REQUIRES(mutex_);
  void note_or_log() FORGE_REQUIRES(mutex_);

  Store& store_;
  const LogSink log_;
  Mutex mutex_;  // not held while a subscription is cancelled, which waits for its callback
  std::map<std::uint64_t, Entry> entries_ FORGE_GUARDED_BY(mutex_);
  std::uint64_t next_ FORGE_GUARDED_BY(mutex_) = 1;
  bool closed_ FORGE_GUARDED_BY(mutex_) = false;
};

}  // namespace forge::internal
