#include "man.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

#include "arguments.h"
#include "help.h"
#include "suggest.h"

namespace forge::cli {
namespace {

// Text as an argument or a line of mdoc: backslashes, quotes and what is beyond ASCII as escapes.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\\') {
      out += "\\e";
    } else if (byte == '"') {
      out += "\\(dq";
    } else if (byte == '-') {
      out += "\\-";
    } else if (byte < 0x80) {
      out += text[i];
    } else {
      const int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
      std::uint32_t point = byte & (0x3FU >> static_cast<unsigned>(more));
      for (int k = 0; k < more && i + 1 < text.size(); ++k) point = point << 6U | (static_cast<unsigned char>(text[++i]) & 0x3FU);
      char name[16];
      std::snprintf(name, sizeof name, "\\[u%04X]", point);
      out += name;
    }
  }
  return out;
}

// A line of text that no reader takes for a request.
std::string line_of(std::string_view text) {
  const bool is_request = text.starts_with('.') || text.starts_with('\'');
  return (is_request ? "\\&" : "") + escaped(text) + "\n";
}

// One argument of a macro, whatever is in it.
std::string quoted_for_man(std::string_view text) {
  return "\"\\&" + escaped(text) + "\"";
}

// Lines that stay as they are.
std::string literal(std::string_view text) {
  std::string out = ".Bd -literal -offset 2n\n";
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += end == 0 ? "\\&\n" : line_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + ".Ed\n";
}

// mdoc spells months: "November 23, 2026".
std::string mdoc_date(std::string_view date) {
  static constexpr std::array<const char*, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                          "July",    "August",   "September", "October", "November", "December"};
  const Result<std::uint64_t> month = parse_count(date.substr(5, 2)), day = parse_count(date.substr(8, 2));
  FORGE_ASSERT(month.ok() && day.ok() && *month >= 1 && *month <= kMonths.size());
  return std::string(kMonths[*month - 1]) + " " + std::to_string(*day) + ", " + std::string(date.substr(0, 4));
}

std::string head(const std::string& name, std::string_view summary, std::string_view date) {
  std::string title = name;
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return ".\\\" Made from forgectl's command table.\n.Dd " + mdoc_date(date) + "\n.Dt " + title + " 1\n.Os Forge\n.Sh NAME\n.Nm " +
         name + "\n.Nd " + escaped(summary) + "\n";
}

std::string flag_items(std::span<const Flag> flags) {
  std::string out = ".Bl -tag -width Ds\n";
  for (const Flag& flag : flags) {
    out += ".It " + quoted_for_man(spelled(flag)) + "\n" + line_of(flag.summary + ".");
    if (!flag.choices.empty()) out += line_of("One of: " + joined(flag.choices, ", ") + ".");
    if (!flag.default_value.empty()) out += line_of("Default: " + flag.default_value + ".");
    if (flag.repeated) out += "It may be repeated.\n";
  }
  return out + ".El\n";
}

std::string argument_items(std::span<const Argument> arguments) {
  std::string out = ".Bl -tag -width Ds\n";
  for (const Argument& argument : arguments) {
    out += ".It " + quoted_for_man(argument.name) + "\n" + line_of(argument.summary + ".");
    if (!argument.choices.empty()) out += line_of("One of: " + joined(argument.choices, ", ") + ".");
  }
  return out + ".El\n";
}

std::string command_items(std::span<const Command* const> rows) {
  std::string out = ".Bl -tag -width Ds\n";
  for (const Command* row : rows) {
    if (!row->hidden) out += ".It " + quoted_for_man(usage(*row)) + "\n" + line_of(row->summary + ".");
  }
  return out + ".El\n";
}

std::string example_text(std::span<const Example> examples) {
  std::string text;
  for (const Example& example : examples) text += (example.says.empty() ? "" : "# " + example.says + "\n") + example.command + "\n";
  return text;
}

// In the order of the alphabet, as manual pages have them.
std::string see_also(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return ".Sh SEE ALSO\n.Xr " + joined(names, " 1 ,\n.Xr ") + " 1\n";
}

std::string see_also(const Command& command) {
  std::vector<std::string> names{"forgectl"};
  const std::size_t space = command.name.find(' ');
  if (space != std::string::npos) names.push_back(man_name(*find_command(command.name.substr(0, space))));
  for (const Command* verb : commands_under(command.name)) names.push_back(man_name(*verb));
  return see_also(std::move(names));
}

}  // namespace

std::string man_name(const Command& command) {
  std::string name = "forgectl-" + command.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string man_page(const Command& command, std::string_view date) {
  std::string out = head(man_name(command), command.summary, date);
  out += ".Sh SYNOPSIS\n" + line_of(usage(command) + " [flags]");
  std::string says = command.summary;
  says.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(says.front())));
  out += ".Sh DESCRIPTION\n" + line_of(says + ".");
  const std::vector<const Command*> verbs = commands_under(command.name);
  if (!verbs.empty()) out += command_items(verbs);
  if (!command.arguments.empty()) out += ".Pp\nThe arguments are:\n" + argument_items(command.arguments);
  if (!command.flags.empty()) out += ".Pp\nThe flags are:\n" + flag_items(command.flags);
  if (!command.notes.empty()) out += literal(command.notes);
  out += ".Pp\nThe flags that every command takes are in\n.Xr forgectl 1 .\n";
  if (!command.examples.empty()) out += ".Sh EXAMPLES\n" + literal(example_text(command.examples));
  return out + see_also(command);
}

std::string man_overview(std::string_view date) {
  std::string out = head("forgectl", "state that remembers: act on records, look at any point of their past", date);
  out += ".Sh SYNOPSIS\n" + line_of("forgectl COMMAND [arguments] [flags]");
  out += ".Sh DESCRIPTION\nEach command has a page of its own:\n.Xr forgectl\\-do 1\nfor\n.Dq forgectl do .\nThe commands are:\n";
  out += command_items(commands());
  out += ".Pp\nThe flags that every command takes are:\n" + flag_items(global_flags());
  for (const Topic& topic : topics()) {
    if (topic.name == "flags" || topic.name == "environment" || topic.name == "exit-codes") continue;
    out += ".Ss " + escaped(topic.name) + "\n" + literal(topic.text);
  }
  out += ".Sh ENVIRONMENT\n" + literal(find_topic("environment")->text);
  out += ".Sh EXIT STATUS\n" + literal(find_topic("exit-codes")->text);
  std::vector<std::string> pages;
  for (const Command* command : commands()) {
    if (!command->hidden) pages.push_back(man_name(*command));
  }
  return out + see_also(std::move(pages));
}

}  // namespace forge::cli
