// Reading the log. Filters look at the envelope before anything is resolved. One record's events are found through its versions,
// those of a tag through the table of tags, and those of an actor, a correlation, an action or a field through the audit index, as
// far as it has come. Every event that an index names goes through the same filter as one that was met on the way.

#include <algorithm>

#include "audit_log.h"
#include "event_matcher.h"
#include "field_name.h"
#include "forge/events/key.h"
#include "forge/projections/audit_index.h"
#include "log_reader.h"
#include "view_state.h"

namespace forge {

using internal::AlignedBytes;
using internal::Database;

namespace {

class LogFilter {
 public:
  // `action` and `field` are those of the query.
  LogFilter(const LogQuery& query, const Action* action, std::optional<internal::FieldName> field)
      : query_(query),
        action_(action),
        field_(field),
        matcher_({.resource = query.resource, .types = types_of(query), .actor = query.actor}) {}

  // Errors: kDataCorrupt.
  Result<bool> matches(const Envelope& envelope, const Domain& domain) {
    if (!matches_envelope(envelope, domain)) return false;
    if (!field_) return true;
    if (envelope.resource != field_->resource) return false;
    FORGE_TRY(changed_fields(envelope, domain, fields_));
    return std::find(fields_.begin(), fields_.end(), field_->field) != fields_.end();
  }

 private:
  bool matches_envelope(const Envelope& envelope, const Domain& domain) const {
    const bool other = action_ != nullptr && (envelope.action != action_->number || envelope.resource != action_->resource->number);
    if (other) return false;
    if (!query_.idempotency_key.empty() && envelope.idempotency_key != query_.idempotency_key) return false;
    if (!query_.correlation.empty() && !correlates(envelope)) return false;
    const auto& tags = envelope.tags;
    if (!query_.tag.empty() && std::find(tags.begin(), tags.end(), query_.tag) == tags.end()) return false;
    return matcher_.matches(envelope, domain);
  }
  static std::vector<std::string> types_of(const LogQuery& query) {
    return query.type.empty() ? std::vector<std::string>() : std::vector<std::string>{query.type};
  }
  bool correlates(const Envelope& envelope) const {
    return envelope.correlation.empty() ? envelope.transaction.to_string() == query_.correlation
                                        : envelope.correlation == query_.correlation;
  }

  const LogQuery& query_;
  const Action* const action_;  // null: all
  const std::optional<internal::FieldName> field_;
  internal::EventMatcher matcher_;
  std::vector<std::uint16_t> fields_;
};

// Gives each matching event to the visitor until the limit.
class LogVisit {
 public:
  LogVisit(const LogQuery& query, LogFilter filter, const internal::Catalog& catalog,
           const std::function<bool(const Event&)>& visit)
      : query_(query), catalog_(catalog), filter_(std::move(filter)), visit_(visit) {}

  std::uint64_t events_read() const { return read_; }

  // False when the walk is over.
  Result<bool> row(Seq seq, std::string_view value) {
    ++read_;
    FORGE_ASSIGN(const Envelope envelope, internal::decode_event(seq, value, bytes_));
    FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, internal::domain_of(catalog_, envelope));
    FORGE_ASSIGN(const bool wanted, filter_.matches(envelope, *domain));
    if (!wanted) return true;
    FORGE_ASSIGN(const Event event, resolve_event(envelope, *domain));
    return visit_(event) && ++visited_ != query_.limit;
  }

 private:
  const LogQuery& query_;
  const internal::Catalog& catalog_;
  LogFilter filter_;
  const std::function<bool(const Event&)>& visit_;
  AlignedBytes bytes_;
  std::size_t visited_ = 0;
  std::uint64_t read_ = 0;
};

// False when the walk is over, as below.
Result<bool> visit_seq(const Database& database, Seq seq, LogVisit& visit) {
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database.get(Table::kLog, log_key(seq), value));
  if (!found) return Status(ErrorId::kDataCorrupt, "event " + std::to_string(seq) + " is missing from the log");
  return visit.row(seq, internal::view_of(value));
}

// In that order, until the visitor stops.
Status visit_seqs(const Database& database, const std::vector<Seq>& seqs, LogVisit& visit) {
  for (const Seq seq : seqs) {
    FORGE_ASSIGN(const bool more, visit_seq(database, seq, visit));
    if (!more) break;
  }
  return {};
}

Result<bool> visit_range(const Database& database, Seq from, Seq to, bool newest_first, LogVisit& visit) {
  const auto iterator = database.iterate(Table::kLog);
  iterator->Seek(log_key(newest_first ? to : from));
  while (iterator->Valid()) {
    const Seq seq = read_u64(iterator->key().data());
    if (seq < from || seq > to) break;
    FORGE_ASSIGN(const bool more, visit.row(seq, internal::view_of(iterator->value())));
    if (!more) return false;
    newest_first ? iterator->Prev() : iterator->Next();
  }
  FORGE_TRY(Database::check(*iterator, "reading the log"));
  return true;
}

// What the index names up to where it has come, and the log from there on; newest first it is the other way round.
Status visit_index(const Database& database, const internal::AuditLog& index, Seq from, Seq to, bool newest_first,
                   LogVisit& visit) {
  const Seq index_to = std::min(to, index.reaches_to());
  const Seq rest = std::max(from, index_to + 1);
  bool more = true;
  if (newest_first && rest <= to) {
    FORGE_ASSIGN(more, visit_range(database, rest, to, true, visit));
  }
  if (more && from <= index_to) {
    FORGE_TRY(index.each(from, index_to, newest_first, [&](Seq seq) -> Result<bool> {
      FORGE_ASSIGN(more, visit_seq(database, seq, visit));
      return more;
    }));
  }
  if (newest_first || !more || rest > to) return {};
  return visit_range(database, rest, to, false, visit).status();
}

// One record's events, by its versions.
Status visit_record(const Database& database, const View::State::Target& target, const LogQuery& query, Seq from, Seq to,
                    LogVisit& visit) {
  std::vector<Seq> seqs;
  FORGE_TRY(internal::each_version(database, *target.resource, target.key, to, [&](Seq seq, const VersionEntry&) -> Result<bool> {
    if (seq >= from) seqs.push_back(seq);
    return seq > from;
  }));
  if (!query.newest_first) std::reverse(seqs.begin(), seqs.end());
  return visit_seqs(database, seqs, visit);
}

// The events of a tag from `from` to `to`, in order.
Result<std::vector<Seq>> seqs_of_tag(const Database& database, std::string_view tag, Seq from, Seq to) {
  std::vector<Seq> seqs;
  std::string key;
  append_tag_key(tag, from, key);
  const std::string prefix = key.substr(0, key.size() - 8);
  const auto iterator = database.iterate(Table::kTags);
  for (iterator->Seek(key); iterator->Valid() && iterator->key().starts_with(prefix); iterator->Next()) {
    const Seq seq = read_u64(iterator->key().data() + prefix.size());
    if (iterator->key().size() != prefix.size() + 8 || seq > to) break;
    seqs.push_back(seq);
  }
  FORGE_TRY(Database::check(*iterator, "reading the tags"));
  return seqs;
}

Status visit_tag(const Database& database, const LogQuery& query, Seq from, Seq to, LogVisit& visit) {
  FORGE_ASSIGN(std::vector<Seq> seqs, seqs_of_tag(database, query.tag, from, to));
  if (query.newest_first) std::reverse(seqs.begin(), seqs.end());
  return visit_seqs(database, seqs, visit);
}

// By the narrowest way that there is.
Status walk(const View::State& state, const LogQuery& query, Seq from, Seq to, LogVisit& visit, ReadPlan& used) {
  const Database& database = *state.database;
  if (from > to) return {};
  if (!query.key.empty()) {
    FORGE_ASSIGN(const View::State::Target target, state.target(query.resource, query.key));
    used.index = "versions";
    return visit_record(database, target, query, from, to, visit);
  }
  if (!query.tag.empty()) {
    used.index = "tags";
    return visit_tag(database, query, from, to, visit);
  }
  FORGE_ASSIGN(const std::unique_ptr<internal::AuditLog> index,
               internal::AuditLog::open(database, state.store, *state.domain, query));
  if (index == nullptr) return visit_range(database, from, to, query.newest_first, visit).status();
  used.index = index->name();
  used.index_to = std::min(to, index->reaches_to());
  return visit_index(database, *index, from, to, query.newest_first, visit);
}

}  // namespace

Status View::log(const LogQuery& query, const std::function<bool(const Event&)>& visit, ReadPlan* plan) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  const Seq to = query.to == 0 ? state_->seq : std::min(query.to, state_->seq);
  const Seq from = std::max<Seq>(query.from, 1);
  if (!query.resource.empty()) FORGE_TRY(state_->domain->get_resource(query.resource).status());
  const Action* action = nullptr;
  if (!query.action.empty()) {
    FORGE_ASSIGN(action, state_->domain->get_action(query.action));
  }
  std::optional<internal::FieldName> field;
  if (!query.field.empty()) {
    FORGE_ASSIGN(field, internal::find_field(*state_->domain, query.field));
  }
  ReadPlan used{.index = "log"};
  LogVisit log_visit(query, LogFilter(query, action, field), *state_->catalog, visit);
  Status walked = walk(*state_, query, from, to, log_visit, used);
  used.entries_touched = log_visit.events_read();
  if (plan != nullptr) *plan = used;
  return walked;
}

}  // namespace forge
