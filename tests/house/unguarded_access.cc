// Never linked: the test `thread_safety_pass` demands that clang refuses it.
#include "forge/events/thread_annotations.h"

class Counter {
 public:
  void add() { ++count_; }

 private:
  forge::Mutex mutex_;
  int count_ FORGE_GUARDED_BY(mutex_) = 0;
};

int main() {
  Counter().add();
}
