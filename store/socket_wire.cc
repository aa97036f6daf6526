#include "socket_wire.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace forge::internal {
namespace {

Status gone(const std::string& why) {
  return Status(ErrorId::kHolderGone, "the connection to the process that holds the store has ended").why(why);
}

}  // namespace

Result<std::unique_ptr<Wire>> Wire::open(const std::string& directory, const std::string& store,
                                         std::chrono::milliseconds greeting_max) {
  FORGE_ASSIGN(Descriptor connection, connect_to(directory));
  std::unique_ptr<Wire> wire(new Wire(std::move(connection)));
  FORGE_TRY(wire->greet(directory, store, greeting_max));
  return wire;
}

Status Wire::greet(const std::string& directory, const std::string& store, std::chrono::milliseconds greeting_max) {
  // Who refuses may have closed already, and its refusal is there to be read.
  static_cast<void>(write(encode_frame(0, message::Hello{kProtocolVersion, store})).ok());
  FORGE_ASSIGN(std::optional<Received> answer, read(greeting_max));
  if (!answer) return gone("it did not answer the greeting within " + std::to_string(greeting_max.count()) + " ms");
  if (const Status* refusal = std::get_if<Status>(&answer->message)) return *refusal;
  if (std::holds_alternative<message::Goodbye>(answer->message)) return gone("it was about to close");
  message::Welcome* const welcome = std::get_if<message::Welcome>(&answer->message);
  if (welcome == nullptr) return Status(ErrorId::kProtocolBroken, "the greeting was answered with something else");
  if (welcome->version != kProtocolVersion) {
    return Status(ErrorId::kProtocolBroken, "the process that holds the store speaks version " + std::to_string(welcome->version))
        .why("this one speaks version " + std::to_string(kProtocolVersion));
  }
  if (!store.empty() && welcome->store != store) {
    return Status(ErrorId::kStoreForeignFile, "another store is in " + directory + " now")
        .why("it was " + store + " and is " + welcome->store);
  }
  welcome_ = std::move(*welcome);
  return {};
}

Status Wire::write(std::string_view frames) {
  while (!frames.empty()) {
    const ssize_t sent = ::send(connection_.number(), frames.data(), frames.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      frames.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      return gone("it takes nothing any more");
    } else if (errno != EINTR) {
      return gone(std::generic_category().message(errno));
    }
  }
  return {};
}

Result<std::optional<Wire::Received>> Wire::read(std::chrono::milliseconds timeout) {
  for (;;) {
    FORGE_ASSIGN(const std::optional<Frame> frame, buffer_.next());
    if (frame) {
      FORGE_ASSIGN(Message message, decode_payload(frame->payload));
      return std::optional<Received>(Received{frame->number, std::move(message)});
    }
    pollfd ready{connection_.number(), POLLIN, 0};
    const int waited = ::poll(&ready, 1, static_cast<int>(timeout.count()));
    if (waited == 0) return std::optional<Received>();
    if (waited < 0 && errno == EINTR) continue;
    const std::span<std::uint8_t> room = buffer_.room();
    const ssize_t got = ::recv(connection_.number(), room.data(), room.size(), 0);
    if (got > 0) {
      buffer_.wrote(static_cast<std::size_t>(got));
    } else if (got == 0) {
      return gone("it closed the connection");
    } else if (errno != EINTR) {
      return gone(std::generic_category().message(errno));
    }
  }
}

Result<Message> Wire::ask(const Message& request) {
  const std::uint64_t number = ++last_;
  FORGE_TRY(write(encode_frame(number, request)));
  for (;;) {
    FORGE_ASSIGN(std::optional<Received> answer, read(kSilenceMax));
    if (!answer) return gone("it has not shown life for 10 s");
    if (answer->number == number) {
      if (const Status* refusal = std::get_if<Status>(&answer->message)) return *refusal;
      return std::move(answer->message);
    }
    if (std::holds_alternative<message::Goodbye>(answer->message)) return gone("it ended in order");
  }
}

void Wire::close_both_ways() {
  ::shutdown(connection_.number(), SHUT_RDWR);
}

}  // namespace forge::internal
