#include "index_filling.h"

#include <algorithm>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "forge/projections/record_entry.h"

namespace forge::internal {
namespace {

constexpr std::size_t kBatchBytesMax = std::size_t{1} << 30;

std::vector<const Index*> new_indexes(const Domain& before, const Resource& resource) {
  const Resource* known = before.find_resource(resource.name);
  std::vector<const Index*> out;
  for (const Index& index : resource.indexes) {
    const auto same = [&](const Index& one) { return one.number == index.number; };
    if (known == nullptr || std::none_of(known->indexes.begin(), known->indexes.end(), same)) out.push_back(&index);
  }
  return out;
}

// An index that was dropped was not kept up: what it left behind is wrong by now.
void remove_entries(const Database& database, std::uint16_t number, rocksdb::WriteBatch& batch) {
  std::string begin;
  append_u16(begin, number);
  const std::string end = begin + '\x02';  // above every presence byte
  batch.DeleteRange(database.handle(Table::kIndex), begin, end).PermitUncheckedError();
}

// Appends the entries of every record of the resource.
Status fill(const Database& database, const Resource& resource, std::vector<const Index*> indexes, rocksdb::WriteBatch& batch) {
  IndexEntries entries(resource, std::move(indexes));
  std::string prefix;
  append_current_key(resource.number, {}, prefix);
  const auto records = database.iterate(Table::kCurrent);
  for (records->Seek(prefix); records->Valid() && records->key().starts_with(prefix); records->Next()) {
    const Status filled = entries.each(view_of(records->key()).substr(2), view_of(records->value()), [&](std::string_view entry) {
      batch.Put(database.handle(Table::kIndex), slice_of(entry), rocksdb::Slice()).PermitUncheckedError();
    });
    FORGE_TRY(filled);
    if (batch.GetDataSize() <= kBatchBytesMax) continue;
    return Status(ErrorId::kTransactionTooLarge, "the new indexes of " + resource.name + " are larger than 1 GiB")
        .why("they are written in one transaction with the schema")
        .remedy("add them one by one, in several schema versions");
  }
  return Database::check(*records, "filling the indexes of " + resource.name);
}

}  // namespace

Status IndexEntries::each(std::string_view key, std::string_view current, const std::function<void(std::string_view)>& visit) {
  FORGE_ASSIGN(const CurrentEntry entry, read_current_entry(current));
  if (entry.kind != EntryKind::kFull) return {};
  const std::span<const std::uint8_t> bytes = bytes_.assign(entry.record);
  FORGE_TRY(verify_table(resource_.record, bytes));
  read_row(resource_.record, bytes, row_);
  FORGE_TRY(complete_row(resource_, key, row_));
  for (const Index* index : indexes_) {
    entry_.clear();
    const Result<bool> has_entry = append_index_key(resource_, *index, row_, key, entry_);
    if (!has_entry.ok()) {
      const std::string& why = has_entry.status().text().why;
      return Status(has_entry.status()).why("in " + resource_.name + " " + key_text(resource_, key).value() + ": " + why);
    }
    if (*has_entry) visit(entry_);
  }
  return {};
}

Status fill_new_indexes(const Database& database, const Domain& before, const Domain& next, rocksdb::WriteBatch& batch) {
  for (const Resource& resource : next.resources()) {
    std::vector<const Index*> indexes = new_indexes(before, resource);
    if (indexes.empty()) continue;
    const auto& given = before.numbering().indexes;
    for (const Index* index : indexes) {
      const auto is_it = [&](const auto& name) { return name.second == index->number; };
      if (std::any_of(given.begin(), given.end(), is_it)) remove_entries(database, index->number, batch);
    }
    FORGE_TRY(fill(database, resource, std::move(indexes), batch));
  }
  return {};
}

}  // namespace forge::internal
