#include "forge/projections/table_keys.h"

#include "forge/events/key.h"

namespace forge {

std::string_view name_of(Table table) {
  static constexpr std::string_view kNames[kTableCount] = {"default", "log",         "current", "versions",
                                                           "unique",  "idempotency", "tree",    "cursors"};
  return kNames[static_cast<std::size_t>(table)];
}

bool is_append_only(Table table) {
  switch (table) {
    case Table::kMeta:
    case Table::kCurrent:
    case Table::kUnique:
    case Table::kCursors:
      return false;
    case Table::kLog:
    case Table::kVersions:
    case Table::kIdempotency:
    case Table::kTree:
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
  const std::size_t start = out.size();
  append_u16(out, constraint.number);
  for (const std::uint16_t field : constraint.fields) {
    if (row[field].is_null()) {
      out.resize(start);
      return false;
    }
    out.push_back(1);
    if (row[field].kind == Kind::kText && row[field].size == 0) {
      out.push_back('\0');  // a key may not be empty, a unique value may
    } else {
      FORGE_TRY(append_key_part(resource.record.fields[field], row[field], out));
    }
  }
  return true;
}

}  // namespace forge
