#include "forge/events/domain.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "shop_schema.h"

namespace forge {
namespace {

std::shared_ptr<const Domain> parse(std::vector<SourceFile> sources, const Numbering& numbering = {}) {
  Domain::Outcome outcome = Domain::parse(std::move(sources), numbering);
  for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
  return outcome.domain;
}

std::shared_ptr<const Domain> parse(std::string_view text, const Numbering& numbering = {}) {
  return parse(std::vector<SourceFile>{{"shop.fbs", std::string(text)}}, numbering);
}

const Field& field_of(const Domain& domain, std::string_view resource, std::string_view field) {
  const Field* found = domain.find_resource(resource)->record.find(field);
  if (found == nullptr) abort_with(Status(ErrorId::kInternal, "no such field"));
  return *found;
}

// The first error's place and message.
std::string first_error(std::vector<SourceFile> sources, const Numbering& numbering = {}) {
  const Domain::Outcome outcome = Domain::parse(std::move(sources), numbering);
  return outcome.errors.empty() ? "" : outcome.errors.front().message();
}

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("forge_domain_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

 private:
  std::filesystem::path path_;
};

// ---- The shop ----

TEST(DomainParse, ReadsResourcesInOrderOfTheirNumbersAfterForgesOwn) {
  const auto domain = parse(kShopSchema);

  std::vector<std::string> names;
  for (const Resource& resource : domain->resources()) names.push_back(resource.name + " " + std::to_string(resource.number));
  EXPECT_EQ(names, (std::vector<std::string>{"_schema 1", "_bookmark 2", "_projection 3", "_workflow 4", "_run 5", "_signal 6",
                                             "Order 16", "Stock 17", "Card 18"}));
  EXPECT_EQ(domain->resource(17), domain->find_resource("Stock"));
  EXPECT_EQ(domain->resource(19), nullptr);
  EXPECT_EQ(domain->find_resource("Address"), nullptr);
}

TEST(DomainParse, ReadsEveryFieldWithItsTypeDefaultAndPlace) {
  const auto domain = parse(kShopSchema);
  const Resource& order = *domain->find_resource("Order");

  EXPECT_EQ(order.documentation, "What one customer ordered.\nPaid by card.");
  EXPECT_EQ(order.place, "shop.fbs:14:7");
  EXPECT_EQ(order.record.name, "Order");
  EXPECT_EQ(order.key_fields, std::vector<std::uint16_t>{0});
  ASSERT_EQ(order.record.fields.size(), 11U);
  for (std::size_t i = 0; i < order.record.fields.size(); ++i) {
    EXPECT_EQ(order.record.fields[i].id, i);
    EXPECT_EQ(order.record.fields[i].vtable_offset, 4 + 2 * i);
  }
  const Field& qty = field_of(*domain, "Order", "qty");
  EXPECT_EQ(qty.type, BaseType::kInt32);
  EXPECT_TRUE(qty.has_default);
  EXPECT_FALSE(qty.nullable);
  EXPECT_EQ(qty.default_value.integer, 1);
  EXPECT_EQ(qty.documentation, "Pieces.");
  EXPECT_EQ(qty.place, "shop.fbs:18:3");
  EXPECT_EQ(qty.type_name, "int");
  const Field& total = field_of(*domain, "Order", "total_cents");
  EXPECT_FALSE(total.has_default);
  EXPECT_EQ(total.default_value.kind, Kind::kInt);
  const Field& sku = field_of(*domain, "Order", "sku");
  EXPECT_TRUE(sku.required);
  EXPECT_TRUE(sku.nullable);
  EXPECT_EQ(sku.default_value.kind, Kind::kNull);
  const Field& note = field_of(*domain, "Order", "note");
  EXPECT_TRUE(note.has_default);
  EXPECT_EQ(note.default_value.as_text(), "none");
  const Field& discount = field_of(*domain, "Order", "discount");
  EXPECT_TRUE(discount.nullable);
  EXPECT_FALSE(discount.has_default);
  EXPECT_TRUE(field_of(*domain, "Order", "old_sku").deprecated);
}

TEST(DomainParse, ReadsEnumsVectorsAndNestedTables) {
  const auto domain = parse(kShopSchema);

  const Field& status = field_of(*domain, "Order", "status");
  EXPECT_EQ(status.type, BaseType::kInt8);
  ASSERT_NE(status.enumeration, nullptr);
  EXPECT_EQ(status.enumeration->name, "OrderStatus");
  ASSERT_EQ(status.enumeration->values.size(), 4U);
  EXPECT_EQ(status.enumeration->values[2].name, "Shipped");
  EXPECT_EQ(status.enumeration->values[2].value, 2);
  const Field& tags = field_of(*domain, "Order", "tags");
  EXPECT_EQ(tags.type, BaseType::kVector);
  EXPECT_EQ(tags.element, BaseType::kText);
  EXPECT_EQ(tags.type_name, "[string]");
  const Field& address = field_of(*domain, "Order", "address");
  EXPECT_EQ(address.type, BaseType::kTable);
  ASSERT_NE(address.nested, nullptr);
  EXPECT_EQ(address.nested->name, "Address");
  EXPECT_EQ(address.nested->fields[1].name, "city");
  EXPECT_EQ(domain->find_action("Order.place")->arguments.find("address")->nested, address.nested);
}

TEST(DomainParse, KeepsEnumValuesInDeclaredOrderAndBitFlagsAsIntegers) {
  const auto domain = parse(R"fbs(
    enum Grade: short { C = 3, A = 1, B = 2, None = 0 }
    enum Flag: ubyte (bit_flags) { Red, Green }
    table Order (resource) { id: int (key); grade: Grade = B; grades: [Grade]; flags: Flag = "Red Green"; best: Grade = null; }
  )fbs");

  const Field& grade = field_of(*domain, "Order", "grade");
  EXPECT_EQ(grade.enumeration->values.front().name, "C");
  EXPECT_EQ(grade.default_value.integer, 2);
  EXPECT_EQ(field_of(*domain, "Order", "grades").enumeration, grade.enumeration);
  EXPECT_EQ(field_of(*domain, "Order", "flags").enumeration, nullptr);
  EXPECT_EQ(field_of(*domain, "Order", "flags").default_value.integer, 3);
  EXPECT_TRUE(field_of(*domain, "Order", "best").nullable);
}

TEST(DomainParse, TakesDefaultsOfEveryScalarType) {
  const auto domain = parse(R"fbs(
    table Order (resource) {
      id: int (key);
      yes: bool = true;
      no: bool;
      rate: float = 0.1;
      ratio: double = -2.5e3;
      big: ulong = 9223372036854775807;
      small: long = -9223372036854775808;
      hex: uint = 0xff;
    }
  )fbs");

  EXPECT_EQ(field_of(*domain, "Order", "yes").default_value.kind, Kind::kBool);
  EXPECT_TRUE(field_of(*domain, "Order", "yes").default_value.boolean);
  EXPECT_FALSE(field_of(*domain, "Order", "no").has_default);
  EXPECT_EQ(field_of(*domain, "Order", "rate").default_value.number, static_cast<double>(0.1F));
  EXPECT_EQ(field_of(*domain, "Order", "ratio").default_value.number, -2500.0);
  EXPECT_EQ(field_of(*domain, "Order", "big").default_value.integer, INT64_MAX);
  EXPECT_EQ(field_of(*domain, "Order", "small").default_value.integer, INT64_MIN);
  EXPECT_EQ(field_of(*domain, "Order", "hex").default_value.integer, 255);
}

TEST(DomainParse, ReadsActionsWithWhatTheirArgumentsSet) {
  const auto domain = parse(kShopSchema);
  const Resource& order = *domain->find_resource("Order");

  const Action& place = *domain->find_action("Order.place");
  EXPECT_EQ(place.event_type, "Order.placed");
  EXPECT_EQ(place.kind, ActionKind::kCreates);
  EXPECT_EQ(place.resource, &order);
  EXPECT_EQ(place.number, 64);
  EXPECT_EQ(place.documentation, "Place an order.");
  EXPECT_EQ(place.key_arguments, std::vector<int>{0});
  EXPECT_EQ(place.field_of_argument, (std::vector<int>{-1, 1, 2, 3, 5, 8}));
  const Action& pay = *domain->find_action("Order.pay");
  EXPECT_EQ(pay.key_arguments, std::vector<int>{-1});
  EXPECT_EQ(pay.field_of_argument, (std::vector<int>{-1, -1}));
  EXPECT_EQ(domain->find_action("Order.drop")->event_type, "Order.drop");
  EXPECT_EQ(domain->find_action("Order.drop")->kind, ActionKind::kDestroys);
  EXPECT_EQ(domain->find_action("Card.put")->kind, ActionKind::kUpserts);
  EXPECT_EQ(domain->action(order.number, 65), domain->find_action("Order.resize"));
  EXPECT_EQ(domain->action(order.number, 200), nullptr);
  EXPECT_EQ(domain->action(order.number + 1, 65), nullptr) << "of another resource";
  std::vector<std::string> declared;
  for (const Action* action : order.actions) declared.push_back(action->name);
  EXPECT_EQ(declared, (std::vector<std::string>{"Order.place", "Order.resize", "Order.pay", "Order.cancel", "Order.drop"}));
}

TEST(DomainParse, ReadsRulesWithNamesAndPlaces) {
  const auto domain = parse(kShopSchema);
  const Resource& order = *domain->find_resource("Order");

  ASSERT_EQ(order.checks.size(), 3U);
  EXPECT_EQ(order.checks[0].name, "qty_positive");
  EXPECT_EQ(order.checks[0].place, "shop.fbs:18:25");
  EXPECT_EQ(order.checks[0].expression.text(), "qty > 0");
  EXPECT_EQ(order.checks[1].name, "total_cents");
  EXPECT_EQ(order.checks[2].name, "paid_in_full");
  const Action& pay = *domain->find_action("Order.pay");
  ASSERT_EQ(pay.requires_.size(), 2U);
  EXPECT_EQ(pay.requires_[0].name, "placed");
  ASSERT_EQ(pay.assignments.size(), 1U);
  EXPECT_EQ(pay.assignments[0].field, 4);
}

TEST(DomainParse, LetsRulesSeeAVectorOfEnumsOnlyAsNullOrNot) {
  const std::string enums = "enum Grade: byte { A, B } ";
  parse(enums + "table Order (resource, check: \"grades is not null\") { id: int (key); grades: [Grade]; }");

  const std::string error =
      first_error({{"a.fbs", enums + "table Order (resource, check: \"grades = 'A'\") { id: int (key); grades: [Grade]; }"}});
  EXPECT_EQ(error.substr(0, 5), "E2003");
}

TEST(DomainParse, GivesUniqueFieldsTheirNumbersOverTheWholeDomain) {
  const auto domain = parse(kShopSchema);

  const Resource& card = *domain->find_resource("Card");
  ASSERT_EQ(card.unique.size(), 1U);
  EXPECT_EQ(card.unique[0].name, "holder");
  EXPECT_EQ(card.unique[0].number, 2);
  EXPECT_EQ(card.unique[0].fields, std::vector<std::uint16_t>{1});
  EXPECT_EQ(domain->numbering().unique, (decltype(Numbering::unique){{"Order.email", 1}, {"Card.holder", 2}}));
}

TEST(DomainParse, TakesExplicitIdsAsTheStoredOrder) {
  const auto domain = parse("table Order (resource) { note: string (id: 1); id: string (key, id: 0); }");

  const Resource& order = *domain->find_resource("Order");
  EXPECT_EQ(order.record.fields[0].name, "id");
  EXPECT_EQ(order.record.fields[1].name, "note");
  EXPECT_EQ(order.key_fields, std::vector<std::uint16_t>{0});
}

TEST(DomainParse, PutsTheNamespaceBeforeANameThatTwoShare) {
  const auto domain = parse(R"fbs(
    namespace shop.web;
    table Order (resource) { id: int (key); }
    table Place (action: "shop_web_Order.place", creates) {}
    namespace shop.desk;
    table Order (resource) { id: int (key); }
    table Card (resource) { id: int (key); }
  )fbs");

  EXPECT_NE(domain->find_resource("shop_web_Order"), nullptr);
  EXPECT_NE(domain->find_resource("shop_desk_Order"), nullptr);
  EXPECT_NE(domain->find_resource("Card"), nullptr);
  EXPECT_EQ(domain->find_resource("Order"), nullptr);
  EXPECT_EQ(domain->find_action("shop_web_Order.place")->resource, domain->find_resource("shop_web_Order"));
}

TEST(DomainParse, LeavesAttributesThatTheSchemaDeclaresItselfAlone) {
  parse("attribute \"color\"; attribute priority; table Order (resource, color: \"red\") { id: int (key, priority: 5); }");
}

TEST(DomainParse, TakesAFileWithByteOrderMarkAndWindowsLines) {
  const auto domain = parse("\xef\xbb\xbftable Order (resource) {\r\n  /// Its key.\r\n  id: int (key);\r\n}\r\n");

  EXPECT_EQ(field_of(*domain, "Order", "id").place, "shop.fbs:3:3");
  EXPECT_EQ(field_of(*domain, "Order", "id").documentation, "Its key.");
}

TEST(DomainParse, PlacesInRulesCountTheBytesOfTheFile) {
  EXPECT_EQ(first_error({{"a.fbs", "table Order (resource, check: \"id <> '\\u00e4' and idd = '1'\") { id: string (key); }"}}),
            "E2001 the rule uses unknown field 'idd': did you mean 'id'? (a.fbs:1:51); mend the rule");
}

TEST(Domain, SystemHoldsForgesOwnResources) {
  const auto domain = Domain::system();

  ASSERT_EQ(domain->resources().size(), 6U);
  const Resource& schema = *domain->resource(1);
  EXPECT_EQ(schema.name, "_schema");
  EXPECT_EQ(schema.single_key()->name, "version");
  EXPECT_EQ(schema.record.find("sources")->nested->fields[1].name, "text");
  EXPECT_EQ(schema.record.find("numbers")->nested->fields[2].name, "number");
  EXPECT_EQ(domain->resource(2)->name, "_bookmark");
  EXPECT_EQ(domain->action(1, 1)->name, "_schema.add");
  EXPECT_EQ(domain->action(2, 2)->event_type, "_bookmark.added");
  EXPECT_EQ(domain->action(2, 3)->event_type, "_bookmark.removed");
  EXPECT_EQ(domain->action(2, 3)->kind, ActionKind::kDestroys);
  EXPECT_EQ(domain->resource(3)->name, "_projection");
  EXPECT_EQ(domain->action(3, 8)->event_type, "_projection.skipped");
  EXPECT_EQ(domain->resource(5)->name, "_run");
  EXPECT_EQ(domain->resource(5)->indexes.at(0).number, 65535);
  EXPECT_EQ(domain->action(5, 14)->event_type, "_run.ttl_expired");
  EXPECT_EQ(domain->action(6, 18)->name, "_signal.send");
  EXPECT_EQ(domain->action(5, 19)->event_type, "_run.reopened");
  EXPECT_EQ(domain->numbering(), Numbering{});
}

TEST(Domain, EveryDomainHoldsForgesOwnPartsUnderTheSameNumbers) {
  const auto domain = parse(kShopSchema);

  EXPECT_EQ(domain->resource(2)->name, "_bookmark");
  EXPECT_EQ(domain->action(1, 1)->name, "_schema.add");
}

TEST(Domain, EveryResourceOfASchemaHasTheActionsThatUndosAreRecordedAs) {
  const auto domain = parse(kShopSchema);
  const Resource& order = *domain->find_resource("Order");
  const Action& undone = *domain->action(order.number, 41);
  EXPECT_EQ(undone.name, "Order._undo_update");
  EXPECT_EQ(undone.event_type, "Order._undone");
  EXPECT_EQ(undone.kind, ActionKind::kUpdates);
  EXPECT_TRUE(undone.undoes);
  EXPECT_EQ(domain->find_action("Order._undo_update"), &undone);
  EXPECT_EQ(domain->action(order.number, 40)->kind, ActionKind::kDestroys);
  EXPECT_EQ(domain->action(order.number, 42)->kind, ActionKind::kCreates);
  EXPECT_EQ(std::find(order.actions.begin(), order.actions.end(), &undone), order.actions.end()) << "nobody declares them";
  EXPECT_EQ(domain->action(5, 41), nullptr) << "Forge's own resources have none";
}

TEST(Domain, NamesTheNearestOfAnUnknownName) {
  const auto domain = parse(kShopSchema);

  EXPECT_EQ(domain->get_resource("Ordr").status().message(),
            "E2010 there is no resource 'Ordr': did you mean 'Order'?; see: forgectl schema show");
  EXPECT_EQ(domain->get_action("Order.plce").status().id(), ErrorId::kUnknownAction);
  EXPECT_EQ(*domain->get_action("Order.place"), domain->find_action("Order.place"));
}

TEST(Domain, DigestDependsOnNamesAndTextsAlone) {
  const SourceFile main{"a.fbs", "include \"b.fbs\";"};
  const auto one = parse({main, {"b.fbs", "enum A: byte { B }"}});

  EXPECT_EQ(one->digest().size(), 64U);
  EXPECT_EQ(one->digest(), parse({main, {"b.fbs", "enum A: byte { B }"}}, Numbering{{{"X", 20}}, {}, {}, {}})->digest());
  EXPECT_NE(one->digest(), parse({main, {"b.fbs", "enum A: byte { B } "}})->digest());
  EXPECT_EQ(one->sources().size(), 2U);
}

// ---- Numbers ----

TEST(DomainNumbers, StayWithTheirNamesAndAreNeverReused) {
  const auto first = parse(R"fbs(
    table A (resource) { id: int (key); x: int (unique); }
    table B (resource) { id: int (key); }
    table PutA (action: "A.put", creates) {}
    table PutB (action: "B.put", creates) {}
  )fbs");
  const auto second = parse(R"fbs(
    table C (resource) { id: int (key); x: int (unique); }
    table B (resource) { id: int (key); x: int (unique); }
    table PutC (action: "C.put", creates) {}
    table PutB (action: "B.put", creates) {}
  )fbs",
                            first->numbering());
  const auto third = parse("table A (resource) { id: int (key); x: int (unique); }", second->numbering());

  EXPECT_EQ(first->find_resource("A")->number, 16);
  EXPECT_EQ(second->find_resource("B")->number, 17);
  EXPECT_EQ(second->find_resource("C")->number, 18);
  EXPECT_EQ(second->find_action("B.put")->number, 65);
  EXPECT_EQ(second->find_action("C.put")->number, 66);
  EXPECT_EQ(second->find_resource("B")->unique[0].number, 2);
  EXPECT_EQ(second->find_resource("C")->unique[0].number, 3);
  EXPECT_EQ(third->find_resource("A")->number, 16);
  EXPECT_EQ(third->find_resource("A")->unique[0].number, 1);
  EXPECT_EQ(third->numbering(), second->numbering());
}

TEST(DomainNumbers, ResourcesAreSortedByNumberNotByDeclaration) {
  const auto domain = parse("table A (resource) { id: int (key); } table B (resource) { id: int (key); }",
                            Numbering{{{"A", 40}, {"B", 30}}, {}, {}, {}});

  EXPECT_EQ(domain->resources()[6].name, "B");
  EXPECT_EQ(domain->resource(40)->name, "A");
}

TEST(DomainNumbers, RefusesNumbersGivenTwiceOrForgesOwn) {
  const std::vector<SourceFile> sources = {{"a.fbs", "table A (resource) { id: int (key); }"}};

  EXPECT_EQ(Domain::parse(sources, Numbering{{{"A", 16}, {"B", 16}}, {}, {}, {}}).errors.front().id(), ErrorId::kDataCorrupt);
  EXPECT_EQ(Domain::parse(sources, Numbering{{{"A", 2}}, {}, {}, {}}).errors.front().id(), ErrorId::kDataCorrupt);
  EXPECT_EQ(Domain::parse(sources, Numbering{{}, {{"A.put", 63}}, {}}).errors.front().id(), ErrorId::kDataCorrupt);
}

TEST(DomainNumbers, RefusesANameWhenTheNumbersHaveRunOut) {
  const std::string error = first_error({{"a.fbs", "table A (resource) { id: int (key); }"}}, Numbering{{{"Z", 65535}}, {}, {}});

  EXPECT_EQ(error, "E2006 the domain has more resources than there are numbers (a.fbs:1:7); mend the schema");
}

// ---- Includes ----

TEST(DomainIncludes, AreReadBeforeTheFilesThatIncludeThem) {
  const auto domain = parse({{"shop.fbs", "include \"common/types.fbs\"; table Order (resource) { id: int (key); unit: Unit; }"},
                             {"common/types.fbs", "include \"units.fbs\"; include \"forge.fbs\";"},
                             {"common/units.fbs", "enum Unit: byte { Piece, Kilo }"}});

  EXPECT_EQ(field_of(*domain, "Order", "unit").enumeration->values[1].name, "Kilo");
}

TEST(DomainIncludes, MayFormACycle) {
  const auto domain = parse({{"a.fbs", "include \"b.fbs\"; table A { b: B; } table R (resource) { id: int (key); a: A; }"},
                             {"b.fbs", "include \"a.fbs\"; table B { a: A; n: int; }"}});

  EXPECT_EQ(field_of(*domain, "R", "a").nested->find("b")->nested->find("a")->nested, field_of(*domain, "R", "a").nested);
}

TEST(DomainIncludes, EachFileStartsOutsideEveryNamespace) {
  const auto domain = parse({{"a.fbs", "include \"b.fbs\"; table Order (resource) { id: int (key); k: shop.Kind; }"},
                             {"b.fbs", "namespace shop; enum Kind: byte { A }"}});

  EXPECT_NE(field_of(*domain, "Order", "k").enumeration, nullptr);
}

TEST(DomainIncludes, ErrorsNameTheIncludedFile) {
  EXPECT_EQ(first_error({{"a.fbs", "include \"b.fbs\";"}, {"b.fbs", "\n\ntable R (resource) { id: int (key); x: Unkown; }"}}),
            "E2000 the type 'Unkown' is unknown (b.fbs:3:40); mend the file and check it again");
  EXPECT_EQ(first_error({{"a.fbs", "include \"b.fbs\";"}, {"b.fbs", "table R (resource) { id: int (key) }"}}),
            "E2000 ';' is expected here, not '}' (b.fbs:1:36); mend the file and check it again");
}

TEST(DomainIncludes, NameTheNearestGivenFile) {
  EXPECT_EQ(
      first_error({{"a.fbs", "include \"typs.fbs\";"}, {"types.fbs", "enum A: byte { B }"}}),
      "E2000 the file 'typs.fbs' cannot be included: did you mean 'types.fbs'? (a.fbs:1:9); mend the file and check it again");
}

TEST(DomainIncludes, RefuseAFileThatNothingIncludes) {
  EXPECT_EQ(first_error({{"a.fbs", "enum A: byte { B }"}, {"b.fbs", "enum C: byte { D }"}}),
            "E2006 no file includes 'b.fbs' (b.fbs:1:1); include it, or leave it out");
}

TEST(DomainIncludes, DoNotReachForgesOwnFiles) {
  EXPECT_EQ(first_error({{"a.fbs", "include \"system.fbs\";"}}).substr(0, 5), "E2000");
  const auto domain = parse({{"a.fbs", "include \"system.fbs\";"}, {"system.fbs", "table R (resource) { id: int (key); }"}});
  EXPECT_NE(domain->find_resource("R"), nullptr);
}

// ---- Loading ----

TEST(DomainSources, AreLoadedMainFirstWithNamesRelativeToIt) {
  const TemporaryFolder folder;
  folder.write("common/units.fbs", "include \"../shop.fbs\"; enum Unit: byte { Piece }");
  folder.write("common/types.fbs", "include \"units.fbs\"; include \"./units.fbs\";");
  const std::string path = folder.write("shop.fbs", "include \"forge.fbs\"; include \"common/types.fbs\"; include \"shop.fbs\";");

  const auto sources = Domain::load_sources(path);

  ASSERT_TRUE(sources.ok()) << sources.status().message();
  ASSERT_EQ(sources->size(), 3U);
  EXPECT_EQ((*sources)[0].name, "shop.fbs");
  EXPECT_EQ((*sources)[1].name, "common/types.fbs");
  EXPECT_EQ((*sources)[2].name, "common/units.fbs");
  EXPECT_EQ((*sources)[2].text, "include \"../shop.fbs\"; enum Unit: byte { Piece }");
}

TEST(DomainSources, NeverComeFromOutsideTheMainFilesFolder) {
  const TemporaryFolder folder;
  folder.write("secret.fbs", "enum Secret: byte { A }");
  const std::string path = folder.write("shop/shop.fbs", "include \"../secret.fbs\";");

  const auto sources = Domain::load_sources(path);

  ASSERT_TRUE(sources.ok());
  EXPECT_EQ(sources->size(), 1U);
  EXPECT_EQ(
      first_error(*sources),
      "E2000 the file '../secret.fbs' cannot be included: an include stays inside the main file's folder (shop.fbs:1:9); mend "
      "the file and check it again");
}

TEST(DomainSources, ThatAreMissingAreNamedWithTheIncludeThatWantsThem) {
  const TemporaryFolder folder;
  const std::string path = folder.write("shop.fbs", "\n  include \"types.fbs\";");

  const auto sources = Domain::load_sources(path);

  ASSERT_FALSE(sources.ok());
  EXPECT_EQ(sources.status().id(), ErrorId::kInputUnreadable);
  EXPECT_EQ(sources.status().text().place, "shop.fbs:2:11");
  EXPECT_EQ(Domain::load_sources(path + ".not").status().id(), ErrorId::kInputUnreadable);
  EXPECT_EQ(Domain::load_sources(std::filesystem::path(path).parent_path().string()).status().id(), ErrorId::kInputUnreadable);
}

TEST(DomainSources, AboveAMebibyteInAllAreRefused) {
  const TemporaryFolder folder;
  folder.write("big.fbs", "// " + std::string((1 << 20) - 30, 'x'));
  const std::string fits = folder.write("fits.fbs", "include \"big.fbs\";");
  const std::string not_quite = folder.write("more.fbs", "include \"big.fbs\"; //" + std::string(30, 'y'));

  EXPECT_TRUE(Domain::load_sources(fits).ok());
  EXPECT_EQ(Domain::load_sources(not_quite).status().id(), ErrorId::kTooLarge);
  EXPECT_EQ(first_error({{"a.fbs", std::string((1 << 20) + 1, ' ')}}).substr(0, 5), "E2109");
}

}  // namespace
}  // namespace forge
