#include "man.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness.h"
#include "help.h"

namespace forge::cli {
namespace {

std::string page(const std::string& name) {
  std::ifstream file("man/" + name + ".1");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The page as it is read, without the marks of its language.
std::string plain(std::string text) {
  for (const auto& [mark, character] : {std::pair{"\\-", "-"}, {"\\(dq", "\""}, {"\\&", ""}, {"\\e", "\\"}, {"\\[u2026]", "…"}}) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
      text.replace(at, std::string_view(mark).size(), character);
    }
  }
  return text;
}

class ManTest : public testing::Test {
 protected:
  ManTest() { EXPECT_EQ(bench.line("__man man").exit, 0); }
  Bench bench;
};

TEST_F(ManTest, HasAPageForEveryCommandAndNoOther) {
  std::size_t pages = 1;
  EXPECT_NE(page("forgectl"), "");
  for (const Command* command : commands()) {
    EXPECT_EQ(page(man_name(*command)).empty(), command->hidden) << command->name;
    pages += command->hidden ? 0 : 1;
  }
  const auto files = std::filesystem::directory_iterator("man");
  EXPECT_EQ(static_cast<std::size_t>(std::distance(files, {})), pages);
}

TEST_F(ManTest, SaysWhatTheTableSays) {
  const std::string overview = plain(page("forgectl"));
  for (const Flag& flag : global_flags()) EXPECT_NE(overview.find(spelled(flag)), std::string::npos) << flag.name;
  for (const Topic& topic : topics()) {
    if (topic.name == "flags") continue;
    EXPECT_NE(overview.find(topic.text.substr(0, topic.text.find('\n'))), std::string::npos) << topic.name;
  }
  for (const Command* command : commands()) {
    if (command->hidden) continue;
    const std::string text = plain(page(man_name(*command)));
    const auto has = [&](const std::string& part) { return text.find(plain(part)) != std::string::npos; };
    EXPECT_NE(overview.find(man_name(*command) + " 1"), std::string::npos) << command->name;
    for (const Argument& argument : command->arguments) EXPECT_TRUE(has(argument.name)) << command->name << " " << argument.name;
    for (const Flag& flag : command->flags) {
      EXPECT_TRUE(has(spelled(flag))) << command->name << " --" << flag.name;
      for (const std::string& choice : flag.choices) EXPECT_TRUE(has(choice)) << command->name << " --" << flag.name;
    }
  }
}

TEST_F(ManTest, IsInTheLanguageOfManualPages) {
  for (const auto& entry : std::filesystem::directory_iterator("man")) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const bool is_ascii = std::all_of(line.begin(), line.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
      EXPECT_TRUE(is_ascii && !line.empty()) << entry.path() << ": " << line;
    }
  }
}

}  // namespace
}  // namespace forge::cli
