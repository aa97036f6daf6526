// What steps were given, and what came of them.

#include "forge/workflows/hop.h"

#include "runner_fixture.h"

namespace forge {
namespace {

class Hop : public RunnerTest {
 protected:
  HopDetail hop(const std::string& at) const {
    const Result<HopDetail> found = hop_detail(store_->view(), "r-1", at);
    EXPECT_TRUE(found.ok()) << at << ": " << found.status().message();
    return found.ok() ? *found : HopDetail{};
  }
};

TEST_F(Hop, HasTheTokenInAndOutAndTheStoreThatItSaw) {
  functions_["price"] = [](const Object& args, StepContext& context) {
    if (context.attempt == 1) return StepOutcome::failed("503", "busy");
    return StepOutcome::done(Object{{"sku", *args.find("sku")}, {"cents", 30}});
  };
  declare("w", R"(
[step.price]
run = "price"
args = { sku = "tea", cents = 0 }
retry = { max_attempts = 2, first = "1s" }
[step.text]
template = "for ${price.cents}"
[step.take]
action = "Stock.reserve"
args = { sku = "tea", qty = 2 }
after = ["text"]
undo = "Stock.release"
[step.no]
fail = "no"
after = ["take"]
)");
  run("w");

  const HopDetail price = hop("price");
  EXPECT_EQ(price.what, "completed");
  EXPECT_EQ(price.body, "function price");
  EXPECT_EQ(price.attempt, 2U);
  EXPECT_EQ(to_json(price.token_in), R"({"args":{"sku":"tea","cents":0}})");
  EXPECT_EQ(to_json(price.token_out), R"({"sku":"tea","cents":30})");
  ASSERT_EQ(price.differences.size(), 1U);
  EXPECT_EQ(price.differences[0].path, "cents");
  EXPECT_EQ(price.hops_in, 8U);
  EXPECT_EQ(price.hops_out, 7U);

  const RunDetail detail = run_detail(store_->view(), "r-1").value();
  const HopDetail first = hop(std::to_string(detail.pulses.at(1).seq));
  EXPECT_EQ(first.what, "failed");
  EXPECT_EQ(first.code, "503");
  EXPECT_EQ(first.attempt, 1U);
  EXPECT_EQ(first.since, detail.pulses.at(0).seq);

  EXPECT_EQ(hop("text").token_out, Value("for 30"));
  EXPECT_EQ(hop("text").body, "template");
  const HopDetail undone = hop("take");
  EXPECT_EQ(undone.what, "undone");
  EXPECT_EQ(undone.body, "action Stock.release");
  EXPECT_EQ(store_->as_of(undone.since).value().get("Stock", "tea").value()["left"], Value(3));
  EXPECT_EQ(store_->as_of(undone.seq).value().get("Stock", "tea").value()["left"], Value(5));
  EXPECT_EQ(hop("no").message, "no");
}

// Steps that begin together, and the first of them lets something happen before the others look.
TEST_F(Hop, TellsAsOfWhichEventABodyReadTheStore) {
  Seq looked_at = 0;
  functions_["meddle"] = [this](const Object&, StepContext&) {
    store_->act("Stock.fill", {{"sku", "tea"}, {"left", 4}}).value();
    return StepOutcome::done();
  };
  functions_["look"] = [&looked_at](const Object&, StepContext& context) {
    looked_at = context.view().seq();
    const Value left = context.view().get("Stock", "tea").value()["left"];
    return context.attempt == 1 ? StepOutcome::failed("again", "once more") : StepOutcome::done(left);
  };
  functions_["blind"] = [](const Object&, StepContext&) { return StepOutcome::done(); };
  declare("w",
          "[step.meddle]\nrun='meddle'\n[step.look]\nrun='look'\nretry={max_attempts=2}\n[step.blind]\nrun='blind'\n"
          "[step.load]\nread='Stock'\nkey='tea'\n"
          "[step.t]\ntransaction=true\nafter=['load']\n[step.t.step.l]\nread='Stock'\nkey='tea'\n"
          "[step.act]\naction='Order.note'\nargs={id='o-1',note='n'}\n");
  EXPECT_EQ(run("w").status, "completed");

  const HopDetail look = hop("look");
  ASSERT_EQ(look.saw, std::optional(looked_at));
  EXPECT_EQ(store_->as_of(*look.saw).value().get("Stock", "tea").value()["left"], look.token_out);
  const RunDetail detail = run_detail(store_->view(), "r-1").value();
  const auto failed =
      std::find_if(detail.pulses.begin(), detail.pulses.end(), [](const Pulse& pulse) { return pulse.what == "failed"; });
  ASSERT_NE(failed, detail.pulses.end());
  EXPECT_GT(failed->saw.value_or(0), hop(std::to_string(failed->seq)).since) << "what happened meanwhile was seen";
  for (const char* step : {"load", "t"}) {
    ASSERT_TRUE(hop(step).saw) << step;
    EXPECT_LT(*hop(step).saw, hop(step).seq);
  }
  for (const char* step : {"meddle", "blind", "act"}) EXPECT_FALSE(hop(step).saw) << step;
}

// Whatever decides them: what steps were given has names, and hops are those of the step.
TEST_F(Hop, HasTheTokenOfStepsThatNothingOutsideCarriesOut) {
  declare("w", R"(
[input]
n = { type = "int", default = 7 }
[step.text]
template = "got ${input.n}"
[step.never]
template = "${text}"
where = "${input.n} > 9"
[step.each]
over = ["a", "b"]
[step.each.step.say]
template = "${item}: ${text}"
[step.all]
collect = { said = "${each}", not_said = "${never}" }
[step.nap]
sleep = "5s"
[step.pick.switch.big]
when = "${input.n} > 100"
[step.pick.switch.big.step.b]
template = "big"
[step.pick.switch.small]
when = "${input.n} < 100 and ${text} <> ''"
[step.pick.switch.small.step.s]
template = "small"
)");
  EXPECT_EQ(run("w").status, "completed");

  const auto in = [this](const std::string& at) { return to_json(hop(at).token_in); };
  EXPECT_EQ(in("text"), R"({"template":"got 7"})");
  EXPECT_EQ(in("never"), R"({"template":"got 7","conditions":{"input.n":7}})");
  EXPECT_EQ(hop("never").what, "skipped");
  EXPECT_EQ(hop("never").hops_in, 7U);
  EXPECT_EQ(hop("never").hops_out, 7U);
  EXPECT_EQ(in("each"), R"({"over":["a","b"]})");
  EXPECT_EQ(to_json(hop("each").token_out), R"(["a: got 7","b: got 7"])");
  EXPECT_EQ(in("each[1].say"), R"({"template":"b: got 7"})");
  EXPECT_EQ(hop("each[1].say").token_out, Value("b: got 7"));
  EXPECT_EQ(hop("each[1].say").hops_in, 6U);
  EXPECT_EQ(hop("each[1].say").hops_out, 5U);
  EXPECT_EQ(hop("each").hops_in, 7U);
  EXPECT_EQ(hop("each").hops_out, 5U);
  EXPECT_EQ(in("all"), R"({"collect":{"said":["a: got 7","b: got 7"],"not_said":null}})");
  EXPECT_EQ(in("nap"), R"({"sleep":"5s"})");
  EXPECT_EQ(in("pick"), R"({"conditions":{"input.n":7,"text":"got 7"}})");
  EXPECT_EQ(hop("pick").token_out, Value("small"));
}

TEST_F(Hop, KeepsApartAStepAndWhatCleansUpAfterIt) {
  functions_["try"] = [](const Object&, StepContext&) { return StepOutcome::failed("503", "busy"); };
  declare("w", R"(
[step.go]
run = "try"
args = { sku = "tea" }
compensate = [ { do = { action = "Order.note", args = { id = "o-1", note = "${error.code}" } }, continue = { by = "hand" } } ]
[step.last]
template = "${go.by}"
)");
  EXPECT_EQ(run("w").status, "completed");

  const RunDetail detail = run_detail(store_->view(), "r-1").value();
  const auto seq_of = [&detail](const std::string& what) {
    for (const Pulse& pulse : detail.pulses) {
      if (pulse.step == "go" && pulse.what == what) return std::to_string(pulse.seq);
    }
    return std::string("no pulse " + what);
  };
  const HopDetail failed = hop(seq_of("failed"));
  EXPECT_EQ(failed.body, "function try");
  EXPECT_EQ(to_json(failed.token_in), R"({"args":{"sku":"tea"}})");
  const HopDetail compensated = hop(seq_of("compensated"));
  EXPECT_EQ(compensated.body, "action Order.note");
  EXPECT_EQ(to_json(compensated.token_in), R"({"args":{"id":"o-1","note":"503"}})");
  EXPECT_EQ(compensated.since, failed.seq);
  const HopDetail completed = hop(seq_of("completed"));
  EXPECT_EQ(completed.body, "function try");
  EXPECT_EQ(to_json(completed.token_in), R"({"args":{"sku":"tea"}})");
  EXPECT_EQ(to_json(completed.token_out), R"({"by":"hand"})");
  EXPECT_EQ(completed.hops_in, 8U);
  EXPECT_EQ(completed.hops_out, 7U);
}

TEST_F(Hop, DoesNotShowSecretInputs) {
  functions_["say"] = [](const Object& args, StepContext&) { return StepOutcome::done("with " + args.find("token")->as_text()); };
  declare("w",
          "[input]\ntoken = { type = 'string', secret = true }\n[step.say]\nrun = 'say'\nargs = { token = '${input.token}' }\n");
  run("w", {{"token", "hunter2"}});

  EXPECT_EQ(to_json(hop("say").token_in), R"json({"args":{"token":"[secret]"}})json");
  EXPECT_EQ(hop("say").token_out, Value("[secret]"));
}

TEST_F(Hop, ThatIsNotThereIsAnError) {
  declare("w", "[step.ask]\napprove = 'go on?'\n");
  start("w");
  work();

  EXPECT_EQ(hop_detail(store_->view(), "nobody", "ask").status().id(), ErrorId::kRunNotFound);
  EXPECT_EQ(hop_detail(store_->view(), "r-1", "ask").status().id(), ErrorId::kWorkflowReference);
  EXPECT_EQ(hop_detail(store_->view(), "r-1", "").status().id(), ErrorId::kWorkflowReference);
}

}  // namespace
}  // namespace forge
