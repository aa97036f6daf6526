// Inputs that are secret: what is told of a run is without them, what its steps do is with them.

#include <filesystem>
#include <fstream>

#include "runner_fixture.h"
#include "support/temp_folder.h"

namespace forge {
namespace {

constexpr const char* kSecret = "hunter22";

class SecretInputsTest : public RunnerTest {
 protected:
  // Whether it stands anywhere in the journals behind the starts, which hold the inputs: in texts or in facts.
  bool is_in_a_journal(const std::string& secret) const {
    bool found = false;
    const Status read = store_->view().log({.resource = "_run"}, [&](const Event& event) {
      if (event.version == 1) return true;
      for (const auto& [name, value] : event.arguments.members()) {
        if (value.if_text() != nullptr) found = found || value.if_text()->find(secret) != std::string::npos;
        if (value.if_bytes() == nullptr) continue;
        const Bytes& bytes = *value.if_bytes();
        found = found || std::search(bytes.begin(), bytes.end(), secret.begin(), secret.end()) != bytes.end();
      }
      return true;
    });
    EXPECT_TRUE(read.ok()) << read.message();
    return found;
  }
};

TEST_F(SecretInputsTest, StandInNoErrorThatIsRecorded) {
  functions_["check"] = [](const Object& args, StepContext&) {
    return StepOutcome::failed("refused", "the bank knows no " + args.find("pin")->as_text());
  };
  declare("inner",
          "[input]\npin = { type = 'string', secret = true }\n[step.check]\nrun = 'check'\nargs = { pin = '${input.pin}' }\n"
          "retry = { max_attempts = 2, first = '1s' }\ncompensate = [{ error = 'nor do we: ${input.pin}, ${error.message}' }]\n");
  // It does not know that what it gives is secret.
  declare("outer", "[input]\np = 'string'\n[step.call]\nworkflow = 'inner'\nargs = { pin = '${input.p}' }\n");
  run("inner", {{"pin", kSecret}}, "r-1");
  run("outer", {{"p", kSecret}}, "r-2");

  EXPECT_EQ(info("r-1").error, "refused: the bank knows no [secret]");
  EXPECT_EQ(info("r-2").error, "refused: run 'r-2/call' ended as failed: the bank knows no [secret]");
  EXPECT_FALSE(is_in_a_journal(kSecret));
}

TEST_F(SecretInputsTest, AreGivenToWhatStepsDo) {
  std::string given;
  functions_["check"] = [&given](const Object& args, StepContext&) {
    given = args.find("pin")->as_text();
    return StepOutcome::done(given);
  };
  declare("inner",
          "[input]\npin = { type = 'string', secret = true }\n[step.check]\nrun = 'check'\nargs = { pin = '${input.pin}' }\n");
  declare("outer",
          "[input]\np = 'string'\n[step.call]\nworkflow = 'inner'\nargs = { pin = '${input.p}' }\n"
          "[step.same]\ntemplate = { expr = '${call} = ${input.p}' }\n");

  EXPECT_EQ(run("outer", {{"p", kSecret}}).result, "true");
  EXPECT_EQ(given, kSecret);
  EXPECT_EQ(info("r-1/call").result, "\"[secret]\"");
}

TEST_F(SecretInputsTest, AreHiddenWithAllTheirParts) {
  declare("w",
          "[input]\ncard = { type = 'object', secret = true }\n[step.note]\ndebug = 'of ${input.card.number}'\n"
          "[step.all]\ncollect = { a = '${input.card}', b = ['${input.card.number}'], c = 'no ${input.card.number}', d = 'free', "
          "e = '${input.card.valid}' }\n");
  const RunInfo done = run("w", {{"card", Object{{"number", "4111-1111"}, {"month", 7}, {"valid", true}}}});

  EXPECT_EQ(done.result, R"({"a":"[secret]","b":["[secret]"],"c":"[secret]","d":"free","e":true})");
  EXPECT_EQ(run_detail(store_->view(), "r-1")->pulses.at(1).message, "[secret]");
}

TEST_F(SecretInputsTest, LeaveWhatOnlyLooksLikeThem) {
  declare("w",
          "[input]\npin = { type = 'int', secret = true }\nword = { type = 'string', secret = true }\n"
          "[step.no]\nfail = '${input.pin} is not 17 or 71, and ${input.word} is no pass'\n");

  EXPECT_EQ(run("w", {{"pin", 7}, {"word", "a\"b"}}).error, "fail: [secret] is not 17 or 71, and [secret] is no pass");
}

// One may be a part of another, of the mark, or of any word.
TEST_F(SecretInputsTest, AreHiddenOnceEach) {
  declare("w",
          "[input]\na = { type = 'string', secret = true }\nb = { type = 'string', secret = true }\n"
          "[step.no]\nfail = 'with ${input.a} and ${input.b}: there, ${input.a}${input.b}'\n");

  EXPECT_EQ(run("w", {{"a", "secret"}, {"b", "e"}}, "r-1").error, "fail: with [secret] and [secret]: there, [secret]e");
  EXPECT_EQ(run("w", {{"a", "longpass"}, {"b", "pass"}}, "r-2").error, "fail: with [secret] and [secret]: there, [secret][secret]");
  EXPECT_EQ(run("w", {{"a", "here"}, {"b", "her"}}, "r-3").error, "fail: with [secret] and [secret]: t[secret], [secret]her");
  declare("outer",
          "[input]\na = { type = 'string', secret = true }\n[step.w]\nworkflow = 'w'\nargs = { a = '${input.a}', b = 'secret' }\n");
  EXPECT_EQ(run("outer", {{"a", "secret"}}, "r-4").error,
            "fail: run 'r-4/w' ended as failed: with [secret] and [secret]: there, [secret][secret]");
}

TEST_F(SecretInputsTest, StandInNoReasonToStandStill) {
  const TempFolder folder;
  const std::string file = folder.path("hunter22.csv");
  std::ofstream(file) << "a\n1\n";
  declare("w",
          "[input]\nfile = { type = 'string', secret = true }\n[step.m]\nover = { file = '${input.file}' }\n"
          "[step.m.step.ask]\napprove = 'row ${item.a}?'\n");
  start("w", {{"file", file}});
  work();
  std::filesystem::remove(file);
  work();

  EXPECT_EQ(info().parked.substr(0, 32), "E9005: '[secret]' cannot be read") << info().parked;
  EXPECT_FALSE(is_in_a_journal("hunter22"));
}

TEST_F(SecretInputsTest, AreInNoQuestion) {
  declare("w", "[input]\npin = { type = 'string', secret = true }\n[step.ask]\napprove = 'let ${input.pin} in?'\n");
  start("w", {{"pin", kSecret}});
  work();

  EXPECT_EQ(run_detail(store_->view(), "r-1")->open.at(0).waits_for, "[secret]");
}

}  // namespace
}  // namespace forge
