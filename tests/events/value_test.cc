#include "forge/events/value.h"

#include <gtest/gtest.h>

#include <limits>

namespace forge {
namespace {

TEST(Value, KeepsEachKindAndAnswersOnlyForIt) {
  EXPECT_TRUE(Value().is_null());
  EXPECT_TRUE(Value(nullptr).is_null());
  EXPECT_TRUE(Value(true).as_bool());
  EXPECT_EQ(Value(std::numeric_limits<std::int64_t>::min()).as_int(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(Value(2.5).as_double(), 2.5);
  EXPECT_EQ(Value("tea").as_text(), "tea");
  EXPECT_EQ(Value(std::string_view("a\0b", 3)).as_text().size(), 3u);
  EXPECT_EQ(*Value(Bytes{1, 2}).if_bytes(), (Bytes{1, 2}));
  EXPECT_EQ(Value(List{1, "x"}).if_list()->size(), 2u);
  EXPECT_EQ(Value(true).if_int(), nullptr);
  EXPECT_EQ(Value(1).if_double(), nullptr);
  EXPECT_EQ(Value("1").if_int(), nullptr);
}

TEST(Value, ComparesKindAndContent) {
  EXPECT_EQ(Value(Object{{"a", List{1, Object{{"b", nullptr}}}}}), Value(Object{{"a", List{1, Object{{"b", nullptr}}}}}));
  EXPECT_FALSE(Value(1) == Value(1.0));
  EXPECT_FALSE(Value("1") == Value(Bytes{'1'}));
}

TEST(ValueDeath, AbortsWithAMessageOnAnotherKind) {
  EXPECT_DEATH((void)Value("x").as_int(), "the value is not an integer");
  EXPECT_DEATH((void)Value(1).as_text(), "the value is not a text");
  EXPECT_DEATH((void)Value(1).as_bool(), "the value is not a bool");
  EXPECT_DEATH((void)Value(1).as_double(), "the value is not a double");
}

TEST(Object, KeepsTheOrderAndFindsTheFirstOfAName) {
  Object object = {{"b", 1}, {"a", 2}};
  object.add("b", 3);

  ASSERT_EQ(object.size(), 3u);
  EXPECT_EQ(object.members()[2].first, "b");
  EXPECT_EQ(object.find("b")->as_int(), 1);
  EXPECT_EQ(object.find("c"), nullptr);
  EXPECT_TRUE(Object().empty());
  EXPECT_FALSE(object.empty());
}

TEST(Object, CopiesAreIndependentAndMovesTakeEverything) {
  Object original = {{"a", Object{{"b", 1}}}};
  Object copy = original;
  copy.add("c", 2);
  EXPECT_EQ(original.size(), 1u);
  EXPECT_FALSE(original == copy);

  const Object moved = std::move(copy);
  EXPECT_EQ(moved.size(), 2u);
  original = moved;
  EXPECT_EQ(original, moved);
}

}  // namespace
}  // namespace forge
