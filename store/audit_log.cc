#include "audit_log.h"

#include <algorithm>

#include "field_name.h"
#include "forge/events/key.h"
#include "forge/projections/audit_index.h"

namespace forge::internal {
namespace {

struct Wanted {
  std::string name;
  std::string prefix;
};

// The narrowest comes first: what else the query asks for is looked at event by event. What the domain does not know, the index
// cannot name.
std::optional<Wanted> wanted_by(const Domain& domain, const LogQuery& query) {
  if (!query.correlation.empty()) return Wanted{"audit.correlation", audit_correlation_prefix(query.correlation)};
  if (!query.actor.empty()) return Wanted{"audit.actor", audit_actor_prefix(query.actor)};
  if (!query.field.empty()) {
    const Result<FieldName> field = find_field(domain, query.field);
    if (field.ok()) return Wanted{"audit.field", audit_field_prefix(field->resource, field->field)};
  }
  const Action* action = query.action.empty() ? nullptr : domain.find_action(query.action);
  if (action == nullptr) return std::nullopt;
  return Wanted{"audit.action", audit_action_prefix(action->number)};
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::open(const Database& database, const Uuid& store, const Domain& domain,
                                                 const LogQuery& query) {
  std::unique_ptr<AuditLog> out;
  std::optional<Wanted> wanted = wanted_by(domain, query);
  if (!wanted) return out;
  out.reset(new AuditLog(database, std::move(wanted->name), std::move(wanted->prefix)));
  rocksdb::PinnableSlice row;
  FORGE_ASSIGN(const bool found, database.get(Table::kCursors, checkpoint_key(kAuditIndex), row, out->snapshot_.snapshot()));
  const Result<Checkpoint> checkpoint =
      found ? read_checkpoint(kAuditIndex, view_of(row)) : Status(ErrorId::kProjectionNotFound, "there is none");
  const bool is_usable = checkpoint.ok() && checkpoint->store == store && checkpoint->skipped == 0 &&
                         checkpoint->code_version == audit_index().code_version;
  if (!is_usable) return std::unique_ptr<AuditLog>();
  out->prefix_.insert(0, space_key(checkpoint->space));
  out->reaches_to_ = checkpoint->seq;
  return out;
}

Status AuditLog::each(Seq from, Seq to, bool newest_first, const std::function<Result<bool>(Seq)>& visit) const {
  std::vector<Seq> seqs;
  const auto row = database_.iterate(Table::kRows, true, snapshot_.snapshot());
  std::string begin = prefix_;
  append_u64(begin, audit_block_of(newest_first ? to : from));
  newest_first ? row->SeekForPrev(begin) : row->Seek(begin);
  for (; row->Valid() && row->key().starts_with(prefix_); newest_first ? row->Prev() : row->Next()) {
    FORGE_TRY(read_audit_block(audit_block_of_key(view_of(row->key())), view_of(row->value()), seqs));
    if (seqs.back() < from || seqs.front() > to) {
      if (newest_first ? seqs.back() < from : seqs.front() > to) return {};
      continue;
    }
    if (newest_first) std::reverse(seqs.begin(), seqs.end());
    for (const Seq seq : seqs) {
      if (seq < from || seq > to) continue;
      FORGE_ASSIGN(const bool more, visit(seq));
      if (!more) return {};
    }
  }
  return Database::check(*row, "reading the audit index");
}

}  // namespace forge::internal
