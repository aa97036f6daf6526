// What nobody waits for: four threads take it through the stages, and the last one answers in the order of the log.

#include "writer.h"

namespace forge::internal {

void Writer::transact_async(std::unique_ptr<PreparedTransaction> transaction, std::shared_ptr<StreamGate> gate,
                            std::function<void(TransactionResult)> done) {
  auto request = std::make_shared<Request>();
  request->transaction = std::move(transaction);
  request->gate = std::move(gate);
  request->done = std::move(done);
  const Status queued = enqueue(request);
  if (queued.ok()) return;
  if (request->gate == nullptr) return request->done(queued);
  refuse_async(queued, std::move(request->gate), std::move(request->done));
}

void Writer::refuse_async(Status refusal, std::shared_ptr<StreamGate> gate, std::function<void(TransactionResult)> done) {
  auto request = std::make_shared<Request>();
  request->refusal = std::move(refusal);
  request->gate = std::move(gate);
  request->done = std::move(done);
  const Status queued = enqueue(request);
  if (!queued.ok()) request->done(queued);
}

Status Writer::enqueue(std::shared_ptr<Request> request) {
  {
    const MutexLock lock(state_mutex_);
    if (!failure_.ok()) return not_tried(failure_, request->idempotency_key());
    if (stopping_) return nothing_written(closed_error());
    if (!decide_thread_.joinable()) start_threads();
  }
  return queue_.put(std::move(request));
}

void Writer::start_threads() {
  decide_thread_ = std::thread([this] { decide_loop(); });
  append_thread_ = std::thread([this] { append_loop(); });
  sync_thread_ = std::thread([this] { sync_loop(); });
  answer_thread_ = std::thread([this] { answer_loop(); });
}

void Writer::decide_loop() {
  const OwnThread own(gate_);
  while (queue_.await()) {
    const MutexLock decide(decide_mutex_);
    await_room();
    decide_some();
    group_ready_.notify_one();
  }
  const MutexLock decide(decide_mutex_);
  decided_all_ = true;
  group_ready_.notify_one();
}

bool Writer::await_group() {
  const MutexLock decide(decide_mutex_);
  while ((open_ == nullptr || open_->has_leader) && !decided_all_) group_ready_.wait(decide_mutex_);
  return !decided_all_;
}

// The last round takes what is left, also from a caller who is about to append it.
void Writer::append_loop() {
  const OwnThread own(gate_);
  for (bool goes_on = true; goes_on;) {
    goes_on = await_group();
    if (append_open_group(nullptr)) give_turn_to_thread();
  }
  {
    const MutexLock appended(appended_mutex_);
    appended_all_ = true;
  }
  thread_turn_.notify_one();
}

bool Writer::await_turn() {
  const MutexLock appended(appended_mutex_);
  while (!is_turn_of_thread_ && !appended_all_) thread_turn_.wait(appended_mutex_);
  has_thread_left_ = !is_turn_of_thread_;
  return std::exchange(is_turn_of_thread_, false);
}

void Writer::sync_loop() {
  const OwnThread own(gate_);
  while (await_turn()) sync_appended(true);
  sync_appended(false);
  {
    const MutexLock answers(answer_mutex_);
    synced_all_ = true;
  }
  answer_ready_.notify_one();
}

std::vector<Requests> Writer::await_answers() {
  const MutexLock answers(answer_mutex_);
  while (unanswered_.empty() && !synced_all_) answer_ready_.wait(answer_mutex_);
  return std::exchange(unanswered_, {});
}

void Writer::answer_loop() {
  const OwnThread own(gate_);
  for (auto groups = await_answers(); !groups.empty(); groups = await_answers()) {
    for (const Requests& group : groups) answer(group);
  }
}

// There is room for others before anybody is told.
void Writer::answer(const Requests& group) {
  queue_.answered(group);
  for (const std::shared_ptr<Request>& request : group) request->done(*std::move(request->result));
}

// In the order of the log.
void Writer::answer_later(OpenGroup& group, const Status& outcome) {
  if (group.requests.empty()) return;
  if (!outcome.ok()) {
    for (const std::shared_ptr<Request>& request : group.requests) request->result = outcome;
  }
  {
    const MutexLock answers(answer_mutex_);
    unanswered_.push_back(std::move(group.requests));
  }
  answer_ready_.notify_one();
}

}  // namespace forge::internal
