#include "asio_loop.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <optional>
#include <thread>
#include <utility>

namespace forge::internal {

namespace asio = boost::asio;

namespace {

// A wall clock may jump: however far off the time is, it is looked at again after this.
constexpr std::chrono::seconds kWaitMax{10};

// So many times a patient task waits for the answer of a lone commit, and for what that leads to.
constexpr int kPatience = 8;

}  // namespace

// Shared with the commits that are not answered, whose answers come from the store's threads.
struct AsioLoop::State {
  State(Store& of, Clock& by, std::size_t threads, std::function<void()> when_due)
      : store(of),
        clock(by),
        tick(std::move(when_due)),
        io(1),
        work(io.get_executor()),
        timer(io),
        pool(std::max<std::size_t>(threads, 1)) {}

  void post_task(std::function<void()> task) {
    waiting.fetch_add(1, std::memory_order_relaxed);
    asio::post(io, [this, task = std::move(task)] {
      waiting.fetch_sub(1, std::memory_order_relaxed);
      task();
    });
  }
  void post_patient_task(std::function<void()> task, int waited) {
    asio::post(io, [this, task = std::move(task), waited]() mutable {
      if (answers > 0 && waited < kPatience) return post_patient_task(std::move(task), waited + 1);
      task();
    });
  }
  // Whether nothing but this commit is to be done: then it need not share a sync, and is committed without a switch of threads.
  bool is_alone() const {
    return std::this_thread::get_id() == thread.get_id() && committing == 0 && waiting.load(std::memory_order_relaxed) == 0;
  }

  void wait(Time due) {
    wanted = due;
    const std::chrono::microseconds left(std::max<std::int64_t>(due.micros - clock.now().micros, 0));
    timer.expires_after(std::min<std::chrono::microseconds>(left, kWaitMax));
    timer.async_wait([this](const boost::system::error_code& error) {
      if (error || !wanted) return;
      const Time at = *wanted;
      if (clock.now() < at) return wait(at);
      wanted.reset();
      tick();
    });
  }

  Store& store;
  Clock& clock;
  const std::function<void()> tick;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::steady_timer timer;
  std::optional<Time> wanted;           // of the loop's thread
  std::size_t committing = 0;           // of the loop's thread: commits that other threads are busy with
  std::size_t answers = 0;              // of the loop's thread: of lone commits, that are posted
  std::atomic<std::size_t> waiting{0};  // tasks that have not begun, without patient ones
  asio::thread_pool pool;
  std::vector<std::thread> further;  // that the pool has been lent; of the loop's thread
  std::thread thread;
};

AsioLoop::AsioLoop(Store& store, Clock& clock, std::size_t threads, std::function<void()> tick)
    : state_(std::make_shared<State>(store, clock, threads, std::move(tick))) {
  state_->thread = std::thread([state = state_.get()] { state->io.run(); });
}

AsioLoop::~AsioLoop() {
  stop();
}

void AsioLoop::post(std::function<void()> task) {
  state_->post_task(std::move(task));
}

void AsioLoop::post_patient(std::function<void()> task) {
  state_->post_patient_task(std::move(task), 0);
}

void AsioLoop::start(std::function<void()> body) {
  asio::post(state_->pool, std::move(body));
}

void AsioLoop::provide_threads(std::size_t stuck) {
  while (state_->further.size() < stuck) {
    state_->further.emplace_back([state = state_.get()] { state->pool.attach(); });
  }
}

void AsioLoop::wake_at(Time due) {
  state_->wait(due);
}

void AsioLoop::commit(std::vector<ActionRequest> actions, ActOptions options, Committed done) {
  if (state_->is_alone()) {
    auto answer = state_->store.transact(std::move(actions), options);
    ++state_->answers;
    return state_->post_task([state = state_.get(), done = std::move(done), answer = std::move(answer)]() mutable {
      --state->answers;
      done(std::move(answer));
    });
  }
  ++state_->committing;
  // The guard keeps the loop for the answer.
  auto guard = std::make_shared<asio::executor_work_guard<asio::io_context::executor_type>>(state_->io.get_executor());
  state_->store.transact_async(
      std::move(actions), std::move(options),
      [state = state_, guard, done = std::move(done)](Result<TransactionReceipt> answer) mutable {
        state->post_task([state = state.get(), done = std::move(done), answer = std::move(answer)]() mutable {
          --state->committing;
          done(std::move(answer));
        });
        guard->reset();
      });
}

void AsioLoop::stop() {
  if (!state_->thread.joinable()) return;
  state_->pool.join();
  for (std::thread& thread : state_->further) thread.join();
  asio::post(state_->io, [state = state_.get()] {
    state->wanted.reset();
    state->timer.cancel();
    state->work.reset();
  });
  state_->thread.join();
}

}  // namespace forge::internal
