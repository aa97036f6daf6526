#include "comparison.h"

#include <algorithm>

#include "forge/events/json.h"

namespace forge::model {
namespace {

std::string name_of(const RecordName& name) {
  return name.resource + " '" + name.key + "'";
}

// "E3004 no Account 'a'", or "success".
std::string said(const Status& status) {
  return status.ok() ? "success" : status.message();
}

Fields fields_of(const Object& object) {
  Fields out;
  for (const auto& [name, value] : object.members()) out[name] = value;
  return out;
}

std::string shown(const Fields& fields) {
  Object object;
  for (const auto& [name, value] : fields) object.add(name, value);
  return to_json(object);
}

std::string shown(const std::vector<VersionRow::Change>& changes) {
  std::string out;
  for (const VersionRow::Change& change : changes) {
    out += (out.empty() ? "" : ", ") + change.field + " " + to_json(change.before) + " -> " + to_json(change.after);
  }
  return "[" + out + "]";
}

std::string shown(const VersionRow& row) {
  return "version " + std::to_string(row.version) + " seq " + std::to_string(row.seq) + " at " + format_time(row.recorded_at) +
         " incarnation " + std::to_string(row.incarnation) + (row.deleted ? " deleted " : " ") + row.action + " by " + row.actor +
         " " + shown(row.changes);
}

std::string shown(const FieldBlame& blame) {
  return blame.field + " = " + to_json(blame.value) + ", before " + to_json(blame.before) + ", version " +
         std::to_string(blame.version) + " seq " + std::to_string(blame.seq) + " at " + format_time(blame.recorded_at) + " " +
         blame.action + " by " + blame.actor;
}

std::string shown(const std::optional<RecordDiff>& diff) {
  if (!diff) return "nothing";
  return std::string(name_of(diff->kind)) + " " + diff->resource + " '" + diff->key + "' " +
         std::to_string(diff->before.value_or(0)) + " -> " + std::to_string(diff->after.value_or(0)) + " " + shown(diff->changes);
}

template <typename T>
std::string shown(const std::vector<T>& all) {
  std::string out;
  for (const T& one : all) out += "\n      " + shown(one);
  return out;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t skip = 0; skip <= text.size(); ++skip) {
      if (glob_matches(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         glob_matches(pattern.substr(1), text.substr(1));
}

bool matches(const LogQuery& query, const ModelEvent& event) {
  const std::string& given = event.options.correlation;
  return (query.type.empty() || glob_matches(query.type, event.type)) &&
         (query.resource.empty() || query.resource == event.record.resource) &&
         (query.key.empty() || query.key == event.record.key) && (query.actor.empty() || query.actor == event.options.actor.id) &&
         (query.correlation.empty() || query.correlation == (given.empty() ? event.transaction.to_string() : given)) &&
         (query.idempotency_key.empty() || query.idempotency_key == event.options.idempotency_key);
}

Fields metadata_of(const ActOptions& options) {
  Fields out;
  if (!options.reason.empty()) out["reason"] = options.reason;
  if (!options.actor.role.empty()) out["role"] = options.actor.role;
  return out;
}

}  // namespace

Comparison::Comparison(const Store& store, ModelLog& log, std::vector<const Model*> models, Time clock, bool writable, Dice& dice)
    : store_(store), log_(log), models_(std::move(models)), clock_(clock), writable_(writable), dice_(dice), first_(log.base + 1) {}

void Comparison::note(const std::string& what) {
  if (difference_.empty()) difference_ = context_ + ": " + what;
}

View Comparison::view(Seq seq) {
  Result<View> found = store_.as_of(seq);
  expect(found.ok(), [&] { return "as_of " + std::to_string(seq) + " gives " + said(found.status()); });
  return found.ok() ? *std::move(found) : store_.view();
}

Seq Comparison::random_seq() {
  return first_ - 1 + dice_.below(log_.head - first_ + 2);
}

// --- one record ----------------------------------------------------------------------------------------------------------------

void Comparison::fields(const ResourceModel& resource, const Record& found, const Standing& expected) {
  expect(found.version() == expected.version && found.seq() == expected.seq && found.incarnation() == expected.incarnation, [&] {
    return "it is version " + std::to_string(found.version()) + ", seq " + std::to_string(found.seq()) + ", incarnation " +
           std::to_string(found.incarnation()) + ", not " + std::to_string(expected.version) + ", " + std::to_string(expected.seq) +
           ", " + std::to_string(expected.incarnation);
  });
  for (const FieldModel& field : resource.fields) {
    const Value is = found[field.name], wanted = value_of(*expected.fields, field.name);
    expect(is == wanted, [&] { return field.name + " is " + to_json(is) + ", not " + to_json(wanted); });
  }
  const Value key = found[resource.key];
  expect((resource.key_is_int ? std::to_string(key.as_int()) : key.as_text()) == found.key(),
         [&] { return "its key field differs"; });
}

void Comparison::record(const Model& model, const View& view, const RecordName& name) {
  context_ = name_of(name) + " as of " + std::to_string(view.seq());
  const std::optional<Standing> expected = model.living(name, view.seq());
  const Result<Record> found = view.get(name.resource, name.key);
  if (!expected) {
    return expect(found.status().id() == ErrorId::kRecordNotFound,
                  [&] { return "no record expected, got " + said(found.status()); });
  }
  expect(found.ok(), [&] { return "a record expected, got " + said(found.status()); });
  if (found.ok()) fields(*find_resource(name.resource), *found, *expected);
}

void Comparison::versions(const Model& model, const View& view, const RecordName& name) {
  const std::vector<Standing> all = model.standings(name, view.seq());
  for (Version version = 0; version <= all.size() + 1; ++version) {
    context_ = name_of(name) + " version " + std::to_string(version) + " as of " + std::to_string(view.seq());
    const bool lives = version > 0 && version <= all.size() && all[version - 1].fields;
    const Result<Record> found = view.get_version(name.resource, name.key, version);
    expect(lives ? found.ok() : found.status().id() == ErrorId::kRecordNotFound, [&] { return "got " + said(found.status()); });
    if (lives && found.ok()) fields(*find_resource(name.resource), *found, all[version - 1]);
  }
}

void Comparison::history(const Model& model, const View& view, const RecordName& name) {
  context_ = "history of " + name_of(name) + " as of " + std::to_string(view.seq());
  const std::vector<VersionRow> expected = model.history(name, view.seq());
  const Result<std::vector<VersionRow>> found = view.history(name.resource, name.key);
  if (expected.empty()) {
    return expect(found.status().id() == ErrorId::kRecordNotFound, [&] { return "nothing expected, got " + said(found.status()); });
  }
  expect(found.ok(), [&] { return said(found.status()); });
  if (found.ok()) expect(shown(*found) == shown(expected), [&] { return "got" + shown(*found) + "\n    not" + shown(expected); });
}

void Comparison::blame(const Model& model, const View& view, const RecordName& name) {
  context_ = "blame of " + name_of(name) + " as of " + std::to_string(view.seq());
  const std::vector<FieldBlame> expected = model.blame(name, view.seq());
  const Result<std::vector<FieldBlame>> found = view.blame(name.resource, name.key);
  if (expected.empty()) {
    return expect(found.status().id() == ErrorId::kRecordNotFound, [&] { return "nothing expected, got " + said(found.status()); });
  }
  expect(found.ok(), [&] { return said(found.status()); });
  if (found.ok()) expect(shown(*found) == shown(expected), [&] { return "got" + shown(*found) + "\n    not" + shown(expected); });
}

void Comparison::diffs(const Model& model, const RecordName& name) {
  const Seq one = random_seq(), other = random_seq();
  const Seq before = std::min(one, other), after = std::max(one, other);
  context_ = "diff of " + name_of(name) + " from " + std::to_string(before) + " to " + std::to_string(after);
  const Result<std::optional<RecordDiff>> found = view(after).diff(view(before), name.resource, name.key);
  expect(found.ok(), [&] { return said(found.status()); });
  if (!found.ok()) return;
  const std::string expected = shown(model.diff(name, before, after));
  expect(shown(*found) == expected, [&] { return "got " + shown(*found) + "\n    not " + expected; });
  if (before == after) return;
  const Status reversed = view(before).diff(view(after), name.resource, name.key).status();
  expect(reversed.id() == ErrorId::kRangeReversed, [&] { return "reversed: got " + said(reversed); });
}

// --- one model -----------------------------------------------------------------------------------------------------------------

void Comparison::current(const Model& model, const std::set<RecordName>& records) {
  const View now = view(log_.head);
  expect(store_.head() == log_.head,
         [&] { return "the head is " + std::to_string(store_.head()) + ", not " + std::to_string(log_.head); });
  for (const RecordName& name : records) record(model, now, name);
}

void Comparison::model(const Model& model, const std::string& actor, const std::string& key_prefix) {
  slices(model);
  times(model);
  const View now = view(log_.head), then = view(random_seq());
  for (const RecordName& name : model.records()) {
    for (const View* at : {&now, &then}) {
      versions(model, *at, name);
      history(model, *at, name);
      blame(model, *at, name);
    }
    diffs(model, name);
    log(now, {.resource = name.resource, .key = name.key});
    log(then,
        {.resource = name.resource, .key = name.key, .from = random_seq(), .newest_first = true, .limit = 1 + dice_.below(5)});
  }
  logs(model, actor);
  listings(now, key_prefix);
  listings(then, key_prefix);
}

// Every record just before, at and just after each of the model's events.
void Comparison::slices(const Model& model) {
  std::set<Seq> boundaries;
  for (const ModelEvent* event : model.events()) {
    for (const Seq seq : {event->seq - 1, event->seq, event->seq + 1}) boundaries.insert(std::min(seq, log_.head));
  }
  const std::set<RecordName> records = model.records();
  for (const Seq seq : boundaries) {
    const View at = view(seq);
    for (const RecordName& name : records) record(model, at, name);
  }
  const Status past = store_.as_of(log_.head + 1).status();
  expect(past.id() == ErrorId::kTimeInFuture, [&] { return "as of a seq past the head: " + said(past); });
}

// Every commit time of the model, a microsecond before it and one after.
void Comparison::times(const Model& model) {
  for (const ModelEvent* event : model.events()) {
    if (event->place != 0) continue;
    for (const std::int64_t step : {-1, 0, 1}) {
      const Time time{event->recorded_at.micros + step};
      if (!writable_ && time > std::max(clock_, log_.head_time)) continue;
      context_ = "as of " + format_time(time);
      const std::optional<Seq> expected = log_.resolve(time, clock_);
      const Result<Resolved> found = store_.resolve(time);
      if (!expected) {
        expect(found.status().id() == ErrorId::kTimeInFuture, [&] { return "the future expected, got " + said(found.status()); });
        continue;
      }
      expect(found.ok(), [&] { return said(found.status()); });
      if (!found.ok()) return;
      expect(found->seq == *expected, [&] { return "event " + std::to_string(found->seq) + ", not " + std::to_string(*expected); });
      expect(found->final == (writable_ || time < log_.head_time), [&] { return "final is " + std::to_string(found->final); });
      if (event->record.resource.empty()) continue;
      const Result<View> at = store_.as_of(Point(time));
      if (at.ok()) record(model, *at, event->record);
    }
  }
}

void Comparison::logs(const Model& model, const std::string& actor) {
  const View now = view(log_.head);
  log(now, {.actor = actor});
  log(view(random_seq()), {.type = dice_.pick({"Account.*", "*.opened", "*.t?ke?", "Item.grow", "_*", "*"}),
                           .from = random_seq(),
                           .to = random_seq(),
                           .newest_first = dice_.chance(50),
                           .limit = dice_.below(8)});
  if (model.events().empty()) return;
  const ModelEvent& event = *dice_.pick(model.events());
  log(now, {.correlation = event.options.correlation.empty() ? event.transaction.to_string() : event.options.correlation,
            .from = first_});
  if (!event.options.idempotency_key.empty()) log(now, {.idempotency_key = event.options.idempotency_key, .from = first_});
  log(now, {.resource = dice_.pick({"Account", "Item", "_bookmark"}), .from = event.seq});
}

// --- the log -------------------------------------------------------------------------------------------------------------------

void Comparison::event(const Event& found, const ModelEvent& expected) {
  context_ = "event " + std::to_string(expected.seq) + " (" + found.to_json() + ")";
  const ActOptions& options = expected.options;
  const std::string correlation = options.correlation.empty() ? expected.transaction.to_string() : options.correlation;
  const auto same = [&](bool holds, const char* what) { expect(holds, [&] { return std::string(what) + " differs"; }); };
  same(found.seq == expected.seq, "seq");
  same(found.type == expected.type && found.action == expected.action, "type or action");
  same(found.resource == expected.record.resource && found.key == expected.record.key, "the record");
  same(found.version == expected.version && found.incarnation == expected.incarnation, "version or incarnation");
  same(found.recorded_at == expected.recorded_at, "recorded_at");
  same(found.raw_clock == expected.raw_clock, "raw_clock");
  same(found.transaction == expected.transaction, "transaction");
  same(found.place == expected.place && found.count == expected.count, "the place in the transaction");
  same(found.actor == options.actor.id, "actor");
  same(found.idempotency_key == options.idempotency_key, "idempotency_key");
  same(found.occurred_at == options.occurred_at, "occurred_at");
  same(found.correlation == correlation, "correlation");
  same(found.causation == options.causation && found.hops_left == options.hops_left, "causation or hops_left");
  same(fields_of(found.metadata) == metadata_of(options), "metadata");
  expect(fields_of(found.arguments) == expected.arguments, [&] { return "arguments are not " + shown(expected.arguments); });
  expect(fields_of(found.changes) == expected.changes, [&] { return "changes are not " + shown(expected.changes); });
  same(found.cleared == expected.cleared, "cleared");
}

void Comparison::log(const View& view, const LogQuery& query) {
  std::vector<Event> found;
  const Status status = view.log(query, [&](const Event& one) {
    if (one.seq >= first_) found.push_back(one);
    return true;
  });
  const std::string asked = "log of type '" + query.type + "' resource '" + query.resource + "' key '" + query.key + "' actor '" +
                            query.actor + "' correlation '" + query.correlation + "' idempotency key '" + query.idempotency_key +
                            "' from " + std::to_string(query.from) + " to " + std::to_string(query.to) +
                            (query.newest_first ? " newest first" : "") + " limit " + std::to_string(query.limit) + " as of " +
                            std::to_string(view.seq());
  context_ = asked;
  expect(status.ok(), [&] { return said(status); });
  std::vector<const ModelEvent*> expected;
  const Seq last = query.to == 0 ? view.seq() : std::min(query.to, view.seq());
  for (const auto& [seq, one] : log_.events) {
    if (seq >= query.from && seq <= last && matches(query, one)) expected.push_back(&one);
  }
  if (query.newest_first) std::reverse(expected.begin(), expected.end());
  if (query.limit != 0 && expected.size() > query.limit) expected.resize(query.limit);
  if (query.limit != 0 && query.from < first_ && !query.newest_first) return;  // events that no model knows count, too
  expect(found.size() == expected.size(),
         [&] { return std::to_string(found.size()) + " events, not " + std::to_string(expected.size()); });
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    context_ = asked;
    event(found[i], *expected[i]);
  }
}

// --- what crosses models -------------------------------------------------------------------------------------------------------

std::vector<std::pair<RecordName, const Model*>> Comparison::in_key_order(const std::string& resource) const {
  std::vector<std::pair<RecordName, const Model*>> out;
  for (const Model* model : models_) {
    for (const RecordName& name : model->records()) {
      if (name.resource == resource) out.emplace_back(name, model);
    }
  }
  const bool by_number = find_resource(resource)->key_is_int;
  std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) {
    return by_number ? std::stoll(a.first.key) < std::stoll(b.first.key) : a.first.key < b.first.key;
  });
  return out;
}

void Comparison::listing(const View& view, const ListQuery& query, bool (*matches)(const Fields&)) {
  context_ = "list of " + query.resource + " where '" + query.where + "' after '" + query.after_key + "' prefix '" +
             query.key_prefix + "' limit " + std::to_string(query.limit) + " as of " + std::to_string(view.seq());
  std::vector<Record> found;
  const Status status = view.list(query, [&](const Record& record) { return found.push_back(record), true; });
  expect(status.ok(), [&] { return said(status); });
  const bool by_number = find_resource(query.resource)->key_is_int;
  std::size_t count = 0;
  for (const auto& [name, model] : in_key_order(query.resource)) {
    const std::string& after = query.after_key;
    if (!after.empty() && (by_number ? std::stoll(name.key) <= std::stoll(after) : name.key <= after)) continue;
    if (!name.key.starts_with(query.key_prefix)) continue;
    const std::optional<Standing> expected = model->living(name, view.seq());
    if (!expected || !matches(*expected->fields)) continue;
    expect(count < found.size() && found[count].key() == name.key,
           [&] { return "place " + std::to_string(count) + " is not '" + name.key + "'"; });
    if (count >= found.size()) return;
    fields(*find_resource(query.resource), found[count], *expected);
    if (++count == query.limit) break;
  }
  expect(count == found.size(), [&] { return std::to_string(found.size()) + " records, not " + std::to_string(count); });
}

void Comparison::listings(const View& view, const std::string& key_prefix) {
  listing(view, {.resource = "Account", .where = "balance > 5 and tier <> 'Basic'", .key_prefix = key_prefix},
          [](const Fields& one) { return value_of(one, "balance").as_int() > 5 && value_of(one, "tier").as_text() != "Basic"; });
}

void Comparison::whole_diff(Seq before, Seq after) {
  std::vector<RecordDiff> found;
  const Status status = view(after).diff_all(view(before), "", [&](const RecordDiff& diff) { return found.push_back(diff), true; });
  context_ = "diff of everything from " + std::to_string(before) + " to " + std::to_string(after);
  expect(status.ok(), [&] { return said(status); });
  std::vector<RecordDiff> expected;
  for (const char* resource : {"Account", "Item"}) {
    for (const auto& [name, model] : in_key_order(resource)) {
      if (std::optional<RecordDiff> diff = model->diff(name, before, after)) expected.push_back(*std::move(diff));
    }
  }
  expect(found.size() == expected.size(),
         [&] { return std::to_string(found.size()) + " diffs, not " + std::to_string(expected.size()); });
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    expect(shown(found[i]) == shown(expected[i]), [&] { return "got " + shown(found[i]) + "\n    not " + shown(expected[i]); });
  }
}

void Comparison::whole() {
  const View now = view(log_.head), then = view(random_seq());
  log(now, {.from = first_});
  log(now, {.from = first_, .newest_first = true, .limit = 1 + dice_.below(50)});
  for (const View* at : {&now, &then}) {
    const auto all = [](const Fields&) { return true; };
    listing(*at, {.resource = "Account"}, all);
    listing(*at, {.resource = "Item"}, all);
    listing(*at, {.resource = "_bookmark"}, all);
    listing(*at, {.resource = "Item", .where = "slot is null or left in (0, 3)", .limit = 1 + dice_.below(5)},
            [](const Fields& one) {
              const std::int64_t left = value_of(one, "left").as_int();
              return value_of(one, "slot").is_null() || left == 0 || left == 3;
            });
    listing(*at, {.resource = "Account", .where = "note like 'a%' or open and score >= 2"}, [](const Fields& one) {
      const Value note = value_of(one, "note"), score = value_of(one, "score");
      const bool like = !note.is_null() && !note.as_text().empty() && (note.as_text()[0] == 'a' || note.as_text()[0] == 'A');
      return like || (value_of(one, "open").as_bool() && !score.is_null() && score.as_int() >= 2);
    });
    for (const char* resource : {"Account", "Item"}) {
      const auto keys = in_key_order(resource);
      if (keys.empty()) continue;
      listing(*at, {.resource = resource, .after_key = keys[dice_.below(keys.size())].first.key, .limit = dice_.below(4)}, all);
    }
  }
  for (int i = 0; i < 3; ++i) {
    const Seq one = random_seq(), other = random_seq();
    whole_diff(std::min(one, other), std::max(one, other));
  }
}

void Comparison::receipt(const Prediction& expected, const Result<TransactionReceipt>& answer) {
  context_ = "the answer";
  if (expected.error != ErrorId::kNone) {
    return expect(answer.status().id() == expected.error, [&] {
      return "it should be refused with " + std::string(info_of(expected.error).name) + ", got " + said(answer.status());
    });
  }
  expect(answer.ok(), [&] { return "it should be accepted, got " + said(answer.status()); });
  if (!answer.ok()) return;
  const ModelEvent &first = expected.events.front(), &last = expected.events.back();
  const auto same = [&](bool holds, const char* what) { expect(holds, [&] { return std::string(what) + " differs"; }); };
  same(answer->replayed == expected.replayed, "replayed");
  same(answer->first_seq == first.seq && answer->last_seq == last.seq, "first_seq or last_seq");
  expect(answer->recorded_at == first.recorded_at,
         [&] { return "recorded at " + format_time(answer->recorded_at) + ", not " + format_time(first.recorded_at); });
  same(!expected.replayed || answer->transaction == first.transaction, "transaction");
  same(answer->actions.size() == (first.record.resource.empty() ? 0 : expected.events.size()), "the number of actions");
  for (std::size_t i = 0; i < answer->actions.size() && difference_.empty(); ++i) {
    const ActionReceipt& action = answer->actions[i];
    const ModelEvent& event = expected.events[i];
    same(action.resource == event.record.resource && (event.record.key.empty() || action.key == event.record.key),
         "an action's record");
    same(!action.key.empty() && action.version == event.version && action.seq == event.seq && action.type == event.type,
         "an action's result");
  }
}

}  // namespace forge::model
