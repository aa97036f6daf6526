#include "wal_scan.h"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "database.h"
#include "forge/events/key.h"
#include "log_records.h"

namespace forge::internal {
namespace {

constexpr std::uint32_t kLogFamily = 1;  // the column families are created in the order of enum Table

// Collects the seqs that a batch puts into the table `log`.
class SeqCollector : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice&) override {
    if (family != kLogFamily || key.size() != 8) return rocksdb::Status::OK();
    const Seq seq = read_u64(key.data());
    if (first == 0) first = seq;
    last = seq;
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override { return rocksdb::Status::OK(); }
  rocksdb::Status DeleteRangeCF(std::uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice&) override {}

  Seq first = 0;
  Seq last = 0;
};

// A record's payload is a write batch.
class WalReader : public LogRecordVisitor {
 public:
  WalReader(const std::string& file, WalScan& scan) : file_(file), scan_(scan) {}

  void take(std::string_view record, std::uint64_t begin, std::uint64_t) override {
    SeqCollector seqs;
    const bool sound = record.size() >= 12 && rocksdb::WriteBatch(std::string(record)).Iterate(&seqs).ok();
    if (!sound) return damage(begin, "a record is not a write batch");
    if (seqs.last == 0) return;
    if (!damaged_) {
      scan_.last_sound = std::max(scan_.last_sound, seqs.last);
    } else if (!scan_.damages.back().first_after) {
      scan_.damages.back().first_after = seqs.first;
    }
  }

  void damage(std::uint64_t offset, const char* what) override {
    if (!damaged_) scan_.damages.push_back({.file = file_, .offset = offset, .what = what, .first_after = std::nullopt});
    damaged_ = true;
  }

 private:
  const std::string& file_;
  WalScan& scan_;
  bool damaged_ = false;
};

}  // namespace

const WalDamage* WalScan::hidden() const {
  const auto found = std::find_if(damages.begin(), damages.end(), [](const WalDamage& one) { return one.first_after.has_value(); });
  return found == damages.end() ? nullptr : &*found;
}

std::vector<FilePrefix> WalScan::before(const WalDamage& damage) const {
  std::vector<FilePrefix> prefixes;
  for (auto file = std::find(files.begin(), files.end(), damage.file); file != files.end(); ++file) {
    prefixes.push_back({.path = *file, .bytes = *file == damage.file ? damage.offset : 0});
  }
  return prefixes;
}

void scan_wal(std::string_view bytes, const std::string& file, WalScan& scan) {
  scan.files.push_back(file);
  scan.bytes += bytes.size();
  WalReader reader(file, scan);
  read_log_records(bytes, reader);
}

Result<WalScan> scan_wals(const StoreFiles& files, std::uint64_t from) {
  std::vector<std::string> names;
  FORGE_TRY(to_status(files.file_system().GetChildren(files.paths().data(), rocksdb::IOOptions(), &names, nullptr),
                      "listing " + files.paths().data()));
  std::erase_if(names, [&](const std::string& name) { return !name.ends_with(".log") || number_of_log(name) < from; });
  std::sort(names.begin(), names.end());
  WalScan scan;
  for (const std::string& name : names) {
    const std::string path = files.paths().data() + "/" + name;
    FORGE_ASSIGN(const std::string bytes, files.read(path));
    scan_wal(bytes, path, scan);
  }
  return scan;
}

}  // namespace forge::internal
