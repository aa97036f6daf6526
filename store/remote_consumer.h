#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "forge/events/thread_annotations.h"
#include "forge/store/subscription.h"
#include "gate.h"
#include "socket_wire.h"

namespace forge::internal {

// A consumer of a group that lives in the process that holds the store. Safe from any thread; one call at a time goes out.
class RemoteConsumer {
 public:
  // Joins the group over a connection of its own. Errors: as Store::join, and as Wire::open.
  static Result<std::shared_ptr<RemoteConsumer>> join(const std::string& directory, const std::string& store,
                                                      const SubscribeOptions& options, std::shared_ptr<Gate> gate);

  // As those of Consumer. Errors: also kHolderGone, and then what it had goes to the others.
  Result<std::optional<Delivery>> take(std::chrono::microseconds timeout);
  Status settle(Seq seq, bool failed, const std::string& why);
  // The store has closed: what it had goes to the others.
  void close() { wire_->close_both_ways(); }

 private:
  RemoteConsumer(std::unique_ptr<Wire> wire, std::shared_ptr<Gate> gate) : wire_(std::move(wire)), gate_(std::move(gate)) {}

  const std::unique_ptr<Wire> wire_;
  const std::shared_ptr<Gate> gate_;  // of the store
  Mutex asking_;
};

}  // namespace forge::internal
