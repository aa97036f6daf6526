// What an import is made of: its limit of bad rows, its checkpoint, and the digest by which it knows what it has read.

#include <gtest/gtest.h>

#include "bad_row_limit.h"
#include "forge/events/beginning_digest.h"
#include "import_state.h"

namespace forge::cli {
namespace {

TEST(BadRowLimit, CountsRows) {
  const BadRowLimit limit = BadRowLimit::read("3").value();
  EXPECT_EQ(limit.left(0), 3u);
  EXPECT_EQ(limit.left(3), 0u);
  EXPECT_EQ(limit.left(9), 0u);
  EXPECT_FALSE(limit.is_share_passed(9, 9, true));
  EXPECT_EQ(BadRowLimit::read("").value().left(9), UINT64_MAX);
}

TEST(BadRowLimit, IsAShareOfManyRowsOrOfAll) {
  const BadRowLimit limit = BadRowLimit::read("2.5%").value();
  EXPECT_EQ(limit.left(9), UINT64_MAX);
  EXPECT_FALSE(limit.is_share_passed(25, 1000, false));
  EXPECT_TRUE(limit.is_share_passed(26, 1000, false));
  EXPECT_FALSE(limit.is_share_passed(100, 999, false));
  EXPECT_TRUE(limit.is_share_passed(100, 999, true));
  EXPECT_FALSE(limit.is_share_passed(0, 0, true));
  EXPECT_TRUE(BadRowLimit::read("0%").value().is_share_passed(1, 5, true));
}

TEST(BadRowLimit, RefusesWhatIsNeither) {
  for (const char* text : {"-1", "1.5", "x", "%", "101%", "-1%", "1 %", "nan%", "99999999999999999999"}) {
    EXPECT_EQ(BadRowLimit::read(text).status().id(), ErrorId::kUsage) << text;
  }
}

// The same bytes give the same digest, however they are cut, and no other ones do.
TEST(BeginningDigest, IsThatOfTheBytes) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{65535}, std::size_t{65536}, std::size_t{65537}, text.size()}) {
    BeginningDigest whole, parts, other;
    const std::string_view bytes = std::string_view(text).substr(0, size);
    whole.add(bytes);
    for (std::size_t at = 0; at < size; at += 777) parts.add(bytes.substr(at, 777));
    other.add(bytes);
    other.add("x");
    EXPECT_EQ(whole.hex(), parts.hex()) << size;
    EXPECT_NE(whole.hex(), other.hex()) << size;
  }
}

// As store/FORMAT.md says: of nothing, SHA-256 over 32 zero bytes.
TEST(BeginningDigest, IsTheDocumentedOne) {
  EXPECT_EQ(BeginningDigest().hex(), "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
}

TEST(ImportState, IsReadAsItWasWritten) {
  ImportState state;
  state.columns = "c";
  state.source = "s";
  state.place = {.row = 3, .line = 5, .offset = 70};
  state.is_whole_line = false;
  state.imported = 1;
  state.bad = 2;
  state.quarantine = "a \"b\".ndjson";
  state.quarantine_bytes = 9;
  const ImportState read = ImportState::decode("name", state.encode()).value();
  EXPECT_EQ(read.encode(), state.encode());
  EXPECT_EQ(read.place.offset, 70u);
  EXPECT_FALSE(read.is_whole_line);
  EXPECT_EQ(read.quarantine, state.quarantine);
}

TEST(ImportState, RefusesWhatIsNone) {
  const std::string whole = ImportState().encode();
  std::string other_format = whole;
  other_format.replace(other_format.find(":1,"), 3, ":2,");
  for (const std::string& text : {std::string(), std::string("5"), std::string("{}"), whole.substr(0, 30), other_format}) {
    EXPECT_EQ(ImportState::decode("name", text).status().id(), ErrorId::kDataCorrupt) << text;
  }
}

TEST(DefaultCheckpoint, IsANameWhateverTheFileIsCalled) {
  EXPECT_EQ(default_checkpoint("/a/b/users.csv", "User.register"), "import:users.csv:User.register");
  EXPECT_EQ(default_checkpoint("my file\xff.csv", "A.b"), "import:my_file_.csv:A.b");
  EXPECT_LE(default_checkpoint(std::string(300, 'x'), std::string(300, 'y')).size(), 200u);
}

}  // namespace
}  // namespace forge::cli
