#include "size_limited_file.h"

namespace forge::internal {
namespace {

rocksdb::IOStatus as_full_disk(rocksdb::IOStatus status) {
  if (status.ok() || !is_too_large(status.ToString())) return status;
  rocksdb::IOStatus full = rocksdb::IOStatus::NoSpace(status.ToString());
  full.SetRetryable(status.GetRetryable());
  return full;
}

}  // namespace

bool is_too_large(std::string_view text) {
  return text.find("File too large") != std::string_view::npos;
}

rocksdb::IOStatus SizeLimitedFile::Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* debug) {
  return as_full_disk(FSWritableFileOwnerWrapper::Append(data, options, debug));
}

rocksdb::IOStatus SizeLimitedFile::Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                                          const rocksdb::DataVerificationInfo& verification, rocksdb::IODebugContext* debug) {
  return as_full_disk(FSWritableFileOwnerWrapper::Append(data, options, verification, debug));
}

rocksdb::IOStatus SizeLimitedFile::PositionedAppend(const rocksdb::Slice& data, std::uint64_t offset,
                                                    const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) {
  return as_full_disk(FSWritableFileOwnerWrapper::PositionedAppend(data, offset, options, debug));
}

rocksdb::IOStatus SizeLimitedFile::Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) {
  return as_full_disk(FSWritableFileOwnerWrapper::Close(options, debug));
}

}  // namespace forge::internal
