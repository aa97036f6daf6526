// Who set a field last, undone events aside: going back from the newest version, the first one that touched the field, unless it is
// an undo; that one only brought back what was there before the event it undid, so the search goes on before that event. An event
// stands where the search comes to it for each field that it changed. A version that makes or ends a record touches all fields,
// and the life of the record beside them. Computed fields follow from others and are nobody's.

#include "undo_plan.h"

#include <algorithm>

#include "forge/events/codec.h"
#include "forge/events/key.h"
#include "forge/events/upcast.h"
#include "log_reader.h"
#include "record_name.h"
#include "view_state.h"

namespace forge::internal {
namespace {

Status undo_refused(Seq seq, std::string why) {
  return Status(ErrorId::kUndoRefused, "event " + std::to_string(seq) + " cannot be undone").why(std::move(why));
}

}  // namespace

// Goes through the versions of a record, the newest first, down to the one that an event made.
class UndoPlanner::Walk {
 public:
  // What a later version's event is called in an error: "event 12 Order.resize (actor web, 2026-11-23T04:00:01Z)".
  struct LaterEvent {
    Seq seq = 0;
    std::string action, actor;
    Time at;

    std::string text() const {
      return "event " + std::to_string(seq) + " " + action + " (" + (actor.empty() ? "" : "actor " + actor + ", ") +
             format_time(at) + ")";
    }
  };

  Walk(const Catalog& catalog, const Resource& resource, Version target)
      : catalog_(catalog), resource_(resource), target_(target), life_(resource.record.fields.size()) {
    wanted_.assign(life_ + 1, false);
    reach_.assign(life_ + 1, kNoVersion);
    jumper_.resize(life_ + 1);
  }

  // What is searched for; `life()` is a field of its own.
  void want(std::size_t field) { wanted_[field] = true; }
  std::size_t life() const { return life_; }

  // One that is planned: newer than those in the log.
  void planned(const Planned& undo) {
    ++newest_;
    note_undone(undo.undoes, LaterEvent{});
    for (std::size_t field = 0; field <= life_; ++field) {
      if (wanted_[field] && undo.touched[field] && reach_[field] == kNoVersion) jump(field, undo.undone, LaterEvent{});
    }
  }

  // The version `entry`, and whether it made the record; `undoes` is the event that it takes back and the version which that made.
  void version(Seq seq, const VersionEntry& entry, bool makes, std::optional<std::pair<Seq, Version>> undoes) {
    const LaterEvent event{seq, action_name(entry), std::string(entry.actor), entry.recorded_at};
    if (undoes) note_undone(undoes->first, event, seq);
    const std::vector<std::uint16_t> upcast = upcast_of(entry);
    for (std::size_t field = 0; field <= life_; ++field) {
      const bool all = makes || entry.kind == EntryKind::kTombstone;
      const bool touched = all || (field < life_ && (has_field(entry.changed, field) || meets(upcast, field)));
      if (!wanted_[field] || !touched || entry.version > reach_[field]) continue;
      if (undoes) {
        jump(field, undoes->second, event);
      } else if (!conflict_) {
        conflict_ = event;
        conflict_field_ = field;
      }
    }
  }

  // Whether the undone event stands, once all versions after it were gone through.
  Status outcome(Seq seq, const std::string& record) const {
    if (const auto found = undone_.find(seq); found != undone_.end()) {
      const std::string by = found->second.seq == 0 ? "an undo of the same transaction" : found->second.text();
      return Status(ErrorId::kUndoneAlready, "event " + std::to_string(seq) + " is undone already").why("by " + by);
    }
    std::optional<LaterEvent> later = conflict_;
    std::size_t at = conflict_field_;
    for (std::size_t field = 0; !later && field <= life_; ++field) {
      if (!wanted_[field] || reach_[field] >= target_) continue;
      later = jumper_[field];
      at = field;
    }
    if (!later) return {};
    const std::string what = at == life_ ? "made or ended the record" : "changed " + resource_.record.fields[at].name + ", too";
    const std::string who = later->seq == 0 ? "an undo of the same transaction" : later->text();
    return Status(ErrorId::kUndoConflict, "event " + std::to_string(seq) + " cannot be undone: " + record + " was changed since")
        .why(who + " " + what)
        .remedy(later->seq == 0 ? "undo the events in reverse order"
                                : "undo event " + std::to_string(later->seq) + " first, or change the record by an action");
  }

  std::optional<Seq> undone_by(Seq seq) const {
    const auto found = undone_.find(seq);
    return found == undone_.end() ? std::nullopt : std::optional(found->second.seq);
  }

  Version target() const { return target_; }
  Version newest() const { return newest_; }  // planned ones are counted
  bool lives() const { return lives_; }
  void set_newest(const VersionEntry& entry) {
    newest_ += entry.version;
    lives_ = entry.kind != EntryKind::kTombstone;
  }

  bool is_found = false;  // the version that the event made

 private:
  static constexpr Version kNoVersion = UINT64_MAX;

  // An undo that was undone itself took nothing back. The later of two comes first.
  void note_undone(Seq undone, LaterEvent by, Seq self = 0) {
    if (self == 0 || !undone_.contains(self)) undone_.emplace(undone, std::move(by));
  }
  void jump(std::size_t field, Version undone, const LaterEvent& by) {
    reach_[field] = undone - 1;
    jumper_[field] = by;
  }
  std::string action_name(const VersionEntry& entry) const {
    const std::shared_ptr<const Domain> domain = catalog_.at(entry.schema_version);
    const Action* action = domain == nullptr ? nullptr : domain->action(resource_.number, entry.action);
    return action == nullptr ? "?" : action->name;
  }
  // What upcasts made of it since is its doing, too.
  std::vector<std::uint16_t> upcast_of(const VersionEntry& entry) const {
    if (resource_.upcasts.empty()) return {};
    const std::shared_ptr<const Domain> domain = catalog_.at(entry.schema_version);
    const Resource* stored = domain == nullptr ? nullptr : domain->resource(resource_.number);
    return stored == nullptr ? std::vector<std::uint16_t>() : upcast_fields(*stored, resource_);
  }
  static bool meets(const std::vector<std::uint16_t>& upcast, std::size_t field) {
    return std::find(upcast.begin(), upcast.end(), field) != upcast.end();
  }

  const Catalog& catalog_;
  const Resource& resource_;
  const Version target_;
  const std::size_t life_;
  std::vector<bool> wanted_;
  std::vector<Version> reach_;        // versions above it are passed over; by field
  std::vector<LaterEvent> jumper_;    // the undo that said so
  std::map<Seq, LaterEvent> undone_;  // by whom; seq 0: a planned one
  std::optional<LaterEvent> conflict_;
  std::size_t conflict_field_ = 0;
  Version newest_ = 0;
  bool lives_ = false;
};

UndoPlanner::UndoPlanner(const Database& database, const Catalog& catalog, std::shared_ptr<const Domain> domain, Seq head)
    : database_(database), catalog_(catalog), domain_(std::move(domain)), head_(head) {}

Result<Envelope> UndoPlanner::read(Seq seq, AlignedBytes& bytes) const {
  if (seq == 0 || seq > head_) {
    return Status(ErrorId::kEventNotFound, "there is no event " + std::to_string(seq))
        .why("the log reaches to " + std::to_string(head_));
  }
  return read_event(database_, seq, bytes);
}

Result<const Resource*> UndoPlanner::resource_of(const Envelope& envelope) const {
  if (envelope.resource == 0) return undo_refused(envelope.seq, "it changed nothing");
  const Resource* resource = domain_->resource(envelope.resource);
  if (resource == nullptr) return undo_refused(envelope.seq, "the schema in force does not have its resource");
  if (resource->undo_actions.empty()) {
    return undo_refused(envelope.seq, "it is of " + resource->name + ", which is one of Forge's own resources");
  }
  return resource;
}

// A version is gone through once the one before it tells whether it made the record.
Status UndoPlanner::go_through(Walk& walk, const Resource& resource, std::string_view key) {
  struct Kept {
    Seq seq = 0;
    std::string bytes;
    VersionEntry entry;
  };
  std::optional<Kept> last;
  AlignedBytes event_bytes, undone_bytes;
  const auto take = [&](bool makes) -> Status {
    if (last->entry.version == walk.target()) {
      walk.is_found = true;
      return {};
    }
    const std::shared_ptr<const Domain> domain = catalog_.at(last->entry.schema_version);
    const Action* action = domain == nullptr ? nullptr : domain->action(resource.number, last->entry.action);
    std::optional<std::pair<Seq, Version>> undoes;
    if (action != nullptr && action->undoes) {
      FORGE_ASSIGN(const Envelope event, read_event(database_, last->seq, event_bytes));
      FORGE_ASSIGN(const Envelope undone, read_event(database_, event.undoes.value_or(0), undone_bytes));
      undoes.emplace(undone.seq, undone.version);
    }
    walk.version(last->seq, last->entry, makes, undoes);
    return {};
  };
  const Status walked = each_version(database_, resource, key, head_, [&](Seq seq, const VersionEntry& entry) -> Result<bool> {
    if (!last) walk.set_newest(entry);
    const bool lived = entry.kind != EntryKind::kTombstone;
    if (last) FORGE_TRY(take(!lived && last->entry.kind != EntryKind::kTombstone));
    if (walk.is_found) return false;
    Kept kept{.seq = seq, .bytes = {}, .entry = entry};
    kept.bytes.append(entry.actor).append(entry.changed);
    last = std::move(kept);
    last->entry.actor = std::string_view(last->bytes).substr(0, entry.actor.size());
    last->entry.changed = std::string_view(last->bytes).substr(entry.actor.size());
    last->entry.record = {};
    return true;
  });
  FORGE_TRY(walked);
  if (last && !walk.is_found) FORGE_TRY(take(last->entry.kind != EntryKind::kTombstone));
  return {};
}

Result<std::shared_ptr<const UndoPlan>> UndoPlanner::plan(Seq seq, const std::optional<Version>& if_version) {
  AlignedBytes bytes;
  FORGE_ASSIGN(const Envelope event, read(seq, bytes));
  FORGE_ASSIGN(const Resource* resource, resource_of(event));
  const std::string record = name_of_record(*resource, event.key);
  auto plan = std::make_shared<UndoPlan>();
  plan->seq = seq;
  plan->domain = domain_;
  plan->key = std::string(event.key);
  FORGE_TRY(read_policies(event, *plan));

  RecordReader reader(database_, catalog_, seq - 1), later(database_, catalog_, seq);
  std::uint64_t touched = 0;
  FORGE_ASSIGN(std::optional<RecordState> before, reader.find(*resource, event.key, touched));
  FORGE_ASSIGN(const std::optional<RecordState> after, later.find(*resource, event.key, touched));
  Row after_row;
  if (before) {
    plan->before = *std::move(before);
    read_row(resource->record, plan->before.record(), plan->row);
  }
  const bool lived = plan->before.version != 0;
  if (after) read_row(resource->record, after->record(), after_row);

  Walk walk(catalog_, *resource, event.version);
  for (const Field& field : resource->record.fields) {
    if (resource->is_key(field.id) || field.computed) continue;
    const Cell was = field.id < plan->row.size() ? plan->row[field.id] : Cell();
    const Cell is = field.id < after_row.size() ? after_row[field.id] : Cell();
    const bool changed = !lived || !after || !same_value(field, was, is);
    if (!changed) continue;
    walk.want(field.id);
    if (lived) plan->fields.push_back(field.id);
  }
  walk.want(walk.life());
  std::vector<Planned>& planned = planned_[{resource->number, plan->key}];
  std::for_each(planned.rbegin(), planned.rend(), [&](const Planned& undo) { walk.planned(undo); });
  FORGE_TRY(go_through(walk, *resource, event.key));
  if (!walk.is_found) {
    return Status(ErrorId::kDataCorrupt, record + " lacks version " + std::to_string(event.version))
        .why("event " + std::to_string(seq) + " made it");
  }
  if (if_version && *if_version != (walk.lives() ? walk.newest() : 0)) {
    return Status(ErrorId::kVersionConflict,
                  record + " is at version " + std::to_string(walk.newest()) + ", not " + std::to_string(*if_version))
        .remedy("reload and retry");
  }
  FORGE_TRY(walk.outcome(seq, record));
  plan->at = walk.newest();
  plan->action = resource->undo_actions[!lived ? 0 : after ? 1 : 2];
  Planned undo{
      .undoes = seq, .undone = event.version, .touched = std::vector<bool>(resource->record.fields.size() + 1, !lived || !after)};
  for (const std::uint16_t field : plan->fields) undo.touched[field] = true;
  planned.push_back(std::move(undo));
  return std::shared_ptr<const UndoPlan>(std::move(plan));
}

// Those of the action that was issued once, also where what is taken back is itself an undo.
Status UndoPlanner::read_policies(const Envelope& undone, UndoPlan& plan) const {
  Seq root = undone.seq;
  FORGE_ASSIGN(Envelope event, read(root, plan.asked_event));
  while (event.undoes) {
    if (*event.undoes >= root) return Status(ErrorId::kDataCorrupt, "event " + std::to_string(root) + " undoes a later one");
    root = *event.undoes;
    FORGE_ASSIGN(event, read(root, plan.asked_event));
  }
  plan.asked = domain_->action(event.resource, event.action);
  if (plan.asked == nullptr) return undo_refused(undone.seq, "the schema in force does not have its action, nor who may undo it");
  const Action& action = *plan.asked;
  plan.asked_of_new = action.kind == ActionKind::kCreates;
  if (action.kind == ActionKind::kUpserts) {
    RecordReader reader(database_, catalog_, root - 1);
    std::uint64_t touched = 0;
    FORGE_ASSIGN(const std::optional<RecordState> before, reader.find(*action.resource, event.key, touched));
    plan.asked_of_new = !before.has_value();
  }
  plan.arguments.assign(action.arguments.fields.size(), Cell());
  if (event.has_arguments) {
    FORGE_TRY(verify_table(action.arguments, event.arguments));
    read_row(action.arguments, event.arguments, plan.arguments);
  } else if (!event.changes.empty()) {
    FORGE_TRY(verify_table(action.resource->record, event.changes));
    Row changes;
    read_row(action.resource->record, event.changes, changes);
    for (std::size_t i = 0; i < plan.arguments.size(); ++i) {
      if (const int field = action.field_of_argument[i]; field >= 0) plan.arguments[i] = changes[static_cast<std::size_t>(field)];
    }
  }
  return {};
}

Result<std::optional<Seq>> UndoPlanner::undone_by(Seq seq) {
  AlignedBytes bytes;
  FORGE_ASSIGN(const Envelope event, read(seq, bytes));
  const Resource* resource = domain_->resource(event.resource);
  if (resource == nullptr) return std::optional<Seq>();
  Walk walk(catalog_, *resource, event.version);
  FORGE_TRY(go_through(walk, *resource, event.key));
  return walk.undone_by(seq);
}

bool undoes_events(const std::vector<ActionRequest>& requests) {
  return std::any_of(requests.begin(), requests.end(), [](const ActionRequest& request) { return request.undoes.has_value(); });
}

Result<std::vector<ActionRequest>> with_whole_transactions(std::vector<ActionRequest> requests, const Database& database,
                                                           Seq head) {
  std::vector<ActionRequest> out;
  for (ActionRequest& request : requests) {
    const bool mixed =
        !request.action.empty() || !request.args.members().empty() || (request.undoes_transaction && request.if_version);
    if (request.undoes && mixed) return Status(ErrorId::kUsage, "a request that undoes an event has no action and no arguments");
    if (!request.undoes || !request.undoes_transaction || *request.undoes == 0 || *request.undoes > head) {
      out.push_back(std::move(request));
      continue;
    }
    AlignedBytes bytes;
    FORGE_ASSIGN(const Envelope named, read_event(database, *request.undoes, bytes));
    const Seq first = named.seq - named.place, last = first + named.count - 1;
    const std::size_t before = out.size();
    for (Seq seq = last; seq >= first; --seq) {
      FORGE_ASSIGN(const Envelope event, read_event(database, seq, bytes));
      const bool own = event.resource == 0 || Domain::system()->resource(event.resource) != nullptr;
      if (!own) out.push_back({.undoes = seq});
    }
    if (out.size() == before) return undo_refused(*request.undoes, "its transaction changed no record but Forge's own");
  }
  return out;
}

Status undo_after_action(Seq seq, const std::string& record) {
  return undo_refused(seq, "an action of the same transaction changes " + record + " before")
      .remedy("undo it before the action, or in a transaction of its own");
}

Status undo_outdated(Seq seq, const std::string& record) {
  return Status(ErrorId::kUndoConflict, "event " + std::to_string(seq) + " was not undone: " + record + " was changed meanwhile")
      .why("what the undo restores was read before")
      .remedy("retry");
}

}  // namespace forge::internal
