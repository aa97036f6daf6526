#include <cerrno>
#include <filesystem>
#include <fstream>

#include "commands.h"
#include "forge/events/system_reason.h"
#include "man.h"
#include "session.h"
#include "version.h"

namespace forge::cli {
namespace {

Status write_page(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file.good()) return {};
  return Status(ErrorId::kOutputFailed, "cannot write '" + path.string() + "'")
      .why(system_reason(errno))
      .state("the directory holds some of the pages");
}

Result<int> run_man(Session& session) {
  const std::filesystem::path directory = session.arguments.words()[0];
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  FORGE_TRY(write_page(directory / "forgectl.1", man_overview(source_date())));
  for (const Command* command : commands()) {
    if (command->hidden) continue;
    FORGE_TRY(write_page(directory / (man_name(*command) + ".1"), man_page(*command, source_date())));
  }
  return 0;
}

}  // namespace

const Command& man_command() {
  static const Command kCommand{
      .name = "__man",
      .summary = "the manual pages as files, for the build",
      .arguments = {{.name = "DIR", .summary = "where", .offer = Offer::kFile}},
      .hidden = true,
      .settings = UseOfSettings::kNone,
      .run = run_man,
  };
  return kCommand;
}

}  // namespace forge::cli
