#include <rocksdb/sst_file_reader.h>

#include "store_state.h"
#include "verify_parts.h"
#include "wal_scan.h"

namespace forge::internal {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr int kAttempts = 25;  // beside a writer that compacts, files come and go between any two looks
constexpr int kFailedOpenings = 3;

// While it lives, RocksDB keeps files that it no longer needs: what was listed can still be read. A read-only database deletes
// nothing and has no such switch.
class KeptFiles {
 public:
  explicit KeptFiles(rocksdb::DB& db) : db_(db), keeps_(db.DisableFileDeletions().ok()) {}
  ~KeptFiles() {
    if (keeps_) db_.EnableFileDeletions(false).PermitUncheckedError();
  }
  KeptFiles(const KeptFiles&) = delete;
  KeptFiles& operator=(const KeptFiles&) = delete;

 private:
  rocksdb::DB& db_;
  bool keeps_;
};

class FilesCheck {
 public:
  explicit FilesCheck(const Store& store) : state_(StoreAccess::state(store)), head_(store.head()) {}

  VerifyCheck run() {
    const KeptFiles kept(state_.database->db());
    std::vector<rocksdb::LiveFileMetaData> tables;
    state_.database->db().GetLiveFilesMetaData(&tables);
    for (const rocksdb::LiveFileMetaData& table : tables) check_table(table);
    check_logs();
    check_watermark();
    check_remnants();
    check_reopening();
    return std::move(check_);
  }

 private:
  Status damaged(const std::string& path, std::string why) const {
    return Status(ErrorId::kDataCorrupt, "the file " + path + " is damaged").why(std::move(why)).place(path);
  }

  void check_table(const rocksdb::LiveFileMetaData& table) {
    const std::string path = table.directory + "/" + table.relative_filename;
    // Another process that writes may have replaced it since this one opened the store for reading.
    if (!state_.files->exists(path) && state_.options.read_only) return;
    ++check_.count;
    const Result<std::string> checksum = checksum_of(path);
    if (!checksum.ok()) return report(check_, Status(checksum.status()).place(path));
    if (*checksum == table.file_checksum) return;
    report(check_, damaged(path, "its checksum differs from the recorded one" + place_in(path)));
  }

  Result<std::string> checksum_of(const std::string& path) const {
    rocksdb::FileChecksumGenContext context;
    context.file_name = path;
    const auto generator = state_.database->db().GetDBOptions().file_checksum_gen_factory->CreateFileChecksumGenerator(context);
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    const std::string doing = "reading " + path;
    FORGE_TRY(to_status(state_.files->file_system().NewSequentialFile(path, rocksdb::FileOptions(), &file, nullptr), doing));
    std::string memory(kChunkBytes, '\0');
    rocksdb::Slice chunk;
    do {
      FORGE_TRY(to_status(file->Read(kChunkBytes, rocksdb::IOOptions(), &chunk, memory.data(), nullptr), doing));
      generator->Update(chunk.data(), chunk.size());
    } while (!chunk.empty());
    generator->Finalize();
    return generator->GetChecksum();
  }

  // Which block of a damaged file it is, where its index still leads there.
  std::string place_in(const std::string& path) const {
    rocksdb::Options options;
    options.env = state_.database->db().GetEnv();
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(path);
    if (status.ok()) status = reader.VerifyChecksum();
    if (status.ok()) return {};
    const Status told = to_status(status, "reading the table");
    const std::size_t offset = told.text().place.find(", offset ");
    return "; " + told.text().why + (offset == std::string::npos ? std::string() : told.text().place.substr(offset));
  }

  void check_logs() {
    const auto look = [&] { return scan_wals(*state_.files, state_.database->oldest_log()); };
    Result<WalScan> scan = look();
    for (int i = 1; i < kAttempts && !scan.ok(); ++i) scan = look();  // a writer may just have removed one
    if (!scan.ok()) return report(check_, scan.status());
    ++check_.count;
    const WalDamage* damage = scan->hidden();
    if (damage == nullptr || *damage->first_after > head_) return;
    report(check_, Status(ErrorId::kDataCorrupt, "the file " + damage->file + " is damaged")
                       .why(damage->what + "; sound events from " + std::to_string(*damage->first_after) + " on stand behind it")
                       .place(damage->file + ", offset " + std::to_string(damage->offset)));
  }

  // A slot that is being written looks damaged for a moment.
  void check_watermark() {
    Result<WatermarkFile::Reading> reading = WatermarkFile::read(*state_.files);
    for (int i = 1; i < kAttempts && reading.ok() && reading->damaged_slots > 0; ++i) reading = WatermarkFile::read(*state_.files);
    const std::string path = state_.files->paths().watermark();
    if (!reading.ok()) return report(check_, reading.status());
    ++check_.count;
    if (reading->damaged_slots > 0)
      report(check_, damaged(path, std::to_string(reading->damaged_slots) + " of its slots do not verify"));
    if (!reading->newest) return report(check_, damaged(path, "it holds no watermark"));
    if (reading->newest->store == state_.identity.id) return;
    report(check_, Status(ErrorId::kStoreForeignFile, "the watermark belongs to another store")
                       .why("it names the store " + reading->newest->store.to_string())
                       .place(path));
  }

  void check_remnants() {
    const std::string draft = state_.files->paths().identity_draft();
    if (!state_.files->exists(draft)) return;
    report(check_, Status(ErrorId::kRemainsOfStore, "remains of an interrupted creation are here").place(draft));
  }

  // What the next opening would find: the identity, the manifest, the logs and the watermark as they lie on disk. That it may find
  // another root than the watermark's is said by the check of the head.
  void check_reopening() {
    OpenOptions options;
    options.read_only = true;
    options.create = false;
    options.cache_bytes = kChunkBytes;
    options.clock = state_.options.clock;
    options.ids = state_.options.ids;
    Status failure;
    int failed = 0;  // each opening looks many times itself
    for (int i = 0; i < kAttempts && failed < kFailedOpenings; ++i) {
      const Result<Store> again = StoreAccess::open(state_.files->paths().root, options, state_.env);
      failure = again.status();
      if (!again.ok()) {
        ++failed;
        continue;
      }
      if (again->head() >= head_) break;
      failure = Status(ErrorId::kDataTruncated, "the files on disk hold less than the store")
                    .why("they end at event " + std::to_string(again->head()) + ", the store is at event " + std::to_string(head_))
                    .place(state_.files->paths().data());
    }
    ++check_.count;
    if (failure.id() != ErrorId::kEventAltered && !is_known(failure)) report(check_, failure);
  }

  // The same thing need not be said twice.
  bool is_known(const Status& failure) const {
    for (const Status& finding : check_.findings) {
      if (finding.id() == failure.id() && finding.text().what == failure.text().what) return true;
    }
    return false;
  }

  const Store::State& state_;
  const Seq head_;
  VerifyCheck check_{.name = "files", .count = 0, .findings = {}};
};

}  // namespace

VerifyCheck check_files(const Store& store) {
  return FilesCheck(store).run();
}

}  // namespace forge::internal
