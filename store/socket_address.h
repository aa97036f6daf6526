#pragma once

// The socket file in a store's directory. Who may connect follows from who may write to the directory.

#include <string>

#include "forge/events/status.h"

namespace forge::internal {

// A file descriptor that is closed with the object.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int number() const { return number_; }
  int release();

 private:
  int number_;
};

// Connects to whoever listens in the directory. Errors: kHolderGone where nobody does, kPeerRefused,
// kOverloaded where so many want to connect that it did not come to this one's turn, kSocketUnusable.
Result<Descriptor> connect_to(const std::string& directory);

// A socket that listens in a directory which this process holds: what another one left there is replaced.
class ListeningSocket {
 public:
  // Errors: kSocketUnusable.
  static Result<ListeningSocket> open(const std::string& directory);
  // As remove_file().
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&&) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&&) = delete;

  // The listening socket itself, which the caller closes.
  int take_socket() { return socket_.release(); }
  // Nobody finds it any more; who is connected stays so.
  void remove_file();
  // Whether the process at the other end of the connection may use the store: it has this process's user or root's or the owner's
  // of the directory, or may write to the directory by its group, or anybody may. Errors: kPeerRefused, kSocketUnusable.
  Status check_peer(int connection) const;

 private:
  ListeningSocket(Descriptor directory, Descriptor socket) : directory_(std::move(directory)), socket_(std::move(socket)) {}

  Descriptor directory_;
  Descriptor socket_;
};

}  // namespace forge::internal
