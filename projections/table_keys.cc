#include "forge/projections/table_keys.h"

#include <algorithm>
#include <array>
#include <memory_resource>

#include "forge/events/codec.h"
#include "forge/events/key.h"

namespace forge {
namespace {

constexpr std::size_t kConditionBytes = 512;  // what a condition's texts usually need; more comes from the heap

// Appends a value that is not null as unique and index entries have it. A key may not be empty, a value may.
Status append_value(const Resource& resource, const Field& field, const Cell& cell, std::string& out) {
  if (cell.kind == Kind::kText && cell.size == 0) {
    out.push_back('\0');
    return {};
  }
  const std::size_t start = out.size();
  const Status appended = append_key_part(field, cell.kind == Kind::kBool ? Cell::of(std::int64_t{cell.boolean}) : cell, out);
  if (appended.ok()) return {};
  out.resize(start);
  return Status(ErrorId::kKeyInvalid, resource.name + "." + field.name + " cannot be indexed")
      .why(appended.text().why)
      .place(field.place);
}

}  // namespace

std::string_view name_of(Table table) {
  static constexpr std::string_view kNames[kTableCount] = {"default", "log",     "current", "versions", "unique", "idempotency",
                                                           "tree",    "cursors", "index",   "tags",     "rows"};
  return kNames[static_cast<std::size_t>(table)];
}

bool is_append_only(Table table) {
  switch (table) {
    case Table::kMeta:
    case Table::kCurrent:
    case Table::kUnique:
    case Table::kCursors:
    case Table::kIndex:
    case Table::kRows:
      return false;
    case Table::kLog:
    case Table::kVersions:
    case Table::kIdempotency:
    case Table::kTree:
    case Table::kTags:
      return true;
  }
  return false;
}

std::string log_key(Seq seq) {
  std::string key;
  append_u64(key, seq);
  return key;
}

void append_current_key(std::uint16_t resource, std::string_view key, std::string& out) {
  append_u16(out, resource);
  out.append(key);
}

void append_version_key(std::uint16_t resource, std::string_view key, Seq seq, std::string& out) {
  append_current_key(resource, key, out);
  append_u64(out, ~seq);
}

Seq seq_of_version_key(std::string_view version_key) {
  return ~read_u64(version_key.data() + version_key.size() - 8);
}

std::string_view record_part(std::string_view version_key) {
  return version_key.substr(0, version_key.size() - 8);
}

Result<bool> append_unique_key(const Resource& resource, const UniqueConstraint& constraint, std::span<const Cell> row,
                               std::string& out) {
  for (const std::uint16_t field : constraint.fields) {
    if (row[field].is_null()) return false;
  }
  if (constraint.condition) {
    std::array<std::byte, kConditionBytes> bytes;
    std::pmr::monotonic_buffer_resource memory(bytes.data(), bytes.size());
    const RuleInput input{.record = row, .arguments = {}, .actor_id = {}, .actor_role = {}, .now = {}};
    FORGE_ASSIGN(const bool holds, constraint.condition->holds(input, memory));
    if (!holds) return false;
  }
  append_u16(out, constraint.number);
  for (const std::uint16_t field : constraint.fields) {
    out.push_back(1);
    FORGE_TRY(append_value(resource, resource.record.fields[field], row[field], out));
  }
  return true;
}

std::string unique_values_text(const Resource& resource, const UniqueConstraint& constraint, std::string_view entry) {
  std::string out;
  entry.remove_prefix(std::min<std::size_t>(2, entry.size()));
  for (const std::uint16_t index : constraint.fields) {
    const Field& field = resource.record.fields[index];
    entry.remove_prefix(std::min<std::size_t>(1, entry.size()));
    out += (out.empty() ? "" : ", ") + field.name + " is " + cell_to_text(field, read_key_part(field, entry));
    entry.remove_prefix(key_part_size(field, entry));
  }
  return out;
}

Status append_index_value(const Resource& resource, const Field& field, const Cell& cell, std::string& out) {
  out.push_back(cell.is_null() ? 0 : 1);
  return cell.is_null() ? Status() : append_value(resource, field, cell, out);
}

Result<bool> append_index_key(const Resource& resource, const Index& index, std::span<const Cell> row, std::string_view record_key,
                              std::string& out) {
  const auto is_null = [&](std::uint16_t field) { return row[field].is_null(); };
  if (!index.declared && std::any_of(index.fields.begin(), index.fields.end(), is_null)) return false;
  append_u16(out, index.number);
  for (const std::uint16_t field : index.fields) {
    FORGE_TRY(append_index_value(resource, resource.record.fields[field], row[field], out));
  }
  out.append(record_key);
  return true;
}

std::optional<std::string_view> record_key_of(const Resource& resource, const Index& index, std::string_view entry) {
  if (entry.size() < 2 || read_u16(entry.data()) != index.number) return std::nullopt;
  entry.remove_prefix(2);
  for (const std::uint16_t field : index.fields) {
    if (entry.empty()) return std::nullopt;
    const bool present = entry.front() == 1;
    entry.remove_prefix(1);
    if (!present) continue;
    const std::size_t size = key_part_size(resource.record.fields[field], entry);
    if (size == 0) return std::nullopt;
    entry.remove_prefix(size);
  }
  return entry;
}

void append_tag_key(std::string_view tag, Seq seq, std::string& out) {
  out.append(tag);
  out.push_back('\0');
  append_u64(out, seq);
}

}  // namespace forge
