#pragma once

// Frames: a head of 16 bytes and a payload. The head is, little-endian, "FGS1", the payload's length u32, the number of the request
// that the frame is or answers u64. Lengths are multiples of 8, so that every payload of a buffer is aligned.

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "forge/events/status.h"

namespace forge::internal {

inline constexpr std::size_t kFrameHeadBytes = 16;
inline constexpr std::size_t kPayloadBytesMax = 32 << 20;

// Puts the number into a frame that was made without it.
void set_number(std::string& frame, std::uint64_t number);
// Makes the head in front of a payload whose first kFrameHeadBytes are free.
void write_head(std::string& frame, std::uint64_t number);

struct Frame {
  std::uint64_t number = 0;
  std::span<const std::uint8_t> payload;  // lives until the buffer is written to or asked for room
};

// What was read from a connection and is not yet taken. At most twice what has come of the frame at hand. For one thread at a time.
class FrameBuffer {
 public:
  // Where the next bytes go: at least one. After next() gave nothing.
  std::span<std::uint8_t> room();
  // So many bytes were put there.
  void wrote(std::size_t bytes) { end_ += bytes; }
  // The next whole frame; nothing where it is not all there yet. Errors: kProtocolBroken; then nothing more can be read.
  Result<std::optional<Frame>> next();
  // A frame has begun and is not all there.
  bool is_inside() const { return begin_ != end_; }

 private:
  static constexpr std::size_t kRoom = 64 << 10;
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(storage_.data()); }
  std::size_t size() const { return storage_.size() * sizeof(std::uint64_t); }

  std::vector<std::uint64_t> storage_;
  std::size_t begin_ = 0, end_ = 0;  // in bytes; `begin_` is divisible by 8
  std::size_t wanted_ = 0;           // bytes of the frame that has begun, its head included; 0: not known
};

}  // namespace forge::internal
