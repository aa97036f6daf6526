#pragma once

// Configuration files as they stand: config.toml of the user, with tables [profile.NAME], and forge.toml beside a store. The only
// place for toml++.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "forge/events/status.h"

namespace forge::cli {

struct ConfigValue {
  std::string text;
  std::string place;  // "…/forge/config.toml:3:9"
};

// By the setting's name.
using ConfigValues = std::map<std::string, ConfigValue>;
// By the profile's name.
using Profiles = std::map<std::string, ConfigValues>;

// What `text`, the content of the file `path`, says. Every name and value is checked. Errors: kConfigInvalid with line and column;
// an unknown name comes with the nearest known one.
Result<Profiles> parse_profiles(std::string_view text, const std::string& path);
Result<ConfigValues> parse_store_config(std::string_view text, const std::string& path);

// The content of a file; nothing where there is none, or where its directory may not be entered. Errors: kConfigInvalid where it
// cannot be read or is beyond 1 MiB.
Result<std::optional<std::string>> read_config(const std::string& path);

// `text` with one setting of one profile set to `value` or, without one, taken out. Everything else, comments and order included,
// stays as it is. Errors: kConfigInvalid, also where the file is written in a way that only a hand can edit.
Result<std::string> edited_profiles(const std::string& text, const std::string& path, const std::string& profile,
                                    const std::string& name, const std::optional<std::string>& value);

// Puts `text` in the file's place in one step, its directories made where they are missing; a link stays one. Errors:
// kOutputFailed; the file is as it was.
Status write_config(const std::string& path, const std::string& text);

}  // namespace forge::cli
