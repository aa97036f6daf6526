#include "scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace forge::cli {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> scenario_files() {
  std::vector<fs::path> files;
  for (const char* directory : {"/tests/scenarios", "/examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(std::string(FORGE_SOURCE_DIR) + directory)) {
      if (entry.path().extension() == ".forge") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class ScenarioFile : public testing::TestWithParam<fs::path> {};

TEST_P(ScenarioFile, AnswersAsWritten) {
  Scenario scenario(text_of(GetParam()));
  const std::string differences = scenario.run();
  if (std::getenv("FORGE_UPDATE_SCENARIOS") != nullptr) {  // NOLINT(concurrency-mt-unsafe): nobody sets it
    std::ofstream(GetParam(), std::ios::binary) << scenario.actual();
    return;
  }
  EXPECT_EQ(differences, "") << "FORGE_UPDATE_SCENARIOS=1 rewrites " << GetParam().filename();
}

INSTANTIATE_TEST_SUITE_P(All, ScenarioFile, testing::ValuesIn(scenario_files()), [](const auto& row) {
  std::string name = row.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// Every secret that secret.forge gives is one of the words `canary…`.
TEST(ScenarioOfSecrets, ShowsNoneInAnyOutput) {
  Scenario scenario(text_of(FORGE_SOURCE_DIR "/tests/scenarios/secret.forge"));
  static_cast<void>(scenario.run());
  std::istringstream lines(scenario.actual());
  int hidden = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("$ ") || line.starts_with("| ") || line.starts_with("#")) continue;
    EXPECT_EQ(line.find("canar"), std::string::npos) << line;
    if (line.find("[secret]") != std::string::npos) ++hidden;
  }
  EXPECT_GT(hidden, 25) << "there is something to hide";
}

TEST(ScenarioRunner, TellsWhatDiffers) {
  Scenario scenario("$ forgectl help tme\nhello\n(exit 3)\n");
  EXPECT_EQ(scenario.run(),
            "$ forgectl help tme\n"
            "  expected  hello\n"
            "  expected  (exit 3)\n"
            "  was       ! error[E9002]: there is no command or topic 'tme' — did you mean 'time'?\n"
            "  was       !   see: forgectl help\n"
            "  was       (exit 2)\n");
}

TEST(ScenarioRunner, KeepsWildcardsThatMatchWhenItRewrites) {
  Scenario scenario("# a note\n$ forgectl version\nforgectl <number>\n");
  EXPECT_EQ(scenario.run(), "");
  EXPECT_EQ(scenario.actual(), "# a note\n$ forgectl version\nforgectl <number>\n");
}

TEST(ScenarioRunner, GivesInputAndExpandsRepeats) {
  Scenario scenario("$ write x.fbs\n| {{ab*2}}\n|\n$ forgectl schema check x.fbs\n! x.fbs:<any>\n! 1 error\n(exit 4)\n");
  EXPECT_EQ(scenario.run(), "");
}

}  // namespace
}  // namespace forge::cli
