#pragma once

// What one connection asks of the store that may take time: everything but transactions. For one thread at a time.

#include <atomic>
#include <functional>
#include <optional>

#include "forge/store/store.h"
#include "socket_message.h"

namespace forge::internal {

class ServerCalls {
 public:
  // Sends what was not asked for, from any thread; false where there is no room, and then resume() is called once there is.
  using Push = std::function<bool(std::uint64_t number, const Message& message)>;
  // Waits, a second at most, until everything has ended that closed connections left behind.
  using AwaitEndings = std::function<void()>;
  ServerCalls(Store& store, Push push, AwaitEndings await_endings)
      : store_(store), push_(std::move(push)), await_endings_(std::move(await_endings)) {}

  // The answer to a request, which may be a refusal; resume() follows once it is sent. Waits for half a second at most (Join: for a
  // second), and for the store.
  Message answer(std::uint64_t number, const Message& request);
  // Begins a subscription, or goes on with one that found no room.
  void resume();
  // Tells the other side where a subscription has ended by itself.
  void check();

 private:
  Message reply(const message::AddSchema& asked);
  Message reply(const message::AddBookmark& asked);
  Message reply(const message::Subscribe& asked);
  Message reply(const message::Join& asked);
  Message reply(const message::Take& asked);
  Message reply(const message::Settle& settled);
  Message reply(const message::AskGroups& asked);
  Message reply(const message::AskParked& asked);
  Message reply(const message::Unpark& asked);
  Message reply(const message::AskCheckpoint& asked);
  Message reply(const message::SetCheckpoint& asked);
  Message reply(const message::TellProjection& asked);
  Message reply(const message::AskProjection& asked);
  Message reply(const message::AwaitProjection& asked);
  template <typename Other>
  Message reply(const Other&);

  Status follow();
  Status deliver(const Event& event);

  Store& store_;
  const Push push_;
  const AwaitEndings await_endings_;
  std::uint64_t number_ = 0;  // of the request at hand
  std::optional<Consumer> consumer_;

  SubscribeOptions wanted_;       // of the subscription
  std::uint64_t subscribed_ = 0;  // the request that asked for it; 0: none
  std::atomic<Seq> next_{1};      // the first event that was not sent
  std::atomic<bool> is_waiting_for_room_{false};
  Subscription subscription_;
};

}  // namespace forge::internal
