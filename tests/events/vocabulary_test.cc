// What the vocabulary's constraints become in a domain.

#include <gtest/gtest.h>

#include "forge/events/codec.h"
#include "forge/events/domain.h"

namespace forge {
namespace {

std::shared_ptr<const Domain> vocabulary_of(std::string_view text, const Numbering& numbering = {}) {
  Domain::Outcome outcome = Domain::parse({{"a.fbs", std::string(text)}}, numbering);
  for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
  return outcome.domain;
}

using Fields = std::vector<std::uint16_t>;

TEST(Limits, AreReadOnFieldsAndArguments) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) {
      id: int (key);
      n: int (min: -5, max: "10");
      rate: double = 0.5 (min: "0.25", max: 1);
      code: string (length: "2..4", match: "[a-z]+");
      parts: [string] (length: "..3");
      exact: string (length: 8);
    }
    table Add (action: "A.add", creates) { n: int = 1 (max: 7); })x");
  const Resource& a = *domain->find_resource("A");
  EXPECT_EQ(a.record.fields[1].limits->min.integer, -5);
  EXPECT_EQ(a.record.fields[1].limits->max.integer, 10);
  EXPECT_EQ(a.record.fields[2].limits->min.number, 0.25);
  EXPECT_EQ(a.record.fields[2].limits->max.number, 1.0);
  EXPECT_EQ(a.record.fields[3].limits->length_text(), "2..4");
  EXPECT_EQ(a.record.fields[3].limits->match->text(), "[a-z]+");
  EXPECT_EQ(a.record.fields[4].limits->length_text(), "..3");
  EXPECT_EQ(a.record.fields[5].limits->length_text(), "8");
  EXPECT_EQ(a.limited_fields, (Fields{1, 2, 3, 4, 5}));
  EXPECT_EQ(domain->find_action("A.add")->checked_arguments, Fields{0});
}

// The number of the refusal, or 0.
std::string outcome_of(const Field& field, const Cell& cell) {
  const Status status = check_limits(field, cell, "A.add");
  return status.ok() ? "" : status.message();
}

TEST(Limits, AreCheckedAtTheirBounds) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) {
      id: int (key);
      n: int (min: -5, max: 10);
      rate: double (min: "0.25");
      code: string (length: "2..4", match: "[a-zäö]+");
    })x");
  const std::vector<Field>& fields = domain->find_resource("A")->record.fields;
  const auto text = [](const char* value) { return Cell::of(std::string_view(value)); };
  EXPECT_EQ(outcome_of(fields[1], Cell::of(std::int64_t{-5})), "");
  EXPECT_EQ(outcome_of(fields[1], Cell::of(std::int64_t{10})), "");
  EXPECT_EQ(outcome_of(fields[1], Cell::of(std::int64_t{-6})),
            "E2102 A.add: n is too small: it is -6, min is -5 (a.fbs:4:15); give a value in range");
  EXPECT_EQ(outcome_of(fields[1], Cell::of(std::int64_t{11})),
            "E2102 A.add: n is too large: it is 11, max is 10 (a.fbs:4:24); give a value in range");
  EXPECT_EQ(outcome_of(fields[2], Cell::of(0.25)), "");
  EXPECT_EQ(outcome_of(fields[2], Cell::of(0.2499)),
            "E2102 A.add: rate is too small: it is 0.2499, min is 0.25 (a.fbs:5:21); give a value in range");
  EXPECT_EQ(outcome_of(fields[3], text("äöäö")), "") << "characters are counted, not bytes";
  EXPECT_EQ(outcome_of(fields[3], text("a")),
            "E2102 A.add: code is too short: 'a' has 1 characters, length is 2..4 (a.fbs:6:21); give a value in range");
  EXPECT_EQ(outcome_of(fields[3], text("abcde")),
            "E2102 A.add: code is too long: 'abcde' has 5 characters, length is 2..4 (a.fbs:6:21); give a value in range");
  EXPECT_EQ(
      outcome_of(fields[3], text("ab1")),
      "E2113 A.add: code does not match its pattern: it is 'ab1', the pattern is [a-zäö]+ (a.fbs:6:37); give a value that matches");
  EXPECT_EQ(outcome_of(fields[3], Cell::null()), "");
  EXPECT_EQ(outcome_of(fields[1], Cell()), "");
}

TEST(Limits, OfSecretsDoNotShowThem) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) { id: int (key); pin: string (secret, length: "4", match: "[0-9]*"); n: int (secret, min: 5); })x");
  const std::vector<Field>& fields = domain->find_resource("A")->record.fields;
  for (const char* value : {"canary", "cana"}) {
    const std::string message = outcome_of(fields[1], Cell::of(std::string_view(value)));
    EXPECT_NE(message, "");
    EXPECT_EQ(message.find("cana"), std::string::npos) << message;
    EXPECT_NE(message.find("[secret]"), std::string::npos) << message;
  }
  EXPECT_EQ(outcome_of(fields[2], Cell::of(std::int64_t{3})).find("is 3"), std::string::npos);
}

TEST(Pattern, MatchesInLinearTime) {
  const auto pattern = Pattern::compile("(a*)*b").value();
  const std::string text(1 << 20, 'a');
  EXPECT_FALSE(pattern->matches(text));
  EXPECT_TRUE(pattern->matches("aaab"));
  EXPECT_FALSE(pattern->matches("aaabc")) << "the whole text";
  EXPECT_EQ(Pattern::compile("(").status().id(), ErrorId::kSchemaAttribute);
  EXPECT_EQ(Pattern::compile(std::string(1025, 'a')).status().text().why, "it is longer than 1,024 bytes");
  EXPECT_FALSE(Pattern::compile("((a{100}){100}){100}").ok()) << "larger than 1 MiB";
}

TEST(CompositeKey, HasItsPartsInTheOrderOfTheTable) {
  const auto domain = vocabulary_of(R"x(
    table Line (resource, key: "order, line") { line: int; text: string; order: string; }
    table Add (action: "Line.add", creates) { text: string; line: int; })x");
  const Resource& line = *domain->find_resource("Line");
  EXPECT_EQ(line.key_fields, (Fields{2, 0}));
  EXPECT_EQ(line.single_key(), nullptr);
  EXPECT_TRUE(line.record.fields[2].required);
  const Action& add = *domain->find_action("Line.add");
  EXPECT_EQ(add.key_arguments, (std::vector<int>{-1, 1}));
  EXPECT_EQ(add.implicit_key, std::vector<std::string_view>{"order"});
}

TEST(Unique, MayHaveFieldsANameAndACondition) {
  const auto domain = vocabulary_of(R"x(
    enum Status : byte { Open, Cancelled }
    table A (resource, unique: "slot: day, room where status <> 'Cancelled' and room <> ';'; day, n") {
      id: int (key); day: int = null; room: string; n: int; status: Status; mail: string (unique);
    })x");
  const std::vector<UniqueConstraint>& unique = domain->find_resource("A")->unique;
  ASSERT_EQ(unique.size(), 3U);
  EXPECT_EQ(unique[0].name, "mail");
  EXPECT_EQ(unique[1].name, "slot");
  EXPECT_EQ(unique[1].fields, (Fields{1, 2}));
  EXPECT_EQ(unique[1].condition->text(), "status <> 'Cancelled' and room <> ';'");
  EXPECT_EQ(unique[2].name, "day_n");
  EXPECT_FALSE(unique[2].condition);
}

TEST(Indexes, AreNumberedByNameAndFields) {
  const auto first = vocabulary_of(R"x(
    table C (resource) { id: string (key); }
    table A (resource, index: "by_n: n, m; m") { id: int (key); n: int (index); m: bool; c: string (references: "C"); })x");
  const Resource& a = *first->find_resource("A");
  ASSERT_EQ(a.indexes.size(), 4U);
  EXPECT_EQ(a.indexes[0].name, "n");
  EXPECT_EQ(a.indexes[1].name, "by_n");
  EXPECT_EQ(a.indexes[1].fields, (Fields{1, 2}));
  EXPECT_EQ(a.indexes[2].name, "m");
  EXPECT_EQ(a.indexes[3].name, "c");
  EXPECT_FALSE(a.indexes[3].declared);
  EXPECT_EQ(first->numbering().indexes,
            (decltype(Numbering::indexes){{"A.n(n)", 1}, {"A.by_n(n, m)", 2}, {"A.m(m)", 3}, {"A.c(c) not null", 4}}));

  const auto second =
      vocabulary_of("table A (resource, index: \"by_n: m, n; m\") { id: int (key); n: int; m: bool; }", first->numbering());
  EXPECT_EQ(second->find_resource("A")->indexes[0].number, 5) << "other fields, another number";
  EXPECT_EQ(second->find_resource("A")->indexes[1].number, 3);
}

TEST(Unique, OfOneFieldHasOneNumberWhereverItIsDeclared) {
  const auto first = vocabulary_of("table A (resource) { id: int (key); n: int (unique); }");
  const auto second = vocabulary_of("table A (resource, unique: \"n\") { id: int (key); n: int; }", first->numbering());
  EXPECT_EQ(second->find_resource("A")->unique[0].number, first->find_resource("A")->unique[0].number);
  EXPECT_EQ(second->numbering(), first->numbering());
}

TEST(References, MayBeNamedAsAnIndexOverOtherFields) {
  const auto domain = vocabulary_of(R"x(
    table C (resource) { id: string (key); }
    table A (resource, index: "c: c, n") { id: int (key); n: int; c: string (references: "C"); })x");
  const Resource& a = *domain->find_resource("A");
  ASSERT_EQ(a.indexes.size(), 2U);
  EXPECT_EQ(a.references[0].index, 1U);
  EXPECT_EQ(a.indexes[1].fields, Fields{2});
  EXPECT_NE(a.indexes[0].number, a.indexes[1].number);
}

TEST(References, ShareAnIndexOverTheSameFields) {
  const auto domain = vocabulary_of(R"x(
    table C (resource) { id: string (key); }
    table A (resource) { id: int (key); c: string (index, references: "C"); parent: int = null (references: "A"); })x");
  const Resource& a = *domain->find_resource("A");
  ASSERT_EQ(a.references.size(), 2U);
  EXPECT_EQ(a.references[0].target, domain->find_resource("C"));
  EXPECT_EQ(a.references[0].index, 0U);
  EXPECT_TRUE(a.indexes[0].declared);
  EXPECT_EQ(a.references[1].target, &a);
  ASSERT_EQ(a.referrers.size(), 1U);
  EXPECT_EQ(a.referrers[0].resource, &a);
  EXPECT_EQ(a.referrers[0].reference, 1U);
}

TEST(Computed, FieldsComeAfterThoseTheyRead) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) { id: int (key); tax: long (computed: "total / 10"); total: long (computed: "qty * 2"); qty: int; })x");
  const Resource& a = *domain->find_resource("A");
  ASSERT_EQ(a.computed.size(), 2U);
  EXPECT_EQ(a.computed[0].field, 2);
  EXPECT_EQ(a.computed[1].field, 1);
  EXPECT_TRUE(a.record.fields[1].computed);
}

TEST(Transitions, BeginWithTheDefaultUnlessTheySay) {
  const auto domain = vocabulary_of(R"x(
    enum S : byte { New, Open, Done, Lost }
    table A (resource) {
      id: int (key);
      a: S = Open (transitions: "New -> Open; Open, Done -> Lost, Done");
      b: S (transitions: "-> New, Lost; New -> Done");
    })x");
  const std::vector<Transitions>& transitions = domain->find_resource("A")->transitions;
  ASSERT_EQ(transitions.size(), 2U);
  EXPECT_EQ(transitions[0].initial, std::vector<std::int64_t>{1});
  EXPECT_EQ(transitions[0].allowed_after(1), (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(transitions[0].allowed_after(3), std::vector<std::int64_t>{});
  EXPECT_EQ(transitions[1].initial, (std::vector<std::int64_t>{0, 3}));
}

TEST(Partners, AreReadWithTheValuesThatTheyShare) {
  const auto domain = vocabulary_of(R"x(
    table A (resource, key: "a, b") { a: string; b: int; n: long; }
    table N (resource) { id: string (key); }
    table Take (action: "A.take", updates, with: "N.make: id = note, b; A.give: n;A.drop") { note: string; n: long = null; }
    table Give (action: "A.give", updates) { n: long = null; }
    table Drop (action: "A.drop", destroys) {}
    table Make (action: "N.make", creates) { b: int; })x");
  const Action& take = *domain->find_action("A.take");
  ASSERT_EQ(take.partners.size(), 3U);
  EXPECT_EQ(definition_of(take, take.partners[0]), "N.make: id = note, b");
  EXPECT_EQ(definition_of(take, take.partners[1]), "A.give: n");
  EXPECT_EQ(definition_of(take, take.partners[2]), "A.drop");
  EXPECT_EQ(take.partners[0].action, domain->find_action("N.make"));
  EXPECT_EQ(take.partners[0].equals[0].theirs.key_part, 0);
  EXPECT_EQ(take.partners[0].equals[1].own.key_part, 1) << "a part of the key that is no argument";
}

TEST(Marks, OfAFieldAreThoseOfItsArguments) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) { id: int (key); old: string (deprecated); pin: string (secret); sku: string (tag); }
    table Add (action: "A.add", creates, timeout: "250ms") { old: string; pin: string; sku: string; })x");
  const Resource& a = *domain->find_resource("A");
  const Action& add = *domain->find_action("A.add");
  EXPECT_EQ(a.tag_fields, Fields{3});
  EXPECT_TRUE(add.arguments.fields[0].deprecated);
  EXPECT_TRUE(add.arguments.fields[1].secret);
  EXPECT_EQ(add.checked_arguments, Fields{0});
  EXPECT_EQ(add.timeout, std::chrono::milliseconds(250));
}

TEST(GenericActions, NameTheWorkflowThatTheyStart) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) { id: int (key); }
    table Go (action: "A.go", generic, workflow: "go-on") { id: int = null; }
    table Do (action: "A.do", generic) {})x");
  EXPECT_EQ(domain->find_action("A.go")->workflow, "go-on");
  EXPECT_EQ(domain->find_action("A.do")->workflow, "");
}

TEST(Secrets, AreNotInValuesThatAreShown) {
  const auto domain = vocabulary_of(R"x(
    table Card { holder: string; code: string (secret); }
    table A (resource) { id: int (key); pin: string (secret); cards: [Card]; })x");
  const TableType& record = domain->find_resource("A")->record;
  std::pmr::monotonic_buffer_resource memory;
  Row row;
  const Object given{{"pin", "canary"}, {"cards", List{Object{{"holder", "ann"}, {"code", "canary"}}}}};
  ASSERT_TRUE(row_from_object(record, given, "A.add", memory, row).ok());
  EXPECT_EQ(cell_to_value(record.fields[1], row[1]), Value("[secret]"));
  EXPECT_EQ(cell_to_value(record.fields[2], row[2]), Value(List{Object{{"holder", "ann"}, {"code", "[secret]"}}}));
  EXPECT_EQ(reveal_cell(record.fields[1], row[1]), Value("canary"));
  EXPECT_EQ(reveal_cell(record.fields[2], row[2]), Value(List{Object{{"holder", "ann"}, {"code", "canary"}}}));
}

TEST(Secrets, AreNotInWhatIsWrongWithTheirParts) {
  const auto domain = vocabulary_of(R"x(
    table Card { holder: string; size: ubyte; }
    table A (resource) { id: int (key); card: Card (secret); cards: [Card] (secret); })x");
  const TableType& record = domain->find_resource("A")->record;
  std::pmr::monotonic_buffer_resource memory;
  Row row;
  for (const Object& given : {Object{{"card", Object{{"size", "canary"}}}}, Object{{"card", Object{{"size", 1984}}}},
                              Object{{"cards", List{Object{{"holder", 1984}}}}}}) {
    const Status refused = row_from_object(record, given, "A.add", memory, row);
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(refused.text().why, "given [secret]");
  }
}

TEST(Secrets, AreNotInWhatIsWrongWithARule) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) { id: int (key); pin: long (secret); n: long; }
    table Add (action: "A.add", updates, require: "n / pin > 0; n / :pin > 0; n / id > 0") { pin: long = null; })x");
  const Resource& a = *domain->find_resource("A");
  const Action& add = *domain->find_action("A.add");
  const Row record = {Cell::of(std::int64_t{0}), Cell::of(std::int64_t{0}), Cell::of(std::int64_t{1984})};
  const Row arguments = {Cell::of(std::int64_t{0})};
  const auto why = [&](std::size_t rule) {
    std::pmr::monotonic_buffer_resource memory;
    const RuleInput input{.record = record, .arguments = arguments, .actor_id = {}, .actor_role = {}, .now = {}};
    return add.requires_[rule].expression.evaluate(input, memory).status().text().why;
  };
  ASSERT_EQ(a.record.fields[1].name, "pin");
  EXPECT_EQ(why(0), "it reads secret values, for which it has no result");
  EXPECT_EQ(why(1), why(0));
  EXPECT_EQ(why(2), "1984 / 0 divides by zero");
}

TEST(Policies, AreReadWithNamesAndPlaces) {
  const auto domain = vocabulary_of(R"x(
    table A (resource) { id: int (key); owner: string; }
    table Add (action: "A.add", updates, allow: "own: owner = :actor.id; :n < 5", require: "owner <> ''") { n: long = null; })x");
  const Action& add = *domain->find_action("A.add");
  ASSERT_EQ(add.policies.size(), 2U);
  EXPECT_EQ(add.policies[0].name, "own");
  EXPECT_EQ(add.policies[0].place, "a.fbs:3:50");
  EXPECT_EQ(add.policies[1].name, "n");
  EXPECT_EQ(add.requires_.size(), 1U);
  EXPECT_FALSE(add.query.has_value());
}

TEST(Queries, HaveAFilterAnOrderAndALimit) {
  const auto domain = vocabulary_of(R"x(
    table A (resource, key: "day, n") { day: int; n: int; owner: string; }
    table Of (action: "A.of", reads, allow: ":day > 0", where: "day = :day and owner = :actor.id", order: "owner desc,n", limit: 9) {
      day: int = null;
    }
    table All (action: "A.all", reads) {})x");
  const Action& of = *domain->find_action("A.of");
  EXPECT_EQ(of.kind, ActionKind::kReads);
  EXPECT_EQ(of.event_type, "");
  EXPECT_TRUE(of.implicit_key.empty()) << "a query names no record";
  EXPECT_FALSE(of.is_key_argument(0)) << "although it has the name of a key's part";
  EXPECT_EQ(of.field_of_argument, std::vector<int>{-1});
  ASSERT_TRUE(of.query.has_value());
  EXPECT_EQ(of.query->limit, 9U);
  ASSERT_EQ(of.query->order.size(), 2U);
  EXPECT_EQ(of.query->order[0].field, 2);
  EXPECT_TRUE(of.query->order[0].descending);
  EXPECT_FALSE(of.query->order[1].descending);
  EXPECT_EQ(definition_of(*of.resource, *of.query), "day = :day and owner = :actor.id order by owner desc, n limit 9");
  EXPECT_EQ(definition_of(*of.resource, *domain->find_action("A.all")->query), "all");
}

// What an index can answer of a filter, once its arguments are known.
TEST(Queries, CompareFieldsWithArguments) {
  const auto domain = vocabulary_of(R"x(
    enum Kind : byte { Low, High }
    table A (resource) { id: int (key); n: long; rate: double; kind: Kind; }
    table Of (action: "A.of", reads, where: "n >= :low and :high > n and rate = :low and kind = :kind and kind <> 'Low'") {
      low: long = null; high: int = 7; kind: Kind = null;
    })x");
  const Expression& where = *domain->find_action("A.of")->query->where;
  using Operator = FieldComparison::Operator;
  const Row arguments = {Cell::of(std::int64_t{3}), Cell::of(std::int64_t{7}), Cell::null()};
  const std::vector<FieldComparison> found = where.comparisons(arguments);
  ASSERT_EQ(found.size(), 2U) << "a float is not compared with an int by its index, and NULL with nothing";
  for (const FieldComparison& one : found) {
    EXPECT_EQ(one.field, 1);
    EXPECT_EQ(one.value.integer, one.comparison == Operator::kGreaterEqual ? 3 : 7);
    EXPECT_TRUE(one.comparison == Operator::kGreaterEqual || one.comparison == Operator::kLess);
  }
  EXPECT_TRUE(where.comparisons().empty()) << "without arguments nothing is known";
}

}  // namespace
}  // namespace forge
