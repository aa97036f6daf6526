#include "forge/store/view.h"

#include <algorithm>

#include "forge/events/key.h"
#include "log_reader.h"
#include "view_state.h"

namespace forge {

using internal::AlignedBytes;
using internal::RecordState;

Status internal::no_record(const Resource& resource, std::string_view key) {
  const Result<std::string> text = key_text(resource, key);
  return Status(ErrorId::kRecordNotFound, "no " + resource.name + " '" + (text.ok() ? *text : std::string("?")) + "'");
}

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
  internal::RecordReader reader(*database, *catalog, at);
  std::uint64_t touched = 0;
  FORGE_ASSIGN(std::optional<RecordState> found, reader.find(*target.resource, target.key, touched));
  if (plan != nullptr) *plan = {.index = touched == 1 ? "current" : "versions", .entries_touched = touched};
  if (!found) return internal::no_record(*target.resource, target.key);
  return record_of(*target.resource, target.key, *std::move(found));
}

Result<Record> View::get(std::string_view resource, std::string_view key, ReadPlan* plan) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(const State::Target target, state_->target(resource, key));
  return state_->record_at(target, state_->seq, plan);
}

Result<Record> View::get_version(std::string_view resource, std::string_view key, Version version) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
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

Result<Event> View::event(Seq seq) const {
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
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
  const internal::Pass pass(*state_->gate);
  if (!pass) return internal::closed_error();
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, state_->database->get(Table::kLog, log_key(seq), value));
  if (!found || seq > state_->seq) return Status(ErrorId::kEventNotFound, "there is no event " + std::to_string(seq));
  Hasher hasher;
  return hasher.leaf({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

}  // namespace forge
