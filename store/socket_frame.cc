#include "socket_frame.h"

#include <algorithm>

namespace forge::internal {
namespace {

constexpr char kMark[4] = {'F', 'G', 'S', '1'};

template <typename T>
T read_little(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;  // Forge runs on little-endian machines: FlatBuffers' own vectors are read in place, too
}

}  // namespace

void set_number(std::string& frame, std::uint64_t number) {
  std::memcpy(frame.data() + 8, &number, sizeof(number));
}

void write_head(std::string& frame, std::uint64_t number) {
  const auto length = static_cast<std::uint32_t>(frame.size() - kFrameHeadBytes);
  std::memcpy(frame.data(), kMark, sizeof(kMark));
  std::memcpy(frame.data() + 4, &length, sizeof(length));
  set_number(frame, number);
}

std::span<std::uint8_t> FrameBuffer::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  const std::size_t needed = std::max(wanted_, kFrameHeadBytes);
  if (begin_ > 0 && (size() - begin_ < needed || end_ == size())) {
    std::memmove(bytes(), bytes() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  // It grows with what has come of a frame, not with what its head announces, and what a large one took is given back.
  const std::size_t want = std::max(kRoom, std::min(needed, 2 * (end_ - begin_)));
  if (size() < want || (begin_ == end_ && size() > want)) {
    storage_.resize((want + 7) / 8);
    storage_.shrink_to_fit();
  }
  return {bytes() + end_, size() - end_};
}

Result<std::optional<Frame>> FrameBuffer::next() {
  const std::size_t there = end_ - begin_;
  if (there < kFrameHeadBytes) return std::optional<Frame>();
  const std::uint8_t* const head = bytes() + begin_;
  const std::size_t length = read_little<std::uint32_t>(head + 4);
  if (std::memcmp(head, kMark, sizeof(kMark)) != 0 || length % 8 != 0 || length == 0 || length > kPayloadBytesMax) {
    return Status(ErrorId::kProtocolBroken, "what came through the socket is not a frame");
  }
  wanted_ = kFrameHeadBytes + length;
  if (there < wanted_) return std::optional<Frame>();
  const Frame frame{.number = read_little<std::uint64_t>(head + 8), .payload = {head + kFrameHeadBytes, length}};
  begin_ += wanted_;
  wanted_ = 0;
  return std::optional<Frame>(frame);
}

}  // namespace forge::internal
