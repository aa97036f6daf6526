#include "stored_form.h"

#include <string>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "forge/events/upcast.h"
#include "forge/projections/state_projection.h"
#include "record_name.h"

namespace forge::internal {

StoredForm::StoredForm(const Catalog& catalog, const Resource& resource, std::uint32_t schema_version)
    : catalog_(catalog), resource_(resource), schema_version_(schema_version) {
  if (resource.upcasts.empty()) return;
  domain_ = catalog.at(schema_version);
  const Resource* stored = domain_ == nullptr ? nullptr : domain_->resource(resource.number);
  if (stored != nullptr && needs_upcast(*stored, resource)) stored_ = stored;
}

// A version that is being added is not in the catalog yet.
Status StoredForm::upcast(std::string_view key, Seq seq, std::pmr::memory_resource& memory, Row& row) const {
  std::shared_ptr<const Domain> domain = domain_;
  const Resource* from = stored_;
  for (std::uint32_t version = schema_version_ + 1; needs_upcast(*from, resource_); ++version) {
    std::shared_ptr<const Domain> next = catalog_.at(version);
    const Resource* to = next == nullptr ? &resource_ : next->resource(resource_.number);
    const Status upcast = upcast_row(*from, *to, key, memory, row);
    if (!upcast.ok()) return explained(upcast, version, key, seq);
    from = to;
    domain = std::move(next);
  }
  return {};
}

Status StoredForm::upcast(std::string_view key, CurrentEntry& entry, std::pmr::memory_resource& memory, Row& row) const {
  entry.deltas = kDeltasMax;
  return upcast(key, entry.seq, memory, row);
}

Status StoredForm::explained(const Status& failure, std::uint32_t version, std::string_view key, Seq seq) const {
  if (failure.id() != ErrorId::kUpcastFailed) return failure;
  return Status(ErrorId::kUpcastFailed, name_of_record(resource_, key) + " as event " + std::to_string(seq) +
                                            " left it, under schema version " + std::to_string(schema_version_) +
                                            ", cannot be brought to version " + std::to_string(version))
      .why(failure.text().why)
      .place(failure.text().place)
      .remedy("the record as it was stored: forgectl get " + name_of_record(resource_, key) + " --as-of " + std::to_string(seq) +
              "; mend the upcast before its schema is added");
}

Result<const Row*> CurrentRows::read(std::string_view key, std::string_view current) {
  FORGE_ASSIGN(const CurrentEntry entry, read_current_entry(current));
  if (entry.kind != EntryKind::kFull) return nullptr;
  const std::span<const std::uint8_t> bytes = bytes_.assign(entry.record);
  FORGE_TRY(verify_table(resource_.record, bytes));
  read_row(resource_.record, bytes, row_);
  if (const StoredForm form(catalog_, resource_, entry.schema_version); form.is_older()) {
    memory_.release();
    FORGE_TRY(form.upcast(key, entry.seq, memory_, row_));
  }
  FORGE_TRY(complete_row(resource_, key, row_));
  return &row_;
}

}  // namespace forge::internal
