// Upcasts as a schema declares them, what each step does to a row, and what the comparison of two versions makes of them.

#include "forge/events/upcast.h"

#include <gtest/gtest.h>

#include "forge/events/codec.h"
#include "forge/events/domain.h"

namespace forge {
namespace {

std::shared_ptr<const Domain> parse(const std::string& text) {
  Domain::Outcome outcome = Domain::parse({{"a.fbs", text}});
  for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
  return outcome.domain;
}

// Person with these fields behind its key, and these upcasts.
std::string person(const std::string& fields, const std::string& upcast = "") {
  const std::string attribute = upcast.empty() ? "" : ", upcast: \"" + upcast + "\"";
  return "table Person (resource" + attribute + ") { id: int (key); " + fields + " }";
}

// One row, brought from one version to another.
class Upcasting {
 public:
  Upcasting(const std::string& from, const std::string& to) : from_(parse(from)), to_(parse(to)) {
    row_.resize(from_resource().record.fields.size());
  }

  Upcasting& with(std::string_view field, Cell cell) {
    row_[from_resource().record.find(field)->id] = cell;
    return *this;
  }
  // "first=Ann, price=500" of what is set afterwards, or the error.
  std::string run() {
    const Status done = upcast_row(from_resource(), to_resource(), key_, memory_, row_);
    if (!done.ok()) return done.text().why + " (" + done.text().place + ")";
    std::string out;
    for (const Field& field : to_resource().record.fields) {
      if (row_[field.id].is_null()) continue;
      out += (out.empty() ? "" : ", ") + field.name + "=" + cell_to_text(field, row_[field.id]);
    }
    return out;
  }

 private:
  const Resource& from_resource() const { return *from_->find_resource("Person"); }
  const Resource& to_resource() const { return *to_->find_resource("Person"); }

  std::shared_ptr<const Domain> from_, to_;
  const std::string key_{'\x80', 0, 0, 0, 0, 0, 0, 7};
  std::pmr::monotonic_buffer_resource memory_;
  Row row_;
};

Cell text(std::string_view value) {
  return Cell::of(value);
}
Cell number(std::int64_t value) {
  return Cell::of(value);
}

TEST(UpcastRow, JoinsSplitsRenamesAndChangesUnits) {
  EXPECT_EQ(Upcasting(person("first: string; last: string;"), person("first: string; last: string; name: string;",
                                                                     "name = first || ' ' || last; first = null; last = null"))
                .with("first", text("Ann"))
                .with("last", text("Lee"))
                .run(),
            "name=Ann Lee");
  EXPECT_EQ(Upcasting(person("name: string;"),
                      person("name: string; first: string; last: string;",
                             "first = substr(name, 1, instr(name, ' ') - 1); last = substr(name, instr(name, ' ') + 1)"))
                .with("name", text("Ann Lee"))
                .run(),
            "name=Ann Lee, first=Ann, last=Lee");
  EXPECT_EQ(Upcasting(person("price: long;"), person("price: long;", "price = price * 100")).with("price", number(5)).run(),
            "price=500");
}

TEST(UpcastRow, AppliesOnlyTheStepsThatAreLackingEachOnWhatThoseBeforeItLeft) {
  const std::string once = person("n: long;", "n = n + 1"), all = person("n: long;", "n = n + 1; n = n * 10; n = n + 3");
  EXPECT_EQ(Upcasting(person("n: long;"), all).with("n", number(1)).run(), "n=23");
  EXPECT_EQ(Upcasting(once, all).with("n", number(2)).run(), "n=23");
  EXPECT_EQ(Upcasting(all, all).with("n", number(23)).run(), "n=23");
  EXPECT_FALSE(needs_upcast(*parse(all)->find_resource("Person"), *parse(all)->find_resource("Person")));
}

TEST(UpcastRow, ReadsWhatIsNotStoredAsItsOwnVersionDid) {
  const std::string before = person("n: long = 3; t: string;"),
                    after = person("n: long = 8; t: string;", "n = n; t = 'n is ' || t");
  EXPECT_EQ(Upcasting(before, after).run(), "n=3") << "a null text joins to null";
  EXPECT_EQ(Upcasting(before, after).with("t", text("low")).run(), "n=3, t=n is low");
  EXPECT_EQ(Upcasting(person(""), person("n: long = 4; m: long;", "m = n + id")).run(), "m=11") << "a later field, and the key";
}

TEST(UpcastRow, GivesAnIntegerToAFloatAndAnEnumItsValue) {
  const std::string types = "enum Size: byte { Small, Large }\n";
  EXPECT_EQ(Upcasting(person("n: long;"), types + person("n: long; share: double; size: Size;",
                                                         "share = n; size = case when n > 2 then 'Large' else 'Small' end"))
                .with("n", number(3))
                .run(),
            "n=3, share=3.0, size=Large");
}

TEST(UpcastRow, FailsNamingTheStepWhereAValueCannotBe) {
  const auto failure = [](const std::string& upcast) {
    return Upcasting(person("n: long; b: byte; t: string; s: string (required);"),
                     person("n: long; b: byte; t: string; s: string (required);", upcast))
        .with("n", number(300))
        .with("s", text("here"))
        .run();
  };
  EXPECT_EQ(failure("n = n + 1; n = n / b"),
            "step 2, n = n / b: the assignment of 'n' could not be evaluated, 301 / 0 divides by zero (a.fbs:1:45)");
  EXPECT_EQ(failure("b = n"), "step 1, b = n: it would set b out of range for byte, the value is 300 (a.fbs:1:34)");
  EXPECT_EQ(failure("n = length(t)"), "step 1, n = length(t): it gives null, and n is never null (a.fbs:1:34)");
  EXPECT_EQ(failure("s = t"), "step 1, s = t: it gives null, and s is required (a.fbs:1:34)");
}

TEST(UpcastRow, IsBoundedInStepsAndText) {
  const std::string fields = "t: string;";
  const std::string longer = "t = t || t || t || t || t || t || t || t || t || t";
  const std::string failure = Upcasting(person(fields), person(fields, longer)).with("t", text(std::string(200'000, 'x'))).run();
  EXPECT_TRUE(failure.starts_with("step 1, " + longer + ": ")) << failure.substr(0, 200);
  EXPECT_TRUE(failure.find("its texts grow beyond 1 MiB") != std::string::npos) << failure;
}

std::vector<std::string> errors_of(const std::string& schema) {
  std::vector<std::string> out;
  for (const Status& error : Domain::parse({{"a.fbs", schema}}).errors) {
    out.push_back(error.text().place + " " + std::to_string(static_cast<int>(error.id())) + " " + error.text().what +
                  (error.text().why.empty() ? "" : ": " + error.text().why));
  }
  return out;
}

TEST(UpcastDeclaration, IsRefusedWhereItIsMalformedOrSeesMoreThanTheRecord) {
  using Lines = std::vector<std::string>;
  const auto errors = [](const std::string& upcast) { return errors_of(person("n: long; t: string;", upcast)); };
  EXPECT_EQ(errors("n = t"), Lines{"a.fbs:1:38 2003 the assignment of 'n' does not fit 'n': t is text, the field is long"});
  EXPECT_EQ(errors("m = 1"), Lines{"a.fbs:1:34 2001 the assignment sets unknown field 'm': Person has id, n, t"});
  EXPECT_EQ(errors("n + 1"), Lines{"a.fbs:1:36 2002 the assignment of 'n' does not parse: expected '=' after the field"});
  EXPECT_EQ(errors("id = n"), Lines{"a.fbs:1:25 2006 an upcast of 'Person' cannot set the key: a record keeps its key"});
  EXPECT_EQ(errors("n = now()").size(), 1U);
  EXPECT_EQ(errors("n = :n").size(), 1U);
  EXPECT_EQ(errors("t = :actor.id").size(), 1U);
  EXPECT_EQ(errors("n = 1; n = n + 1"), Lines{}) << "a field may be set again";
  EXPECT_EQ(errors_of("table A (resource) { id: int (key); n: int (upcast: \"n = 1\"); }").size(), 1U) << "not on a field";
}

// Each change as "path kind safe|BREAKS text".
std::vector<std::string> changes(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const SchemaChange& change : compare(*parse(before), *parse(after))) {
    lines.push_back(change.path + " " + change.kind + (change.safe ? " safe " : " BREAKS ") + change.text);
  }
  return lines;
}

TEST(UpcastComparison, TakesFurtherStepsAndRefusesWhatChangesEarlierOnes) {
  using Lines = std::vector<std::string>;
  const std::string one = person("n: long;", "n = n + 1"), two = person("n: long;", "n = n + 1; n = n * 2");
  EXPECT_EQ(changes(one, two), Lines{"Person upcast safe step 2 on what was stored: n = n * 2"});
  EXPECT_EQ(changes(two, one), Lines{"Person upcast BREAKS step 2 is gone: n = n * 2"});
  EXPECT_EQ(changes(two, person("n: long;", "n = n + 1; n = n * 3")),
            Lines{"Person upcast BREAKS step 2 was n = n * 2, now n = n * 3"});
  EXPECT_EQ(changes(one, one), Lines{});
}

TEST(UpcastComparison, AFieldThatAFurtherStepSetsNeedsNoDefaultAndMayChangeIt) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(
      changes(person("n: long;"), person("n: long; t: string (required);", "t = 'none'")),
      (Lines{"Person.t add safe string, required, set by an upcast", "Person upcast safe step 1 on what was stored: t = 'none'"}));
  EXPECT_EQ(changes(person("n: long = 1; t: string;"), person("n: long = 2; t: string (required);", "n = n; t = coalesce(t, '')")),
            (Lines{"Person.n default safe what was not written read as 1, now as 2, set by an upcast",
                   "Person.t required safe now required, set by an upcast", "Person upcast safe step 1 on what was stored: n = n",
                   "Person upcast safe step 2 on what was stored: t = coalesce(t, '')"}));
  EXPECT_EQ(changes(person("n: long = 1;", "n = n"), person("n: long = 2;", "n = n")),
            Lines{"Person.n default BREAKS what was not written read as 1, now as 2"})
      << "a step that stored data may have behind it mends nothing";
}

TEST(UpcastComparison, MendsNoOtherBytes) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(changes(person("n: long;"), person("n: string;", "n = 'x'")),
            (Lines{"Person.n type BREAKS long became string", "Person upcast safe step 1 on what was stored: n = 'x'"}));
  EXPECT_EQ(changes(person("n: long; m: int;"), person("s: string; n: long; m: int;", "s = 'x'")).front(),
            "Person.n reorder BREAKS moved to another place");
}

}  // namespace
}  // namespace forge
