#include "forge/store/stream.h"

#include "contained.h"
#include "forge/events/thread_annotations.h"
#include "request_bytes.h"
#include "store_state.h"

namespace forge {

struct TransactionStream::State {
  std::shared_ptr<internal::Gate> store_gate;
  Store::State* store = nullptr;  // used by those inside only
  StreamOptions options;
  LogSink log;
  std::shared_ptr<internal::StreamGate> gate = std::make_shared<internal::StreamGate>();
  Mutex mutex;
  CondVar answered;
  std::size_t on_the_way FORGE_GUARDED_BY(mutex) = 0;
  internal::RequestWeight weight_on_the_way FORGE_GUARDED_BY(mutex);
  bool is_awaited FORGE_GUARDED_BY(mutex) = false;  // submit waits for half of the windows
  Status refusal FORGE_GUARDED_BY(mutex);

  bool has_room(const internal::RequestWeight& more) const FORGE_REQUIRES(mutex) {
    if (on_the_way == 0) return true;
    return on_the_way < options.window && weight_on_the_way.actions + more.actions <= options.actions_window &&
           weight_on_the_way.bytes + more.bytes <= options.bytes_window;
  }
  bool is_half_empty() const FORGE_REQUIRES(mutex) {
    return on_the_way <= options.window / 2 && weight_on_the_way.actions <= options.actions_window / 2 &&
           weight_on_the_way.bytes <= options.bytes_window / 2;
  }

  // A window that was full is let fall to its half: whoever waits is not woken for each transaction.
  void enter(const internal::RequestWeight& weight) {
    const MutexLock lock(mutex);
    if (!has_room(weight) && refusal.ok()) {
      is_awaited = true;
      while (refusal.ok() && !(is_half_empty() && has_room(weight))) answered.wait(mutex);
      is_awaited = false;
    }
    ++on_the_way;
    weight_on_the_way.actions += weight.actions;
    weight_on_the_way.bytes += weight.bytes;
  }
  // Until all but the newest, which is not on the way yet, are answered.
  void await_earlier() {
    const MutexLock lock(mutex);
    --on_the_way;
    while (on_the_way > 0) answered.wait(mutex);
    ++on_the_way;
  }
  void answer(const internal::RequestWeight& weight, const Result<TransactionReceipt>& result) {
    const MutexLock lock(mutex);
    --on_the_way;
    weight_on_the_way.actions -= weight.actions;
    weight_on_the_way.bytes -= weight.bytes;
    if (!result.ok() && options.stop_on_refusal && refusal.ok()) refusal = result.status();
    if (on_the_way == 0 || !refusal.ok() || (is_awaited && is_half_empty())) answered.notify_all();
  }
};

TransactionStream::TransactionStream(Store& store, StreamOptions options) : state_(std::make_shared<State>()) {
  state_->store = &StoreAccess::state(store);
  state_->store_gate = state_->store->gate;
  state_->options = options;
  state_->log = state_->store->options.log;
  state_->gate->stop_on_refusal = options.stop_on_refusal;
}

TransactionStream::~TransactionStream() {
  static_cast<void>(finish().ok());
  const internal::Pass pass(*state_->store_gate);
  if (pass && state_->store->attachment != nullptr) state_->store->attachment->end_stream(*state_->gate);
}

Status TransactionStream::submit(std::vector<ActionRequest> actions, ActOptions options,
                                 std::function<void(Result<TransactionReceipt>)> done) {
  const internal::RequestWeight weight{.actions = actions.size(), .bytes = internal::bytes_of(actions)};
  state_->enter(weight);
  auto answer = [state = state_, weight, done = std::move(done)](const Result<TransactionReceipt>& result) {
    internal::call_done(done, result, state->log);
    state->answer(weight, result);
  };
  if (const internal::Pass pass(*state_->store_gate); pass) {
    state_->store->submit(std::move(actions), std::move(options), state_->gate, std::move(answer));
  } else {
    state_->await_earlier();
    answer(internal::nothing_written(internal::closed_error()));
  }
  const MutexLock lock(state_->mutex);
  return state_->refusal;
}

Status TransactionStream::finish() {
  const MutexLock lock(state_->mutex);
  while (state_->on_the_way > 0) state_->answered.wait(state_->mutex);
  return state_->refusal;
}

}  // namespace forge
