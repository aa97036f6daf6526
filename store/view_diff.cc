// Differences between two points. A record whose current entry is older than the earlier point cannot differ; of the others, both
// states are read. Where few events lie between the points, only the records they name are looked at.

#include <set>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "log_reader.h"
#include "view_state.h"

namespace forge {

using internal::Database;
using internal::RecordState;

std::string_view name_of(DiffKind kind) {
  switch (kind) {
    case DiffKind::kCreated:
      return "created";
    case DiffKind::kChanged:
      return "changed";
    case DiffKind::kDestroyed:
      return "destroyed";
    case DiffKind::kRecreated:
      return "recreated";
    case DiffKind::kOnlyHere:
      return "only_here";
    case DiffKind::kOnlyThere:
      return "only_there";
  }
  return "";
}

namespace {

struct BothSides {
  const Resource& resource;
  internal::RecordReader before;
  internal::RecordReader after;

  BothSides(const View::State& state, const Resource& of, Seq from)
      : resource(of), before(*state.database, *state.catalog, from), after(*state.database, *state.catalog, state.seq) {}

  Result<std::optional<RecordDiff>> diff(std::string_view key) {
    std::uint64_t touched = 0;
    FORGE_ASSIGN(const std::optional<RecordState> was, before.find(resource, key, touched));
    FORGE_ASSIGN(const std::optional<RecordState> is, after.find(resource, key, touched));
    if (!was && !is) return std::optional<RecordDiff>();
    if (was && is && was->seq == is->seq) return std::optional<RecordDiff>();
    RecordDiff out;
    out.resource = resource.name;
    FORGE_ASSIGN(out.key, key_text(resource, key));
    if (was) out.before = was->version;
    if (is) out.after = is->version;
    out.kind = !was                                  ? DiffKind::kCreated
               : !is                                 ? DiffKind::kDestroyed
               : was->incarnation != is->incarnation ? DiffKind::kRecreated
                                                     : DiffKind::kChanged;
    Row before_row, after_row;
    if (was) read_row(resource.record, was->record(), before_row);
    if (is) read_row(resource.record, is->record(), after_row);
    resolve_defaults(resource.record, before_row);
    resolve_defaults(resource.record, after_row);
    out.changes = internal::changes_between(resource, before_row, after_row);
    if (out.kind == DiffKind::kChanged && out.changes.empty()) return std::optional<RecordDiff>();
    return std::optional<RecordDiff>(std::move(out));
  }
};

// Records named by the events after `from` up to `to`.
Result<std::set<std::pair<std::uint16_t, std::string>>> touched_between(const Database& database, Seq from, Seq to) {
  std::set<std::pair<std::uint16_t, std::string>> out;
  internal::AlignedBytes bytes;
  const auto iterator = database.iterate(Table::kLog);
  for (iterator->Seek(log_key(from + 1)); iterator->Valid(); iterator->Next()) {
    const Seq seq = read_u64(iterator->key().data());
    if (seq > to) break;
    FORGE_ASSIGN(const Envelope envelope, internal::decode_event(seq, internal::view_of(iterator->value()), bytes));
    if (envelope.resource != 0) out.emplace(envelope.resource, std::string(envelope.key));
  }
  FORGE_TRY(Database::check(*iterator, "reading the log"));
  return out;
}

// Records of `resource` whose current entry is younger than `from`.
Result<std::vector<std::string>> younger_than(const Database& database, const Resource& resource, Seq from) {
  std::vector<std::string> out;
  std::string prefix;
  append_current_key(resource.number, {}, prefix);
  const auto iterator = database.iterate(Table::kCurrent);
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix); iterator->Next()) {
    FORGE_ASSIGN(const CurrentEntry entry, read_current_entry(internal::view_of(iterator->value())));
    if (entry.seq > from) out.emplace_back(internal::view_of(iterator->key()).substr(2));
  }
  FORGE_TRY(Database::check(*iterator, "listing " + resource.name));
  return out;
}

constexpr Seq kWalkLogUpTo = 100'000;

}  // namespace

Result<std::optional<RecordDiff>> View::diff(const View& before, std::string_view resource, std::string_view key) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const State::Target target, state_->target(resource, key));
  if (before.seq() > seq()) return Status(ErrorId::kRangeReversed, "the range ends before it begins");
  BothSides sides(*state_, *target.resource, before.seq());
  return sides.diff(target.key);
}

Status View::diff_all(const View& before, std::string_view resource, const std::function<bool(const RecordDiff&)>& visit) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  if (before.seq() > seq()) return Status(ErrorId::kRangeReversed, "the range ends before it begins");
  const Resource* only = nullptr;
  if (!resource.empty()) {
    FORGE_ASSIGN(only, state_->domain->get_resource(resource));
  }
  const bool walk_log = seq() - before.seq() <= kWalkLogUpTo;
  std::set<std::pair<std::uint16_t, std::string>> touched;
  if (walk_log) {
    FORGE_ASSIGN(touched, touched_between(*state_->database, before.seq(), seq()));
  }
  for (const Resource& each : state_->domain->resources()) {
    const bool own = each.name.starts_with('_');
    if (only != nullptr ? &each != only : own) continue;
    BothSides sides(*state_, each, before.seq());
    std::vector<std::string> keys;
    if (walk_log) {
      for (auto at = touched.lower_bound({each.number, ""}); at != touched.end() && at->first == each.number; ++at)
        keys.push_back(at->second);
    } else {
      FORGE_ASSIGN(keys, younger_than(*state_->database, each, before.seq()));
    }
    for (const std::string& key : keys) {
      FORGE_ASSIGN(const std::optional<RecordDiff> diff, sides.diff(key));
      if (diff && !visit(*diff)) return {};
    }
  }
  return {};
}

}  // namespace forge
