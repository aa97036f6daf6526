// The file has three slots of 4,096 bytes. Synced writes alternate between the first two, so that one of them is always whole;
// unsynced writes, one after each commit and where the floor rises, go to the third. A slot holds, little-endian: magic "FGWM",
// format u32, counter u64, store id, seq u64, root, time floor i64, clean u8, then the CRC-32C of all that. The sound slot with the
// highest counter counts, with the highest time floor of all sound slots: a floor never falls.

#include "watermark.h"

#include <algorithm>
#include <cstring>

#include "database.h"

namespace forge::internal {
namespace {

constexpr std::size_t kSlotBytes = 4096;
constexpr int kSlots = 3;
constexpr char kMagic[4] = {'F', 'G', 'W', 'M'};

struct Slot {
  char magic[4];
  std::uint32_t format;
  std::uint64_t counter;
  std::uint8_t store[16];
  std::uint64_t seq;
  std::uint8_t root[32];
  std::int64_t time_floor;
  std::uint8_t clean;
  std::uint8_t padding[3];
  std::uint32_t crc;
};
static_assert(sizeof(Slot) == 88);

std::uint32_t crc_of(const Slot& slot) {
  return crc32c({reinterpret_cast<const char*>(&slot), offsetof(Slot, crc)});
}

bool sound(const Slot& slot) {
  return std::memcmp(slot.magic, kMagic, 4) == 0 && slot.format == 1 && slot.crc == crc_of(slot);
}

bool blank(const Slot& slot) {
  const Slot zero{};
  return std::memcmp(&slot, &zero, sizeof(slot)) == 0;
}

Watermark from(const Slot& slot) {
  Watermark out;
  std::memcpy(out.store.bytes.data(), slot.store, 16);
  out.seq = slot.seq;
  std::memcpy(out.root.data(), slot.root, 32);
  out.time_floor = Time{slot.time_floor};
  out.clean = slot.clean != 0;
  return out;
}

struct Slots {
  Slot slot[kSlots]{};
  int newest = -1;
  int damaged = 0;
};

Result<Slots> read_slots(const StoreFiles& files) {
  Slots out;
  if (!files.exists(files.paths().watermark())) return out;
  FORGE_ASSIGN(const std::string bytes, files.read(files.paths().watermark()));
  for (int i = 0; i < kSlots; ++i) {
    const std::size_t at = static_cast<std::size_t>(i) * kSlotBytes;
    if (bytes.size() < at + sizeof(Slot)) continue;
    std::memcpy(&out.slot[i], bytes.data() + at, sizeof(Slot));
    if (!sound(out.slot[i])) {
      if (!blank(out.slot[i])) ++out.damaged;
      out.slot[i] = Slot{};  // what a torn write left counts for nothing
    } else if (out.newest < 0 || out.slot[i].counter > out.slot[out.newest].counter) {
      out.newest = i;
    }
  }
  return out;
}

}  // namespace

Result<WatermarkFile::Reading> WatermarkFile::read(const StoreFiles& files) {
  FORGE_ASSIGN(const Slots slots, read_slots(files));
  Reading out;
  if (slots.newest >= 0) out.newest = from(slots.slot[slots.newest]);
  for (const Slot& slot : slots.slot) {
    const bool is_same_store = out.newest && sound(slot) && from(slot).store == out.newest->store;
    if (is_same_store) out.newest->time_floor = std::max(out.newest->time_floor, from(slot).time_floor);
  }
  out.damaged_slots = slots.damaged;
  return out;
}

Result<std::unique_ptr<WatermarkFile>> WatermarkFile::open(StoreFiles& files) {
  const std::string path = files.paths().watermark();
  if (!files.exists(path)) FORGE_TRY(files.replace(path, std::string(kSlots * kSlotBytes, '\0')));
  FORGE_ASSIGN(const Slots slots, read_slots(files));
  std::unique_ptr<WatermarkFile> out(new WatermarkFile);
  if (slots.newest >= 0) out->counter_ = slots.slot[slots.newest].counter;
  out->synced_writes_ = slots.slot[0].counter > slots.slot[1].counter ? 1 : 0;
  const rocksdb::IOStatus opened = files.file_system().NewRandomRWFile(path, rocksdb::FileOptions(), &out->file_, nullptr);
  FORGE_TRY(to_status(opened, "opening " + path));
  return out;
}

Status WatermarkFile::write(const Watermark& watermark, bool sync) {
  Slot slot{};
  std::memcpy(slot.magic, kMagic, 4);
  slot.format = 1;
  slot.counter = ++counter_;
  std::memcpy(slot.store, watermark.store.bytes.data(), 16);
  slot.seq = watermark.seq;
  std::memcpy(slot.root, watermark.root.data(), 32);
  slot.time_floor = watermark.time_floor.micros;
  slot.clean = watermark.clean ? 1 : 0;
  slot.crc = crc_of(slot);
  const std::size_t index = sync ? synced_writes_++ % 2 : 2;
  const rocksdb::IOOptions io;
  const rocksdb::Slice bytes(reinterpret_cast<const char*>(&slot), sizeof(slot));
  FORGE_TRY(to_status(file_->Write(index * kSlotBytes, bytes, io, nullptr), "writing the watermark"));
  if (!sync) return {};
  return to_status(file_->Sync(io, nullptr), "syncing the watermark");
}

}  // namespace forge::internal
