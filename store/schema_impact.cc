#include "forge/store/schema_impact.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "forge/events/upcast.h"
#include "index_filling.h"
#include "store_state.h"
#include "upcast_filling.h"

namespace forge {
namespace {

// One change that is not compatible, with what it hits and how often that was found.
struct Hit {
  std::vector<ChangedData> data;
  SchemaImpact* impact = nullptr;
};

bool sets_value(const Event& event, const ChangedData& data) {
  if (data.field == nullptr) return true;
  const Value* const value = event.changes.find(data.field->name);
  if (data.value != nullptr) return value != nullptr && *value == Value(data.value->name);
  return value != nullptr || std::find(event.cleared.begin(), event.cleared.end(), data.field->name) != event.cleared.end();
}

bool is_hit(const Event& event, const ChangedData& data) {
  return event.resource == data.resource->name && sets_value(event, data);
}

bool is_hit(const Record& record, const ChangedData& data) {
  if (&record.resource() != data.resource) return false;
  if (data.field == nullptr) return true;
  const Cell& cell = record.cells()[data.field->id];
  return data.value == nullptr ? !cell.is_null() : cell.kind == Kind::kInt && cell.integer == data.value->value;
}

template <typename Found>
void count(std::vector<Hit>& hits, const Found& found, std::uint64_t SchemaImpact::*counter) {
  for (Hit& hit : hits) {
    const bool any = std::any_of(hit.data.begin(), hit.data.end(), [&](const ChangedData& data) { return is_hit(found, data); });
    if (any) ++(hit.impact->*counter);
  }
}

// That a record cannot be brought up, and not that it cannot be read.
bool is_of_record(const Status& failure) {
  constexpr std::array kOfRecords = {ErrorId::kUpcastFailed, ErrorId::kUniqueTaken, ErrorId::kReferenceMissing,
                                     ErrorId::kKeyInvalid, ErrorId::kRuleFailed};
  return std::find(kOfRecords.begin(), kOfRecords.end(), failure.id()) != kOfRecords.end();
}

Result<UpcastRefusal> try_upcast(const Store::State& state, const Resource& before, const Resource& next) {
  UpcastRefusal out{.resource = next.name, .records = 0, .first = {}};
  internal::UpcastFilling filling(*state.database, state.catalog, before, next);
  FORGE_TRY(internal::each_current(*state.database, next, [&](std::string_view key, std::string_view current) -> Status {
    Status taken = filling.take(key, current);
    if (taken.ok() || !is_of_record(taken)) return taken;
    if (out.records++ == 0) out.first = std::move(taken);
    return {};
  }));
  return out;
}

}  // namespace

Result<std::vector<UpcastRefusal>> refused_upcasts(const Store& store, std::vector<SourceFile> sources) {
  const Store::State& state = StoreAccess::state(store);
  const internal::Pass pass(*state.gate);
  if (!pass) return internal::closed_error();
  const std::shared_ptr<const Domain> before = state.catalog.current();
  const Domain::Outcome next = Domain::parse(std::move(sources), before->numbering());
  if (next.domain == nullptr) return next.errors.front();
  std::vector<UpcastRefusal> out;
  for (const Resource& resource : next.domain->resources()) {
    const Resource* known = before->find_resource(resource.name);
    if (known == nullptr || !needs_upcast(*known, resource)) continue;
    FORGE_ASSIGN(UpcastRefusal refusal, try_upcast(state, *known, resource));
    if (refusal.records > 0) out.push_back(std::move(refusal));
  }
  return out;
}

Result<std::vector<SchemaImpact>> impact_of(const View& view, std::span<const SchemaChange> changes) {
  std::vector<SchemaImpact> out(changes.size());
  const std::shared_ptr<const Domain> domain = view.domain();
  std::vector<Hit> hits;
  std::map<std::string, const Resource*> resources;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].safe) continue;
    hits.push_back({.data = data_of(*domain, changes[i]), .impact = &out[i]});
    for (const ChangedData& data : hits.back().data) resources.emplace(data.resource->name, data.resource);
  }
  if (resources.empty()) return out;
  FORGE_TRY(view.log({}, [&](const Event& event) {
    count(hits, event, &SchemaImpact::events);
    return true;
  }));
  for (const auto& [name, resource] : resources) {
    FORGE_TRY(view.list({.resource = name}, [&](const Record& record) {
      count(hits, record, &SchemaImpact::records);
      return true;
    }));
  }
  return out;
}

}  // namespace forge
