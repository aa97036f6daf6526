#include "record_walk.h"

#include <algorithm>

#include "forge/events/key.h"
#include "index_reader.h"
#include "list_plan.h"

namespace forge::internal {

Status RecordWalk::run(ReadPlan* plan) {
  FORGE_TRY(find_bounds());
  FORGE_ASSIGN(const bool more, offer_in_flight());
  if (more) {
    FORGE_ASSIGN(const bool used, walk_index());
    if (!used) FORGE_TRY(walk_records());
  }
  plan_.entries_touched += touched_;
  if (plan != nullptr) *plan = plan_;
  return {};
}

// Keys of records, with their resource before them.
Status RecordWalk::find_bounds() {
  append_current_key(resource_.number, {}, prefix_);
  prefix_ += selection_.key_prefix;
  start_ = prefix_;
  if (selection_.after_key.empty()) return {};
  FORGE_ASSIGN(const std::string after, encode_key(resource_, selection_.after_key));
  std::string behind;
  append_current_key(resource_.number, after, behind);
  behind.push_back('\0');
  start_ = std::max(start_, behind);
  return {};
}

// False when the walk is over.
Result<bool> RecordWalk::offer_in_flight() {
  if (selection_.in_flight == nullptr) return true;
  for (const auto& [key, found] : *selection_.in_flight) {
    if (!found) continue;
    FORGE_ASSIGN(const bool more, show(key, *found));
    if (!more) return false;
  }
  return true;
}

// False where there is no index for the filter, or it cannot be used here; the plan then says why.
Result<bool> RecordWalk::walk_index() {
  if (selection_.filter == nullptr) return false;
  const std::optional<IndexScan> scan = plan_list(resource_, selection_.filter->comparisons(selection_.input.arguments));
  if (!scan) return false;
  const std::string name = resource_.name + "." + scan->index->name;
  const auto unused = [&](const std::string& why) {
    plan_.reason = "index " + name + " is not used: " + why;
    return false;
  };
  // A scan would fail where the filter fails on any record, and an index leaves most of them out.
  if (selection_.filter->can_fail()) return unused("the filter computes, which may fail on other records");
  FORGE_ASSIGN(const Candidates found, find_candidates(*state_.database, *state_.catalog, resource_, *scan, state_.seq));
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

Status RecordWalk::walk_records() {
  plan_.index = "current";
  const auto iterator = state_.database->iterate(Table::kCurrent);
  for (iterator->Seek(start_); iterator->Valid() && iterator->key().starts_with(prefix_); iterator->Next()) {
    const std::string_view key = view_of(iterator->key()).substr(2);
    FORGE_ASSIGN(std::optional<RecordState> record, reader_.find(resource_, key, view_of(iterator->value()), touched_));
    FORGE_ASSIGN(const bool more, offer(key, std::move(record)));
    if (!more) break;
  }
  return Database::check(*iterator, "listing " + resource_.name);
}

// Shows the record where it lives, is not in flight and matches. False when the walk is over.
Result<bool> RecordWalk::offer(std::string_view key, std::optional<RecordState> found) {
  FORGE_TRY(check_time());
  const bool is_hidden = selection_.in_flight != nullptr && selection_.in_flight->contains(key);
  return found && !is_hidden ? show(key, *std::move(found)) : Result<bool>(true);
}

Result<bool> RecordWalk::show(std::string_view key, RecordState found) {
  FORGE_ASSIGN(const Record record, state_.record_of(resource_, key, std::move(found)));
  FORGE_ASSIGN(const bool matches, this->matches(record));
  return matches ? visit_(record) : Result<bool>(true);
}

Status RecordWalk::check_time() const {
  if (!selection_.until || state_.clock->now() <= *selection_.until) return {};
  return Status(ErrorId::kDeadlinePassed, "the query takes longer than it is allowed to")
      .why("it has looked at " + std::to_string(touched_) + " rows")
      .remedy("allow more time, or ask for less: an index, a filter");
}

Result<bool> RecordWalk::matches(const Record& record) {
  if (selection_.filter == nullptr) return true;
  RuleInput input = selection_.input;
  input.record = record.cells();
  std::pmr::monotonic_buffer_resource memory(buffer_.data(), buffer_.size());
  return selection_.filter->holds(input, memory);
}

}  // namespace forge::internal
