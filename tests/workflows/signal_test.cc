// Who receives a signal: hooks, consumers of the program, runs that wait; and what becomes of one that nobody receives.

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stdexcept>

#include "forge/store/server.h"
#include "forge/workflows/graph.h"
#include "forge/workflows/replay.h"
#include "forge/workflows/runner.h"
#include "forge/workflows/workflow.h"
#include "runner_fixture.h"

namespace forge {
namespace {

// ---- Hooks

using SignalHooks = RunnerTest;

constexpr const char* kPaying = R"(
on = { signal = "paid", where = "${signal.value.cents} > 0", input = { order = "${signal.key}", cents = "${signal.value.cents}" } }
[input]
order = "string"
cents = "int"
[step.note]
action = "Order.note"
args = { id = "${input.order}", note = "${signal.name}: ${input.cents}" }
)";

Seq last_signal_seq(const Store& store, const std::string& id) {
  return store.get("_signal", id).value().seq();
}

TEST_F(SignalHooks, EachSignalOfTheNameStartsOneRun) {
  declare("paying", kPaying);
  ASSERT_TRUE(send_signal(*store_, "paid", "o-1", Object{{"cents", 5}}, {.options = {.actor = "web"}}).ok());
  const Seq seq = last_signal_seq(*store_, "paid/o-1");
  ASSERT_TRUE(send_signal(*store_, "paid", "o-1", Object{{"cents", 0}}).ok());
  ASSERT_TRUE(send_signal(*store_, "paid", "o-1", nullptr).ok());
  ASSERT_TRUE(send_signal(*store_, "paid-late", "o-1", Object{{"cents", 5}}).ok());

  work();
  work();

  ASSERT_EQ(runs(store_->view()).value().size(), 1U);
  EXPECT_EQ(info("paying@" + std::to_string(seq)).status, "completed");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("paid: 5"));
  EXPECT_EQ(last_event("Order.noted").actor, "web");
}

TEST_F(SignalHooks, WithAKeyAreForSignalsOfThatKey) {
  declare("one", "on = { signal = 'paid', key = 7 }\n[step.text]\ntemplate = '${signal.key} ${event.type}'\n");
  for (const char* key : {"", "6", "7", "77"}) ASSERT_TRUE(send_signal(*store_, "paid", key, nullptr).ok());

  work();

  ASSERT_EQ(runs(store_->view()).value().size(), 1U);
  EXPECT_EQ(runs(store_->view()).value()[0].result, "\"7 _signal.sent\"");
}

// Each task of a runner may be its last: a signal starts its run once all the same.
TEST_F(SignalHooks, StartOneRunForASignalWhereverTheRunnerEnds) {
  declare("paying", kPaying);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(send_signal(*store_, "paid", "o-1", Object{{"cents", i}}).ok());

  work_in_many_lives();

  EXPECT_EQ(runs(store_->view(), "completed").value().size(), 5U);
  EXPECT_EQ(count_of("Order.noted"), 5);
}

// A workflow that sends what starts it: its runs have the hops that are left, and die out.
TEST_F(SignalHooks, InheritTheHopsOfTheRunThatSentTheSignal) {
  declare("storm", "on = { signal = 'go' }\n[step.again]\nsignal = 'go'\n");
  ASSERT_TRUE(send_signal(*store_, "go", "", nullptr).ok());

  work();

  EXPECT_EQ(runs(store_->view()).value().size(), 9U);
  EXPECT_EQ(runs(store_->view(), "failed").value().size(), 1U);
}

TEST_F(SignalHooks, AreReplayedFromTheJournal) {
  declare("paying", kPaying);
  ASSERT_TRUE(send_signal(*store_, "paid", "o-1", Object{{"cents", 5}}).ok());
  work();

  const Result<ReplayReport> replay = replay_run(store_->view(), runs(store_->view()).value()[0].id);

  ASSERT_TRUE(replay.ok()) << replay.status().message();
  EXPECT_TRUE(replay->is_identical());
}

// ---- Declaring them

std::string errors_in(const std::string& toml) {
  std::string lines;
  for (const Status& error : parse_workflow(toml, "w.toml").errors) lines += error.message() + "\n";
  return lines;
}

std::string hook_errors(const std::string& on, const std::string& rest = "halt = 1\n") {
  return errors_in("workflow = 'w'\non = { " + on + " }\n[step.a]\n" + rest);
}

TEST(SignalHookDefinition, IsTheSameFromTomlAndFromCpp) {
  const auto toml = parse_workflow(
      "workflow = 'w'\non = { signal = 'paid', key = 'o-1', where = '${signal.value} > 1', input = { n = '${signal.value}' } }\n"
      "[input]\nn = 'int'\n[step.a]\nhalt = 1\n",
      "w.toml");
  Workflow cpp("w");
  cpp.set(
      "on",
      Object{{"signal", "paid"}, {"key", "o-1"}, {"where", "${signal.value} > 1"}, {"input", Object{{"n", "${signal.value}"}}}});
  cpp.input("n", "int");
  cpp.step("a").set("halt", 1);
  const auto made = cpp.define();
  ASSERT_TRUE(toml.errors.empty() && made.errors.empty());
  EXPECT_EQ(to_hex(toml.definition->hash()), to_hex(made.definition->hash()));
  EXPECT_EQ(toml.definition->stimulus(), "signal paid/o-1  where ${signal.value} > 1");
}

TEST(SignalHookDefinition, TellsWhatIsWrongWithItsPlace) {
  const auto has = [](const std::string& errors, const std::string& part, const std::string& place) {
    EXPECT_NE(errors.find(part), std::string::npos) << errors;
    EXPECT_NE(errors.find("(w.toml:" + place + ")"), std::string::npos) << errors;
  };
  has(hook_errors("event = 'A.b', signal = 'paid'"), "for an event and for a signal", "2:23");
  has(hook_errors("where = 'true'"), "or signal, schedule or every", "2:6");
  has(hook_errors("signal = ''"), "empty 'signal'", "2:18");
  has(hook_errors("signal = 'paid', key = '${signal.key}'"), "compare ${signal.key} in where", "2:32");
  has(hook_errors("signal = 'paid', key = ''"), "malformed 'key'", "2:32");
  has(hook_errors("signal = 'paid', where = '${signal.valu} > 1'"), "did you mean 'value'?", "2:34");
  has(hook_errors("signal = 'paid'", "halt = '${signal.kay}'\n"), "did you mean 'key'?", "4:9");
  has(hook_errors("event = 'A.b', where = '${signal.key} > 1'"), "no signal starts the workflow", "2:32");
  has(hook_errors("event = 'A.b'", "halt = '${signal.key}'\n"), "no signal starts the workflow", "4:9");
  has(errors_in("workflow = 'w'\non = { signal = 'paid' }\n[step.signal]\nhalt = 1\n"), "cannot name a step", "3:7");
  EXPECT_EQ(errors_in("workflow = 'w'\n[step.signal]\nhalt = 1\n[step.b]\nhalt = '${signal.key}'\n"), "");
}

TEST(SignalHookDefinition, IsDrawn) {
  const auto definition = parse_workflow("workflow = 'w'\non = { signal = 'paid' }\n[step.a]\nhalt = 1\n", "w.toml").definition;
  EXPECT_EQ(draw_workflow(*definition, WorkflowDrawing::kText), "w  1 of 8 hops\non signal paid\n  a  halt\n");
  EXPECT_NE(draw_workflow(*definition, WorkflowDrawing::kMermaid).find("  on([\"on signal paid\"])\n  on --> s0\n"),
            std::string::npos);
  EXPECT_NE(draw_workflow(*definition, WorkflowDrawing::kDot).find("  on [label=\"on signal paid\" shape=ellipse]\n  on -> s0\n"),
            std::string::npos);
}

// ---- Without a receiver

using Unreceived = RunnerTest;

Status offer(Store& store, const char* name, const char* key, const Value& value = nullptr) {
  return send_signal(store, name, key, value, {.refuse = true});
}

TEST_F(Unreceived, ASignalIsRefusedWhereThatIsAsked) {
  const Seq head = store_->head();

  const Status refused = offer(*store_, "paid", "o-1");

  EXPECT_EQ(refused.id(), ErrorId::kSignalUnreceived);
  EXPECT_EQ(refused.text().what, "nobody receives the signal 'paid/o-1'");
  EXPECT_EQ(refused.text().why, "no run waits for it, no hook is for it, and no program has asked for it");
  EXPECT_EQ(refused.text().state, "nothing was written");
  EXPECT_FALSE(refused.text().remedy.empty());
  EXPECT_EQ(store_->head(), head);
}

TEST_F(Unreceived, ASignalIsRecordedOrKeptWhereThatIsNotAsked) {
  EXPECT_TRUE(send_signal(*store_, "paid", "o-1", 1).ok());
  const Time until{clock_.now().micros + 10'000'000};
  EXPECT_TRUE(send_signal(*store_, "paid", "o-1", 2, {.keep_until = until}).ok());
  EXPECT_EQ(send_signal(*store_, "paid", "o-1", 3, {.keep_until = until, .refuse = true}).id(), ErrorId::kUsage);
  declare("waits", "[step.paid]\nwait = 'paid'\nkey = 'o-1'\n");
  EXPECT_EQ(run("waits").result, "2");
}

// Also one that has halted; and each wait receives one, whether or not a runner has told it so.
TEST_F(Unreceived, ARunThatWaitsIsAReceiverOfOne) {
  declare("waits", "[step.paid]\nwait = 'paid'\nkey = 'o-1'\n");
  start("waits");
  work();
  EXPECT_EQ(offer(*store_, "paid", "o-2").id(), ErrorId::kSignalUnreceived);
  EXPECT_EQ(offer(*store_, "paid", "").id(), ErrorId::kSignalUnreceived);

  EXPECT_TRUE(offer(*store_, "paid", "o-1", 5).ok());
  EXPECT_EQ(offer(*store_, "paid", "o-1", 6).id(), ErrorId::kSignalUnreceived);

  work();
  EXPECT_EQ(info().result, "5");
  EXPECT_EQ(offer(*store_, "paid", "o-1", 7).id(), ErrorId::kSignalUnreceived);
}

TEST_F(Unreceived, AHookIsAReceiverWhereItsConditionHolds) {
  declare("paying", kPaying);
  EXPECT_TRUE(offer(*store_, "paid", "o-1", Object{{"cents", 5}}).ok());
  EXPECT_EQ(offer(*store_, "paid", "o-1", Object{{"cents", 0}}).id(), ErrorId::kSignalUnreceived);
  EXPECT_EQ(offer(*store_, "sold", "o-1", Object{{"cents", 5}}).id(), ErrorId::kSignalUnreceived);
}

TEST_F(Unreceived, ASignalThatWasSentIsAnsweredAgain) {
  declare("waits", "[step.paid]\nwait = 'paid'\n");
  start("waits");
  work();
  const SignalOptions once{.refuse = true, .options = {.idempotency_key = "k-1"}};
  ASSERT_TRUE(send_signal(*store_, "paid", "", 5, once).ok());
  const Seq head = store_->head();
  EXPECT_TRUE(send_signal(*store_, "paid", "", 5, once).ok());
  EXPECT_EQ(store_->head(), head);
}

TEST_F(Unreceived, AStepFailsWhereItRefuses) {
  declare("sends", "[step.s]\nsignal = 'paid'\nkey = 'o-1'\nrefuse = true\nargs = { cents = 3 }\n");
  const RunInfo failed = run("sends", {}, "r-1");
  EXPECT_EQ(failed.status, "failed");
  EXPECT_NE(failed.error.find("E8020"), std::string::npos) << failed.error;

  declare("paying", kPaying);
  EXPECT_EQ(run("sends", {}, "r-2").status, "completed");
  EXPECT_EQ(get("Order", "o-1")["note"], Value("paid: 3"));
}

TEST_F(Unreceived, AStepKeepsOrRefuses) {
  const std::string errors = errors_in("workflow = 'w'\n[step.s]\nsignal = 'paid'\nkeep = '1h'\nrefuse = true\n");
  EXPECT_NE(errors.find("keeps a signal and refuses it"), std::string::npos) << errors;
  EXPECT_NE(errors.find("(w.toml:5:1)"), std::string::npos) << errors;
}

// ---- Consumers

// What a consumer was called with, for a test that waits for it.
class Heard {
 public:
  void add(const Signal& signal) {
    const std::lock_guard lock(mutex_);
    texts_.push_back(signal.name + "/" + signal.key + "=" + to_json(signal.value));
    changed_.notify_all();
  }
  // All of them, once there are `count`.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::minutes(1), [&] { return texts_.size() >= count; });
    return texts_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

class SignalConsumers : public RunnerTest {
 protected:
  SignalConsumers() : threads_(Runner::start(*store_, {.log = [this](LogLevel, std::string_view line) { note(line); }}).value()) {}
  void note(std::string_view line) {
    const std::lock_guard lock(mutex_);
    lines_ += std::string(line) + "\n";
  }
  std::string lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  void send(const char* name, const char* key, const Value& value) { ASSERT_TRUE(send_signal(*store_, name, key, value).ok()); }

  std::mutex mutex_;
  std::string lines_;
  Runner threads_;
};

TEST_F(SignalConsumers, HearWhatIsSentAfterTheyRegisteredInItsOrder) {
  send("paid", "a", 0);
  Heard all;
  Heard one;
  const SignalConsumer of_all = threads_.on_signal("paid", {}, [&](const Signal& signal) { all.add(signal); }).value();
  const SignalConsumer of_one = threads_.on_signal("paid", "b", [&](const Signal& signal) { one.add(signal); }).value();
  send("paid", "a", 1);
  send("paid-late", "b", 2);
  send("paid", "b", Object{{"cents", 3}});
  send("paid", "", "four");
  send("paid", "b", 5);

  EXPECT_EQ(all.wait_for(4), (std::vector<std::string>{"paid/a=1", "paid/b={\"cents\":3}", "paid/=\"four\"", "paid/b=5"}));
  EXPECT_EQ(one.wait_for(2), (std::vector<std::string>{"paid/b={\"cents\":3}", "paid/b=5"}));
}

TEST_F(SignalConsumers, HearWhatRunsSend) {
  declare("sends", "[step.s]\nsignal = 'paid'\nkey = 'a'\nargs = { cents = 3 }\n");
  Heard heard;
  const SignalConsumer consumer = threads_.on_signal("paid", {}, [&](const Signal& signal) { heard.add(signal); }).value();
  start("sends");
  EXPECT_EQ(threads_.wait("r-1").value().status, "completed");
  EXPECT_EQ(heard.wait_for(1), (std::vector<std::string>{"paid/a={\"cents\":3}"}));
}

TEST_F(SignalConsumers, ThatThrowGoOnAndHarmNoRunner) {
  Heard heard;
  const SignalConsumer consumer = threads_
                                      .on_signal("paid", {},
                                                 [&](const Signal& signal) {
                                                   heard.add(signal);
                                                   if (signal.value == Value(1)) throw std::runtime_error("no");
                                                   if (signal.value == Value(2)) throw 2;
                                                 })
                                      .value();
  for (int i = 1; i <= 3; ++i) send("paid", "", i);

  EXPECT_EQ(heard.wait_for(3).size(), 3U);
  EXPECT_NE(lines().find("a consumer of the signal 'paid' threw on event"), std::string::npos) << lines();
  declare("text", "[step.t]\ntemplate = 'fine'\n");
  start("text");
  EXPECT_EQ(threads_.wait("r-1").value().status, "completed");
}

TEST_F(SignalConsumers, AreReceiversUntilTheyEnd) {
  EXPECT_EQ(offer(*store_, "paid", "a").id(), ErrorId::kSignalUnreceived);
  SignalConsumer consumer = threads_.on_signal("paid", "a", [](const Signal&) {}).value();
  EXPECT_TRUE(offer(*store_, "paid", "a").ok());
  EXPECT_EQ(offer(*store_, "paid", "b").id(), ErrorId::kSignalUnreceived);
  SignalConsumer moved = std::move(consumer);
  EXPECT_TRUE(offer(*store_, "paid", "a").ok());
  moved.cancel();
  EXPECT_EQ(offer(*store_, "paid", "a").id(), ErrorId::kSignalUnreceived);
}

TEST_F(SignalConsumers, AreCalledNoMoreOnceTheyAreDestroyed) {
  std::atomic<int> calls{0};
  Heard heard;
  SignalConsumer goes = threads_.on_signal("paid", {}, [&](const Signal&) { ++calls; }).value();
  // It would be called first.
  const SignalConsumer stays = threads_.on_signal("paid", {}, [&](const Signal& signal) { heard.add(signal); }).value();
  goes = SignalConsumer();
  send("paid", "", 1);
  heard.wait_for(1);
  EXPECT_EQ(calls, 0);
}

TEST_F(SignalConsumers, MayEndThemselvesAndOutliveTheRunner) {
  Heard heard;
  SignalConsumer itself;
  SignalConsumer late = threads_.on_signal("late", {}, [](const Signal&) {}).value();
  std::mutex made;
  {
    const std::lock_guard lock(made);
    itself = threads_
                 .on_signal("paid", {},
                            [&](const Signal& signal) {
                              const std::lock_guard assigned(made);
                              itself.cancel();
                              heard.add(signal);
                            })
                 .value();
  }
  send("paid", "", 1);
  send("paid", "", 2);
  EXPECT_EQ(heard.wait_for(1).size(), 1U);
  threads_.stop();
  EXPECT_EQ(offer(*store_, "late", "").id(), ErrorId::kSignalUnreceived);
  EXPECT_EQ(threads_.on_signal("paid", {}, [](const Signal&) {}).status().id(), ErrorId::kCancelled);
  EXPECT_EQ(threads_.on_signal("", {}, [](const Signal&) {}).status().id(), ErrorId::kKeyInvalid);
}

// What a process that was killed has left behind.
TEST_F(SignalConsumers, OfAProcessThatIsGoneAreForgottenByTheNextRunner) {
  threads_.stop();
  ASSERT_TRUE(store_->set_checkpoint("_workflow.consumers", R"([{"name":"paid","key":null}])").ok());
  EXPECT_TRUE(offer(*store_, "paid", "a").ok());

  Runner next = Runner::start(*store_).value();

  EXPECT_EQ(offer(*store_, "paid", "a").id(), ErrorId::kSignalUnreceived);
}

// Of a store that is removed at the end.
class Directory {
 public:
  Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  const std::filesystem::path path_ = std::filesystem::temp_directory_path() / ("forge-signal-" + std::to_string(::getpid()));
};

TEST(SignalsOfOtherProcesses, AreRefusedUnlessAConsumerOfTheHolderHearsThem) {
  const Directory directory;
  Store holder = Store::open(directory.path()).value();
  const Server server = Server::start(holder).value();
  Runner runner = Runner::start(holder).value();
  Store attached = Store::open(directory.path(), {.create = false, .attach = true}).value();
  ASSERT_TRUE(attached.is_attached());
  EXPECT_EQ(offer(attached, "paid", "a").id(), ErrorId::kSignalUnreceived);

  Heard heard;
  const SignalConsumer consumer = runner.on_signal("paid", {}, [&](const Signal& signal) { heard.add(signal); }).value();
  EXPECT_TRUE(offer(attached, "paid", "a", 1).ok());
  EXPECT_EQ(heard.wait_for(1), (std::vector<std::string>{"paid/a=1"}));
}

}  // namespace
}  // namespace forge
