#pragma once

// Actions as people and files write them: NAME=VALUE words and --input for one, a line of a batch file for a transaction.

#include <string_view>
#include <vector>

#include "forge/store/transaction.h"
#include "session.h"

namespace forge::cli {

// The flags that `do` and `explain do` share.
std::vector<Flag> action_flags();

// One action from the words RESOURCE.ACTION NAME=VALUE… and from --input and --if-version; values are typed by the schema.
// Errors: kUnknownAction, kUsage, kArgumentType, kJsonInvalid, …
Result<ActionRequest> read_action(Session& session, const Domain& domain, std::span<const std::string> words);

// What --input gives: JSON, @FILE or "-". Errors: kInputUnreadable, kJsonInvalid, kJsonLimit.
Result<Args> read_input_object(Session& session, const std::string& input);

// The condition that --unless-type, --unless-tag and --after make; nothing without the first two. Errors: kUsage.
Result<std::optional<AppendCondition>> read_condition(const Arguments& arguments);
// The arguments that a caller may give: those of the key that are not declared first.
std::vector<std::string> argument_names(const Action& action);
// The field whose type such an argument takes. Errors: kUnknownField with the nearest name.
Result<const Field*> argument_named(const Action& action, std::string_view name);

// The error of a store about `action`: where its advice speaks of any action, of this one.
Status about_action(Status error, const Action& action);

// The most bytes of one line of a batch.
inline constexpr std::size_t kBatchLineMax = 16 << 20;

struct BatchTransaction {
  std::vector<ActionRequest> actions;
  ActOptions options;
};

// One line: {"idempotency_key", "at", "actor", "role", "reason", "correlation", "condition": {"items": [{"types", "tags"}],
// "after"}, "actions": [{"action", "args", "if_version"}]}. What is absent takes the value of `defaults`; any other member is
// refused by name. `name` is the line's place in messages: "actions.ndjson:17".
Result<BatchTransaction> read_batch_line(std::string_view line, const std::string& name, const ActOptions& defaults);

}  // namespace forge::cli
