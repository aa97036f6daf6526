#include "remote_consumer.h"

#include <algorithm>

namespace forge::internal {
namespace {

using Steady = std::chrono::steady_clock;

}  // namespace

Result<std::shared_ptr<RemoteConsumer>> RemoteConsumer::join(const std::string& directory, const std::string& store,
                                                             const SubscribeOptions& options, std::shared_ptr<Gate> gate) {
  FORGE_ASSIGN(std::unique_ptr<Wire> wire, Wire::open(directory, store));
  FORGE_TRY(wire->ask(message::Join{options}).status());
  return std::shared_ptr<RemoteConsumer>(new RemoteConsumer(std::move(wire), std::move(gate)));
}

Result<std::optional<Delivery>> RemoteConsumer::take(std::chrono::microseconds timeout) {
  const Pass pass(*gate_);
  const auto until = Steady::now() + timeout;
  const MutexLock lock(asking_);
  for (;;) {
    if (!pass || gate_->is_closed()) return closed_error();
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - Steady::now());
    FORGE_ASSIGN(Message answer, wire_->ask(message::Take{std::max(left, std::chrono::microseconds(0))}));
    auto* const delivered = std::get_if<message::Delivered>(&answer);
    if (delivered == nullptr) return Status(ErrorId::kProtocolBroken, "a consumer was answered with something else");
    if (delivered->event) {
      return std::optional<Delivery>(
          Delivery{.event = std::make_shared<const Event>(*std::move(delivered->event)), .attempt = delivered->attempt});
    }
    if (Steady::now() >= until) return std::optional<Delivery>();
  }
}

Status RemoteConsumer::settle(Seq seq, bool failed, const std::string& why) {
  const Pass pass(*gate_);
  if (!pass) return closed_error();
  const MutexLock lock(asking_);
  Status settled = wire_->ask(message::Settle{seq, failed, why}).status();
  if (settled.id() != ErrorId::kHolderGone) return settled;
  return std::move(settled).state("event " + std::to_string(seq) + " is delivered again unless its answer arrived");
}

}  // namespace forge::internal
