// Large results: they lie in the log while a run goes on, and whoever refers to them has them all the same.

#include "stored_results.h"

#include <gtest/gtest.h>

#include "forge/workflows/steering.h"
#include "run_journal.h"
#include "runner_fixture.h"

namespace forge {
namespace {

constexpr std::size_t kLarge = 300'000;

// A text of its own for each number, which is not to be held in memory.
std::string large(std::int64_t number) {
  return std::to_string(number) + std::string(kLarge, static_cast<char>('a' + number % 26)) + ".";
}

// "7h.(300002)": enough to tell one from another.
std::string brief(const std::string& text) {
  return text.substr(0, 2) + text.substr(text.size() - 1) + "(" + std::to_string(text.size()) + ")";
}

std::string words_of(const Value& value) {
  if (const std::string* text = value.if_text()) return text->size() > kLarge ? brief(*text) : *text;
  if (const List* list = value.if_list()) {
    std::string words;
    for (const Value& one : *list) words += (words.empty() ? "" : " ") + words_of(one);
    return "[" + words + "]";
  }
  if (const Object* object = value.if_object()) {
    std::string words;
    for (const auto& [name, member] : object->members()) words += (words.empty() ? "" : " ") + name + "=" + words_of(member);
    return "{" + words + "}";
  }
  return to_json(value);
}

class StoredResults : public RunnerTest {
 protected:
  StoredResults() {
    functions_["large"] = [this](const Object& args, StepContext&) {
      ++calls_;
      const Value* number = args.find("n");
      return StepOutcome::done(large(number == nullptr ? 1 : number->as_int()));
    };
    functions_["words"] = [](const Object& args, StepContext&) { return StepOutcome::done(words_of(args)); };
    functions_["note"] = [this](const Object& args, StepContext&) { return noted_.push_back(words_of(args)), StepOutcome::done(); };
    functions_["fail"] = [](const Object&, StepContext&) { return StepOutcome::failed("broken", "it is"); };
    functions_["halt"] = [](const Object&, StepContext&) { return StepOutcome::halted(large(8)); };
  }

  // Runs it until it waits, and says what its results take in memory meanwhile.
  std::size_t held(const std::string& toml) {
    declare("w", toml);
    start("w");
    work();
    EXPECT_EQ(info().status, "running") << info().error;
    const std::size_t bytes = runner_->engine().result_bytes();
    runner_->run();
    return bytes;
  }
  void go_on(bool with_another_runner) {
    ASSERT_TRUE(send_signal(*store_, "go", "", nullptr).ok());
    with_another_runner ? work() : runner_->run();
  }
  std::string replayed(const std::string& id = "r-1") const {
    const Result<ReplayReport> report = replay_run(store_->view(), id, {});
    if (!report.ok()) return report.status().message();
    return report->is_identical() ? "identical" : report->difference->step + ": " + report->difference->replayed;
  }

  int calls_ = 0;
  std::vector<std::string> noted_;
};

constexpr std::size_t kLittle = 20'000;  // bytes

TEST_F(StoredResults, LieInTheLogWhileTheRunWaitsAndAreReadByALaterStep) {
  constexpr const char* kWaits =
      "[step.big]\nrun='large'\n[step.hold]\nwait='go'\nafter=['big']\n"
      "[step.use]\nrun='words'\nargs={ text='${big}', part='it is ${big}' }\nafter=['hold']\n";
  for (const bool with_another_runner : {false, true}) {
    const std::string id = with_another_runner ? "r-2" : "r-1";
    declare("w", kWaits);
    start("w", {}, id);
    work();
    EXPECT_EQ(info(id).status, "running");
    EXPECT_LT(runner_->engine().result_bytes(), kLittle);

    go_on(with_another_runner);

    EXPECT_EQ(info(id).result, "\"{text=1b.(300002) part=it.(300008)}\"");
    EXPECT_EQ(replayed(id), "identical");
  }
  EXPECT_EQ(calls_, 2);
}

TEST_F(StoredResults, AreNotLoadedByARunnerThatTakesTheRunUp) {
  held(
      "[step.big]\nrun='large'\n[step.hold]\nwait='go'\nafter=['big']\n[step.use]\nrun='words'\nargs={ text='${big}' "
      "}\nafter=['hold']\n");

  work();

  EXPECT_LT(runner_->engine().result_bytes(), kLittle);
}

TEST_F(StoredResults, ThatAreSmallAreHeldInMemory) {
  functions_["small"] = [](const Object&, StepContext&) { return StepOutcome::done(std::string(60'000, 's')); };
  EXPECT_GT(held("[step.a]\nrun='small'\n[step.hold]\nwait='go'\nafter=['a']\n"
                 "[step.use]\nrun='words'\nargs={ text='${a}' }\nafter=['hold']\n"),
            60'000U);
}

TEST_F(StoredResults, PassOutOfGroupsBranchesIterationsAndMaps) {
  const std::size_t bytes = held(
      "ttl_hops = 20\n"
      "[step.g]\ngroup=true\n[step.g.step.x]\nrun='large'\nargs={n=2}\n"
      "[step.b.switch.yes]\nwhen='1 = 1'\n[step.b.switch.yes.step.x]\nrun='large'\nargs={n=3}\n"
      "[step.i]\nrecurse={ start=0, until='length(${item}) > 10', at_most=3 }\n[step.i.step.x]\nrun='large'\nargs={n=4}\n"
      "[step.m]\nover=[5,6]\n[step.m.step.inner]\nover=['p']\n[step.m.step.inner.step.x]\nrun='large'\nargs={n=7}\n"
      "[step.c]\nover=[5,6]\non_item_error='collect'\n[step.c.step.x]\nrun='large'\nargs={n='${item}'}\n"
      "[step.hold]\nwait='go'\nafter=['g','b','i','m','c']\n"
      "[step.use]\nrun='words'\nargs={ g='${g}', b='${b}', i='${i}', m='${m}', one='${m[1][0]}', c='${c}' }\nafter=['hold']\n");
  EXPECT_LT(bytes, kLittle);

  go_on(true);

  EXPECT_EQ(info().result,
            "\"{g=2c.(300002) b=3d.(300002) i=4e.(300002) m=[[7h.(300002)] [7h.(300002)]] one=7h.(300002)"
            " c={results=[5f.(300002) 6g.(300002)] failures=[]}}\"")
      << info().error;
  EXPECT_EQ(replayed(), "identical");
}

TEST_F(StoredResults, AreTheItemOfAnIterationThatWaits) {
  const std::size_t bytes = held(
      "[step.i]\nrecurse={ start='', until='length(${item}) > 300003', at_most=3 }\n"
      "[step.i.step.wait]\nwait='go'\n[step.i.step.n]\nrun='words'\nargs={ was='${item}' }\nafter=['wait']\n"
      "[step.i.step.x]\nrun='large'\nafter=['n']\n");
  go_on(false);
  const std::size_t later = runner_->engine().result_bytes();
  go_on(false);

  EXPECT_LT(bytes + later, kLittle);
  const HopDetail second = hop_detail(store_->view(), "r-1", "i[1].n").value();
  EXPECT_EQ(words_of(second.token_out), "{was=1b.(300002)}");
}

TEST_F(StoredResults, DecideConditionsAndAreGivenToTransactionsAndWaits) {
  held(
      "[step.big]\nrun='large'\n[step.hold]\nwait='go'\nafter=['big']\n"
      "[step.seen]\nwait={ event='Order.noted', where='${event.changes.note} = substr(${big}, 1, 2)' }\nafter=['hold']\n"
      "[step.no]\nrun='note'\nwhere='length(${big}) < 5'\nafter=['seen']\n"
      "[step.t]\ntransaction=true\nafter=['seen']\n[step.t.step.n]\naction='Order.note'\nargs={ id='o-1', note='${big}' }\n");
  go_on(true);
  store_->act("Order.note", {{"id", "o-1"}, {"note", "no"}}).value();
  runner_->run();
  EXPECT_EQ(info().status, "running");
  store_->act("Order.note", {{"id", "o-1"}, {"note", "1b"}}).value();
  runner_->run();

  EXPECT_EQ(info().status, "completed") << info().error;
  EXPECT_EQ(words_of(get("Order", "o-1")["note"]), "1b.(300002)");
  EXPECT_TRUE(noted_.empty());
  EXPECT_LT(runner_->engine().result_bytes(), kLittle);
  EXPECT_EQ(replayed(), "identical");
}

TEST_F(StoredResults, AreGivenToAnUndo) {
  const std::size_t bytes = held(
      "[step.big]\nrun='large'\nundo={ run='note', args={ made='${big}' } }\n[step.hold]\nwait='go'\nafter=['big']\n"
      "[step.no]\nrun='fail'\nafter=['hold']\n");
  EXPECT_LT(bytes, kLittle);

  go_on(true);

  EXPECT_EQ(info().status, "compensated");
  EXPECT_EQ(noted_, std::vector<std::string>{"{made=1b.(300002)}"});
  EXPECT_EQ(replayed(), "identical");
}

TEST_F(StoredResults, OfAChildReachTheRunThatWaitedForIt) {
  declare("ends", "return='big'\n[step.big]\nrun='large'\nargs={n=9}\n[step.hold]\nwait='inner'\nafter=['big']\n");
  const std::size_t bytes = held(
      "[step.c]\nworkflow='ends'\n[step.hold]\nwait='go'\nafter=['c']\n"
      "[step.use]\nrun='words'\nargs={ c='${c}' }\nafter=['hold']\n");
  EXPECT_LT(bytes, kLittle);
  ASSERT_TRUE(send_signal(*store_, "inner", "", nullptr).ok());
  work();
  EXPECT_LT(runner_->engine().result_bytes(), kLittle);

  go_on(true);

  EXPECT_EQ(info().result, "\"{c=9j.(300002)}\"") << info().error;
}

TEST_F(StoredResults, WithWhichARunHaltsAreNotHeldEither) {
  declare("w", "[step.h]\nrun='halt'\n[step.use]\nrun='words'\nargs={ h='${h}' }\n");
  declare("p", "[step.c]\nworkflow='w'\n");
  EXPECT_EQ(run("p").status, "halted");
  EXPECT_LT(runner_->engine().result_bytes(), kLittle);

  ASSERT_TRUE(tell_run(*store_, "r-1", RunTelling::kResume).ok());
  work();

  EXPECT_EQ(info().result, "\"{h=8i.(300002)}\"") << info().error;
}

TEST_F(StoredResults, AreTakenOverByAForkAndShownOfAHop) {
  declare("w", "[step.g]\ngroup=true\n[step.g.step.x]\nrun='large'\nargs={n=2}\n[step.use]\nrun='words'\nargs={ g='${g}' }\n");
  EXPECT_EQ(run("w").status, "completed");
  ASSERT_TRUE(fork_run(*store_, "r-1", {.id = "f-1", .from = "use"}).ok());
  work();

  EXPECT_EQ(info("f-1").result, "\"{g=2c.(300002)}\"");
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(words_of(hop_detail(store_->view(), "r-1", "g").value().token_out), "2c.(300002)");
}

// Nothing is decided on what cannot be read.
TEST_F(StoredResults, ThatCannotBeReadLeaveTheRunUndecided) {
  const auto outcome = parse_workflow(
      "workflow='w'\n[step.big]\nrun='f'\n[step.hold]\nwait='go'\nafter=['big']\n"
      "[step.use]\nrun='f'\nargs={ text='${big}' }\nafter=['hold']\n",
      "w.toml");
  internal::RunFold fold("r-1", outcome.definition, {});
  fold.read_from(store_->view());
  internal::Fact fact;
  fact.value = Object{{"input", Object{}}};
  fact.hops = 8;
  ASSERT_TRUE(fold.take(fact, 1).ok());
  fact = {.kind = internal::Fact::Kind::kCompleted, .hop = {0, 0}, .attempt = 1, .value = large(1)};
  ASSERT_TRUE(fold.take(fact, 1'000'000).ok()) << "which is not in this store";
  EXPECT_LT(internal::result_bytes(fold.state()), kLittle);
  fact = {.kind = internal::Fact::Kind::kSignalled, .hop = {0, 1}};

  EXPECT_EQ(fold.take(fact, 1'000'001).status().id(), ErrorId::kEventNotFound);
}

}  // namespace
}  // namespace forge
