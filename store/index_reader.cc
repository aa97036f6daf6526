#include "index_reader.h"

#include <algorithm>

#include "forge/events/key.h"
#include "forge/events/upcast.h"
#include "forge/projections/table_keys.h"
#include "log_reader.h"

namespace forge::internal {
namespace {

constexpr std::size_t kEntriesMax = 65'536;  // beyond these a scan of the records in their order is no worse
constexpr Seq kEventsMax = 1'000;

// Its entries are those of the newest schema version: an upcast that this one has and `resource` has not may have changed them.
bool is_kept(const Catalog& catalog, const Resource& resource, const Index& index) {
  const std::shared_ptr<const Domain> now = catalog.current();
  const Resource* same = now->resource(resource.number);
  if (same != nullptr && meets_upcast(index.fields, upcast_fields(resource, *same))) return false;
  return same != nullptr &&
         std::any_of(same->indexes.begin(), same->indexes.end(), [&](const Index& one) { return one.number == index.number; });
}

class CandidateSearch {
 public:
  // The order matters: whatever is committed between the two looks is an event that the second sees.
  CandidateSearch(const Database& database, const Resource& resource, const IndexScan& scan)
      : resource_(resource), scan_(scan), index_(database.iterate(Table::kIndex)), log_(database.iterate(Table::kLog)) {}

  Result<Candidates> run(const Catalog& catalog, Seq seq) {
    if (!is_kept(catalog, resource_, *scan_.index)) return unused("it is no longer kept");
    FORGE_ASSIGN(const Seq head, last_event());
    if (head > seq + kEventsMax) return unused(std::to_string(head - seq) + " events came since event " + std::to_string(seq));
    FORGE_ASSIGN(const bool few, take_entries());
    if (!few) return unused("more than " + std::to_string(kEntriesMax) + " entries match");
    FORGE_TRY(take_events(seq));
    // A schema version that came between the two looks may have made the entries anew.
    if (last_schema_ > catalog.versions().back().seq || !is_kept(catalog, resource_, *scan_.index)) {
      return unused("the schema changed meanwhile");
    }
    std::sort(found_.keys.begin(), found_.keys.end());
    found_.keys.erase(std::unique(found_.keys.begin(), found_.keys.end()), found_.keys.end());
    return std::move(found_);
  }

 private:
  static Candidates unused(std::string why) {
    Candidates out;
    out.unused = std::move(why);
    return out;
  }

  Result<Seq> last_event() {
    log_->SeekToLast();
    FORGE_TRY(Database::check(*log_, "reading the log"));
    return log_->Valid() && log_->key().size() == 8 ? read_u64(log_->key().data()) : Seq{0};
  }

  Result<bool> take_entries() {
    for (index_->Seek(scan_.begin); index_->Valid() && scan_.contains(view_of(index_->key())); index_->Next()) {
      if (++found_.entries_touched > kEntriesMax) return false;
      const auto key = record_key_of(resource_, *scan_.index, view_of(index_->key()));
      if (!key)
        return Status(ErrorId::kDataCorrupt, "an entry of the index " + resource_.name + "." + scan_.index->name + " is malformed");
      found_.keys.emplace_back(*key);
    }
    FORGE_TRY(Database::check(*index_, "reading the index " + resource_.name + "." + scan_.index->name));
    return true;
  }

  Status take_events(Seq seq) {
    AlignedBytes bytes;
    for (log_->Seek(log_key(seq + 1)); log_->Valid(); log_->Next()) {
      ++found_.entries_touched;
      FORGE_ASSIGN(const Envelope event, decode_event(read_u64(log_->key().data()), view_of(log_->value()), bytes));
      if (event.resource == resource_.number) found_.keys.emplace_back(event.key);
      if (event.resource == schema_resource_) last_schema_ = event.seq;
    }
    return Database::check(*log_, "reading the log");
  }

  const Resource& resource_;
  const IndexScan& scan_;
  const std::uint16_t schema_resource_ = Domain::system()->find_resource("_schema")->number;
  std::unique_ptr<rocksdb::Iterator> index_, log_;
  Seq last_schema_ = 0;  // the newest schema version among the events
  Candidates found_;
};

}  // namespace

Result<Candidates> find_candidates(const Database& database, const Catalog& catalog, const Resource& resource,
                                   const IndexScan& scan, Seq seq) {
  return CandidateSearch(database, resource, scan).run(catalog, seq);
}

}  // namespace forge::internal
