#include "forge/store/schema_impact.h"

#include <algorithm>
#include <map>
#include <string>

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

}  // namespace

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
