#include "record_reader.h"

#include "stored_form.h"

namespace forge::internal {

Status VersionChain::add(Seq seq, std::string_view value) {
  auto link = std::make_unique<Link>();
  link->seq = seq;
  link->value = std::string(value);
  FORGE_ASSIGN(link->entry, read_version_entry(link->value));
  links_.push_back(std::move(link));
  return {};
}

void apply_version(const TableType& table, const VersionEntry& entry, std::span<const std::uint8_t> record, Row& row) {
  Row set;
  if (record.empty()) {
    set.assign(table.fields.size(), Cell());
  } else {
    read_row(table, record, set);
  }
  row.resize(table.fields.size());
  const bool whole = entry.kind == EntryKind::kFull;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (whole || !set[i].is_absent() || has_field(entry.changed, i)) row[i] = set[i];
  }
}

Result<RecordState> VersionChain::fold(const TableType& record, TableWriter& writer) const {
  RecordState state;
  state.version = newest().entry.version;
  state.seq = newest().seq;
  state.incarnation = newest().entry.incarnation;
  state.schema_version = newest().entry.schema_version;
  std::vector<AlignedBytes> kept(links_.size());
  Row row;
  std::span<const std::uint8_t> bytes;
  for (std::size_t i = links_.size(); i-- > 0;) {
    bytes = kept[i].assign(links_[i]->entry.record);
    if (!bytes.empty()) FORGE_TRY(verify_table(record, bytes));
    if (links_.size() > 1) apply_version(record, links_[i]->entry, bytes, row);
  }
  if (links_.size() > 1) bytes = writer.write(record, row);
  AlignedBytes out;
  out.assign(bytes);
  state.size = bytes.size();
  state.bytes = out.take();
  return state;
}

Result<std::optional<RecordState>> RecordReader::find(const Resource& resource, std::string_view key, std::uint64_t& touched) {
  key_.clear();
  append_current_key(resource.number, key, key_);
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database_.get(Table::kCurrent, key_, value));
  if (!found) return std::optional<RecordState>();
  return find(resource, key, view_of(value), touched);
}

Result<std::optional<RecordState>> RecordReader::find(const Resource& resource, std::string_view key, std::string_view current,
                                                      std::uint64_t& touched) {
  ++touched;
  FORGE_ASSIGN(const CurrentEntry entry, read_current_entry(current));
  if (entry.seq > seq_) return find_version(resource, key, touched);
  if (entry.kind != EntryKind::kFull) return std::optional<RecordState>();
  RecordState state;
  state.version = entry.version;
  state.seq = entry.seq;
  state.incarnation = entry.incarnation;
  state.schema_version = entry.schema_version;
  state.size = entry.record.size();
  AlignedBytes bytes;
  FORGE_TRY(verify_table(resource.record, bytes.assign(entry.record)));
  state.bytes = bytes.take();
  return brought_up(resource, key, std::move(state));
}

Result<std::optional<RecordState>> RecordReader::find_version(const Resource& resource, std::string_view key,
                                                              std::uint64_t& touched) {
  if (versions_ == nullptr) versions_ = database_.iterate(Table::kVersions, false);
  key_.clear();
  append_version_key(resource.number, key, seq_, key_);
  chain_.clear();
  for (versions_->Seek(key_); versions_->Valid() && !chain_.complete(); versions_->Next()) {
    const std::string_view found = view_of(versions_->key());
    if (record_part(found) != record_part(key_)) break;
    ++touched;
    FORGE_TRY(chain_.add(seq_of_version_key(found), view_of(versions_->value())));
  }
  FORGE_TRY(Database::check(*versions_, "reading a record's versions"));
  if (chain_.empty() || chain_.newest().entry.kind == EntryKind::kTombstone) return std::optional<RecordState>();
  if (!chain_.complete()) {
    return Status(ErrorId::kDataCorrupt, "the versions of a " + resource.name + " begin with a delta")
        .why("the full version before event " + std::to_string(chain_.newest().seq) + " is missing");
  }
  FORGE_ASSIGN(RecordState state, chain_.fold(resource.record, writer_));
  return brought_up(resource, key, std::move(state));
}

Result<std::optional<RecordState>> RecordReader::brought_up(const Resource& resource, std::string_view key, RecordState state) {
  const StoredForm form(catalog_, resource, state.schema_version);
  if (!form.is_older()) return std::optional<RecordState>(std::move(state));
  std::pmr::monotonic_buffer_resource memory;
  Row row;
  read_row(resource.record, state.record(), row);
  FORGE_TRY(form.upcast(key, state.seq, memory, row));
  AlignedBytes bytes;
  state.size = bytes.assign(writer_.write(resource.record, row)).size();
  state.bytes = bytes.take();
  return std::optional<RecordState>(std::move(state));
}

}  // namespace forge::internal
