#include "forge/events/key.h"

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "quote.h"

namespace forge {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

// Why `text` cannot be a key; empty when it can.
std::string text_fault(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (text.size() > kKeyBytesMax) {
    return "it has " + std::to_string(text.size()) + " bytes, the limit is " + std::to_string(kKeyBytesMax);
  }
  if (text.find('\0') != std::string_view::npos) return "it contains NUL";
  return is_utf8(text) ? "" : "it is not UTF-8";
}

Status append_text(const Field& field, std::string_view text, std::string& out) {
  if (std::string fault = text_fault(text); !fault.empty()) {
    return Status(ErrorId::kKeyInvalid, field.name + " " + internal::quoted(text) + " cannot be a key").why(std::move(fault));
  }
  out += text;
  out += '\0';
  return {};
}

const Field& key_field_of(const Resource& resource) {
  return resource.record.fields[resource.key_field];
}

template <typename T>
void append_big_endian(std::string& out, T value) {
  for (std::size_t shift = 8 * sizeof(T); shift > 0; shift -= 8) out += static_cast<char>(value >> (shift - 8));
}

template <typename T>
T read_big_endian(const char* data) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8 | static_cast<unsigned char>(data[i]));
  return value;
}

}  // namespace

Status append_key_part(const Field& field, const Cell& cell, std::string& out) {
  if (cell.kind == Kind::kText) return append_text(field, cell.as_text(), out);
  if (cell.kind != Kind::kInt) {
    return Status(ErrorId::kKeyInvalid, field.name + " cannot be a key")
        .why(cell.is_null() ? "it is null" : field.type_name + " has no order as a key")
        .remedy("keys are texts, integers or enums");
  }
  append_u64(out, static_cast<std::uint64_t>(cell.integer) ^ kSignBit);
  return {};
}

Result<std::string> encode_key(const Resource& resource, std::string_view text) {
  const Field& field = key_field_of(resource);
  std::string encoded;
  if (field.type == BaseType::kText) {
    FORGE_TRY(append_text(field, text, encoded));
    return encoded;
  }
  FORGE_ASSIGN(Value value, value_from_text(field, text));
  Row row;
  FORGE_TRY(
      row_from_object(resource.record, {{field.name, std::move(value)}}, resource.name, *std::pmr::get_default_resource(), row));
  FORGE_TRY(append_key_part(field, row[field.id], encoded));
  return encoded;
}

Result<std::string> key_text(const Resource& resource, std::string_view encoded) {
  FORGE_ASSIGN(const Cell cell, key_cell(resource, encoded));
  return cell_to_text(key_field_of(resource), cell);
}

Result<Cell> key_cell(const Resource& resource, std::string_view encoded) {
  const auto damaged = [&](std::string why) {
    return Status(ErrorId::kDataCorrupt, "a key of " + resource.name + " is damaged").why(std::move(why));
  };
  if (key_field_of(resource).type == BaseType::kText) {
    if (!encoded.ends_with('\0')) return damaged("its end is missing");
    const std::string_view text = encoded.substr(0, encoded.size() - 1);
    if (std::string fault = text_fault(text); !fault.empty()) return damaged(std::move(fault));
    return Cell::of(text);
  }
  if (encoded.size() != sizeof(std::uint64_t)) return damaged("it has " + std::to_string(encoded.size()) + " bytes, not 8");
  return Cell::of(static_cast<std::int64_t>(read_u64(encoded.data()) ^ kSignBit));
}

void append_u16(std::string& out, std::uint16_t value) {
  append_big_endian(out, value);
}
void append_u64(std::string& out, std::uint64_t value) {
  append_big_endian(out, value);
}
std::uint16_t read_u16(const char* data) {
  return read_big_endian<std::uint16_t>(data);
}
std::uint64_t read_u64(const char* data) {
  return read_big_endian<std::uint64_t>(data);
}

}  // namespace forge
