// Entries are: kind u8, then varints (LEB128) and counted strings in the order of the struct, then the record's bytes to the end.

#include "forge/projections/record_entry.h"

namespace forge {
namespace {

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void append_counted(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out.append(text);
}

// Reads fields off the front; sound() is false once anything was missing or too large.
class EntryReader {
 public:
  explicit EntryReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t varint(std::uint64_t max = ~std::uint64_t{0}) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return fail();
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value <= max ? value : fail();
    }
    return fail();
  }

  std::string_view counted() {
    const std::uint64_t size = varint(rest_.size());
    if (size > rest_.size()) return fail(), std::string_view();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  EntryKind kind() {
    const std::uint64_t value = varint(3);
    if (value == 0) fail();
    return static_cast<EntryKind>(value);
  }

  std::span<const std::uint8_t> rest() const { return {reinterpret_cast<const std::uint8_t*>(rest_.data()), rest_.size()}; }
  bool sound() const { return sound_; }

 private:
  std::uint64_t fail() {
    sound_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool sound_ = true;
};

Status broken(const char* what) {
  return Status(ErrorId::kDataCorrupt, std::string("a stored ") + what + " entry does not decode");
}

void append_bytes(std::string& out, std::span<const std::uint8_t> bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

void append_entry(const CurrentEntry& entry, std::string& out) {
  out.push_back(static_cast<char>(entry.kind));
  append_varint(out, entry.version);
  append_varint(out, entry.seq);
  append_varint(out, entry.incarnation);
  append_varint(out, entry.schema_version);
  append_varint(out, entry.deltas);
  append_bytes(out, entry.record);
}

void append_entry(const VersionEntry& entry, std::string& out) {
  out.push_back(static_cast<char>(entry.kind));
  append_varint(out, entry.version);
  append_varint(out, entry.incarnation);
  append_varint(out, entry.schema_version);
  append_varint(out, entry.action);
  append_varint(out, static_cast<std::uint64_t>(entry.recorded_at.micros));
  append_counted(out, entry.actor);
  append_counted(out, entry.changed);
  append_bytes(out, entry.record);
}

Result<CurrentEntry> read_current_entry(std::string_view bytes) {
  EntryReader reader(bytes);
  CurrentEntry entry;
  entry.kind = reader.kind();
  entry.version = reader.varint();
  entry.seq = reader.varint();
  entry.incarnation = static_cast<std::uint32_t>(reader.varint(UINT32_MAX));
  entry.schema_version = static_cast<std::uint32_t>(reader.varint(UINT32_MAX));
  entry.deltas = static_cast<std::uint8_t>(reader.varint(UINT8_MAX));
  entry.record = reader.rest();
  if (!reader.sound() || entry.kind == EntryKind::kDelta) return broken("current");
  return entry;
}

Result<VersionEntry> read_version_entry(std::string_view bytes) {
  EntryReader reader(bytes);
  VersionEntry entry;
  entry.kind = reader.kind();
  entry.version = reader.varint();
  entry.incarnation = static_cast<std::uint32_t>(reader.varint(UINT32_MAX));
  entry.schema_version = static_cast<std::uint32_t>(reader.varint(UINT32_MAX));
  entry.action = static_cast<std::uint16_t>(reader.varint(UINT16_MAX));
  entry.recorded_at = Time{static_cast<std::int64_t>(reader.varint())};
  entry.actor = reader.counted();
  entry.changed = reader.counted();
  entry.record = reader.rest();
  if (!reader.sound()) return broken("version");
  return entry;
}

bool has_field(std::string_view bitmap, std::size_t field) {
  return field / 8 < bitmap.size() && (static_cast<unsigned char>(bitmap[field / 8]) >> (field % 8) & 1) != 0;
}

void set_field(std::string& bitmap, std::size_t field) {
  if (field / 8 >= bitmap.size()) bitmap.resize(field / 8 + 1);
  bitmap[field / 8] = static_cast<char>(static_cast<unsigned char>(bitmap[field / 8]) | 1u << (field % 8));
}

}  // namespace forge
