#include "verify_entries.h"

#include <algorithm>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "forge/projections/entry_projection.h"
#include "forge/projections/record_entry.h"
#include "log_reader.h"
#include "reference_check.h"

namespace forge::internal {
namespace {

constexpr std::size_t kTagKeyMin = 10;  // one byte, 0x00, a seq

std::string name_as_stored(const Resource& resource, std::string_view key) {
  const Result<std::string> text = key_text(resource, key);
  return resource.name + " " + (text.ok() ? *text : std::string("with a malformed key"));
}

Status whole(const Resource& resource, std::string_view key, const Row* stored, Row& out) {
  if (stored == nullptr) return {};
  out = *stored;
  return complete_row(resource, key, out);
}

}  // namespace

EntryCheck::EntryCheck(const Database& database, const Catalog& catalog, const rocksdb::Snapshot* snapshot, const Domain& domain,
                       Report report)
    : database_(database), catalog_(catalog), snapshot_(snapshot), report_(std::move(report)) {
  for (const Resource& resource : domain.resources()) {
    for (const Index& index : resource.indexes) owners_[index.number] = {&resource, &index};
  }
  for (const auto& [name, number] : domain.numbering().indexes) known_.insert(number);
}

bool EntryCheck::report(Table table, std::string_view key, std::string what, std::string why) {
  return report_(table, key, Status(ErrorId::kStateDiffers, std::move(what)).why(std::move(why)));
}

Status EntryCheck::event(const Resource& resource, const Envelope& envelope, const Row* before, const Row* after) {
  if (resource.tag_fields.empty() && envelope.tags.empty()) return {};
  Row before_whole, after_whole;
  FORGE_TRY(whole(resource, envelope.key, before, before_whole));
  FORGE_TRY(whole(resource, envelope.key, after, after_whole));
  std::vector<std::string> tags;
  FORGE_TRY(append_tags(resource, before == nullptr ? nullptr : &before_whole, after == nullptr ? nullptr : &after_whole, tags));
  if (!std::equal(tags.begin(), tags.end(), envelope.tags.begin(), envelope.tags.end())) {
    return Status(ErrorId::kStateDiffers, "event " + std::to_string(envelope.seq) + " has other tags than its record gives")
        .why("it has " + std::to_string(envelope.tags.size()) + ", the record gives " + std::to_string(tags.size()));
  }
  for (const std::string& tag : tags) {
    entry_.clear();
    append_tag_key(tag, envelope.seq, entry_);
    rocksdb::PinnableSlice value;
    FORGE_ASSIGN(const bool found, database_.get(Table::kTags, entry_, value, snapshot_));
    if (found) {
      ++sound_tags_;
    } else {
      report(Table::kTags, entry_, "the tag " + tag + " lacks event " + std::to_string(envelope.seq), "who looks for it misses it");
    }
  }
  return {};
}

void EntryCheck::record(const Resource& resource, std::string_view key, const Row& row) {
  for (const Index& index : resource.indexes) check_entry(resource, index, key, row);
  for (const Reference& reference : resource.references) check_reference(resource, reference, key, row);
}

void EntryCheck::check_entry(const Resource& resource, const Index& index, std::string_view key, const Row& row) {
  entry_.clear();
  const Result<bool> has_entry = append_index_key(resource, index, row, key, entry_);
  if (has_entry.ok() && !*has_entry) return;
  rocksdb::PinnableSlice value;
  const Result<bool> found = has_entry.ok() ? database_.get(Table::kIndex, entry_, value, snapshot_) : has_entry;
  if (!found.ok()) {
    report_(Table::kIndex, entry_, found.status());
  } else if (*found) {
    ++sound_entries_;
  } else {
    report(Table::kIndex, entry_, name_as_stored(resource, key) + " has no entry in the index " + resource.name + "." + index.name,
           "what looks there does not find it");
  }
}

void EntryCheck::check_reference(const Resource& resource, const Reference& reference, std::string_view key, const Row& row) {
  entry_.clear();
  const Result<bool> has_entry = append_index_key(resource, resource.indexes[reference.index], row, key, entry_);
  if (!has_entry.ok() || !*has_entry) return;
  const std::optional<std::string> target = referenced_key(resource, reference, entry_);
  if (!target) return;
  const Result<bool> there = find_record(*reference.target, *target, row_);
  if (there.ok() && *there) return;
  report(Table::kIndex, entry_, name_as_stored(resource, key) + " references a " + reference.target->name + " that is not there",
         there.ok() ? "its field is " + reference.name : there.status().text().what);
}

void EntryCheck::finish() {
  check_index_table();
  check_tags_table();
}

EntryCheck::Owner EntryCheck::owner_of(std::string_view entry) const {
  const auto found = entry.size() < 2 ? owners_.end() : owners_.find(read_u16(entry.data()));
  return found == owners_.end() ? Owner() : found->second;
}

// Entries of indexes that are no longer in force stay and mean nothing.
void EntryCheck::check_index_table() {
  std::uint64_t entries = 0;
  each_row(Table::kIndex, [&](std::string_view key) {
    const std::uint16_t number = key.size() < 2 ? std::uint16_t{0} : read_u16(key.data());
    if (owners_.contains(number)) return ++entries, true;
    if (known_.contains(number)) return true;
    return report(Table::kIndex, key, "an index entry belongs to no index", "its number is " + std::to_string(number));
  });
  if (entries != sound_entries_) find_extra_entries();
}

void EntryCheck::find_extra_entries() {
  each_row(Table::kIndex, [&](std::string_view key) {
    const Owner owner = owner_of(key);
    if (owner.resource == nullptr) return true;
    const Result<bool> sound = belongs(owner, key);
    if (sound.ok() && *sound) return true;
    const std::string name = owner.resource->name + "." + owner.index->name;
    const std::string_view record = record_key_of(*owner.resource, *owner.index, key).value_or("");
    return report(Table::kIndex, key, "an entry of the index " + name + " names a record without these values",
                  sound.ok() ? name_as_stored(*owner.resource, record) : sound.status().text().what);
  });
}

Result<bool> EntryCheck::belongs(const Owner& owner, std::string_view entry) {
  const auto key = record_key_of(*owner.resource, *owner.index, entry);
  if (!key) return false;
  FORGE_ASSIGN(const bool found, find_record(*owner.resource, *key, row_));
  if (!found) return false;
  entry_.clear();
  FORGE_ASSIGN(const bool has_entry, append_index_key(*owner.resource, *owner.index, row_, *key, entry_));
  return has_entry && entry_ == entry;
}

Result<bool> EntryCheck::find_record(const Resource& resource, std::string_view key, Row& row) {
  std::string current_key;
  append_current_key(resource.number, key, current_key);
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database_.get(Table::kCurrent, current_key, value, snapshot_));
  if (!found) return false;
  if (!rows_ || &rows_->resource() != &resource) rows_.emplace(catalog_, resource);
  FORGE_ASSIGN(const Row* living, rows_->read(key, view_of(value)));
  if (living == nullptr) return false;
  row = *living;
  return true;
}

void EntryCheck::check_tags_table() {
  std::uint64_t rows = 0;
  each_row(Table::kTags, [&](std::string_view) { return ++rows, true; });
  if (rows == sound_tags_) return;
  AlignedBytes bytes;
  each_row(Table::kTags, [&](std::string_view key) {
    if (key.size() < kTagKeyMin) return report(Table::kTags, key, "a row of the tags has a malformed key", "");
    const Seq seq = read_u64(key.data() + key.size() - 8);
    const std::string_view tag = key.substr(0, key.size() - 9);
    const Result<Envelope> event = read_event(database_, seq, bytes, snapshot_);
    if (event.ok() && std::find(event->tags.begin(), event->tags.end(), tag) != event->tags.end()) return true;
    if (!event.ok() && event.status().id() != ErrorId::kEventNotFound) return true;  // damage is the tree's finding
    return report(Table::kTags, key, "the tag " + std::string(tag) + " names an event that does not have it",
                  "event " + std::to_string(seq));
  });
}

void EntryCheck::each_row(Table table, const std::function<bool(std::string_view key)>& visit) {
  const auto iterator = database_.iterate(table, true, snapshot_);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    if (!visit(view_of(iterator->key()))) return;
  }
  const Status read = Database::check(*iterator, "reading the table " + std::string(name_of(table)));
  if (!read.ok()) report_(table, {}, read);
}

}  // namespace forge::internal
