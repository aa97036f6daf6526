#include "parser.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "suggest.h"

namespace forge::cli {
namespace {

// What CLI11 fills for one flag.
struct Slot {
  const Flag* flag;
  CLI::Option* option;
};

void add_flag(CLI::App& app, const Flag& flag, std::vector<Slot>& slots) {
  std::string names = "--" + flag.name;
  if (flag.letter != 0) names += std::string(",-") + flag.letter;
  CLI::Option* option = flag.type == FlagType::kSwitch ? app.add_flag(names) : app.add_option(names);
  if (flag.type != FlagType::kSwitch) option->expected(1)->allow_extra_args(false);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  slots.push_back({&flag, option});
}

// One App for each command, with the slots of its own flags.
struct Tree {
  CLI::App root{"", "forgectl"};
  std::vector<Slot> global_slots;
  std::map<std::string, CLI::App*> apps;
  std::map<std::string, std::vector<Slot>> slots;

  Tree() {
    root.set_help_flag();
    root.require_subcommand(0, 1);
    root.allow_extras();
    for (const Flag& flag : global_flags()) add_flag(root, flag, global_slots);
    for (const Command* command : commands()) add(*command);
  }

  void add(const Command& command) {
    const std::size_t space = command.name.find(' ');
    CLI::App& parent = space == std::string::npos ? root : *apps.at(command.name.substr(0, space));
    CLI::App* app = parent.add_subcommand(std::string(last_word(command.name)));
    app->set_help_flag();
    app->fallthrough();
    app->require_subcommand(0, 1);
    apps[command.name] = app;
    for (const Flag& flag : command.flags) add_flag(*app, flag, slots[command.name]);
  }

  // The command whose App was reached, or null.
  const Command* reached() const {
    const Command* deepest = nullptr;
    for (const Command* command : commands()) {
      if (apps.at(command->name)->parsed()) deepest = command;
    }
    return deepest;
  }
};

bool is_flag_word(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');
}

std::vector<std::string> flag_names(const Command* command) {
  std::vector<std::string> names;
  for (const Flag& flag : global_flags()) names.push_back("--" + flag.name);
  if (command != nullptr) {
    for (const Flag& flag : command->flags) names.push_back("--" + flag.name);
  }
  return names;
}

std::string see_help(const Command* command) {
  return "see: forgectl help" + (command == nullptr ? std::string() : " " + command->name);
}

Status unknown_flag(const std::string& word, const Command* command) {
  const std::string name = word.substr(0, word.find('='));
  std::string what = command == nullptr ? "" : command->name + ": ";
  what += "unknown flag '" + name + "'" + did_you_mean(name, flag_names(command));
  return Status(ErrorId::kUnknownFlag, std::move(what)).remedy(see_help(command));
}

Status unknown_command(const std::string& word, const Command* parent) {
  std::vector<std::string> names;
  for (const Command* command : commands_under(parent == nullptr ? "" : parent->name)) {
    names.emplace_back(last_word(command->name));
  }
  const std::string full = parent == nullptr ? word : parent->name + " " + word;
  return Status(ErrorId::kUnknownCommand, "unknown command '" + full + "'" + did_you_mean(word, names)).remedy(see_help(parent));
}

Status needs_verb(const Command& noun) {
  std::vector<std::string> verbs;
  for (const Command* verb : commands_under(noun.name)) verbs.emplace_back(last_word(verb->name));
  return Status(ErrorId::kUsage, noun.name + " needs a verb").why("one of: " + joined(verbs, ", ")).remedy(see_help(&noun));
}

// "--name=": CLI11 would take the next word for the value; given as two words, the empty one is the value.
std::vector<std::string> prepared(std::span<const std::string> words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    if (is_flag_word(word) && word.size() > 3 && word.find('=') == word.size() - 1) {
      out.push_back(word.substr(0, word.size() - 1));
      out.emplace_back();
    } else {
      out.push_back(word);
    }
  }
  return out;
}

Status collect(const std::vector<Slot>& slots, std::map<std::string, std::vector<std::string>>& out) {
  for (const auto& [flag, option] : slots) {
    if (option->count() == 0) continue;
    std::vector<std::string> values = option->results();
    for (const std::string& value : values) FORGE_TRY(check_flag_value(*flag, "--" + flag->name, value));
    if (values.size() > 1 && !flag->repeated && flag->type != FlagType::kSwitch) {
      return Status(ErrorId::kUsage, "--" + flag->name + " is given " + std::to_string(values.size()) + " times")
          .remedy("give it once");
    }
    out[flag->name] = std::move(values);
  }
  return {};
}

// Lets CLI11 read the words; what it throws becomes a Status here and goes no further.
Status read_words(CLI::App& root, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());
  try {
    root.parse(std::move(words));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    return Status(ErrorId::kUsage, text.substr(0, text.find(':')) + " needs a value");
  } catch (const CLI::Error& error) {
    return {ErrorId::kUsage, error.what()};
  }
  return {};
}

Status check_words(const Command& command, const std::vector<std::string>& words) {
  std::size_t required = 0;
  bool open_end = false;
  for (const Argument& argument : command.arguments) {
    required += argument.required ? 1 : 0;
    open_end = open_end || argument.repeated;
  }
  if (words.size() < required) {
    return Status(ErrorId::kUsage, command.name + " needs " + command.arguments[words.size()].name)
        .why(command.arguments[words.size()].summary)
        .remedy("usage: " + usage(command));
  }
  if (!open_end && words.size() > command.arguments.size()) {
    return Status(ErrorId::kUsage, command.name + " does not take '" + words[command.arguments.size()] + "'")
        .remedy("usage: " + usage(command));
  }
  return {};
}

}  // namespace

Status check_flag_value(const Flag& flag, const std::string& shown, const std::string& value) {
  switch (flag.type) {
    case FlagType::kSwitch:
      if (value != "true" && value != "false")
        return Status(ErrorId::kUsage, shown + " takes no value").why("'" + value + "' was given");
      return {};
    case FlagType::kText:
      return {};
    case FlagType::kCount:
    case FlagType::kDuration: {
      Status status = flag.type == FlagType::kCount ? parse_count(value).status() : parse_duration(value).status();
      if (status.ok()) return {};
      return Status(ErrorId::kUsage, shown + ": " + status.text().what).remedy(status.text().remedy);
    }
    case FlagType::kChoice:
      break;
  }
  if (std::find(flag.choices.begin(), flag.choices.end(), value) != flag.choices.end()) return {};
  return Status(ErrorId::kUsage, shown + " cannot be '" + value + "'" + did_you_mean(value, flag.choices))
      .remedy("one of: " + joined(flag.choices, ", "));
}

Status with_help(Status error, const Command* command) {
  const bool is_general = error.id() == ErrorId::kUsage && error.text().remedy == info_of(ErrorId::kUsage).remedy;
  return is_general && command != nullptr ? std::move(error).remedy(see_help(command)) : error;
}

namespace {

Result<Parsed> read(Tree& tree, std::span<const std::string> arguments) {
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  const auto head = static_cast<std::size_t>(mark - arguments.begin());
  const Status read = read_words(tree.root, prepared(arguments.first(head)));
  const Command* command = tree.reached();
  FORGE_TRY(with_help(read, command));

  std::vector<std::string> words = tree.root.remaining(true);
  for (const std::string& word : words) {
    if (is_flag_word(word)) return unknown_flag(word, command);
  }
  if (mark != arguments.end()) words.insert(words.end(), mark + 1, arguments.end());

  std::map<std::string, std::vector<std::string>> flags;
  FORGE_TRY(with_help(collect(tree.global_slots, flags), command));
  if (command != nullptr) FORGE_TRY(with_help(collect(tree.slots[command->name], flags), command));
  if (flags.contains("json") && flags.contains("output") && flags["output"] != std::vector<std::string>{"json"}) {
    return Status(ErrorId::kUsage, "--json and --output " + flags["output"].front() + " contradict each other")
        .remedy("give one of them");
  }
  const bool help = flags.contains("help");
  if (command == nullptr || command->run == nullptr) {
    if (!words.empty()) return unknown_command(words.front(), command);
    if (command != nullptr && !help) return needs_verb(*command);
    const Command& shown = command == nullptr ? *find_command("help") : *command;
    return Parsed{Arguments(shown, {}, std::move(flags)), true};
  }
  if (!help) FORGE_TRY(check_words(*command, words));
  return Parsed{Arguments(*command, std::move(words), std::move(flags)), help};
}

}  // namespace

Result<Parsed> parse(std::span<const std::string> arguments) {
  Tree tree;
  Result<Parsed> parsed = read(tree, arguments);
  const Command* command = tree.reached();
  const bool may_write = command == nullptr || command->run == nullptr || command->writes;
  if (parsed.ok() || !may_write || !parsed.status().text().state.empty()) return parsed;
  return Status(parsed.status()).state("nothing was written");
}

}  // namespace forge::cli
