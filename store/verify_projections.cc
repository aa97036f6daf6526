#include "verify_projections.h"

#include "forge/projections/audit_index.h"
#include "log_reader.h"

namespace forge::internal {

ProjectionsCheck::ProjectionsCheck(const Database& database, const Catalog& catalog, const rocksdb::Snapshot* snapshot,
                                   const Uuid& store)
    : database_(database),
      catalog_(catalog),
      snapshot_(snapshot),
      store_(store),
      audit_(audit_index()),
      rows_([](std::string_view) { return Result<std::optional<std::string>>(std::nullopt); }) {
  check_checkpoints();
}

void ProjectionsCheck::check_checkpoints() {
  const auto row = database_.iterate(Table::kCursors, true, snapshot_);
  for (const std::string_view prefix : {kCheckpointPrefix, kShadowPrefix}) {
    for (row->Seek(slice_of(prefix)); row->Valid() && row->key().starts_with(slice_of(prefix)); row->Next()) {
      const std::string name(view_of(row->key()).substr(prefix.size()));
      const Result<Checkpoint> checkpoint = read_checkpoint(name, view_of(row->value()));
      ++check_.count;
      report(check_, checkpoint.status());
      const bool is_audit = prefix == kCheckpointPrefix && name == kAuditIndex && checkpoint.ok();
      const bool can_be_told = is_audit && checkpoint->store == store_ && checkpoint->skipped == 0;
      if (can_be_told && checkpoint->code_version == audit_.code_version) checkpoint_ = *checkpoint;
    }
  }
  report(check_, Database::check(*row, "reading the checkpoints"));
}

void ProjectionsCheck::event(const Envelope& envelope) {
  if (!checkpoint_ || envelope.seq > checkpoint_->seq) return;
  if (audit_block_of(envelope.seq) != block_) compare_block();
  block_ = audit_block_of(envelope.seq);
  const Result<std::shared_ptr<const Domain>> domain = domain_of(catalog_, envelope);
  if (domain.ok())
    static_cast<void>(fold_event(audit_, envelope, **domain, rows_).ok());  // the other checks tell what is wrong with it
}

void ProjectionsCheck::compare_block() {
  rows_.each_change([&](std::string_view key, const std::optional<std::string>& value) {
    rocksdb::PinnableSlice row;
    const Result<bool> found = database_.get(Table::kRows, space_key(checkpoint_->space) + std::string(key), row, snapshot_);
    const std::string_view stored = found.ok() && *found ? view_of(row) : std::string_view();
    if (found.ok() && stored == *value) {
      ++sound_rows_;
      return;
    }
    report(check_, !found.ok() ? found.status()
                               : Status(ErrorId::kStateDiffers, "the audit index differs from the log")
                                     .why("events " + range_text(block_ * kAuditBlock, block_ * kAuditBlock + kAuditBlock - 1) +
                                          " give another row than is stored")
                                     .remedy("build it anew: forgectl projection rebuild audit"));
  });
  rows_.clear();
}

void ProjectionsCheck::find_extra_rows() {
  const std::string prefix = space_key(checkpoint_->space);
  std::uint64_t rows = 0;
  const auto row = database_.iterate(Table::kRows, true, snapshot_);
  for (row->Seek(prefix); row->Valid() && row->key().starts_with(prefix); row->Next()) ++rows;
  report(check_, Database::check(*row, "reading the audit index"));
  if (rows <= sound_rows_ || !check_.findings.empty()) return;
  report(check_, Status(ErrorId::kStateDiffers, "the audit index differs from the log")
                     .why("it holds " + std::to_string(rows - sound_rows_) + " rows that follow from no event")
                     .remedy("build it anew: forgectl projection rebuild audit"));
}

std::optional<VerifyCheck> ProjectionsCheck::finish() {
  if (checkpoint_) {
    compare_block();
    find_extra_rows();
  }
  if (check_.count == 0 && check_.findings.empty()) return std::nullopt;
  return std::move(check_);
}

}  // namespace forge::internal
