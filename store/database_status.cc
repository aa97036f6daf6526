// A rocksdb::Status in the store's own words. RocksDB gives one line of text, in which the file at fault stands somewhere; its
// wording is nothing that a user can act on, so what is known of it is said plainly, and the file named as the error's place.

#include <algorithm>
#include <array>

#include "data_files.h"
#include "database.h"
#include "size_limited_file.h"

namespace forge::internal {
namespace {

struct Reason {
  std::string_view sign;  // in RocksDB's text
  std::string_view says;
};

constexpr const char* kNoDescriptors = "the limit of open files is reached";
constexpr const char* kDescriptorsRemedy = "raise the limit and try again: ulimit -n";

// The first that fits counts.
constexpr std::array<Reason, 11> kReasons = {{
    {"Permission denied", "permission denied"},
    {"Read-only file system", "the file system is read-only"},
    {"No such file or directory", kMissingFile},
    {"Too many open files", kNoDescriptors},
    {"Missing WAL", "a write-ahead log is missing"},
    {"is too short", "the file is cut short"},
    {"size mismatch", "the file does not have the size that was recorded"},
    {"checksum mismatch", "a checksum does not fit the bytes"},
    {"Bad table magic number", "the file does not end as a table does"},
    {"properties unsorted", "the description of a table is not readable"},
    {"entry in MANIFEST", "the list of the data files is cut short"},
}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Where a name such as 000021.sst, 000004.log or MANIFEST-000029 ends that begins at `at`; 0 where none begins.
std::size_t end_of_name(std::string_view text, std::size_t at) {
  constexpr std::string_view kManifestPrefix = "MANIFEST-";
  const bool is_manifest = text.substr(at).starts_with(kManifestPrefix);
  std::size_t end = at + (is_manifest ? kManifestPrefix.size() : 0);
  const std::size_t first = end;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end - first < 6) return 0;
  if (is_manifest) return end;
  const std::string_view ending = text.substr(end, 4);
  return ending == ".sst" || ending == ".ldb" || ending == ".log" ? end + 4 : 0;
}

// Where the path begins whose last part begins at `at`: after the words that RocksDB puts before a path.
std::size_t begin_of_path(std::string_view text, std::size_t at) {
  if (at == 0 || text[at - 1] != '/') return at;
  std::size_t begin = 0;
  for (const std::string_view before : {": ", " in ", " file ", " sstable"}) {
    const std::size_t found = text.rfind(before, at);
    if (found != std::string_view::npos) begin = std::max(begin, found + before.size());
  }
  return begin;
}

// The first data file that the text names, with its directory, and the offset in it; empty where it names none.
std::string place_in(std::string_view text) {
  std::size_t at = 0, end = 0;
  while (at < text.size() && (end = end_of_name(text, at)) == 0) ++at;
  if (end == 0) return {};
  const std::size_t begin = begin_of_path(text, at);
  std::string place(text.substr(begin, end - begin));
  // A table that is missing was looked for under the ending of old last, which is not the name it had.
  if (place.ends_with(".ldb")) place.replace(place.size() - 4, 4, ".sst");
  constexpr std::string_view kOffset = " offset ";
  if (!text.substr(end).starts_with(kOffset)) return place;
  const std::string_view rest = text.substr(end + kOffset.size());
  return place + ", offset " + std::string(rest.substr(0, rest.find_first_not_of("0123456789")));
}

// Of an error of the system what the system says, which stands last in RocksDB's text; of all else that the bytes are wrong, or
// what was wanted of RocksDB. The whole text is for those who know RocksDB: Database::open's log has it.
std::string otherwise(const rocksdb::Status& status, std::string_view text) {
  if (status.IsCorruption()) return "the bytes there make no sense";
  if (!status.IsIOError() && !status.IsPathNotFound()) return "the database library refuses it";
  const std::size_t colon = text.rfind(": ");
  std::string reason(colon == std::string_view::npos ? text : text.substr(colon + 2));
  if (reason.size() > 1 && reason[1] >= 'a' && reason[1] <= 'z') reason[0] = static_cast<char>(reason[0] | 0x20);
  return reason;
}

ErrorId id_of(const rocksdb::Status& status, std::string_view text) {
  if (status.IsCorruption()) return ErrorId::kDataCorrupt;
  if (status.IsNoSpace() || is_too_large(text)) return ErrorId::kDiskFull;
  if (status.IsMemoryLimit()) return ErrorId::kNoMemory;
  const bool may_not = text.find("Permission denied") != std::string_view::npos;
  return may_not ? ErrorId::kDirectoryUnusable : ErrorId::kIoError;
}

}  // namespace

bool is_out_of_descriptors(const Status& status) {
  return status.text().why == kNoDescriptors;
}

Status to_status(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  const std::string text = status.ToString();
  Status error(id_of(status, text), std::string(doing) + " failed");
  if (status.IsMemoryLimit()) return error;
  if (is_too_large(text)) return std::move(error).why("a limit on the size of files is reached").place(place_in(text));
  if (status.IsNoSpace()) return std::move(error).why("no space is left on the device");
  const auto* known =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& row) { return text.find(row.sign) != std::string::npos; });
  error = std::move(error).why(known == kReasons.end() ? otherwise(status, text) : std::string(known->says)).place(place_in(text));
  if (is_out_of_descriptors(error)) return std::move(error).remedy(kDescriptorsRemedy);
  const bool is_lost_table = error.text().why == kMissingFile && error.text().place.ends_with(".sst");
  return status.IsCorruption() || is_lost_table ? std::move(error).remedy(kRepairRemedy) : error;
}

}  // namespace forge::internal
