#include "forge/events/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace forge {

std::optional<std::chrono::microseconds> read_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits = {
      {{"ms", 1000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}}};
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number == 0) return std::nullopt;
  const std::string_view written = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [unit, micros] : kUnits) {
    if (written == unit) return std::chrono::microseconds(number * micros);
  }
  return std::nullopt;
}

}  // namespace forge
