#include "backup_segment.h"

#include <zstd.h>

#include "forge/events/key.h"

namespace forge::internal {
namespace {

constexpr std::string_view kMagic = "FGSG";
constexpr std::size_t kHeaderBytes = 4 + 4 + 16 + 8;
// More than this no segment unpacks to, whatever its file says.
constexpr std::size_t kUnpackedBytesMax = std::size_t{256} << 20;
constexpr std::size_t kEventBytesMax = kUnpackedBytesMax - kSegmentBytes - 4;
constexpr int kCompressionLevel = 3;
static_assert(kSegmentFileBytesMax >= kHeaderBytes + ZSTD_COMPRESSBOUND(kUnpackedBytesMax));

void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
  append_u16(out, static_cast<std::uint16_t>(value));
}

std::uint32_t read_u32(const char* data) {
  return (std::uint32_t{read_u16(data)} << 16) | read_u16(data + 2);
}

std::string header_of(const Uuid& store, Seq first) {
  std::string out(kMagic);
  append_u32(out, static_cast<std::uint32_t>(kBackupFormat));
  out.append(reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size());
  append_u64(out, first);
  return out;
}

}  // namespace

SegmentWriter::SegmentWriter(const Uuid& store, Seq first) : header_(header_of(store, first)) {}

Status SegmentWriter::add(std::string_view event) {
  if (event.size() > kEventBytesMax) {
    return Status(ErrorId::kTooLarge, "an event is too large for a backup")
        .why("it has " + std::to_string(event.size()) + " bytes, a backup holds events of up to " + std::to_string(kEventBytesMax))
        .state("the backup is as it was");
  }
  append_u32(events_, static_cast<std::uint32_t>(event.size()));
  events_.append(event);
  return {};
}

Result<std::string> SegmentWriter::finish() {
  std::string out = std::move(header_);
  out.resize(kHeaderBytes + ZSTD_compressBound(events_.size()));
  const std::size_t size =
      ZSTD_compress(out.data() + kHeaderBytes, out.size() - kHeaderBytes, events_.data(), events_.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0) return Status(ErrorId::kNoMemory, "compressing events failed").why(ZSTD_getErrorName(size));
  out.resize(kHeaderBytes + size);
  return out;
}

Status SegmentReader::corrupt(const char* why) const {
  return Status(ErrorId::kBackupCorrupt, "a segment of the backup is damaged")
      .why(why)
      .place(name_)
      .state("the target is as it was");
}

Result<SegmentReader> SegmentReader::open(const Uuid& store, const Segment& segment, std::string_view bytes) {
  SegmentReader reader;
  reader.name_ = segment.name();
  if (!bytes.starts_with(header_of(store, segment.first))) return reader.corrupt("it does not begin as one of this backup");
  bytes.remove_prefix(kHeaderBytes);
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kUnpackedBytesMax)
    return reader.corrupt("its events cannot be unpacked");
  reader.events_.resize(size);
  const std::size_t unpacked = ZSTD_decompress(reader.events_.data(), size, bytes.data(), bytes.size());
  if (ZSTD_isError(unpacked) != 0 || unpacked != size) return reader.corrupt("its events cannot be unpacked");
  return reader;
}

Result<bool> SegmentReader::next(std::string_view& row) {
  const std::string_view rest = std::string_view(events_).substr(at_);
  if (rest.empty()) return false;
  if (rest.size() < 4 || rest.size() - 4 < read_u32(rest.data())) return corrupt("it ends inside an event");
  row = rest.substr(4, read_u32(rest.data()));
  at_ += 4 + row.size();
  return true;
}

}  // namespace forge::internal
