#include <gtest/gtest.h>

#include "forge/events/domain.h"
#include "shop_schema.h"

namespace forge {
namespace {

std::shared_ptr<const Domain> domain_of(std::string_view text) {
  Domain::Outcome outcome = Domain::parse({{"shop.fbs", std::string(text)}});
  for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
  return outcome.domain;
}

// Each change as "path kind safe|BREAKS text".
std::vector<std::string> changes(std::string_view before, std::string_view after) {
  std::vector<std::string> lines;
  for (const SchemaChange& change : compare(*domain_of(before), *domain_of(after))) {
    lines.push_back(change.path + " " + change.kind + (change.safe ? " safe " : " BREAKS ") + change.text);
  }
  return lines;
}

using Lines = std::vector<std::string>;

constexpr std::string_view kBefore = "table Order (resource) { id: int (key); sku: string; qty: int; }";

// The fields of Order after its key, before and after.
Lines field_changes(std::string_view before, std::string_view after, std::string_view types = "") {
  const auto schema = [&](std::string_view fields) {
    return std::string(types) + "table Order (resource) { id: int (key); " + std::string(fields) + " }";
  };
  return changes(schema(before), schema(after));
}

TEST(DomainCompare, FindsNothingBetweenEqualDomains) {
  EXPECT_EQ(changes(kShopSchema, kShopSchema), Lines{});
}

TEST(DomainCompare, IgnoresLayoutCommentsAndSpellingsOfTypes) {
  EXPECT_EQ(changes(kBefore, "namespace shop;\ntable Order (resource)\n{ id: int32 (key); // the key\n sku: string; qty: int; }"),
            Lines{});
}

TEST(DomainCompare, NewFieldsAtTheEndAreSafe) {
  EXPECT_EQ(field_changes("sku: string;", "sku: string; note: string; n: int; m: int = null;"),
            (Lines{"Order.note add safe string, optional", "Order.n add safe int", "Order.m add safe int, optional"}));
}

TEST(DomainCompare, ANewRequiredFieldBreaks) {
  EXPECT_EQ(field_changes("", "sku: string (required);"), Lines{"Order.sku add BREAKS string, required"});
  EXPECT_EQ(field_changes("", "sku: string (required, default: \"tea\");"), Lines{"Order.sku add safe string, required"});
}

TEST(DomainCompare, ADefaultIsAllThatSomeNewFieldsNeed) {
  const auto compatibility = [](std::string_view before, std::string_view after) {
    const std::vector<SchemaChange> found = compare(*domain_of(before), *domain_of(after));
    return found.size() == 1 ? std::string(compatibility_of(found.front())) : std::to_string(found.size()) + " changes";
  };
  const auto order = [](const std::string& fields) { return "table Order (resource) { id: int (key); " + fields + " }"; };
  EXPECT_EQ(compatibility(order(""), order("sku: string;")), "compatible");
  EXPECT_EQ(compatibility(order(""), order("sku: string (required);")), "needs_default");
  EXPECT_EQ(compatibility(order(""), order("sku: string (required, default: \"tea\");")), "compatible");
  EXPECT_EQ(compatibility(order("sku: string;"), order("sku: string (required);")), "breaking");
  EXPECT_EQ(compatibility(order("sku: string;"), order("sku: int;")), "breaking");
}

TEST(DomainCompare, ARemovedFieldBreaksAlsoAtTheEnd) {
  EXPECT_EQ(field_changes("sku: string; qty: int;", "sku: string;"), Lines{"Order.qty remove BREAKS removed (last field)"});
}

TEST(DomainCompare, AnotherNameInTheSamePlaceIsARename) {
  EXPECT_EQ(field_changes("sku: string; qty: int;", "product: string; qty: int;"),
            Lines{"Order.sku rename BREAKS renamed to product"});
}

TEST(DomainCompare, AFieldBeforeOthersBreaksThem) {
  EXPECT_EQ(field_changes("sku: string; qty: int;", "sku: string; n: long; qty: int;"),
            (Lines{"Order.qty reorder BREAKS moved to another place", "Order.n add BREAKS long, not at the end"}));
}

TEST(DomainCompare, SwappedFieldsBreak) {
  EXPECT_EQ(field_changes("a: int; b: int;", "b: int; a: int;"),
            (Lines{"Order.a reorder BREAKS moved to another place", "Order.b reorder BREAKS moved to another place"}));
  EXPECT_EQ(changes("table R (resource) { id: int (key); a: int; b: int; }",
                    "table R (resource) { b: int (id: 2); a: int (id: 1); id: int (key, id: 0); }"),
            Lines{});
}

TEST(DomainCompare, AnotherTypeBreaks) {
  EXPECT_EQ(field_changes("qty: int;", "qty: long;"), Lines{"Order.qty type BREAKS int became long"});
  EXPECT_EQ(field_changes("qty: [int];", "qty: [uint];"), Lines{"Order.qty type BREAKS [int] became [uint]"});
  EXPECT_EQ(field_changes("s: byte;", "s: Status;", "enum Status: byte { A } "), Lines{"Order.s type BREAKS byte became Status"});
}

TEST(DomainCompare, AnotherMeaningOfAbsenceBreaks) {
  EXPECT_EQ(field_changes("n: int;", "n: int = 1;"), Lines{"Order.n default BREAKS what was not written read as 0, now as 1"});
  EXPECT_EQ(field_changes("n: int;", "n: int = null;"),
            Lines{"Order.n default BREAKS what was not written read as 0, now as null"});
  EXPECT_EQ(field_changes("n: int;", "n: int = 0;"), Lines{});
  EXPECT_EQ(field_changes("s: string;", "s: string (default: \"a\");"),
            Lines{"Order.s default BREAKS what was not written read as null, now as 'a'"});
  EXPECT_EQ(field_changes("s: S;", "s: S = B;", "enum S: byte { A, B } "),
            Lines{"Order.s default BREAKS what was not written read as A, now as B"});
}

TEST(DomainCompare, RequiredBreaksAndOptionalDoesNot) {
  EXPECT_EQ(field_changes("s: string;", "s: string (required);"), Lines{"Order.s required BREAKS now required"});
  EXPECT_EQ(field_changes("s: string (required);", "s: string;"), Lines{"Order.s required safe no longer required"});
}

TEST(DomainCompare, DeprecationAndDocumentationAreSafe) {
  EXPECT_EQ(field_changes("s: string;", "\n/// A text.\n s: string (deprecated);"),
            (Lines{"Order.s deprecated safe deprecated", "Order.s documentation safe documentation changed"}));
}

TEST(DomainCompare, AUniqueFieldBreaksUnlessItIsNewAndNull) {
  EXPECT_EQ(field_changes("s: string;", "s: string (unique);"), Lines{"Order.s unique BREAKS now unique"});
  EXPECT_EQ(field_changes("s: string (unique);", "s: string;"), Lines{"Order.s unique safe no longer unique"});
  EXPECT_EQ(field_changes("", "s: string (unique);"),
            (Lines{"Order.s add safe string, optional", "Order.s unique safe now unique"}));
  EXPECT_EQ(field_changes("", "n: int (unique);"), (Lines{"Order.n add safe int", "Order.n unique BREAKS now unique"}));
}

TEST(DomainCompare, AUniqueConstraintBreaksUnlessOneOfItsFieldsIsNewAndNull) {
  const auto with = [](std::string_view unique, std::string_view fields) {
    return "table A (resource" + std::string(unique) + ") { id: int (key); n: int; " + std::string(fields) + "}";
  };
  EXPECT_EQ(changes(with("", ""), with(", unique: \"u: n, id\"", "")), Lines{"A.u unique BREAKS now unique: n, id"});
  EXPECT_EQ(changes(with("", ""), with(", unique: \"u: n, m where n > 0\"", "m: int = null; ")),
            (Lines{"A.m add safe int, optional", "A.u unique safe now unique: n, m where n > 0"}));
  EXPECT_EQ(changes(with("", ""), with(", unique: \"n, m\"", "m: int; ")),
            (Lines{"A.m add safe int", "A.n_m unique BREAKS now unique: n, m"}));
  EXPECT_EQ(changes(with(", unique: \"u: n where n > 1\"", ""), with(", unique: \"u: n where n > 2\"", "")),
            (Lines{"A.u unique safe no longer unique: n where n > 1", "A.u unique BREAKS now unique: n where n > 2"}));
  EXPECT_EQ(changes(with(", unique: \"n\"", ""), "table A (resource) { id: int (key); n: int (unique); }"), Lines{});
}

TEST(DomainCompare, AReferenceBreaksUnlessOneOfItsFieldsIsNewAndNull) {
  EXPECT_EQ(field_changes("up: int = null;", "up: int = null (references: \"Order\");"),
            Lines{"Order.up references BREAKS now checked: up -> Order"});
  EXPECT_EQ(field_changes("", "up: int = null (references: \"Order\");"),
            (Lines{"Order.up add safe int, optional", "Order.up references safe now checked: up -> Order"}));
  EXPECT_EQ(field_changes("up: int = null (references: \"Order\");", "up: int = null;"),
            Lines{"Order.up references safe no longer checked: up -> Order"});
}

TEST(DomainCompare, WhatOnlyLaterActionsMeetIsSafe) {
  EXPECT_EQ(field_changes("n: int; m: int; s: string;",
                          "n: int (min: 1, index); m: int (computed: \"n * 2\"); s: string (secret, match: \"a*\");"),
            (Lines{"Order.n limits safe were none, now min 1", "Order.s secret safe secret",
                   "Order.s limits safe were none, now match a*", "Order.n index safe now indexed by n",
                   "Order.m computed safe now computed as n * 2"}));
  EXPECT_EQ(field_changes("s: string (tag);", "s: string;"), Lines{"Order.s tag safe no longer tag"});
  EXPECT_EQ(field_changes("s: S (transitions: \"A -> B\");", "s: S (transitions: \"-> A, B; A -> B\");", "enum S: byte { A, B } "),
            Lines{"Order.s transitions safe now goes -> A, B; A -> B"});
}

TEST(DomainCompare, ATimeoutIsSafe) {
  const auto with = [](std::string_view timeout) {
    return std::string(kBefore) + "table Put (action: \"Order.put\", upserts" + std::string(timeout) + ") {}";
  };
  EXPECT_EQ(changes(with(""), with(", timeout: \"2s\"")), Lines{"Order.put timeout safe was none, now 2000 ms"});
}

TEST(DomainCompare, PartnersOfAnActionAreSafe) {
  const auto with = [](std::string_view partners) {
    return std::string(kBefore) +
           "table Drop (action: \"Order.drop\", destroys) {}\ntable Put (action: \"Order.put\", upserts, with: \"" +
           std::string(partners) + "\") {}";
  };
  EXPECT_EQ(changes(with("Order.drop"), with("Order.drop: id")),
            (Lines{"Order.put with safe no longer: Order.drop", "Order.put with safe now: Order.drop: id"}));
}

TEST(DomainCompare, TheWorkflowOfAnActionIsSafe) {
  const auto with = [](std::string_view workflow) {
    return std::string(kBefore) + "table Go (action: \"Order.go\", generic" + std::string(workflow) + ") {}";
  };
  EXPECT_EQ(changes(with(""), with(", workflow: \"go\"")), Lines{"Order.go workflow safe started none, now go"});
}

TEST(DomainCompare, AKeyOfOtherPartsBreaks) {
  const auto with = [](std::string_view key) {
    return "table A (resource, key: \"" + std::string(key) + "\") { a: int; b: int; }";
  };
  EXPECT_EQ(changes(with("a"), with("a, b")), Lines{"A key BREAKS the key was a, now it is a, b"});
  EXPECT_EQ(changes(with("a, b"), with("b, a")), Lines{"A key BREAKS the key was a, b, now it is b, a"});
  EXPECT_EQ(changes(with("a"), "table A (resource) { a: int (key); b: int; }"), Lines{});
}

TEST(DomainCompare, EnumValuesMayBeAddedOnly) {
  const auto with = [](std::string_view values) {
    return "enum S: byte { " + std::string(values) + " } table R (resource) { id: int (key); s: S; t: S; }";
  };
  EXPECT_EQ(changes(with("A, B"), with("A, B, C")), Lines{"S.C add safe value 2"});
  EXPECT_EQ(changes(with("A, B"), with("A")), Lines{"S.B remove BREAKS value 1 removed"});
  EXPECT_EQ(changes(with("A, B"), with("A, B = 5")), Lines{"S.B value BREAKS 1 became 5"});
}

TEST(DomainCompare, NestedTablesAreComparedLikeRecords) {
  const auto with = [](std::string_view fields) {
    return "table Line { " + std::string(fields) + " } table R (resource) { id: int (key); lines: [Line]; first: Line; }";
  };
  EXPECT_EQ(changes(with("a: int; b: int;"), with("a: int;")), Lines{"Line.b remove BREAKS removed (last field)"});
  EXPECT_EQ(changes(with("a: int;"), with("a: int; next: Line;")), Lines{"Line.next add safe Line, optional"});
  EXPECT_EQ(changes(with("next: Line; a: int;"), with("next: Line; a: long;")), Lines{"Line.a type BREAKS int became long"});
}

TEST(DomainCompare, AnotherKeyBreaks) {
  EXPECT_EQ(changes("table R (resource) { a: int (key); b: int; }", "table R (resource) { a: int; b: int (key); }"),
            Lines{"R key BREAKS the key was a, now it is b"});
}

TEST(DomainCompare, ResourcesMayBeAddedAndNotRemoved) {
  EXPECT_EQ(changes(kBefore, std::string(kBefore) + "table Card (resource) { id: int (key); }"), Lines{"Card add safe resource"});
  EXPECT_EQ(changes(std::string(kBefore) + "table Card (resource) { id: int (key); }", kBefore),
            Lines{"Card remove BREAKS resource removed"});
}

TEST(DomainCompare, ChangesToActionsAreSafe) {
  const auto with = [](std::string_view actions) { return std::string(kBefore) + std::string(actions); };
  EXPECT_EQ(changes(kBefore, with("table A (action: \"Order.a\", creates) {}")), Lines{"Order.a add safe action"});
  EXPECT_EQ(changes(with("table A (action: \"Order.a\", creates) {}"), kBefore),
            Lines{"Order.a remove safe action removed, its number stays taken"});
  EXPECT_EQ(changes(with("table A (action: \"Order.a\", creates) { x: int; }"),
                    with("table A (action: \"Order.a\", upserts, event: \"Order.b\") { y: string (required); }")),
            (Lines{"Order.a.x remove safe removed (last field)", "Order.a.y add safe string, required, not at the end",
                   "Order.a kind safe creates became upserts", "Order.a event safe Order.a became Order.b"}));
}

TEST(DomainCompare, ChangedRulesAreSafe) {
  EXPECT_EQ(field_changes("qty: int (check: \"qty > 0\");", "qty: int (check: \"qty > 1\");"),
            (Lines{"Order rule safe no longer: qty: qty > 0", "Order rule safe now: qty: qty > 1"}));
  const auto with = [](std::string_view attributes) {
    return std::string(kBefore) + "table A (action: \"Order.a\", updates, " + std::string(attributes) + ") {}";
  };
  EXPECT_EQ(changes(with("require: \"qty > 0\", set: \"qty = 1\""), with("require: \"qty > 0\", set: \"qty = 2\"")),
            (Lines{"Order.a rule safe no longer: qty = 1", "Order.a rule safe now: qty = 2"}));
}

TEST(DomainCompare, PoliciesAndQueriesChangeSafely) {
  const auto schema = [](const std::string& cancel, const std::string& open) {
    return "table Order (resource) { id: int (key); owner: string; } table Cancel (action: \"Order.cancel\", updates" + cancel +
           ") {} table Open (action: \"Order.open\", reads" + open + ") {}";
  };
  EXPECT_EQ(changes(schema(", allow: \"owner = :actor.id\"", ", limit: 5"),
                    schema(", allow: \"owner = :actor.id and now() > 0\"", ", where: \"owner = 'ann'\", order: \"owner desc\"")),
            (Lines{"Order.cancel policy safe no longer: owner: owner = :actor.id",
                   "Order.cancel policy safe now: owner: owner = :actor.id and now() > 0",
                   "Order.open query safe was all limit 5, now owner = 'ann' order by owner desc"}));
}

}  // namespace
}  // namespace forge
