#include "arguments.h"

#include <array>
#include <charconv>

namespace forge::cli {

std::optional<std::string> Arguments::word(std::size_t index) const {
  if (index >= words_.size()) return std::nullopt;
  return words_[index];
}

bool Arguments::given(std::string_view flag) const {
  return flags_.contains(std::string(flag));
}

bool Arguments::is_on(std::string_view flag) const {
  return if_text(flag) == "true";
}

std::optional<std::string> Arguments::if_text(std::string_view flag) const {
  const auto found = flags_.find(std::string(flag));
  if (found != flags_.end() && !found->second.empty()) return found->second.back();
  const auto preset = defaults_.find(std::string(flag));
  return preset == defaults_.end() ? std::nullopt : std::optional(preset->second);
}

std::string Arguments::text(std::string_view flag) const {
  if (auto value = if_text(flag)) return *std::move(value);
  const Flag* row = declared(flag);
  return row == nullptr ? std::string() : row->default_value;
}

std::vector<std::string> Arguments::texts(std::string_view flag) const {
  const auto found = flags_.find(std::string(flag));
  return found == flags_.end() ? std::vector<std::string>() : found->second;
}

std::uint64_t Arguments::count(std::string_view flag) const {
  const auto value = parse_count(text(flag));
  return value.ok() ? *value : 0;
}

std::optional<std::uint64_t> Arguments::if_count(std::string_view flag) const {
  if (!given(flag)) return std::nullopt;
  return count(flag);
}

std::chrono::microseconds Arguments::duration(std::string_view flag) const {
  const auto value = parse_duration(text(flag));
  return value.ok() ? *value : std::chrono::microseconds(0);
}

const Flag* Arguments::declared(std::string_view flag) const {
  for (const Flag& row : command_->flags) {
    if (row.name == flag) return &row;
  }
  for (const Flag& row : global_flags()) {
    if (row.name == flag) return &row;
  }
  return nullptr;
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Status(ErrorId::kUsage, "'" + std::string(text) + "' is not a whole number of 0 and more");
  }
  return value;
}

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double micros;
  };
  constexpr std::array<Unit, 5> kUnits = {{{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& row : kUnits) {
    const double micros = number * row.micros;
    if (error != std::errc() || row.name != unit || !(number >= 0) || micros > 1e15) continue;
    return std::chrono::microseconds(static_cast<std::int64_t>(micros));
  }
  return Status(ErrorId::kUsage, "'" + std::string(text) + "' is not a duration").remedy("write it as 250ms, 2s, 3m or 1h");
}

}  // namespace forge::cli
