#pragma once

// One store, several processes: the one that holds it answers the others, on a unix socket in the store's directory. They open the
// store with OpenOptions::attach, or use forgectl, which does so by itself.
//
// Whoever may write to the directory may connect; the kernel tells who it is. A server never makes the store wait: each connection
// has bounded buffers and a bounded number of open requests, and one that is slow, sends garbage or goes away costs only itself.
// Its requests go the way of the store's own asynchronous calls, many of them with one sync.

#include <cstddef>
#include <memory>

#include "forge/events/status.h"
#include "forge/store/store.h"

namespace forge {

struct ServerOptions {
  // One more takes the place of the oldest that has not greeted yet; where all have, it is refused with kOverloaded.
  std::size_t connections_max = 128;
};

class Server {
 public:
  // Begins to answer for `store`, which this process must hold and does not move while the server answers. Closing the store, or
  // its end, stops the server first, as stop() does; so either object may go before the other. Starts one thread, one more with the
  // first connection that ends, and one for each connection that asks for more than transactions, or for one with an append
  // condition or a generic action. A socket file that another process left behind is replaced. Errors: kReadOnly where the store is
  // open for reading only or is itself attached, kUsage for a store in memory and for one that has a server, kClosed,
  // kSocketUnusable.
  static Result<Server> start(Store& store, ServerOptions options = {});

  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  // As stop().
  ~Server();

  // Takes no more requests, finishes those that were taken, tells the others that it ends, and closes. Waits for all that. Safe
  // from any thread; stopping twice is ok. Not inside a call of the store, which it may wait for.
  void stop();
  // How many are connected.
  std::size_t connections() const;

  struct State;  // internal

 private:
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace forge
