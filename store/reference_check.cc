#include "reference_check.h"

#include <algorithm>

#include "forge/events/key.h"
#include "record_name.h"

namespace forge::internal {
namespace {

const Index& index_of(const Resource& resource, const Reference& reference) {
  return resource.indexes[reference.index];
}

}  // namespace

Status reference_missing(const Resource& resource, const Reference& reference, std::string_view entry, std::string_view target) {
  const bool secret = std::any_of(reference.fields.begin(), reference.fields.end(),
                                  [&](std::uint16_t field) { return resource.record.fields[field].secret; });
  const auto record = record_key_of(resource, index_of(resource, reference), entry);
  return Status(ErrorId::kReferenceMissing, resource.name + "." + reference.name + " references no " + reference.target->name)
      .why(name_of_record(resource, record.value_or("")) + " names " + name_of_record(*reference.target, target, secret) +
           ", which is not there")
      .place(reference.place);
}

std::optional<std::string> referenced_key(const Resource& resource, const Reference& reference, std::string_view entry) {
  std::string key;
  entry.remove_prefix(std::min<std::size_t>(2, entry.size()));
  for (const std::uint16_t field : reference.fields) {
    if (entry.empty() || entry.front() != 1) return std::nullopt;
    entry.remove_prefix(1);
    const std::size_t size = key_part_size(resource.record.fields[field], entry);
    if (size == 0) return std::nullopt;
    key += entry.substr(0, size);
    entry.remove_prefix(size);
  }
  return key;
}

std::string referring_prefix(const Resource& resource, const Reference& reference, std::string_view key) {
  std::string prefix;
  append_u16(prefix, index_of(resource, reference).number);
  for (const std::uint16_t field : reference.target->key_fields) {
    const std::size_t size = key_part_size(reference.target->record.fields[field], key);
    prefix += '\x01';
    prefix += key.substr(0, size);
    key.remove_prefix(size);
  }
  return prefix;
}

void ReferenceCheck::begin() {
  undo_.clear();
  appeared_.clear();
  destroyed_.clear();
}

void ReferenceCheck::roll_back() {
  for (; !undo_.empty(); undo_.pop_back()) {
    Undo& undo = undo_.back();
    if (undo.before) {
      in_flight_[undo.key] = *undo.before;
    } else {
      in_flight_.erase(undo.key);
    }
    written_.pop_back();
  }
}

void ReferenceCheck::forget(std::uint64_t group) {
  for (; !written_.empty() && written_.front().first <= group; written_.pop_front()) {
    const auto found = in_flight_.find(written_.front().second);
    if (found != in_flight_.end() && found->second.group <= group) in_flight_.erase(found);
  }
}

void ReferenceCheck::clear() {
  begin();
  in_flight_.clear();
  written_.clear();
}

void ReferenceCheck::note_entry(const Resource& resource, const RowChange& change, std::uint64_t group) {
  bool serves = false;
  for (const Reference& reference : resource.references) {
    if (index_of(resource, reference).number != read_u16(change.key.data())) continue;
    serves = true;
    if (!change.erase) appeared_.push_back({&resource, &reference, std::string(change.key)});
  }
  if (!serves) return;
  std::string key(change.key);
  const auto [at, inserted] = in_flight_.try_emplace(key);
  undo_.push_back({key, inserted ? std::nullopt : std::optional(at->second)});
  at->second = {!change.erase, group};
  written_.emplace_back(group, std::move(key));
}

void ReferenceCheck::note_destroyed(const Resource& resource, std::string_view record_key) {
  if (!resource.referrers.empty()) destroyed_.push_back({&resource, std::string(record_key)});
}

Status ReferenceCheck::check(const Lives& lives) const {
  for (const Appeared& appeared : appeared_) FORGE_TRY(check_target(appeared, lives));
  for (const Destroyed& destroyed : destroyed_) FORGE_TRY(check_destroyed(destroyed, lives));
  return {};
}

// An entry that disappeared again within the transaction demands nothing.
Status ReferenceCheck::check_target(const Appeared& appeared, const Lives& lives) const {
  const auto now = in_flight_.find(appeared.entry);
  if (now == in_flight_.end() || !now->second.present) return {};
  const std::optional<std::string> key = referenced_key(*appeared.resource, *appeared.reference, appeared.entry);
  if (!key) return {};
  FORGE_ASSIGN(const bool there, lives(*appeared.reference->target, *key));
  return there ? Status() : reference_missing(*appeared.resource, *appeared.reference, appeared.entry, *key);
}

Status ReferenceCheck::check_destroyed(const Destroyed& destroyed, const Lives& lives) const {
  FORGE_ASSIGN(const bool there, lives(*destroyed.resource, destroyed.key));
  if (there) return {};
  for (const Referrer& referrer : destroyed.resource->referrers) {
    const Reference& reference = referrer.resource->references[referrer.reference];
    FORGE_ASSIGN(const std::optional<std::string> entry, find(referring_prefix(*referrer.resource, reference, destroyed.key)));
    if (!entry) continue;
    const auto record = record_key_of(*referrer.resource, index_of(*referrer.resource, reference), *entry);
    return Status(ErrorId::kStillReferenced, name_of_record(*destroyed.resource, destroyed.key) + " is still referenced")
        .why(name_of_record(*referrer.resource, record.value_or("")) + " names it in " + reference.name)
        .place(reference.place);
  }
  return {};
}

Result<std::optional<std::string>> ReferenceCheck::find(std::string_view prefix) const {
  for (auto at = in_flight_.lower_bound(prefix); at != in_flight_.end() && at->first.starts_with(prefix); ++at) {
    if (at->second.present) return std::optional(at->first);
  }
  const auto iterator = database_.iterate(Table::kIndex);
  for (iterator->Seek(slice_of(prefix)); iterator->Valid() && iterator->key().starts_with(slice_of(prefix)); iterator->Next()) {
    if (!in_flight_.contains(view_of(iterator->key()))) return std::optional(iterator->key().ToString());
  }
  FORGE_TRY(Database::check(*iterator, "looking for references"));
  return std::optional<std::string>();
}

}  // namespace forge::internal
