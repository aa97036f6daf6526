// Differences between two stores: the records of both are read in key order, a page at a time, and merged.

#include <algorithm>
#include <deque>
#include <set>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "forge/store/view.h"

namespace forge {
namespace {

constexpr std::size_t kPage = 256;

// The living records of one resource in the order of their encoded keys; none where the view has no such resource.
class RecordPages {
 public:
  RecordPages(const View& view, const std::string& resource)
      : view_(view), domain_(view.domain()), resource_(domain_->find_resource(resource)) {
    is_done_ = resource_ == nullptr;
  }

  // The record at hand; null behind the last.
  Result<const Record*> peek() {
    if (page_.empty() && !is_done_) FORGE_TRY(load());
    return page_.empty() ? nullptr : &page_.front();
  }
  // Only with a record at hand.
  Result<std::string> key() const { return encode_key(*resource_, page_.front().key()); }
  Record take() {
    Record record = std::move(page_.front());
    page_.pop_front();
    return record;
  }

 private:
  Status load() {
    const ListQuery query{.resource = resource_->name, .after_key = last_key_, .limit = kPage};
    FORGE_TRY(view_.list(query, [&](const Record& record) {
      page_.push_back(record);
      return true;
    }));
    is_done_ = page_.size() < kPage;
    if (!page_.empty()) last_key_ = page_.back().key();
    return {};
  }

  const View& view_;
  std::shared_ptr<const Domain> domain_;
  const Resource* resource_;
  std::deque<Record> page_;
  std::string last_key_;
  bool is_done_ = false;
};

// The field's value without what is secret.
Value shown(const Record* record, std::string_view name) {
  const Field* const field = record == nullptr ? nullptr : record->resource().record.find(name);
  return field == nullptr ? Value() : cell_to_value(*field, record->cells()[field->id]);
}

// The fields of both by name, in the order of `after` and then of `before`; the key is left out.
std::vector<VersionRow::Change> changes_by_name(const Record* before, const Record* after) {
  std::vector<VersionRow::Change> out;
  std::set<std::string_view> seen;
  for (const Record* record : {after, before}) {
    if (record == nullptr) continue;
    const Resource& resource = record->resource();
    for (const Field& field : resource.record.fields) {
      if (resource.is_key(field.id) || !seen.insert(field.name).second) continue;
      const Value was = before == nullptr ? Value() : (*before)[field.name];
      const Value is = after == nullptr ? Value() : (*after)[field.name];
      if (was != is) out.push_back({.field = field.name, .before = shown(before, field.name), .after = shown(after, field.name)});
    }
  }
  return out;
}

std::optional<RecordDiff> diff_of(const Record* before, const Record* after) {
  RecordDiff out;
  const Record& either = after != nullptr ? *after : *before;
  out.resource = either.resource().name;
  out.key = either.key();
  if (before != nullptr) out.before = before->version();
  if (after != nullptr) out.after = after->version();
  out.kind = before == nullptr ? DiffKind::kOnlyHere : after == nullptr ? DiffKind::kOnlyThere : DiffKind::kChanged;
  out.changes = changes_by_name(before, after);
  if (out.kind == DiffKind::kChanged && out.changes.empty()) return std::nullopt;
  return out;
}

// False once `visit` has had enough.
Result<bool> diff_resource(const View& before, const View& after, const std::string& resource,
                           const std::function<bool(const RecordDiff&)>& visit) {
  RecordPages old_records(before, resource), new_records(after, resource);
  for (;;) {
    FORGE_ASSIGN(const Record* was, old_records.peek());
    FORGE_ASSIGN(const Record* is, new_records.peek());
    if (was == nullptr && is == nullptr) return true;
    int order = was == nullptr ? 1 : -1;
    if (was != nullptr && is != nullptr) {
      FORGE_ASSIGN(const std::string old_key, old_records.key());
      FORGE_ASSIGN(const std::string new_key, new_records.key());
      order = old_key.compare(new_key);
    }
    std::optional<Record> old_record, new_record;
    if (order <= 0) old_record = old_records.take();
    if (order >= 0) new_record = new_records.take();
    const std::optional<RecordDiff> diff = diff_of(old_record ? &*old_record : nullptr, new_record ? &*new_record : nullptr);
    if (diff && !visit(*diff)) return false;
  }
}

}  // namespace

Status diff_stores(const View& before, const View& after, std::string_view resource,
                   const std::function<bool(const RecordDiff&)>& visit) {
  std::set<std::string> names;
  for (const View* view : {&before, &after}) {
    const std::shared_ptr<const Domain> domain = view->domain();
    for (const Resource& each : domain->resources()) {
      if (resource.empty() ? !each.name.starts_with('_') : each.name == resource) names.insert(each.name);
    }
  }
  if (names.empty() && !resource.empty()) return after.domain()->get_resource(resource).status();
  for (const std::string& name : names) {
    FORGE_ASSIGN(const bool more, diff_resource(before, after, name, visit));
    if (!more) return {};
  }
  return {};
}

}  // namespace forge
