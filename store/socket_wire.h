#pragma once

// The client's end of one connection, the greeting done: sends and receives frames and waits for both. One thread may write while
// another reads; close_both_ways() is for any thread.

#include <chrono>
#include <memory>
#include <string>

#include "socket_address.h"
#include "socket_frame.h"
#include "socket_message.h"

namespace forge::internal {

// While a request is open the other side shows life once a second; this long without any is taken for its end.
inline constexpr std::chrono::milliseconds kSilenceMax{10'000};
// The greeting is answered within this time.
inline constexpr std::chrono::milliseconds kGreetingMax{5'000};
// How long, and how often, another holder is looked for when one has gone.
inline constexpr std::chrono::milliseconds kReconnectMax{2'000};
inline constexpr std::chrono::milliseconds kReconnectEvery{20};

class Wire {
 public:
  // Connects and greets. `store` is the id that is expected; empty: any. Errors: kHolderGone (also where it does not answer in
  // time), kSocketUnusable, kPeerRefused, kOverloaded, kProtocolBroken, kStoreForeignFile where another store is there.
  static Result<std::unique_ptr<Wire>> open(const std::string& directory, const std::string& store,
                                            std::chrono::milliseconds greeting_max = kGreetingMax);

  const message::Welcome& welcome() const { return welcome_; }

  // Errors: kHolderGone; then part of it may have arrived.
  Status write(std::string_view frames);
  struct Received {
    std::uint64_t number = 0;
    Message message;
  };
  // The next message; nothing where none came in time. Errors: kHolderGone at the end, kProtocolBroken.
  Result<std::optional<Received>> read(std::chrono::milliseconds timeout);
  // Sends and waits for the answer to it. Errors: the refusal; as write and read; kHolderGone after a silence.
  Result<Message> ask(const Message& request);

  // Both ends read the end from now on.
  void close_both_ways();

 private:
  explicit Wire(Descriptor connection) : connection_(std::move(connection)) {}
  Status greet(const std::string& directory, const std::string& store, std::chrono::milliseconds greeting_max);

  Descriptor connection_;
  FrameBuffer buffer_;
  message::Welcome welcome_;
  std::uint64_t last_ = 0;  // request of ask()
};

}  // namespace forge::internal
