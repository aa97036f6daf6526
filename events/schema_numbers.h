#pragma once

// Gives resources, actions, unique constraints and indexes their numbers. A name keeps its number for ever; a new name gets the one
// after the highest ever given. Forge's own names have fixed numbers, which are not part of a Numbering.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "forge/events/domain.h"

namespace forge::internal {

class NumberGiver {
 public:
  // Errors: kDataCorrupt when a number is given twice or is one of Forge's own.
  static Result<NumberGiver> after(const Numbering& given);

  // Null when the numbers have run out.
  std::optional<std::uint16_t> resource(std::string_view name);
  std::optional<std::uint16_t> action(std::string_view name);
  std::optional<std::uint16_t> unique(std::string_view name);
  std::optional<std::uint16_t> index(std::string_view name);

  const Numbering& numbering() const { return numbering_; }

 private:
  using Names = std::map<std::string, std::uint16_t, std::less<>>;

  static Status check(const Names& names, std::uint16_t first);
  static std::optional<std::uint16_t> give(Names& names, std::string_view name, std::uint16_t& last);

  Numbering numbering_;
  std::uint16_t last_resource_ = 0;
  std::uint16_t last_action_ = 0;
  std::uint16_t last_unique_ = 0;
  std::uint16_t last_index_ = 0;
};

}  // namespace forge::internal
