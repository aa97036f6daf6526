// Values that can never do are refused where they stand, with what they are and what is wanted.

#include <gtest/gtest.h>

#include <algorithm>

#include "forge/workflows/definition.h"

namespace forge {
namespace {

std::string findings_in(const std::string& toml) {
  std::string lines;
  for (const Status& error : parse_workflow(toml, "w.toml").errors) {
    lines += error.text().place + " " + error.text().what + ": " + error.text().why + "\n";
  }
  return lines;
}

struct BadValue {
  const char* lines;  // of a step that stands from the third line on
  const char* part;   // of the finding
  const char* place;
};

void expect_refused(const BadValue& bad, const std::string& head = "workflow = 'w'\n[step.a]\n") {
  const std::string found = findings_in(head + bad.lines);
  EXPECT_NE(found.find(bad.part), std::string::npos) << bad.lines << found;
  EXPECT_NE(found.find("w.toml:" + std::string(bad.place) + " "), std::string::npos) << bad.lines << found;
}

TEST(WorkflowValues, AreOfTheTypeThatIsWantedInEveryStep) {
  for (const BadValue& bad : {
           BadValue{"action = 3\n", "it is 3, wanted is a text", "3:10"},
           BadValue{"action = ''\n", "has an empty 'action'", "3:11"},
           BadValue{"read = ['O']\nkey = 'k'\n", R"(it is ["O"], wanted is a text)", "3:8"},
           BadValue{"read = 'O'\nkey = ''\n", "it is \"\", wanted is a text or a whole number", "4:8"},
           BadValue{"read = 'O'\nkey = ['${run.id}']\n", R"(it is ["${run.id}"], wanted is a text)", "4:7"},
           BadValue{"read = 'O'\nkey = 'k'\nnot_found = true\n", "it is true, wanted is a text", "5:13"},
           BadValue{"query = 'O.q'\nkey = 'k'\n", "is a query with a key", "4:1"},
           BadValue{"http = 'https://x'\n", "it is \"https://x\", wanted is a table", "3:9"},
           BadValue{"http = { get = 5 }\n", "it is 5, wanted is a text: the path", "3:16"},
           BadValue{"http = { get = '/c' }\n", "without a client, a request names the whole URL", "3:17"},
           BadValue{"http = { get = 'c/${run.id}' }\n", "'c/' begins neither with '/' nor with http://", "3:17"},
           BadValue{"http = { get = 'https://h', query = { a = { b = 1 } } }\n", R"(it is {"b":1}, wanted is a text, a number)",
                    "3:43"},
           BadValue{"http = { get = 'https://h', headers = { 'a b' = 'c' } }\n", "'a b' cannot name a header", "3:41"},
           BadValue{"http = { get = 'https://h', headers = { a = ['c'] } }\n", R"(it is ["c"], wanted is one line)", "3:45"},
           BadValue{"http = { get = 'https://h', headers = { a = \"b\\nc\" } }\n", R"(it is "b\nc", wanted is one line)", "3:45"},
           BadValue{"http = { post = 'https://h', form = { a = [1] } }\n", "it is [1], wanted is a text", "3:43"},
           BadValue{"http = { post = 'https://h', body = { a = 1 } }\n", R"(it is {"a":1}, wanted is a text)", "3:37"},
           BadValue{"run = 5\n", "it is 5, wanted is a text", "3:7"},
           BadValue{"run = 'f'\ndynamic = 'yes'\n", "it is \"yes\", wanted is true or false", "4:12"},
           BadValue{"exec = []\n", "it is [], wanted is a program", "3:8"},
           BadValue{"exec = ''\n", "it is \"\", wanted is a program", "3:9"},
           BadValue{"exec = [1, 'x']\n", "it is 1, wanted is a program", "3:8"},
           BadValue{"exec = 'p'\nenvironment = 'A=b'\n", "it is \"A=b\", wanted is a table", "4:16"},
           BadValue{"collect = 'x'\n", "it is \"x\", wanted is a table", "3:12"},
           BadValue{"switch = {}\n", "needs at least one branch", "3:10"},
           BadValue{"workflow = true\n", "it is true, wanted is a text", "3:12"},
           BadValue{"group = true\nbefore_all = {}\n[step.a.step.x]\nhalt = 1\n", "it is {}, wanted is a table of steps", "4:14"},
           BadValue{"group = 'yes'\n[step.a.step.x]\nhalt = 1\n", "it is \"yes\", wanted is true or false", "3:10"},
           BadValue{"around = { begin = 'x' }\n[step.a.step.x]\nhalt = 1\n", "it is \"x\", wanted is a table", "3:21"},
           BadValue{"recurse = { until = '1 = 1', at_most = 300 }\n[step.a.step.x]\nhalt = 1\n",
                    "300 is not a whole number from 1 to 255", "3:40"},
           BadValue{"sleep = 5\n", "it is 5, wanted is a duration", "3:9"},
           BadValue{"sleep = '0s'\n", "it is \"0s\", wanted is a duration", "3:10"},
           BadValue{"sleep = '-5s'\n", "it is \"-5s\", wanted is a duration", "3:10"},
           BadValue{"sleep = ['${run.id}']\n", "wanted is a duration", "3:9"},
           BadValue{"until = 5\n", "it is 5, wanted is a time", "3:9"},
           BadValue{"wait = 'w'\nkey = 1.5\n", "it is 1.5, wanted is a text or a whole number", "4:7"},
           BadValue{"wait = 'w'\ntimeout = '1 day'\n", "'1 day' is no duration: that is a whole number above 0, then ms, s, m or h",
                    "4:12"},
           BadValue{"wait = 5\n", "it is 5, wanted is a text", "3:8"},
           BadValue{"signal = 's'\nkeep = '0h'\n", "'0h' is no duration", "4:9"},
           BadValue{"signal = 's'\nrefuse = 1\n", "it is 1, wanted is true or false", "4:10"},
           BadValue{"approve = true\n", "it is true, wanted is a text: the question", "3:11"},
           BadValue{"approve = 'a?'\nrole = 1\n", "it is 1, wanted is a text", "4:8"},
           BadValue{"debug = 'x'\nlevel = 'loud'\n", "there is debug, info, warning, error", "4:10"},
           BadValue{"fail = 5\n", "it is 5, wanted is a text: what is told", "3:8"},
           BadValue{"fail = 'x'\ncode = 7\n", "it is 7, wanted is a text", "4:8"},
       }) {
    expect_refused(bad);
  }
}

TEST(WorkflowValues, OfMapsCanDo) {
  for (const BadValue& bad : {
           BadValue{"over = 5\n", "it is 5, wanted is a list", "3:8"},
           BadValue{"over = { file = 'rows.txt' }\n", "it is \"rows.txt\", wanted is a file of rows: NAME.csv", "3:18"},
           BadValue{"over = { file = 5 }\n", "it is 5, wanted is a file of rows", "3:17"},
           BadValue{"over = { query = 5 }\n", "it is 5, wanted is a text", "3:18"},
           BadValue{"over = { file = 'a.csv', columns = { n = 'list' } }\n", "'list' is no type of a column", "3:43"},
           BadValue{"over = [1]\nwindow = 0\n", "0 is not a whole number from 1 to 100000", "4:10"},
           BadValue{"over = [1]\nbatch = 'x'\n", "it is \"x\", wanted is a whole number from 1", "4:10"},
           BadValue{"over = [1]\nchunks = 3\n", "it is 3, wanted is true or false", "4:10"},
           BadValue{"over = [1]\non_item_error = 'skip'\n", "unknown on_item_error 'skip': there is fail, collect, quarantine:FILE",
                    "4:18"},
           BadValue{"over = [1]\non_item_error = 'collect'\nmax_bad = '200%'\n",
                    "it is \"200%\", wanted is a number of items, or a share", "5:12"},
           BadValue{"over = [1]\non_item_error = 'collect'\nmax_bad = '0%'\n", "it is \"0%\", wanted is a number", "5:12"},
           BadValue{"over = [1]\non_item_error = 'collect'\nmax_bad = '0.00001%'\n", "it is \"0.00001%\", wanted is a number",
                    "5:12"},
           BadValue{"over = [1]\non_item_error = 'collect'\nmax_bad = 0\n", "0 is not a whole number from 1", "5:11"},
           BadValue{"over = [1]\nmax_bad = 3\n", "an item that fails makes the step fail", "4:1"},
           BadValue{"over = [1]\ncheckpoint = 'a b'\n", "'a b' cannot name a checkpoint", "4:15"},
       }) {
    const std::string lines = std::string(bad.lines) + "[step.a.step.x]\nhalt = 1\n";
    expect_refused({lines.c_str(), bad.part, bad.place});
  }
}

TEST(WorkflowValues, OfEveryStepCanDo) {
  for (const BadValue& bad : {
           BadValue{"halt = 1\ndescription = 5\n", "it is 5, wanted is a text", "4:15"},
           BadValue{"run = 'f'\nargs = ['x']\n", R"(it is ["x"], wanted is a table)", "4:8"},
           BadValue{"run = 'f'\ntransform = 1\n", "it is 1, wanted is a text", "4:13"},
           BadValue{"halt = 1\nafter = [5]\n", "it is 5, wanted is a text", "4:10"},
           BadValue{"halt = 1\nwhere = true\n", "it is true, wanted is a text", "4:9"},
           BadValue{"halt = 1\nguards = [5]\n", "'s guard 1 is no table: it is a number", "4:11"},
           BadValue{"halt = 1\nguards = [{ when = 3 }]\n", "it is 3, wanted is a text", "4:20"},
           BadValue{"halt = 1\nguards = [{ when = '1 = 1', else = 'abandon' }]\n", "there is skip, fail, halt", "4:37"},
           BadValue{"run = 'f'\nretry = 3\n", "it is 3, wanted is a table", "4:9"},
           BadValue{"run = 'f'\nretry = { max_attempts = 2.5 }\n", "it is 2.5, wanted is a whole number from 1", "4:26"},
           BadValue{"run = 'f'\nretry = { first = '0ms' }\n", "'0ms' is no duration", "4:20"},
           BadValue{"run = 'f'\nretry = { cap = '1d' }\n", "'1d' is no duration", "4:18"},
           BadValue{"run = 'f'\nretry = { first = '10s', cap = '1s' }\n", "'first' is 10s, and 'cap' 1s", "4:33"},
           BadValue{"run = 'f'\nretry = { first = '90s' }\n", "'first' is 90s, and 'cap' 1m where nothing is said", "4:20"},
           BadValue{"run = 'f'\nretry = { jitter = 1 }\n", "it is 1, wanted is true or false", "4:20"},
           BadValue{"run = 'f'\nretry = { on = [500] }\n", "it is 500, wanted is a text", "4:17"},
           BadValue{"run = 'f'\nretry = { on = ['timeout', '6xx'] }\n", "'6xx' is neither a status from 100 to 599 nor a code",
                    "4:29"},
           BadValue{"run = 'f'\ntimeout = '0s'\n", "'0s' is no duration", "4:12"},
           BadValue{"halt = 1\ndeadline = 5\n", "it is 5, wanted is a text", "4:12"},
           BadValue{"run = 'f'\ncompensate = {}\n", "it is {}, wanted is a list", "4:14"},
           BadValue{"run = 'f'\ncompensate = [{ retry = 'x' }]\n", "it is \"x\", wanted is true or false", "4:26"},
           BadValue{"run = 'f'\ncompensate = [{ do = 'x' }]\n", "it is \"x\", wanted is a table", "4:23"},
           BadValue{"halt = 1\nundo = 7\n", "it is 7, wanted is the name of an action, \"auto\", or a table", "4:8"},
           BadValue{"halt = 1\nundo = ''\n", "it is \"\", wanted is the name of an action", "4:9"},
           BadValue{"halt = 1\nundo = { run = 'u', where = '1 = 1' }\n", "'s undo has 'where', which does nothing there", "4:21"},
           BadValue{"run = 'f'\ncompensate = [{ do = { run = 'u', retry = { max_attempts = 2 } } }]\n",
                    "'s do has 'retry', which does nothing there", "4:35"},
       }) {
    expect_refused(bad);
  }
}

// Attributes of all steps that a kind has no use for.
TEST(WorkflowValues, ThatDoNothingAreRefused) {
  for (const BadValue& bad : {
           BadValue{"sleep = '3s'\ntimeout = '1s'\n", "step 'a' has 'timeout', which does nothing there", "4:1"},
           BadValue{"until = '2020-01-01T00:00:00Z'\nretry = { max_attempts = 2 }\n", "has 'retry'", "4:1"},
           BadValue{"fail = 'no'\ncompensate = [{ ok = true }]\n", "has 'compensate'", "4:1"},
           BadValue{"template = 'x'\ntimeout = '1s'\n", "has 'timeout'", "4:1"},
           BadValue{"collect = {}\ntimeout = '1s'\n", "has 'timeout'", "4:1"},
           BadValue{"halt = 1\nretry = { max_attempts = 2 }\n", "has 'retry'", "4:1"},
           BadValue{"debug = 'x'\ntimeout = '1s'\n", "has 'timeout'", "4:1"},
           BadValue{"wait = 'go'\nretry = { max_attempts = 2 }\n", "has 'retry'", "4:1"},
           BadValue{"approve = 'well?'\nretry = { max_attempts = 2 }\n", "has 'retry'", "4:1"},
           BadValue{"group = true\ntimeout = '1s'\n[step.a.step.x]\nhalt = 1\n", "has 'timeout'", "4:1"},
           BadValue{"recurse = { until = '1 = 1', at_most = 2 }\ntimeout = '1s'\n[step.a.step.x]\nhalt = 1\n", "has 'timeout'",
                    "4:1"},
       }) {
    expect_refused(bad);
  }
}

TEST(WorkflowValues, OfTheWorkflowCanDo) {
  for (const BadValue& bad : {
           BadValue{"description = 5\n", "it is 5, wanted is a text", "2:15"},
           BadValue{"ttl_hops = 256\n", "256 is not a whole number from 1 to 255", "2:12"},
           BadValue{"deadline = '0s'\n", "'0s' is no duration", "2:13"},
           BadValue{"max_concurrency = 'many'\n", "it is \"many\", wanted is a whole number", "2:20"},
           BadValue{"return = 5\n", "it is 5, wanted is a text", "2:10"},
           BadValue{"on = 'Order.placed'\n", "it is \"Order.placed\", wanted is a table", "2:7"},
           BadValue{"on = { every = '0s' }\n", "'0s' is no duration", "2:17"},
           BadValue{"on = { every = '-5s' }\n", "'-5s' is no duration", "2:17"},
           BadValue{"on = { every = 60 }\n", "it is 60, wanted is a text", "2:16"},
           BadValue{"on = { every = '1500ms' }\n", "'every' is 1500ms; once a second is the most", "2:17"},
           BadValue{"on = { every = '1s', schedule = '* * * * *' }\n", "one of them says when", "2:8"},
           BadValue{"on = { schedule = '61 * * * *' }\n", "'61' is no minute: it is from 0 to 59", "2:20"},
           BadValue{"on = { schedule = '* * * *' }\n", "it has 4 fields, and there are five", "2:20"},
           BadValue{"on = { schedule = '0 0 31 2 *' }\n", "is never", "2:20"},
           BadValue{"on = { event = 'O.made' }\n[input]\nn = 'int'\n", "the hook gives no input 'n'", "2:6"},
           BadValue{"on = { event = 'O.made', input = { n = 'x' } }\n[input]\nn = 'int'\n", "it is \"x\", wanted is int", "2:41"},
           BadValue{"[input]\nn = 5\n", "is no table: it is a number", "3:5"},
           BadValue{"[input]\nn = { type = 'int', default = 1.5 }\n", "it is 1.5, and its type is int", "3:31"},
           BadValue{"[input]\nn = { secret = true, default = 'hush' }\n", "is secret and has a default", "3:33"},
           BadValue{"[client.c]\nbase_url = 'https://h'\nheaders = { a = [1] }\n", "it is [1], wanted is one line", "4:17"},
           BadValue{"[client.c]\nbase_url = 'https://h'\nauth = 'hush'\n", "auth is no table: it is a text", "4:9"},
           BadValue{"[client.c]\nbase_url = 'https://h'\nauth = { token = 5 }\n", "it is a number, wanted is a text", "4:18"},
       }) {
    const std::string lines = std::string(bad.lines) + "[step.a]\nhalt = 1\n";
    expect_refused({lines.c_str(), bad.part, bad.place}, "workflow = 'w'\n");
  }
}

TEST(WorkflowValues, ThatAreWrongGiveOneFindingEach) {
  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  EXPECT_EQ(lines(findings_in("workflow = 'w'\non = { every = '0s' }\n[step.a]\nhalt = 1\n")), 1);
  EXPECT_EQ(lines(findings_in("workflow = 'w'\non = { schedule = '' }\n[step.a]\nhalt = 1\n")), 1);
  EXPECT_EQ(lines(findings_in("workflow = 'w'\n[step.a]\nundo = 7\nhalt = 1\n")), 1);
}

TEST(WorkflowValues, OfSecretsAreNotTold) {
  const std::string found = findings_in(
      "workflow = 'w'\n[input]\nt = { type = 'string', secret = true, default = 'hush' }\n[client.c]\nbase_url = "
      "'https://me:hush@h'\n"
      "auth = { token = 'hush', oauth2 = 'hush', file = ['hush'] }\n[step.a]\nhalt = 1\n");
  EXPECT_NE(found, "");
  EXPECT_EQ(found.find("hush"), std::string::npos) << found;
}

TEST(WorkflowReferences, ThatAreMisspeltAreHeldAgainstAllThatCanBeReferredTo) {
  const std::string head = "workflow = 'w'\non = { event = 'O.made' }\n[step.m]\nover = [1]\n[step.m.step.x]\n";
  EXPECT_NE(findings_in(head + "template = '${itm.x}'\n").find("6:13 there is no step 'itm': did you mean 'item'?"),
            std::string::npos);
  EXPECT_NE(findings_in(head + "template = '${evnt.key}'\n").find("did you mean 'event'?"), std::string::npos);
  EXPECT_NE(findings_in(head + "halt = 1\ncompensate = [{ error = '${eror.code}' }]\n").find("did you mean 'error'?"),
            std::string::npos);
  EXPECT_NE(findings_in(head + "halt = 1\nafter = ['itm']\n").find("there is no step 'itm': did you mean 'm'?"), std::string::npos);
}

TEST(WorkflowInputs, OfAnotherTypeAreToldWithTheirValue) {
  const auto definition =
      parse_workflow("workflow='w'\n[input]\nn='int'\nb='bool'\nl='list'\nt={type='string',secret=true}\n[step.a]\nhalt=1\n",
                     "w.toml")
          .definition;
  ASSERT_NE(definition, nullptr);
  const auto wrong = definition->take_inputs({{"n", 1.5}, {"b", "yes"}, {"l", Object{{"a", 1}}}, {"t", 77}});
  EXPECT_EQ(
      wrong.status().text().why,
      "'n' is 1.5, wanted is int; 'b' is \"yes\", wanted is bool; 'l' is {\"a\":1}, wanted is list; 't' is of another type, wanted "
      "is string");
}

}  // namespace
}  // namespace forge
