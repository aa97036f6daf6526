#include "forge/workflows/token.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace forge {
namespace {

// Equal to the bit, which == on floats is not.
bool identical(const Value& a, const Value& b) {
  if (const double* number = a.if_double()) {
    return b.if_double() != nullptr && std::bit_cast<std::uint64_t>(*number) == std::bit_cast<std::uint64_t>(b.as_double());
  }
  const List* list = a.if_list();
  if (list != nullptr && b.if_list() != nullptr) {
    return std::equal(list->begin(), list->end(), b.if_list()->begin(), b.if_list()->end(), identical);
  }
  const Object* object = a.if_object();
  if (object == nullptr || b.if_object() == nullptr) return a == b;
  const auto same = [](const Object::Member& x, const Object::Member& y) {
    return x.first == y.first && identical(x.second, y.second);
  };
  return std::equal(object->members().begin(), object->members().end(), b.if_object()->members().begin(),
                    b.if_object()->members().end(), same);
}

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : random_(seed) {}

  Value value(int depth) {
    switch (random_() % (depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return random_() % 2 == 0;
      case 2:
        return integer();
      case 3:
        return number();
      case 4:
        return text();
      case 5:
        return bytes();
      case 6: {
        List list;
        for (std::uint64_t i = random_() % 4; i > 0; --i) list.push_back(value(depth - 1));
        return list;
      }
      default:
        return object(depth);
    }
  }

 private:
  Value integer() {
    constexpr std::int64_t kEdges[] = {0, -1, INT64_MIN, INT64_MAX, (std::int64_t{1} << 53) + 1, -(std::int64_t{1} << 53)};
    return random_() % 2 == 0 ? kEdges[random_() % std::size(kEdges)] : static_cast<std::int64_t>(random_());
  }
  Value number() {
    const double edges[] = {0.0, -0.0, 1.0, 1e300, std::numeric_limits<double>::denorm_min(), HUGE_VAL, -HUGE_VAL, NAN, 0.1};
    return random_() % 2 == 0 ? edges[random_() % std::size(edges)] : std::bit_cast<double>(random_());
  }
  std::string text() {
    constexpr const char* kTexts[] = {"", "tea", "$int", "\"\\\n\x01", "\xc3\xa4", "9007199254740993"};
    return kTexts[random_() % std::size(kTexts)];
  }
  Bytes bytes() {
    Bytes made;
    for (std::uint64_t i = random_() % 5; i > 0; --i) made.push_back(static_cast<std::uint8_t>(random_()));
    return made;
  }
  Value object(int depth) {
    constexpr const char* kNames[] = {"$int", "$object", "a", "b", "$x"};
    Object made;
    const std::uint64_t first = random_() % std::size(kNames);
    for (std::uint64_t i = random_() % 4; i > 0; --i) made.add(kNames[(first + i) % std::size(kNames)], value(depth - 1));
    return made;
  }

  std::mt19937_64 random_;
};

TEST(Token, RoundTripsThroughBytesAndJsonWithoutLoss) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Token token{RandomValues(seed).value(4), "c-" + std::to_string(seed), static_cast<std::uint8_t>(seed)};
    const Result<Token> from_bytes = token_from_bytes(to_bytes(token));
    const Result<Token> from_json = token_from_json(to_json(token), "token.json");
    ASSERT_TRUE(from_bytes.ok()) << "seed " << seed << ": " << from_bytes.status().message();
    ASSERT_TRUE(from_json.ok()) << "seed " << seed << ": " << from_json.status().message() << to_json(token);
    for (const Token* read : {&*from_bytes, &*from_json}) {
      EXPECT_TRUE(identical(token.values, read->values)) << "seed " << seed << ": " << to_json(token) << "\n" << to_json(*read);
      EXPECT_EQ(token.correlation, read->correlation);
      EXPECT_EQ(token.hops_left, read->hops_left);
    }
  }
}

TEST(Token, JsonIsPlainWhereJsonLosesNothing) {
  const Token token{Object{{"order", "o-1"}, {"qty", 2}, {"big", INT64_MAX}, {"bytes", Bytes{1, 2}}}, "c-1", 7};
  EXPECT_EQ(to_json(token), R"({"values":{"order":"o-1","qty":2,"big":{"$int":"9223372036854775807"},"bytes":{"$bytes":"AQI="}},)"
                            R"("correlation":"c-1","hops_left":7})");
}

TEST(Token, RefusesWhatIsNone) {
  const auto refused = [](std::string_view text) { return token_from_json(text, "token.json").status().id(); };
  EXPECT_EQ(refused("{"), ErrorId::kJsonInvalid);
  EXPECT_EQ(refused("[]"), ErrorId::kTokenInvalid);
  EXPECT_EQ(refused(R"({"values":1,"correlation":"c"})"), ErrorId::kTokenInvalid);
  EXPECT_EQ(refused(R"({"values":1,"correlation":"c","hops_left":256})"), ErrorId::kTokenInvalid);
  EXPECT_EQ(refused(R"({"values":1,"correlation":2,"hops_left":1})"), ErrorId::kTokenInvalid);
  EXPECT_EQ(refused(R"({"values":{"$int":"x"},"correlation":"c","hops_left":1})"), ErrorId::kTokenInvalid);
  EXPECT_EQ(refused(R"({"values":{"$new":"x"},"correlation":"c","hops_left":1})"), ErrorId::kTokenInvalid);
  EXPECT_EQ(refused(R"({"values":{"$float":"nan:0"},"correlation":"c","hops_left":1})"), ErrorId::kTokenInvalid);
}

TEST(Token, RefusesDamagedBytes) {
  const std::vector<std::uint8_t> whole = to_bytes({Object{{"order", "o-1"}}, "c-1", 7});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(token_from_bytes(std::span(whole).first(size)).status().id(), ErrorId::kTokenInvalid) << size;
  }
}

}  // namespace
}  // namespace forge
