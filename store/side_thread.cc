#include "side_thread.h"

namespace forge::internal {

SideThread::SideThread(std::size_t waiting_max) : waiting_max_(waiting_max), thread_([this] { run(); }) {}

SideThread::~SideThread() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    changed_.notify_all();
  }
  thread_.join();
}

Status SideThread::give(std::function<Status()> work) {
  MutexLock lock(mutex_);
  while (waiting_.size() >= waiting_max_ && failure_.ok()) changed_.wait(mutex_);
  if (!failure_.ok()) return failure_;
  waiting_.push_back(std::move(work));
  changed_.notify_all();
  return {};
}

Status SideThread::wait() {
  MutexLock lock(mutex_);
  while (busy_ || !waiting_.empty()) changed_.wait(mutex_);
  return failure_;
}

void SideThread::run() {
  MutexLock lock(mutex_);
  for (;;) {
    while (waiting_.empty() && !stopping_) changed_.wait(mutex_);
    if (waiting_.empty()) return;
    const std::function<Status()> work = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    changed_.notify_all();
    lock.unlock();
    Status done = work();
    lock.lock();
    busy_ = false;
    if (!done.ok() && failure_.ok()) {
      failure_ = std::move(done);
      waiting_.clear();
    }
    changed_.notify_all();
  }
}

}  // namespace forge::internal
