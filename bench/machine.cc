#include "machine.h"

#include <fcntl.h>
#include <rocksdb/version.h>
#include <sqlite3.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <thread>

#include "figure.h"
#include "stopwatch.h"

namespace forge::bench {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(": ") + 2));
  }
  return "unknown";
}

std::string load_average() {
  std::ifstream file("/proc/loadavg");
  std::string one, five;
  file >> one >> five;
  return one + " over 1 min, " + five + " over 5 min";
}

// Seconds of one fdatasync after appending 4 KiB.
Spread sync_time(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "sync";
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const std::array<char, 4096> block{};
  std::vector<double> seconds;
  for (const WallTime all; all.seconds() < 0.5;) {
    if (::write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size())) break;
    const WallTime one;
    if (::fdatasync(file) != 0) break;
    seconds.push_back(one.seconds());
  }
  ::close(file);
  std::filesystem::remove(path);
  return spread_of(std::move(seconds));
}

std::string micros(double seconds) {
  return std::to_string(static_cast<long>(seconds * 1e6)) + " µs";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> describe_machine(const std::filesystem::path& directory) {
  utsname kernel{};
  ::uname(&kernel);
  const Spread sync = sync_time(directory);
  return {{"processor", processor_name() + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores"},
          {"kernel", std::string(kernel.sysname) + " " + kernel.release},
          {"load", load_average()},
          {"fdatasync", "p50 " + micros(sync.median) + ", fastest " + micros(sync.min) + ", slowest " + micros(sync.max)},
          {"versions", std::string("forge " FORGE_VERSION ", RocksDB ") + std::to_string(ROCKSDB_MAJOR) + "." +
                           std::to_string(ROCKSDB_MINOR) + "." + std::to_string(ROCKSDB_PATCH) + ", SQLite " +
                           sqlite3_libversion() + ", g++ " __VERSION__ ", " FORGE_BUILD_TYPE}};
}

}  // namespace forge::bench
