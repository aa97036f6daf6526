#include "config_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/sample_store.h"

namespace forge::cli {
namespace {

std::string set(const std::string& text, const std::string& profile, const std::string& name, const std::string& value) {
  const Result<std::string> edited = edited_profiles(text, "c", profile, name, value);
  return edited.ok() ? *edited : edited.status().message();
}

std::string unset(const std::string& text, const std::string& profile, const std::string& name) {
  const Result<std::string> edited = edited_profiles(text, "c", profile, name, std::nullopt);
  return edited.ok() ? *edited : edited.status().message();
}

std::string place_of_error(const std::string& text) {
  const Status status = parse_profiles(text, "c").status();
  EXPECT_EQ(status.id(), ErrorId::kConfigInvalid) << text;
  return status.text().place;
}

TEST(ConfigFile, GivesEachValueWithItsPlace) {
  const Profiles profiles = parse_profiles("# ä\n[profile.a]\nactor = \"ü\"\nread-only = true\n[profile.b]\n", "c").value();
  EXPECT_EQ(profiles.at("a").at("actor").text, "ü");
  EXPECT_EQ(profiles.at("a").at("actor").place, "c:3:9");
  EXPECT_EQ(profiles.at("a").at("read-only").text, "true");
  EXPECT_TRUE(profiles.at("b").empty());
}

TEST(ConfigFile, TellsWhereItIsWrong) {
  EXPECT_EQ(place_of_error("[profile.a]\nactor = \n"), "c:2:9");
  EXPECT_EQ(place_of_error("[profile.a]\n  actr = \"x\"\n"), "c:2:3");
  EXPECT_EQ(place_of_error("[profile.a]\nactor = 1\n"), "c:2:9");
  EXPECT_EQ(place_of_error("[profile.a]\nread-only = \"true\"\n"), "c:2:13");
  EXPECT_EQ(place_of_error("[profile.a]\ncolor = \"red\"\n"), "c:2:9");
  EXPECT_EQ(place_of_error("[profile.a]\nactor = \"\"\n"), "c:2:9");
  EXPECT_EQ(place_of_error("[other]\n"), "c:1:2");
  EXPECT_EQ(place_of_error("[profile]\na = 1\n"), "c:2:1");
  EXPECT_NE(parse_profiles("[profile.a]\nactr = \"x\"\n", "c").status().message().find("did you mean 'actor'"), std::string::npos);
}

TEST(ConfigFile, BesideAStoreNamesNoStoreAndNoProgram) {
  EXPECT_EQ(parse_store_config("actor = \"x\"\n", "f").value().at("actor").place, "f:1:9");
  for (const char* text : {"pager = \"x\"\n", "store = \"/x\"\n", "[profile.a]\n"}) {
    EXPECT_EQ(parse_store_config(text, "f").status().id(), ErrorId::kConfigInvalid) << text;
  }
}

TEST(ConfigFile, IsEditedInPlace) {
  const std::string text = "# ä mine\n[profile.a] # first\n  actor = \"ü\" # who\n\n[profile.b]\noutput = 'json'\n";
  EXPECT_EQ(set(text, "a", "actor", "x"), "# ä mine\n[profile.a] # first\n  actor = \"x\" # who\n\n[profile.b]\noutput = 'json'\n");
  EXPECT_EQ(set(text, "b", "read-only", "true"),
            "# ä mine\n[profile.a] # first\n  actor = \"ü\" # who\n\n[profile.b]\nread-only = true\noutput = 'json'\n");
  EXPECT_EQ(set(text, "c", "timeout", "2s"), text + "\n[profile.c]\ntimeout = \"2s\"\n");
  EXPECT_EQ(unset(text, "a", "actor"), "# ä mine\n[profile.a] # first\n\n[profile.b]\noutput = 'json'\n");
  EXPECT_EQ(unset(text, "a", "output"), text);
  EXPECT_EQ(set("", "a", "actor", "x"), "[profile.a]\nactor = \"x\"\n");
  EXPECT_EQ(set("[profile.a]", "a", "actor", "x"), "[profile.a]\nactor = \"x\"\n");
  EXPECT_EQ(unset("[profile.a]\nactor = \"x\"", "a", "actor"), "[profile.a]\n");
}

TEST(ConfigFile, KeepsEveryTextThatIsSet) {
  for (const std::string value : {"a \"b\" \\c", "tab\there", "line\nbreak", "\x7F", "ü — 漢", "'"}) {
    const std::string text = set("", "a", "actor", value);
    EXPECT_EQ(parse_profiles(text, "c").value().at("a").at("actor").text, value) << text;
  }
}

TEST(ConfigFile, RefusesWhatOnlyAHandCanEdit) {
  EXPECT_NE(set("profile.a.actor = \"x\"\n", "a", "timeout", "1s").find("edit it by hand"), std::string::npos);
  EXPECT_NE(set("profile = { a = { actor = \"x\" } }\n", "a", "timeout", "1s").find("edit it by hand"), std::string::npos);
  EXPECT_NE(unset("profile = { a = { actor = \"x\", timeout = \"1s\" } }\n", "a", "actor").find("edit it by hand"),
            std::string::npos);
}

TEST(ConfigFile, IsReplacedInOneStepWithItsModeAndLinks) {
  namespace fs = std::filesystem;
  const testing_support::FreshPath place("config", testing_support::FreshPath::Place::kMemory);
  const fs::path directory = fs::path(place.path()) / "made" / "below";
  const std::string path = (directory / "config.toml").string();
  ASSERT_TRUE(write_config(path, "one").ok());
  EXPECT_EQ(read_config(path).value(), "one");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::rename(path, directory / "real");
  fs::create_symlink("real", path);
  ASSERT_TRUE(write_config(path, "two").ok());
  EXPECT_TRUE(fs::is_symlink(path));
  EXPECT_EQ(read_config((directory / "real").string()).value(), "two");
  EXPECT_EQ(fs::status(directory / "real").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory), fs::directory_iterator()), 2);
  EXPECT_FALSE(read_config((directory / "none").string()).value().has_value());
  EXPECT_EQ(read_config(directory.string()).status().id(), ErrorId::kConfigInvalid);
  EXPECT_EQ(write_config((directory / "real" / "x").string(), "three").id(), ErrorId::kOutputFailed);
}

}  // namespace
}  // namespace forge::cli
