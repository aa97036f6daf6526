#include "log_records.h"

#include <cstring>
#include <optional>
#include <string>

#include "store_files.h"

namespace forge::internal {
namespace {

constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;

std::uint32_t unmask(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8u;
  return (rotated >> 17) | (rotated << 15);
}

enum class FragmentType : std::uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Fragment {
  FragmentType type = FragmentType::kZero;
  std::string_view payload;
  std::size_t end = 0;
};

// Walks one file fragment by fragment.
class LogRecords {
 public:
  LogRecords(std::string_view bytes, LogRecordVisitor& visitor) : bytes_(bytes), visitor_(visitor) {}

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
    if (type == 0 && length == 0 && crc == 0) return zeros(at);
    if (type == 0 || type > 4) return broken(at, "it holds a record of an unknown type");
    if (rest.size() < kHeaderBytes + length) return broken(at, "its last record is torn");
    if (crc32c(rest.substr(6, 1u + length)) != unmask(crc)) return broken(at, "the checksum of a record does not fit");
    return Fragment{static_cast<FragmentType>(type), rest.substr(kHeaderBytes, length), at + kHeaderBytes + length};
  }

  // Space that was reserved and never written, unless something stands behind it.
  std::optional<Fragment> zeros(std::size_t at) {
    if (bytes_.find_first_not_of('\0', at) != std::string_view::npos) return broken(at, "it has a hole of zeros");
    finished_ = true;
    if (in_record_) damage(record_start_, "its last record is torn");
    return std::nullopt;
  }

  std::optional<Fragment> broken(std::size_t at, const char* what) {
    damage(in_record_ ? record_start_ : at, what);
    return std::nullopt;
  }

  void damage(std::size_t at, const char* what) {
    in_record_ = false;
    visitor_.damage(at, what);
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
    if (fragment.type != FragmentType::kFull && fragment.type != FragmentType::kLast) return;
    in_record_ = false;
    visitor_.take(record_, record_start_, fragment.end);
  }

  std::string_view bytes_;
  LogRecordVisitor& visitor_;
  std::string record_;
  std::size_t record_start_ = 0;
  bool in_record_ = false;
  bool finished_ = false;
};

}  // namespace

void read_log_records(std::string_view bytes, LogRecordVisitor& visitor) {
  LogRecords(bytes, visitor).run();
}

}  // namespace forge::internal
