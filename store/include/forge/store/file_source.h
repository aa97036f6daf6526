#pragma once

// A file's bytes as they come, unpacked where its name ends in .gz or .zst, in memory that does not grow with the file.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "forge/events/source.h"

namespace forge {

// The name without the ending by which it is known to be packed: "rows.csv" of "rows.csv.gz".
std::string_view name_unpacked(std::string_view path);

// Not safe for concurrent use.
class FileSource final : public Source {
 public:
  // Opens the file for reading. Errors: kInputUnreadable, also where it is no regular file.
  static Result<std::unique_ptr<FileSource>> open(const std::string& path);
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override;

  // Unpacked bytes. A packed file that is damaged or ends too early is an error, and nothing more can be read then. Errors:
  // kInputUnreadable.
  Result<std::size_t> read(char* into, std::size_t size) override;

  // Of the file as it lies on the disk: its size when it was opened, and how many of its bytes were taken.
  std::uint64_t bytes_total() const;
  std::uint64_t bytes_taken() const;

 private:
  struct State;
  explicit FileSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace forge
