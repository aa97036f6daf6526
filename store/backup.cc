#include "backup.h"

#include "backup_files.h"
#include "backup_segment.h"
#include "copy.h"
#include "forge/store/enclosure.h"
#include "log_reader.h"
#include "log_scan.h"

namespace forge {
namespace internal {
namespace {

// A backup that cannot be continued: another one is begun elsewhere.
Status begin_another(const Status& status) {
  if (status.id() != ErrorId::kBackupCorrupt) return status;
  return Status(status).remedy("back up into a new directory");
}

// One run: what is new goes into segment files, then the manifest takes them in. Until that, and on any error, the directory counts
// as it was.
class BackupRun {
 public:
  BackupRun(const Store& store, const std::string& directory, const BackupOptions& options,
            std::shared_ptr<rocksdb::FileSystem> file_system)
      : store_(store),
        state_(StoreAccess::state(store)),
        options_(options),
        clock_(options.clock != nullptr ? *options.clock : system_clock()),
        is_real_disk_(file_system == rocksdb::FileSystem::Default()),
        files_(std::move(file_system), directory) {}
  ~BackupRun();
  BackupRun(const BackupRun&) = delete;
  BackupRun& operator=(const BackupRun&) = delete;

  Result<BackupReport> run();

 private:
  Status look();
  Status claim();
  Status lock();
  Status check_past() const;
  Result<Seq> end_of_log() const;
  Result<BackupReport> nothing_new();
  Status take(const BackupPoint& point);
  Status write_segments(Seq end);
  Status write_segment(SegmentWriter& writer, Segment segment);
  Status tell_progress(Seq done, Seq total) const;
  void discard();
  Status foreign(std::string why) const;

  const Store& store_;
  const Store::State& state_;
  const BackupOptions& options_;
  Clock& clock_;
  const bool is_real_disk_;
  BackupFiles files_;
  std::unique_ptr<DirectoryLock> lock_;
  bool is_claimed_ = false;
  bool made_directory_ = false;
  bool is_done_ = false;
  Manifest manifest_;
  BackupReport report_;
};

BackupRun::~BackupRun() {
  if (is_claimed_ && !is_done_) discard();
  lock_.reset();
  // Goes only while it is empty.
  if (made_directory_ && !is_done_) {
    files_.files().file_system().DeleteDir(files_.directory(), kIo, nullptr).PermitUncheckedError();
  }
}

// Removes what the manifest in the directory does not name. It is read again: a manifest whose last sync failed may have taken the
// place of the one before, and what it names must stay. Failing to remove a file loses nothing: the next run does.
void BackupRun::discard() {
  const Result<std::optional<Manifest>> manifest = files_.read_manifest();
  if (!manifest.ok()) return;
  const Result<std::vector<std::string>> rest = files_.leftovers(*manifest);
  if (!rest.ok()) return;
  for (const std::string& name : *rest) static_cast<void>(files_.remove(name).ok());
}

Status BackupRun::foreign(std::string why) const {
  return Status(ErrorId::kBackupForeign, files_.directory() + " holds backups of another store")
      .why(std::move(why))
      .state("nothing was written");
}

// Reads what stands in the directory. Changes nothing.
Status BackupRun::look() {
  manifest_ = {.store = state_.identity.id, .segments = {}, .backups = {}};
  if (!files_.is_there()) return {};
  FORGE_TRY(files_.leftovers(std::nullopt).status());
  Result<std::optional<Manifest>> read = files_.read_manifest();
  FORGE_TRY(begin_another(read.status()));
  if (*read) manifest_ = **std::move(read);
  FORGE_TRY(check_past());
  return begin_another(files_.check_sizes(manifest_));
}

Status BackupRun::claim() {
  StoreFiles& files = files_.files();
  made_directory_ = !files_.is_there();
  const rocksdb::IOStatus made = files.file_system().CreateDirIfMissing(files_.directory(), kIo, nullptr);
  if (!made.ok()) {
    return Status(ErrorId::kDirectoryUnusable, "cannot make the directory " + files_.directory())
        .why(to_status(made, "").text().why)
        .state("nothing was written");
  }
  if (made_directory_) FORGE_TRY(files.sync_directory(parent_of(files_.directory())));
  // Before the lock, which leaves a file.
  FORGE_TRY(files_.leftovers(std::nullopt).status());
  FORGE_TRY(lock());
  FORGE_TRY(look());
  is_claimed_ = true;
  FORGE_ASSIGN(const std::vector<std::string> rest, files_.leftovers(manifest_));
  for (const std::string& name : rest) FORGE_TRY(files_.remove(name));
  return {};
}

Status BackupRun::lock() {
  if (!is_real_disk_) return {};
  Result<std::unique_ptr<DirectoryLock>> lock = DirectoryLock::acquire(files_.directory(), {}, clock_.now());
  if (lock.ok()) {
    lock_ = *std::move(lock);
    return {};
  }
  if (lock.status().id() != ErrorId::kStoreLocked) return lock.status();
  return Status(ErrorId::kStoreLocked, "another process writes into the backup " + files_.directory())
      .why(lock.status().text().why)
      .state("nothing was written");
}

// The backup's events must be this store's first ones.
Status BackupRun::check_past() const {
  if (manifest_.store != state_.identity.id) {
    return foreign("they are of the store " + manifest_.store.to_string() + ", this one is " + state_.identity.id.to_string());
  }
  if (manifest_.backups.empty()) return {};
  const Root& root = manifest_.backups.back().root;
  if (root.size > store_.head()) {
    return foreign("they hold " + std::to_string(root.size) + " events, the store " + std::to_string(store_.head()));
  }
  FORGE_ASSIGN(const Hash mine, tree_root(*state_.database, root.size));
  if (mine == root.hash) return {};
  return foreign("events 1 to " + std::to_string(root.size) + " have root " + to_hex(root.hash) + " there and " + to_hex(mine) +
                 " here");
}

// The last event of a whole transaction that a power cut cannot take away.
Result<Seq> BackupRun::end_of_log() const {
  const Seq end = store_.durable_seq();
  if (end == 0) return end;
  AlignedBytes bytes;
  FORGE_ASSIGN(const Envelope last, read_event(*state_.database, end, bytes));
  return last.place + 1 == last.count ? end : end - last.place - 1;
}

Result<BackupReport> BackupRun::run() {
  const Pass pass(*state_.gate);
  if (!pass) return closed_error();
  if (is_real_disk_) FORGE_TRY(check_outside(files_.directory()));
  FORGE_TRY(options_.dry_run ? look() : claim());
  FORGE_ASSIGN(const Seq end, end_of_log());
  report_.manifest = files_.manifest_path();
  if (end <= manifest_.last() && !manifest_.backups.empty()) return nothing_new();
  report_.new_events = end - manifest_.last();
  FORGE_ASSIGN(const Hash root, tree_root(*state_.database, end));
  report_.point = {.number = manifest_.backups.size() + 1, .taken_at = clock_.now(), .root = {end, root}};
  if (!options_.dry_run) FORGE_TRY(take(report_.point));
  is_done_ = true;
  return report_;
}

Result<BackupReport> BackupRun::nothing_new() {
  report_.point = manifest_.backups.back();
  FORGE_ASSIGN(report_.manifest_sha256, files_.manifest_sha256());
  is_done_ = true;
  return report_;
}

// The tiles' own roots are not looked at while the events are read: the root that they give must be that of the events.
Status BackupRun::take(const BackupPoint& point) {
  FORGE_TRY(write_segments(point.root.size));
  if (const Hash written = manifest_.root(); written != point.root.hash) {
    return Status(ErrorId::kEventAltered, "the log and its tree differ")
        .why("events 1 to " + std::to_string(point.root.size) + " have root " + to_hex(written) + ", the tree says " +
             to_hex(point.root.hash))
        .state("the backup is as it was");
  }
  manifest_.backups.push_back(point);
  FORGE_ASSIGN(report_.manifest_sha256, files_.write_manifest(manifest_));
  return {};
}

Status BackupRun::write_segments(Seq end) {
  const Seq before = manifest_.last();
  LogTree tree(state_.database.get());
  FORGE_TRY(tree.restore(before));
  Hasher hasher;
  LogScan scan(*state_.database, before + 1, end);
  LogRow row;
  AlignedBytes bytes;
  std::optional<SegmentWriter> writer;
  Segment segment;
  for (;;) {
    FORGE_ASSIGN(const bool any, scan.next(row));
    if (!any) return {};
    if (!writer) {
      writer.emplace(manifest_.store, row.seq);
      segment.first = row.seq;
    }
    FORGE_TRY(writer->add(row.row));
    tree.append(row.leaf, [](std::string_view, std::string_view) {});
    if (writer->is_full() || row.seq == end) {
      FORGE_ASSIGN(const Envelope last, decode_event(row.seq, row.row, bytes));
      segment.last = row.seq;
      segment.last_at = last.recorded_at;
      segment.root = tree.frontier().root(hasher);
      FORGE_TRY(write_segment(*writer, segment));
      writer.reset();
    }
    FORGE_TRY(tell_progress(row.seq - before, end - before));
  }
}

Status BackupRun::tell_progress(Seq done, Seq total) const {
  if (goes_on(options_.progress, done, total)) return {};
  return Status(ErrorId::kCancelled, "stopped after " + std::to_string(done) + " new events").state("the backup is as it was");
}

Status BackupRun::write_segment(SegmentWriter& writer, Segment segment) {
  FORGE_ASSIGN(const std::string file, writer.finish());
  segment.bytes = file.size();
  segment.sha256 = sha256_hex(file);
  report_.new_bytes += file.size();
  FORGE_TRY(files_.files().replace(files_.directory() + "/" + segment.name(), file));
  manifest_.segments.push_back(std::move(segment));
  return {};
}

}  // namespace

Result<BackupReport> backup_over(const Store& store, const std::string& directory, const BackupOptions& options,
                                 std::shared_ptr<rocksdb::FileSystem> file_system) {
  Result<BackupReport> report = BackupRun(store, directory, options, std::move(file_system)).run();
  if (!report.ok()) return copy_failure(report.status(), "what was backed up before is as it was");
  return report;
}

}  // namespace internal

Result<BackupReport> backup(const Store& store, const std::string& directory, const BackupOptions& options) {
  return internal::backup_over(store, directory, options, rocksdb::FileSystem::Default());
}

}  // namespace forge
