#include "forge/store/view.h"

#include <algorithm>

#include "forge/events/key.h"
#include "log_reader.h"
#include "row_rules.h"
#include "view_state.h"

namespace forge {

using internal::AlignedBytes;
using internal::Database;
using internal::RecordState;

namespace {

Status no_record(const Resource& resource, std::string_view key) {
  const Result<std::string> text = key_text(resource, key);
  return Status(ErrorId::kRecordNotFound, "no " + resource.name + " '" + (text.ok() ? *text : std::string("?")) + "'");
}

// The evaluator of a list's `where`.
class Filter {
 public:
  static Result<Filter> make(const Resource& resource, const std::string& where) {
    Filter out;
    if (where.empty()) return out;
    Result<Expression> parsed =
        Expression::parse({.text = where, .file = "where", .positions = {}}, {.record = &resource.record, .now = false});
    if (!parsed.ok()) return parsed.status();
    if (parsed->type() != RuleType::kBool && parsed->type() != RuleType::kNull) {
      return Status(ErrorId::kFilterInvalid, "the filter must be a condition").why(where);
    }
    out.expression_ = *std::move(parsed);
    return out;
  }

  Result<bool> matches(const Record& record) {
    if (!expression_) return true;
    std::pmr::monotonic_buffer_resource memory(buffer_.data(), buffer_.size());
    return expression_->holds({.record = record.cells(), .arguments = {}, .actor_id = {}, .actor_role = {}, .now = {}}, memory);
  }

 private:
  std::optional<Expression> expression_;
  std::array<std::byte, 1024> buffer_;
};

}  // namespace

View::View(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Seq View::seq() const {
  return state_->seq;
}
std::shared_ptr<const Domain> View::domain() const {
  return state_->domain;
}

Result<View::State::Target> View::State::target(std::string_view resource_name, std::string_view key_as_text) const {
  Target out;
  FORGE_ASSIGN(out.resource, domain->get_resource(resource_name));
  FORGE_ASSIGN(out.key, encode_key(*out.resource, key_as_text));
  return out;
}

Result<Record> View::State::record_of(const Resource& resource, std::string_view key, RecordState found) const {
  return Record::make(domain, resource, key, found.version, found.seq, found.incarnation, std::move(found.bytes), found.size);
}

Result<Record> View::State::record_at(const Target& target, Seq at, ReadPlan* plan) const {
  internal::RecordReader reader(*database, at);
  std::uint64_t touched = 0;
  FORGE_ASSIGN(std::optional<RecordState> found, reader.find(*target.resource, target.key, touched));
  if (plan != nullptr) *plan = {.index = touched == 1 ? "current" : "versions", .entries_touched = touched};
  if (!found) return no_record(*target.resource, target.key);
  return record_of(*target.resource, target.key, *std::move(found));
}

Result<Record> View::get(std::string_view resource, std::string_view key, ReadPlan* plan) const {
  FORGE_ASSIGN(const State::Target target, state_->target(resource, key));
  return state_->record_at(target, state_->seq, plan);
}

Result<Record> View::get_version(std::string_view resource, std::string_view key, Version version) const {
  FORGE_ASSIGN(const State::Target target, state_->target(resource, key));
  std::optional<Seq> at;
  const Status walked = internal::each_version(*state_->database, *target.resource, target.key, state_->seq,
                                               [&](Seq seq, const VersionEntry& entry) -> Result<bool> {
                                                 if (entry.version == version) at = seq;
                                                 return entry.version > version;
                                               });
  FORGE_TRY(walked);
  if (!at) {
    return Status(ErrorId::kRecordNotFound,
                  target.resource->name + " '" + std::string(key) + "' has no version " + std::to_string(version))
        .remedy("see: forgectl history " + target.resource->name + " " + std::string(key));
  }
  return state_->record_at(target, *at, nullptr);
}

Status View::list(const ListQuery& query, const std::function<bool(const Record&)>& visit, ReadPlan* plan) const {
  FORGE_ASSIGN(const Resource* resource, state_->domain->get_resource(query.resource));
  FORGE_ASSIGN(Filter filter, Filter::make(*resource, query.where));
  std::string prefix, start;
  append_current_key(resource->number, {}, prefix);
  if (!query.key_prefix.empty()) prefix += query.key_prefix;
  start = prefix;
  if (!query.after_key.empty()) {
    FORGE_ASSIGN(const std::string after, encode_key(*resource, query.after_key));
    start.clear();
    append_current_key(resource->number, after, start);
    start.push_back('\0');
  }
  internal::RecordReader reader(*state_->database, state_->seq);
  std::uint64_t touched = 0;
  std::size_t visited = 0;
  const auto iterator = state_->database->iterate(Table::kCurrent);
  for (iterator->Seek(std::max(start, prefix)); iterator->Valid() && iterator->key().starts_with(prefix); iterator->Next()) {
    const std::string_view key = internal::view_of(iterator->key()).substr(2);
    FORGE_ASSIGN(std::optional<RecordState> found, reader.find(*resource, key, internal::view_of(iterator->value()), touched));
    if (!found) continue;
    FORGE_ASSIGN(const Record record, state_->record_of(*resource, key, *std::move(found)));
    FORGE_ASSIGN(const bool matches, filter.matches(record));
    if (!matches) continue;
    if (!visit(record) || ++visited == query.limit) break;
  }
  if (plan != nullptr) *plan = {.index = "current", .entries_touched = touched};
  return Database::check(*iterator, "listing " + resource->name);
}

Result<Event> View::event(Seq seq) const {
  if (seq == 0 || seq > state_->seq) {
    return Status(ErrorId::kEventNotFound, "there is no event " + std::to_string(seq))
        .why("the log reaches to " + std::to_string(state_->seq));
  }
  AlignedBytes bytes;
  FORGE_ASSIGN(const Envelope envelope, internal::read_event(*state_->database, seq, bytes));
  FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, internal::domain_of(*state_->catalog, envelope));
  return resolve_event(envelope, *domain);
}

Result<Hash> View::leaf(Seq seq) const {
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, state_->database->get(Table::kLog, log_key(seq), value));
  if (!found || seq > state_->seq) return Status(ErrorId::kEventNotFound, "there is no event " + std::to_string(seq));
  Hasher hasher;
  return hasher.leaf({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

}  // namespace forge
