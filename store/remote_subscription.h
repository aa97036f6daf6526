#pragma once

// A subscription to a store that another process holds. It reads the events from a connection of its own, in a thread of its own,
// and calls back there: while a callback takes its time, the holder sends no more than fits into bounded buffers. A connection that
// is lost is made anew, at the first event that has not come.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "forge/events/thread_annotations.h"
#include "gate.h"
#include "socket_wire.h"
#include "subscriber.h"

namespace forge::internal {

class RemoteSubscription : public Subscription::State, public std::enable_shared_from_this<RemoteSubscription> {
 public:
  // Errors: as Store::subscribe, and as Wire::open.
  static Result<std::shared_ptr<RemoteSubscription>> begin(const std::string& directory, const std::string& store,
                                                           const SubscribeOptions& options, EventCallback callback,
                                                           std::shared_ptr<Gate> gate);
  ~RemoteSubscription() override;

  void cancel() override;
  void close() override;
  Seq position() const override { return next_ - 1; }
  bool wait_for(Seq seq, std::chrono::microseconds timeout) const override;
  Status status() const override;

 private:
  RemoteSubscription(const std::string& directory, const std::string& store, const SubscribeOptions& options,
                     EventCallback callback, std::shared_ptr<Gate> gate)
      : directory_(directory), store_(store), options_(options), callback_(std::move(callback)), gate_(std::move(gate)) {}

  struct Begun {
    std::shared_ptr<Wire> wire;
    Seq first = 0;
  };
  Result<Begun> ask(SubscribeOptions options) const;
  void run() FORGE_EXCLUDES(mutex_);
  Status read_events(Wire& wire) FORGE_EXCLUDES(mutex_);
  Status deliver(const Event& event) FORGE_EXCLUDES(mutex_);
  Status reconnect() FORGE_EXCLUDES(mutex_);
  void end(const Status& why) FORGE_EXCLUDES(mutex_);
  void join() FORGE_EXCLUDES(joining_);

  const std::string directory_, store_;
  const SubscribeOptions options_;
  const EventCallback callback_;
  const std::shared_ptr<Gate> gate_;  // of the store
  std::atomic<Seq> next_{1};          // the first event that has not come
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::shared_ptr<Wire> wire_ FORGE_GUARDED_BY(mutex_);
  Status why_ FORGE_GUARDED_BY(mutex_);
  Mutex joining_;
  std::thread thread_ FORGE_GUARDED_BY(joining_);
  std::atomic<std::thread::id> reader_;
};

}  // namespace forge::internal
