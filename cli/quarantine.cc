#include "quarantine.h"

#include <filesystem>

#include "errors.h"
#include "forge/events/json.h"
#include "forge/store/enclosure.h"

namespace forge::cli {
namespace {

// What is set aside would be read again, without end. A device, as /dev/null, keeps nothing that could be.
Status check_apart(const std::string& aside, const std::string& input) {
  std::error_code error;
  const bool is_same = std::filesystem::equivalent(aside, input == "-" ? "/dev/stdin" : input, error);
  if (!is_same || !std::filesystem::is_regular_file(aside, error)) return {};
  return Status(ErrorId::kUsage, "the quarantine file '" + aside + "' is the input itself")
      .why("what is set aside would be read again")
      .state("nothing was written")
      .remedy("name another file");
}

}  // namespace

Result<std::optional<std::string>> quarantine_path(const std::string& on_error, const std::string& input) {
  if (on_error.empty() || on_error == "stop") return std::optional<std::string>();
  constexpr std::string_view kQuarantine = "quarantine:";
  if (!on_error.starts_with(kQuarantine) || on_error.size() == kQuarantine.size()) {
    return Status(ErrorId::kUsage, "--on-error cannot be '" + on_error + "'")
        .state("nothing was written")
        .remedy("one of: stop, quarantine:FILE");
  }
  std::string path = on_error.substr(kQuarantine.size());
  FORGE_TRY(check_apart(path, input));
  FORGE_TRY(check_outside(path));
  return std::optional<std::string>(std::move(path));
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
