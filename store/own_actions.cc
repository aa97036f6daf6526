#include "own_actions.h"

namespace forge::internal {

Status check_own_action(const ActionRequest& request, Seq head) {
  if (request.action.starts_with("_schema.")) {
    return Status(ErrorId::kUnknownAction, "'" + request.action + "' is not to be issued as an action")
        .why("a schema is checked as a whole before it is added")
        .state("nothing was written")
        .remedy("add it: forgectl schema add FILE.fbs");
  }
  const Value* const seq = request.action == "_bookmark.add" ? request.args.find("seq") : nullptr;
  const std::int64_t* const number = seq == nullptr ? nullptr : seq->if_int();
  if (number == nullptr || (*number >= 0 && *number <= static_cast<std::int64_t>(head))) return {};
  return Status(ErrorId::kTimeInFuture, "event " + std::to_string(*number) + " is not in the log")
      .why("the head is event " + std::to_string(head))
      .state("nothing was written");
}

}  // namespace forge::internal
