// How much space the file system under RocksDB has allocated for the write-ahead log.

#include <gtest/gtest.h>

#include "log_file_system.h"

namespace forge::internal {
namespace {

constexpr std::size_t kMiB = 1 << 20;

// Keeps nothing but what was allocated.
class AllocatedFile : public rocksdb::FSWritableFile {
 public:
  explicit AllocatedFile(std::vector<std::pair<std::uint64_t, std::uint64_t>>& allocated) : allocated_(allocated) {}

  using FSWritableFile::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& /*data*/, const rocksdb::IOOptions& /*options*/,
                           rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Allocate(std::uint64_t offset, std::uint64_t bytes, const rocksdb::IOOptions& /*options*/,
                             rocksdb::IODebugContext* /*debug*/) override {
    allocated_.emplace_back(offset, bytes);
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Close(const rocksdb::IOOptions& /*options*/, rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Flush(const rocksdb::IOOptions& /*options*/, rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& /*options*/, rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::OK();
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>>& allocated_;
};

class AllocatingFileSystem : public rocksdb::FileSystemWrapper {
 public:
  AllocatingFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "AllocatingFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& /*name*/, const rocksdb::FileOptions& /*options*/,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* /*debug*/) override {
    *result = std::make_unique<AllocatedFile>(allocated);
    return rocksdb::IOStatus::OK();
  }

  rocksdb::IOStatus GetFreeSpace(const std::string& /*path*/, const rocksdb::IOOptions& /*options*/, std::uint64_t* bytes,
                                 rocksdb::IODebugContext* /*debug*/) override {
    *bytes = free;
    return rocksdb::IOStatus::OK();
  }

  std::vector<std::pair<std::uint64_t, std::uint64_t>> allocated;  // where, and how many bytes
  std::uint64_t free = 512 * kMiB;
};

TEST(LogSpace, IsAMiBAtFirstAndThenMore) {
  const auto disk = std::make_shared<AllocatingFileSystem>();
  LogFileSystem files(disk, {});
  std::unique_ptr<rocksdb::FSWritableFile> log;
  ASSERT_TRUE(files.NewWritableFile("000042.log", {}, &log, nullptr).ok());
  log->SetPreallocationBlockSize(74 * kMiB);

  std::size_t written = 0;
  const auto write = [&](std::size_t bytes) {
    log->PrepareWrite(written, bytes, {}, nullptr);
    written += bytes;
  };
  using Allocated = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  while (written < kMiB) write(1024);
  EXPECT_EQ(disk->allocated, (Allocated{{0, kMiB}}));
  while (written < 33 * kMiB) write(1024);
  EXPECT_EQ(disk->allocated, (Allocated{{0, kMiB}, {kMiB, 32 * kMiB}}));
  disk->free = 512 * kMiB - 1;
  write(1024);
  EXPECT_EQ(disk->allocated.back(), std::pair(33 * kMiB, kMiB)) << "the disk is nearly full";
  write(100 * kMiB);
  EXPECT_EQ(disk->allocated.back().second, 100 * kMiB) << "more than a step at once";
}

TEST(LogSpace, IsAsRocksDBSaysForOtherFiles) {
  const auto disk = std::make_shared<AllocatingFileSystem>();
  LogFileSystem files(disk, {});
  std::unique_ptr<rocksdb::FSWritableFile> table;
  ASSERT_TRUE(files.NewWritableFile("000042.sst", {}, &table, nullptr).ok());
  table->SetPreallocationBlockSize(8 * kMiB);
  table->PrepareWrite(0, 10, {}, nullptr);
  EXPECT_EQ(disk->allocated.back().second, 8 * kMiB);
}

}  // namespace
}  // namespace forge::internal
