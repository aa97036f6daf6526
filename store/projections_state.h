#pragma once

// What stands behind Projections.

#include <functional>
#include <memory>
#include <string>

#include "forge/store/projection.h"
#include "projection_host.h"
#include "socket_message.h"

namespace forge {

struct Projections::State {
  explicit State(Store::State& of) : store(of) {}

  Store::State& store;
  std::unique_ptr<internal::ProjectionHost> host;  // of a store that is open for writing

  // Errors: kReadOnly.
  Result<internal::ProjectionHost*> open_host() const;
  // What `tell_it` says of the projection's Projector. Errors: kClosed, kReadOnly; as ProjectionHost::find.
  template <typename Tell>
  auto tell(const std::string& name, const Tell& tell_it) const -> decltype(tell_it(std::declval<internal::Projector&>()));
  // Of an attached store: the number in the answer. Errors: as the function of Projections that it stands for.
  Result<Seq> tell_elsewhere(internal::message::Telling telling, const std::string& name, const ActOptions& options) const;
  // As ProjectionHost::wait. Errors: kProjectionStopped where nothing follows.
  Result<bool> wait(std::chrono::microseconds timeout, const std::function<Result<bool>()>& is_done) const;
};

}  // namespace forge
