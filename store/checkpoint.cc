// A checkpoint: format u8 (1), store id (16 bytes), number u16, generation u32, code version u32, mode u8, flags u8 (1 paused,
// 2 to be rebuilt, 4 failed), seq u64, updated i64, errors u64, skipped u64; where it failed: seq u64, at i64, a text of size u32;
// at the end CRC-32C u32 of all before it. Integers are big-endian.

#include "checkpoint.h"

#include <cstring>

#include "forge/events/key.h"
#include "store_files.h"

namespace forge::internal {
namespace {

constexpr char kFormat = 1;
constexpr std::uint8_t kPaused = 1, kRebuild = 2, kFailed = 4;
constexpr std::size_t kFixedBytes = 1 + 16 + 2 + 4 + 4 + 1 + 1 + 4 * 8;

void put_u32(std::string& out, std::uint32_t value) {
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
  append_u16(out, static_cast<std::uint16_t>(value));
}

std::uint32_t get_u32(const char* data) {
  return std::uint32_t{read_u16(data)} << 16 | read_u16(data + 2);
}

Status broken_checkpoint(std::string_view name) {
  return Status(ErrorId::kDataCorrupt, "the checkpoint of the projection '" + std::string(name) + "' is damaged")
      .remedy("open the store for writing with the projection: it is built again from the log");
}

// Takes fields off the front; the caller has checked that they are there.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : at_(bytes.data()) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(*take(1)); }
  std::uint16_t u16() { return read_u16(take(2)); }
  std::uint32_t u32() { return get_u32(take(4)); }
  std::uint64_t u64() { return read_u64(take(8)); }
  Time time() { return Time{static_cast<std::int64_t>(u64())}; }
  const char* take(std::size_t bytes) { return std::exchange(at_, at_ + bytes); }

 private:
  const char* at_;
};

std::string key_of(std::string_view prefix, std::string_view projection) {
  return std::string(prefix).append(projection);
}

}  // namespace

std::string encode(const Checkpoint& checkpoint) {
  std::string out(1, kFormat);
  out.append(reinterpret_cast<const char*>(checkpoint.store.bytes.data()), checkpoint.store.bytes.size());
  append_u16(out, checkpoint.space.number);
  put_u32(out, checkpoint.space.generation);
  put_u32(out, checkpoint.code_version);
  out.push_back(static_cast<char>(checkpoint.mode));
  out.push_back(static_cast<char>((checkpoint.is_paused ? kPaused : 0) | (checkpoint.wants_rebuild ? kRebuild : 0) |
                                  (checkpoint.failure ? kFailed : 0)));
  append_u64(out, checkpoint.seq);
  append_u64(out, static_cast<std::uint64_t>(checkpoint.updated.micros));
  append_u64(out, checkpoint.errors);
  append_u64(out, checkpoint.skipped);
  if (checkpoint.failure) {
    append_u64(out, checkpoint.failure->seq);
    append_u64(out, static_cast<std::uint64_t>(checkpoint.failure->at.micros));
    put_u32(out, static_cast<std::uint32_t>(checkpoint.failure->text.size()));
    out.append(checkpoint.failure->text);
  }
  put_u32(out, crc32c(out));
  return out;
}

Result<Checkpoint> read_checkpoint(std::string_view name, std::string_view row) {
  if (row.size() < kFixedBytes + 4 || row.front() != kFormat) return broken_checkpoint(name);
  const std::string_view body = row.substr(0, row.size() - 4);
  if (get_u32(row.data() + body.size()) != crc32c(body)) return broken_checkpoint(name);
  Fields fields(body.substr(1));
  Checkpoint out;
  std::memcpy(out.store.bytes.data(), fields.take(16), 16);
  out.space.number = fields.u16();
  out.space.generation = fields.u32();
  out.code_version = fields.u32();
  out.mode =
      fields.u8() == static_cast<std::uint8_t>(ProjectionMode::kInline) ? ProjectionMode::kInline : ProjectionMode::kFollowing;
  const std::uint8_t flags = fields.u8();
  out.is_paused = (flags & kPaused) != 0;
  out.wants_rebuild = (flags & kRebuild) != 0;
  out.seq = fields.u64();
  out.updated = fields.time();
  out.errors = fields.u64();
  out.skipped = fields.u64();
  if ((flags & kFailed) == 0) return body.size() == kFixedBytes ? Result<Checkpoint>(std::move(out)) : broken_checkpoint(name);
  if (body.size() < kFixedBytes + 20) return broken_checkpoint(name);
  FoldFailure failure;
  failure.seq = fields.u64();
  failure.at = fields.time();
  const std::size_t size = fields.u32();
  if (body.size() != kFixedBytes + 20 + size) return broken_checkpoint(name);
  failure.text.assign(fields.take(size), size);
  out.failure = std::move(failure);
  return out;
}

std::string checkpoint_key(std::string_view projection) {
  return key_of(kCheckpointPrefix, projection);
}

std::string shadow_key(std::string_view projection) {
  return key_of(kShadowPrefix, projection);
}

std::string space_key(const RowSpace& space) {
  std::string out;
  append_u16(out, space.number);
  put_u32(out, space.generation);
  return out;
}

std::string end_of_space(const RowSpace& space) {
  const bool is_last = space.generation == UINT32_MAX;
  return space_key({.number = static_cast<std::uint16_t>(space.number + (is_last ? 1 : 0)), .generation = space.generation + 1});
}

std::optional<RowSpace> space_of(std::string_view row_key) {
  if (row_key.size() < kSpaceBytes) return std::nullopt;
  return RowSpace{.number = read_u16(row_key.data()), .generation = get_u32(row_key.data() + 2)};
}

}  // namespace forge::internal
