#include "forge/workflows/definition.h"

#include <gtest/gtest.h>

#include "checkout.h"
#include "forge/events/json.h"
#include "forge/workflows/workflow.h"

namespace forge {
namespace {

// Each error's message on a line of its own.
std::string errors_of(const WorkflowDefinition::Outcome& outcome) {
  std::string lines;
  for (const Status& error : outcome.errors) lines += error.message() + "\n";
  return lines;
}

std::string errors_of(const std::string& toml) {
  return errors_of(parse_workflow(toml, "w.toml"));
}

// A workflow of one step with these lines.
std::string one_step(const std::string& lines) {
  return "workflow = \"w\"\n[step.a]\n" + lines;
}

void expect_error(const std::string& toml, const std::string& part, const std::string& place) {
  const std::string errors = errors_of(toml);
  EXPECT_NE(errors.find(part), std::string::npos) << toml << "\n" << errors;
  EXPECT_NE(errors.find("(w.toml:" + place + ")"), std::string::npos) << toml << "\n" << errors;
}

TEST(WorkflowDefinition, IsTheSameFromTomlAndFromCpp) {
  const auto toml = parse_workflow(kCheckoutToml, "checkout.toml");
  Workflow checkout("checkout");
  declare_checkout(checkout);
  const auto cpp = checkout.define();
  ASSERT_EQ(errors_of(toml), "");
  ASSERT_EQ(errors_of(cpp), "");
  EXPECT_EQ(to_hex(toml.definition->hash()), to_hex(cpp.definition->hash()));
  EXPECT_EQ(toml.definition->hops().to_string(), "2 to 3 of 8 hops");
  EXPECT_EQ(toml.definition->steps(), (std::vector<std::string>{"load", "reserve", "charge", "ship"}));
}

TEST(WorkflowDefinition, IsTheSameFromCppWhereStepsStandInSteps) {
  const auto toml = parse_workflow(
      "workflow='w'\n[step.m]\nover=[1,2]\nwindow=2\nreturn='y'\n[step.m.step.x]\nrun='f'\nargs={n='${item}'}\n[step.m.step.y]"
      "\nquery='Q.q'\n"
      "[step.s.switch.big]\nwhen='${m[0]} > "
      "1'\n[step.s.switch.big.step.e]\nexec=['p','-x']\n[step.s.default.step.d]\nworkflow='c'\n"
      "[step.r]\nrecurse={until='${item} = "
      "1',at_most=2}\n[step.r.step.w]\nwait='go'\nkey='k'\n[step.c]\ncollect={a='${m}',b='${s}'}\n",
      "w.toml");
  Workflow cpp("w");
  WorkflowBlock items = cpp.step("m").over(List{1, 2}).set("window", 2).inside();
  items.step("x").run("f", {{"n", "${item}"}});
  items.step("y").query("Q.q");
  items.returns("y");
  WorkflowStep& choice = cpp.step("s");
  choice.branch("big", "${m[0]} > 1").step("e").exec({"p", "-x"});
  choice.branch("default", "").step("d").workflow("c");
  cpp.step("r").recurse({{"until", "${item} = 1"}, {"at_most", 2}}).inside().step("w").wait("go", "k");
  cpp.step("c").collect({{"a", "${m}"}, {"b", "${s}"}});
  const auto made = cpp.define();
  ASSERT_EQ(errors_of(toml), "");
  ASSERT_EQ(errors_of(made), "");
  EXPECT_EQ(to_hex(toml.definition->hash()), to_hex(made.definition->hash()));
}

TEST(WorkflowDefinition, HasOneHashHoweverItIsWritten) {
  const auto hash = [](const std::string& toml) { return to_hex(parse_workflow(toml, "w.toml").definition->hash()); };
  const std::string plain = hash("workflow = \"w\"\n[step.a]\naction = \"Order.ship\"\nargs = { id = \"o\", n = [1, 2] }\n");
  EXPECT_EQ(plain, hash("workflow='w'\nttl_hops = 8\n[step]\na = { args = { id = 'o', n = [1,2] }, action = 'Order.ship' }\n"));
  EXPECT_NE(plain, hash("workflow = \"w\"\nttl_hops = 7\n[step.a]\naction = \"Order.ship\"\nargs = { id = \"o\", n = [1, 2] }\n"));
  EXPECT_NE(plain, hash("workflow = \"w\"\n[step.a]\naction = \"Order.ship\"\nargs = { n = [1, 2], id = \"o\" }\n"));
}

TEST(WorkflowDefinition, ReadsBackItsBytes) {
  const auto written = parse_workflow(kCheckoutToml, "checkout.toml").definition;
  const auto read = WorkflowDefinition::from_bytes(written->bytes());
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ((*read)->hash(), written->hash());
  EXPECT_EQ((*read)->steps(), written->steps());
  const auto cut = WorkflowDefinition::from_bytes(written->bytes().first(written->bytes().size() / 2));
  EXPECT_EQ(cut.status().id(), ErrorId::kDataCorrupt);
}

TEST(WorkflowDefinition, KeepsStepsInTheOrderInWhichTheyWereDeclared) {
  const auto outcome = parse_workflow("workflow='w'\n[step.z]\nhalt=1\n[step.a]\nhalt=2\n[step.m]\nhalt=3\n", "w.toml");
  EXPECT_EQ(outcome.definition->steps(), (std::vector<std::string>{"z", "a", "m"}));
}

TEST(WorkflowDefinition, FindsAllErrorsInOnePass) {
  const std::string errors = errors_of(
      "workflow = \"w\"\nttl_hop = 3\n[step.a]\nacton = \"Order.ship\"\n[step.b]\naction = \"Order.ship\"\nargs = { id = "
      "\"${inptu.id}\" }\n"
      "where = \"${a} >\"\n[step.c]\nsql = \"select 1\"\n");
  EXPECT_EQ(errors,
            "E8002 the workflow has an unknown attribute 'ttl_hop': did you mean 'ttl_hops'? (w.toml:2:1); mend the attribute\n"
            "E8002 step 'a' does nothing: one of these says what it does: action, read, query, transaction, http, run, exec, over, "
            "collect, switch, workflow, group, around, recurse, template, sleep, until, wait, signal, approve, halt, debug, fail "
            "(w.toml:3:7); mend the attribute\n"
            "E8002 step 'a' has an unknown attribute 'acton': did you mean 'action'? (w.toml:4:1); mend the attribute\n"
            "E8005 there is no step 'inptu': did you mean 'input'? (w.toml:7:16); mend the reference\n"
            "E2002 the expression does not parse: expected a value, found the end (w.toml:8:16); mend the rule\n"
            "E8003 step 'c' is an sql step: this version has none (w.toml:10:1); read records with read or query\n");
}

TEST(WorkflowDefinition, SaysWhereTomlDoesNotParse) {
  expect_error("workflow = \"w\"\n[step.a\n", "E8001 w.toml does not parse", "2:8");
  expect_error("workflow = \"w\"\n[step.a]\nhalt=1\n[step.a]\nhalt=2\n", "E8001", "4:1");
}

TEST(WorkflowDefinition, RefusesMalformedAttributes) {
  expect_error(one_step("halt = 1\ntimeout = \"soon\"\n"), "'soon' is no duration", "4:12");
  expect_error(one_step("halt = 1\ntimeout = 3\n"), "it is 3, wanted is a text", "4:11");
  expect_error(one_step("halt = 1\nasync = \"no\"\n"), "it is \"no\", wanted is true or false", "4:10");
  expect_error(one_step("halt = 1\nafter = \"b\"\n"), "it is \"b\", wanted is a list", "4:10");
  expect_error(one_step("sleep = \"1 fortnight\"\n"), "it is \"1 fortnight\", wanted is a duration", "3:10");
  expect_error(one_step("sleep = true\n"), "it is true, wanted is a duration", "3:9");
  expect_error(one_step("until = \"tomorrow\"\n"), "it is \"tomorrow\", wanted is a time", "3:10");
  expect_error(one_step("read = \"Order\"\nkey = [1]\n"), "it is [1], wanted is a text or a whole number", "4:7");
  expect_error(one_step("wait = { event = \"Order.noted\", key = 1.5 }\n"), "it is 1.5, wanted is a text", "3:39");
  expect_error(one_step("over = 5\n[step.a.step.x]\nhalt = 1\n"), "it is 5, wanted is a list", "3:8");
  expect_error(one_step("halt = 1\nretry = { max_attempts = 0 }\n"), "0 is not a whole number from 1", "4:26");
  expect_error(one_step("halt = 1\nretry = { backoff = \"expo\" }\n"), "unknown backoff 'expo'", "4:22");
  expect_error(one_step("halt = 1\nfail = \"x\"\n"), "is of two kinds", "4:1");
  expect_error(one_step("read = \"Order\"\n"), "has no 'key'", "2:1");
  expect_error(one_step("http = { get = \"/\", post = \"/\" }\n"), "more than one method", "3:8");
  expect_error(one_step("http = { get = \"/\", client = \"pya\" }\n[client.pay]\nbase_url = \"https://pay\"\n"),
               "did you mean 'pay'?", "3:31");
  expect_error(one_step("over = [1]\n"), "has no 'step'", "2:1");
  expect_error("workflow = \"w\"\n", "has no 'step'", "1:1");
  expect_error("workflow = \"w w\"\n[step.a]\nhalt = 1\n", "cannot name a workflow", "1:13");
  expect_error("workflow = \"w\"\n[input]\nn = \"itn\"\n[step.a]\nhalt = 1\n", "did you mean 'int'?", "3:6");
  expect_error("workflow = \"w\"\n[input]\nn = { type = \"int\", default = \"x\" }\n[step.a]\nhalt = 1\n",
               "default of another type", "3:32");
  expect_error("workflow = \"w\"\n[client.pay]\nbase_url = \"https://p\"\nauth = { token = \"hush\" }\n[step.a]\nhalt = 1\n",
               "a secret in clear", "4:19");
}

TEST(WorkflowDefinition, RefusesBadReferencesWhereTheyStand) {
  expect_error(one_step("halt = \"order ${load.sku} of ${input.x}\"\n"), "there is no step 'load'", "3:15");
  expect_error(one_step("halt = \"order ${a.sku}\"\n"), "step 'a' waits for 'a': that is itself", "3:15");
  expect_error(one_step("halt = \"${item}\"\n"), "only steps inside a map or recurse have it", "3:9");
  expect_error(one_step("halt = \"${error.code}\"\n"), "only what compensates has it", "3:9");
  expect_error(one_step("halt = \"${event.key}\"\n"), "the workflow has no hook", "3:9");
  expect_error(one_step("halt = \"${run.idd}\"\n"), "did you mean 'id'?", "3:9");
  expect_error(one_step("halt = \"${a..b}\"\n"), "a name follows each dot", "3:9");
  expect_error(one_step("halt = \"x ${a\"\n"), "a '${' has no '}'", "3:9");
  expect_error(one_step("halt = 1\nafter = [\"lod\", \"c\"]\n[step.load]\nhalt = 1\n"),
               "there is no step 'lod': did you mean 'load'?", "4:11");
  expect_error("workflow = \"w\"\nreturn = \"b\"\n[step.a]\nhalt = 1\n", "'b' cannot be returned", "2:11");
}

TEST(WorkflowDefinition, RefusesWhatStepsWithStepsInsideCannotDo) {
  expect_error("workflow='w'\n[step.m]\nover=[1]\nretry={max_attempts=2}\n[step.m.step.x]\nhalt=1\n", "it has steps inside", "4:1");
  expect_error("workflow='w'\n[step.t]\ntransaction=true\n[step.t.step.x]\nrun='f'\n", "one commit consists of reads and actions",
               "4:14");
}

TEST(WorkflowDefinition, RefusesConditionsThatAreNone) {
  expect_error(one_step("halt = 1\nwhere = \"${input} + 1\"\n"), "is not a condition", "4:10");
  expect_error(one_step("halt = { expr = \"1 +\" }\n"), "expected a value, found the end", "3:21");
  expect_error(one_step("halt = 1\nwhere = \"\"\"\n1 = 1 and\n ${b.x} = 2\"\"\"\n"), "there is no step 'b'", "6:2");
}

TEST(WorkflowDefinition, RefusesReferencesIntoWhatMayNotRun) {
  const std::string toml =
      "workflow = \"w\"\n[step.s.switch.paid]\nwhen = \"1 = 1\"\n[step.s.switch.paid.step.x]\nhalt = 1\n[step.b]\nhalt = "
      "\"${x}\"\n";
  expect_error(toml, "it is in a branch of 's' that may not run", "7:9");
}

TEST(WorkflowDefinition, RefusesStepsThatWaitForEachOther) {
  const std::string toml =
      "workflow = \"w\"\n[step.a]\nhalt = \"${c}\"\n[step.b]\nhalt = \"${a}\"\n[step.c]\nhalt = 1\nafter = [\"b\"]\n[step.d]\nhalt "
      "= \"${c}\"\n";
  expect_error(toml, "E8006 steps wait for each other", "2:7");
  EXPECT_NE(errors_of(toml).find("a waits for c waits for b waits for a"), std::string::npos) << errors_of(toml);
  const std::string through_inside = "workflow='w'\n[step.m]\nover=[1]\n[step.m.step.x]\nhalt='${n}'\n[step.n]\nhalt='${m}'\n";
  EXPECT_NE(errors_of(through_inside).find("steps wait for each other"), std::string::npos) << errors_of(through_inside);
}

TEST(WorkflowDefinition, RefusesDuplicateAndReservedNames) {
  Workflow twice("w");
  twice.step("a").set("halt", 1);
  twice.step("a").set("halt", 2);
  EXPECT_NE(errors_of(twice.define()).find("has 'a' twice: each name may be used once (w: step.a)"), std::string::npos)
      << errors_of(twice.define());
  expect_error("workflow = \"w\"\n[step.input]\nhalt = 1\n", "'input' cannot name a step", "2:7");
}

// A chain of steps, each waiting for the one before it.
std::string chain(int steps, const std::string& head) {
  std::string toml = "workflow = \"w\"\n" + head;
  for (int i = 0; i < steps; ++i) {
    const std::string number = std::to_string(i);
    toml += "[step.s" + number + "]\nrun = \"f\"\n";
    if (i > 0) toml += "after = [\"s" + std::to_string(i - 1) + "\"]\n";
  }
  return toml;
}

TEST(WorkflowHops, CountTheLongestPath) {
  EXPECT_EQ(parse_workflow(chain(5, ""), "w.toml").definition->hops().to_string(), "5 of 8 hops");
  EXPECT_EQ(parse_workflow(chain(8, ""), "w.toml").definition->hops().to_string(), "8 of 8 hops");
  expect_error(chain(9, "ttl_hops = 8\n"), "E8007 the workflow can never end: it needs 9 hops", "2:12");
  EXPECT_EQ(parse_workflow(chain(9, "ttl_hops = 9\n"), "w.toml").definition->hops().to_string(), "9 of 9 hops");
}

TEST(WorkflowHops, CountWhatIsInsideAStep) {
  const auto hops = [](const std::string& toml) {
    const auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
    return outcome.definition == nullptr ? errors_of(outcome) : outcome.definition->hops().to_string();
  };
  const std::string inner = "[step.m.step.x]\nrun='f'\n[step.m.step.y]\nrun='f'\nafter=['x']\n";
  EXPECT_EQ(hops("[step.m]\nover=[1,2]\n" + inner), "1 to 3 of 8 hops");
  EXPECT_EQ(hops("[step.m]\nrecurse={until='true',at_most=3}\n" + inner), "3 to 7 of 8 hops");
  EXPECT_EQ(hops("[step.m]\ngroup=true\n" + inner), "3 of 8 hops");
  EXPECT_EQ(hops("[step.m]\ntransaction=true\n[step.m.step.x]\naction='A.b'\n[step.m.step.y]\naction='A.b'\nafter=['x']\n"),
            "1 of 8 hops");
  EXPECT_EQ(hops("[step.m]\ngroup=true\nafter=['d']\n" + inner + "[step.d]\ndebug='x'\n"), "3 of 8 hops");
  EXPECT_EQ(hops("[step.m.switch.p]\nwhen='true'\n[step.m.switch.p.step.x]\nrun='f'\n"), "1 to 2 of 8 hops");
  EXPECT_EQ(hops("[step.m.switch.p]\nwhen='true'\n[step.m.switch.p.step.x]\nrun='f'\n[step.m.default.step.y]\nrun='f'\n"),
            "2 of 8 hops");
  EXPECT_EQ(hops("[step.a]\nrun='f'\nwhere='true'\n[step.b]\nrun='f'\nafter=['a']\n"), "1 to 2 of 8 hops");
}

TEST(WorkflowPlanning, TakesTenThousandStepsAndNoMore) {
  std::string toml = "workflow='w'\nttl_hops=255\n";
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    toml += "[step.s" + number + "]\nrun='f'\n";
    if (i >= 100) toml += "after=['s" + std::to_string(i - 100) + "','s" + std::to_string(i - 99) + "']\n";
  }
  const auto outcome = parse_workflow(toml, "w.toml");
  ASSERT_EQ(errors_of(outcome), "");
  EXPECT_EQ(outcome.definition->hops().most, 101U);
  EXPECT_NE(errors_of(toml + "[step.more]\nrun='f'\n").find("too many steps"), std::string::npos);
}

TEST(WorkflowInputs, NameAllThatIsWrongInOneError) {
  const auto definition =
      parse_workflow("workflow='w'\n[input]\norder='string'\nqty='int'\nchannel={type='string',default='web'}\n[step.a]\nhalt=1\n",
                     "w.toml")
          .definition;
  const auto taken = definition->take_inputs({{"order", "o-1"}, {"qty", 2}});
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  EXPECT_EQ(to_json(Value(*taken)), R"({"order":"o-1","qty":2,"channel":"web"})");
  const auto wrong = definition->take_inputs({{"qty", "two"}, {"chanel", "shop"}});
  EXPECT_EQ(wrong.status().message(),
            "E8008 the input does not fit workflow 'w': 'order' is missing; 'qty' is \"two\", wanted is int; 'chanel' is unknown: "
            "did you mean 'channel'?; no run was started; see what it takes: forgectl workflow show w");
}

}  // namespace
}  // namespace forge
