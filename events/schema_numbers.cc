#include "schema_numbers.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace forge::internal {
namespace {

constexpr std::uint16_t kFirstResource = 16;
constexpr std::uint16_t kFirstAction = 64;
constexpr std::uint16_t kFirstUnique = 1;
constexpr std::uint16_t kFirstIndex = 1;
constexpr std::uint16_t kLastGiven = UINT16_MAX - 1;  // above it is Forge's own index

using Fixed = std::pair<std::string_view, std::uint16_t>;
constexpr std::array kOwnResources = {Fixed{"_schema", 1},   Fixed{"_bookmark", 2}, Fixed{"_projection", 3},
                                      Fixed{"_workflow", 4}, Fixed{"_run", 5},      Fixed{"_signal", 6}};
constexpr std::array kOwnActions = {Fixed{"_schema.add", 1},         Fixed{"_bookmark.add", 2},     Fixed{"_bookmark.remove", 3},
                                    Fixed{"_projection.rebuild", 4}, Fixed{"_projection.pause", 5}, Fixed{"_projection.resume", 6},
                                    Fixed{"_projection.retry", 7},   Fixed{"_projection.skip", 8},  Fixed{"_projection.drop", 9},
                                    Fixed{"_workflow.add", 10},      Fixed{"_run.start", 11},       Fixed{"_run.advance", 12},
                                    Fixed{"_run.note", 13},          Fixed{"_run.expire", 14},      Fixed{"_run.halt", 15},
                                    Fixed{"_run.end", 16},           Fixed{"_run.tell", 17},        Fixed{"_signal.send", 18},
                                    Fixed{"_run.reopen", 19},        Fixed{"_run.park", 20},        Fixed{"_run.unpark", 21}};
constexpr std::array kOwnIndexes = {Fixed{"_run.status(status)", UINT16_MAX}};

template <std::size_t kCount>
std::optional<std::uint16_t> fixed_number(const std::array<Fixed, kCount>& names, std::string_view name) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const Fixed& fixed) { return fixed.first == name; });
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::uint16_t highest(const std::map<std::string, std::uint16_t, std::less<>>& names, std::uint16_t first) {
  std::uint16_t last = first - 1;
  for (const auto& [name, number] : names) last = std::max(last, number);
  return last;
}

}  // namespace

Status NumberGiver::check(const Names& names, std::uint16_t first) {
  std::set<std::uint16_t> seen;
  for (const auto& [name, number] : names) {
    if (number >= first && seen.insert(number).second) continue;
    return Status(ErrorId::kDataCorrupt, "the number " + std::to_string(number) + " cannot be that of '" + name + "'")
        .why(number < first ? "it is one of Forge's own" : "another name has it");
  }
  return {};
}

Result<NumberGiver> NumberGiver::after(const Numbering& given) {
  FORGE_TRY(check(given.resources, kFirstResource));
  FORGE_TRY(check(given.actions, kFirstAction));
  FORGE_TRY(check(given.unique, kFirstUnique));
  FORGE_TRY(check(given.indexes, kFirstIndex));
  NumberGiver giver;
  giver.numbering_ = given;
  giver.last_resource_ = highest(given.resources, kFirstResource);
  giver.last_action_ = highest(given.actions, kFirstAction);
  giver.last_unique_ = highest(given.unique, kFirstUnique);
  giver.last_index_ = highest(given.indexes, kFirstIndex);
  return giver;
}

std::optional<std::uint16_t> NumberGiver::give(Names& names, std::string_view name, std::uint16_t& last) {
  const auto known = names.find(name);
  if (known != names.end()) return known->second;
  if (last >= kLastGiven) return std::nullopt;
  names.emplace(name, ++last);
  return last;
}

std::optional<std::uint16_t> NumberGiver::resource(std::string_view name) {
  if (name.starts_with('_')) return fixed_number(kOwnResources, name);
  return give(numbering_.resources, name, last_resource_);
}

std::optional<std::uint16_t> NumberGiver::action(std::string_view name) {
  if (name.starts_with('_')) return fixed_number(kOwnActions, name);
  return give(numbering_.actions, name, last_action_);
}

std::optional<std::uint16_t> NumberGiver::unique(std::string_view name) {
  return give(numbering_.unique, name, last_unique_);
}

std::optional<std::uint16_t> NumberGiver::index(std::string_view name) {
  if (name.starts_with('_')) return fixed_number(kOwnIndexes, name);
  return give(numbering_.indexes, name, last_index_);
}

}  // namespace forge::internal
