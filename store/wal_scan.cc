// The log's form (RocksDB 7, "log format"): blocks of 32 KiB; in each, fragments with a 7-byte header: masked CRC-32C u32 over type
// and payload, length u16, type u8 (1 full, 2 first, 3 middle, 4 last; 5 to 8 the same in a recycled file, with 4 more header
// bytes), all little-endian. Fewer than 7 bytes at a block's end are filled with zeros. A record's payload is a write batch.

#include "wal_scan.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstring>

#include "database.h"
#include "forge/events/key.h"

namespace forge::internal {
namespace {

constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::uint32_t kLogFamily = 1;  // the column families are created in the order of enum Table

std::uint32_t unmask(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8u;
  return (rotated >> 17) | (rotated << 15);
}

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

enum class FragmentType : std::uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Fragment {
  FragmentType type = FragmentType::kZero;
  std::string_view payload;
  std::size_t end = 0;
};

// Walks one file fragment by fragment.
class WalReader {
 public:
  WalReader(std::string_view bytes, const std::string& file, WalScan& scan) : bytes_(bytes), file_(file), scan_(scan) {}

  void run() {
    std::size_t at = 0;
    while (at < bytes_.size()) {
      const std::size_t left_in_block = kBlockBytes - at % kBlockBytes;
      if (left_in_block < kHeaderBytes) {
        at += left_in_block;
        continue;
      }
      const std::optional<Fragment> fragment = read(at, left_in_block);
      if (fragment) {
        take(*fragment, at);
        at = fragment->end;
      } else if (finished_) {
        return;
      } else {
        at += left_in_block;  // look for sound records from the next block on
      }
    }
    if (in_record_) damage(record_start_, "its last record is torn");
  }

 private:
  // Nothing where no sound fragment begins at `at`.
  std::optional<Fragment> read(std::size_t at, std::size_t left_in_block) {
    const std::string_view rest = bytes_.substr(at, left_in_block);
    if (rest.size() < kHeaderBytes) return broken(at, "its last record is torn");
    std::uint32_t crc = 0;
    std::uint16_t length = 0;
    std::memcpy(&crc, rest.data(), 4);
    std::memcpy(&length, rest.data() + 4, 2);
    const auto type = static_cast<std::uint8_t>(rest[6]);
    if (type == 0 && length == 0 && crc == 0) return zeros(at, rest);
    if (type == 0 || type > 4) return broken(at, "it holds a record of an unknown type");
    if (rest.size() < kHeaderBytes + length) return broken(at, "its last record is torn");
    if (crc32c(rest.substr(6, 1u + length)) != unmask(crc)) return broken(at, "the checksum of a record does not fit");
    return Fragment{static_cast<FragmentType>(type), rest.substr(kHeaderBytes, length), at + kHeaderBytes + length};
  }

  // Space that was reserved and never written, unless something stands behind it.
  std::optional<Fragment> zeros(std::size_t at, std::string_view) {
    const std::string_view rest = bytes_.substr(at);
    if (rest.find_first_not_of('\0') == std::string_view::npos) {
      finished_ = true;
      if (in_record_) damage(record_start_, "its last record is torn");
      return std::nullopt;
    }
    return broken(at, "it has a hole of zeros");
  }

  std::optional<Fragment> broken(std::size_t at, const char* what) {
    damage(in_record_ ? record_start_ : at, what);
    in_record_ = false;
    return std::nullopt;
  }

  void damage(std::size_t at, const char* what) {
    in_record_ = false;
    if (!damaged_) scan_.damages.push_back({.file = file_, .offset = at, .what = what, .first_after = std::nullopt});
    damaged_ = true;
  }

  void take(const Fragment& fragment, std::size_t at) {
    if (fragment.type == FragmentType::kFull || fragment.type == FragmentType::kFirst) {
      if (in_record_) damage(record_start_, "a record lacks its end");
      record_.assign(fragment.payload);
      record_start_ = at;
      in_record_ = true;
    } else if (in_record_) {
      record_.append(fragment.payload);
    } else {
      return;  // the rest of a record whose beginning was damaged
    }
    if (fragment.type == FragmentType::kFull || fragment.type == FragmentType::kLast) finish_record();
  }

  void finish_record() {
    in_record_ = false;
    SeqCollector seqs;
    const bool sound = record_.size() >= 12 && rocksdb::WriteBatch(record_).Iterate(&seqs).ok();
    if (!sound) return damage(record_start_, "a record is not a write batch");
    if (seqs.last == 0) return;
    if (!damaged_) {
      scan_.last_sound = std::max(scan_.last_sound, seqs.last);
    } else if (!scan_.damages.back().first_after) {
      scan_.damages.back().first_after = seqs.first;
    }
  }

  std::string_view bytes_;
  const std::string& file_;
  WalScan& scan_;
  std::string record_;
  std::size_t record_start_ = 0;
  bool in_record_ = false;
  bool damaged_ = false;
  bool finished_ = false;
};

}  // namespace

const WalDamage* WalScan::hidden() const {
  const auto found = std::find_if(damages.begin(), damages.end(), [](const WalDamage& one) { return one.first_after.has_value(); });
  return found == damages.end() ? nullptr : &*found;
}

void scan_wal(std::string_view bytes, const std::string& file, WalScan& scan) {
  scan.bytes += bytes.size();
  WalReader(bytes, file, scan).run();
}

Result<WalScan> scan_wals(const StoreFiles& files) {
  std::vector<std::string> names;
  FORGE_TRY(to_status(files.file_system().GetChildren(files.paths().data(), rocksdb::IOOptions(), &names, nullptr),
                      "listing " + files.paths().data()));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".log"); });
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
