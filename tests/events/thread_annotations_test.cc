#include "forge/events/thread_annotations.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace forge {
namespace {

// Asked from another thread, since a thread must not try a mutex that it holds.
bool is_free(Mutex& mutex) {
  bool taken = false;
  std::thread([&] {
    if (mutex.try_lock()) {
      taken = true;
      mutex.unlock();
    }
  }).join();
  return taken;
}

TEST(MutexLock, HoldsTheMutexForItsScope) {
  Mutex mutex;
  {
    MutexLock lock(mutex);
    EXPECT_FALSE(is_free(mutex));
  }
  EXPECT_TRUE(is_free(mutex));
}

TEST(MutexLock, LetsGoForAPartOfItsScope) {
  Mutex mutex;
  {
    MutexLock lock(mutex);
    lock.unlock();
    EXPECT_TRUE(is_free(mutex));
    lock.lock();
    EXPECT_FALSE(is_free(mutex));
    lock.unlock();
  }
  EXPECT_TRUE(is_free(mutex));
}

TEST(CondVar, HandsOverBetweenThreadsAndHoldsTheMutexOnReturn) {
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  std::thread other([&] {
    MutexLock lock(mutex);
    while (turn != 1) changed.wait(mutex);
    turn = 2;
    changed.notify_all();
  });

  MutexLock lock(mutex);
  turn = 1;
  changed.notify_one();
  while (turn != 2) changed.wait_for(mutex, std::chrono::minutes(1));
  EXPECT_FALSE(is_free(mutex));

  lock.unlock();
  other.join();
}

TEST(CondVar, SaysWhenTheTimeHasPassed) {
  Mutex mutex;
  CondVar changed;
  MutexLock lock(mutex);
  while (changed.wait_for(mutex, std::chrono::milliseconds(1))) {
  }
  EXPECT_FALSE(is_free(mutex));
}

}  // namespace
}  // namespace forge
