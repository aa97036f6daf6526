// Steps that are programs, carried out by a runner on threads.

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "forge/workflows/runner.h"
#include "runner_fixture.h"

namespace forge {
namespace {

class Exec : public RunnerTest {
 protected:
  Exec() {
    directory_ = std::filesystem::temp_directory_path() / ("forge-exec-" + std::to_string(::getpid()));
    std::filesystem::create_directory(directory_);
    system_ = std::make_unique<Store>(Store::open(":memory:", {}).value());
    options_.programs["sh"] = {.command = {"/bin/sh"}, .directory = directory_, .accepts = {"MODE"}};
    options_.programs["cat"] = {.command = {"/bin/cat"}};
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  RunInfo run(const std::string& toml, const std::string& id = "r-1") {
    const auto outcome = parse_workflow("workflow='w'\n" + toml, "w.toml");
    for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
    Runner runner = Runner::start(*system_, options_).value();
    const Result<RunInfo> ended = runner.run(*outcome.definition, {.id = id});
    EXPECT_TRUE(ended.ok()) << ended.status().message();
    return ended.ok() ? *ended : RunInfo{};
  }
  std::string file(const char* name) const {
    std::ifstream in(directory_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path directory_;
  std::unique_ptr<Store> system_;
  RunnerOptions options_;
};

TEST_F(Exec, ATokenGoesInAndAValueComesOut) {
  const RunInfo ended =
      run("[step.p]\nexec = 'cat'\nargs = { sku = 'tea', qty = 2 }\n[step.t]\ntemplate = '${p.values.qty} ${p.hops_left}'\n");
  EXPECT_EQ(ended.result, "\"2 8\"");
}

TEST_F(Exec, ArgumentsAreWordsAndNoShellReadsThem) {
  const RunInfo ended =
      run("[step.p]\nexec = ['sh', '-c', 'printf \"\\\"%s\\\"\" \"$1\"', 'sh', '$(id) ; ${p2}']\n[step.p2]\ntemplate = 'a  b'\n");
  EXPECT_EQ(ended.result, "\"a  b\"");
  EXPECT_EQ(run("[step.q]\nexec = ['sh', '-c', 'printf \"\\\"%s\\\"\" \"$1\"', 'sh', '$(id) ; *']\n", "r-2").result,
            "\"$(id) ; *\"");
}

TEST_F(Exec, TheEnvironmentHasTheKeyOfTheHop) {
  const RunInfo ended = run(
      "[step.p]\nexec = ['sh', '-c', 'echo \"\\\"$FORGE_RUN $FORGE_STEP $FORGE_ATTEMPT $FORGE_IDEMPOTENCY_KEY $MODE $HOME\\\"\"']\n"
      "environment = { MODE = 'live' }\n");
  EXPECT_NE(run("[step.p]\nexec = 'cat'\nenvironment = { LD_PRELOAD = '/tmp/x.so' }\n", "r-2")
                .error.find("takes no variable 'LD_PRELOAD'"),
            std::string::npos);
  EXPECT_EQ(ended.result, "\"r-1 p 1 r-1/0/0 live \"") << "HOME is not handed on unless the operator says so";
}

TEST_F(Exec, ExitStatus75IsTriedAgainWithTheSameKey) {
  const RunInfo ended =
      run("[step.p]\nexec = ['sh', '-c', 'echo $FORGE_IDEMPOTENCY_KEY >> keys; [ $FORGE_ATTEMPT = 3 ] || exit 75']\n"
          "retry = { max_attempts = 3, first = '1ms', on = ['never'] }\n");
  EXPECT_EQ(ended.status, "completed");
  EXPECT_EQ(file("keys"), "r-1/0/0\nr-1/0/0\nr-1/0/0\n");
}

TEST_F(Exec, WhatGoesWrongIsSaidClearly) {
  options_.programs["gone"] = {.command = {"/nowhere/gone"}};
  auto error_of = [this, n = 0](const std::string& step) mutable {
    return run("[step.p]\n" + step, "e-" + std::to_string(++n)).error;
  };
  EXPECT_EQ(error_of("exec = ['sh', '-c', 'echo why >&2; exit 3']\n"), "exit_3: program 'sh' ended with exit status 3: why");
  EXPECT_EQ(error_of("exec = ['sh', '-c', 'kill -KILL $$']\n"), "signal_9: program 'sh' was ended by signal 9");
  EXPECT_EQ(error_of("exec = ['sh', '-c', 'echo no JSON']\n").substr(0, 36), "output: what program 'sh' wrote is n");
  EXPECT_EQ(error_of("exec = ['sh', '-c', 'cat /dev/zero']\n"), "output: program 'sh' wrote more than 1048576 bytes");
  EXPECT_NE(error_of("exec = 'gone'\n").find("cannot run '/nowhere/gone': No such file"), std::string::npos);
}

TEST_F(Exec, ATimeoutEndsTheProgramAndAllThatItBegan) {
  const RunInfo ended = run("[step.p]\nexec = ['sh', '-c', 'tail -f /dev/null & echo $! > child; wait']\ntimeout = '200ms'\n");
  EXPECT_NE(ended.error.find("timeout"), std::string::npos) << ended.error;
  const std::string child = file("child");
  ASSERT_FALSE(child.empty());
  const std::string stat = "/proc/" + child.substr(0, child.size() - 1) + "/stat";
  const auto is_alive = [&stat] {
    std::ifstream in(stat);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return !text.empty() && text.find(") Z") == std::string::npos;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (is_alive() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_FALSE(is_alive()) << "it was killed with the program";
}

TEST_F(Exec, ACancelledRunEndsItsProgram) {
  const auto outcome =
      parse_workflow("workflow='w'\n[step.p]\nexec = ['sh', '-c', 'echo on > begun; exec tail -f /dev/null']\n", "w.toml");
  ASSERT_TRUE(outcome.errors.empty()) << outcome.errors[0].message();
  Runner runner = Runner::start(*system_, options_).value();
  ASSERT_TRUE(start_run(*system_, *outcome.definition, {.id = "r-1"}).ok());
  while (file("begun").empty()) std::this_thread::yield();
  ASSERT_TRUE(tell_run(*system_, "r-1", RunTelling::kCancel).ok());
  EXPECT_EQ(runner.wait("r-1", std::chrono::minutes(1)).value().status, "cancelled");
}

TEST_F(Exec, AProgramThatIsNotRegisteredIsWaitedFor) {
  declare("w", "[step.p]\nexec = 'unheard'\n");
  start("w");
  work();
  EXPECT_EQ(info().status, "running");
  EXPECT_EQ(runner_->summary().parked.at("r-1").id(), ErrorId::kWorkflowReference);

  programs_["unheard"] = {.command = {"/bin/true"}};
  work();
  EXPECT_EQ(info().status, "completed");
}

// A runner that ends after any task: the program is run again where nobody knows what came of it, with the same key, and what
// follows from it is there once.
TEST_F(Exec, IsRunAtLeastOnceWhereverTheRunnerEnds) {
  programs_["sh"] = options_.programs.at("sh");
  declare("w",
          "[step.p]\nexec = ['sh', '-c', 'echo $FORGE_IDEMPOTENCY_KEY >> \"$FORGE_RUN\"; echo 1']\n"
          "[step.take]\naction = 'Stock.reserve'\nargs = { sku = 'tea', qty = '${p}' }\n");
  store_->act("Stock.fill", {{"sku", "tea"}, {"left", 100}}).value();
  std::size_t runs = 0;
  for (std::size_t tasks = 1; tasks < 12; ++tasks, ++runs) {
    const std::string id = "r-" + std::to_string(tasks);
    start("w", {}, id);
    VirtualRunner(*store_, clock_, {}, {}, programs_).run(1'000'000, tasks);
    VirtualRunner(*store_, clock_, {}, {}, programs_).run();
    EXPECT_EQ(info(id).status, "completed") << tasks << " tasks";
    const std::string once = id + "/0/0\n";
    EXPECT_TRUE(file(id.c_str()) == once || file(id.c_str()) == once + once) << file(id.c_str());
  }
  EXPECT_EQ(get("Stock", "tea")["left"], Value(100 - static_cast<std::int64_t>(runs)));
}

// ---- The file of programs

TEST(Programs, AreReadFromAFile) {
  const auto read = parse_programs(
      "[program.card]\ncommand = ['bin/card', '--live']\ndirectory = 'data'\nenvironment = ['TOKEN']\naccepts = ['MODE']\n"
      "[program.date]\ncommand = ['/bin/date']\n",
      "programs.toml", "/srv/pay");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->at("card").command, (std::vector<std::string>{"/srv/pay/bin/card", "--live"}));
  EXPECT_EQ(read->at("card").directory, "/srv/pay/data");
  EXPECT_EQ(read->at("card").environment, std::vector<std::string>{"TOKEN"});
  EXPECT_EQ(read->at("card").accepts, std::vector<std::string>{"MODE"});
  EXPECT_EQ(read->at("date").command[0], "/bin/date");
  EXPECT_EQ(read->at("date").directory, "");
}

TEST(Programs, OfAFileThatIsWrongAreRefusedWithThePlace) {
  const auto refusal = [](const char* toml) { return parse_programs(toml, "p.toml", "/").status().message(); };
  EXPECT_NE(refusal("[program.a]\n").find("p.toml:1:"), std::string::npos) << refusal("[program.a]\n");
  EXPECT_NE(refusal("[program.a]\ncommand = []\n").find("no 'command'"), std::string::npos)
      << refusal("[program.a]\ncommand = []\n");
  EXPECT_NE(refusal("[program.a]\ncommand = ['/a']\nshell = true\n").find("p.toml:3:1"), std::string::npos);
  EXPECT_NE(refusal("[programs.a]\ncommand = ['/a']\n").find("unknown attribute 'programs'"), std::string::npos);
  EXPECT_NE(refusal("[program.'9']\ncommand = ['/a']\n").find("cannot name a program"), std::string::npos);
}

TEST_F(Exec, AProgramUndoesAProgramAndTheJournalSaysSo) {
  const RunInfo ended =
      run("[step.p]\nexec = ['sh', '-c', 'echo done > p; echo 1']\nundo = { exec = ['sh', '-c', 'rm p; echo gone > u'] }\n"
          "[step.q]\nfail = 'no'\nafter = ['p']\n");

  EXPECT_EQ(ended.status, "compensated") << ended.error;
  EXPECT_EQ(file("p") + file("u"), "gone\n");
  const RunDetail detail = run_detail(system_->view(), "r-1").value();
  std::map<std::string, Seq> pulses;
  for (const Pulse& pulse : detail.pulses) pulses[pulse.what + " " + pulse.step] = pulse.seq;
  ASSERT_EQ(pulses.count("undone p"), 1U);
  EXPECT_EQ(system_->view().event(pulses.at("undone p"))->causation, std::optional(pulses.at("completed p")));
}

}  // namespace
}  // namespace forge
