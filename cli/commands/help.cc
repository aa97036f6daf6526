#include "help.h"

#include "commands.h"
#include "session.h"
#include "suggest.h"

namespace forge::cli {
namespace {

Status print_topic(Session& session, const Topic& topic) {
  FORGE_TRY(session.out.text(topic.text));
  return session.out.object(Object{{"name", topic.name}, {"summary", topic.summary}, {"text", topic.text}}, "name");
}

Status print_command(Session& session, const Command& command) {
  FORGE_TRY(session.out.text(command_text(command, session.out.screen().style)));
  return session.out.object(command_object(command), "name");
}

Status print_all(Session& session) {
  if (!session.out.is_table()) return session.out.object(tree_object(), "name");
  const Style& style = session.out.screen().style;
  FORGE_TRY(session.out.text(overview_text(style)));
  for (const Command* command : commands()) {
    if (!command->hidden) FORGE_TRY(session.out.text("\n" + command_text(*command, style)));
  }
  for (const Topic& topic : topics()) FORGE_TRY(session.out.text("\n" + topic.text));
  return {};
}

Status unknown(const std::string& name) {
  std::vector<std::string> names;
  for (const Command* command : commands()) names.push_back(command->name);
  for (const Topic& topic : topics()) names.push_back(topic.name);
  return {ErrorId::kUnknownCommand, "there is no command or topic '" + name + "'" + did_you_mean(name, names)};
}

Result<int> run_help(Session& session) {
  const std::string name = joined(session.arguments.words(), " ");
  const Command* command = find_command(name);
  const Topic* topic = find_topic(name);
  if (session.arguments.is_on("all")) {
    FORGE_TRY(print_all(session));
  } else if (name.empty()) {
    FORGE_TRY(session.out.text(overview_text(session.out.screen().style)));
    FORGE_TRY(session.out.object(tree_object(), "name"));
  } else if (command != nullptr) {
    FORGE_TRY(print_command(session, *command));
  } else if (topic != nullptr) {
    FORGE_TRY(print_topic(session, *topic));
  } else {
    return unknown(name);
  }
  return 0;
}

}  // namespace

const Command& help_command() {
  static const Command kCommand{
      .name = "help",
      .summary = "help for a command or a topic: flags exit-codes environment output time query rules evolution integrity",
      .arguments =
          {{.name = "COMMAND|TOPIC", .summary = "what about", .required = false, .repeated = true, .offer = Offer::kCommand}},
      .flags = {{.name = "all", .summary = "everything; with -o json the whole tree of commands for machines"}},
      .examples = {{"forgectl help do", ""}, {"forgectl help time", ""}, {"forgectl help --all -o json", ""}},
      .uses_pager = true,
      .settings = UseOfSettings::kOptional,
      .run = run_help,
  };
  return kCommand;
}

}  // namespace forge::cli
