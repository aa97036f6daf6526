#include "index_filling.h"

#include <algorithm>

#include "forge/events/key.h"
#include "forge/events/upcast.h"

namespace forge::internal {
namespace {

std::vector<const Index*> new_indexes(const Domain& before, const Resource& resource) {
  const Resource* known = before.find_resource(resource.name);
  const std::vector<std::uint16_t> upcast = known == nullptr ? std::vector<std::uint16_t>() : upcast_fields(*known, resource);
  std::vector<const Index*> out;
  for (const Index& index : resource.indexes) {
    const auto same = [&](const Index& one) { return one.number == index.number; };
    const bool is_known = known != nullptr && std::any_of(known->indexes.begin(), known->indexes.end(), same);
    if (!is_known || meets_upcast(index.fields, upcast)) out.push_back(&index);
  }
  return out;
}

// What an index that was dropped left behind was not kept up, and what was there before an upcast has other values.
void remove_entries(const Database& database, std::uint16_t number, rocksdb::WriteBatch& batch) {
  std::string begin;
  append_u16(begin, number);
  const std::string end = begin + '\x02';  // above every presence byte
  batch.DeleteRange(database.handle(Table::kIndex), begin, end).PermitUncheckedError();
}

// Appends the entries of every record of the resource.
Status fill(const Database& database, const Catalog& catalog, const Resource& resource, std::vector<const Index*> indexes,
            rocksdb::WriteBatch& batch) {
  IndexEntries entries(catalog, resource, std::move(indexes));
  return each_current(database, resource, [&](std::string_view key, std::string_view current) -> Status {
    FORGE_TRY(entries.each(key, current, [&](std::string_view entry) {
      batch.Put(database.handle(Table::kIndex), slice_of(entry), rocksdb::Slice()).PermitUncheckedError();
    }));
    if (batch.GetDataSize() <= kFillingBytesMax) return {};
    return Status(ErrorId::kTransactionTooLarge, "the new indexes of " + resource.name + " are larger than 1 GiB")
        .why("they are written in one transaction with the schema")
        .remedy("add them one by one, in several schema versions");
  });
}

}  // namespace

Status IndexEntries::each(std::string_view key, std::string_view current, const std::function<void(std::string_view)>& visit) {
  FORGE_ASSIGN(const Row* row, rows_.read(key, current));
  if (row == nullptr) return {};
  for (const Index* index : indexes_) {
    entry_.clear();
    const Result<bool> has_entry = append_index_key(resource_, *index, *row, key, entry_);
    if (!has_entry.ok()) {
      const std::string& why = has_entry.status().text().why;
      return Status(has_entry.status()).why("in " + resource_.name + " " + key_text(resource_, key).value() + ": " + why);
    }
    if (*has_entry) visit(entry_);
  }
  return {};
}

Status fill_new_indexes(const Database& database, const Catalog& catalog, const Domain& next, rocksdb::WriteBatch& batch) {
  const std::shared_ptr<const Domain> before = catalog.current();
  for (const Resource& resource : next.resources()) {
    std::vector<const Index*> indexes = new_indexes(*before, resource);
    if (indexes.empty()) continue;
    const auto& given = before->numbering().indexes;
    for (const Index* index : indexes) {
      const auto is_it = [&](const auto& name) { return name.second == index->number; };
      if (std::any_of(given.begin(), given.end(), is_it)) remove_entries(database, index->number, batch);
    }
    FORGE_TRY(fill(database, catalog, resource, std::move(indexes), batch));
  }
  return {};
}

Status each_current(const Database& database, const Resource& resource,
                    const std::function<Status(std::string_view key, std::string_view current)>& visit) {
  std::string prefix;
  append_current_key(resource.number, {}, prefix);
  const auto records = database.iterate(Table::kCurrent);
  for (records->Seek(prefix); records->Valid() && records->key().starts_with(prefix); records->Next()) {
    FORGE_TRY(visit(view_of(records->key()).substr(2), view_of(records->value())));
  }
  return Database::check(*records, "reading the records of " + resource.name);
}

}  // namespace forge::internal
