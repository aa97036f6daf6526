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
