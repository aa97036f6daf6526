#include "virtual_loop.h"

namespace forge::testing {

void VirtualLoop::commit(std::vector<ActionRequest> actions, ActOptions options, Committed done) {
  beside().push_back([this, actions = std::move(actions), options = std::move(options), done = std::move(done)]() mutable {
    ++commits_;
    done(store_.transact(std::move(actions), options));
  });
}

bool VirtualLoop::step(internal::RunEngine& engine, Time until) {
  const std::size_t choices = beside_.size() + (tasks_.empty() ? 0 : 1);
  if (choices > 0) {
    const std::size_t chosen = seed_ == 0 ? beside_.size() : random_() % choices;
    std::deque<std::function<void()>>& from = chosen < beside_.size() ? beside_ : tasks_;
    const auto at = from.begin() + static_cast<std::ptrdiff_t>(chosen < beside_.size() ? chosen : 0);
    const auto task = std::move(*at);
    from.erase(at);
    task();
    return true;
  }
  if (engine.summary().seen < store_.head()) return engine.read_events(), true;
  if (!due_ || until < *due_) return false;
  if (clock_.now() < *due_) clock_.set(*due_);
  due_.reset();
  engine.tick();
  return true;
}

}  // namespace forge::testing
