// Maps over files: what their items are, what becomes of bad ones, and that a runner which ends anywhere leaves no trace of it.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "forge/store/appended_file.h"
#include "forge/workflows/replay.h"
#include "runner_fixture.h"
#include "support/temp_folder.h"

namespace forge {
namespace {

class FileMap : public RunnerTest {
 protected:
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return folder_.path(name); }
  std::string text_of(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The result of a run as JSON, or why there is none.
  std::string result(const RunInfo& run) const { return run.status == "completed" ? run.result : run.status + ": " + run.error; }
  std::string map(const std::string& toml, const std::string& file) {
    declare("m", "[input]\nfile = 'string'\n[step.m]\n" + toml);
    return result(run("m", {{"file", file}}));
  }

  TempFolder folder_;
};

constexpr const char* kOver = "over = { file = '${input.file}' }\n";
constexpr const char* kTexts =
    "[step.m.step.text]\ntemplate = '${item.a}-${item.b}'\n[step.all]\ncollect = { r = '${m.results}' }\n";

TEST_F(FileMap, OverCsvHasAnObjectForEachRow) {
  const std::string file = put("rows.csv", "a,b\n1,x\n\n\"2\n2\",\"\"\n3,\n");
  EXPECT_EQ(map(std::string(kOver) + kTexts, file), R"({"r":["1-x","2\n2-","3-null"]})");
}

TEST_F(FileMap, OverNdjsonHasAValueForEachLine) {
  const std::string file = put("rows.ndjson", "{\"a\":1,\"b\":[true]}\r\n\n{\"a\":2.5,\"b\":null}");
  EXPECT_EQ(map(std::string(kOver) + kTexts, file), R"({"r":["1-[true]","2.5-null"]})");
}

TEST_F(FileMap, TypesColumnsAsDeclared) {
  const std::string file = put("rows.csv", "a,b\n1,2.5\n,0\n");
  const std::string toml = R"(over = { file = '${input.file}', columns = { a = 'int', b = 'float' } }
[step.m.step.sum]
collect = { sum = { expr = 'coalesce(${item.a}, 0) + ${item.b}' } }
[step.all]
collect = { r = '${m.results}' }
)";
  EXPECT_EQ(map(toml, file), R"({"r":[{"sum":3.5},{"sum":0.0}]})");
}

TEST_F(FileMap, KeepsNoResultsThatNobodyReads) {
  const std::string file = put("rows.csv", "a,b\n1,x\n2,y\n");
  EXPECT_EQ(map(std::string(kOver) + "[step.m.step.text]\ntemplate = '${item.a}'\n", file), R"({"items":2,"bad":0,"failures":[]})");
}

TEST_F(FileMap, FailsWithThePlaceWhereAFileCannotBeRead) {
  EXPECT_EQ(map(std::string(kOver) + kTexts, path("none.csv")),
            "failed: E9005: '" + path("none.csv") + "' cannot be read: No such file or directory");
  const std::string odd = put("rows.txt", "a\n");
  EXPECT_TRUE(result(run("m", {{"file", odd}}, "r-2")).starts_with("failed: E8040")) << result(info("r-2"));
  const std::string open = put("open.csv", "a,b\n1,x\n2,\"y\n");
  EXPECT_EQ(result(run("m", {{"file", open}}, "r-3")),
            "failed: E2120: a quote is not closed: it is opened at byte 10 in column 2, "
            "and the file ends in it (" +
                open + ":3)");
  const std::string empty = put("empty.csv", "");
  EXPECT_TRUE(result(run("m", {{"file", empty}}, "r-4")).starts_with("failed: E2121")) << result(info("r-4"));
}

TEST_F(FileMap, OverPackedFilesGoesOverWhatIsInThem) {
  // "a,b\n1,x\n" as gzip packs it without compression.
  const std::string head("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x08\x00\xf7\xff", 15);
  const std::string packed = head + "a,b\n1,x\n" + std::string("\xf4\xa0\x01\x00\x08\x00\x00\x00", 8);
  EXPECT_EQ(map(std::string(kOver) + kTexts, put("rows.csv.gz", packed)), R"({"r":["1-x"]})");
  const std::string torn = put("torn.csv.gz", packed + head);
  EXPECT_EQ(result(run("m", {{"file", torn}}, "r-2")), "failed: E9005: '" + torn + "' cannot be read: it ends too early");
}

// Each defect of a row is that row's own, with its row, byte and reason.
TEST_F(FileMap, CountsRowsThatAreBadInThemselves) {
  const std::string file = put("rows.csv", "a,b\n1,x\n2\n3,\"y\"z\n4,\xff\n5,v\n");
  const std::string toml = std::string(kOver) + "on_item_error = 'collect'\n[step.m.step.text]\ntemplate = '${item.a}'\n";
  const auto bad = [&](int row, int offset, const std::string& code, const std::string& message) {
    return R"({"row":)" + std::to_string(row) + R"(,"offset":)" + std::to_string(offset) + R"(,"step":"","code":")" + code +
           R"(","message":")" + message + " (" + file + ":" + std::to_string(row + 1) + R"j()"})j";
  };
  EXPECT_EQ(map(toml, file), R"({"items":5,"bad":3,"failures":[)" + bad(2, 8, "E2121", "the row has 1 fields: the header has 2") +
                                 "," + bad(3, 10, "E2120", "text follows a closing quote: it is at byte 15, in column 2") + "," +
                                 bad(4, 17, "E2106", "a field is not valid UTF-8: in column 2") + "]}");
  EXPECT_TRUE(info().warnings);
}

TEST_F(FileMap, StopsPastTheNumberOrShareOfBadItems) {
  const std::string file = put("rows.csv", "a,b\n1\n2\n3,x\n4,x\n");
  const std::string steps = "[step.m.step.text]\ntemplate = '${item.a}'\n";
  EXPECT_EQ(map(std::string(kOver) + "on_item_error = 'collect'\nmax_bad = 1\n" + steps, file),
            "failed: bad_items: 2 of 4 items failed");
  declare("n",
          "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) + "on_item_error = 'collect'\nmax_bad = '49%'\n" + steps);
  EXPECT_EQ(run("n", {{"file", file}}, "r-2").status, "failed");
  declare("o",
          "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) + "on_item_error = 'collect'\nmax_bad = '50%'\n" + steps);
  EXPECT_EQ(run("o", {{"file", file}}, "r-3").status, "completed");
}

TEST_F(FileMap, SetsBadItemsAsideWithPlaceStepAndReason) {
  const std::string file = put("rows.csv", "a,b\n1,x\n2\n3,z\n");
  const std::string toml = std::string(kOver) + "on_item_error = 'quarantine:" + path("bad.ndjson") + R"('
[step.m.step.check]
fail = 'no ${item.b}'
where = "${item.a} = '3'"
)";
  EXPECT_EQ(map(toml, file).substr(0, 19), R"({"items":3,"bad":2,)");
  const std::string why = "the row has 1 fields: the header has 2 (" + file + ":3)";
  EXPECT_EQ(text_of("bad.ndjson"),
            R"({"row":2,"offset":8,"step":"","error":"E2121","reason":")" + why + R"(","text":"2"})" + "\n" +
                R"({"row":3,"offset":10,"step":"m.check","error":"fail","reason":"no z","item":{"a":"3","b":"z"}})" + "\n");
}

TEST_F(FileMap, SetsItemsOfAListAside) {
  const std::string toml = "over = [1, 2, 3]\non_item_error = 'quarantine:" + path("bad.ndjson") + R"('
[step.m.step.check]
fail = 'no ${item}'
where = '${item} > 1'
)";
  EXPECT_EQ(map(toml, "").substr(0, 11), R"({"results":)");
  EXPECT_EQ(text_of("bad.ndjson"), R"({"index":1,"step":"m.check","error":"fail","reason":"no 2","item":2})"
                                   "\n"
                                   R"({"index":2,"step":"m.check","error":"fail","reason":"no 3","item":3})"
                                   "\n");
}

TEST_F(FileMap, RefusesAQuarantineFileThatIsInUse) {
  const std::string file = put("rows.csv", "a,b\n1,x\n");
  const auto other = AppendedFile::open(path("bad.ndjson"));
  ASSERT_TRUE(other.ok());
  const std::string toml = std::string(kOver) + "on_item_error = 'quarantine:" + path("bad.ndjson") + "'\n" + kTexts;
  EXPECT_EQ(map(toml, file), "failed: E9006: '" + path("bad.ndjson") + "' cannot be appended to: something else appends to it");
}

// ---- Progress

TEST_F(FileMap, TellsHowFarItIs) {
  declare("m", "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) + R"(window = 1
on_item_error = 'collect'
[step.m.step.one]
action = 'Stock.fill'
args = { sku = 's${item.a}', left = 1 }
[step.m.step.hold]
wait = 'go'
where = "${item.a} = '3'"
after = ['one']
)");
  start("m", {{"file", put("rows.csv", "a,b\n1,x\n2\n3,x\n4,x\n")}});
  work();
  const std::vector<OpenStep> open = run_detail(store_->view(), "r-1").value().open;
  const auto mapping = std::find_if(open.begin(), open.end(), [](const OpenStep& step) { return step.step == "m"; });
  ASSERT_NE(mapping, open.end());
  EXPECT_EQ(mapping->state, "mapping");
  EXPECT_EQ(mapping->progress->items, 2U) << "one that is done, and one that is bad";
  EXPECT_EQ(mapping->progress->bad, 1U);
  EXPECT_EQ(mapping->progress->part, 0.5);
}

TEST(MapProgress, IsALineForPeople) {
  EXPECT_EQ(text_of(MapProgress{.items = 1}), "1 item");
  EXPECT_EQ(text_of(MapProgress{.items = 45'000, .bad = 3, .part = 0.459, .items_a_second = 12'000.4, .left_us = 4'200'000}),
            "45000 items, 3 bad, 45%, 12000/s, 5 s left");
  EXPECT_EQ(text_of(MapProgress{.items = 2, .part = 0.5, .left_us = 600'000'000}), "2 items, 50%, 10 min left");
  EXPECT_EQ(text_of(MapProgress{.items = 2, .part = 0.5, .left_us = 36'000'000'000}), "2 items, 50%, 10 h left");
}

// ---- Further runs

constexpr const char* kMarked = R"([input]
file = 'string'
[step.m]
over = { file = '${input.file}' }
checkpoint = 'orders'
[step.m.step.text]
template = '${item.a}'
[step.end]
collect = { r = '${m.results}' }
[step.check]
fail = 'not now'
where = "${input.file} = 'never' or ${m.items} = 1"
after = ['end']
[step.told]
collect = { r = '${end.r}' }
after = ['check']
)";

TEST_F(FileMap, GoesOnBehindWhatAnEarlierRunHasDone) {
  declare("m", kMarked);
  const std::string file = put("rows.csv", "a\n1\n2\n");
  EXPECT_EQ(result(run("m", {{"file", file}}, "r-1")), R"({"r":["1","2"]})");
  EXPECT_EQ(result(run("m", {{"file", file}}, "r-2")), R"({"r":[]})");
  put("rows.csv", "a\n1\n2\n3\n");
  EXPECT_EQ(run("m", {{"file", file}}, "r-3").status, "failed");  // what it has not completed is not done
  put("rows.csv", "a\n1\n2\n3\n4\n");
  EXPECT_EQ(result(run("m", {{"file", file}}, "r-4")), R"({"r":["3","4"]})");
  put("rows.csv", "a\n1\n9\n3\n4\n5\n6\n");
  EXPECT_TRUE(result(run("m", {{"file", file}}, "r-5")).starts_with("failed: E8041")) << result(info("r-5"));
}

// ---- Runners that end

// Maps of both sorts, with bad items: in the end everything is there once, wherever runners ended.
TEST_F(FileMap, GoesOnInTheMiddleAfterACrashAtEachTask) {
  std::string rows = "a,b\n";
  for (int i = 1; i <= 20; ++i) rows += i % 7 == 0 ? "bad\n" : std::to_string(i) + ",tea\n";
  const std::string file = put("rows.csv", rows);
  const auto define = [&](Store& store, const std::string& aside) {
    const std::string toml = "workflow = 'm'\nttl_hops = 20\n[input]\nfile = 'string'\n[step.take]\n" + std::string(kOver) +
                             "window = 3\nmax_bad = 20\non_item_error = 'quarantine:" + path(aside) + R"('
[step.take.step.one]
action = 'Stock.fill'
args = { sku = 's${item.a}', left = 1 }
[step.take.step.check]
fail = 'thirteen'
where = "${item.a} = '13'"
after = ['one']
[step.count]
over = { file = '${input.file}' }
on_item_error = 'collect'
after = ['take']
[step.count.step.text]
template = '${item.a}'
[step.end]
collect = { taken = '${take.items}', bad = '${take.bad}', counted = '${count.results}' }
)";
    const auto outcome = parse_workflow(toml, "m.toml");
    ASSERT_TRUE(outcome.errors.empty()) << outcome.errors[0].message();
    ASSERT_TRUE(add_workflow(store, *outcome.definition).ok());
    ASSERT_TRUE(start_run(store, "m", {.id = "r-1", .input = {{"file", file}}}).ok());
  };
  define(*store_, "bad-0.ndjson");
  VirtualRunner(*store_, clock_).run();
  ASSERT_EQ(info().status, "completed") << info().error;
  ASSERT_TRUE(info().warnings);
  const std::string expected = info().result;
  const std::string aside = text_of("bad-0.ndjson");
  EXPECT_EQ(std::count(aside.begin(), aside.end(), '\n'), 3);

  std::size_t interrupted = 0;
  for (std::size_t tasks = 1; tasks < 40; ++tasks) {
    OpenOptions options;
    options.clock = &clock_;
    Store store = Store::open(":memory:", options).value();
    store.add_schema({{"shop.fbs", kRunShop}}).value();
    const std::string name = "bad-" + std::to_string(tasks) + ".ndjson";
    define(store, name);
    VirtualRunner(store, clock_).run(3'600'000'000, tasks);
    if (!run_info(store.view(), "r-1")->has_ended()) ++interrupted;
    VirtualRunner(store, clock_).run();
    EXPECT_EQ(run_info(store.view(), "r-1")->result, expected) << tasks;
    EXPECT_EQ(text_of(name), aside) << tasks;
  }
  EXPECT_GT(interrupted, 15U);
}

// Rows that begin one by one are read again where they stand: another file stops the run, and the same one lets it go on.
TEST_F(FileMap, StandsStillWhereTheFileHasChanged) {
  const std::string text = "a,b\n1,x\n2,x\n3,x\n4,x\n";
  const std::string file = put("rows.csv", text);
  declare("m", "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) +
                   "window = 1\n[step.m.step.one]\naction = 'Stock.fill'\nargs = { sku = 's${item.a}', left = 1 }\n");
  start("m", {{"file", file}});
  VirtualRunner(*store_, clock_).run(3'600'000'000, 5);
  ASSERT_FALSE(info().has_ended());
  put("rows.csv", "a,b\n1,x\n9,x\n3,x\n4,x\n");
  VirtualRunner changed(*store_, clock_);
  changed.run();
  ASSERT_EQ(info().status, "running");
  EXPECT_EQ(changed.summary().parked.at("r-1").id(), ErrorId::kItemsDiffer);
  put("rows.csv", text);
  work();
  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(get("Stock", "s4")["left"], Value(1));
}

// The file is not the store's: the other runs go on, and so does this one once it is there again.
TEST_F(FileMap, StandsStillWhereTheFileIsGone) {
  const std::string text = "a,b\n1,x\n2,x\n3,x\n4,x\n";
  const std::string file = put("rows.csv", text);
  declare("m", "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) +
                   "window = 1\n[step.m.step.one]\naction = 'Stock.fill'\nargs = { sku = 's${item.a}', left = 1 }\n");
  declare("other", "[step.a]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'n' }\n");
  start("m", {{"file", file}});
  VirtualRunner(*store_, clock_).run(3'600'000'000, 5);
  ASSERT_FALSE(info().has_ended());
  std::filesystem::remove(file);
  start("other", {}, "r-2");
  work();
  EXPECT_EQ(info("r-2").status, "completed");
  EXPECT_EQ(info().status, "running");
  EXPECT_NE(info().parked.find("cannot be read"), std::string::npos) << info().parked;
  put("rows.csv", text);
  work();
  EXPECT_EQ(info().status, "completed");
  EXPECT_EQ(info().parked, "");
}

// Nobody knows what it did, but that it has to end: so somebody can be rid of it.
TEST_F(FileMap, CanBeEndedWhereTheFileIsGone) {
  const std::string file = put("rows.csv", "a,b\n1,x\n2,x\n");
  const std::string asks = "window = 1\n[step.m.step.one]\napprove = 'go?'\n";
  declare("m", "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) + asks);
  declare("undoes",
          "[input]\nfile = 'string'\n[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\n"
          "undo = 'Stock.release'\n[step.m]\nafter = ['a']\n" +
              std::string(kOver) + asks);
  for (const char* id : {"r-1", "r-2"}) start("m", {{"file", file}}, id);
  start("undoes", {{"file", file}}, "r-3");
  work();
  std::filesystem::remove(file);
  const ActOptions boss{.actor = {"boss"}, .reason = "the file is lost"};

  // A runner that cannot read them has them, and lets them go.
  work();
  EXPECT_EQ(runner_->summary().parked.size(), 3U);
  const Seq head = store_->head();
  EXPECT_EQ(tell_run(*store_, "r-1", RunTelling::kPause, boss).id(), ErrorId::kInputUnreadable);
  EXPECT_EQ(tell_run(*store_, "r-3", RunTelling::kCancel, boss).id(), ErrorId::kInputUnreadable) << "it may have to undo";
  EXPECT_EQ(store_->head(), head);
  for (const char* id : {"r-1", "r-2", "r-3"}) EXPECT_TRUE(tell_run(*store_, id, RunTelling::kTerminate, boss).ok());
  runner_->run();
  EXPECT_TRUE(runner_->summary().parked.empty());
  for (const char* id : {"r-1", "r-2", "r-3"}) EXPECT_EQ(info(id).status, "terminated");
  EXPECT_EQ(get("Stock", "tea")["left"], Value(4));
  EXPECT_EQ(tell_run(*store_, "r-1", RunTelling::kTerminate, boss).id(), ErrorId::kRunEnded);

  // Their journals are those of any run.
  put("rows.csv", "a,b\n1,x\n2,x\n");
  work();
  EXPECT_EQ(pulses("r-2"), "started, items m, parked, terminate, terminated");
  for (const char* id : {"r-1", "r-2", "r-3"}) EXPECT_TRUE(replay_run(store_->view(), id).value().is_identical()) << id;
}

// A runner that has read it before the file was lost takes the end up as any other.
TEST_F(FileMap, CanBeEndedBesideARunnerThatStillHasTheRows) {
  const std::string file = put("rows.csv", "a,b\n1,x\n2,x\n");
  declare("m", "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) + "window = 1\n[step.m.step.one]\napprove = 'go?'\n");
  start("m", {{"file", file}});
  work();
  std::filesystem::remove(file);
  EXPECT_TRUE(tell_run(*store_, "r-1", RunTelling::kTerminate).ok());
  const Seq head = store_->head();
  runner_->run();
  EXPECT_EQ(info().status, "terminated");
  EXPECT_EQ(store_->head(), head) << "its end is recorded once";
}

// A step is in flight, and a run waits for the one that cannot be read.
TEST_F(FileMap, ThatIsTerminatedIsMissedByNobody) {
  const std::string file = put("rows.csv", "a,b\n1,x\n2,x\n");
  declare("m", "[input]\nfile = 'string'\n[step.m]\n" + std::string(kOver) + "window = 1\n[step.m.step.one]\napprove = 'go?'\n");
  declare("top",
          "[input]\nfile = 'string'\n[step.a]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = 1 }\nundo = 'Stock.release'\n"
          "[step.kid]\nworkflow = 'm'\nargs = { file = '${input.file}' }\nafter = ['a']\n");
  for (const bool is_alive : {true, false}) {
    SCOPED_TRACE(is_alive);
    put("rows.csv", "a,b\n1,x\n2,x\n");
    const std::string id = is_alive ? "r-1" : "r-2";
    start("top", {{"file", file}}, id);
    work();
    std::filesystem::remove(file);
    work();
    if (!is_alive) runner_.reset();
    ASSERT_TRUE(tell_run(*store_, id + "/kid", RunTelling::kTerminate).ok());
    is_alive ? runner_->run() : work();
    EXPECT_EQ(info(id).status, "compensated");
    EXPECT_NE(info(id).error.find("ended as terminated"), std::string::npos) << info(id).error;
    put("rows.csv", "a,b\n1,x\n2,x\n");
    EXPECT_TRUE(replay_run(store_->view(), id + "/kid")->is_identical());
  }
}

}  // namespace
}  // namespace forge
