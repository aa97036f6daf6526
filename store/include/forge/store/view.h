#pragma once

// A View looks at the whole store as of one seq: cheap to make, consistent across resources, never blocked and never blocking.
// It holds no snapshot: versions are never changed, so the seq alone names what it sees, for ever. Every read verifies what it
// decodes. A View is safe to use from several threads. It may outlive its Store: once that is closed, every read fails with
// kClosed. A read that is under way, its visitor included, holds up the closing.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/event.h"
#include "forge/events/merkle.h"
#include "forge/events/rule.h"
#include "forge/events/status.h"
#include "forge/store/point.h"
#include "forge/store/record.h"
#include "forge/store/transaction.h"

namespace forge {

struct ListQuery {
  std::string resource = {};
  std::string where = {};       // a rule expression over the fields; empty: all
  std::string after_key = {};   // only keys after this one, as text; empty: from the first
  std::string key_prefix = {};  // only text keys that begin so
  std::size_t limit = 0;        // 0: no limit
  // Fields, each with '-' before it for descending: "qty,-sku"; empty: in the order of the keys, which also decides among equals.
  // NULL comes first. Needs a limit, at most kSortedMax, and no after_key: so many records are kept in memory, twice.
  std::string sort = {};
  static constexpr std::size_t kSortedMax = 10'000;
};

// Of a query that the schema declares.
struct QueryOptions {
  Actor actor = {};       // as policies and the filter see it
  std::size_t limit = 0;  // at most so many, and at most the query's own limit; 0: no other limit
  // By the store's clock, from the call to the last record: past it the query fails. And at most the query's own; 0: no other.
  std::chrono::microseconds timeout{0};
};

struct LogQuery {
  std::string type = {};      // a glob over event types; empty: all
  std::string resource = {};  // empty: all
  std::string key = {};       // with `resource`: one record
  std::string actor = {};
  std::string correlation = {};
  std::string action = {};  // "Order.place"; empty: all
  std::string field = {};   // "Order.qty": only events that set or cleared it; empty: all
  std::string idempotency_key = {};
  std::string tag = {};  // "sku=tea"; empty: all
  Seq from = 1;          // the first seq looked at
  Seq to = 0;            // the last; 0: the view's
  bool newest_first = false;
  std::size_t limit = 0;
};

// One version of a record, from the record's own history alone.
struct VersionRow {
  Version version = 0;
  Seq seq = 0;
  Time recorded_at;
  std::uint32_t incarnation = 0;
  bool deleted = false;
  std::string action;
  std::string actor;
  struct Change {
    std::string field;
    Value before;  // null for the first version of an incarnation
    Value after;
  };
  std::vector<Change> changes;  // in declared order; empty where nothing changed
};

struct FieldBlame {
  std::string field;
  Value value;
  Value before;  // what the field held before that event; null at first
  Version version = 0;
  Seq seq = 0;
  Time recorded_at;
  std::string action;
  std::string actor;
};

// Of one store, what became of a record; the last two of two stores, where nothing came before the other.
enum class DiffKind : std::uint8_t { kCreated, kChanged, kDestroyed, kRecreated, kOnlyHere, kOnlyThere };
std::string_view name_of(DiffKind kind);  // "created", "only_here"

struct RecordDiff {
  std::string resource;
  std::string key;
  DiffKind kind = DiffKind::kChanged;
  std::optional<Version> before;  // absent: no record there
  std::optional<Version> after;
  std::vector<VersionRow::Change> changes;
};

// How records or events were found and how much was touched for it: what `explain` prints and tests hold.
struct ReadPlan {
  std::string index = {};             // "current", "versions", "Order.by_sku"; of the log also "log", "tags", "audit.actor", …
  std::uint64_t entries_touched = 0;  // rows of the store looked at; of the log: events that were read
  std::string reason = {};            // what of the filter the index answers, or why an index was not used; may be empty
  Seq index_to = 0;                   // of an audit index: the log was read from the event after it
};

class View {
 public:
  Seq seq() const;
  // The domain in force at this point.
  std::shared_ptr<const Domain> domain() const;

  // `key`, here and below, is as people write it: "o-1", "o-1,2" (forge/events/key.h). `plan`, when given, is filled.
  // Errors: kUnknownResource, kKeyInvalid, kRecordNotFound, kUpcastFailed, kDataCorrupt.
  Result<Record> get(std::string_view resource, std::string_view key, ReadPlan* plan = nullptr) const;
  // The record at that version, which must be at or before this point. Errors: as get, and kRecordNotFound when it has no such
  // version.
  Result<Record> get_version(std::string_view resource, std::string_view key, Version version) const;
  // Records in key order until `visit` returns false. An index that begins with fields which `where` compares with constants is
  // used where what it says holds at this point; the answer is the same without it. Errors: kUnknownResource, kFilterInvalid, also
  // for a filter over a secret field, kRuleFailed, kUpcastFailed, kDataCorrupt.
  Status list(const ListQuery& query, const std::function<bool(const Record&)>& visit, ReadPlan* plan = nullptr) const;
  // Answers a query of the schema, an action that reads: "Order.open". Query, fields and policies are those of the schema in force
  // today, the records those of this point; they come in the query's order until `visit` returns false. Without an order they come
  // as they are found; with one they are held in memory first, at most twice the limit. An index serves as in list(), also by the
  // values of arguments. Errors: kUnknownAction, kActionReads where it is no query, kUnknownField, kArgument…, kPatternMismatch,
  // kPolicyDenied, kDeadlinePassed (some records may have been visited), kRuleFailed, kUpcastFailed, kDataCorrupt.
  Status query(std::string_view name, const Args& args, const QueryOptions& options,
               const std::function<bool(const Record&)>& visit, ReadPlan* plan = nullptr) const;
  // All versions as this view's schema has them, oldest first, over every incarnation. Errors: as get.
  Result<std::vector<VersionRow>> history(std::string_view resource, std::string_view key) const;
  // Who set each field of the record last, in declared order; incarnations are not crossed. Errors: as get.
  Result<std::vector<FieldBlame>> blame(std::string_view resource, std::string_view key) const;

  // One event. Errors: kEventNotFound, kDataCorrupt.
  Result<Event> event(Seq seq) const;
  // The event that took it back, and has not been taken back itself; nothing where it stands. Errors: as event.
  Result<std::optional<Seq>> undone_by(Seq seq) const;
  // The leaf hash of that event in the tree. Errors: as event.
  Result<Hash> leaf(Seq seq) const;
  // Events in seq order until `visit` returns false. Where the store has the audit index (forge/projections/audit_index.h), a query
  // for an actor, a correlation, an action or a field reads only what that names, as far as it has come, and the log from there;
  // the answer is the same. `plan`, when given, is filled. Errors: kUnknownResource, kUnknownAction, kUnknownField, kDataCorrupt.
  Status log(const LogQuery& query, const std::function<bool(const Event&)>& visit, ReadPlan* plan = nullptr) const;

  // What differs from `before` to this view: of one record (nothing when equal), or of all, in order of resource and key, until
  // `visit` returns false. `before.seq()` must not be above this one. Errors: as get, kRangeReversed.
  Result<std::optional<RecordDiff>> diff(const View& before, std::string_view resource, std::string_view key) const;
  Status diff_all(const View& before, std::string_view resource, const std::function<bool(const RecordDiff&)>& visit) const;

  struct State;  // internal

 private:
  friend class Store;
  explicit View(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

// The same between two stores, such as a fork and its origin: living records by name of the resource and key, fields by name. Seqs,
// versions and incarnations are each store's own and are not compared. A record that only `before` has is kOnlyThere, whether the
// other destroyed it or never had it; one that only `after` has is kOnlyHere. In order of resource name and key, until `visit`
// returns false; memory does not grow with the stores. An empty `resource` means all but Forge's own. Errors: kUnknownResource
// where neither has it, kDataCorrupt.
Status diff_stores(const View& before, const View& after, std::string_view resource,
                   const std::function<bool(const RecordDiff&)>& visit);

}  // namespace forge
