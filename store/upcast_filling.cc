#include "upcast_filling.h"

#include <algorithm>

#include "forge/events/key.h"
#include "forge/events/upcast.h"
#include "forge/projections/table_keys.h"
#include "index_filling.h"
#include "record_name.h"
#include "reference_check.h"

namespace forge::internal {

std::vector<const UniqueConstraint*> upcast_constraints(const Resource& before, const Resource& next) {
  const std::vector<std::uint16_t> fields = upcast_fields(before, next);
  std::vector<const UniqueConstraint*> out;
  for (const UniqueConstraint& unique : next.unique) {
    if (meets_upcast(unique.fields, fields) || (unique.condition && meets_upcast(unique.condition->fields(), fields)))
      out.push_back(&unique);
  }
  return out;
}

bool is_entry_of(const std::vector<const UniqueConstraint*>& constraints, std::string_view entry) {
  return entry.size() >= 2 && std::any_of(constraints.begin(), constraints.end(),
                                          [&](const UniqueConstraint* one) { return one->number == read_u16(entry.data()); });
}

Result<const Row*> UniqueEntries::take(std::string_view key, std::string_view current) {
  FORGE_ASSIGN(const Row* row, rows_.read(key, current));
  if (row == nullptr) return row;
  for (const UniqueConstraint* constraint : constraints_) {
    std::string entry;
    FORGE_ASSIGN(const bool has_entry, append_unique_key(resource_, *constraint, *row, entry));
    if (!has_entry) continue;
    const auto [held, is_free] = entries_.emplace(std::move(entry), key);
    if (is_free) continue;
    return Status(ErrorId::kUniqueTaken, "an upcast makes two records of " + resource_.name + " hold the same " + constraint->name)
        .why(unique_values_text(resource_, *constraint, held->first) + " in " + name_of_record(resource_, held->second) + " and " +
             name_of_record(resource_, key))
        .place(constraint->place);
  }
  return row;
}

UpcastFilling::UpcastFilling(const Database& database, const Catalog& catalog, const Resource& before, const Resource& next)
    : database_(database), resource_(next), constraints_(upcast_constraints(before, next)), unique_(catalog, next, constraints_) {
  const std::vector<std::uint16_t> fields = upcast_fields(before, next);
  for (const Reference& reference : next.references) {
    if (meets_upcast(reference.fields, fields)) references_.push_back(&reference);
  }
}

Status UpcastFilling::take(std::string_view key, std::string_view current) {
  FORGE_ASSIGN(const Row* row, unique_.take(key, current));
  return row == nullptr ? Status() : check_references(key, *row);
}

Status UpcastFilling::check_references(std::string_view key, const Row& row) {
  for (const Reference* reference : references_) {
    entry_.clear();
    FORGE_ASSIGN(const bool has_entry, append_index_key(resource_, resource_.indexes[reference->index], row, key, entry_));
    const std::optional<std::string> target =
        has_entry ? referenced_key(resource_, *reference, entry_) : std::optional<std::string>();
    if (!target) continue;
    FORGE_ASSIGN(const bool lives, this->lives(*reference->target, *target));
    if (lives) continue;
    return reference_missing(resource_, *reference, entry_, *target);
  }
  return {};
}

Result<bool> UpcastFilling::lives(const Resource& target, std::string_view key) const {
  std::string current_key;
  append_current_key(target.number, key, current_key);
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database_.get(Table::kCurrent, current_key, value));
  if (!found) return false;
  FORGE_ASSIGN(const CurrentEntry entry, read_current_entry(view_of(value)));
  return entry.kind == EntryKind::kFull;
}

Status UpcastFilling::write_unique(rocksdb::WriteBatch& batch) const {
  rocksdb::ColumnFamilyHandle* const table = database_.handle(Table::kUnique);
  for (const UniqueConstraint* constraint : constraints_) {
    std::string begin;
    append_u16(begin, constraint->number);
    batch.DeleteRange(table, begin, begin + '\x02').PermitUncheckedError();  // above every presence byte
  }
  for (const auto& [entry, key] : unique_.entries()) {
    batch.Put(table, slice_of(entry), slice_of(key)).PermitUncheckedError();
    if (batch.GetDataSize() <= kFillingBytesMax) continue;
    return Status(ErrorId::kTransactionTooLarge,
                  "the unique values that an upcast of " + resource_.name + " sets are larger than 1 GiB")
        .why("they are written in one transaction with the schema");
  }
  return {};
}

Status fill_upcast(const Database& database, const Catalog& catalog, const Domain& next, rocksdb::WriteBatch& batch) {
  const std::shared_ptr<const Domain> before = catalog.current();
  for (const Resource& resource : next.resources()) {
    const Resource* known = before->find_resource(resource.name);
    if (known == nullptr || !needs_upcast(*known, resource)) continue;
    UpcastFilling filling(database, catalog, *known, resource);
    FORGE_TRY(each_current(database, resource,
                           [&](std::string_view key, std::string_view current) { return filling.take(key, current); }));
    FORGE_TRY(filling.write_unique(batch));
  }
  return {};
}

}  // namespace forge::internal
