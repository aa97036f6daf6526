#pragma once

// Locks that clang checks. libstdc++'s std::mutex carries no annotations, so Forge locks with these thin wrappers around the
// standard types, and the preset `thread-safety` refuses a guarded field that is touched without its mutex. Other compilers see
// plain classes.
//
//   Mutex mutex_;
//   CondVar changed_;
//   std::deque<Job> jobs_ FORGE_GUARDED_BY(mutex_);
//
//   Job take() {
//     MutexLock lock(mutex_);
//     while (jobs_.empty()) changed_.wait(mutex_);
//     …
//   }

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define FORGE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define FORGE_THREAD_ATTRIBUTE(x)
#endif

// On a field: read and written only with the mutex held; for a pointer, GUARDED_BY is about the pointer, PT_ about its target.
#define FORGE_GUARDED_BY(mutex) FORGE_THREAD_ATTRIBUTE(guarded_by(mutex))
#define FORGE_PT_GUARDED_BY(mutex) FORGE_THREAD_ATTRIBUTE(pt_guarded_by(mutex))
// On a function: the caller holds the mutexes, or must not hold them.
#define FORGE_REQUIRES(...) FORGE_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define FORGE_EXCLUDES(...) FORGE_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
// On a function: it returns with the mutexes held, or released; without arguments, those of the object itself.
#define FORGE_ACQUIRE(...) FORGE_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define FORGE_TRY_ACQUIRE(...) FORGE_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define FORGE_RELEASE(...) FORGE_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
// On a function whose locking the analysis cannot follow; a comment there says why it is right.
#define FORGE_NO_THREAD_SAFETY_ANALYSIS FORGE_THREAD_ATTRIBUTE(no_thread_safety_analysis)
// On the two classes below.
#define FORGE_CAPABILITY(name) FORGE_THREAD_ATTRIBUTE(capability(name))
#define FORGE_SCOPED_CAPABILITY FORGE_THREAD_ATTRIBUTE(scoped_lockable)

namespace forge {

// A mutex; not recursive. Prefer MutexLock to calling it directly.
class FORGE_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() FORGE_ACQUIRE() { mutex_.lock(); }
  void unlock() FORGE_RELEASE() { mutex_.unlock(); }
  // True when it was free and is now held.
  bool try_lock() FORGE_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a mutex for a scope; unlock() and lock() let go of it for a part of the scope. Used by one thread.
class FORGE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) FORGE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() FORGE_RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() FORGE_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() FORGE_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

// A condition variable. It takes the Mutex rather than the MutexLock, so that clang knows which one the caller must hold, and no
// predicate, because clang does not look into a lambda with the lock held: wait in a `while` loop, since waits also end early.
// Safe from any thread.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Releases the mutex while waiting and holds it again on return.
  void wait(Mutex& mutex) FORGE_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // The same, for at most `timeout`. False when that has passed.
  template <typename Rep, typename Period>
  bool wait_for(Mutex& mutex, std::chrono::duration<Rep, Period> timeout) FORGE_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const std::cv_status status = condition_.wait_for(lock, timeout);
    lock.release();
    return status == std::cv_status::no_timeout;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace forge
