// A definition held against a schema, and against the workflows beside it.

#include <gtest/gtest.h>

#include <algorithm>

#include "forge/events/domain.h"
#include "forge/workflows/definition.h"

namespace forge {
namespace {

constexpr const char* kShop = R"(include "forge.fbs";
namespace shop;
enum State : byte { Placed, Paid }
table Order (resource) { id: string (key); sku: string (required); qty: long; state: State; note: string; }
table Slot (resource, key: "day, room") { day: string; room: int; who: string; }
table PlaceOrder (action: "Order.place", creates, event: "Order.placed") { sku: string (required); qty: long = 1; state: State; }
table NoteOrder (action: "Order.note", updates, event: "Order.noted") { note: string (required); old: string (deprecated); }
table OpenOrders (action: "Order.open", reads, where: "sku = :sku") { sku: string (required); }
table TakeSlot (action: "Slot.take", upserts, event: "Slot.taken") { who: string; }
)";

struct Found {
  std::string errors;
  std::string warnings;
};

std::string lines_of(const std::vector<Status>& all) {
  std::string lines;
  for (const Status& one : all) {
    lines += one.text().place.substr(7) + " " + one.text().what + (one.text().why.empty() ? "" : ": " + one.text().why) + "\n";
  }
  return lines;
}

// What is wrong with a workflow of these lines, from the second on, beside a workflow `pay` with the input cents.
Found held_against(const std::string& lines) {
  static const auto kDomain = Domain::parse({{"shop.fbs", kShop}}).domain;
  static const auto kPay =
      parse_workflow("workflow='pay'\n[input]\ncents='int'\nnote={default='x'}\n[step.a]\nhalt=1\n", "p").definition;
  EXPECT_NE(kDomain, nullptr);
  WorkflowSurroundings around{.domain = kDomain, .workflow = {}, .workflows = {"pay"}};
  around.workflow = [](const std::string& name) { return name == "pay" ? kPay : nullptr; };
  const auto outcome = parse_workflow("workflow = 'w'\n" + lines, "w.toml", around);
  return {lines_of(outcome.errors), lines_of(outcome.warnings)};
}

std::string errors_against(const std::string& lines) {
  const Found found = held_against(lines);
  EXPECT_EQ(found.warnings, "") << lines;
  return found.errors;
}

TEST(WorkflowSurroundingsCheck, TakesWhatTheSchemaHas) {
  EXPECT_EQ(errors_against(
                "on = { event = 'Order.*' }\n[step.place]\naction = 'Order.place'\nargs = { sku = 'tea', state = 'Paid' }\n"
                "undo = { action = 'Order.note', args = { id = 'o', note = 'no' } }\n[step.open]\nquery = 'Order.open'\nargs = { "
                "sku = '${place.key}' }\n[step.each]\nover = { query = 'Order.open' }\nargs = { sku = 'x' }\n[step.each.step.r]\n"
                "read = 'Order'\nkey = '${item.id}'\n[step.slot]\naction = 'Slot.take'\nargs = { day = 'mon', room = 3 }\n"),
            "");
}

TEST(WorkflowSurroundingsCheck, RefusesWhatTheSchemaDoesNotHave) {
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.plce'\n"),
            "3:11 there is no action 'Order.plce': did you mean 'Order.place'?\n");
  EXPECT_EQ(errors_against("[step.a]\naction = 'Ordr.place'\n"), "3:11 there is no resource 'Ordr': did you mean 'Order'?\n");
  EXPECT_EQ(errors_against("[step.a]\nread = 'Ordr'\nkey = 'k'\n"), "3:9 there is no resource 'Ordr': did you mean 'Order'?\n");
  EXPECT_EQ(errors_against("[step.a]\nquery = 'Order.opn'\n"), "3:10 there is no action 'Order.opn': did you mean 'Order.open'?\n");
  EXPECT_EQ(errors_against("[step.a]\nover = { query = 'Order.opn' }\n[step.a.step.x]\nhalt = 1\n"),
            "3:19 there is no action 'Order.opn': did you mean 'Order.open'?\n");
  EXPECT_EQ(errors_against("[step.a]\nquery = 'Order.place'\n"),
            "3:10 step 'a' asks Order.place, which is no query: it is an action that creates\n");
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.open'\n"),
            "3:11 step 'a' issues Order.open, which is a query: a query changes nothing\n");
}

TEST(WorkflowSurroundingsCheck, HoldsArgumentsAgainstTheAction) {
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.place'\nargs = { skuu = 'tea', sku = 'tea' }\n"),
            "4:10 step 'a' gives Order.place an argument 'skuu' that it does not take: did you mean 'sku'?\n");
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.place'\n"), "2:7 step 'a' gives Order.place no 'sku': it is required\n");
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.note'\nargs = { note = '${run.id}' }\n"),
            "4:8 step 'a' gives Order.note no 'id': it is of the key of Order\n");
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.note'\nargs = { id = 'o', note = 'n', old = 'x' }\n"),
            "4:32 step 'a' gives Order.note 'old': it is deprecated, so it is refused\n");
  EXPECT_EQ(errors_against("[step.a]\naction = 'Slot.take'\nargs = { day = 'mon' }\n"),
            "4:8 step 'a' gives Slot.take no 'room': it is of the key of Slot\n");
  EXPECT_EQ(errors_against("[step.a]\nquery = 'Order.open'\n"), "2:7 step 'a' gives Order.open no 'sku': it is required\n");
  const std::string wrong = errors_against("[step.a]\naction = 'Order.place'\nargs = { sku = 5, qty = 'many', state = 'Payd' }\n");
  EXPECT_EQ(std::count(wrong.begin(), wrong.end(), '\n'), 3) << wrong;
  EXPECT_EQ(wrong.find("4:16 Order.place"), 0U) << wrong;
  EXPECT_NE(wrong.find("\n4:26 Order.place"), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("\n4:42 "), std::string::npos) << wrong;
}

TEST(WorkflowSurroundingsCheck, LeavesArgumentsThatAFunctionMakes) {
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.place'\ntransform = 'f'\nargs = { any = 1 }\n"), "");
}

TEST(WorkflowSurroundingsCheck, LooksAtWhatMendsAndAtStepsInSteps) {
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.place'\nargs = { sku = 'tea' }\nundo = 'Order.nte'\n"),
            "5:9 there is no action 'Order.nte': did you mean 'Order.note'?\n");
  // An undo without arguments is given those of the step.
  EXPECT_EQ(errors_against("[step.a]\naction = 'Order.place'\nargs = { id = 'o', sku = 'tea' }\nundo = 'Order.note'\n"),
            "4:20 the undo of step 'a' gives Order.note an argument 'sku' that it does not take: there is id, note\n"
            "5:9 the undo of step 'a' gives Order.note no 'note': it is required\n");
  EXPECT_EQ(errors_against("[step.a]\nrun = 'f'\ncompensate = [{ do = { action = 'Order.nte' } }]\n"),
            "4:34 there is no action 'Order.nte': did you mean 'Order.note'?\n");
  EXPECT_EQ(
      errors_against(
          "[step.g]\ngroup = true\n[step.g.before_all.b]\nread = 'Ordr'\nkey = 1\n[step.g.step.t]\ntransaction = true\n"
          "[step.g.step.t.step.x]\naction = 'Order.plce'\n[step.s.switch.b]\nwhen = '1 = 1'\n[step.s.switch.b.step.x]\n"
          "action = 'Order.plce'\n[step.s.default.step.x]\naction = 'Order.plce'\n[step.r]\naround = { begin = { action = "
          "'Order.plce' } }\n[step.r.step.x]\nhalt = 1\n"),
      "5:9 there is no resource 'Ordr': did you mean 'Order'?\n10:11 there is no action 'Order.plce': did you mean 'Order.place'?\n"
      "14:11 there is no action 'Order.plce': did you mean 'Order.place'?\n16:11 there is no action 'Order.plce': did you mean "
      "'Order.place'?\n18:32 there is no action 'Order.plce': did you mean 'Order.place'?\n");
}

TEST(WorkflowSurroundingsCheck, RefusesFieldsThatARecordDoesNotHave) {
  const std::string read = "[step.load]\nread = 'Order'\nkey = 'o'\n[step.b]\n";
  EXPECT_EQ(errors_against(read + "halt = ['${load.sku}', '${load._seq}', '${load}', 'at ${load._version}']\n"), "");
  EXPECT_EQ(errors_against(read + "halt = '${load.skuu}'\n"),
            "6:9 '${load.skuu}' leads to no field of Order: did you mean 'sku'?\n");
  EXPECT_EQ(errors_against(read + "halt = 'of ${load.skuu}'\n"),
            "6:12 '${load.skuu}' leads to no field of Order: did you mean 'sku'?\n");
  EXPECT_EQ(errors_against(read + "halt = 1\nwhere = '${load.qtty} > 1'\n"),
            "7:10 '${load.qtty}' leads to no field of Order: did you mean 'qty'?\n");
  EXPECT_EQ(errors_against(read + "run = 'f'\nargs = { a = { expr = '1 + ${load.qtty}' } }\n"),
            "7:28 '${load.qtty}' leads to no field of Order: did you mean 'qty'?\n");
  EXPECT_EQ(errors_against(read + "run = 'f'\nundo = { run = 'g', args = { a = [1, '${load.qtty}'] } }\n"),
            "7:39 '${load.qtty}' leads to no field of Order: did you mean 'qty'?\n");
  // What stands for it is known to the run alone.
  EXPECT_EQ(errors_against("[step.load]\nread = 'Order'\nkey = 'o'\ncompensate = [{ continue = { any = 1 } }]\n[step.b]\nhalt = "
                           "'${load.any}'\n"),
            "");
  EXPECT_EQ(errors_against("[step.g]\ngroup = true\n[step.g.step.load]\nrun = 'f'\n[step.g.step.x]\nhalt = '${load.any}'\n"
                           "[step.load]\nread = 'Order'\nkey = 'o'\n"),
            "");
}

TEST(WorkflowSurroundingsCheck, RefusesFieldsThatRecordsOfAQueryDoNotHave) {
  const std::string query = "[step.all]\nquery = 'Order.open'\nargs = { sku = 'tea' }\n[step.b]\n";
  EXPECT_EQ(errors_against(query + "halt = ['${all}', '${all[0]}', '${all[0].sku}', '${all[1]._seq}']\n"), "");
  EXPECT_EQ(errors_against(query + "halt = '${all[0].skuu}'\n"),
            "6:9 '${all[0].skuu}' leads to no field of Order: did you mean 'sku'?\n");
  EXPECT_EQ(errors_against(query + "halt = '${all.sku}'\n"),
            "6:9 '${all.sku}' leads to no record of the list of Order: it has several, by their place\n");
}

TEST(WorkflowSurroundingsCheck, RefusesFieldsThatItemsDoNotHave) {
  const std::string query = "[step.all]\nquery = 'Order.open'\nargs = { sku = 'tea' }\n";
  const std::string over_query = "[step.m]\nover = { query = 'Order.open' }\nargs = { sku = 'tea' }\n";
  EXPECT_EQ(errors_against(over_query + "[step.m.step.x]\ntemplate = '${item.sku} ${item._version}'\n"), "");
  EXPECT_EQ(errors_against(over_query + "[step.m.step.x]\ntemplate = '${item.skuu}'\n"),
            "6:13 '${item.skuu}' leads to no field of Order: did you mean 'sku'?\n");
  EXPECT_EQ(errors_against(query + "[step.m]\nover = '${all}'\n[step.m.step.x]\ntemplate = '${item.skuu}'\n"),
            "8:13 '${item.skuu}' leads to no field of Order: did you mean 'sku'?\n");
  // A batch is a list of items.
  EXPECT_EQ(errors_against(query + "[step.m]\nover = '${all}'\nbatch = 2\n[step.m.step.x]\ntemplate = '${item[0].sku}'\n"), "");
  EXPECT_EQ(errors_against(query + "[step.m]\nover = '${all}'\nbatch = 2\n[step.m.step.x]\ntemplate = '${item.sku}'\n"),
            "9:13 '${item.sku}' leads to no record of the list of Order: it has several, by their place\n");
  // Other items, and those of which nothing is known.
  EXPECT_EQ(errors_against(over_query + "[step.m.step.x]\nover = [1]\n[step.m.step.x.step.y]\ntemplate = '${item.any}'\n"), "");
  EXPECT_EQ(errors_against(over_query + "[step.m.step.x]\nrecurse = { until = '${item.any} = 1', at_most = 2, start = 1 }\n"
                                        "[step.m.step.x.step.y]\ntemplate = '${item.any}'\n"),
            "");
  EXPECT_EQ(errors_against(over_query + "[step.m.step.x]\ncollect = { a = 1 }\ninto = '${item.any}'\n"), "");
  EXPECT_EQ(errors_against("[step.m]\nover = { file = 'a.ndjson' }\n[step.m.step.x]\ntemplate = '${item.any}'\n"), "");
}

TEST(WorkflowSurroundingsCheck, WarnsOfWhatMayBeThereLater) {
  const auto warned = [](const std::string& lines) {
    const Found found = held_against(lines);
    EXPECT_EQ(found.errors, "") << lines;
    return found.warnings;
  };
  EXPECT_EQ(warned("[step.a]\nworkflow = 'pay'\nargs = { cents = 5 }\n"), "");
  EXPECT_EQ(warned("[step.a]\nworkflow = 'pey'\n"),
            "3:13 step 'a' is a run of workflow 'pey', which is not declared yet: did you mean 'pay'?\n");
  EXPECT_EQ(warned("[step.a]\nworkflow = 'else'\n"),
            "3:13 step 'a' is a run of workflow 'else', which is not declared yet: a run stands still there until it is\n");
  EXPECT_EQ(warned("[step.a]\nworkflow = 'pay'\nargs = { cent = 5 }\n"),
            "4:8 step 'a' gives workflow 'pay' no input 'cents': it needs one\n"
            "4:10 step 'a' gives workflow 'pay' an unknown input 'cent': did you mean 'cents'?\n");
  EXPECT_EQ(warned("[step.a]\nworkflow = 'pay'\nargs = { cents = 'x' }\n"),
            "4:19 step 'a' gives workflow 'pay' a malformed input 'cents': it is \"x\", wanted is int\n");
  EXPECT_EQ(warned("[input]\nn = 'int'\n[step.a]\nworkflow = 'w'\nwhere = '${input.n} > 0'\n"),
            "4:7 step 'a' gives workflow 'w' no input 'n': it needs one\n");
  EXPECT_EQ(warned("on = { event = 'Order.plced' }\n[step.a]\nhalt = 1\n"),
            "2:17 the hook is for events 'Order.plced', which no action makes: did you mean 'Order.placed'?\n");
  EXPECT_EQ(warned("[step.a]\nwait = { event = 'Ordr.*' }\n"),
            "3:19 step 'a' is for events 'Ordr.*', which no action makes: there is Order._undone, Order.noted, Order.placed, "
            "Slot._undone, "
            "Slot.taken\n");
  EXPECT_EQ(warned("on = { event = '_run.*' }\n[step.a]\nhalt = 1\n"), "");
}

TEST(WorkflowSurroundingsCheck, LooksAtNothingThatIsNotGiven) {
  const auto outcome = parse_workflow("workflow = 'w'\non = { event = 'x' }\n[step.a]\naction = 'A.b'\n[step.b]\nworkflow = 'c'\n",
                                      "w.toml", WorkflowSurroundings());
  EXPECT_TRUE(outcome.errors.empty());
  EXPECT_TRUE(outcome.warnings.empty());
}

TEST(WorkflowSurroundingsCheck, WarnsOfPathsThatNoEventOfTheHookHas) {
  const auto warned = [](const std::string& on) {
    const Found found =
        held_against("on = { event = '" + on + " }\n[input]\nn = { type = 'any', default = 1 }\n[step.a]\nhalt = 1\n");
    EXPECT_EQ(found.errors, "") << on;
    return found.warnings;
  };
  EXPECT_EQ(
      warned("Order.placed', where = '${event.changes.qty} > 1', key = '${event.key}', input = { n = '${event.changes.sku}' }"),
      "");
  EXPECT_EQ(warned("Order.placed', where = '${event.changes.qtty} > 1'"),
            "2:41 '${event.changes.qtty}' leads nowhere: no event 'Order.placed' has it: did you mean 'qty'?\n");
  EXPECT_EQ(warned("Order.placed', key = '${event.changes.who}'"),
            "2:39 '${event.changes.who}' leads nowhere: no event 'Order.placed' has it: there is id, sku, qty, state, note\n");
  EXPECT_EQ(warned("Order.placed', input = { n = '${event.changes.skuu}' }"),
            "2:47 '${event.changes.skuu}' leads nowhere: no event 'Order.placed' has it: did you mean 'sku'?\n");
  EXPECT_EQ(warned("Order.placed', input = { n = 'a ${event.changes.skuu}' }"),
            "2:47 '${event.changes.skuu}' leads nowhere: no event 'Order.placed' has it: did you mean 'sku'?\n");
  EXPECT_EQ(warned("*', where = '${event.changes.who} is not null'"), "") << "some event has it";
  EXPECT_EQ(warned("_run.ended', where = '${event.changes.status} is not null'"), "");
}

TEST(WorkflowSurroundingsCheck, RefusesCallsOfItselfThatNoConditionEnds) {
  const std::string refused =
      " is a run of 'w' itself, and no condition ends that: each run would wait for another one, until there are no hops left\n";
  EXPECT_EQ(errors_against("[step.a]\nworkflow = 'w'\n"), "3:13 step 'a'" + refused);
  EXPECT_EQ(errors_against("[step.g]\ngroup = true\n[step.g.step.a]\nworkflow = 'w'\n"), "5:13 step 'a'" + refused);
  EXPECT_EQ(errors_against("[step.r]\nrecurse = { until = 'true', at_most = 2 }\n[step.r.step.a]\nworkflow = 'w'\n"),
            "5:13 step 'a'" + refused);
  EXPECT_EQ(errors_against("[step.b]\ntemplate = 'x'\nwhere = 'false'\n[step.a]\nworkflow = 'w'\nafter = ['b']\n"),
            "6:13 step 'a'" + refused)
      << "that a step before it is skipped ends nothing";
  for (const char* lines :
       {"[step.a]\nworkflow = 'w'\nwhere = 'false'\n", "[step.a]\nworkflow = 'w'\nguards = [{ when = 'true', else = 'skip' }]\n",
        "[step.g]\ngroup = true\nwhere = 'false'\n[step.g.step.a]\nworkflow = 'w'\n",
        "[step.s.switch.b]\nwhen = 'false'\n[step.s.switch.b.step.a]\nworkflow = 'w'\n",
        "[step.m]\nover = []\n[step.m.step.a]\nworkflow = 'w'\n",
        "[step.f]\nfail = 'x'\nwhere = 'true'\n[step.a]\nworkflow = 'w'\nafter = ['f']\n",
        "[step.s.switch.b]\nwhen = 'true'\n[step.s.switch.b.step.f]\nfail = 'x'\n[step.a]\nworkflow = 'w'\nafter = ['s']\n",
        "[step.a]\nworkflow = 'w'\ncompensate = [{ continue = 'the end' }]\n",
        "[step.l]\nread = 'Order'\nkey = 'k'\nnot_found = 'halt'\n[step.a]\nworkflow = 'w'\nafter = ['l']\n"}) {
    EXPECT_EQ(errors_against(lines), "") << lines;
  }
}

TEST(WorkflowSurroundingsCheck, RefusesCallsOfItselfByWayOfOthers) {
  const auto b = parse_workflow("workflow='b'\n[step.x]\nworkflow='c'\n", "b").definition;
  const auto c = parse_workflow("workflow='c'\n[step.y]\nworkflow='w'\n", "c").definition;
  const auto once = parse_workflow("workflow='c'\n[step.y]\nworkflow='w'\nwhere='false'\n", "c").definition;
  for (const bool ends : {false, true}) {
    WorkflowSurroundings around{.workflow = {}, .workflows = {"b", "c"}};
    around.workflow = [&](const std::string& name) { return name == "b" ? b : name != "c" ? nullptr : ends ? once : c; };
    const auto outcome = parse_workflow("workflow='w'\n[step.a]\nworkflow='b'\n", "w.toml", around);
    EXPECT_EQ(lines_of(outcome.errors),
              ends
                  ? ""
                  : "3:11 step 'a' is a run of 'w' itself, by way of 'b', 'c', and no condition ends that: each run would wait for "
                    "another one, until there are no hops left\n");
  }
}

}  // namespace
}  // namespace forge
