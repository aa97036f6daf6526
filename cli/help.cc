#include "help.h"

#include <algorithm>

#include "errors.h"
#include "forge/events/version.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

// Two columns; the second begins at the same place in every line.
std::string two_columns(const Lines& lines) {
  std::size_t width = 0;
  for (const auto& [left, right] : lines) width = std::max(width, display_width(left));
  width = std::min<std::size_t>(width, 52);
  std::string out;
  for (const auto& [left, right] : lines) {
    out += "  " + left;
    if (!right.empty()) out.append(display_width(left) < width ? width - display_width(left) : 0, ' ').append("  " + right);
    out += "\n";
  }
  return out;
}

std::string flag_says(const Flag& flag) {
  std::string out = flag.summary;
  std::vector<std::string> parts;
  if (!flag.choices.empty()) parts.push_back(joined(flag.choices, "|"));
  if (!flag.default_value.empty()) parts.push_back("default " + flag.default_value);
  if (flag.repeated) parts.emplace_back("may be repeated");
  return parts.empty() ? out : out + " (" + joined(parts, ", ") + ")";
}

std::string argument_says(const Argument& argument) {
  return argument.choices.empty() ? argument.summary : argument.summary + " (" + joined(argument.choices, "|") + ")";
}

Lines summaries(const std::vector<const Command*>& rows) {
  Lines lines;
  for (const Command* command : rows) {
    std::string verbs;
    for (const Command* verb : commands_under(command->name))
      verbs += (verbs.empty() ? " " : "|") + std::string(last_word(verb->name));
    lines.emplace_back(command->name + verbs, command->summary);
  }
  return lines;
}

Value text_list(const std::vector<std::string>& texts) {
  List out(texts.begin(), texts.end());
  return out;
}

Object flag_object(const Flag& flag) {
  Object out{{"name", flag.name}, {"type", std::string(name_of(flag.type))}, {"summary", flag.summary}};
  if (flag.letter != 0) out.add("letter", std::string(1, flag.letter));
  if (!flag.value.empty()) out.add("value", flag.value);
  if (!flag.default_value.empty()) out.add("default", flag.default_value);
  if (!flag.choices.empty()) out.add("choices", text_list(flag.choices));
  out.add("repeated", flag.repeated);
  return out;
}

template <typename Flags>
Value flag_list(const Flags& flags) {
  List out;
  for (const Flag& flag : flags) out.emplace_back(flag_object(flag));
  return out;
}

}  // namespace

std::string overview_text(const Style& style) {
  std::string out = "forgectl — state that remembers: act on records, look at any point of their past\n\n";
  out += style.bold("Examples") + "\n";
  out += two_columns({{"forgectl init shop --template shop && cd shop", "a store with an example schema"},
                      {"forgectl do Order.place id=o-1 sku=tea qty=2", "issue an action"},
                      {"forgectl get Order o-1 --as-of 2", "a record as it was after event 2"}});
  out += "\n" + style.bold("Commands") + "\n" + two_columns(summaries(commands_under("")));
  std::vector<std::string> names;
  for (const Flag& flag : global_flags()) names.push_back("--" + flag.name);
  out += "\nFlags of every command: " + joined(names, " ") + "\n";
  names.clear();
  for (const Topic& topic : topics()) names.push_back(topic.name);
  return out + "\nMore: forgectl help COMMAND, or one of the topics " + joined(names, ", ") + "\n";
}

std::string global_flags_text() {
  Lines lines;
  for (const Flag& flag : global_flags()) lines.emplace_back(spelled(flag), flag_says(flag));
  return "Flags of every command\n" + two_columns(lines);
}

std::string command_text(const Command& command, const Style& style) {
  std::string out = "forgectl " + command.name + " — " + command.summary + "\n\n";
  Lines lines;
  for (const Example& example : command.examples) lines.emplace_back(example.command, example.says);
  if (!lines.empty()) out += style.bold("Examples") + "\n" + two_columns(lines) + "\n";
  out += style.bold("Usage") + "\n  " + usage(command) + (command.flags.empty() ? "" : " [flags]") + "\n";
  const std::vector<const Command*> verbs = commands_under(command.name);
  if (!verbs.empty()) {
    lines.clear();
    for (const Command* verb : verbs) lines.emplace_back(std::string(last_word(verb->name)), verb->summary);
    out += "\n" + style.bold("Verbs") + "\n" + two_columns(lines);
  }
  lines.clear();
  for (const Argument& argument : command.arguments) lines.emplace_back(argument.name, argument_says(argument));
  for (const Flag& flag : command.flags) lines.emplace_back(spelled(flag), flag_says(flag));
  if (!lines.empty()) out += two_columns(lines);
  if (!command.notes.empty()) out += "\n" + command.notes + "\n";
  std::vector<std::string> names;
  for (const Flag& flag : global_flags()) {
    if (flag.name != "dry-run" || command.writes) names.push_back("--" + flag.name);
  }
  return out + "\nFlags of every command: " + joined(names, " ") + "\n";
}

Object command_object(const Command& command) {
  List arguments, examples;
  for (const Argument& argument : command.arguments) {
    Object row{
        {"name", argument.name}, {"summary", argument.summary}, {"required", argument.required}, {"repeated", argument.repeated}};
    if (!argument.choices.empty()) row.add("choices", text_list(argument.choices));
    arguments.emplace_back(std::move(row));
  }
  for (const Example& example : command.examples) {
    examples.emplace_back(Object{{"command", example.command}, {"says", example.says}});
  }
  return Object{{"name", command.name},
                {"summary", command.summary},
                {"usage", usage(command)},
                {"runs", command.run != nullptr},
                {"writes", command.writes},
                {"arguments", std::move(arguments)},
                {"flags", flag_list(command.flags)},
                {"examples", std::move(examples)},
                {"notes", command.notes}};
}

Object tree_object() {
  List rows, names, errors;
  for (const Command* command : commands()) {
    if (!command->hidden) rows.emplace_back(command_object(*command));
  }
  for (const Topic& topic : topics()) names.emplace_back(Object{{"name", topic.name}, {"summary", topic.summary}});
  for (const ErrorInfo& row : error_table()) {
    errors.emplace_back(Object{{"error", error_number(row.id)}, {"title", std::string(row.title)}, {"exit", row.exit_status}});
  }
  return Object{{"name", "forgectl"},          {"version", std::string(library_version())},
                {"commands", std::move(rows)}, {"flags", flag_list(global_flags())},
                {"topics", std::move(names)},  {"errors", std::move(errors)}};
}

const Topic* find_topic(std::string_view name) {
  const auto all = topics();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Topic& topic) { return topic.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace forge::cli
