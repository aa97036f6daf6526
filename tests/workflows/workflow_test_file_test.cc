// Files of tests, read and run with the public headers alone.

#include "forge/workflow_test_file.h"

#include <gtest/gtest.h>

#include <map>

namespace forge::testing {
namespace {

constexpr const char* kSeats = R"(include "forge.fbs";
namespace seats;
table Seat (resource) { id: string (key); who: string; }
table OpenSeat (action: "Seat.open", creates, event: "Seat.opened") {}
table TakeSeat (action: "Seat.take", updates, event: "Seat.taken", require: "free: who is null") { who: string; }
)";

constexpr const char* kCall = R"(
workflow = "call"
[client.pay]
base_url = "https://pay.example"
[step.charge]
http  = { client = "pay", post = "/charges", json = { cents = 5 } }
retry = { max_attempts = 4, first = "1s" }
[step.print]
exec  = ["printer", "now"]
after = ["charge"]
[step.tell]
run   = "tell"
args  = { id = "${charge.id}" }
after = ["print"]
)";

// Two take one seat.
constexpr const char* kRace = R"(
workflow = "race"
[step.ada]
run = "think"
[step.ada-takes]
action = "Seat.take"
args   = { id = "s-1", who = "ada" }
after  = ["ada"]
compensate = [{ continue = "none" }]
[step.eve]
run = "think"
[step.eve-takes]
action = "Seat.take"
args   = { id = "s-1", who = "eve" }
after  = ["eve"]
compensate = [{ continue = "none" }]
)";

// Started by a signal.
constexpr const char* kPaid = R"(
workflow = "paid"
on = { signal = "paid", where = "${signal.value.cents} > 0", input = { seat = "${signal.key}" } }
[input]
seat = "string"
[step.take]
action = "Seat.take"
args   = { id = "${input.seat}", who = "ada" }
)";

WorkflowTestFile::Outcome parse(const std::string& toml) {
  WorkflowTestSources sources;
  sources.workflow = [](const std::string& file) -> Result<std::string> {
    const std::map<std::string, std::string> kFiles{{"call.toml", kCall}, {"race.toml", kRace}, {"paid.toml", kPaid}};
    if (const auto found = kFiles.find(file); found != kFiles.end()) return found->second;
    return Status(ErrorId::kInputUnreadable, "there is no " + file);
  };
  sources.schema = [](const std::string& file) -> Result<std::vector<SourceFile>> {
    return std::vector<SourceFile>{{file, kSeats}};
  };
  sources.schema_template = [](const std::string& name) -> Result<std::vector<SourceFile>> {
    return Status(ErrorId::kWorkflowAttribute, "there is no template '" + name + "'");
  };
  return WorkflowTestFile::parse("schema = 'seats.fbs'\n" + toml, "t.toml", sources);
}

// What does not hold of the test `t`, a line each.
std::string run(const std::string& toml) {
  const auto outcome = parse(toml);
  for (const Status& error : outcome.errors) ADD_FAILURE() << error.text().place << " " << error.message();
  if (outcome.file == nullptr) return "";
  std::string text;
  for (const UnmetExpectation& unmet : outcome.file->run("t").failures) {
    text += unmet.place + " " + unmet.about + ": " + unmet.expected + "; " + unmet.got + "\n";
  }
  return text;
}

TEST(WorkflowTestFile, NamesTheStepsThatWouldCallSomethingOutside) {
  const std::string ends = "expect = { end = 'failed', error = 'no_stub' }\n";
  EXPECT_EQ(run("workflow = 'call.toml'\n[test.t]\n" + ends), "t.toml:3:7 step charge: a stub, for it calls HTTP; none\n");
  EXPECT_EQ(run("workflow = 'call.toml'\n[test.t]\nstub.charge = { result = { id = 1 } }\n" + ends),
            "t.toml:3:7 step print: a stub, for it calls a program; none\n");
  EXPECT_EQ(run("workflow = 'call.toml'\nstub = { print = { result = 1 }, charge = { result = { id = 1 } } }\n[test.t]\n" + ends),
            "t.toml:4:7 step tell: a stub, for it calls a function; none\n");
}

TEST(WorkflowTestFile, StubsFollowAttemptsAndArguments) {
  const std::string head = "workflow = 'call.toml'\n[stub]\nprint = { result = 1 }\ntell = { result = 'told' }\n[test.t]\n";
  const std::string told = "[test.t.expect]\nend = 'completed'\nresult = 'told'\n";
  EXPECT_EQ(run(head + "stub.charge = [{ retry = 'a' }, { retry = 'b' }, { result = { id = 3 } }]\n" + told +
                "calls = { charge = 3, tell = [{ id = 3 }], print = [{ arguments = ['now'] }] }\n"),
            "");
  EXPECT_EQ(run(head + "stub.charge = [{ attempt = 2, result = { id = 2 } }, { retry = 'a' }]\n" + told +
                "calls = { charge = 2, tell = [{ id = 2 }] }\n"),
            "");
  EXPECT_EQ(run(head + "stub.charge = [{ given = { path = '/other' }, error = 'x' }, { result = { id = 4 } }]\n" + told +
                "calls = { charge = [{ body = { cents = 5 } }], tell = [{ id = 4 }] }\n"),
            "");
  EXPECT_EQ(run(head + "stub.charge = { retry = 'busy', message = 'later' }\n[test.t.expect]\nend = 'failed'\n" +
                "error = 'later'\ncalls = { charge = 4, tell = 0 }\n"),
            "");
}

TEST(WorkflowTestFile, FindsARaceByACrash) {
  const auto told = [](int seed, const std::string& crash) {
    return run(
        "workflow = 'race.toml'\nseed = " + std::to_string(seed) + "\ncrash = '" + crash +
        "'\ngiven = [{ action = 'Seat.open', args = { id = 's-1' } }]\nstub = { ada = { result = 1 }, eve = { result = 1 } }\n"
        "[test.t]\nexpect = { end = 'completed', undone = [] }\n");
  };
  int found = 0;
  for (int seed = 1; seed <= 12; ++seed) {
    EXPECT_EQ(told(seed, "never"), "");
    found += told(seed, "every write").find("t.toml:4:10 the end with a crash behind write ") == 0 ? 1 : 0;
  }
  EXPECT_GT(found, 0);
  EXPECT_EQ(told(0, "every write"), "");
}

TEST(WorkflowTestFile, StartsTheRunByASignal) {
  const std::string head =
      "workflow = 'paid.toml'\ncrash = 'every write'\ngiven = [{ action = 'Seat.open', args = { id = 's-1' } }]\n[test.t]\n";
  const std::string taken =
      "[test.t.expect]\nend = 'completed'\nevents = ['Seat.taken']\nrecords = { Seat.s-1 = { who = 'ada' } }\n";
  EXPECT_EQ(run(head + "on = { signal = 'paid', key = 's-1', value = { cents = 5 } }\n" + taken), "");
  // One that the hook's condition does not hold for starts nothing.
  EXPECT_NE(
      run(head + "on = { signal = 'paid', key = 's-1', value = { cents = 0 } }\n" + taken).find("no signal 'paid' is one that"),
      std::string::npos);
}

TEST(WorkflowTestFile, RefusesAStimulusThatStartsNothing) {
  const auto refused = [](const std::string& workflow, const std::string& on) {
    std::string text;
    const std::string toml = "workflow = '" + workflow + ".toml'\n[test.t]\non = " + on + "\nexpect = { end = 'completed' }\n";
    for (const Status& error : parse(toml).errors)
      text += error.text().place + " " + error.text().what + ": " + error.text().why + "\n";
    return text;
  };
  EXPECT_EQ(refused("paid", "{ signal = 'payd' }"),
            "t.toml:4:18 no signal 'payd' starts workflow 'paid': its hook is for 'paid'\n");
  EXPECT_EQ(refused("call", "{ signal = 'paid' }"),
            "t.toml:4:18 no signal 'paid' starts workflow 'call': it has no hook for a signal: on = { signal = ... }\n");
  EXPECT_EQ(refused("paid", "{ signal = 'paid', action = 'Seat.open' }"),
            "t.toml:4:6 test t's on says two things: wanted is one of action, signal\n");
  EXPECT_EQ(refused("paid", "{ signal = 'paid', kee = 's-1' }"),
            "t.toml:4:25 test t's on has an unknown attribute 'kee': did you mean 'key'?\n");
  EXPECT_EQ(refused("paid", "{ signal = 'paid', key = 5 }"),
            "t.toml:4:31 test t's on has a malformed 'key': it is 5, wanted is a text\n");
}

TEST(WorkflowTestFile, TellsAllThatIsWrongInOrder) {
  const auto outcome = parse("workflow = 'cal.toml'\ncrash = 'often'\n[test.t]\nsead = 1\nexpect = { end = 'complete' }\n");
  std::string text;
  for (const Status& error : outcome.errors) text += error.text().place + " " + error.text().what + "\n";
  EXPECT_EQ(text,
            "t.toml:2:13 there is no cal.toml\n"
            "t.toml:3:10 the file has an unknown crash 'often'\n"
            "t.toml:5:1 test t has an unknown attribute 'sead'\n"
            "t.toml:6:19 what is expected of test t has an unknown end 'complete'\n");
  EXPECT_EQ(outcome.file, nullptr);
}

TEST(WorkflowTestFile, DoesNotBeginWhereWhatWasGivenIsRefused) {
  EXPECT_NE(run("workflow = 'call.toml'\ngiven = [{ action = 'Seat.take', args = { id = 's-9' } }]\n[test.t]\n"
                "expect = { end = 'completed' }\n")
                .find("t.toml:4:7 the beginning: it is accepted; E3004"),
            std::string::npos);
}

}  // namespace
}  // namespace forge::testing
