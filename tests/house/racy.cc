// Races on purpose, one for each argument: the tests `race_…` demand that ThreadSanitizer reports it with the options that the
// other tests run with. `ordered` does the same as `field` with a lock, and must not be reported.

#include <rocksdb/env.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

namespace {

// Runs `first` in another thread and then `second` in this one. The waiting says nothing about memory, so nothing orders them.
void race(const std::function<void()>& first, const std::function<void()>& second) {
  std::atomic<bool> is_over{false};
  std::thread other([&] {
    first();
    is_over.store(true, std::memory_order_relaxed);
  });
  while (!is_over.load(std::memory_order_relaxed)) std::this_thread::yield();
  second();
  other.join();
}

// The same with a thread that RocksDB starts, as it does for its callbacks.
void race_with_rocksdb(int& count) {
  static std::atomic<bool> is_over{false};
  rocksdb::Env::Default()->StartThread(
      [](void* counted) {
        ++*static_cast<int*>(counted);
        is_over.store(true, std::memory_order_relaxed);
      },
      &count);
  while (!is_over.load(std::memory_order_relaxed)) std::this_thread::yield();
  ++count;
  rocksdb::Env::Default()->WaitForJoin();
}

// A size that the compiler does not know keeps this a call of the C library.
void copy(char* to, const char* from, const volatile std::size_t& size) {
  std::memcpy(to, from, size);
}

int run(std::string_view kind) {
  static int count = 0;
  if (kind == "field") {
    race([] { ++count; }, [] { ++count; });
  } else if (kind == "copy") {
    static char bytes[32];
    const char text[32] = "what both threads write";
    const volatile std::size_t size = sizeof(text);
    race([&] { copy(bytes, text, size); }, [&] { copy(bytes, text, size); });
  } else if (kind == "free") {
    int* const shared = new int(1);
    race([&] { count = *shared; }, [&] { delete shared; });
  } else if (kind == "callback") {
    race_with_rocksdb(count);
  } else if (kind == "ordered") {
    std::mutex mutex;
    const auto add = [&] {
      const std::lock_guard lock(mutex);
      ++count;
    };
    race(add, add);
  } else {
    return 2;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return count == 2 ? run(arguments[1]) : 2;
}
