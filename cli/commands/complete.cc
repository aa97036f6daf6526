#include "complete.h"

#include "commands.h"
#include "text.h"

namespace forge::cli {
namespace {

Result<int> run_complete(Session& session) {
  for (const Candidate& row : candidates(session, session.arguments.words()[0])) {
    FORGE_TRY(session.out.text(printable(row.word) + (row.says.empty() ? "" : "\t" + printable(row.says)) + "\n"));
  }
  return 0;
}

}  // namespace

const Command& complete_command() {
  static const Command kCommand{
      .name = "__complete",
      .summary = "candidates for the last word of a command line, for completion scripts",
      .arguments = {{.name = "LINE", .summary = "the line up to the cursor"}},
      .hidden = true,
      .settings = UseOfSettings::kNone,
      .run = run_complete,
  };
  return kCommand;
}

}  // namespace forge::cli
