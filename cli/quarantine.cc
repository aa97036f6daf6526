#include "quarantine.h"

#include "errors.h"
#include "forge/events/json.h"

namespace forge::cli {

Result<std::optional<std::string>> quarantine_path(const std::string& on_error) {
  if (on_error.empty() || on_error == "stop") return std::optional<std::string>();
  constexpr std::string_view kQuarantine = "quarantine:";
  if (!on_error.starts_with(kQuarantine) || on_error.size() == kQuarantine.size()) {
    return Status(ErrorId::kUsage, "--on-error cannot be '" + on_error + "'")
        .state("nothing was written")
        .remedy("one of: stop, quarantine:FILE");
  }
  return std::optional<std::string>(on_error.substr(kQuarantine.size()));
}

std::string quarantine_line(Object place, const Status& reason, std::string_view input) {
  place.add("error", error_number(reason.id()));
  place.add("reason", reason.message());
  is_utf8(input) ? place.add("text", input) : place.add("base64", Bytes(input.begin(), input.end()));
  return to_json(place) + "\n";
}

bool is_refusal(const Status& status) {
  return status.code() != Code::kUnknownOutcome && status.code() != Code::kUnavailable && status.code() != Code::kIo &&
         status.code() != Code::kCorruption && status.code() != Code::kCancelled;
}

}  // namespace forge::cli
