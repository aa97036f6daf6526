#include "cursor.h"

#include <gtest/gtest.h>

namespace forge::cli {
namespace {

const ListName kOrders{"list Order", "s-1", "f"};

TEST(Cursor, ComesBackAsItWas) {
  const Cursor cursor{kOrders, 1042, "ключ/+?\n"};
  const Result<Cursor> read = read_cursor(write_cursor(cursor), kOrders);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->seq, 1042U);
  EXPECT_EQ(read->after, cursor.after);
}

TEST(Cursor, IsOneWordForShellsAndAddresses) {
  for (int length = 0; length < 8; ++length) {
    const std::string text = write_cursor({kOrders, 1, std::string(static_cast<std::size_t>(length), '?')});
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos)
        << text;
    EXPECT_TRUE(text.starts_with("eyJ"));
  }
}

TEST(Cursor, RefusesAnotherListsCursorAndRubbish) {
  EXPECT_EQ(read_cursor(write_cursor({kOrders, 1, "a"}), {"list Stock", "s-1", "f"}).status().id(), ErrorId::kCursorInvalid);
  for (const char* text : {"", "x", "eyJ", "eyJ9", "bnVsbA", "%%%%", "e30"}) {
    EXPECT_EQ(read_cursor(text, kOrders).status().id(), ErrorId::kCursorInvalid) << text;
  }
}

TEST(Cursor, IsOfOneStoreAndOfItsFilters) {
  const std::string text = write_cursor({kOrders, 1, "a"});
  const auto refusal = [&](const ListName& list) { return read_cursor(text, list).status().text().what; };
  EXPECT_EQ(refusal({"list Order", "s-2", "f"}), "the cursor belongs to another store");
  EXPECT_EQ(refusal({"list Order", "s-1", ""}), "the cursor belongs to a list with other filters");
  EXPECT_EQ(refusal({"list Order", "s-1", "g"}), "the cursor belongs to a list with other filters");
}

}  // namespace
}  // namespace forge::cli
