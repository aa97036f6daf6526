// Each way in is one word: how many are inside by it, and a bit that closes it. Entering is refused by the bit itself, so that the
// count of a closed way only falls, and whoever brings it to nothing tells the one who closes. Everybody else's last touch of the
// gate is that count: when the one who closes has been told by all ways, the gate may go.

#include "gate.h"

namespace forge::internal {

thread_local const Gate::Mark* Gate::innermost_ = nullptr;

Status closed_error() {
  return Status(ErrorId::kClosed, "the store is closed");
}

namespace {

// Threads take the ways in turn.
std::size_t way_of_thread() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t kMine = next.fetch_add(1, std::memory_order_relaxed);
  return kMine;
}

}  // namespace

bool Gate::is_inside() const {
  for (const Mark* mark = innermost_; mark != nullptr; mark = mark->outer) {
    if (mark->gate == this) return true;
  }
  return false;
}

Gate::Way* Gate::enter() {
  Way& way = ways_[way_of_thread() % kWays];
  std::uint32_t seen = way.word.load(std::memory_order_relaxed);
  while ((seen & Way::kClosed) == 0) {
    if (way.word.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed)) return &way;
  }
  return nullptr;
}

void Gate::leave(Way& way) {
  if (way.word.fetch_sub(1, std::memory_order_acq_rel) != (Way::kClosed | 1)) return;
  const MutexLock lock(mutex_);
  --occupied_;
  left_.notify_all();
}

void Gate::close() {
  const MutexLock lock(mutex_);
  for (Way& way : ways_) {
    const std::uint32_t before = way.word.fetch_or(Way::kClosed, std::memory_order_acq_rel);
    if ((before & Way::kClosed) == 0 && before != 0) ++occupied_;
  }
}

void Gate::await_empty() {
  const MutexLock lock(mutex_);
  while (occupied_ > 0) left_.wait(mutex_);
}

Pass::Pass(Gate& gate) : gate_(gate) {
  if (gate.is_inside()) {
    is_in_ = true;
    return;
  }
  way_ = gate.enter();
  if (way_ == nullptr) return;
  is_in_ = true;
  mark_ = {.gate = &gate, .outer = Gate::innermost_};
  Gate::innermost_ = &mark_;
}

Pass::~Pass() {
  if (way_ == nullptr) return;
  Gate::innermost_ = mark_.outer;
  gate_.leave(*way_);
}

}  // namespace forge::internal
