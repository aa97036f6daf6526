#pragma once

// A file beside the store to which a program appends in step with its transactions: what it set aside, say. Appended text counts
// once sync() has returned; text that belongs to a transaction which was refused is cut off again. Not safe for concurrent use.

#include <cstdint>
#include <string>
#include <string_view>

#include "forge/events/status.h"

namespace forge {

class AppendedFile {
 public:
  // Opens the file, or makes it where there is none; its name is durable then. While it is open, nobody else opens it so. Errors:
  // kOutputFailed.
  static Result<AppendedFile> open(const std::string& path);
  AppendedFile(AppendedFile&& other) noexcept;
  AppendedFile& operator=(AppendedFile&& other) noexcept;
  ~AppendedFile();

  // With what append() added.
  std::uint64_t bytes() const { return bytes_; }
  // Errors, of all three: kOutputFailed. The file may then hold a part of what was appended.
  Status append(std::string_view text);
  Status sync();
  // Leaves the first `bytes` of the file, which must have as many.
  Status cut(std::uint64_t bytes);

 private:
  AppendedFile(std::string path, int descriptor, std::uint64_t bytes);

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  bool is_synced_ = true;
};

}  // namespace forge
