// The events of a tag are found in the table of tags, those of a record in its versions. Where an item has several tags, a seq goes
// from tag to tag, each moving it on to its own next event, until all of them stay: what only some of them have is passed over
// without being read. An item without tags has no index and reads the log.

#include "condition_search.h"

#include <memory>

#include "forge/events/event.h"
#include "forge/events/key.h"
#include "forge/projections/table_keys.h"
#include "log_reader.h"

namespace forge::internal {
namespace {

// The events that have one tag, in order.
class TagEvents {
 public:
  TagEvents(const Database& database, const ConditionTag& tag)
      : tag_(tag), rows_(database.iterate(tag.resource == 0 ? Table::kTags : Table::kVersions)) {}

  // The first one at or after `from`.
  Result<std::optional<Seq>> next(Seq from) {
    key_.clear();
    const bool is_record = tag_.resource != 0;
    if (is_record) {
      append_version_key(tag_.resource, tag_.key, from, key_);
      rows_->SeekForPrev(key_);  // newer versions come first
    } else {
      append_tag_key(tag_.text, from, key_);
      rows_->Seek(key_);
    }
    FORGE_TRY(Database::check(*rows_, "looking for the events of an append condition"));
    const std::string_view prefix(key_.data(), key_.size() - 8);
    if (!rows_->Valid() || !rows_->key().starts_with(slice_of(prefix)) || rows_->key().size() != key_.size()) {
      return std::optional<Seq>();
    }
    const std::uint64_t number = read_u64(rows_->key().data() + prefix.size());
    return std::optional<Seq>(is_record ? ~number : number);
  }

 private:
  const ConditionTag& tag_;
  std::unique_ptr<rocksdb::Iterator> rows_;
  std::string key_;
};

class ConditionSearch {
 public:
  ConditionSearch(const Database& database, const Catalog& catalog) : database_(database), catalog_(catalog) {}

  // The first event from `from` to `to` that the item wants.
  Result<std::optional<ConditionMatch>> find(const LogCondition::Item& item, Seq from, Seq to) {
    if (item.tags.empty()) return find_in_log(item, from, to);
    std::vector<TagEvents> tags;
    tags.reserve(item.tags.size());
    for (const ConditionTag& tag : item.tags) tags.emplace_back(database_, tag);
    while (from <= to) {
      FORGE_ASSIGN(const std::optional<Seq> common, next_common(tags, from));
      if (!common || *common > to) break;
      FORGE_ASSIGN(const Envelope envelope, read_event(database_, *common, bytes_));
      FORGE_ASSIGN(std::optional<ConditionMatch> match, compare(item, envelope));
      if (match) return match;
      from = *common + 1;
    }
    return std::optional<ConditionMatch>();
  }

 private:
  static Result<std::optional<Seq>> next_common(std::vector<TagEvents>& tags, Seq seq) {
    for (std::size_t agreed = 0, i = 0; agreed < tags.size(); i = (i + 1) % tags.size()) {
      FORGE_ASSIGN(const std::optional<Seq> next, tags[i].next(seq));
      if (!next) return next;
      agreed = *next == seq ? agreed + 1 : 1;
      seq = *next;
    }
    return std::optional<Seq>(seq);
  }

  Result<std::optional<ConditionMatch>> find_in_log(const LogCondition::Item& item, Seq from, Seq to) {
    if (from > to) return std::optional<ConditionMatch>();
    const auto rows = database_.iterate(Table::kLog);
    for (rows->Seek(log_key(from)); rows->Valid() && from <= to; rows->Next(), ++from) {
      FORGE_ASSIGN(const Envelope envelope, decode_event(from, view_of(rows->value()), bytes_));
      FORGE_ASSIGN(std::optional<ConditionMatch> match, compare(item, envelope));
      if (match) return match;
    }
    FORGE_TRY(Database::check(*rows, "reading the log"));
    return std::optional<ConditionMatch>();
  }

  // Of an event that has the item's tags.
  Result<std::optional<ConditionMatch>> compare(const LogCondition::Item& item, const Envelope& envelope) {
    FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, domain_of(catalog_, envelope));
    const Action* const action = domain->action(envelope.resource, envelope.action);
    if (envelope.resource != 0 && action == nullptr) {
      return Status(ErrorId::kDataCorrupt, "event " + std::to_string(envelope.seq) + " names an unknown action");
    }
    const std::string_view type = envelope.resource == 0 ? kEmptyTransactionType : std::string_view(action->event_type);
    if (!item.wants_type(type)) return std::optional<ConditionMatch>();
    return std::optional(ConditionMatch{.seq = envelope.seq, .event = name_of_event(envelope, *domain)});
  }

  const Database& database_;
  const Catalog& catalog_;
  AlignedBytes bytes_;
};

}  // namespace

Result<std::optional<ConditionMatch>> find_match(const Database& database, const Catalog& catalog, const LogCondition& condition,
                                                 Seq from, Seq to) {
  ConditionSearch search(database, catalog);
  std::optional<ConditionMatch> first;
  for (const LogCondition::Item& item : condition.items()) {
    FORGE_ASSIGN(std::optional<ConditionMatch> match, search.find(item, from, first ? first->seq - 1 : to));
    if (match) first = std::move(match);
  }
  return first;
}

}  // namespace forge::internal
