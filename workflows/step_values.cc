#include "step_values.h"

#include "forge/events/duration.h"

namespace forge::internal {

std::string duration_text(std::int64_t micros) {
  constexpr std::pair<std::int64_t, const char*> kUnits[] = {{3'600'000'000, "h"}, {60'000'000, "m"}, {1'000'000, "s"}};
  for (const auto& [unit, name] : kUnits) {
    if (micros % unit == 0) return std::to_string(micros / unit) + name;
  }
  return std::to_string(micros / 1000) + "ms";
}

Result<std::int64_t> duration_of(const Value& value) {
  if (const std::int64_t* micros = value.if_int(); micros != nullptr && *micros >= 0) return *micros;
  const std::string* text = value.if_text();
  const auto read = text == nullptr ? std::nullopt : read_duration(*text);
  if (read) return read->count();
  return Status(ErrorId::kArgumentType, "what it sleeps for is no duration").why(text == nullptr ? "" : "it is '" + *text + "'");
}

Result<Time> time_of(const Value& value) {
  if (const std::int64_t* micros = value.if_int()) return Time{*micros};
  if (const std::string* text = value.if_text()) return parse_time(*text);
  return Status(ErrorId::kArgumentType, "what it sleeps until is no time");
}

}  // namespace forge::internal
