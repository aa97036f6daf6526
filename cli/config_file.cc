#include "config_file.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "forge/events/system_reason.h"
#include "settings.h"
#include "suggest.h"

namespace forge::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBytesMax = 1 << 20;

std::string place_of(const std::string& path, const toml::source_position& at) {
  return path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

Status invalid(std::string what, const std::string& path, const toml::source_position& at) {
  return Status(ErrorId::kConfigInvalid, std::move(what)).place(place_of(path, at));
}

Result<toml::table> parse_toml(std::string_view text, const std::string& path) {
  toml::parse_result parsed = toml::parse(text, std::string_view(path));
  if (parsed) return std::move(parsed).table();
  const toml::parse_error& error = parsed.error();
  return invalid("the file is not TOML", path, error.source().begin).why(std::string(error.description()));
}

Status unknown_name(const std::string& name, bool beside_store, const std::string& path, const toml::source_position& at) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) {
    if (setting.beside_store || !beside_store) names.push_back(setting.flag.name);
  }
  Status status = invalid("there is no setting '" + name + "'" + did_you_mean(name, names), path, at);
  if (beside_store && find_setting(name) != nullptr) {
    status = invalid("'" + name + "' cannot be set beside a store", path, at).why("the file may come with somebody else's store");
  }
  return std::move(status).remedy("one of: " + joined(names, ", "));
}

// A text, or for a switch true or false.
Result<std::string> toml_text(const Setting& setting, const toml::node& node, const std::string& path) {
  const std::string& name = setting.flag.name;
  const bool is_switch = setting.flag.type == FlagType::kSwitch;
  if (is_switch && node.is_boolean()) return std::string(node.as_boolean()->get() ? "true" : "false");
  if (is_switch || !node.is_string()) {
    return invalid(name + (is_switch ? " must be true or false" : " must be a text in quotes"), path, node.source().begin);
  }
  Result<std::string> checked = checked_value(setting, name, node.as_string()->get());
  if (checked.ok()) return checked;
  return invalid(checked.status().text().what, path, node.source().begin).remedy(checked.status().text().remedy);
}

Result<ConfigValues> values_of(const toml::table& table, bool beside_store, const std::string& path) {
  ConfigValues values;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const Setting* setting = find_setting(name);
    if (setting == nullptr || (beside_store && !setting->beside_store)) {
      return unknown_name(name, beside_store, path, key.source().begin);
    }
    FORGE_ASSIGN(std::string text, toml_text(*setting, node, path));
    values[name] = {std::move(text), place_of(path, node.source().begin)};
  }
  return values;
}

Result<Profiles> profiles_of(const toml::table& root, const std::string& path) {
  Profiles profiles;
  for (const auto& [key, node] : root) {
    if (key.str() == "profile" && node.is_table()) continue;
    return invalid("'" + std::string(key.str()) + "' is no part of a configuration", path, key.source().begin)
        .why("settings stand in tables [profile.NAME]");
  }
  const toml::table* all = root["profile"].as_table();
  if (all == nullptr) return profiles;
  for (const auto& [key, node] : *all) {
    if (!node.is_table()) {
      return invalid("profile." + std::string(key.str()) + " is no table", path, key.source().begin)
          .remedy("write its settings below [profile.NAME]");
    }
    FORGE_ASSIGN(profiles[std::string(key.str())], values_of(*node.as_table(), false, path));
  }
  return profiles;
}

// --- editing ---------------------------------------------------------------------------------------------------------------------

// Where a position is in the text. Its column counts code points.
std::size_t offset_of(const std::string& text, const toml::source_position& at) {
  std::size_t offset = 0;
  for (std::uint32_t line = 1; line < at.line; ++line) offset = text.find('\n', offset) + 1;
  for (std::uint32_t column = 1; column < at.column; ++column) {
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) ++offset;
  }
  return offset;
}

std::string as_toml(const Setting& setting, const std::string& value) {
  if (setting.flag.type == FlagType::kSwitch) return value;
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The text with the one change, before anybody looked whether it came out right.
std::string changed(std::string text, const toml::table& root, const std::string& profile, const Setting& setting,
                    const std::optional<std::string>& value) {
  const toml::node* table = root["profile"][profile].node();
  const toml::node* old = root["profile"][profile][setting.flag.name].node();
  const std::string line = setting.flag.name + " = " + as_toml(setting, value.value_or("")) + "\n";
  if (old != nullptr) {
    const std::size_t begin = offset_of(text, old->source().begin), end = offset_of(text, old->source().end);
    if (value.has_value()) return text.replace(begin, end - begin, as_toml(setting, *value));
    const std::size_t first = text.rfind('\n', begin) + 1, last = std::min(text.find('\n', end), text.size() - 1);
    return text.erase(first, last + 1 - first);
  }
  if (!value.has_value()) return text;
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (table == nullptr) return text + (text.empty() ? "" : "\n") + "[profile." + profile + "]\n" + line;
  const std::size_t header_end = text.find('\n', offset_of(text, table->source().begin));
  return text.insert(header_end + 1, line);
}

using Plain = std::map<std::string, std::map<std::string, std::string>>;

Plain plain(const Profiles& profiles) {
  Plain out;
  for (const auto& [profile, values] : profiles) {
    for (const auto& [name, value] : values) out[profile][name] = value.text;
  }
  return out;
}

}  // namespace

Result<Profiles> parse_profiles(std::string_view text, const std::string& path) {
  FORGE_ASSIGN(const toml::table root, parse_toml(text, path));
  return profiles_of(root, path);
}

Result<ConfigValues> parse_store_config(std::string_view text, const std::string& path) {
  FORGE_ASSIGN(const toml::table root, parse_toml(text, path));
  return values_of(root, true, path);
}

Result<std::optional<std::string>> read_config(const std::string& path) {
  std::error_code error;
  const bool is_there = fs::exists(path, error);
  // A home that may not be entered is another user's, as below sudo: it has no say. A file that may not be read is an error below.
  if (error == std::errc::permission_denied || (!is_there && !error)) return std::optional<std::string>();
  const auto unreadable = [&](const std::string& why) {
    return Status(ErrorId::kConfigInvalid, "the configuration cannot be read").why(why).place(path);
  };
  if (error) return unreadable(system_reason(error));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open() || fs::is_directory(path, error)) return unreadable(system_reason(errno == 0 ? EISDIR : errno));
  std::string text(kBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return unreadable("reading failed");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kBytesMax) return unreadable("it is larger than 1 MiB");
  return std::optional(std::move(text));
}

Result<std::string> edited_profiles(const std::string& text, const std::string& path, const std::string& profile,
                                    const std::string& name, const std::optional<std::string>& value) {
  FORGE_ASSIGN(const Setting* setting, setting_named(name));
  FORGE_ASSIGN(const toml::table root, parse_toml(text, path));
  FORGE_ASSIGN(const Profiles before, profiles_of(root, path));
  std::string after = changed(text, root, profile, *setting, value);
  Plain expected = plain(before);
  if (value.has_value()) {
    expected[profile][name] = *value;
  } else if (expected.contains(profile) && expected[profile].erase(name) > 0 && expected[profile].empty()) {
    expected.erase(profile);
  }
  const Result<Profiles> got = parse_profiles(after, path);
  if (got.ok() && plain(*got) == expected) return after;
  return Status(ErrorId::kConfigInvalid, "the file is not written in tables [profile.NAME] with a setting a line")
      .place(path)
      .state("nothing was changed")
      .remedy("edit it by hand");
}

Status write_config(const std::string& path, const std::string& text) {
  std::error_code error;
  const auto failed = [&](const std::string& why) {
    return Status(ErrorId::kOutputFailed, "cannot write '" + path + "'")
        .why(why)
        .state("nothing was changed")
        .remedy("check the directory's permissions and the disk");
  };
  const fs::path target = fs::is_symlink(path, error) ? fs::weakly_canonical(path, error) : fs::path(path);
  if (fs::create_directories(target.parent_path(), error); error) return failed(system_reason(error));
  const fs::path made = target.string() + "." + std::to_string(::getpid()) + ".new";
  errno = 0;
  {
    std::ofstream file(made, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file.good()) {
      const std::string why = system_reason(errno);
      fs::remove(made, error);
      return failed(why);
    }
  }
  if (const fs::file_status old = fs::status(target, error); fs::exists(old)) fs::permissions(made, old.permissions(), error);
  fs::rename(made, target, error);
  if (!error) return {};
  const std::string why = error.message();
  fs::remove(made, error);
  return failed(why);
}

}  // namespace forge::cli
