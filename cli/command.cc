#include "command.h"

#include <algorithm>
#include <array>

#include "commands/commands.h"

namespace forge::cli {

std::string_view name_of(FlagType type) {
  static constexpr std::array<std::string_view, 5> kNames = {"switch", "text", "count", "duration", "choice"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const Command* const> commands() {
  static const std::array kCommands = {
      &init_command(),
      &do_command(),
      &undo_command(),
      &get_command(),
      &list_command(),
      &query_command(),
      &history_command(),
      &log_command(),
      &tail_command(),
      &show_command(),
      &diff_command(),
      &blame_command(),
      &trace_command(),
      &explain_command(),
      &schema_command(),
      &schema_check_command(),
      &schema_add_command(),
      &schema_diff_command(),
      &schema_list_command(),
      &schema_show_command(),
      &schema_graph_command(),
      &schema_gen_command(),
      &workflow_command(),
      &workflow_check_command(),
      &workflow_test_command(),
      &workflow_add_command(),
      &workflow_list_command(),
      &workflow_show_command(),
      &workflow_graph_command(),
      &workflow_run_command(),
      &workflow_work_command(),
      &workflow_runs_command(),
      &workflow_trace_command(),
      &workflow_replay_command(),
      &workflow_debug_command(),
      &workflow_signal_command(),
      &workflow_approve_command(),
      &workflow_cancel_command(),
      &workflow_terminate_command(),
      &workflow_pause_command(),
      &workflow_resume_command(),
      &workflow_retry_command(),
      &workflow_waive_command(),
      &workflow_fork_command(),
      &bookmark_command(),
      &bookmark_add_command(),
      &bookmark_list_command(),
      &bookmark_remove_command(),
      &subscription_command(),
      &subscription_list_command(),
      &subscription_show_command(),
      &subscription_parked_command(),
      &subscription_retry_command(),
      &subscription_skip_command(),
      &import_command(),
      &export_command(),
      &backup_command(),
      &restore_command(),
      &rebuild_command(),
      &fork_command(),
      &repair_command(),
      &projection_command(),
      &projection_list_command(),
      &projection_show_command(),
      &projection_rebuild_command(),
      &projection_pause_command(),
      &projection_resume_command(),
      &projection_retry_command(),
      &projection_skip_command(),
      &projection_drop_command(),
      &verify_command(),
      &stats_command(),
      &doctor_command(),
      &shell_command(),
      &config_command(),
      &config_show_command(),
      &config_list_command(),
      &config_set_command(),
      &config_unset_command(),
      &completion_command(),
      &version_command(),
      &help_command(),
      &complete_command(),
      &man_command(),
  };
  return kCommands;
}

const Command* find_command(std::string_view name) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Command* command) { return command->name == name; });
  return found == all.end() ? nullptr : *found;
}

std::vector<const Command*> commands_under(std::string_view parent) {
  std::vector<const Command*> out;
  for (const Command* command : commands()) {
    const std::size_t space = command->name.find(' ');
    const std::string_view holder =
        space == std::string::npos ? std::string_view() : std::string_view(command->name).substr(0, space);
    if (!command->hidden && holder == parent) out.push_back(command);
  }
  return out;
}

std::string_view last_word(std::string_view name) {
  const std::size_t space = name.rfind(' ');
  return space == std::string_view::npos ? name : name.substr(space + 1);
}

std::span<const Flag> global_flags() {
  static const std::vector<Flag> kFlags = {
      {.name = "store",
       .type = FlagType::kText,
       .value = "PATH",
       .summary = "the store's directory, or one that holds .forge",
       .offer = Offer::kFile},
      {.name = "profile",
       .type = FlagType::kText,
       .value = "NAME",
       .summary = "settings of config.toml to use; see config",
       .offer = Offer::kProfile},
      {.name = "output",
       .letter = 'o',
       .type = FlagType::kChoice,
       .value = "FORMAT",
       .summary = "how data is printed",
       .default_value = "table",
       .choices = {"table", "json", "ndjson", "csv", "tsv", "name"}},
      {.name = "json", .summary = "the same as -o json"},
      {.name = "actor", .type = FlagType::kText, .value = "NAME", .summary = "who acts; recorded with each event"},
      {.name = "dry-run", .summary = "decide and answer as if, write nothing"},
      {.name = "read-only", .summary = "open the store for reading only, beside a writer"},
      {.name = "timeout",
       .type = FlagType::kDuration,
       .value = "TIME",
       .summary = "how long to wait for a turn to write, or a query for its answer; 0s: without end",
       .default_value = "0s"},
      {.name = "yes", .summary = "answer every question with yes"},
      {.name = "quiet", .letter = 'q', .summary = "no notices and no progress on standard error"},
      {.name = "verbose", .letter = 'v', .summary = "the store's own diary on standard error"},
      {.name = "progress",
       .type = FlagType::kChoice,
       .value = "FORM",
       .summary = "progress on standard error",
       .default_value = "auto",
       .choices = {"auto", "json", "none"}},
      {.name = "color",
       .type = FlagType::kChoice,
       .value = "WHEN",
       .summary = "colours",
       .default_value = "auto",
       .choices = {"auto", "always", "never"}},
      {.name = "no-pager", .summary = "never send long output through a pager"},
      {.name = "help", .letter = 'h', .summary = "help for the command"},
  };
  return kFlags;
}

std::string spelled(const Flag& flag) {
  std::string out = flag.letter == 0 ? "" : std::string("-") + flag.letter + ", ";
  out += "--" + flag.name;
  if (flag.type != FlagType::kSwitch) out += " " + flag.value;
  return out;
}

std::string usage(const Command& command) {
  std::string out = "forgectl " + command.name;
  for (const Argument& argument : command.arguments) {
    const std::string name = argument.name + (argument.repeated ? "…" : "");
    out += argument.required ? " " + name : " [" + name + "]";
  }
  if (command.run == nullptr) out += " VERB";
  return out;
}

}  // namespace forge::cli
