#include "run_id.h"

#include <algorithm>

#include "decision.h"

namespace forge::internal {

Status check_run_id(const std::string& id) {
  const auto refuse = [&id](const char* why) {
    return Status(ErrorId::kKeyInvalid, shown_briefly(Value(id)) + " cannot be the id of a run")
        .why(why)
        .state("no run was started")
        .remedy("choose another id, or leave it out");
  };
  if (id.find('/') != std::string::npos) return refuse("a slash stands between a run and the runs of its steps");
  const bool controls = std::any_of(id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return controls ? refuse("it has a control character") : Status();
}

Status run_exists(const std::string& id, const std::string& why) {
  return Status(ErrorId::kRecordExists, "there is a run '" + id + "' already")
      .why(why)
      .state("no run was started")
      .remedy("choose another id");
}

}  // namespace forge::internal
