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
    const std::string shown = field.secret ? std::string(kSecretShown) : internal::quoted(text);
    return Status(ErrorId::kKeyInvalid, field.name + " " + shown + " cannot be a key").why(std::move(fault));
  }
  out += text;
  out += '\0';
  return {};
}

// Cuts the text of a key with `count` parts at its commas and takes the escapes out of them.
Result<std::vector<std::string>> split_parts(const Resource& resource, std::string_view text, std::size_t count) {
  const auto refuse = [&](std::string why) {
    return Status(ErrorId::kKeyInvalid, internal::quoted(text) + " is no key of " + resource.name)
        .why(std::move(why))
        .remedy("write its parts with a comma between them; in a part a comma is \\, and a backslash \\\\");
  };
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      parts.emplace_back();
    } else if (text[i] != '\\') {
      parts.back() += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\')) {
      parts.back() += text[++i];
    } else {
      return refuse("a backslash stands before something else than a comma or a backslash");
    }
  }
  if (parts.size() == count) return parts;
  std::string names;
  for (const std::uint16_t part : resource.key_fields) names += (names.empty() ? "" : ",") + resource.record.fields[part].name;
  return refuse("it has " + std::to_string(parts.size()) + (parts.size() == 1 ? " part" : " parts") + ", the key is " + names);
}

// A part of a key of several, as people write it.
std::string escaped(std::string_view part) {
  std::string out;
  for (const char byte : part) {
    if (byte == ',' || byte == '\\') out += '\\';
    out += byte;
  }
  return out;
}

// Appends one part as people write it.
Status append_part_text(const Resource& resource, const Field& field, std::string_view text, std::string& out) {
  if (field.type == BaseType::kText) return append_text(field, text, out);
  FORGE_ASSIGN(const Value value, value_from_text(field, text));
  Result<Cell> cell = cell_from_value(field, value, resource.name, *std::pmr::get_default_resource());
  if (!cell.ok()) return Status(cell.status()).remedy("see: forgectl schema show " + resource.name);
  return append_key_part(field, *cell, out);
}

// Takes one part off the front of `rest`; text borrows from it. Errors say why it is damaged.
Result<Cell> take_part(const Resource& resource, const Field& field, bool is_last, std::string_view& rest) {
  const auto damaged = [&](std::string why) {
    return Status(ErrorId::kDataCorrupt, "a key of " + resource.name + " is damaged").why(std::move(why));
  };
  const bool is_text = field.type == BaseType::kText;
  // The last text is all that is left, so that a NUL inside is not taken for its end.
  const std::size_t size = is_last && is_text && rest.ends_with('\0') ? rest.size() : key_part_size(field, rest);
  if (size == 0 || (is_last && size != rest.size())) {
    return damaged(is_text ? "its end is missing" : "it has " + std::to_string(rest.size()) + " bytes, not 8");
  }
  const std::string_view part = rest.substr(0, size);
  rest.remove_prefix(size);
  if (!is_text) return read_key_part(field, part);
  const std::string_view text = part.substr(0, size - 1);
  if (std::string fault = text_fault(text); !fault.empty()) return damaged(std::move(fault));
  return Cell::of(text);
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

std::size_t key_part_size(const Field& field, std::string_view encoded) {
  if (field.type != BaseType::kText) return encoded.size() < sizeof(std::uint64_t) ? 0 : sizeof(std::uint64_t);
  return encoded.find('\0') + 1;  // npos + 1 is 0
}

Cell read_key_part(const Field& field, std::string_view encoded) {
  const std::size_t size = key_part_size(field, encoded);
  if (size == 0) return {};
  if (field.type == BaseType::kText) return Cell::of(encoded.substr(0, size - 1));
  return Cell::of(static_cast<std::int64_t>(read_u64(encoded.data()) ^ kSignBit));
}

Result<std::string> encode_key(const Resource& resource, std::string_view text) {
  std::string encoded;
  if (const Field* field = resource.single_key()) {
    FORGE_TRY(append_part_text(resource, *field, text, encoded));
    return encoded;
  }
  FORGE_ASSIGN(const std::vector<std::string> parts, split_parts(resource, text, resource.key_fields.size()));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    FORGE_TRY(append_part_text(resource, resource.record.fields[resource.key_fields[i]], parts[i], encoded));
  }
  return encoded;
}

std::string join_key(std::span<const std::string> parts) {
  if (parts.size() == 1) return parts.front();
  std::string out;
  for (const std::string& part : parts) out += (&part == &parts.front() ? "" : ",") + escaped(part);
  return out;
}

Result<std::string> key_text(const Resource& resource, std::string_view encoded) {
  if (const Field* field = resource.single_key()) {
    FORGE_ASSIGN(const Cell cell, take_part(resource, *field, true, encoded));
    return cell_to_text(*field, cell);
  }
  std::vector<std::string> parts;
  for (const std::uint16_t part : resource.key_fields) {
    const Field& field = resource.record.fields[part];
    FORGE_ASSIGN(const Cell cell, take_part(resource, field, part == resource.key_fields.back(), encoded));
    parts.push_back(cell_to_text(field, cell));
  }
  return join_key(parts);
}

Status key_cells(const Resource& resource, std::string_view encoded, Row& row) {
  for (std::size_t i = 0; i < resource.key_fields.size(); ++i) {
    const std::uint16_t part = resource.key_fields[i];
    const bool is_last = i + 1 == resource.key_fields.size();
    FORGE_ASSIGN(row[part], take_part(resource, resource.record.fields[part], is_last, encoded));
  }
  return {};
}

Status complete_row(const Resource& resource, std::string_view key, Row& row) {
  row.resize(resource.record.fields.size());
  resolve_defaults(resource.record, row);
  return key_cells(resource, key, row);
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
