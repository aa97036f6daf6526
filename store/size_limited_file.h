#pragma once

#include <rocksdb/file_system.h>

#include <memory>
#include <string_view>

namespace forge::internal {

// Whether a write failed because the file may not grow further: a limit of the process or of the file system. RocksDB keeps of
// the reason its text alone.
bool is_too_large(std::string_view text);

// A file that meets such a limit as it meets a full disk, from which RocksDB recovers once it can write again.
class SizeLimitedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;
  using FSWritableFileOwnerWrapper::PositionedAppend;

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus PositionedAppend(const rocksdb::Slice& data, std::uint64_t offset, const rocksdb::IOOptions& options,
                                     rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override;
};

}  // namespace forge::internal
