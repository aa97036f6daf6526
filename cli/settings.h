#pragma once

// Settings: what need not be given on each command line. A value comes from the first of these that has one:
//   the flag · the profile that --profile names · the environment · forge.toml beside the store · the profile that FORGE_PROFILE
//   names, or "default" · the default.
// The store has no file beside it before it is known: after the environment comes the nearest .forge upwards.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "config_file.h"
#include "forge/cli/run.h"

namespace forge::cli {

struct Setting {
  Flag flag;             // type, choices, default and summary; of "pager" there is no such flag on the command line
  std::string variable;  // "FORGE_OUTPUT"
  // forge.toml may come with somebody else's store: it may not say which programs are run.
  bool beside_store = true;
};

// In the order in which they are shown.
std::span<const Setting> settings();
const Setting* find_setting(std::string_view name);
// Errors: kUsage with the nearest name.
Result<const Setting*> setting_named(const std::string& name);
// The value as it is kept. `shown` names the setting in messages. Errors: kUsage.
Result<std::string> checked_value(const Setting& setting, const std::string& shown, const std::string& value);

enum class Origin : std::uint8_t { kFlag, kEnvironment, kNearest, kStoreFile, kProfile, kDefault };
std::string_view name_of(Origin origin);  // "store file"

struct Chosen {
  std::string name;
  std::optional<std::string> value;
  Origin origin = Origin::kDefault;
  std::string place;  // "--output", "FORGE_OUTPUT", "forge.toml:2:10"; empty for a default and for the nearest store
};

// Where the user's profiles are; nothing where neither XDG_CONFIG_HOME nor HOME tells.
std::optional<std::string> config_path(const Streams& streams);
// The profiles of that file; none where it is missing. Errors: kConfigInvalid.
Result<Profiles> read_profiles(const Streams& streams);
// The one that --profile or FORGE_PROFILE names, else "default".
std::string profile_name(const Arguments& arguments, const Streams& streams);

// What holds for a command line, in the order of settings(). Errors: kConfigInvalid, kUsage for a variable, kProfileNotFound with
// the nearest name.
Result<std::vector<Chosen>> resolve_settings(const Arguments& arguments, const Streams& streams);
// Makes them the defaults of the arguments' flags.
void apply_settings(const std::vector<Chosen>& chosen, Arguments& arguments);

}  // namespace forge::cli
