#include "cursor.h"

#include <gtest/gtest.h>

namespace forge::cli {
namespace {

const std::string kAsked = asked_of("store", {});

TEST(Cursor, ComesBackAsItWas) {
  const Cursor cursor{"list Order", 1042, "ключ/+?\n", asked_of("store", {"qty > 1"})};
  const Result<Cursor> read = read_cursor(write_cursor(cursor), "list Order", asked_of("store", {"qty > 1"}));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->seq, 1042U);
  EXPECT_EQ(read->after, cursor.after);
}

TEST(Cursor, IsOneWordForShellsAndAddresses) {
  for (int length = 0; length < 8; ++length) {
    const std::string text = write_cursor({"list Order", 1, std::string(static_cast<std::size_t>(length), '?'), kAsked});
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos)
        << text;
    EXPECT_TRUE(text.starts_with("eyJ"));
  }
}

TEST(Cursor, RefusesAnotherListsCursorAndRubbish) {
  EXPECT_EQ(read_cursor(write_cursor({"list Order", 1, "a", kAsked}), "list Stock", kAsked).status().id(), ErrorId::kCursorInvalid);
  for (const char* text : {"", "x", "eyJ", "eyJ9", "bnVsbA", "%%%%", "e30"}) {
    EXPECT_EQ(read_cursor(text, "list Order", kAsked).status().id(), ErrorId::kCursorInvalid) << text;
  }
}

TEST(Cursor, GoesOnWithTheStoreAndTheFiltersItCameFrom) {
  const std::string cursor = write_cursor({"log", 7, "a", asked_of("one", {"Order.*", ""})});
  EXPECT_TRUE(read_cursor(cursor, "log", asked_of("one", {"Order.*", ""})).ok());
  const Status other_store = read_cursor(cursor, "log", asked_of("two", {"Order.*", ""})).status();
  EXPECT_EQ(other_store.id(), ErrorId::kCursorInvalid);
  EXPECT_EQ(other_store.text().what, "the cursor is of another store");
  const Status other_filter = read_cursor(cursor, "log", asked_of("one", {"", "Order.*"})).status();
  EXPECT_EQ(other_filter.id(), ErrorId::kCursorInvalid);
  EXPECT_EQ(other_filter.text().what, "the cursor belongs to a list with other filters");
}

}  // namespace
}  // namespace forge::cli
