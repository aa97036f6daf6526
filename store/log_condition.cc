#include "log_condition.h"

#include <algorithm>
#include <array>
#include <memory_resource>

#include "forge/events/codec.h"
#include "forge/events/event.h"
#include "forge/events/key.h"

namespace forge {
namespace {

constexpr std::size_t kItemsMax = 64;
constexpr std::size_t kTypesMax = 64;
constexpr std::size_t kTagsMax = 64;

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : std::string(between)) + text;
  return out;
}

std::string definition_of(const ConditionItem& item) {
  std::string out = "event";
  if (!item.types.empty()) out += " of " + joined(item.types, " or ");
  if (!item.tags.empty()) out += " with " + joined(item.tags, " and ");
  return out;
}

}  // namespace

std::string definition_of(const AppendCondition& condition) {
  std::string out = "no ";
  for (const ConditionItem& item : condition.items) out += (out.size() > 3 ? ", no " : "") + definition_of(item);
  if (condition.items.empty()) out += "event";
  return condition.after == 0 ? out : out + " after event " + std::to_string(condition.after);
}

namespace internal {
namespace {

Status cannot_match(std::string why, std::string remedy) {
  return Status(ErrorId::kConditionInvalid, "the append condition could never fail").why(std::move(why)).remedy(std::move(remedy));
}

Status check_size(const AppendCondition& condition) {
  const auto is_too_large = [](const ConditionItem& item) { return item.types.size() > kTypesMax || item.tags.size() > kTagsMax; };
  const auto& items = condition.items;
  if (items.size() <= kItemsMax && std::none_of(items.begin(), items.end(), is_too_large)) return {};
  return Status(ErrorId::kTooLarge, "the append condition is too large")
      .why("the limits are 64 items, 64 types and 64 tags in each");
}

// Whether an event of that type can be in the log: a later version of the schema may call it otherwise.
bool is_known_type(const std::string& type, std::span<const Catalog::Version> versions) {
  if (matches_glob(type, kEmptyTransactionType)) return true;
  return std::any_of(versions.begin(), versions.end(), [&](const Catalog::Version& version) {
    const auto& resources = version.domain->resources();
    return std::any_of(resources.begin(), resources.end(), [&](const Resource& resource) {
      const auto makes_it = [&](const Action* action) {
        return action->changes_record() && matches_glob(type, action->event_type);
      };
      return std::any_of(resource.actions.begin(), resource.actions.end(), makes_it) ||
             std::any_of(resource.undo_actions.begin(), resource.undo_actions.end(), makes_it);
    });
  });
}

// Whether the field can have the value that a tag of that text tells.
bool is_value_of(const Field& field, std::string_view text) {
  if (field.type == BaseType::kText) return true;
  std::array<std::byte, 256> buffer;
  std::pmr::monotonic_buffer_resource memory(buffer.data(), buffer.size());
  const Result<Value> value = value_from_text(field, text);
  if (!value.ok()) return false;
  const Result<Cell> cell = cell_from_value(field, *value, field.name, memory);
  return cell.ok() && cell_to_text(field, *cell) == text;
}

Result<ConditionTag> read_field_tag(const std::string& text, std::span<const Catalog::Version> versions) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return cannot_match("'" + text + "' is no tag", "write FIELD=VALUE, or RESOURCE/KEY for one record");
  }
  const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
  bool is_declared = false;
  for (const Catalog::Version& version : versions) {
    for (const Resource& resource : version.domain->resources()) {
      const Field* field = resource.record.find(name);
      if (field == nullptr || !field->tag) continue;
      is_declared = true;
      if (is_value_of(*field, value)) return ConditionTag{.text = text, .key = {}};
    }
  }
  if (!is_declared) {
    return cannot_match("no resource marks a field '" + name + "' with `tag`", "name such a field, or RESOURCE/KEY for one record");
  }
  return cannot_match("'" + value + "' is no value of the tag '" + name + "'", "write the value as log shows it");
}

// "Order/o-1".
Result<ConditionTag> read_record_tag(const std::string& text, std::span<const Catalog::Version> versions) {
  const std::size_t slash = text.find('/');
  const std::string name = text.substr(0, slash);
  const Resource* resource = nullptr;
  for (const Catalog::Version& version : versions) {
    const Resource* found = version.domain->find_resource(name);
    if (found != nullptr) resource = found;
  }
  if (resource == nullptr) return cannot_match("there is no resource '" + name + "'", "see: forgectl schema show");
  Result<std::string> key = encode_key(*resource, text.substr(slash + 1));
  if (!key.ok()) return cannot_match("'" + text + "' is no record: " + key.status().text().what, "write RESOURCE/KEY");
  return ConditionTag{.text = text, .resource = resource->number, .key = *std::move(key)};
}

// No name of a field holds a slash.
Result<ConditionTag> read_tag(const std::string& text, std::span<const Catalog::Version> versions) {
  return text.find('/') < text.find('=') ? read_record_tag(text, versions) : read_field_tag(text, versions);
}

}  // namespace

bool LogCondition::Item::wants_type(std::string_view type) const {
  return types.empty() ||
         std::any_of(types.begin(), types.end(), [&](const std::string& glob) { return matches_glob(glob, type); });
}

Result<LogCondition> LogCondition::make(const AppendCondition& condition, std::span<const Catalog::Version> versions, Seq head) {
  FORGE_TRY(check_size(condition));
  if (condition.items.empty()) return cannot_match("it names no events", "give it a type or a tag");
  if (condition.after > head) {
    return cannot_match(
        "it asks for events after event " + std::to_string(condition.after) + ", and the head is event " + std::to_string(head),
        "give the seq up to which was read");
  }
  LogCondition out;
  for (const ConditionItem& asked : condition.items) {
    Item item{.types = asked.types, .tags = {}};
    for (const std::string& type : asked.types) {
      if (!is_known_type(type, versions))
        return cannot_match("no action makes events of type '" + type + "'", "see: forgectl schema show");
    }
    for (const std::string& tag : asked.tags) {
      FORGE_ASSIGN(ConditionTag read, read_tag(tag, versions));
      item.tags.push_back(std::move(read));
    }
    out.items_.push_back(std::move(item));
  }
  out.after_ = condition.after;
  out.text_ = definition_of(condition);
  return out;
}

std::string name_of_event(const Envelope& envelope, const Domain& domain) {
  const Action* const action = domain.action(envelope.resource, envelope.action);
  if (action == nullptr) return std::string(kEmptyTransactionType);
  const Result<std::string> key = key_text(*action->resource, envelope.key);
  return action->event_type + " of " + action->resource->name + " " + (key.ok() ? *key : "?");
}

}  // namespace internal
}  // namespace forge
