// Runs decided again: by the definition that they keep to, and by others.

#include "forge/workflows/replay.h"

#include "decision.h"
#include "runner_fixture.h"

namespace forge {
namespace {

constexpr const char* kReplayed = R"(
[input]
bad = "bool"
[step.load]
read = "Order"
key = "o-1"
[step.maybe]
template = "never"
where = "${load.qty} > 100"
[step.price]
run = "price"
args = { sku = "${load.sku}" }
retry = { max_attempts = 3, backoff = "fixed", first = "1s" }
[step.each]
over = [1, 1]
on_item_error = "collect"
[step.each.step.take]
action = "Stock.reserve"
args = { sku = "tea", qty = "${item}" }
undo = "Stock.release"
[step.nap]
sleep = "1m"
after = ["each", "price"]
[step.note]
action = "Order.note"
args = { id = "o-1", note = "${price}" }
after = ["nap"]
undo = { action = "Order.note", args = { id = "o-1", note = "undone" } }
[step.check]
fail = "bad input"
where = "${input.bad}"
after = ["note"]
)";

class Replay : public RunnerTest {
 protected:
  Replay() {
    functions_["price"] = [this](const Object&, StepContext& context) {
      ++calls_;
      return context.attempt == 1 ? StepOutcome::failed("503", "busy") : StepOutcome::done("ten");
    };
  }

  // By the run's own definition, or by the workflow of that text, without its name.
  ReplayReport replay(const std::string& toml = "", const std::string& from = "") const {
    ReplayOptions options{.from = from};
    if (!toml.empty()) {
      auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
      for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
      options.definition = outcome.definition;
    }
    const Result<ReplayReport> report = replay_run(store_->view(), "r-1", options);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() ? *report : ReplayReport{};
  }
  // "price: recorded | replayed", or "identical".
  static std::string words(const ReplayReport& report) {
    if (report.is_identical()) return "identical";
    return report.difference->step + ": " + report.difference->recorded + " | " + report.difference->replayed;
  }
  static std::string changed(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
  }

  int calls_ = 0;
};

TEST_F(Replay, OfARunIsIdenticalAndCallsNothing) {
  for (const bool bad : {false, true}) {
    SCOPED_TRACE(bad);
    const std::string id = bad ? "bad" : "good";
    declare("w", kReplayed);
    ASSERT_EQ(run("w", {{"bad", bad}}, id).status, bad ? "compensated" : "completed");
    const int calls = calls_;
    const Seq head = store_->head();

    const Result<ReplayReport> report = replay_run(store_->view(), id);

    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(words(*report), "identical");
    EXPECT_EQ(report->facts, bad ? 12U : 9U);
    EXPECT_EQ(report->steps, 9U);
    EXPECT_EQ(report->replayed_hash, report->hash);
    EXPECT_EQ(calls_, calls);
    EXPECT_EQ(store_->head(), head);
  }
}

TEST_F(Replay, OfARunThatStillWaitsIsIdenticalSoFar) {
  declare("w", kReplayed);
  start("w", {{"bad", false}});
  work(10'000'000);
  ASSERT_EQ(info().status, "running");

  EXPECT_EQ(words(replay()), "identical");
}

TEST_F(Replay, FollowsWhatPeopleTold) {
  declare("w", "[step.ask]\napprove = 'go on?'\n[step.nap]\nsleep = '1m'\nafter = ['ask']\n");
  start("w");
  work();
  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kPause).ok());
  work();
  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kResume).ok());
  ASSERT_TRUE(approve_step(*store_, "r-1", "ask", true, {.actor = "boss"}).ok());
  work(1);
  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kCancel).ok());
  work();
  ASSERT_EQ(info().status, "cancelled");

  EXPECT_EQ(words(replay()), "identical");
}

TEST_F(Replay, GoesByHowManyStepsTheRunHadInFlight) {
  declare("w", "[step.a]\nsleep = '1m'\n[step.b]\nrun = 'price'\nretry = { max_attempts = 2 }\n[step.c]\ntemplate = 'x'\n");
  ASSERT_TRUE(start_run(*store_, "w", {.id = "r-1", .max_concurrency = 1}).ok());
  work();
  ASSERT_EQ(info().status, "completed");

  EXPECT_EQ(words(replay()), "identical");
}

TEST_F(Replay, ByTheSameDefinitionInOtherWordsIsIdentical) {
  declare("w", kReplayed);
  run("w", {{"bad", true}});

  EXPECT_EQ(words(replay("description = 'in other words'\n" + std::string(kReplayed))), "identical");
}

// Each change of the workflow shows where the run would first have gone another way.
TEST_F(Replay, ByAChangedDefinitionNamesTheFirstStepThatDiffers) {
  declare("w", kReplayed);
  run("w", {{"bad", true}});
  const auto by = [this](const std::string& from, const std::string& to) { return words(replay(changed(kReplayed, from, to))); };

  EXPECT_EQ(
      by("Order.note\"\nargs = { id = \"o-1\", note = \"${price}\" }", "Order.note\"\nargs = { id = \"o-1\", note = \"dear\" }"),
      "note: runs action Order.note with args.note = \"ten\" | runs action Order.note with args.note = \"dear\"");
  EXPECT_EQ(by("Stock.release", "Stock.fill"), "each[1].take: is undone by action Stock.release | is undone by action Stock.fill");
  EXPECT_EQ(by("run = \"price\"", "run = \"cost\""), "price: runs function price | runs function cost");
  EXPECT_EQ(by("> 100", "> 1"), "maybe: is skipped | is done");
  EXPECT_EQ(by("over = [1, 1]", "over = [1, 2]"),
            "each[1].take: runs action Stock.reserve with args.qty = 1 | runs action Stock.reserve with args.qty = 2");
  EXPECT_EQ(by("\"fixed\", first = \"1s\"", "\"fixed\", first = \"2s\"").substr(0, 27), "price: backs off until 2026");
  EXPECT_EQ(by("where = \"${input.bad}\"", "where = \"not ${input.bad}\""), "check: fails with fail: bad input | is skipped");
  EXPECT_EQ(by("bad = \"bool\"", "bad = \"bool\"\nmore = \"int\"").substr(0, 26), ": starts with its input | ");
}

TEST_F(Replay, AStepThatIsGoneOrNewIsNamed) {
  declare("w", "[step.a]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'a' }\n");
  run("w");

  EXPECT_EQ(words(replay("[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'a' }\n")),
            "a: step 'a' runs action Order.note | step 'b' runs action Order.note");
  EXPECT_EQ(words(replay("[step.a]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'a' }\n"
                         "[step.b]\ntemplate = 'more'\nafter = ['a']\n")),
            ": ends as completed | step 'b' is done");
}

TEST_F(Replay, AResultThatNobodyReadsIsCompared) {
  declare("w", "[step.a]\ntemplate = 'one'\n[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'b' }\nafter = ['a']\n");
  run("w");

  EXPECT_EQ(words(replay("[step.a]\ntemplate = 'two'\n"
                         "[step.b]\naction = 'Order.note'\nargs = { id = 'o-1', note = 'b' }\nafter = ['a']\n")),
            "a: is done with value = \"one\" | is done with value = \"two\"");
}

TEST_F(Replay, FromAStepPassesOverWhatWasBefore) {
  declare("w", kReplayed);
  run("w", {{"bad", false}});
  const std::string early = changed(kReplayed, "run = \"price\"", "run = \"cost\"");

  EXPECT_EQ(words(replay(early, "nap")), "identical");
  EXPECT_EQ(words(replay(early, "price")), "price: runs function price | runs function cost") << "its second attempt";
  EXPECT_EQ(words(replay(changed(early, "note = \"${price}\"", "note = \"dear\""), "nap")).substr(0, 6), "note: ");
  const Result<ReplayReport> never = replay_run(store_->view(), "r-1", {.from = "nowhere"});
  EXPECT_EQ(never.status().id(), ErrorId::kWorkflowReference);
}

TEST_F(Replay, DoesNotShowSecretInputs) {
  functions_["say"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  const std::string say =
      "[input]\ntoken = { type = 'string', secret = true }\n[step.say]\nrun = 'say'\nargs = { with = 'a ${input.token}' }\n";
  declare("w", say);
  run("w", {{"token", "hunter2"}});

  EXPECT_EQ(words(replay(changed(say, "'a $", "'the $"))),
            "say: runs function say with args.with = \"a [secret]\" | runs function say with args.with = \"the [secret]\"");
}

TEST_F(Replay, OfNothingIsAnError) {
  EXPECT_EQ(replay_run(store_->view(), "nobody").status().id(), ErrorId::kRunNotFound);
}

TEST(ValueDifference, IsTheFirstPlace) {
  const auto at = [](const char* one, const char* other) {
    const auto found = internal::first_difference(parse_json(one, "one").value(), parse_json(other, "other").value());
    return found ? found->path + " " + to_json(found->one) + " " + to_json(found->other) : std::string("same");
  };
  EXPECT_EQ(at(R"({"a":1,"b":[1,{"c":2}]})", R"({"a":1,"b":[1,{"c":3}]})"), "b[1].c 2 3");
  EXPECT_EQ(at(R"({"a":1})", R"({"a":1,"b":2})"), "b null 2");
  EXPECT_EQ(at(R"({"b":2,"a":1})", R"({"a":1,"b":2})"), "same");
  EXPECT_EQ(at("[1]", "[1,2]"), "[1] null 2");
  EXPECT_EQ(at("1", "2"), " 1 2");
}

}  // namespace
}  // namespace forge
