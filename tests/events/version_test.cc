#include "forge/events/version.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace forge {
namespace {

TEST(LibraryVersion, IsTheOneTheProjectDeclares) {
  std::ifstream file(FORGE_SOURCE_DIR "/CMakeLists.txt");
  const std::string text{std::istreambuf_iterator<char>(file), {}};

  EXPECT_NE(text.find("project(forge VERSION " + std::string(library_version()) + " "), std::string::npos) << library_version();
}

}  // namespace
}  // namespace forge
