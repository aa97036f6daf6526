#include "forge/cli/run.h"

#include <algorithm>

#include "errors.h"
#include "help.h"
#include "line.h"
#include "parser.h"
#include "printer.h"
#include "session.h"
#include "settings.h"

namespace forge::cli {
namespace {

std::string variable(const Streams& streams, const char* name) {
  return streams.environment ? streams.environment(name).value_or("") : "";
}

bool wants_colours(const Streams& streams, const std::string& when, bool is_terminal) {
  if (when != "auto") return when == "always";
  if (!variable(streams, "NO_COLOR").empty()) return false;
  const std::string force = variable(streams, "CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return is_terminal && variable(streams, "TERM") != "dumb";
}

// The format for errors of a command line that could not be parsed: what -o, --output or --json say somewhere in it.
Format format_in(std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    const bool next_is_json = i + 1 < words.size() && words[i + 1] == "json";
    if (word == "--json" || word == "--output=json" || word == "-ojson") return Format::kJson;
    if ((word == "-o" || word == "--output") && next_is_json) return Format::kJson;
  }
  return Format::kTable;
}

Format format_of(const Arguments& arguments) {
  return arguments.is_on("json") ? Format::kJson : format_named(arguments.text("output"));
}

Status print_help(const Arguments& arguments, Printer& printer) {
  const Command& command = arguments.command();
  const bool whole = command.name == "help" && arguments.words().empty();
  const Style& style = printer.screen().style;
  if (!printer.is_table()) return printer.object(whole ? tree_object() : command_object(command), "name");
  return printer.text(whole ? overview_text(style) : command_text(command, style));
}

// The pager where one is wanted, else null. A table on a terminal only.
std::unique_ptr<Sink> pager_for(const Arguments& arguments, const Streams& streams, bool wants_help) {
  if (!streams.out_is_terminal || !streams.open_pager || arguments.is_on("no-pager")) return nullptr;
  if (!arguments.command().uses_pager && !wants_help) return nullptr;
  const std::string pager = arguments.text("pager");
  return pager.empty() || pager == "cat" ? nullptr : streams.open_pager(pager);
}

// Adds the state where the error does not tell it: what cannot be read is refused before anything is written, and output fails
// after it.
Status with_state(Status error, const Session& session) {
  error = as_outcome(std::move(error));
  const bool is_set =
      error.id() == ErrorId::kReadOnly && session.arguments.is_on("read-only") && !session.arguments.given("read-only");
  if (is_set) error = std::move(error).remedy("add --read-only=false      see why: forgectl config show read-only --origin");
  if (!session.arguments.command().writes || session.dry_run() || !error.text().state.empty()) return error;
  if (error.id() == ErrorId::kOutputFailed) {
    return std::move(error)
        .state("what was asked for is done, only the answer is lost")
        .remedy("look before it is sent again: forgectl log --newest --limit 1");
  }
  const bool is_unknown = error.id() == ErrorId::kUnknownResource || error.id() == ErrorId::kUnknownAction;
  const bool is_refused_first = is_unknown || error.id() == ErrorId::kNoSchema || info_of(error.id()).exit_status == 2;
  return is_refused_first ? std::move(error).state("nothing was written") : error;
}

int run_parsed(const Parsed& parsed, Streams& streams, const Surroundings* around) {
  const Arguments& arguments = parsed.arguments;
  const std::unique_ptr<Sink> pager = pager_for(arguments, streams, parsed.wants_help);
  Sink& out = pager != nullptr ? *pager : *streams.out;
  const std::string colours = arguments.text("color");
  Screen screen{streams.out_is_terminal, streams.terminal_columns, Style(wants_colours(streams, colours, streams.out_is_terminal))};
  Printer printer(out, format_of(arguments), screen);
  Session session(arguments, streams, printer, Style(wants_colours(streams, colours, streams.err_is_terminal)), around);

  Result<int> outcome = 0;
  if (parsed.wants_help) {
    if (Status status = print_help(arguments, printer); !status.ok()) outcome = status;
  } else {
    outcome = arguments.command().run(session);
  }
  Status printed = outcome.ok() ? printer.finish() : printer.abandon();
  if (outcome.ok() && !printed.ok()) outcome = printed;
  if (out.closed() && !arguments.command().writes) return outcome.ok() ? *outcome : 0;
  if (!printer.cut_columns().empty()) {
    std::string names;
    for (const std::string& name : printer.cut_columns()) names += (names.empty() ? "" : ", ") + name;
    session.notice("cut to the screen: " + names + " — a wider screen or -o json shows all of it");
  }
  if (outcome.ok()) return *outcome;
  session.print(with_help(with_state(outcome.status(), session), &arguments.command()));
  return exit_status_of(as_outcome(outcome.status()));
}

Result<Parsed> with_defaults(Result<Parsed> parsed, const Streams& streams, const Surroundings* around) {
  if (!parsed.ok()) return parsed;
  const Command& command = parsed->arguments.command();
  const UseOfSettings use = parsed->wants_help ? UseOfSettings::kOptional : command.settings;
  if (use == UseOfSettings::kNone) return parsed;
  const Status set = set_defaults(parsed->arguments, streams, around);
  if (set.ok() || use == UseOfSettings::kOptional) return parsed;
  const bool is_told = !set.text().state.empty() || !command.writes;
  return is_told ? set : Status(set).state("nothing was written");
}

}  // namespace

Status set_defaults(Arguments& arguments, const Streams& streams, const Surroundings* around) {
  if (around != nullptr && !arguments.given("profile")) {
    for (const auto& [flag, value] : around->defaults) arguments.set_default(flag, value);
  } else {
    FORGE_ASSIGN(const std::vector<Chosen> settings, resolve_settings(arguments, streams));
    apply_settings(settings, arguments);
  }
  const bool is_pinned = around != nullptr && !around->as_of.empty() && !arguments.command().writes;
  if (is_pinned) arguments.set_default("as-of", around->as_of);
  return {};
}

int run_line(std::span<const std::string> words, Streams& streams, const Surroundings* around) {
  const Result<Parsed> parsed = with_defaults(parse(words), streams, around);
  if (parsed.ok()) return run_parsed(*parsed, streams, around);
  const Arguments none(*find_command("help"), {}, {});
  Format format = format_in(words);
  if (around != nullptr && format == Format::kTable && around->defaults.contains("output")) {
    format = format_named(around->defaults.at("output"));
  }
  Printer printer(*streams.out, format, {});
  const Session session(none, streams, printer, Style(wants_colours(streams, "auto", streams.err_is_terminal)));
  session.print(parsed.status());
  return exit_status_of(parsed.status());
}

int run(std::span<const std::string> arguments, Streams& streams) {
  return run_line(arguments, streams, nullptr);
}

}  // namespace forge::cli
