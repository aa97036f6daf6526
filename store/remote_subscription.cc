#include "remote_subscription.h"

namespace forge::internal {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kFollowMax{5};  // until the next holder answers

}  // namespace

Result<std::shared_ptr<RemoteSubscription>> RemoteSubscription::begin(const std::string& directory, const std::string& store,
                                                                      const SubscribeOptions& options, EventCallback callback,
                                                                      std::shared_ptr<Gate> gate) {
  std::shared_ptr<RemoteSubscription> made(new RemoteSubscription(directory, store, options, std::move(callback), std::move(gate)));
  FORGE_ASSIGN(const Begun begun, made->ask(options));
  made->next_ = begun.first;
  {
    const MutexLock lock(made->mutex_);
    made->wire_ = begun.wire;
  }
  const MutexLock lock(made->joining_);
  made->thread_ = std::thread([self = made] { self->run(); });
  return made;
}

// The last one to let go may be the thread itself, at its end.
RemoteSubscription::~RemoteSubscription() {
  const MutexLock lock(joining_);
  if (thread_.joinable()) thread_.detach();
}

Result<RemoteSubscription::Begun> RemoteSubscription::ask(SubscribeOptions options) const {
  FORGE_ASSIGN(std::unique_ptr<Wire> wire, Wire::open(directory_, store_));
  FORGE_ASSIGN(const Message answer, wire->ask(message::Subscribe{std::move(options)}));
  const auto* const done = std::get_if<message::Done>(&answer);
  if (done == nullptr) return Status(ErrorId::kProtocolBroken, "a subscription was answered with something else");
  return Begun{.wire = std::move(wire), .first = done->number};
}

void RemoteSubscription::cancel() {
  end(Status(ErrorId::kCancelled, "the subscription was cancelled"));
  join();
}

// Once this has returned no callback runs, but the one that it is called from.
void RemoteSubscription::join() {
  if (reader_.load() == std::this_thread::get_id()) return;
  const MutexLock lock(joining_);
  if (thread_.joinable()) thread_.join();
}

void RemoteSubscription::close() {
  end(closed_error());
  join();
}

void RemoteSubscription::end(const Status& why) {
  const MutexLock lock(mutex_);
  if (why_.ok()) why_ = why;
  if (wire_ != nullptr) wire_->close_both_ways();
  changed_.notify_all();
}

bool RemoteSubscription::wait_for(Seq seq, std::chrono::microseconds timeout) const {
  const auto until = Steady::now() + timeout;
  const MutexLock lock(mutex_);
  bool in_time = true;
  while (next_ <= seq && why_.ok() && in_time) in_time = changed_.wait_for(mutex_, until - Steady::now());
  return next_ > seq;
}

Status RemoteSubscription::status() const {
  const MutexLock lock(mutex_);
  return why_;
}

// --- the thread that reads ------------------------------------------------------------------------------------------------------

void RemoteSubscription::run() {
  const OwnThread own(*gate_);
  reader_ = std::this_thread::get_id();
  for (;;) {
    std::shared_ptr<Wire> wire;
    {
      const MutexLock lock(mutex_);
      if (!why_.ok()) return;
      wire = wire_;
    }
    const Status lost = read_events(*wire);
    if (!status().ok()) return;
    if (lost.id() != ErrorId::kHolderGone) return end(lost);
    if (const Status again = reconnect(); !again.ok()) return end(again);
  }
}

Status RemoteSubscription::read_events(Wire& wire) {
  for (;;) {
    FORGE_ASSIGN(const std::optional<Wire::Received> received, wire.read(kSilenceMax));
    if (!received) return Status(ErrorId::kHolderGone, "the process that holds the store has not shown life for 10 s");
    if (const Status* refusal = std::get_if<Status>(&received->message)) return *refusal;
    const auto* const delivered = std::get_if<message::Delivered>(&received->message);
    if (delivered != nullptr && delivered->event) FORGE_TRY(deliver(*delivered->event));
  }
}

Status RemoteSubscription::deliver(const Event& event) {
  if (event.seq < next_) return {};
  FORGE_TRY(status());
  if (const Status done = call_back(callback_, event); !done.ok()) return end(done), done;
  const MutexLock lock(mutex_);
  next_ = event.seq + 1;
  changed_.notify_all();
  return {};
}

Status RemoteSubscription::reconnect() {
  const Steady::time_point until = Steady::now() + kFollowMax;
  for (;;) {
    SubscribeOptions options = options_;
    options.from = next_.load();
    const Result<Begun> begun = ask(std::move(options));
    const MutexLock lock(mutex_);
    if (!why_.ok()) return why_;
    if (begun.ok()) return wire_ = begun->wire, Status();
    if (begun.status().id() != ErrorId::kHolderGone || Steady::now() > until) return begun.status();
    static_cast<void>(changed_.wait_for(mutex_, kReconnectEvery));
  }
}

}  // namespace forge::internal
