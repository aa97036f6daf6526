#include "support/fault_env.h"

#include <thread>
#include <utility>

#include "rocksdb/system_clock.h"
#include "support/fault_file_system.h"

namespace forge::testing_support {

namespace {

// It does not sleep, and it is behind: a wait until a time that it names is over so much earlier, which leaves a twentieth of a
// second of the five that RocksDB lets pass between two looks at a full disk.
class WakefulClock : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "WakefulClock"; }
  void SleepForMicroseconds(int) override { std::this_thread::yield(); }
  uint64_t NowMicros() override { return SystemClockWrapper::NowMicros() - kBehindMicros; }

 private:
  static constexpr uint64_t kBehindMicros = 4'950'000;
};

class FaultEnv : public rocksdb::EnvWrapper {
 public:
  explicit FaultEnv(const std::shared_ptr<rocksdb::FileSystem>& fs) : EnvWrapper(rocksdb::NewCompositeEnv(fs)) {
    file_system_ = fs;
    system_clock_ = std::make_shared<WakefulClock>(target()->GetSystemClock());
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> new_fault_env(std::shared_ptr<SimulatedDisk> disk) {
  return std::make_unique<FaultEnv>(std::make_shared<FaultFileSystem>(std::move(disk)));
}

}  // namespace forge::testing_support
