// The contract of the command line, held against every command of the table.

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <set>

#include "command.h"
#include "forge/events/json.h"
#include "forge/store/store.h"
#include "harness.h"

namespace forge::cli {
namespace {

constexpr std::array<const char*, 6> kFormats = {"table", "json", "ndjson", "csv", "tsv", "name"};

// How each command is called so that it succeeds in the store that Shop makes.
struct Call {
  std::string line;
  bool is_list = false;
  int exit = 0;
  std::string empty;  // a call whose list is empty; not every list can be
};

// How each command is called so that it is refused there: by a value, a name or a key that is wrong. Commands that take nothing
// which could be wrong are refused a store instead.
struct Refusal {
  std::string line;
  int exit = 0;
  std::string error;
};

const std::map<std::string, Refusal>& refusals() {
  static const std::map<std::string, Refusal> kRefusals = {
      {"init", {"init .", 4, "E1003"}},
      {"do", {"do Order.resize id=o-1 qty=-1", 4, "E2107"}},
      {"undo", {"undo 99", 3, "E3007"}},
      {"get", {"get Order o-99", 3, "E3004"}},
      {"list", {"list Ordr", 4, "E2010"}},
      {"query", {"query Order.off", 4, "E2011"}},
      {"history", {"history Order o-99", 3, "E3004"}},
      {"log", {"log --since 3 --until 2", 2, "E4004"}},
      {"tail", {"tail --once --from 99", 4, "E5024"}},
      {"show", {"show 99", 3, "E3007"}},
      {"diff", {"diff Order o-1 2..1", 2, "E4004"}},
      {"blame", {"blame Order o-99", 3, "E3004"}},
      {"trace", {"trace nothing", 3, "E8014"}},
      {"explain", {"explain Order.plac", 4, "E2011"}},
      {"schema check", {"schema check missing.fbs", 2, "E9005"}},
      {"schema add", {"schema add missing.fbs", 2, "E9005"}},
      {"schema list", {"schema list --store nowhere", 3, "E1001"}},
      {"schema show", {"schema show Ordr", 4, "E2010"}},
      {"schema diff", {"schema diff 7..8", 3, "E3004"}},
      {"schema graph", {"schema graph --schema-version 7", 3, "E3004"}},
      {"schema gen", {"schema gen jsonschma", 2, "E9001"}},
      {"workflow check", {"workflow check missing.toml", 2, "E9005"}},
      {"workflow test", {"workflow test missing.toml", 2, "E9005"}},
      {"workflow add", {"workflow add missing.toml", 2, "E9005"}},
      {"workflow list", {"workflow list --store nowhere", 3, "E1001"}},
      {"workflow show", {"workflow show nothing", 3, "E8013"}},
      {"workflow graph", {"workflow graph nothing", 3, "E8013"}},
      {"workflow run", {"workflow run nothing", 3, "E8013"}},
      {"workflow work", {"workflow work --store nowhere", 3, "E1001"}},
      {"workflow runs", {"workflow runs --store nowhere", 3, "E1001"}},
      {"workflow trace", {"workflow trace nothing", 3, "E8014"}},
      {"workflow replay", {"workflow replay nothing", 3, "E8014"}},
      {"workflow debug", {"workflow debug nothing --at ask", 3, "E8014"}},
      {"workflow signal", {"workflow signal paid --value rubbish", 4, "E2110"}},
      {"workflow approve", {"workflow approve asked text", 4, "E8019"}},
      {"workflow cancel", {"workflow cancel nothing", 3, "E8014"}},
      {"workflow terminate", {"workflow terminate nothing", 3, "E8014"}},
      {"workflow pause", {"workflow pause nothing", 3, "E8014"}},
      {"workflow resume", {"workflow resume done", 4, "E8015"}},
      {"workflow retry", {"workflow retry done nothing", 4, "E8019"}},
      {"workflow waive", {"workflow waive done nothing", 4, "E8019"}},
      {"workflow fork", {"workflow fork done --from nothing", 4, "E8005"}},
      {"bookmark add", {"bookmark add start", 4, "E3005"}},
      {"bookmark list", {"bookmark list --store nowhere", 3, "E1001"}},
      {"bookmark remove", {"bookmark remove strat", 3, "E3008"}},
      {"subscription list", {"subscription list --store nowhere", 3, "E1001"}},
      {"subscription show", {"subscription show nobody", 3, "E5020"}},
      {"subscription parked", {"subscription parked nobody", 3, "E5020"}},
      {"subscription retry", {"subscription retry mailer 99", 3, "E5027"}},
      {"subscription skip", {"subscription skip mailer 99", 3, "E5027"}},
      {"import", {"import bad.csv --action Order.place", 4, "E2121"}},
      {"export", {"export Ordr", 4, "E2010"}},
      {"backup", {"backup .", 4, "E1003"}},
      {"restore", {"restore elsewhere --to other", 3, "E1011"}},
      {"rebuild", {"rebuild --to .", 4, "E1003"}},
      {"fork", {"fork .", 4, "E1003"}},
      {"repair", {"repair --to .", 4, "E1003"}},
      {"projection list", {"projection list --store nowhere", 3, "E1001"}},
      {"projection show", {"projection show nobody", 3, "E5001"}},
      {"projection rebuild", {"projection rebuild nobody", 3, "E5001"}},
      {"projection pause", {"projection pause nobody", 3, "E5001"}},
      {"projection resume", {"projection resume audit", 4, "E5006"}},
      {"projection retry", {"projection retry audit", 4, "E5006"}},
      {"projection skip", {"projection skip audit", 4, "E5006"}},
      {"projection drop", {"projection drop audit", 2, "E9004"}},
      {"verify", {"verify --head rubbish", 2, "E9001"}},
      {"stats", {"stats --store nowhere", 3, "E1001"}},
      {"doctor", {"doctor --store nowhere", 3, "E1001"}},
      {"shell", {"shell -c 'do Order.resize id=o-1 qty=-1'", 4, "E2107"}},
      {"config show", {"config show outptu", 2, "E9001"}},
      {"config list", {"config list --profile nobody", 3, "E9008"}},
      {"config set", {"config set outptu json", 2, "E9001"}},
      {"config unset", {"config unset outptu", 2, "E9001"}},
      {"completion", {"completion tcsh", 2, "E9001"}},
      {"version", {"version surplus", 2, "E9001"}},
      {"help", {"help nothing", 2, "E9002"}},
  };
  return kRefusals;
}

const std::map<std::string, Call>& calls() {
  static const std::map<std::string, Call> kCalls = {
      {"init", {"init other"}},
      {"do", {"do Order.place id=o-9 sku=tea"}},
      {"undo", {"undo 3", true}},
      {"get", {"get Order o-1"}},
      {"list", {"list Order", true, 0, "list Order --where 'qty > 1000'"}},
      {"query", {"query Order.of", true, 0, "query Order.of sku=nothing"}},
      {"history", {"history Order o-1", true}},
      {"log", {"log", true, 0, "log --type Order.dropped"}},
      {"tail", {"tail -n 2", true, 0, "tail --once --from 1 --type Order.dropped"}},
      {"show", {"show 2"}},
      {"diff", {"diff Order o-1 1..2", true, 1, "diff Order o-1 1..1"}},
      {"blame", {"blame Order o-1", true}},
      {"trace", {"trace failed"}},
      {"explain", {"explain Order.place"}},
      {"schema check", {"schema check shop.fbs", true}},
      {"schema add", {"schema add shop.fbs"}},
      {"schema list", {"schema list", true}},
      {"schema show", {"schema show", true}},
      {"schema diff", {"schema diff", true, 1, "schema diff 1..1"}},
      {"schema graph", {"schema graph"}},
      {"schema gen", {"schema gen jsonschema"}},
      {"workflow check", {"workflow check ship.toml", true}},
      {"workflow test", {"workflow test echo.test.toml", true}},
      {"workflow add", {"workflow add ship.toml"}},
      {"workflow list", {"workflow list", true}},
      {"workflow show", {"workflow show asks"}},
      {"workflow graph", {"workflow graph asks"}},
      {"workflow run", {"workflow run echo text=\"a\033[31mb\""}},
      {"workflow work", {"workflow work --until-idle"}},
      {"workflow runs", {"workflow runs", true, 0, "workflow runs --status expired"}},
      {"workflow trace", {"workflow trace done"}},
      {"workflow replay", {"workflow replay failed"}},
      {"workflow debug", {"workflow debug done --at text"}},
      {"workflow signal", {"workflow signal paid --key o-1"}},
      {"workflow approve", {"workflow approve asked ask --actor ada"}},
      {"workflow cancel", {"workflow cancel asked"}},
      {"workflow terminate", {"workflow terminate asked"}},
      {"workflow pause", {"workflow pause asked"}},
      {"workflow resume", {"workflow resume halted"}},
      {"workflow retry", {"workflow retry failed no"}},
      {"workflow waive", {"workflow waive stuck text"}},
      {"workflow fork", {"workflow fork done --from text"}},
      {"bookmark add", {"bookmark add later"}},
      {"bookmark list", {"bookmark list", true}},
      {"bookmark remove", {"bookmark remove start"}},
      {"subscription list", {"subscription list", true}},
      {"subscription show", {"subscription show mailer"}},
      {"subscription parked", {"subscription parked mailer", true}},
      {"subscription retry", {"subscription retry mailer 2"}},
      {"subscription skip", {"subscription skip mailer 2"}},
      {"import", {"import rows.csv --action Order.place"}},
      {"export", {"export events", true, 0, "export events --from 99"}},
      {"backup", {"backup other"}},
      {"restore", {"restore saved --to other"}},
      {"rebuild", {"rebuild --to other"}},
      {"fork", {"fork other"}},
      {"repair", {"repair --to other"}},
      {"projection list", {"projection list", true}},
      {"projection show", {"projection show stalled"}},
      {"projection rebuild", {"projection rebuild audit"}},
      {"projection pause", {"projection pause audit"}},
      {"projection resume", {"projection resume resting"}},
      {"projection retry", {"projection retry stalled"}},
      {"projection skip", {"projection skip stalled"}},
      {"projection drop", {"projection drop audit --yes"}},
      {"verify", {"verify"}},
      {"stats", {"stats"}},
      {"doctor", {"doctor", true}},
      {"shell", {"shell -c 'do Order.place id=o-9 sku=tea'"}},
      {"config show", {"config show", true}},
      {"config list", {"config list", true}},
      {"config set", {"config set actor ada"}},
      {"config unset", {"config unset actor --profile spare"}},
      {"completion", {"completion bash"}},
      {"version", {"version"}},
      {"help", {"help"}},
  };
  return kCalls;
}

// Commands that answer without a store.
const std::set<std::string> kWithoutStore = {"init",          "restore",     "schema check", "workflow check",
                                             "workflow test", "config show", "config list",  "config set",
                                             "config unset",  "completion",  "version",      "help"};

// Commands that write elsewhere: the store they are pointed at is only read.
const std::set<std::string> kWritesElsewhere = {"init", "backup", "restore",    "rebuild",
                                                "fork", "repair", "config set", "config unset"};

// A store with something of everything, made once and copied for each case.
class Shop : public Bench {
 public:
  Shop() {
    static const std::unique_ptr<Bench> kOriginal = make();
    std::filesystem::current_path(directory());
    copy_files_of(*kOriginal);
    environment["HOME"] = (directory() / "home").string();
  }

 private:
  static std::unique_ptr<Bench> make() {
    auto bench = std::make_unique<Bench>();
    bench->write("shop.fbs", kShop);
    for (const char* command :
         {"init", "schema add shop.fbs", "do Order.place id=o-1 sku=tea qty=2 --actor web", "do Order.resize id=o-1 qty=5",
          "do Order.place id=o-2 sku=\"a\033[31mb\"", "bookmark add start", "backup saved", "projection rebuild audit"}) {
      bench->expect(command);
    }
    EXPECT_EQ(bench->line("tail --group mailer --from 2 --once --attempts 1 --exec false").exit, 1);
    add_projections(bench->clock);
    bench->expect("projection pause resting");
    bench->write("query.fbs",
                 "include \"shop.fbs\";\nnamespace shop;\n"
                 "table Of (action: \"Order.of\", reads, where: \":sku is null or sku = :sku\") { sku: string; }\n");
    bench->expect("schema add query.fbs");
    bench->write("ship.toml", "workflow = \"ship\"\n[step.ship]\naction = \"Order.pay\"\nargs = { id = \"o-1\" }\n");
    bench->write("echo.toml", "workflow = \"echo\"\n[input]\ntext = \"string\"\n[step.text]\ntemplate = \"${input.text}\"\n");
    bench->write("echo.test.toml",
                 "schema = \"shop.fbs\"\nworkflow = \"echo.toml\"\n[test.echo]\ninput = { text = \"a\\u001B[31mb\" }\n"
                 "[test.echo.expect]\nend = \"completed\"\n");
    bench->write("asks.toml", "workflow = \"asks\"\n[step.ask]\napprove = \"a\\u001B[31mb?\"\n[step.text]\ntemplate = \"ok\"\n");
    bench->write("halts.toml", "workflow = \"halts\"\n[step.a]\nhalt = \"look\"\n[step.b]\ntemplate = \"on\"\nafter = [\"a\"]\n");
    bench->write("fails.toml", "workflow = \"fails\"\n[step.no]\nfail = \"a\\u001B[31mb\"\n");
    bench->write(
        "stuck.toml",
        "workflow = \"stuck\"\n[step.text]\ntemplate = \"a\"\n"
        "undo = { action = \"Order.pay\", args = { id = \"${text.none}\" } }\n[step.no]\nfail = \"no\"\nafter = [\"text\"]\n");
    for (const char* command : {"workflow run echo.toml --id done text=\"a\033[31mb\"",
                                "workflow run asks.toml --id asked --detach", "workflow run fails.toml --id failed --detach",
                                "workflow run halts.toml --id halted --detach", "workflow run stuck.toml --id stuck --detach"}) {
      bench->expect(command);
    }
    EXPECT_EQ(bench->line("workflow work --until-idle").exit, 8) << "one could not be undone";
    bench->write("rows.csv", "id,sku\no-8,\"a\033[31mb\"\n");
    bench->write("bad.csv", "id,skuu\no-8,tea\n");
    std::filesystem::create_directories(bench->directory() / "home/.config/forge");
    bench->write("home/.config/forge/config.toml", "[profile.spare]\nactor = \"a\\u001B[31mb\"\n");
    return bench;
  }
  // Two whose code is not in forgectl; one of them failed.
  static void add_projections(Clock& clock) {
    const auto follows = [](const Event&, FoldRows&) { return Status(); };
    const auto fails = [](const Event&, FoldRows&) { return Status(ErrorId::kArgumentRange, "a\033[31mb"); };
    OpenOptions options;
    options.clock = &clock;
    options.projections = {{.name = "resting", .fold = EventFold(follows)}, {.name = "stalled", .fold = EventFold(fails)}};
    const Store store = Store::open(".forge", std::move(options)).value();
    EXPECT_EQ(store.projections().await("stalled", 1, std::chrono::minutes(1)).id(), ErrorId::kProjectionStopped);
  }
};

void expect_json(const std::string& text, const std::string& line) {
  const Result<Value> value = parse_json(text, line, {.bytes = 64 << 20});
  EXPECT_TRUE(value.ok()) << line << ": " << value.status().message() << "\n" << text;
}

void expect_problem(const Answer& answer, const std::string& line) {
  EXPECT_EQ(answer.out, "") << line;
  const Result<Value> value = parse_json(answer.err, line);
  ASSERT_TRUE(value.ok()) << line << ": " << answer.err;
  const Object* problem = value->if_object();
  ASSERT_NE(problem, nullptr) << line;
  for (const char* member : {"type", "title", "status", "code", "error", "detail", "remedy", "exit"}) {
    EXPECT_NE(problem->find(member), nullptr) << line << " lacks " << member;
  }
  ASSERT_NE(problem->find("exit"), nullptr);
  EXPECT_EQ(problem->find("exit")->as_int(), answer.exit) << line;
}

class EveryCommand : public testing::TestWithParam<const Command*> {
 protected:
  const Command& command() const { return *GetParam(); }
  const Call& call() const { return calls().at(command().name); }
  const Refusal& refusal() const { return refusals().at(command().name); }
};

// Every file below the current directory with its bytes, but for what a reader of the store may make: nothing.
std::map<std::string, std::string> files_here() {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(".")) {
    std::string& bytes = out[entry.path().string()];
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  return out;
}

TEST_P(EveryCommand, PrintsOneJsonDocument) {
  Shop shop;
  const std::string line = call().line + " -o json";
  const Answer answer = shop.line(line);
  EXPECT_TRUE(answer.exit == call().exit || command().name == "doctor") << answer.err;
  expect_json(answer.out, line);
  EXPECT_EQ(call().is_list, answer.out.starts_with("[")) << answer.out;
}

TEST_P(EveryCommand, PrintsOneObjectALine) {
  Shop shop;
  const Answer answer = shop.line(call().line + " -o ndjson");
  std::size_t begin = 0;
  EXPECT_FALSE(answer.out.empty());
  while (begin < answer.out.size()) {
    const std::size_t end = answer.out.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    expect_json(answer.out.substr(begin, end - begin), call().line);
    EXPECT_EQ(answer.out[begin], '{');
    begin = end + 1;
  }
}

TEST_P(EveryCommand, PrintsSomethingInEveryFormat) {
  for (const char* format : {"table", "csv", "tsv", "name"}) {
    Shop shop;
    const Answer answer = shop.line(call().line + " -o " + format);
    EXPECT_TRUE(answer.exit == call().exit || command().name == "doctor") << format << ": " << answer.err;
    EXPECT_FALSE(answer.out.empty()) << format;
    EXPECT_EQ(answer.out.back(), '\n') << format;
  }
}

TEST_P(EveryCommand, PrintsNoEscapesAndCutsNothingWhenItIsPiped) {
  Shop shop;
  const Answer answer = shop.line(call().line);
  EXPECT_EQ(answer.out.find('\033'), std::string::npos) << answer.out;
  EXPECT_EQ(answer.err.find('\033'), std::string::npos) << answer.err;
  EXPECT_EQ(answer.err.find("cut to the screen"), std::string::npos) << answer.err;
}

TEST_P(EveryCommand, LetsNoDataSteerATerminal) {
  for (const char* format : kFormats) {
    Shop shop;
    shop.out_is_terminal = true;
    shop.columns = 200;
    const Answer answer = shop.line(call().line + " --color never -o " + format);
    EXPECT_EQ(answer.out.find('\033'), std::string::npos) << format << ": " << answer.out;
  }
}

TEST_P(EveryCommand, PrintsEmptyListsAsValidDocuments) {
  if (call().empty.empty()) return;
  Shop shop;
  EXPECT_EQ(shop.line(call().empty + " -o json").out, "[]\n");
  EXPECT_EQ(shop.line(call().empty + " -o ndjson").out, "");
  EXPECT_EQ(shop.line(call().empty + " -o name").out, "");
  for (const char* format : {"csv", "tsv"}) {
    const std::string header = shop.line(call().empty + " -o " + format).out;
    EXPECT_EQ(std::count(header.begin(), header.end(), '\n'), 1) << format << ": " << header;
    const std::string rows = shop.line(call().line + " -o " + format).out;
    EXPECT_EQ(rows.substr(0, header.size()), header) << format;
  }
}

// Lists of a store in which nothing has happened yet.
TEST_P(EveryCommand, PrintsAnEmptyStoreAsValidDocuments) {
  if (!call().is_list || kWithoutStore.contains(command().name)) return;
  Bench bench({"init empty"});
  const Answer answer = bench.line(call().line + " -o json --store empty");
  if (answer.exit == 0 || command().name == "doctor") return expect_json(answer.out, call().line);
  EXPECT_TRUE(answer.exit == 3 || answer.exit == 4) << answer.err;
  expect_problem(answer, call().line);
}

TEST_P(EveryCommand, RefusesWithOneProblemAndOneStatusInEveryFormat) {
  for (const char* format : kFormats) {
    Shop shop;
    const std::string line = refusal().line + " -o " + format;
    const Answer answer = shop.line(line);
    EXPECT_EQ(answer.exit, refusal().exit) << line << ": " << answer.err;
    EXPECT_EQ(answer.err.find('\033'), std::string::npos) << line;
    EXPECT_NE(answer.err.find(refusal().error), std::string::npos) << line << ": " << answer.err;
    const bool is_json = std::string(format) == "json";
    if (is_json) expect_problem(answer, line);
    if (is_json || std::string(format) == "table") {
      EXPECT_EQ(answer.out, "") << line;
    }
    const std::size_t again = answer.err.find("error[", answer.err.find("error[") + 1);
    EXPECT_EQ(again, std::string::npos) << line << " says it twice: " << answer.err;
  }
}

// What a tired reader needs: a sentence, and what to do; of a command that writes also what became of the store. Never a foreign
// status or a name of C++.
TEST_P(EveryCommand, TellsInARefusalWhatToDo) {
  Shop shop;
  const Answer answer = shop.line(refusal().line + " -o json");
  const Value problem = parse_json(answer.err, refusal().line).value();
  const Object& parts = *problem.if_object();
  EXPECT_NE(parts.find("remedy"), nullptr) << answer.err;
  const bool is_before_the_store = parts.find("error")->as_text() == "E1001";
  if (command().writes && !is_before_the_store) {
    EXPECT_NE(parts.find("state"), nullptr) << answer.err;
  }
  for (const char* foreign : {"Corruption:", "IO error:", "NotFound:", "Invalid argument:", "std::", "rocksdb", "errno"}) {
    EXPECT_EQ(answer.err.find(foreign), std::string::npos) << answer.err;
  }
}

TEST_P(EveryCommand, ChangesNoFileWhenItIsRefused) {
  Shop shop;
  const std::string before = shop.line("log -o json --limit 0").out;
  EXPECT_EQ(shop.line(refusal().line).exit, refusal().exit);
  EXPECT_EQ(shop.line("log -o json --limit 0").out, before);
  EXPECT_FALSE(std::filesystem::exists("nowhere"));
  EXPECT_EQ(shop.line("verify").exit, 0);
}

TEST_P(EveryCommand, ChangesNoFileWhereItOnlyReads) {
  if (command().writes) return;
  Shop shop;
  const auto before = files_here();
  EXPECT_TRUE(shop.line(call().line).exit == call().exit || command().name == "doctor");
  EXPECT_TRUE(files_here() == before);
}

TEST_P(EveryCommand, RefusesAFormatThatIsNone) {
  Shop shop;
  const Answer answer = shop.line(call().line + " -o yaml");
  EXPECT_EQ(answer.exit, 2);
  EXPECT_EQ(answer.out, "");
  EXPECT_NE(answer.err.find("table, json, ndjson, csv, tsv, name"), std::string::npos) << answer.err;
}

// But for what is there for it.
TEST_P(EveryCommand, RefusesAStoreThatIsDamaged) {
  if (kWithoutStore.contains(command().name) || command().name == "doctor" || command().name == "repair") return;
  Shop shop;
  std::filesystem::remove(".forge/data/CURRENT");
  const auto before = files_here();
  const Answer answer = shop.line(call().line + " -o json");
  EXPECT_EQ(answer.exit, 6);
  EXPECT_TRUE(files_here() == before);
  expect_problem(answer, call().line);
}

TEST_P(EveryCommand, PrintsOneProblemWhereThereIsNoStore) {
  if (kWithoutStore.contains(command().name)) return;
  Shop shop;
  const Answer answer = shop.line(call().line + " --store nowhere -o json");
  EXPECT_EQ(answer.exit, 3);
  expect_problem(answer, call().line);
}

TEST_P(EveryCommand, RefusesAnUnknownFlag) {
  Bench bench;
  const Answer answer = bench.line(call().line + " --frobnicate -o json");
  EXPECT_EQ(answer.exit, 2);
  expect_problem(answer, call().line);
}

TEST_P(EveryCommand, SuggestsTheNearestFlag) {
  Bench bench;
  const Answer answer = bench.line(call().line + " --quiett");
  EXPECT_EQ(answer.exit, 2);
  EXPECT_NE(answer.err.find("did you mean '--quiet'?"), std::string::npos) << answer.err;
  EXPECT_EQ(answer.out, "");
}

TEST_P(EveryCommand, HasHelpOfOneScreenWithExamplesFirst) {
  Bench bench;
  const Answer answer = bench.line(command().name + " --help");
  EXPECT_EQ(answer.exit, 0);
  EXPECT_EQ(answer.err, "");
  EXPECT_LE(std::count(answer.out.begin(), answer.out.end(), '\n'), 48);
  if (command().name == "help") return;
  EXPECT_LT(answer.out.find("Examples"), answer.out.find("Usage")) << answer.out;
  EXPECT_EQ(bench.line("help " + command().name).out, answer.out);
  for (const Flag& flag : command().flags) EXPECT_NE(answer.out.find("--" + flag.name), std::string::npos) << flag.name;
}

TEST_P(EveryCommand, SaysNothingMoreWhenItIsToBeQuiet) {
  Shop shop;
  const Answer answer = shop.line(call().line + " --quiet");
  EXPECT_EQ(answer.err, "");
}

TEST_P(EveryCommand, EndsSilentlyWhenItsReaderGoesAway) {
  Shop shop;
  ClosingSink out(0);
  std::string err;
  const int exit = shop.run_into(out, shell_words(call().line), &err);
  EXPECT_TRUE(exit == call().exit || command().name == "doctor") << exit;
  EXPECT_EQ(err, "");
}

TEST_P(EveryCommand, ReportsOutputThatCannotBeWritten) {
  Shop shop;
  FailingSink out;
  std::string err;
  EXPECT_EQ(shop.run_into(out, shell_words(call().line), &err), 1);
  EXPECT_NE(err.find("error[E9006]"), std::string::npos) << err;
}

TEST_P(EveryCommand, ChangesNothingInADryRun) {
  if (!command().writes) return;
  Shop shop;
  const auto before = files_here();
  const Answer answer = shop.line(call().line + " --dry-run -o json");
  EXPECT_EQ(answer.exit, 0) << answer.err;
  expect_json(answer.out, call().line);
  EXPECT_TRUE(files_here() == before);
  EXPECT_FALSE(std::filesystem::exists("other"));
}

TEST_P(EveryCommand, RefusesToWriteToAStoreOpenForReading) {
  if (!command().writes || kWritesElsewhere.contains(command().name)) return;
  Shop shop;
  std::string line = call().line;
  if (command().name == "schema add") {
    shop.write("shop.fbs", std::string(kShop) + "table Extra (resource) { id: string (key); }\n");
  }
  const Answer answer = shop.line(line + " --read-only -o json");
  EXPECT_EQ(answer.exit, 7);
  expect_problem(answer, line);
}

std::vector<const Command*> runnable() {
  std::vector<const Command*> out;
  for (const Command* command : commands()) {
    if (command->run != nullptr && !command->hidden) out.push_back(command);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryCommand, testing::ValuesIn(runnable()), [](const auto& row) {
  std::string name = row.param->name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

TEST(CommandTable, IsWholeAndWithoutRepeats) {
  std::set<std::string> names;
  for (const Command* command : commands()) {
    EXPECT_TRUE(names.insert(command->name).second) << command->name;
    EXPECT_FALSE(command->summary.empty()) << command->name;
    if (command->hidden) continue;
    EXPECT_FALSE(command->examples.empty()) << command->name;
    for (const Example& example : command->examples) {
      EXPECT_TRUE(example.command.starts_with("forgectl ")) << example.command;
    }
    std::set<std::string> flags;
    for (const Flag& flag : global_flags()) flags.insert(flag.name);
    for (const Flag& flag : command->flags) {
      EXPECT_TRUE(flags.insert(flag.name).second) << command->name << " " << flag.name;
      EXPECT_EQ(flag.type == FlagType::kSwitch, flag.value.empty()) << command->name << " " << flag.name;
      EXPECT_EQ(flag.type == FlagType::kChoice, !flag.choices.empty()) << command->name << " " << flag.name;
    }
  }
}

TEST(ExitStatuses, AreAllInTheHelp) {
  Bench bench;
  const std::string help = bench.line("help exit-codes").out;
  for (const ErrorInfo& error : error_table()) {
    const std::string status = "\n  " + std::to_string(error.exit_status) + " ";
    EXPECT_NE(help.find(status), std::string::npos) << error.name << " ends with " << error.exit_status;
  }
}

TEST(CommandTable, IsWhatHelpAllGives) {
  Bench bench;
  const Answer answer = bench.line("help --all -o json");
  const Value tree = parse_json(answer.out, "help").value();
  std::set<std::string> given, expected;
  for (const Value& row : *tree.if_object()->find("commands")->if_list()) given.insert(row.if_object()->find("name")->as_text());
  for (const Command* command : commands()) {
    if (!command->hidden) expected.insert(command->name);
  }
  EXPECT_EQ(given, expected);
}

}  // namespace
}  // namespace forge::cli
