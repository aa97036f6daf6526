// diagnose(): a list of examinations, each one a plain sentence. None takes the lock, and none writes to a file of the store.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "data_files.h"
#include "directory_lock.h"
#include "forge/store/verify.h"
#include "store_files.h"
#include "watermark.h"

namespace forge {

using internal::DirectoryLock;
using internal::StoreFiles;
using internal::StorePaths;
using internal::WatermarkFile;
using Level = Finding::Level;

namespace {

constexpr std::uint64_t kFreeBytesMin = std::uint64_t{1} << 30;
constexpr double kFreePartMin = 0.05;
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kClockSlackMicros = 5 * kSecond;
constexpr std::uint64_t kOtherDescriptors = 32;
constexpr int kSyncs = 5;
constexpr std::int64_t kSyncMicrosMin = 20;
constexpr std::int64_t kSyncMicrosMax = 50'000;

struct FileSystemKind {
  std::uint32_t magic;
  const char* name;
  const char* trouble;  // null: made for data
};

// The numbers are those of statfs(2).
constexpr FileSystemKind kFileSystems[] = {
    {0x0000ef53, "ext4", nullptr},
    {0x58465342, "xfs", nullptr},
    {0x9123683e, "btrfs", nullptr},
    {0x2fc12fc1, "zfs", nullptr},
    {0xf2f52010, "f2fs", nullptr},
    {0x01021994, "tmpfs", "it is in memory: everything is gone after a restart of the machine"},
    {0x858458f6, "ramfs", "it is in memory: everything is gone after a restart of the machine"},
    {0x794c7630, "overlay", "it belongs to a container: the store is gone with it, and syncs may be ignored"},
    {0x00006969, "nfs", "it is on the network: locks and syncs may not hold"},
    {0x0000517b, "smb", "it is on the network: locks and syncs may not hold"},
    {0xfe534d42, "smb2", "it is on the network: locks and syncs may not hold"},
    {0xff534d42, "cifs", "it is on the network: locks and syncs may not hold"},
    {0x00c36400, "ceph", "it is on the network: locks and syncs may not hold"},
    {0x01021997, "9p", "it belongs to another machine: locks and syncs may not hold"},
    {0x65735546, "fuse", "a program serves it: locks and syncs are as good as that program"},
};

// "3 h 20 min", "45 s".
std::string duration_text(std::int64_t micros) {
  const std::int64_t seconds = micros / kSecond;
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 2 * 86400) return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
  return std::to_string(seconds / 86400) + " days";
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 10240 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return std::to_string(bytes) + " " + kUnits[unit];
}

// How long one small write takes to reach the disk: the middle one of several, into a file without a name. Negative: not known.
std::int64_t sync_micros(const std::string& directory) {
  std::string name = directory + "/sync-XXXXXX";
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return -1;
  ::unlink(name.c_str());
  std::array<std::int64_t, kSyncs> micros{};
  const std::array<char, 4096> block{};
  bool written = true;
  for (std::int64_t& one : micros) {
    const auto start = std::chrono::steady_clock::now();
    written = written && ::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()) && ::fdatasync(file) == 0;
    one = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
  }
  ::close(file);
  std::sort(micros.begin(), micros.end());
  return written ? micros[kSyncs / 2] : -1;
}

class Examination {
 public:
  Examination(StoreFiles files, Clock& clock) : files_(std::move(files)), root_(files_.paths().root), clock_(clock) {}

  std::vector<Finding> run(StoreFiles::Found found) {
    examine_lock();
    if (found == StoreFiles::Found::kStore) {
      examine_identity();
      examine_watermark();
      examine_opening();
    } else if (found == StoreFiles::Found::kUnfinished) {
      examine_unfinished();
    } else {
      bad("format", "remains of a store are here, without its identity file FORGE", internal::kLostIdentityRemedy);
    }
    examine_descriptors();
    examine_quarantine();
    examine_remnants();
    examine_file_system();
    examine_disk();
    examine_sync();
    return std::move(findings_);
  }

 private:
  void good(const char* name, std::string text) { findings_.push_back({Level::kGood, name, std::move(text), ""}); }
  void warn(const char* name, std::string text, std::string remedy) {
    findings_.push_back({Level::kWarning, name, std::move(text), std::move(remedy)});
  }
  void bad(const char* name, std::string text, std::string remedy) {
    findings_.push_back({Level::kBad, name, std::move(text), std::move(remedy)});
  }
  void bad(const char* name, const Status& status) {
    const ErrorText& text = status.text();
    bad(name, text.what + (text.why.empty() ? "" : ": " + text.why) + (text.place.empty() ? "" : " (" + text.place + ")"),
        text.remedy);
  }

  void examine_lock() {
    holder_ = DirectoryLock::holder(root_);
    good("lock", holder_.empty() ? "no process holds the store" : "the store is held by " + holder_);
  }

  void examine_unfinished() {
    const Result<internal::Identity> draft = files_.read_draft();
    if (draft.ok() && draft->origin) {
      return warn("format", "the making of a copy was interrupted: it is no store yet",
                  "make the copy again, with the same target");
    }
    warn("format", "the creation of the store was interrupted: it holds nothing yet",
         internal::unfinished_creation(files_.paths()).text().remedy);
  }

  void examine_identity() {
    const Result<internal::Identity> identity = files_.read_identity();
    if (!identity.ok()) return bad("format", identity.status());
    id_ = identity->id;
    good("format", "format " + std::to_string(identity->format) + ", store " + id_.to_string() + ", created " +
                       format_time(identity->created));
  }

  void examine_watermark() {
    const Result<WatermarkFile::Reading> reading = WatermarkFile::read(files_);
    if (!reading.ok()) return bad("recovery", reading.status());
    if (reading->damaged_slots > 0) {
      warn("watermark", std::to_string(reading->damaged_slots) + " slot(s) of the watermark file are damaged",
           "check the store: forgectl verify; closing it in order writes them again");
    }
    if (!reading->newest) {
      return warn("recovery", "the watermark is missing or unreadable: whether the newest events are all here cannot be told",
                  "compare the head with one kept elsewhere: forgectl verify --head");
    }
    if (reading->newest->store != id_ && !id_.is_nil()) {
      return bad("recovery", "the watermark belongs to another store: " + reading->newest->store.to_string(),
                 "restore the store's own file");
    }
    const std::string known = std::to_string(reading->newest->seq) + " events are known to be on disk";
    if (!holder_.empty()) {
      good("recovery", "the store is in use; " + known);
    } else if (reading->newest->clean) {
      good("recovery", "the store was closed in order; " + known);
    } else {
      warn("recovery", "the store was not closed in order; " + known,
           "open it for writing: it recovers by itself, and says what it found");
    }
  }

  void examine_opening() {
    OpenOptions options;
    options.read_only = true;
    options.create = false;
    options.clock = &clock_;
    const Result<Store> store = Store::open(root_, options);
    if (!store.ok()) return bad("opening", store.status());
    const Result<StoreStats> stats = store->stats();
    if (!stats.ok()) return bad("opening", stats.status());
    good("opening", "it opens for reading; the head is event " + std::to_string(stats->head) +
                        (stats->head == 0 ? "" : ", recorded at " + format_time(stats->head_time)));
    examine_schema(*stats, *store);
    examine_clock(*stats);
  }

  void examine_schema(const StoreStats& stats, const Store& store) {
    if (stats.schema_version == 0) return good("schema", "there is none yet; add one with: forgectl schema add FILE.fbs");
    const std::span<const Resource> resources = store.domain()->resources();
    const auto own =
        std::count_if(resources.begin(), resources.end(), [](const Resource& resource) { return resource.name.starts_with('_'); });
    good("schema", "version " + std::to_string(stats.schema_version) + " with " +
                       std::to_string(resources.size() - static_cast<std::size_t>(own)) + " resource(s)");
  }

  void examine_clock(const StoreStats& stats) {
    const Time now = clock_.now();
    const std::int64_t behind = stats.head_time.micros - now.micros;
    if (behind <= kClockSlackMicros) return good("clock", "the clock says " + format_time(now));
    warn("clock", "the clock is " + duration_text(behind) + " behind the last commit, which is of " + format_time(stats.head_time),
         "set the clock; until it has caught up, commits are recorded one microsecond apart");
  }

  // An open store holds each of its tables open, beside some files of its own and of the program that opened it.
  void examine_descriptors() {
    std::vector<std::string> names;
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    if (!files_.file_system().GetChildren(files_.paths().data(), rocksdb::IOOptions(), &names, nullptr).ok()) return;
    const auto tables = static_cast<std::uint64_t>(
        std::count_if(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".sst"); }));
    const std::uint64_t needed = tables + kOtherDescriptors;
    if (needed * 5 <= limit.rlim_cur * 4) return;
    warn("descriptors",
         "the store has " + std::to_string(tables) + " tables, which it holds open, and a process here may open " +
             std::to_string(limit.rlim_cur) + " files",
         "raise the limit for those who open the store: ulimit -n " + std::to_string(std::max<std::uint64_t>(1024, needed * 2)));
  }

  void examine_quarantine() {
    std::vector<std::string> kept;
    const std::string path = files_.paths().quarantine();
    if (!files_.exists(path) || !files_.file_system().GetChildren(path, rocksdb::IOOptions(), &kept, nullptr).ok()) return;
    std::erase_if(kept, [](const std::string& name) {
      return name == "." || name == ".." || name.ends_with(internal::kFailedOpening);  // failing to open is no stop
    });
    if (kept.empty()) return;
    std::sort(kept.begin(), kept.end());
    const std::string text = "files are kept as they were found after " + std::to_string(kept.size()) +
                             " stop(s) out of order, the last at " + kept.back();
    if (!holder_.empty()) return good("quarantine", text);
    warn("quarantine", text, "closing the store in order removes them");
  }

  void examine_remnants() {
    const StorePaths& paths = files_.paths();
    for (const std::string& draft : {paths.identity_draft(), paths.watermark() + ".new"}) {
      if (!files_.exists(draft) || (draft == paths.identity_draft() && !files_.exists(paths.identity()))) continue;
      warn("remnants", draft + " is left from an interrupted start", "remove it while no process holds the store");
    }
  }

  void examine_file_system() {
    struct statfs info {};
    if (::statfs(root_.c_str(), &info) != 0) return;
    const auto magic = static_cast<std::uint32_t>(info.f_type);
    const auto* known = std::find_if(std::begin(kFileSystems), std::end(kFileSystems),
                                     [&](const FileSystemKind& one) { return one.magic == magic; });
    if (known == std::end(kFileSystems)) {
      char number[16];
      std::snprintf(number, sizeof(number), "0x%x", magic);
      return good("file_system", std::string("of a type not known to Forge (") + number + ")");
    }
    if (known->trouble == nullptr) return good("file_system", known->name);
    warn("file_system", std::string(known->name) + ": " + known->trouble, "keep the store on a local disk");
  }

  void examine_disk() {
    struct statvfs info {};
    if (::statvfs(root_.c_str(), &info) != 0 || info.f_blocks == 0) return;
    const std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_frsize;
    const double part = static_cast<double>(info.f_bavail) / static_cast<double>(info.f_blocks);
    const std::string text = size_text(free) + " free, " + std::to_string(static_cast<int>(part * 100)) + " % of the disk";
    if (free >= kFreeBytesMin && part >= kFreePartMin) return good("disk", text);
    warn("disk", text, "free some space: on a full disk the store refuses writes");
  }

  // Measured only where no process holds the store, so as not to stand in its way.
  void examine_sync() {
    if (!holder_.empty()) return;
    const std::int64_t micros = sync_micros(root_);
    if (micros < 0)
      return warn("fsync", "the directory cannot be written: how fast a write reaches the disk was not measured",
                  "check its permissions");
    const std::string text =
        "a write reaches the disk in " + (micros < 10'000 ? std::to_string(micros) + " µs" : std::to_string(micros / 1000) + " ms");
    if (micros < kSyncMicrosMin) {
      warn("fsync", text + ": too fast for a disk, so writes may not reach it before a power cut",
           "see whether the disk or the machine ignores flushes");
    } else if (micros > kSyncMicrosMax) {
      warn("fsync", text + ": each commit waits that long", "use a faster disk, or send more actions at once");
    } else {
      good("fsync", text);
    }
  }

  StoreFiles files_;
  const std::string root_;
  Clock& clock_;
  std::string holder_;
  Uuid id_;
  std::vector<Finding> findings_;
};

}  // namespace

Result<std::vector<Finding>> diagnose(const std::string& path, Clock& clock) {
  const std::shared_ptr<rocksdb::FileSystem> file_system = rocksdb::FileSystem::Default();
  StoreFiles files(file_system, StoreFiles::locate(*file_system, path));
  FORGE_ASSIGN(const StoreFiles::Found found, files.look());
  if (found == StoreFiles::Found::kNothing || found == StoreFiles::Found::kForeign) {
    return Status(ErrorId::kStoreNotFound, "there is no store in " + path);
  }
  return Examination(std::move(files), clock).run(found);
}

}  // namespace forge
