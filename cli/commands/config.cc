#include <algorithm>
#include <cctype>
#include <filesystem>

#include "commands.h"
#include "config_file.h"
#include "session.h"
#include "settings.h"
#include "suggest.h"
#include "text.h"

namespace forge::cli {
namespace {

// --- show and list --------------------------------------------------------------------------------------------------------------

Object chosen_object(const Chosen& row) {
  return Object{{"name", row.name},
                {"value", row.value.has_value() ? Value(*row.value) : Value()},
                {"origin", std::string(name_of(row.origin))},
                {"place", row.place.empty() ? Value() : Value(row.place)}};
}

Result<int> run_config_show(Session& session) {
  const auto only = session.arguments.word(0);
  if (only.has_value()) FORGE_TRY(setting_named(*only).status());
  FORGE_ASSIGN(const std::vector<Chosen> rows, resolve_settings(session.arguments, session.streams));
  const bool with_origin = session.arguments.is_on("origin");
  ListShape shape{.headings = {"setting", "value"}, .columns = {"name", "value", "origin", "place"}, .name = "name"};
  if (with_origin) shape.headings.insert(shape.headings.end(), {"origin", "place"});
  session.out.begin_list(std::move(shape));
  for (const Chosen& row : rows) {
    if (only.has_value() && row.name != *only) continue;
    if (!session.out.is_table()) {
      FORGE_TRY(session.out.row(chosen_object(row)));
      continue;
    }
    std::vector<std::string> cells{row.name, row.value.value_or("")};
    if (with_origin) cells.insert(cells.end(), {std::string(name_of(row.origin)), row.place});
    FORGE_TRY(session.out.row(std::move(cells)));
  }
  FORGE_TRY(session.out.end_list());
  return 0;
}

Result<int> run_config_list(Session& session) {
  FORGE_ASSIGN(const Profiles profiles, read_profiles(session.streams));
  const std::string used = profile_name(session.arguments, session.streams);
  session.out.begin_list(
      {.headings = {"profile", "used", "settings"}, .columns = {"profile", "used", "settings"}, .name = "profile"});
  for (const auto& [profile, values] : profiles) {
    Object settings;
    std::vector<std::string> parts;
    for (const auto& [name, value] : values) {
      settings.add(name, value.text);
      parts.push_back(name + "=" + value.text);
    }
    if (session.out.is_table()) {
      FORGE_TRY(session.out.row({profile, profile == used ? "*" : "", joined(parts, " ")}));
    } else {
      FORGE_TRY(session.out.row(Object{{"profile", profile}, {"used", profile == used}, {"settings", std::move(settings)}}));
    }
  }
  FORGE_TRY(session.out.end_list());
  return 0;
}

// --- set and unset --------------------------------------------------------------------------------------------------------------

Status check_profile_name(const std::string& name) {
  constexpr std::size_t kBytesMax = 64;
  const auto is_fit = [](unsigned char c) { return c < 128 && (std::isalnum(c) != 0 || c == '-' || c == '_'); };
  if (!name.empty() && name.size() <= kBytesMax && std::all_of(name.begin(), name.end(), is_fit)) return {};
  return Status(ErrorId::kUsage, "'" + name + "' cannot name a profile").remedy("letters, digits, - and _ are allowed, 64 at most");
}

// A profile holds wherever the command runs.
std::string everywhere(const std::string& store) {
  if (store.starts_with("~/") || store.find("://") != std::string::npos) return store;
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(store, error);
  return error || !path.is_absolute() ? store : path.string();
}

// Sets the value or, without one, takes it away.
Result<int> change(Session& session, const std::optional<std::string>& value) {
  const std::string& name = session.arguments.words()[0];
  const std::string profile = profile_name(session.arguments, session.streams);
  FORGE_TRY(check_profile_name(profile));
  const auto path = config_path(session.streams);
  if (!path.has_value()) {
    return Status(ErrorId::kConfigInvalid, "there is no place for a configuration")
        .why("neither XDG_CONFIG_HOME nor HOME names a directory")
        .remedy("set one of them");
  }
  FORGE_ASSIGN(const std::optional<std::string> before, read_config(*path));
  const std::string text = before.value_or("");
  FORGE_ASSIGN(const std::string after, edited_profiles(text, *path, profile, name, value));
  const bool changes = after != text;
  if (changes && !session.dry_run()) FORGE_TRY(write_config(*path, after));
  const std::string line = "profile " + profile + ": " + (value ? name + " = " + *value : name + " is not set");
  const char* note = !changes ? "   (as it was)" : session.dry_run() ? "   (dry run: nothing was written)" : "";
  FORGE_TRY(session.out.text(printable(line + "   " + *path) + note + "\n"));
  FORGE_TRY(session.out.object(Object{{"profile", profile},
                                      {"name", name},
                                      {"value", value.has_value() ? Value(*value) : Value()},
                                      {"file", *path},
                                      {"changed", changes && !session.dry_run()}},
                               "name"));
  return 0;
}

Result<int> run_set(Session& session) {
  const std::string& name = session.arguments.words()[0];
  FORGE_ASSIGN(const Setting* setting, setting_named(name));
  FORGE_ASSIGN(std::string value, checked_value(*setting, name, session.arguments.words()[1]));
  return change(session, name == "store" ? everywhere(value) : value);
}

Result<int> run_unset(Session& session) {
  FORGE_TRY(setting_named(session.arguments.words()[0]).status());
  return change(session, std::nullopt);
}

Argument setting_argument(bool required) {
  Argument argument{.name = "SETTING", .summary = "which", .required = required};
  for (const Setting& setting : settings()) argument.choices.push_back(setting.flag.name);
  return argument;
}

}  // namespace

const Command& config_command() {
  static const Command kCommand{
      .name = "config",
      .summary = "settings that need not be given on each command line",
      .examples = {{"forgectl config show --origin", "what holds here, and why"},
                   {"forgectl config set actor ada", "in the profile \"default\""},
                   {"forgectl config set store ~/shop --profile shop", "then: forgectl list Order --profile shop"}},
      .notes =
          "A value comes from the first of these that has one: the flag, the profile that --profile names, the environment\n"
          "(FORGE_ACTOR …), forge.toml beside the store, the profile that FORGE_PROFILE names or else \"default\", the default.\n"
          "The store itself: --store, --profile, FORGE_STORE, the nearest .forge upwards, then the other profile.\n\n"
          "Profiles are tables of $XDG_CONFIG_HOME/forge/config.toml (~/.config/forge/config.toml):\n"
          "  [profile.shop]\n"
          "  store = \"~/shop\"\n"
          "  read-only = true\n"
          "forge.toml has the settings without a table; store and pager are not allowed there.",
  };
  return kCommand;
}

const Command& config_show_command() {
  static const Command kCommand{
      .name = "config show",
      .summary = "what holds here",
      .arguments = {setting_argument(false)},
      .flags = {{.name = "origin", .summary = "also where each value comes from, with file, line and column"}},
      .examples = {{"forgectl config show --origin", ""}, {"forgectl config show store -o json", "always with its origin"}},
      .run = run_config_show,
  };
  return kCommand;
}

const Command& config_list_command() {
  static const Command kCommand{
      .name = "config list",
      .summary = "the profiles, and which is used",
      .examples = {{"forgectl config list", ""}, {"forgectl config list -o name", ""}},
      .run = run_config_list,
  };
  return kCommand;
}

const Command& config_set_command() {
  static const Command kCommand{
      .name = "config set",
      .summary = "set a value in a profile",
      .arguments = {setting_argument(true), {.name = "VALUE", .summary = "what to", .offer = Offer::kSettingValue}},
      .examples = {{"forgectl config set output ndjson", ""},
                   {"forgectl config set store . --profile here", "the profile is made where it is missing"}},
      .notes = "Comments and everything else in the file stay as they are.",
      .writes = true,
      .settings = UseOfSettings::kOptional,
      .run = run_set,
  };
  return kCommand;
}

const Command& config_unset_command() {
  static const Command kCommand{
      .name = "config unset",
      .summary = "take a value out of a profile",
      .arguments = {setting_argument(true)},
      .examples = {{"forgectl config unset output", ""}, {"forgectl config unset actor --profile here", ""}},
      .writes = true,
      .settings = UseOfSettings::kOptional,
      .run = run_unset,
  };
  return kCommand;
}

}  // namespace forge::cli
