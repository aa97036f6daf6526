#include "commands.h"
#include "forge/store/verify.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

std::string_view level_name(Finding::Level level) {
  switch (level) {
    case Finding::Level::kGood:
      return "good";
    case Finding::Level::kWarning:
      return "warning";
    case Finding::Level::kBad:
      break;
  }
  return "bad";
}

std::string mark_of_check(Finding::Level level, const Style& style) {
  switch (level) {
    case Finding::Level::kGood:
      return style.green("✓");
    case Finding::Level::kWarning:
      return style.yellow("!");
    case Finding::Level::kBad:
      break;
  }
  return style.red("✗");
}

Status print_finding(Session& session, const Finding& finding) {
  if (!session.out.is_table()) {
    return session.out.row(Object{{"level", std::string(level_name(finding.level))},
                                  {"name", finding.name},
                                  {"text", finding.text},
                                  {"remedy", finding.remedy}});
  }
  std::string line =
      mark_of_check(finding.level, session.out.screen().style) + " " + finding.name + ": " + printable(finding.text) + "\n";
  if (!finding.remedy.empty()) line += "    " + printable(finding.remedy) + "\n";
  return session.out.text(line);
}

Result<int> run_doctor(Session& session) {
  FORGE_ASSIGN(const std::string path, session.store_path());
  FORGE_ASSIGN(const std::vector<Finding> findings, diagnose(path, *session.streams.clock));
  session.out.begin_list({.columns = {"level", "name", "text", "remedy"}, .name = "name"});
  bool sound = true;
  for (const Finding& finding : findings) {
    sound = sound && finding.level == Finding::Level::kGood;
    FORGE_TRY(print_finding(session, finding));
  }
  FORGE_TRY(session.out.end_list());
  return sound ? 0 : 1;
}

}  // namespace

const Command& doctor_command() {
  static const Command kCommand{
      .name = "doctor",
      .summary = "what an operator should know: lock, format, recovery, disk, clock, sync speed",
      .examples = {{"forgectl doctor", ""}, {"forgectl doctor -o json", ""}},
      .notes = "Changes nothing and takes no lock. Exit status 1 where something is not good.",
      .run = run_doctor,
  };
  return kCommand;
}

}  // namespace forge::cli
