// Random sequences on shared stores, compared with a naive model.
//
// FORGE_SEED=N begins with seed N; each store takes the next one. FORGE_SEQUENCES=N sets how many sequences run in all; the default
// is 20,000, and a tenth of that where the build is slow. A failure prints the seed of its store and every step taken there.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "comparison.h"
#include "forge/store/store.h"
#include "forge/testing.h"
#include "lane.h"
#include "support/slow_build.h"

namespace forge::model {
namespace {

constexpr std::size_t kSequencesPerStore = 20;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets it
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What the sequences of a run came across.
struct Coverage {
  std::map<ErrorId, std::uint64_t> answers;  // kNone: accepted
  std::uint64_t replayed = 0, dry_runs = 0, reopened = 0;
  std::uint64_t sequences = 0;           // that ran to their end
  std::uint64_t sequences_reopened = 0;  // of these, those whose store was opened again
  Version longest = 0;                   // history of a record

  void add(const Coverage& other) {
    for (const auto& [id, count] : other.answers) answers[id] += count;
    replayed += other.replayed;
    dry_runs += other.dry_runs;
    reopened += other.reopened;
    sequences += other.sequences;
    sequences_reopened += other.sequences_reopened;
    longest = std::max(longest, other.longest);
  }
};

// One store, the sequences that share it and their models.
class Simulation {
 public:
  Simulation(std::uint64_t seed, std::string directory) : dice_(seed), ids_(seed), directory_(std::move(directory)) {
    options_.clock = &clock_;
    options_.ids = &ids_;
    options_.cache_bytes = 1 << 20;
    options_.durability = dice_.chance(20) ? Durability::kSync : Durability::kOs;
  }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // The first difference and the steps that led to it; empty: none.
  std::string run() {
    if (on_disk()) std::filesystem::remove_all(directory_);
    open();
    if (store_ != nullptr) {
      note(store_->add_schema({{"bank.fbs", std::string(kModelSchema)}}).status());
      log_ = ModelLog(store_->head(), store_->stats().value().head_time);
    }
    for (std::uint64_t i = 0; i < kSequencesPerStore; ++i) {
      lanes_.push_back(std::make_unique<Lane>(i + 1, log_, dice_));
      steps_left_.push_back(dice_.between(8, 24));
    }
    take_steps();
    compare_all(true);
    if (on_disk() && failure_.empty()) {
      options_.read_only = dice_.chance(50);
      reopen();
      compare_all(!options_.read_only);
    }
    store_.reset();
    if (on_disk()) std::filesystem::remove_all(directory_);
    if (failure_.empty()) coverage_.sequences = lanes_.size();
    if (coverage_.reopened > 0) coverage_.sequences_reopened = coverage_.sequences;
    return failure_.empty() ? "" : steps_ + failure_;
  }

  const Coverage& coverage() const { return coverage_; }

 private:
  bool on_disk() const { return directory_ != ":memory:"; }

  void note(const std::string& difference) {
    if (failure_.empty() && !difference.empty()) failure_ = "  " + difference + "\n";
  }
  void note(const Status& status) { note(status.ok() ? "" : status.message()); }

  void open() {
    Result<Store> opened = Store::open(directory_, options_);
    note(opened.status());
    if (opened.ok()) store_ = std::make_unique<Store>(*std::move(opened));
  }

  void reopen() {
    steps_ += "  reopen\n";
    ++coverage_.reopened;
    if (dice_.chance(50)) note(store_->close());
    store_.reset();
    open();
  }

  Comparison comparison(bool writable = true) {
    std::vector<const Model*> models;
    for (const auto& lane : lanes_) models.push_back(&lane->model());
    return {*store_, log_, std::move(models), clock_.now(), writable, dice_};
  }

  void take_steps() {
    std::vector<std::size_t> busy;
    for (std::size_t i = 0; i < lanes_.size(); ++i) busy.push_back(i);
    while (!busy.empty() && failure_.empty()) {
      const std::size_t at = dice_.below(busy.size());
      move_clock();
      step(*lanes_[busy[at]]);
      if (on_disk() && dice_.below(100) == 0 && failure_.empty()) reopen();
      if (--steps_left_[busy[at]] == 0) busy.erase(busy.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  void move_clock() {
    const std::uint64_t how = dice_.below(100);
    if (how < 30) return;
    if (how < 60)
      clock_.advance(dice_.between(1, 5));
    else if (how < 92)
      clock_.advance(dice_.between(1, 3'000'000));
    else
      clock_.advance(-dice_.between(1, 3'600'000'000));
  }

  void step(Lane& lane) {
    if (dice_.chance(8)) look_at_a_time();
    if (dice_.chance(5)) return bookmark(lane);
    const Attempt attempt = lane.next();
    steps_ += "  " + lane.name() + " at " + format_time(clock_.now()) + ": " + attempt.text() + "\n";
    const Prediction expected = lane.model().predict(attempt.requests, attempt.options, clock_.now());
    conclude(lane, attempt, expected, ask(attempt));
  }

  // By any of the ways that a caller has.
  Result<TransactionReceipt> ask(const Attempt& attempt) {
    if (attempt.requests.size() == 1 && dice_.chance(50)) {
      ActOptions options = attempt.options;
      options.if_version = attempt.requests.front().if_version;
      FORGE_ASSIGN(const Receipt one, store_->act(attempt.requests.front().action, attempt.requests.front().args, options));
      return TransactionReceipt{one.transaction, one.recorded_at, one.seq,
                                one.seq,         one.replayed,    {static_cast<const ActionReceipt&>(one)}};
    }
    if (!dice_.chance(5)) return store_->transact(attempt.requests, attempt.options);
    std::promise<Result<TransactionReceipt>> answer;
    store_->transact_async(attempt.requests, attempt.options,
                           [&](Result<TransactionReceipt> result) { answer.set_value(std::move(result)); });
    return answer.get_future().get();
  }

  void conclude(Lane& lane, const Attempt& attempt, const Prediction& expected, const Result<TransactionReceipt>& answer) {
    Comparison compare = comparison();
    compare.receipt(expected, answer);
    note(compare.difference());
    if (!failure_.empty()) return;
    cover(attempt, expected);
    std::set<RecordName> touched;
    if (answer.ok() && !answer->replayed && !attempt.options.dry_run) {
      lane.model().accept(expected, *answer, attempt.requests);
      for (const ActionReceipt& action : answer->actions) touched.insert({action.resource, action.key});
    }
    compare.current(lane.model(), touched);
    note(compare.difference());
  }

  void cover(const Attempt& attempt, const Prediction& expected) {
    ++coverage_.answers[expected.error];
    if (expected.replayed) ++coverage_.replayed;
    if (attempt.options.dry_run && expected.error == ErrorId::kNone) ++coverage_.dry_runs;
    for (const ModelEvent& event : expected.events) coverage_.longest = std::max(coverage_.longest, event.version);
  }

  // Fixes what lies at or before a time near the present, or asks again for one that was answered: the answer must stay the same.
  void look_at_a_time() {
    const Time now = clock_.now();
    Time time{now.micros + dice_.pick<std::int64_t>({0, 0, -1, 1, 500, -3'000'000})};
    if (!answered_.empty() && dice_.chance(50)) time = answered_.back();
    steps_ += "  as of " + format_time(time) + " at " + format_time(now) + "\n";
    const std::optional<Seq> expected = log_.resolve(time, now);
    const Result<Resolved> found = store_->resolve(time);
    if (!expected) {
      if (found.status().id() != ErrorId::kTimeInFuture) note("as of a time in the future gives " + found.status().message());
    } else if (!found.ok() || found->seq != *expected || !found->final) {
      note("as of that time is event " + (found.ok() ? std::to_string(found->seq) : found.status().message()) + ", not " +
           std::to_string(*expected));
    } else {
      answered_.push_back(time);
    }
  }

  void bookmark(Lane& lane) {
    const std::string name = lane.name() + dice_.pick({":a", ":b"});
    const Seq seq = dice_.below(log_.head + 2);
    Attempt attempt;
    attempt.options.actor = lane.name() + "/ann";
    const bool add = dice_.chance(65);
    attempt.requests.push_back({.action = add ? "_bookmark.add" : "_bookmark.remove", .args = {{"name", name}}});
    if (add) attempt.requests.front().args.add("seq", seq);
    steps_ += "  " + lane.name() + ": " + attempt.text() + "\n";
    Prediction expected = lane.model().predict(attempt.requests, attempt.options, clock_.now());
    if (add && seq > log_.head) expected = {.error = ErrorId::kTimeInFuture};
    if (!add && expected.error == ErrorId::kRecordNotFound) expected.error = ErrorId::kBookmarkNotFound;
    const Status status =
        add ? store_->add_bookmark(name, seq, attempt.options).status() : store_->remove_bookmark(name, attempt.options);
    if (status.id() != expected.error) return note("the bookmark's answer is " + status.message());
    ++coverage_.answers[expected.error];
    if (!status.ok()) return;
    TransactionReceipt receipt{.actions = {{.key = name}}};
    const Result<Event> event = store_->view().event(log_.head + 1);
    note(event.status());
    if (!event.ok()) return;
    receipt.transaction = event->transaction;
    lane.model().accept(std::move(expected), receipt, attempt.requests);
    const Result<Resolved> named = store_->resolve(BookmarkName{name});
    if (add ? !named.ok() || named->seq != seq : named.status().id() != ErrorId::kBookmarkNotFound)
      note("the bookmark resolves to another point");
  }

  void compare_all(bool writable) {
    if (!failure_.empty()) return;
    Comparison compare = comparison(writable);
    for (const auto& lane : lanes_) {
      compare.model(lane->model(), lane->name() + "/ann", lane->key_prefix());
      if (!compare.difference().empty()) break;
    }
    if (compare.difference().empty()) compare.whole();
    note(compare.difference());
  }

  Dice dice_;
  testing::ManualClock clock_;
  testing::SeededIds ids_;
  const std::string directory_;
  OpenOptions options_;
  ModelLog log_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::int64_t> steps_left_;
  std::vector<Time> answered_;
  std::unique_ptr<Store> store_;
  Coverage coverage_;
  std::string steps_, failure_;
};

std::uint64_t sequences_in_all() {
  constexpr std::uint64_t kSequences = testing_support::kIsSlowBuild ? 2000 : 20'000;
  return from_environment("FORGE_SEQUENCES", kSequences);
}

// Runs the stores of `sequences` in two threads; reports the first that differs.
Coverage simulate(std::uint64_t sequences, std::uint64_t seed, bool on_disk) {
  const std::uint64_t stores = (sequences + kSequencesPerStore - 1) / kSequencesPerStore;
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  Coverage coverage;
  const auto work = [&] {
    for (std::uint64_t i = next++; i < stores && !failed; i = next++) {
      const std::string directory =
          on_disk ? ::testing::TempDir() + "forge-model-" + std::to_string(::getpid()) + "-" + std::to_string(i) : ":memory:";
      Simulation simulation(seed + i, directory);
      const std::string failure = simulation.run();
      const std::lock_guard lock(mutex);
      coverage.add(simulation.coverage());
      if (failure.empty() || failed.exchange(true)) continue;
      ADD_FAILURE() << "FORGE_SEED=" << seed + i << " FORGE_SEQUENCES=1\n" << failure;
    }
  };
  std::thread other(work);
  work();
  other.join();
  return coverage;
}

constexpr std::uint64_t kEnoughForEverything = 1000;  // sequences

TEST(StoreAgainstModel, SequencesInMemoryAnswerAsTheModelDoes) {
  const std::uint64_t sequences = sequences_in_all();
  const Coverage coverage = simulate(sequences, from_environment("FORGE_SEED", 1), false);
  if (HasFailure()) return;
  EXPECT_GE(coverage.sequences, sequences);
  if (sequences < kEnoughForEverything) return;
  using enum ErrorId;
  for (const ErrorId id : {kNone, kUnknownAction, kUnknownField, kArgumentType, kArgumentRange, kArgumentMissing, kArgumentNull,
                           kKeyInvalid, kTextInvalid, kRuleViolated, kRuleFailed, kVersionConflict, kKeyReused, kRecordExists,
                           kUniqueTaken, kBookmarkNotFound, kTimeInFuture, kRecordNotFound}) {
    EXPECT_TRUE(coverage.answers.contains(id)) << (id == kNone ? "success" : info_of(id).name) << " never came up";
  }
  EXPECT_GT(coverage.replayed, 0u);
  EXPECT_GT(coverage.dry_runs, 0u);
  EXPECT_GT(coverage.longest, 16u) << "no record had more versions than two runs of deltas";
}

// A sixteenth of the sequences, so that at least 500 of 20,000 go on after being opened again.
TEST(StoreAgainstModel, SequencesOnDiskAnswerAsTheModelDoesAlsoAfterReopening) {
  const std::uint64_t sequences = (sequences_in_all() + 15) / 16;
  const Coverage coverage = simulate(sequences, from_environment("FORGE_SEED", 1), true);
  if (HasFailure()) return;
  EXPECT_GE(coverage.sequences_reopened, sequences);
  EXPECT_GT(coverage.reopened, sequences / kSequencesPerStore) << "stores are opened again in the middle, too";
  EXPECT_TRUE(sequences_in_all() < 20'000 || coverage.sequences_reopened >= 500);
}

}  // namespace
}  // namespace forge::model
