#include "forge/projections/entry_projection.h"

#include <algorithm>

#include "forge/events/codec.h"
#include "forge/events/json.h"
#include "forge/events/key.h"

namespace forge {
namespace {

constexpr std::size_t kTagValueBytesMax = kKeyBytesMax;

// Entries that rest on the stored cells alone need no defaults and no key.
bool needs_whole_rows(const Resource& resource) {
  if (!resource.indexes.empty()) return true;
  return std::any_of(resource.unique.begin(), resource.unique.end(), [&](const UniqueConstraint& unique) {
    return unique.condition ||
           std::any_of(unique.fields.begin(), unique.fields.end(), [&](std::uint16_t field) { return resource.is_key(field); });
  });
}

// Why the value cannot be part of a tag; empty where it can.
std::string tag_fault(std::string_view value) {
  if (value.find('\0') != std::string_view::npos) return "it contains NUL";
  if (value.size() <= kTagValueBytesMax) return {};
  return "it has " + std::to_string(value.size()) + " bytes, the limit is " + std::to_string(kTagValueBytesMax);
}

void add_tag(const Field& field, std::string_view value, std::vector<std::string>& tags) {
  std::string tag = field.name + "=";
  tag += value;
  if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(std::move(tag));
}

}  // namespace

Status EntryProjection::complete(const Resource& resource, std::string_view key, const Row* row, bool whole, Side& side) {
  side.row = row;
  if (row == nullptr || !whole) return {};
  side.whole = *row;
  side.row = &side.whole;
  return complete_row(resource, key, side.whole);
}

void EntryProjection::change(Table table, std::string_view value, const RowSink& sink) {
  if (before_.entry == after_.entry) return;
  if (!before_.entry.empty()) sink({.table = table, .key = before_.entry, .erase = true, .value = {}});
  if (!after_.entry.empty()) sink({.table = table, .key = after_.entry, .erase = false, .value = value});
}

Status EntryProjection::project(const Resource& resource, std::string_view key, const Row* before, const Row* after,
                                const RowSink& sink) {
  if (resource.unique.empty() && resource.indexes.empty()) return {};
  const bool whole = needs_whole_rows(resource);
  FORGE_TRY(complete(resource, key, before, whole, before_));
  FORGE_TRY(complete(resource, key, after, whole, after_));
  for (const UniqueConstraint& unique : resource.unique) {
    for (Side* side : {&before_, &after_}) {
      side->entry.clear();
      if (side->row != nullptr) FORGE_TRY(append_unique_key(resource, unique, *side->row, side->entry).status());
    }
    change(Table::kUnique, key, sink);
  }
  for (const Index& index : resource.indexes) {
    for (Side* side : {&before_, &after_}) {
      side->entry.clear();
      if (side->row != nullptr) FORGE_TRY(append_index_key(resource, index, *side->row, key, side->entry).status());
    }
    change(Table::kIndex, {}, sink);
  }
  return {};
}

Status append_tags(const Resource& resource, const Row* before, const Row* after, std::vector<std::string>& tags) {
  for (const std::uint16_t index : resource.tag_fields) {
    const Field& field = resource.record.fields[index];
    if (before != nullptr && !(*before)[index].is_null()) {
      const std::string value = cell_to_text(field, (*before)[index]);
      if (tag_fault(value).empty()) add_tag(field, value, tags);  // it may be from before the field was a tag
    }
    if (after == nullptr || (*after)[index].is_null()) continue;
    const std::string value = cell_to_text(field, (*after)[index]);
    if (std::string fault = tag_fault(value); !fault.empty()) {
      return Status(ErrorId::kKeyInvalid, resource.name + "." + field.name + " cannot be a tag")
          .why(std::move(fault))
          .place(field.place);
    }
    add_tag(field, value, tags);
  }
  return {};
}

}  // namespace forge
