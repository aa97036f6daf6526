#include "row_run.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "database.h"
#include "key_start.h"
#include "store_files.h"

namespace forge::internal {
namespace {

constexpr std::size_t kWrittenAtOnce = 1 << 20;
constexpr std::size_t kReadAtOnce = 256 << 10;

using RowSizes = std::array<std::uint32_t, 2>;  // of key and value

std::unique_ptr<rocksdb::FileChecksumGenerator> checksum_of_run(const std::string& path) {
  rocksdb::FileChecksumGenContext context;
  context.file_name = path;
  return rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator(context);
}

// The rows of one run, one after another.
class RowRunReader {
 public:
  static Result<std::unique_ptr<RowRunReader>> open(rocksdb::FileSystem& file_system, const RowRun& run) {
    std::unique_ptr<RowRunReader> reader(new RowRunReader(run));
    FORGE_TRY(
        to_status(file_system.NewSequentialFile(run.path, rocksdb::FileOptions(), &reader->file_, nullptr), "opening " + run.path));
    return reader;
  }

  // False behind the last row, where the file was what was written.
  Result<bool> next() {
    if (at_ == end_ && left_ == 0) return close();
    RowSizes sizes{};
    FORGE_TRY(need(sizeof(sizes)));
    std::memcpy(sizes.data(), memory_.data() + at_, sizeof(sizes));
    FORGE_TRY(need(sizeof(sizes) + std::size_t{sizes[0]} + sizes[1]));
    at_ += sizeof(sizes);
    key_ = {memory_.data() + at_, sizes[0]};
    value_ = {memory_.data() + at_ + sizes[0], sizes[1]};
    at_ += std::size_t{sizes[0]} + sizes[1];
    return true;
  }
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  explicit RowRunReader(const RowRun& run) : run_(run), left_(run.bytes), checksum_(checksum_of_run(run.path)) {}

  Status damaged() const {
    return Status(ErrorId::kDataCorrupt, "the file " + run_.path + " is damaged")
        .why("what is read from it is not what was written to it a moment ago")
        .place(run_.path);
  }

  Result<bool> close() {
    checksum_->Finalize();
    if (checksum_->GetChecksum() != run_.checksum) return damaged();
    file_.reset();
    return false;
  }

  // Has so many bytes from at_ on in memory.
  Status need(std::size_t bytes) {
    if (end_ - at_ >= bytes) return {};
    if (bytes - (end_ - at_) > left_) return damaged();
    std::memmove(memory_.data(), memory_.data() + at_, end_ - at_);
    end_ -= std::exchange(at_, 0);
    memory_.resize(std::max({memory_.size(), bytes, kReadAtOnce}));
    while (end_ < bytes) {
      rocksdb::Slice read;
      char* const into = memory_.data() + end_;
      const std::size_t room = std::min<std::uint64_t>(memory_.size() - end_, left_);
      FORGE_TRY(to_status(file_->Read(room, kIo, &read, into, nullptr), "reading " + run_.path));
      if (read.empty()) return damaged();
      if (read.data() != into) std::memcpy(into, read.data(), read.size());
      checksum_->Update(into, read.size());
      end_ += read.size();
      left_ -= read.size();
    }
    return {};
  }

  const RowRun& run_;
  std::uint64_t left_;  // in the file
  std::unique_ptr<rocksdb::FileChecksumGenerator> checksum_;
  std::unique_ptr<rocksdb::FSSequentialFile> file_;
  std::string memory_;
  std::size_t at_ = 0, end_ = 0;  // what of memory_ was read from the file and not yet given
  std::string_view key_, value_;
};

// A run by its next row, for a heap whose first is the lowest.
struct RunHead {
  KeyStart start;
  std::unique_ptr<RowRunReader> run;

  bool operator<(const RunHead& other) const { return start == other.start ? other.run->key() < run->key() : other.start < start; }
};

}  // namespace

RowRunWriter::RowRunWriter(std::string path) : run_{.path = std::move(path), .checksum = {}} {
  buffer_.reserve(kWrittenAtOnce + (64 << 10));
}

Result<RowRunWriter> RowRunWriter::create(rocksdb::FileSystem& file_system, std::string path) {
  RowRunWriter writer(std::move(path));
  writer.checksum_ = checksum_of_run(writer.run_.path);
  FORGE_TRY(to_status(file_system.NewWritableFile(writer.run_.path, rocksdb::FileOptions(), &writer.file_, nullptr),
                      "making " + writer.run_.path));
  return writer;
}

Status RowRunWriter::put(std::string_view key, std::string_view value) {
  const RowSizes sizes{static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size())};
  buffer_.append(reinterpret_cast<const char*>(sizes.data()), sizeof(sizes));
  buffer_.append(key);
  buffer_.append(value);
  return buffer_.size() < kWrittenAtOnce ? Status() : write_buffer();
}

Status RowRunWriter::write_buffer() {
  checksum_->Update(buffer_.data(), buffer_.size());
  FORGE_TRY(to_status(file_->Append(buffer_, kIo, nullptr), "writing " + run_.path));
  run_.bytes += buffer_.size();
  buffer_.clear();
  return {};
}

Result<RowRun> RowRunWriter::finish() {
  if (!buffer_.empty()) FORGE_TRY(write_buffer());
  FORGE_TRY(to_status(file_->Close(kIo, nullptr), "writing " + run_.path));
  file_.reset();
  checksum_->Finalize();
  run_.checksum = checksum_->GetChecksum();
  return std::move(run_);
}

Status merge_runs(rocksdb::FileSystem& file_system, const std::vector<RowRun>& runs, const RowVisit& visit) {
  std::vector<RunHead> heads;
  for (const RowRun& run : runs) {
    FORGE_ASSIGN(std::unique_ptr<RowRunReader> reader, RowRunReader::open(file_system, run));
    FORGE_ASSIGN(const bool any, reader->next());
    if (any) heads.push_back({KeyStart::of(reader->key()), std::move(reader)});
  }
  std::make_heap(heads.begin(), heads.end());
  while (!heads.empty()) {
    std::pop_heap(heads.begin(), heads.end());
    RunHead& lowest = heads.back();
    FORGE_TRY(visit(lowest.run->key(), lowest.run->value()));
    FORGE_ASSIGN(const bool any, lowest.run->next());
    if (!any) {
      heads.pop_back();
      continue;
    }
    lowest.start = KeyStart::of(lowest.run->key());
    std::push_heap(heads.begin(), heads.end());
  }
  return {};
}

}  // namespace forge::internal
