#include "version.h"

#include "commands.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

Result<int> run_version(Session& session) {
  const Object object = version_object();
  FORGE_TRY(session.out.text("forgectl " + value_text(*object.find("version")) + "\n"));
  FORGE_TRY(session.out.object(object, "version"));
  return 0;
}

}  // namespace

const Command& version_command() {
  static const Command kCommand{
      .name = "version",
      .summary = "the version, and with -o json what it is built on",
      .examples = {{"forgectl version -o json", ""}},
      .settings = UseOfSettings::kOptional,
      .run = run_version,
  };
  return kCommand;
}

}  // namespace forge::cli
