// Many threads on one store. What each was told is compared with the whole log afterwards (support/history_check.h).

#include <gtest/gtest.h>

#include <rocksdb/env.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "forge/store/store.h"
#include "forge/store/stream.h"
#include "store_state.h"
#include "support/dice.h"
#include "support/history_check.h"
#include "support/slow_build.h"

namespace forge {
namespace {

constexpr int kRacingRounds = testing_support::kIsSlowBuild ? 150 : 600;
constexpr int kCounters = 6;

// `extra` fields make later versions of the schema.
std::vector<SourceFile> schema(int extra = 0) {
  std::string text = R"fbs(include "forge.fbs";
    table Counter (resource) { id: string (key); value: long; owner: string (unique); @ }
    table MakeCounter (action: "Counter.make", creates) { id: string; }
    table AddToCounter (action: "Counter.add", updates, set: "value = value + :amount") { amount: long = 1; }
    table ClaimCounter (action: "Counter.claim", updates) { owner: string; }
  )fbs";
  std::string fields;
  for (int i = 0; i < extra; ++i) fields += "extra" + std::to_string(i) + ": string; ";
  return {{"counter.fbs", text.replace(text.find('@'), 1, fields)}};
}

std::string counter(int number) {
  return "c" + std::to_string(number);
}

ActionRequest add(int number, std::int64_t amount) {
  return {.action = "Counter.add", .args = {{"id", counter(number)}, {"amount", amount}}, .if_version = {}};
}

// A store with counters, all at zero, in memory or on disk.
class Counters {
 public:
  explicit Counters(OpenOptions options = {}, bool on_disk = false)
      : directory_(on_disk ? ::testing::TempDir() + "forge-concurrency-" + std::to_string(::getpid()) : ":memory:"),
        store_((std::filesystem::remove_all(directory_), Store::open(directory_, std::move(options)).value())) {
    store_.add_schema(schema()).value();
    for (int i = 0; i < kCounters; ++i) store_.act("Counter.make", {{"id", counter(i)}}).value();
    base_ = store_.head();
  }
  ~Counters() {
    static_cast<void>(store_.close().ok());
    std::filesystem::remove_all(directory_);
  }
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  Store& store() { return store_; }
  Seq base() const { return base_; }
  const std::string& directory() const { return directory_; }

 private:
  const std::string directory_;
  Store store_;
  Seq base_ = 0;
};

// Notes answers in the order of asking; safe from any thread.
class Notes {
 public:
  explicit Notes(std::string caller) : caller_(std::move(caller)) {}

  ActOptions next() {
    const std::lock_guard lock(mutex_);
    ActOptions options;
    options.actor = caller_;
    options.correlation = caller_ + "#" + std::to_string(answers_.size());
    answers_.push_back({options.correlation, std::nullopt});
    return options;
  }
  void answer(const std::string& correlation, Result<TransactionReceipt> result) {
    const std::lock_guard lock(mutex_);
    auto& slot = answers_[std::stoul(correlation.substr(correlation.find('#') + 1))];
    EXPECT_FALSE(slot.second) << correlation << " was answered twice";
    slot.second = std::move(result);
    ++answered_;
    all_answered_.notify_all();
  }
  std::function<void(Result<TransactionReceipt>)> answerer(const ActOptions& options) {
    return [this, correlation = options.correlation](Result<TransactionReceipt> result) { answer(correlation, std::move(result)); };
  }
  // Waits for every answer.
  CallerHistory history() {
    std::unique_lock lock(mutex_);
    all_answered_.wait(lock, [this] { return answered_ == answers_.size(); });
    CallerHistory out;
    for (const auto& [correlation, result] : answers_) {
      if (result->ok()) {
        out.acknowledged.push_back({correlation, **result});
      } else {
        out.refused.push_back(correlation);
        ++refusals_[result->status().id()];
      }
    }
    return out;
  }
  // After history().
  std::size_t refusals(ErrorId id) { return refusals_[id]; }

 private:
  const std::string caller_;
  std::mutex mutex_;
  std::condition_variable all_answered_;
  std::vector<std::pair<std::string, std::optional<Result<TransactionReceipt>>>> answers_;
  std::size_t answered_ = 0;
  std::map<ErrorId, std::size_t> refusals_;
};

// Moves an amount between two counters, sometimes through a third: whoever sees all of it or nothing sees a sum of zero.
std::vector<ActionRequest> transfer(Dice& dice) {
  const int from = static_cast<int>(dice.below(kCounters)), to = static_cast<int>(dice.below(kCounters));
  const std::int64_t amount = dice.between(1, 9);
  std::vector<ActionRequest> out = {add(from, -amount), add(to, amount)};
  if (dice.chance(20)) out.insert(out.end() - 1, {add(to, amount), add(to, -amount)});
  if (dice.chance(5)) out.back().args = {{"id", "nobody"}};  // refused, with all before it
  return out;
}

void call(Store& store, Notes& notes, std::uint64_t seed) {
  Dice dice(seed);
  for (int i = 0; i < kRacingRounds; ++i) {
    const ActOptions options = notes.next();
    notes.answer(options.correlation, store.transact(transfer(dice), options));
  }
}

void call_async(Store& store, Notes& notes, std::uint64_t seed) {
  Dice dice(seed);
  for (int i = 0; i < kRacingRounds; ++i) {
    const ActOptions options = notes.next();
    store.transact_async(transfer(dice), options, notes.answerer(options));
  }
}

void call_in_stream(Store& store, Notes& notes, std::uint64_t seed) {
  Dice dice(seed);
  std::atomic<int> answered{0};
  TransactionStream stream(store, {.window = 16, .stop_on_refusal = false});
  for (int i = 0; i < kRacingRounds; ++i) {
    const ActOptions options = notes.next();
    const Status submitted =
        stream.submit(transfer(dice), options, [&, i, answer = notes.answerer(options)](Result<TransactionReceipt> result) {
          EXPECT_EQ(answered++, i) << "a stream was answered out of order";
          EXPECT_TRUE(store.resolve(system_clock().now()).ok());  // a callback may read
          answer(std::move(result));
        });
    EXPECT_TRUE(submitted.ok());
  }
  EXPECT_TRUE(stream.finish().ok());
}

// Looks until `done`: never half a transaction, never back, and one domain for one seq.
void read(const Store& store, const std::atomic<bool>& done, std::map<Seq, std::string>& domains) {
  Seq last = 0;
  std::map<std::string, Version> versions;
  while (!done) {
    const View view = store.view();
    EXPECT_GE(view.seq(), last) << "the head went back";
    last = view.seq();
    const std::string digest = view.domain()->digest();
    EXPECT_EQ(domains.emplace(last, digest).first->second, digest) << "event " << last << " was seen under two domains";
    const Event newest = view.event(last).value();
    EXPECT_EQ(newest.place + 1, newest.count) << "half a transaction at event " << last;
    std::int64_t sum = 0;
    const Status listed = view.list({.resource = "Counter"}, [&](const Record& record) {
      sum += record["value"].as_int();
      EXPECT_LE(record.seq(), last);
      EXPECT_GE(record.version(), versions[record.key()]) << record.key() << " went back";
      versions[record.key()] = record.version();
      return true;
    });
    EXPECT_TRUE(listed.ok()) << listed.message();
    EXPECT_EQ(sum, 0) << "half a transaction as of event " << last;
  }
}

// Asks for the present until `done`; what was answered is what the finished log says.
void look_at_the_clock(const Store& store, const std::atomic<bool>& done, std::vector<std::pair<Time, Seq>>& answers) {
  while (!done) {
    const Time now = system_clock().now();
    const Result<Resolved> resolved = store.resolve(now);
    EXPECT_TRUE(resolved.ok()) << resolved.status().message();
    if (resolved.ok()) answers.emplace_back(now, resolved->seq);
  }
}

// All kinds of callers and readers at once; then the whole log is looked at.
void run_everybody(Counters& counters, bool with_schemas) {
  Store& store = counters.store();
  Notes notes[] = {Notes("ann"), Notes("bob"), Notes("cyd"), Notes("dan")};
  std::atomic<bool> done{false};
  std::map<Seq, std::string> domains[2];
  std::vector<std::pair<Time, Seq>> answers;
  std::vector<std::string> schemas;
  std::vector<std::thread> callers, readers;
  callers.emplace_back(call, std::ref(store), std::ref(notes[0]), 1);
  callers.emplace_back(call, std::ref(store), std::ref(notes[1]), 2);
  callers.emplace_back(call_async, std::ref(store), std::ref(notes[2]), 3);
  callers.emplace_back(call_in_stream, std::ref(store), std::ref(notes[3]), 4);
  for (auto& seen : domains) readers.emplace_back([&] { read(store, done, seen); });
  readers.emplace_back([&] { look_at_the_clock(store, done, answers); });
  for (int i = 1; with_schemas && i <= 5; ++i) {
    ActOptions options;
    options.correlation = "schema#" + std::to_string(i);
    const Result<LoadedDomain> added = store.add_schema(schema(i), options);
    EXPECT_TRUE(added.ok() && added->added) << added.status().message();
    schemas.push_back(options.correlation);
  }
  for (std::thread& caller : callers) caller.join();
  std::vector<CallerHistory> histories;
  for (Notes& one : notes) histories.push_back(one.history());
  done = true;
  for (std::thread& reader : readers) reader.join();

  check_history(store, counters.base(), histories, schemas);
  for (const auto& [time, seq] : answers) {
    const Seq now = store.resolve(time).value().seq;
    EXPECT_EQ(now, seq) << "as of " << format_time(time) << " was event " << seq;
    if (now != seq) break;
  }
  for (const auto& seen : domains) {
    for (const auto& [seq, digest] : seen) EXPECT_EQ(store.as_of(seq).value().domain()->digest(), digest) << "as of event " << seq;
  }
}

TEST(StoreConcurrency, EveryCommitIsInTheLogOnceAndInOrder) {
  Counters counters;
  run_everybody(counters, false);
}

TEST(StoreConcurrency, EveryCommitIsInTheLogOnceAndInOrderWhileTheSchemaGrows) {
  Counters counters;
  run_everybody(counters, true);
}

TEST(StoreConcurrency, EveryCommitIsInTheLogOnceAndInOrderWithGroupsOfOne) {
  OpenOptions options;
  options.limits.group_actions = 1;
  options.limits.group_bytes = 1;
  Counters counters(std::move(options));
  run_everybody(counters, true);
}

TEST(StoreConcurrency, EveryCommitIsInTheLogOnceAndInOrderOnDiskAndAfterReopening) {
  Counters counters({}, true);
  run_everybody(counters, true);
  const Root before = counters.store().root().value();
  ASSERT_TRUE(counters.store().close().ok());
  counters.store() = Store::open(counters.directory()).value();
  const Root after = counters.store().root().value();
  EXPECT_EQ(after.size, before.size);
  EXPECT_EQ(after.hash, before.hash);
}

// Runs `body` in several threads that begin together.
void race(int threads, const std::function<void(int)>& body) {
  std::atomic<int> waiting{threads};
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      for (--waiting; waiting > 0;) std::this_thread::yield();
      body(i);
    });
  }
  for (std::thread& thread : all) thread.join();
}

TEST(StoreConcurrency, OneOfTheRacingCallersWinsEachVersion) {
  Counters counters;
  Store& store = counters.store();
  std::mutex mutex;
  std::map<Version, int> winners;
  race(4, [&](int) {
    for (int i = 0; i < kRacingRounds; ++i) {
      ActOptions options;
      options.if_version = store.get("Counter", "c0").value().version();
      const Result<Receipt> receipt = store.act("Counter.add", {{"id", "c0"}}, options);
      if (receipt.ok()) {
        EXPECT_EQ(receipt->version, *options.if_version + 1);
        const std::lock_guard lock(mutex);
        ++winners[receipt->version];
      } else {
        EXPECT_EQ(receipt.status().id(), ErrorId::kVersionConflict) << receipt.status().message();
      }
    }
  });
  const Record record = store.get("Counter", "c0").value();
  EXPECT_EQ(winners.size(), record.version() - 1);
  EXPECT_EQ(record["value"].as_int(), static_cast<std::int64_t>(winners.size()));
  for (const auto& [version, count] : winners) EXPECT_EQ(count, 1) << "version " << version;
}

TEST(StoreConcurrency, RacingRetriesWithOneKeyMakeOneTransaction) {
  Counters counters;
  Store& store = counters.store();
  for (int round = 0; round < kRacingRounds / 5; ++round) {
    ActOptions options;
    options.idempotency_key = "round " + std::to_string(round);
    std::vector<TransactionReceipt> receipts(4);
    race(4, [&](int i) {
      std::vector<ActionRequest> actions = {add(0, 1), add(1, -1)};
      if (i < 2) {
        receipts[static_cast<std::size_t>(i)] = store.transact(std::move(actions), options).value();
        return;
      }
      std::atomic<bool> answered{false};
      store.transact_async(std::move(actions), options, [&](Result<TransactionReceipt> result) {
        receipts[static_cast<std::size_t>(i)] = std::move(result).value();
        answered = true;
        answered.notify_one();
      });
      answered.wait(false);
    });
    int first = 0;
    for (const TransactionReceipt& receipt : receipts) {
      first += receipt.replayed ? 0 : 1;
      EXPECT_EQ(receipt.transaction, receipts[0].transaction);
      EXPECT_EQ(receipt.first_seq, receipts[0].first_seq);
      EXPECT_EQ(receipt.actions.size(), 2u);
    }
    EXPECT_EQ(first, 1) << "round " << round;
  }
  EXPECT_EQ(store.head(), counters.base() + 2 * (kRacingRounds / 5));
}

TEST(StoreConcurrency, OneOfTheRacingCallersTakesAUniqueValue) {
  Counters counters;
  Store& store = counters.store();
  for (int round = 0; round < kRacingRounds / 5; ++round) {
    const std::string owner = "owner " + std::to_string(round);
    std::atomic<int> winners{0};
    race(4, [&](int i) {
      const Status claimed = store.act("Counter.claim", {{"id", counter(i)}, {"owner", owner}}).status();
      winners += claimed.ok() ? 1 : 0;
      if (!claimed.ok()) {
        EXPECT_EQ(claimed.id(), ErrorId::kUniqueTaken) << claimed.message();
      }
    });
    EXPECT_EQ(winners, 1) << owner;
    int holders = 0;
    const Status listed = store.view().list({.resource = "Counter", .where = "owner = '" + owner + "'"},
                                            [&](const Record&) { return ++holders, true; });
    EXPECT_TRUE(listed.ok());
    EXPECT_EQ(holders, 1) << owner;
  }
}

TEST(StoreConcurrency, OneOfTheRacingCallersAddsASchema) {
  Counters counters;
  for (int round = 1; round <= 5; ++round) {
    std::atomic<int> added{0};
    race(3, [&](int) { added += counters.store().add_schema(schema(round)).value().added ? 1 : 0; });
    EXPECT_EQ(added, 1) << "round " << round;
  }
  EXPECT_EQ(counters.store().schemas().size(), 6u);
}

TEST(StoreConcurrency, OneOfTheRacingCallersMakesTheStore) {
  const std::string directory = ::testing::TempDir() + "forge-creation-" + std::to_string(::getpid());
  for (int round = 0; round < 8; ++round) {
    std::filesystem::remove_all(directory);
    const auto open = [&directory, round](int caller) {
      for (int i = 0; i < caller * round * 100; ++i) std::this_thread::yield();  // one begins a little later each round
      const Result<Store> opened = Store::open(directory);
      EXPECT_TRUE(opened.ok() || opened.status().id() == ErrorId::kStoreLocked) << opened.status().message();
      return opened.ok();
    };
    std::future<bool> other = std::async(std::launch::async, open, 1);
    const bool first = open(0), second = other.get();
    EXPECT_TRUE(first || second);
    const Result<Store> store = Store::open(directory);
    EXPECT_TRUE(store.ok()) << store.status().message();
  }
  std::filesystem::remove_all(directory);
}

TEST(StoreConcurrency, OverloadRefusesWithoutATraceAndKeepsTheRest) {
  OpenOptions options;
  options.limits.waiting_actions_max = 8;
  options.limits.group_actions = 2;
  Counters counters(std::move(options));
  Notes notes[] = {Notes("ann"), Notes("bob"), Notes("cyd")};
  race(3, [&](int i) { i == 0 ? call(counters.store(), notes[0], 1) : call_async(counters.store(), notes[i], 2); });
  // More at once than may wait: refused however fast the store is.
  const ActOptions wide = notes[1].next();
  counters.store().transact_async(std::vector<ActionRequest>(9, add(0, 0)), wide, notes[1].answerer(wide));
  std::vector<CallerHistory> histories;
  for (Notes& one : notes) histories.push_back(one.history());
  EXPECT_EQ(histories[1].refused.back(), wide.correlation);
  EXPECT_GE(notes[1].refusals(ErrorId::kOverloaded), 1u);
  check_history(counters.store(), counters.base(), histories);
}

TEST(StoreConcurrency, WhatWaitsIsBoundedByItsBytesToo) {
  OpenOptions options;
  options.limits.waiting_bytes_max = 8 << 10;
  Counters counters(std::move(options));
  const auto answer_to = [&](std::size_t actions) {
    std::promise<Status> answer;
    counters.store().transact_async(std::vector<ActionRequest>(actions, add(0, 1)), {},
                                    [&](const auto& result) { answer.set_value(result.status()); });
    return answer.get_future().get();
  };
  const Seq before = counters.store().head();
  const Status refused = answer_to(64);
  EXPECT_EQ(refused.id(), ErrorId::kOverloaded);
  EXPECT_NE(refused.text().why.find("the limit is 8192 bytes"), std::string::npos) << refused.message();
  EXPECT_EQ(refused.text().state, "nothing was written");
  EXPECT_EQ(counters.store().head(), before);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(answer_to(4).ok()) << "what is answered holds no room any more";
  EXPECT_TRUE(counters.store().transact(std::vector<ActionRequest>(64, add(0, 1))).ok()) << "who waits needs no room in the queue";
}

// A stream waits for room where it can, and sends alone what is larger than its window.
TEST(StoreConcurrency, AStreamWaitsForItsActionsAndBytes) {
  OpenOptions options;
  options.limits.waiting_bytes_max = 64 << 10;
  options.limits.waiting_actions_max = 64;
  Counters counters(std::move(options));
  for (const StreamOptions& windows : {StreamOptions{.bytes_window = 8 << 10}, StreamOptions{.actions_window = 16}}) {
    std::atomic<int> accepted{0};
    TransactionStream stream(counters.store(), windows);
    for (int i = 0; i < 400; ++i) {
      const std::size_t actions = i % 50 == 0 ? 32 : 4;
      const Status submitted = stream.submit(std::vector<ActionRequest>(actions, add(0, 1)), {},
                                             [&](const Result<TransactionReceipt>& result) { accepted += result.ok() ? 1 : 0; });
      ASSERT_TRUE(submitted.ok()) << submitted.message();
    }
    EXPECT_TRUE(stream.finish().ok());
    EXPECT_EQ(accepted, 400);
  }
}

// The store's threads go on, and the stream behind it is not stopped.
TEST(StoreConcurrency, WhatADoneFunctionThrowsIsLoggedAndTheOthersAreAnswered) {
  std::mutex mutex;
  std::vector<std::string> lines;
  OpenOptions options;
  options.log = [&](LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex);
    if (level == LogLevel::kError) lines.emplace_back(line);
  };
  options.trace = [](const TransactionSpan& span) {
    if (span.actor == "traced") throw 1;
  };
  Counters counters(std::move(options));
  Store& store = counters.store();
  int answered = 0;
  TransactionStream stream(store, {.window = 2});
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(stream
                    .submit({add(0, 1)}, {},
                            [&](const auto&) {
                              ++answered;
                              throw std::runtime_error("two\nlines");
                            })
                    .ok());
  }
  ASSERT_TRUE(stream.finish().ok());
  EXPECT_EQ(answered, 6);
  std::promise<void> last;
  store.transact_async({add(0, 1)}, {}, [](const auto&) { throw 7; });
  store.transact_async({{.action = "Nothing.at.all", .args = {}, .if_version = {}}}, {}, [](const auto&) { throw 8; });
  ASSERT_TRUE(store.act("Counter.add", {{"id", counter(0)}}, {.actor = "traced"}).ok());
  store.transact_async({add(0, 1)}, {}, [&](const auto&) { last.set_value(); });
  last.get_future().get();
  EXPECT_EQ(store.get("Counter", counter(0)).value()["value"].as_int(), 9);
  ASSERT_TRUE(store.close().ok());
  ASSERT_EQ(lines.size(), 9u);
  EXPECT_EQ(lines.front(), "the done function of a transaction threw: two lines");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "the trace function threw: something that is no std::exception"), 1);
}

TEST(StoreConcurrency, AStreamThatIsRefusedForOverloadStopsThereAndAnswersInOrder) {
  OpenOptions options;
  options.limits.waiting_actions_max = 8;
  Counters counters(std::move(options));
  std::mutex mutex;
  std::vector<int> order;
  std::vector<bool> accepted;
  {
    TransactionStream stream(counters.store(), {.window = 64});
    for (int i = 0; i < 40; ++i) {
      const std::size_t actions = i == 20 ? 9 : 1;  // the 21st can never wait
      const Status submitted =
          stream.submit(std::vector<ActionRequest>(actions, add(0, 1)), {}, [&, i](const Result<TransactionReceipt>& result) {
            const std::lock_guard lock(mutex);
            order.push_back(i);
            accepted.push_back(result.ok());
          });
      static_cast<void>(submitted.ok());  // the stream is fed on, against its advice
    }
    EXPECT_EQ(stream.finish().id(), ErrorId::kOverloaded);
  }
  ASSERT_EQ(order.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  const auto first_refused = static_cast<std::size_t>(std::find(accepted.begin(), accepted.end(), false) - accepted.begin());
  EXPECT_LE(first_refused, 20u);
  for (std::size_t i = first_refused; i < 40; ++i) EXPECT_FALSE(accepted[i]) << "transaction " << i << " after a refusal";
  EXPECT_EQ(counters.store().head(), counters.base() + first_refused);
}

TEST(StoreConcurrency, AStreamOfLargeTransactionsWaitsForItself) {
  OpenOptions options;
  options.limits.waiting_actions_max = 100;
  Counters counters(std::move(options));
  TransactionStream stream(counters.store(), {.window = 64, .actions_window = 50});
  for (const std::size_t actions : {30, 30, 60, 20, 20, 20, 99, 1, 49, 50, 51}) {
    const Status submitted = stream.submit(std::vector<ActionRequest>(actions, add(0, 1)), {}, [](const auto&) {});
    EXPECT_TRUE(submitted.ok()) << submitted.message();
  }
  const Status finished = stream.finish();
  EXPECT_TRUE(finished.ok()) << finished.message();
  EXPECT_EQ(counters.store().head(), counters.base() + 430);
}

TEST(StoreConcurrency, WhatWaitsLongerThanAllowedIsRefusedWithoutATrace) {
  Counters counters;
  Store& store = counters.store();
  Notes notes("ann");
  for (int i = 0; i < 20; ++i) {
    const ActOptions slow = notes.next();
    store.transact_async(std::vector<ActionRequest>(500, add(0, 0)), slow, notes.answerer(slow));
    ActOptions hasty = notes.next();
    hasty.timeout = std::chrono::microseconds(1);
    store.transact_async({add(1, 1)}, hasty, notes.answerer(hasty));
    ActOptions patient = notes.next();
    patient.timeout = std::chrono::minutes(10);
    store.transact_async({add(2, 1)}, patient, notes.answerer(patient));
  }
  const CallerHistory history = notes.history();
  EXPECT_GE(notes.refusals(ErrorId::kDeadlinePassed), 1u);
  EXPECT_EQ(notes.refusals(ErrorId::kDeadlinePassed), history.refused.size());
  EXPECT_LE(history.refused.size(), 20u) << "a transaction with time left was refused";
  check_history(store, counters.base(), {history});
}

// Reading at a time syncs what is in flight without waiting for a turn: it must not take one away from those who wait for theirs.
TEST(StoreConcurrency, ReadersAtATimeLeaveNoCallerWaiting) {
  constexpr int kActs = 100;
  const internal::Tuning tuning{.turn_delay = std::chrono::milliseconds(1)};
  const std::shared_ptr<rocksdb::Env> memory(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  Store store = StoreAccess::open("/store", {.durability = Durability::kOs}, memory, tuning).value();
  store.add_schema(schema()).value();
  for (int i = 0; i < kCounters; ++i) store.act("Counter.make", {{"id", counter(i)}}).value();
  const Seq base = store.head();

  std::atomic<int> done{0};
  std::vector<std::future<void>> callers;
  for (int i = 0; i < kCounters; ++i) {
    callers.push_back(std::async(std::launch::async, [&store, &done, i] {
      for (int act = 0; act < kActs; ++act, ++done) store.act("Counter.add", {{"id", counter(i)}}).value();
    }));
  }
  while (done < kCounters * kActs / 2) store.as_of(Point(system_clock().now())).value();

  for (const std::future<void>& caller : callers) {
    if (caller.wait_for(std::chrono::seconds(60)) == std::future_status::ready) continue;
    std::fputs("a caller waits for ever\n", stderr);
    std::abort();  // nothing can end it
  }
  EXPECT_EQ(store.head(), base + kCounters * kActs);
}

TEST(StoreConcurrency, ClosingAnswersEverythingThatWaits) {
  Counters counters({}, true);
  Notes notes("ann");
  call_async(counters.store(), notes, 1);
  ASSERT_TRUE(counters.store().close().ok());
  const CallerHistory history = notes.history();
  EXPECT_EQ(counters.store().act("Counter.add", {{"id", "c0"}}).status().id(), ErrorId::kClosed);
  counters.store() = Store::open(counters.directory()).value();
  check_history(counters.store(), counters.base(), {history});
}

}  // namespace
}  // namespace forge
