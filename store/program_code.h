#pragma once

// Calling code that the program gave for an action, its handler or its target: what it throws ends here, and what it refuses
// becomes the action's refusal. `part` names the code in messages: "handler".

#include <exception>
#include <string>
#include <string_view>

#include "forge/events/domain.h"
#include "forge/events/status.h"

namespace forge::internal {

// kHandlerFailed.
Status code_failed(const Action& action, std::string_view part, std::string why);
// kActionRefused with the code's own reason; kHandlerFailed stays what it is.
Status refused_by_code(const Action& action, std::string_view part, const Status& reason);

// What `code` gives. Errors: kHandlerFailed, kActionRefused.
template <typename Given, typename Code, typename Call>
Result<Given> call_code(const Action& action, std::string_view part, const Code& code, const Call& call) {
  try {
    Result<Given> given = code(call);
    if (given.ok()) return given;
    return refused_by_code(action, part, given.status());
  } catch (const std::exception& thrown) {
    return code_failed(action, part, thrown.what());
  } catch (...) {
    return code_failed(action, part, "it threw something that is no std::exception");
  }
}

}  // namespace forge::internal
