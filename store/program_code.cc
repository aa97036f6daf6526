#include "program_code.h"

namespace forge::internal {

Status code_failed(const Action& action, std::string_view part, std::string why) {
  return Status(ErrorId::kHandlerFailed, "the " + std::string(part) + " of " + action.name + " failed")
      .why(std::move(why))
      .place(action.place);
}

Status refused_by_code(const Action& action, std::string_view part, const Status& reason) {
  if (reason.id() == ErrorId::kHandlerFailed) return reason;
  const ErrorText& text = reason.text();
  return Status(ErrorId::kActionRefused, action.name + " was refused by its " + std::string(part))
      .why(text.what + (text.why.empty() ? "" : ": " + text.why))
      .place(action.place)
      .remedy(text.remedy);
}

}  // namespace forge::internal
