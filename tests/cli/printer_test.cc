#include "printer.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace forge::cli {
namespace {

const ListShape kShape{.headings = {"name", "n"}, .columns = {"name", "n"}, .name = "name"};

std::string printed(Format format, const std::vector<Object>& rows, Screen screen = {}, ListShape shape = kShape) {
  TextSink out;
  Printer printer(out, format, screen);
  printer.begin_list(std::move(shape));
  for (const Object& row : rows) EXPECT_TRUE(printer.row(row).ok());
  EXPECT_TRUE(printer.end_list("next").ok());
  EXPECT_TRUE(printer.finish().ok());
  return out.text;
}

TEST(Printer, PrintsListsInEveryMachineFormat) {
  const std::vector<Object> rows = {{{"name", "a,b"}, {"n", 1}}, {{"name", ""}, {"n", nullptr}}};
  EXPECT_EQ(printed(Format::kJson, rows), "[{\"name\":\"a,b\",\"n\":1},\n{\"name\":\"\",\"n\":null}]\n");
  EXPECT_EQ(printed(Format::kNdjson, rows), "{\"name\":\"a,b\",\"n\":1}\n{\"name\":\"\",\"n\":null}\n");
  EXPECT_EQ(printed(Format::kCsv, rows), "name,n\n\"a,b\",1\n\"\",\n");
  EXPECT_EQ(printed(Format::kTsv, rows), "name\tn\na,b\t1\n\t\n");
  EXPECT_EQ(printed(Format::kName, rows), "a,b\n\n");
}

TEST(Printer, PrintsEmptyListsAsValidDocuments) {
  EXPECT_EQ(printed(Format::kJson, {}), "[]\n");
  EXPECT_EQ(printed(Format::kNdjson, {}), "");
  EXPECT_EQ(printed(Format::kCsv, {}), "name,n\n");
  EXPECT_EQ(printed(Format::kName, {}), "");
}

TEST(Printer, WrapsPages) {
  ListShape shape = kShape;
  shape.wrapped = true;
  EXPECT_EQ(printed(Format::kJson, {{{"n", 1}}}, {}, shape), "{\"items\":[{\"n\":1}],\"next_cursor\":\"next\"}\n");
}

TEST(Printer, PrintsNothingOfAJsonListThatFailed) {
  TextSink out;
  Printer printer(out, Format::kJson, {});
  printer.begin_list(kShape);
  ASSERT_TRUE(printer.row(Object{{"n", 1}}).ok());
  ASSERT_TRUE(printer.abandon().ok());
  EXPECT_EQ(out.text, "");
}

TEST(Printer, ClosesAJsonListThatOutgrewItsBufferAndThenFailed) {
  TextSink out;
  Printer printer(out, Format::kJson, {});
  printer.begin_list(kShape);
  const Object big{{"n", std::string(1 << 20, 'x')}};
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(printer.row(big).ok());
  EXPECT_FALSE(out.text.empty());
  ASSERT_TRUE(printer.abandon().ok());
  EXPECT_EQ(out.text.substr(0, 2), "[{");
  EXPECT_EQ(out.text.substr(out.text.size() - 3), "}]\n");
}

TEST(Printer, StreamsLinesAsTheyCome) {
  TextSink out;
  Printer printer(out, Format::kNdjson, {});
  printer.begin_list(kShape);
  ASSERT_TRUE(printer.row(Object{{"n", std::string(70'000, 'x')}}).ok());
  EXPECT_FALSE(out.text.empty());
}

TEST(Printer, EscapesWhatSteersATerminalOnlyThere) {
  const std::vector<Object> rows = {{{"name", "a\033b"}, {"n", 1}}};
  EXPECT_EQ(printed(Format::kCsv, rows), "name,n\na\033b,1\n");
  EXPECT_EQ(printed(Format::kCsv, rows, {.is_terminal = true}), "name,n\na\\u001bb,1\n");
  EXPECT_EQ(printed(Format::kName, rows, {.is_terminal = true}), "a\\u001bb\n");
}

std::string table_of(const std::vector<std::vector<std::string>>& rows, Screen screen, std::vector<std::string>* cut = nullptr) {
  TextSink out;
  Printer printer(out, Format::kTable, screen);
  printer.begin_list(kShape);
  for (const auto& row : rows) EXPECT_TRUE(printer.row(row).ok());
  EXPECT_TRUE(printer.end_list().ok());
  EXPECT_TRUE(printer.finish().ok());
  if (cut != nullptr) *cut = printer.cut_columns();
  return out.text;
}

TEST(Table, AlignsByWhatATerminalShows) {
  EXPECT_EQ(table_of({{"日本", "1"}, {"tea", "22"}}, {}), "name  n\n日本  1\ntea   22\n");
}

TEST(Table, NeverCutsWhenItIsPiped) {
  const std::string wide(300, 'x');
  EXPECT_EQ(table_of({{wide, "1"}}, {}), "name" + std::string(298, ' ') + "n\n" + wide + "  1\n");
}

TEST(Table, CutsOnATerminalAndTells) {
  std::vector<std::string> cut;
  EXPECT_EQ(table_of({{std::string(30, 'x'), "1"}}, {.is_terminal = true, .columns = 20}, &cut),
            "name               n\nxxxxxxxxxxxxxxxx…  1\n");
  EXPECT_EQ(cut, std::vector<std::string>{"name"});
}

TEST(Table, CutsTextBeforeTimesAndNumbers) {
  TextSink out;
  Printer printer(out, Format::kTable, {.is_terminal = true, .columns = 40});
  printer.begin_list({.headings = {"when", "who", "what"}, .columns = {}, .name = ""});
  ASSERT_TRUE(printer.row({"11-27 07:14:42Z", std::string(30, 'a'), std::string(60, 'b')}).ok());
  ASSERT_TRUE(printer.end_list().ok());
  ASSERT_TRUE(printer.finish().ok());
  EXPECT_EQ(printer.cut_columns(), (std::vector<std::string>{"who", "what"}));
  EXPECT_NE(out.text.find("\n11-27 07:14:42Z  aaaaaaaaa…  bbbbbbbbbb…"), std::string::npos) << out.text;
}

TEST(Table, NamesTheRowsItCutWhereItHasNoHeadings) {
  TextSink out;
  Printer printer(out, Format::kTable, {.is_terminal = true, .columns = 20});
  printer.begin_list({.headings = {}, .columns = {}, .name = ""});
  ASSERT_TRUE(printer.row({"sku", "tea"}).ok());
  ASSERT_TRUE(printer.row({"note", std::string(40, 'x')}).ok());
  ASSERT_TRUE(printer.end_list().ok());
  EXPECT_EQ(printer.cut_columns(), std::vector<std::string>{"note"});
}

TEST(Table, EscapesControlCharactersAlways) {
  EXPECT_EQ(table_of({{"a\033[2Jb\nc", "1"}}, {}), "name            n\na\\u001b[2Jb\\nc  1\n");
}

TEST(Table, KeepsGoingAfterItsWidthsAreSettled) {
  std::vector<std::vector<std::string>> rows(1001, {"a", "1"});
  rows.push_back({"longer than before", "2"});
  const std::string text = table_of(rows, {});
  EXPECT_EQ(text.substr(text.size() - 22), "longer than before  2\n");
}

}  // namespace
}  // namespace forge::cli
