#pragma once

// How an error looks on standard error: four parts as text, or one problem object (RFC 9457) as JSON.

#include <string>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/value.h"
#include "style.h"

namespace forge::cli {

// An error of a command that has ended: what may be stored is an unknown outcome, also where a full disk was the reason.
Status as_outcome(Status error);
// The same errors, each saying that nothing was written.
std::vector<Status> nothing_written(std::vector<Status> errors);

// Several lines:
//   error[E2107]: Order.resize was refused by rule 'qty_positive'
//     qty is -1, the rule says: qty > 0   shop.fbs:14:30
//     nothing was written.   see: forgectl explain Order.resize
std::string error_text(const Status& error, const Style& style);
// One line, as compilers write it: "shop.fbs:14:30: error[E2001]: rule … uses unknown field 'qtty'".
std::string diagnostic_text(const Status& error, const Style& style);
// The same of what is no error: "day.toml:4:12: warning: step 'low' …".
std::string warning_text(const Status& warning, const Style& style);
Object problem_object(const Status& error);
// "E2107".
std::string error_number(ErrorId id);
int exit_status_of(const Status& error);

}  // namespace forge::cli
