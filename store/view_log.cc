// Reading the log. Filters look at the envelope before anything is resolved; one record's events are found through its versions,
// those of a tag through the table of tags.

#include <algorithm>

#include "event_matcher.h"
#include "forge/events/key.h"
#include "log_reader.h"
#include "view_state.h"

namespace forge {

using internal::AlignedBytes;
using internal::Database;

namespace {

class LogFilter {
 public:
  explicit LogFilter(const LogQuery& query)
      : query_(query), matcher_({.resource = query.resource, .types = types_of(query), .actor = query.actor}) {}

  bool matches(const Envelope& envelope, const Domain& domain) const {
    if (!query_.idempotency_key.empty() && envelope.idempotency_key != query_.idempotency_key) return false;
    if (!query_.correlation.empty() && !correlates(envelope)) return false;
    const auto& tags = envelope.tags;
    if (!query_.tag.empty() && std::find(tags.begin(), tags.end(), query_.tag) == tags.end()) return false;
    return matcher_.matches(envelope, domain);
  }

 private:
  static std::vector<std::string> types_of(const LogQuery& query) {
    return query.type.empty() ? std::vector<std::string>() : std::vector<std::string>{query.type};
  }
  bool correlates(const Envelope& envelope) const {
    return envelope.correlation.empty() ? envelope.transaction.to_string() == query_.correlation
                                        : envelope.correlation == query_.correlation;
  }

  const LogQuery& query_;
  internal::EventMatcher matcher_;
};

// Gives each matching event to the visitor until the limit.
class LogVisit {
 public:
  LogVisit(const LogQuery& query, const internal::Catalog& catalog, const std::function<bool(const Event&)>& visit)
      : query_(query), catalog_(catalog), filter_(query), visit_(visit) {}

  // False when the walk is over.
  Result<bool> row(Seq seq, std::string_view value) {
    FORGE_ASSIGN(const Envelope envelope, internal::decode_event(seq, value, bytes_));
    FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, internal::domain_of(catalog_, envelope));
    if (!filter_.matches(envelope, *domain)) return true;
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
};

Status visit_seqs(const Database& database, const std::vector<Seq>& seqs, LogVisit& visit) {
  rocksdb::PinnableSlice value;
  for (const Seq seq : seqs) {
    FORGE_ASSIGN(const bool found, database.get(Table::kLog, log_key(seq), value));
    if (!found) return Status(ErrorId::kDataCorrupt, "event " + std::to_string(seq) + " is missing from the log");
    FORGE_ASSIGN(const bool more, visit.row(seq, internal::view_of(value)));
    if (!more) return {};
  }
  return {};
}

Status visit_range(const Database& database, Seq from, Seq to, bool newest_first, LogVisit& visit) {
  const auto iterator = database.iterate(Table::kLog);
  iterator->Seek(log_key(newest_first ? to : from));
  while (iterator->Valid()) {
    const Seq seq = read_u64(iterator->key().data());
    if (seq < from || seq > to) break;
    FORGE_ASSIGN(const bool more, visit.row(seq, internal::view_of(iterator->value())));
    if (!more) break;
    newest_first ? iterator->Prev() : iterator->Next();
  }
  return Database::check(*iterator, "reading the log");
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

}  // namespace

Status View::log(const LogQuery& query, const std::function<bool(const Event&)>& visit) const {
  const Seq to = query.to == 0 ? state_->seq : std::min(query.to, state_->seq);
  const Seq from = std::max<Seq>(query.from, 1);
  if (!query.resource.empty()) FORGE_TRY(state_->domain->get_resource(query.resource).status());
  if (from > to) return {};
  LogVisit log_visit(query, *state_->catalog, visit);
  if (query.key.empty() && query.tag.empty()) return visit_range(*state_->database, from, to, query.newest_first, log_visit);
  std::vector<Seq> seqs;
  if (query.key.empty()) {
    FORGE_ASSIGN(seqs, seqs_of_tag(*state_->database, query.tag, from, to));
    if (query.newest_first) std::reverse(seqs.begin(), seqs.end());
    return visit_seqs(*state_->database, seqs, log_visit);
  }

  FORGE_ASSIGN(const State::Target target, state_->target(query.resource, query.key));
  const Status walked = internal::each_version(*state_->database, *target.resource, target.key, to,
                                               [&](Seq seq, const VersionEntry&) -> Result<bool> {
                                                 if (seq >= from) seqs.push_back(seq);
                                                 return seq > from;
                                               });
  FORGE_TRY(walked);
  if (!query.newest_first) std::reverse(seqs.begin(), seqs.end());
  return visit_seqs(*state_->database, seqs, log_visit);
}

}  // namespace forge
