#include "cursor.h"

#include <gtest/gtest.h>

namespace forge::cli {
namespace {

TEST(Cursor, ComesBackAsItWas) {
  const Cursor cursor{"list Order", 1042, "ключ/+?\n"};
  const Result<Cursor> read = read_cursor(write_cursor(cursor), "list Order");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->seq, 1042U);
  EXPECT_EQ(read->after, cursor.after);
}

TEST(Cursor, IsOneWordForShellsAndAddresses) {
  for (int length = 0; length < 8; ++length) {
    const std::string text = write_cursor({"list Order", 1, std::string(static_cast<std::size_t>(length), '?')});
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos)
        << text;
    EXPECT_TRUE(text.starts_with("eyJ"));
  }
}

TEST(Cursor, RefusesAnotherListsCursorAndRubbish) {
  EXPECT_EQ(read_cursor(write_cursor({"list Order", 1, "a"}), "list Stock").status().id(), ErrorId::kCursorInvalid);
  for (const char* text : {"", "x", "eyJ", "eyJ9", "bnVsbA", "%%%%", "e30"}) {
    EXPECT_EQ(read_cursor(text, "list Order").status().id(), ErrorId::kCursorInvalid) << text;
  }
}

}  // namespace
}  // namespace forge::cli
