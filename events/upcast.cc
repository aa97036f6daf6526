#include "forge/events/upcast.h"

#include <algorithm>
#include <string>

#include "forge/events/assignment.h"
#include "forge/events/codec.h"
#include "forge/events/key.h"

namespace forge {
namespace {

Status step_failed(const Resource& resource, std::size_t step, const std::string& why) {
  return Status(ErrorId::kUpcastFailed, "an upcast of " + resource.name + " failed")
      .why("step " + std::to_string(step + 1) + ", " + definition_of(resource, resource.upcasts[step]) + ": " + why)
      .place(resource.upcasts[step].place);
}

// What the step gives its field; absent where that is null.
Result<Cell> value_of_step(const Resource& resource, std::size_t step, const Row& seen, std::pmr::memory_resource& memory) {
  const Assignment& assignment = resource.upcasts[step];
  const Field& field = resource.record.fields[assignment.field];
  const RuleInput input{.record = seen, .arguments = {}, .actor_id = {}, .actor_role = {}, .now = {}};
  const Result<Cell> value = assigned_value(resource.record, assignment, input, memory, "it");
  if (!value.ok()) {
    const ErrorText& text = value.status().text();
    return step_failed(resource, step, text.why.empty() ? text.what : text.what + ", " + text.why);
  }
  if (!value->is_null()) return *value;
  if (!field.nullable || field.has_default || field.required) {
    return step_failed(resource, step, "it gives null, and " + field.name + (field.required ? " is required" : " is never null"));
  }
  return Cell();
}

}  // namespace

bool needs_upcast(const Resource& from, const Resource& to) {
  return from.upcasts.size() < to.upcasts.size();
}

std::vector<std::uint16_t> upcast_fields(const Resource& from, const Resource& to) {
  std::vector<std::uint16_t> out;
  for (std::size_t step = from.upcasts.size(); step < to.upcasts.size(); ++step) out.push_back(to.upcasts[step].field);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool meets_upcast(std::span<const std::uint16_t> fields, std::span<const std::uint16_t> upcast) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](std::uint16_t field) { return std::binary_search(upcast.begin(), upcast.end(), field); });
}

Status upcast_row(const Resource& from, const Resource& to, std::string_view key, std::pmr::memory_resource& memory, Row& row) {
  row.resize(std::max(row.size(), to.record.fields.size()));
  Row seen = row;
  seen.resize(from.record.fields.size());
  resolve_defaults(from.record, seen);
  FORGE_TRY(complete_row(to, key, seen));
  for (std::size_t step = from.upcasts.size(); step < to.upcasts.size(); ++step) {
    const std::uint16_t field = to.upcasts[step].field;
    FORGE_ASSIGN(row[field], value_of_step(to, step, seen, memory));
    seen[field] = row[field].is_absent() ? Cell::null() : row[field];
  }
  return {};
}

}  // namespace forge
