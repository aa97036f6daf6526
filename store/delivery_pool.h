#pragma once

// A few threads that take turns at many deliveries. A delivery that has something to do gets a turn, does a little, and goes to
// the end of the queue where more remains; so thousands share the threads fairly. The threads start with the first member.
//
// Safe from any thread. wake() costs its caller, the writer, at most one notify.

#include <atomic>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "forge/events/thread_annotations.h"
#include "forge/events/time.h"
#include "gate.h"

namespace forge::internal {

class DeliveryPool {
 public:
  class Member {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    virtual ~Member() = default;
    // Does a little. True: more remains to be done at once. One turn at a time.
    virtual bool turn() = 0;

   protected:
    // It wants a turn at that time of the store's clock, too.
    void set_due(std::optional<Time> due) { due_ = due ? due->micros : kNever; }

   private:
    friend class DeliveryPool;
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    enum class State : std::uint8_t { kIdle, kQueued, kRunning, kRunningAgain };

    std::atomic<std::int64_t> due_{kNever};
    // Under the pool's mutex.
    State state_ = State::kIdle;
    std::thread::id runner_;
    std::size_t index_ = 0;
    bool is_member_ = false;
  };

  // Its threads pass `gate` as the store's own.
  DeliveryPool(Clock& clock, std::shared_ptr<const Gate> gate, unsigned threads)
      : clock_(clock), gate_(std::move(gate)), threads_max_(threads) {}
  ~DeliveryPool() { stop(); }

  // Gives it a first turn.
  void add(const std::shared_ptr<Member>& member) FORGE_EXCLUDES(mutex_);
  // No turn of it runs once this has returned, save the one that calls this.
  void remove(Member& member) FORGE_EXCLUDES(mutex_);
  // A turn for one; a turn for all.
  void schedule(Member& member) FORGE_EXCLUDES(mutex_);
  void wake();
  // Ends the threads after their turns. Not from a turn.
  void stop() FORGE_EXCLUDES(mutex_);

 private:
  void work() FORGE_EXCLUDES(mutex_);
  bool run_next() FORGE_EXCLUDES(mutex_);
  void scan() FORGE_REQUIRES(mutex_);
  void enqueue(Member& member) FORGE_REQUIRES(mutex_);
  void notify();
  void sleep(std::uint64_t seen);

  Clock& clock_;
  const std::shared_ptr<const Gate> gate_;
  const unsigned threads_max_;
  mutable Mutex mutex_;
  CondVar turn_ended_;
  std::vector<std::shared_ptr<Member>> members_ FORGE_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Member>> queue_ FORGE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ FORGE_GUARDED_BY(mutex_);
  bool stopping_ FORGE_GUARDED_BY(mutex_) = false;
  std::int64_t next_due_ FORGE_GUARDED_BY(mutex_) = Member::kNever;

  std::atomic<bool> news_{false};  // all are to get a turn
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<int> sleepers_{0};
  Mutex sleep_mutex_;  // held for moments only
  CondVar called_;
};

}  // namespace forge::internal
