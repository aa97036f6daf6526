#include "settings.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "parser.h"
#include "suggest.h"

namespace forge::cli {
namespace {

namespace fs = std::filesystem;

// Empty counts as not set.
std::optional<std::string> set_variable(const Streams& streams, const char* name) {
  auto value = streams.environment ? streams.environment(name) : std::nullopt;
  if (value.has_value() && value->empty()) value.reset();
  return value;
}

Flag global_flag(std::string_view name) {
  const auto all = global_flags();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Flag& flag) { return flag.name == name; });
  FORGE_ASSERT(found != all.end());
  return *found;
}

// The nearest directory from here upwards that holds .forge; empty where there is none.
std::string nearest_store() {
  std::error_code error;
  fs::path at = fs::current_path(error);
  while (!error && !at.empty()) {
    if (fs::is_directory(at / ".forge", error)) return at.string();
    if (at == at.root_path()) break;
    at = at.parent_path();
    error.clear();
  }
  return {};
}

// Where the settings beside the store at `path` are; nothing where that is no directory that can have some.
std::optional<std::string> store_file(const fs::path& path) {
  std::error_code error;
  if (path.empty() || path.string().find("://") != std::string::npos) return std::nullopt;
  if (fs::is_directory(path / ".forge", error)) return (path / "forge.toml").lexically_normal().string();
  if (path.filename() != ".forge") return std::nullopt;
  return (path.parent_path() / "forge.toml").lexically_normal().string();
}

// Everything that has a say, read once.
struct Sources {
  const Arguments& arguments;
  const Streams& streams;
  ConfigValues named;   // of the profile that --profile names
  ConfigValues chosen;  // of the profile otherwise
  ConfigValues beside;  // of forge.toml
};

std::optional<Chosen> from_file(const ConfigValues& values, const std::string& name, Origin origin) {
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return Chosen{name, found->second.text, origin, found->second.place};
}

std::optional<Chosen> from_flag(const Arguments& arguments, const std::string& name) {
  if (name == "output" && arguments.is_on("json")) return Chosen{name, "json", Origin::kFlag, "--json"};
  if (!arguments.given(name)) return std::nullopt;
  return Chosen{name, arguments.text(name), Origin::kFlag, "--" + name};
}

Result<std::optional<Chosen>> from_environment(const Sources& from, const Setting& setting) {
  const auto value = set_variable(from.streams, setting.variable.c_str());
  if (!value.has_value()) return std::optional<Chosen>();
  FORGE_ASSIGN(std::string checked, checked_value(setting, setting.variable, *value));
  return std::optional(Chosen{setting.flag.name, std::move(checked), Origin::kEnvironment, setting.variable});
}

// A variable that other programs read as well.
std::optional<Chosen> from_other_programs(const Sources& from, const std::string& name) {
  const auto pager = name == "pager" ? set_variable(from.streams, "PAGER") : std::nullopt;
  if (!pager.has_value()) return std::nullopt;
  return Chosen{name, *pager, Origin::kEnvironment, "PAGER"};
}

Result<Chosen> choose(const Sources& from, const Setting& setting) {
  const std::string& name = setting.flag.name;
  if (auto found = from_flag(from.arguments, name)) return *found;
  if (auto found = from_file(from.named, name, Origin::kProfile)) return *found;
  FORGE_ASSIGN(auto in_environment, from_environment(from, setting));
  if (in_environment) return *in_environment;
  if (auto found = from_file(from.beside, name, Origin::kStoreFile)) return *found;
  const std::string nearest = name == "store" ? nearest_store() : "";
  if (!nearest.empty()) return Chosen{name, nearest, Origin::kNearest, ""};
  if (auto found = from_file(from.chosen, name, Origin::kProfile)) return *found;
  if (auto found = from_other_programs(from, name)) return *found;
  const std::string& preset = setting.flag.default_value;
  return Chosen{name, preset.empty() ? std::nullopt : std::optional(preset), Origin::kDefault, ""};
}

Status no_profile(const std::string& name, const Profiles& profiles, const std::string& path) {
  std::vector<std::string> names;
  for (const auto& [known, values] : profiles) names.push_back(known);
  return Status(ErrorId::kProfileNotFound, "there is no profile '" + name + "'" + did_you_mean(name, names))
      .why("looked in " + path)
      .remedy("see: forgectl config list      make it: forgectl config set NAME VALUE --profile " + name);
}

// The profile's values go to where its naming puts them.
Status read_profile(Sources& from) {
  FORGE_ASSIGN(Profiles profiles, read_profiles(from.streams));
  const std::string name = profile_name(from.arguments, from.streams);
  const bool is_named = from.arguments.given("profile");
  const auto found = profiles.find(name);
  if (found == profiles.end()) {
    const bool is_asked_for = is_named || set_variable(from.streams, "FORGE_PROFILE").has_value();
    return is_asked_for ? no_profile(name, profiles, config_path(from.streams).value_or("no file")) : Status();
  }
  (is_named ? from.named : from.chosen) = std::move(found->second);
  return {};
}

// "~/" is the home directory. Another place than where the command happens to run, or an address.
Status expand_store(ConfigValues& values, const Streams& streams) {
  const auto found = values.find("store");
  if (found == values.end()) return {};
  std::string& path = found->second.text;
  const auto home = set_variable(streams, "HOME");
  if (path.starts_with("~/") && home.has_value()) path = *home + path.substr(1);
  if (path.starts_with("/") || path.find("://") != std::string::npos) return {};
  return Status(ErrorId::kConfigInvalid, "the store of a profile is not an absolute path")
      .why("'" + path + "' depends on where the command runs")
      .place(found->second.place)
      .remedy("begin it with / or ~/");
}

}  // namespace

std::span<const Setting> settings() {
  static const std::array<Setting, 8> kSettings = {
      Setting{global_flag("store"), "FORGE_STORE", false},
      Setting{global_flag("actor"), "FORGE_ACTOR"},
      Setting{global_flag("output"), "FORGE_OUTPUT"},
      Setting{global_flag("read-only"), "FORGE_READ_ONLY"},
      Setting{global_flag("timeout"), "FORGE_TIMEOUT"},
      Setting{global_flag("progress"), "FORGE_PROGRESS"},
      Setting{global_flag("color"), "FORGE_COLOR"},
      Setting{{.name = "pager", .type = FlagType::kText, .value = "COMMAND", .summary = "the pager of long output on a terminal"},
              "FORGE_PAGER",
              false}};
  return kSettings;
}

const Setting* find_setting(std::string_view name) {
  const auto all = settings();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Setting& setting) { return setting.flag.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Result<const Setting*> setting_named(const std::string& name) {
  if (const Setting* setting = find_setting(name)) return setting;
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.push_back(setting.flag.name);
  return Status(ErrorId::kUsage, "there is no setting '" + name + "'" + did_you_mean(name, names))
      .remedy("one of: " + joined(names, ", "));
}

Result<std::string> checked_value(const Setting& setting, const std::string& shown, const std::string& value) {
  if (setting.flag.type == FlagType::kSwitch) {
    if (value == "true" || value == "1") return std::string("true");
    if (value == "false" || value == "0") return std::string("false");
    return Status(ErrorId::kUsage, shown + " cannot be '" + value + "'").remedy("true or false");
  }
  if (value.empty()) return Status(ErrorId::kUsage, shown + " is empty").remedy("give it a value, or leave it out");
  FORGE_TRY(check_flag_value(setting.flag, shown, value));
  return value;
}

std::string_view name_of(Origin origin) {
  static constexpr std::array<std::string_view, 6> kNames = {"flag", "environment", "nearest", "store file", "profile", "default"};
  return kNames[static_cast<std::size_t>(origin)];
}

std::optional<std::string> config_path(const Streams& streams) {
  // A relative XDG_CONFIG_HOME is to be ignored, as its specification says.
  const std::string own = set_variable(streams, "XDG_CONFIG_HOME").value_or("");
  if (own.starts_with("/")) return own + "/forge/config.toml";
  const std::string home = set_variable(streams, "HOME").value_or("");
  if (!home.starts_with("/")) return std::nullopt;
  return home + "/.config/forge/config.toml";
}

Result<Profiles> read_profiles(const Streams& streams) {
  const auto path = config_path(streams);
  if (!path.has_value()) return Profiles();
  FORGE_ASSIGN(const std::optional<std::string> text, read_config(*path));
  if (!text.has_value()) return Profiles();
  FORGE_ASSIGN(Profiles profiles, parse_profiles(*text, *path));
  for (auto& [name, values] : profiles) FORGE_TRY(expand_store(values, streams));
  return profiles;
}

std::string profile_name(const Arguments& arguments, const Streams& streams) {
  if (auto named = arguments.if_text("profile")) return *named;
  return set_variable(streams, "FORGE_PROFILE").value_or("default");
}

Result<std::vector<Chosen>> resolve_settings(const Arguments& arguments, const Streams& streams) {
  Sources from{arguments, streams, {}, {}, {}};
  FORGE_TRY(read_profile(from));
  FORGE_ASSIGN(const Chosen store, choose(from, *find_setting("store")));
  if (const auto path = store_file(store.value.value_or(""))) {
    FORGE_ASSIGN(const std::optional<std::string> text, read_config(*path));
    if (text.has_value()) {
      FORGE_ASSIGN(from.beside, parse_store_config(*text, *path));
    }
  }
  std::vector<Chosen> out{store};
  for (const Setting& setting : settings().subspan(1)) {
    FORGE_ASSIGN(Chosen chosen, choose(from, setting));
    out.push_back(std::move(chosen));
  }
  return out;
}

void apply_settings(const std::vector<Chosen>& chosen, Arguments& arguments) {
  for (const Chosen& row : chosen) {
    if (row.origin != Origin::kFlag && row.value.has_value()) arguments.set_default(row.name, *row.value);
  }
}

}  // namespace forge::cli
