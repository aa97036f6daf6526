#include "forge/store/schema_impact.h"

#include <gtest/gtest.h>

#include "forge/store/store.h"

namespace forge {
namespace {

constexpr const char* kSchema = R"fbs(include "forge.fbs";
  enum Size : byte { S, M, L }
  table Box { width: int; size: Size; }
  table Note (resource) { id: string (key); text: string; count: int; box: Box; size: Size; sizes: [Size]; }
  table MakeNote (action: "Note.make", creates) { id: string; text: string; count: int = null; box: Box; size: Size = null; }
  table Clear (action: "Note.clear", updates) { text: string; }
  table Drop (action: "Note.drop", destroys) {}
)fbs";

// "path compatibility events records" of each change.
std::vector<std::string> impact(const Store& store, const std::string& schema) {
  const Domain::Outcome outcome = Domain::parse({{"note.fbs", "include \"forge.fbs\";\n" + schema}});
  if (outcome.domain == nullptr) return {outcome.errors.front().message()};
  const std::vector<SchemaChange> changes = compare(*store.domain(), *outcome.domain);
  const std::vector<SchemaImpact> found = impact_of(store.view(), changes).value();
  std::vector<std::string> out;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].safe && changes[i].path.find('.') != std::string::npos) continue;
    out.push_back(changes[i].path + " " + std::string(compatibility_of(changes[i])) + " " + std::to_string(found[i].events) + " " +
                  std::to_string(found[i].records));
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(SchemaImpact, CountsTheEventsAndRecordsThatAChangeHits) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"note.fbs", kSchema}}).value();
  store.act("Note.make", {{"id", "a"}, {"text", "x"}, {"size", "M"}, {"box", Object{{"width", 1}, {"size", "L"}}}}).value();
  store.act("Note.make", {{"id", "b"}, {"text", "y"}, {"size", "L"}}).value();
  store.act("Note.make", {{"id", "c"}, {"count", 3}}).value();
  store.act("Note.clear", {{"id", "a"}, {"text", nullptr}}).value();
  store.act("Note.drop", {{"id", "b"}}).value();
  const std::string enums = "enum Size : byte { S, M, L }\ntable Box { width: int; size: Size; }\n";
  const auto note = [](const std::string& fields) { return "table Note (resource) { id: string (key); " + fields + " }"; };
  EXPECT_EQ(impact(store, enums + note("text: int; count: int; box: Box; size: Size; sizes: [Size];")),
            Lines{"Note.text breaking 3 0"});
  EXPECT_EQ(impact(store, enums + note("text: string; count: long; box: Box; size: Size; sizes: [Size];")),
            Lines{"Note.count breaking 3 2"});  // a create sets what has a default
  EXPECT_EQ(impact(store, enums + note("text: string; count: int; box: Box; size: Size; sizes: [Size]; more: string (required);")),
            Lines{"Note.more needs_default 5 2"});
  EXPECT_EQ(impact(store, "enum Size : byte { S, L = 2 }\ntable Box { width: int; size: Size; }\n" +
                              note("text: string; count: int; box: Box; size: Size; sizes: [Size];")),
            Lines{"Size.M breaking 1 1"});
  EXPECT_EQ(impact(store, "enum Size : byte { S, M, L }\ntable Box { width: long; size: Size; }\n" +
                              note("text: string; count: int; box: Box; size: Size; sizes: [Size];")),
            Lines{"Box.width breaking 1 1"});
  EXPECT_EQ(impact(store, "table Other (resource) { id: string (key); }"), (Lines{"Note breaking 5 2", "Other compatible 0 0"}));
}

// What add_schema would say of each resource, and that it says so.
TEST(SchemaImpact, TellsWhichUpcastsARecordDoesNotComeThrough) {
  Store store = Store::open(":memory:").value();
  const auto schema = [](const std::string& a, const std::string& b) {
    return std::vector<SourceFile>{{"upcast.fbs", "include \"forge.fbs\";\n table A (resource" + a +
                                                      ") { id: string (key); n: long; m: long (unique); }\n table B (resource" + b +
                                                      ") { id: string (key); n: long; }\n"
                                                      "table MakeA (action: \"A.make\", creates) { n: long; m: long; }\n"
                                                      "table MakeB (action: \"B.make\", creates) { n: long; }\n"}};
  };
  store.add_schema(schema("", "")).value();
  for (const int n : {0, 1, 2, 0}) {
    store.act("A.make", {{"id", std::to_string(store.head())}, {"n", n}, {"m", static_cast<int>(store.head())}}).value();
  }
  store.act("B.make", {{"id", "b"}, {"n", 3}}).value();
  const std::vector<SourceFile> divides = schema(R"(, upcast: "n = 12 / n")", R"(, upcast: "n = 12 / n")");
  const std::vector<UpcastRefusal> refused = refused_upcasts(store, divides).value();
  ASSERT_EQ(refused.size(), 1u) << "B comes through";
  EXPECT_EQ(refused[0].resource, "A");
  EXPECT_EQ(refused[0].records, 2u);
  EXPECT_EQ(refused[0].first.id(), ErrorId::kUpcastFailed);
  EXPECT_EQ(refused[0].first.text().what, store.add_schema(divides).status().text().what);
  const std::vector<UpcastRefusal> same = refused_upcasts(store, schema(R"(, upcast: "m = 7")", "")).value();
  ASSERT_EQ(same.size(), 1u);
  EXPECT_EQ(same[0].first.id(), ErrorId::kUniqueTaken);
  EXPECT_EQ(same[0].records, 3u) << "one of four may have the value";
  EXPECT_TRUE(refused_upcasts(store, schema(R"(, upcast: "n = n + 1")", "")).value().empty());
}

}  // namespace
}  // namespace forge
