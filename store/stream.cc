#include "forge/store/stream.h"

#include "forge/events/thread_annotations.h"
#include "store_state.h"

namespace forge {

struct TransactionStream::State {
  Store::State* store = nullptr;
  StreamOptions options;
  std::shared_ptr<internal::StreamGate> gate = std::make_shared<internal::StreamGate>();
  Mutex mutex;
  CondVar answered;
  std::size_t on_the_way FORGE_GUARDED_BY(mutex) = 0;
  Status refusal FORGE_GUARDED_BY(mutex);

  void answer(const Result<TransactionReceipt>& result) {
    const MutexLock lock(mutex);
    --on_the_way;
    if (!result.ok() && options.stop_on_refusal && refusal.ok()) refusal = result.status();
    if (on_the_way <= options.window / 2 || !refusal.ok()) answered.notify_all();
  }
};

TransactionStream::TransactionStream(Store& store, StreamOptions options) : state_(std::make_shared<State>()) {
  state_->store = &StoreAccess::state(store);
  state_->options = options;
  state_->gate->stop_on_refusal = options.stop_on_refusal;
}

TransactionStream::~TransactionStream() {
  static_cast<void>(finish().ok());
}

Status TransactionStream::submit(std::vector<ActionRequest> actions, ActOptions options,
                                 std::function<void(Result<TransactionReceipt>)> done) {
  {
    const MutexLock lock(state_->mutex);
    while (state_->on_the_way >= state_->options.window && state_->refusal.ok()) state_->answered.wait(state_->mutex);
    ++state_->on_the_way;
  }
  state_->store->submit(std::move(actions), std::move(options), state_->gate,
                        [state = state_, done = std::move(done)](const Result<TransactionReceipt>& result) {
                          done(result);
                          state->answer(result);
                        });
  const MutexLock lock(state_->mutex);
  return state_->refusal;
}

Status TransactionStream::finish() {
  const MutexLock lock(state_->mutex);
  while (state_->on_the_way > 0) state_->answered.wait(state_->mutex);
  return state_->refusal;
}

}  // namespace forge
