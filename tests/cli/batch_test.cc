#include <gtest/gtest.h>

#include "action_input.h"
#include "forge/events/json.h"
#include "harness.h"
#include "support/slow_build.h"

namespace forge::cli {
namespace {

Result<BatchTransaction> read_line(std::string_view line) {
  ActOptions defaults;
  defaults.actor = "flag";
  return read_batch_line(line, "f:7", defaults);
}

TEST(BatchLine, ReadsEveryMember) {
  const auto line = read_line(R"({"idempotency_key":"k","at":"2026-11-23T04:00:00+01:00","actor":"web","actions":[
      {"action":"Order.place","args":{"id":"o-1"},"if_version":0},{"action":"Order.pay"}]})");
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_EQ(line->options.idempotency_key, "k");
  EXPECT_EQ(line->options.actor.id, "web");
  EXPECT_EQ(line->options.occurred_at->micros, 1795402800000000);
  ASSERT_EQ(line->actions.size(), 2U);
  EXPECT_EQ(line->actions[0].if_version, 0U);
  EXPECT_EQ(line->actions[0].args.find("id")->as_text(), "o-1");
  EXPECT_FALSE(line->actions[1].if_version.has_value());
}

TEST(BatchLine, TakesTheFlagsForWhatIsAbsent) {
  const auto line = read_line(R"({"key":"k"})");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->options.actor.id, "flag");
  EXPECT_EQ(line->options.idempotency_key, "k");
  EXPECT_TRUE(line->actions.empty());
}

TEST(BatchLine, RefusesWhatItDoesNotKnowByName) {
  const struct {
    const char* line;
    const char* what;
  } kRefused[] = {
      {R"({"acions":[]})", "unknown member 'acions' — did you mean 'actions'?"},
      {R"({"actions":[{"action":"A.b","arg":{}}]})", "an action has an unknown member 'arg' — did you mean 'args'?"},
      {R"({"actions":[{"args":{}}]})", "an action has no 'action'"},
      {R"({"actions":[{"action":"A.b","args":[]}]})", "'args' is not an object"},
      {R"({"actions":[{"action":"A.b","if_version":-1}]})", "'if_version' is not a number of 0 and more"},
      {R"({"actions":[7]})", "an action is not an object"},
      {R"({"actions":{}})", "'actions' is not a list"},
      {R"({"key":"a","idempotency_key":"b"})", "the idempotency key is given twice"},
      {R"({"key":""})", "'key' is empty"},
      {R"({"actor":7})", "'actor' is not a text"},
      {R"([])", "the line is not an object"},
  };
  for (const auto& row : kRefused) {
    const Status status = read_line(row.line).status();
    EXPECT_EQ(status.text().what, row.what) << row.line;
    EXPECT_EQ(status.text().place, "f:7");
    EXPECT_EQ(status.id(), ErrorId::kJsonInvalid);
  }
  EXPECT_EQ(read_line(R"({"at":"soon"})").status().id(), ErrorId::kJsonInvalid);
  EXPECT_EQ(read_line(R"({"key":"a","key":"b"})").status().id(), ErrorId::kJsonInvalid);
  EXPECT_EQ(read_line(std::string(kBatchLineMax + 1, ' ')).status().id(), ErrorId::kTooLarge);
}

class BatchTest : public testing::Test {
 protected:
  static std::string place(int number) {
    const std::string n = std::to_string(number);
    return R"({"key":"k-)" + n + R"(","actions":[{"action":"Order.place","args":{"id":"o-)" + n + R"(","sku":"tea"}}]})" + "\n";
  }
  Bench bench{{"init", "schema add shop.fbs"}};
};

TEST_F(BatchTest, AcksEveryLineInOrderWithItsSeqs) {
  std::string input;
  for (int i = 1; i <= 600; ++i) input += place(i);
  const Answer answer = bench.line("do --batch --acks", input);
  EXPECT_EQ(answer.exit, 0) << answer.err;
  std::string expected;
  for (int i = 1; i <= 600; ++i) {
    const std::string seq = std::to_string(i + 1);
    expected += "ack k-" + std::to_string(i) + " " + seq + " " + seq + "\n";
  }
  EXPECT_EQ(answer.out, expected);
}

TEST_F(BatchTest, StoresNothingAfterARefusedLine) {
  std::string input;
  for (int i = 1; i <= 100; ++i) input += place(i);
  input += place(50);  // line 101: the same key and input: replayed
  input += R"({"key":"bad","actions":[{"action":"Order.place","args":{"id":"o-50","sku":"tea"}}]})"
           "\n";
  for (int i = 101; i <= 700; ++i) input += place(i);
  const Answer answer = bench.line("do --batch --acks", input);
  EXPECT_EQ(answer.exit, 4);
  EXPECT_NE(answer.err.find("line 102: "), std::string::npos) << answer.err;
  EXPECT_EQ(std::count(answer.out.begin(), answer.out.end(), '\n'), 101);
  EXPECT_EQ(bench.line("list Order --limit 0 -o name --where \"id = 'o-101'\"").out, "");
  EXPECT_NE(bench.line("stats --json").out.find("\"head\":101,"), std::string::npos);
}

TEST_F(BatchTest, GoesOnWhereItStopped) {
  const std::string input = place(1) + place(2) + place(3);
  EXPECT_EQ(bench.line("do --batch", place(1) + place(2)).exit, 0);
  const Answer answer = bench.line("do --batch --acks -o table", input);
  EXPECT_EQ(answer.exit, 0);
  EXPECT_EQ(answer.out, "ack k-1 2 2\nack k-2 3 3\nack k-3 4 4\n");
  EXPECT_NE(answer.err.find("1 transaction · 1 event · 2 replayed"), std::string::npos) << answer.err;
}

TEST_F(BatchTest, TakesTimeAndCorrelationFromTheFlags) {
  const std::string own = R"({"at":"2026-11-20T09:00:00Z","actions":[]})";
  const Answer done = bench.line("do --batch --at 2026-11-19 --correlation import-1", place(1) + own);
  EXPECT_EQ(done.exit, 0) << done.err;
  const Answer log = bench.line("log --correlation import-1 --json");
  EXPECT_NE(log.out.find("\"occurred_at\":\"2026-11-19T00:00:00.000000Z\""), std::string::npos) << log.out;
  EXPECT_NE(log.out.find("\"occurred_at\":\"2026-11-20T09:00:00.000000Z\""), std::string::npos) << log.out;
  EXPECT_EQ(bench.line("do --batch --at soon", place(2)).exit, 2);
}

// More actions than the store lets wait: the run waits for them itself.
TEST_F(BatchTest, IsNotOverloadedByItsOwnLargeTransactions) {
  if (testing_support::kIsSlowBuild) GTEST_SKIP() << "100,000 actions take too long here";
  std::string actions;
  for (int i = 0; i < 10'000; ++i) actions += R"(,{"action":"Order.resize","args":{"id":"o-1","qty":2}})";
  const std::string line = R"({"actions":[)" + actions.substr(1) + "]}\n";
  std::string input = place(1);
  for (int i = 0; i < 11; ++i) input += line;
  const Answer answer = bench.line("do --batch", input);
  EXPECT_EQ(answer.exit, 0) << answer.err;
}

TEST_F(BatchTest, PutsRefusedLinesIntoQuarantineAndGoesOn) {
  const std::string input =
      place(1) + "{broken\n" + place(1).substr(0, 8) + "other\",\"actions\":[{\"action\":\"No.such\"}]}\n\xff\n" + place(2);
  const Answer answer = bench.line("do --batch --json --on-error quarantine:bad.ndjson", input);
  EXPECT_EQ(answer.exit, 0) << answer.err;
  const Value summary = parse_json(answer.out, "summary").value();
  EXPECT_EQ(summary.if_object()->find("transactions")->as_int(), 2);
  EXPECT_EQ(summary.if_object()->find("quarantined")->as_int(), 3);
  const Answer bad = bench.line("do --batch --dry-run --input @bad.ndjson");
  EXPECT_EQ(bad.exit, 4);
  EXPECT_NE(bad.err.find("'line'"), std::string::npos) << bad.err;
  EXPECT_EQ(bench.line("do --batch --strict --on-error quarantine:bad.ndjson", input).exit, 4);
}

TEST_F(BatchTest, StopsWhenNobodyReadsItsAcks) {
  ClosingSink out(40);
  std::string err, input;
  for (int i = 1; i <= 2000; ++i) input += place(i);
  bench.write("many.ndjson", input);
  EXPECT_EQ(bench.run_into(out, {"do", "--batch", "--acks", "--input", "@many.ndjson"}, &err), 1);
  EXPECT_EQ(bench.line("list Order -o name --where \"id = 'o-2000'\"").out, "");
}

TEST_F(BatchTest, SaysHowFarItCameWhenInterrupted) {
  bench.interrupted = true;
  const Answer answer = bench.line("do --batch", place(1));
  EXPECT_EQ(answer.exit, 130);
  EXPECT_NE(answer.err.find("stopped before line 1"), std::string::npos) << answer.err;
}

}  // namespace
}  // namespace forge::cli
