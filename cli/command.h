#pragma once

// A command as data. The parser, the help screens, `help --all -o json`, completion, suggestions and the contract test are all made
// from the one table of these.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"

namespace forge::cli {

class Session;

// What completion offers for a word.
enum class Offer : std::uint8_t {
  kNothing,
  kChoices,
  kFile,
  kCommand,
  kResource,
  kAction,
  kQuery,
  kAssignment,  // the arguments of the action named before: `qty=`
  kPoint,
  kField,  // of the resource named before
  kBookmark,
  kSubscription,
  kProjection,
  kSubject,  // what explain takes
  kKey,      // of a record of the resource named before
  kFilter,   // a field of the resource named before, to begin a filter with
  kProfile,
  kSettingValue,  // of the setting named before
};

struct Argument {
  std::string name;  // "RESOURCE"
  std::string summary;
  bool required = true;
  bool repeated = false;
  Offer offer = Offer::kNothing;
  std::vector<std::string> choices;
};

enum class FlagType : std::uint8_t { kSwitch, kText, kCount, kDuration, kChoice };
std::string_view name_of(FlagType type);  // "switch"

struct Flag {
  std::string name;  // without its dashes
  char letter = 0;
  FlagType type = FlagType::kSwitch;
  std::string value;  // how help names the value: "N"
  std::string summary;
  std::string default_value;
  std::vector<std::string> choices;
  bool repeated = false;
  Offer offer = Offer::kNothing;
};

struct Example {
  std::string command;
  std::string says;  // may be empty
};

// What a command makes of the settings (settings.h).
enum class UseOfSettings : std::uint8_t {
  kRequired,
  kOptional,  // works also where they cannot be used, as to mend them
  kNone,      // what it prints is for programs that know no settings
};

struct Command {
  std::string name;  // "schema check"
  std::string summary;
  std::vector<Argument> arguments;
  std::vector<Flag> flags;
  std::vector<Example> examples;
  std::string notes;    // a few sentences, may be empty
  bool writes = false;  // changes the store or makes one: takes --dry-run
  bool uses_pager = false;
  bool hidden = false;
  UseOfSettings settings = UseOfSettings::kRequired;
  // The exit status where it is not an error. Null for a noun that only holds verbs.
  Result<int> (*run)(Session& session) = nullptr;
};

// Every command, nouns before their verbs, in the order of the help screen. Lives for ever.
std::span<const Command* const> commands();
// Null when there is none.
const Command* find_command(std::string_view name);
// Visible commands directly under `parent` ("" for the top).
std::vector<const Command*> commands_under(std::string_view parent);
// "check" of "schema check".
std::string_view last_word(std::string_view name);
// The flags every command takes.
std::span<const Flag> global_flags();
// "--limit N", "-o, --output FORMAT".
std::string spelled(const Flag& flag);
// "forgectl get RESOURCE KEY".
std::string usage(const Command& command);

}  // namespace forge::cli
