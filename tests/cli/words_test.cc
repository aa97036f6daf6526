#include "words.h"

#include <gtest/gtest.h>

namespace forge::cli {
namespace {

using Texts = std::vector<std::string>;

TEST(Words, ArePartedByBlanksAndKeptByQuotes) {
  EXPECT_EQ(split_words("get  Order\to-1\n").words, (Texts{"get", "Order", "o-1"}));
  EXPECT_EQ(split_words(R"(a 'b c' "d 'e\" f" g\ h '')").words, (Texts{"a", "b c", "d 'e\" f", "g h", ""}));
  EXPECT_EQ(split_words(R"(sku='green tea' x"y"z)").words, (Texts{"sku=green tea", "xyz"}));
  EXPECT_EQ(split_words("").words, Texts{});
}

TEST(Words, EndAtARemark) {
  EXPECT_EQ(split_words("get # a b\nOrder a#b '# c'").words, (Texts{"get", "Order", "a#b", "# c"}));
  EXPECT_EQ(split_words("# it's all one remark").open, "");
}

TEST(Words, TakeJsonAsItStands) {
  EXPECT_EQ(split_words(R"(--input {"id": "o }1", "n": [1, 2]} x)").words,
            (Texts{"--input", R"({"id": "o }1", "n": [1, 2]})", "x"}));
  EXPECT_EQ(split_words(R"(note:="a { b" tags:=["a \" ]", {}])").words, (Texts{"note:=a { b", R"(tags:=["a \" ]", {}])"}));
  EXPECT_EQ(split_words("qty={").words, Texts{"qty={"});
  EXPECT_EQ(split_words("--input {\"a\":\n 1}").words, (Texts{"--input", "{\"a\":\n 1}"}));
}

TEST(Words, TellWhatIsOpen) {
  EXPECT_EQ(split_words("get 'Order").open, "'");
  EXPECT_EQ(split_words("get \"Or'der").open, "\"");
  EXPECT_EQ(split_words("--input {\"id\": [").open, "]");
  EXPECT_EQ(split_words("--input {\"id\": []").open, "}");
  EXPECT_EQ(split_words("--input {\"id\": \"}").open, "}");
  EXPECT_EQ(split_words("get \\").open, "\\");
  EXPECT_EQ(split_words("get Order").open, "");
  EXPECT_EQ(split_words("get \\\nOrder o-\\\n1").words, (Texts{"get", "Order", "o-1"}));
}

TEST(Words, TellWhereTheLastBegins) {
  EXPECT_EQ(split_words("get Or").last_at, 4U);
  EXPECT_EQ(split_words("get ").last_at, 4U);
  EXPECT_EQ(split_words("get 'a b").last_at, 4U);
  EXPECT_EQ(split_words("").last_at, 0U);
}

TEST(Words, AreReadBackAsTheyWereQuoted) {
  for (const char* word : {"o-1", "a b", "it's", "#1", "{}", "a:=[1", "\\", "", "x\"y", "a\nb"}) {
    EXPECT_EQ(split_words(quoted_word(word)).words, Texts{word}) << quoted_word(word);
  }
  EXPECT_EQ(quoted_word("o-1"), "o-1");
}

}  // namespace
}  // namespace forge::cli
