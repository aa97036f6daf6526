// Listing records: through an index where one answers part of the filter, else over all records in key order. Either way the whole
// filter is evaluated on each record as of the view's point, so the answer is the same.

#include <algorithm>
#include <array>
#include <memory_resource>

#include "forge/events/key.h"
#include "index_reader.h"
#include "list_plan.h"
#include "view_state.h"

namespace forge {

using internal::Database;
using internal::RecordState;

namespace {

Result<std::optional<Expression>> read_filter(const Resource& resource, const std::string& where) {
  if (where.empty()) return std::optional<Expression>();
  Result<Expression> parsed =
      Expression::parse({.text = where, .file = "where", .positions = {}}, {.record = &resource.record, .now = false});
  if (!parsed.ok()) return parsed.status();
  if (parsed->type() != RuleType::kBool && parsed->type() != RuleType::kNull) {
    return Status(ErrorId::kFilterInvalid, "the filter must be a condition").why(where);
  }
  for (const std::uint16_t field : parsed->fields()) {
    if (!resource.record.fields[field].secret) continue;
    return Status(ErrorId::kFilterInvalid, "the filter reads a secret field")
        .why(resource.name + "." + resource.record.fields[field].name + " is shown nowhere, and what matches would tell it");
  }
  return std::optional<Expression>(*std::move(parsed));
}

class ListWalk {
 public:
  ListWalk(const View::State& state, const Resource& resource, const ListQuery& query,
           const std::function<bool(const Record&)>& visit)
      : state_(state), resource_(resource), query_(query), visit_(visit), reader_(*state.database, state.seq) {}

  Status run(ReadPlan* plan) {
    FORGE_ASSIGN(filter_, read_filter(resource_, query_.where));
    FORGE_TRY(find_bounds());
    FORGE_ASSIGN(const bool used, walk_index());
    if (!used) FORGE_TRY(walk_records());
    plan_.entries_touched += touched_;
    if (plan != nullptr) *plan = plan_;
    return {};
  }

 private:
  // Keys of records, with their resource before them.
  Status find_bounds() {
    append_current_key(resource_.number, {}, prefix_);
    prefix_ += query_.key_prefix;
    start_ = prefix_;
    if (query_.after_key.empty()) return {};
    FORGE_ASSIGN(const std::string after, encode_key(resource_, query_.after_key));
    std::string behind;
    append_current_key(resource_.number, after, behind);
    behind.push_back('\0');
    start_ = std::max(start_, behind);
    return {};
  }

  // False where there is no index for the filter, or it cannot be used here; the plan then says why.
  Result<bool> walk_index() {
    if (!filter_) return false;
    const std::optional<internal::IndexScan> scan = internal::plan_list(resource_, *filter_);
    if (!scan) return false;
    const std::string name = resource_.name + "." + scan->index->name;
    const auto unused = [&](const std::string& why) {
      plan_.reason = "index " + name + " is not used: " + why;
      return false;
    };
    // A scan would fail where the filter fails on any record, and an index leaves most of them out.
    if (filter_->can_fail()) return unused("the filter computes, which may fail on other records");
    FORGE_ASSIGN(const internal::Candidates found,
                 internal::find_candidates(*state_.database, *state_.catalog, resource_, *scan, state_.seq));
    if (!found.unused.empty()) return unused(found.unused);
    plan_.index = name;
    plan_.reason = scan->text;
    plan_.entries_touched = found.entries_touched;
    std::string current_key;
    for (const std::string& key : found.keys) {
      current_key.clear();
      append_current_key(resource_.number, key, current_key);
      if (current_key < start_ || !current_key.starts_with(prefix_)) continue;
      FORGE_ASSIGN(std::optional<RecordState> record, reader_.find(resource_, key, touched_));
      FORGE_ASSIGN(const bool more, offer(key, std::move(record)));
      if (!more) break;
    }
    return true;
  }

  Status walk_records() {
    plan_.index = "current";
    const auto iterator = state_.database->iterate(Table::kCurrent);
    for (iterator->Seek(start_); iterator->Valid() && iterator->key().starts_with(prefix_); iterator->Next()) {
      const std::string_view key = internal::view_of(iterator->key()).substr(2);
      FORGE_ASSIGN(std::optional<RecordState> record, reader_.find(resource_, key, internal::view_of(iterator->value()), touched_));
      FORGE_ASSIGN(const bool more, offer(key, std::move(record)));
      if (!more) break;
    }
    return Database::check(*iterator, "listing " + resource_.name);
  }

  // Shows the record where it lives and matches. False when the walk is over.
  Result<bool> offer(std::string_view key, std::optional<RecordState> found) {
    if (!found) return true;
    FORGE_ASSIGN(const Record record, state_.record_of(resource_, key, *std::move(found)));
    FORGE_ASSIGN(const bool matches, this->matches(record));
    if (!matches) return true;
    return visit_(record) && ++visited_ != query_.limit;
  }

  Result<bool> matches(const Record& record) {
    if (!filter_) return true;
    std::pmr::monotonic_buffer_resource memory(buffer_.data(), buffer_.size());
    return filter_->holds({.record = record.cells(), .arguments = {}, .actor_id = {}, .actor_role = {}, .now = {}}, memory);
  }

  const View::State& state_;
  const Resource& resource_;
  const ListQuery& query_;
  const std::function<bool(const Record&)>& visit_;
  internal::RecordReader reader_;
  std::optional<Expression> filter_;
  std::array<std::byte, 1024> buffer_;
  std::string prefix_, start_;
  ReadPlan plan_;
  std::uint64_t touched_ = 0;
  std::size_t visited_ = 0;
};

}  // namespace

Status View::list(const ListQuery& query, const std::function<bool(const Record&)>& visit, ReadPlan* plan) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const Resource* resource, state_->domain->get_resource(query.resource));
  return ListWalk(*state_, *resource, query, visit).run(plan);
}

}  // namespace forge
