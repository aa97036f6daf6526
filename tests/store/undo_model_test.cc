// Random actions and undos against a model that keeps every state of every record and asks the definition itself: who set a field
// last is whoever touched it last, unless that was an undo, which only brought back what was there before the event it undid. The
// store must refuse what the model refuses, for the same reason, and come to the same records; what it holds must verify, and a
// rebuilt store be the same. FORGE_SEED repeats a run.

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "forge/store/rebuild.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "store/sample_store.h"
#include "store/seeds.h"
#include "support/dice.h"

namespace forge::testing_support {
namespace {

constexpr const char* kUndoSchema = R"fbs(include "forge.fbs";
table R (resource) { id: int (key); a: long (tag, index); b: long; t: string; u: string (unique); doubled: long (computed: "a * 2"); }
table Make (action: "R.make", creates) { a: long = 0; b: long = 0; t: string; u: string; }
table Put (action: "R.put", upserts) { a: long = null; b: long = null; t: string; u: string; }
table Drop (action: "R.drop", destroys) {}
)fbs";

using Fields = std::map<std::string, Value>;
const std::string kLife = "(life)";

// One version of a record: the record after it, or none.
struct Change {
  Seq seq = 0;
  std::optional<Seq> undoes;
  std::optional<Fields> before, after;

  bool touches(const std::string& field) const {
    if (before.has_value() != after.has_value()) return true;
    return before && field != kLife && before->at(field) != after->at(field);
  }
};

using Timeline = std::vector<Change>;
using Timelines = std::map<std::int64_t, Timeline>;

// Where in the timeline the event is.
std::size_t place_of(const Timeline& timeline, Seq seq) {
  for (std::size_t i = 0; i < timeline.size(); ++i) {
    if (timeline[i].seq == seq) return i;
  }
  return timeline.size();
}

// Whether the event was taken back, by an event that was not taken back itself.
bool is_undone(const Timeline& timeline, Seq seq) {
  for (const Change& change : timeline) {
    if (change.undoes == seq && !is_undone(timeline, change.seq)) return true;
  }
  return false;
}

// Whether the field is, among the first `count` changes, as `target` left it.
bool stands(const Timeline& timeline, std::size_t count, std::size_t target, const std::string& field) {
  for (std::size_t i = count; i-- > 0;) {
    if (i == target) return true;
    if (!timeline[i].touches(field)) continue;
    return timeline[i].undoes && place_of(timeline, *timeline[i].undoes) >= target &&
           stands(timeline, place_of(timeline, *timeline[i].undoes), target, field);
  }
  return false;
}

// What the undo leaves, or why it is refused.
Result<std::optional<Fields>> undone(const Timeline& timeline, Seq seq) {
  const std::size_t target = place_of(timeline, seq);
  const Change& change = timeline[target];
  if (is_undone(timeline, seq)) return Status(ErrorId::kUndoneAlready, "");
  std::optional<Fields> now = timeline.back().after;
  for (const std::string& field : {std::string("a"), std::string("b"), std::string("t"), std::string("u"), kLife}) {
    if (field != kLife && !change.touches(field)) continue;
    if (!stands(timeline, timeline.size(), target, field)) return Status(ErrorId::kUndoConflict, "");
    if (field != kLife && change.before && change.after) (*now)[field] = change.before->at(field);
  }
  return change.before && change.after ? now : change.before;
}

class UndoHistory {
 public:
  explicit UndoHistory(std::uint64_t seed) : dice_(seed) {
    reopen();
    store_->add_schema({{"r.fbs", kUndoSchema}}).value();
  }

  void run() {
    for (int i = 0; i < 250 && !::testing::Test::HasFailure(); ++i) {
      const std::uint64_t kind = dice_.below(100);
      if (kind < 45) {
        act();
      } else if (kind < 85 && !owner_.empty()) {
        undo();
      } else if (kind < 95 && !owner_.empty()) {
        undo_transaction();
      } else {
        reopen();
      }
      check();
    }
    check_copy();
    unwind();
  }

 private:
  void reopen() {
    store_.reset();
    store_.emplace(Store::open(path_.path()).value());
  }

  Fields fields_of(const Record& record) const {
    Fields out;
    for (const char* name : {"a", "b", "t", "u"}) out[name] = record[name];
    EXPECT_EQ(record["doubled"], Value(record["a"].as_int() * 2));
    return out;
  }

  ActionRequest random_action(Timelines& timelines, Seq seq) {
    const std::int64_t key = dice_.between(1, 4);
    Timeline& timeline = timelines[key];
    const std::optional<Fields> before = timeline.empty() ? std::nullopt : timeline.back().after;
    if (before && dice_.chance(12)) {
      timeline.push_back({.seq = seq, .before = before, .after = std::nullopt});
      return {.action = "R.drop", .args = {{"id", key}}};
    }
    Fields after = before ? *before : Fields{{"a", 0}, {"b", 0}, {"t", Value()}, {"u", Value()}};
    Args args{{"id", key}};
    for (const char* name : {"a", "b", "t", "u"}) {
      if (!dice_.chance(40)) continue;
      const bool number = *name == 'a' || *name == 'b';
      Value value = number ? Value(dice_.between(0, 3)) : Value(std::string(name) + std::to_string(dice_.below(6)));
      if (!number && dice_.chance(30)) value = nullptr;
      args.add(name, value);
      after[name] = value;
    }
    timeline.push_back({.seq = seq, .before = before, .after = after});
    return {.action = before || dice_.chance(50) ? "R.put" : "R.make", .args = std::move(args)};
  }

  static bool clashes(const Timelines& timelines) {
    std::set<std::string> taken;
    for (const auto& [key, timeline] : timelines) {
      if (timeline.empty() || !timeline.back().after) continue;
      const Value& value = timeline.back().after->at("u");
      if (value.if_text() != nullptr && !taken.insert(*value.if_text()).second) return true;
    }
    return false;
  }

  void act() {
    Timelines next = timelines_;
    std::vector<ActionRequest> actions;
    const std::uint64_t count = 1 + dice_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) actions.push_back(random_action(next, store_->head() + 1 + i));
    const ErrorId expected = clashes(next) ? ErrorId::kUniqueTaken : ErrorId::kNone;
    finish(std::move(actions), std::move(next), expected);
  }

  // One of the events, the later ones more often.
  Seq any_event() {
    auto event = owner_.end();
    for (std::uint64_t back = 1 + dice_.below(dice_.chance(70) ? 6 : owner_.size()); back > 0 && event != owner_.begin(); --back)
      --event;
    return event->first;
  }

  ErrorId take_back(Seq seq, Seq as, Timelines& next) {
    Timeline& timeline = next[owner_.at(seq)];
    const Result<std::optional<Fields>> left = undone(timeline, seq);
    if (!left.ok()) return left.status().id();
    timeline.push_back({.seq = as, .undoes = seq, .before = timeline.back().after, .after = *left});
    return ErrorId::kNone;
  }

  void undo() {
    Timelines next = timelines_;
    std::vector<ActionRequest> requests;
    ErrorId expected = ErrorId::kNone;
    for (std::uint64_t count = 1 + dice_.below(3); count > 0 && expected == ErrorId::kNone; --count) {
      const Seq seq = any_event();
      expected = take_back(seq, store_->head() + 1 + requests.size(), next);
      requests.push_back({.undoes = seq});
    }
    if (expected == ErrorId::kNone && clashes(next)) expected = ErrorId::kUniqueTaken;
    finish(std::move(requests), std::move(next), expected);
  }

  void undo_transaction() {
    const Event named = store_->view().event(any_event()).value();
    const Seq first = named.seq - named.place;
    Timelines next = timelines_;
    ErrorId expected = ErrorId::kNone;
    Seq as = store_->head();
    for (Seq seq = first + named.count - 1; seq >= first && expected == ErrorId::kNone; --seq)
      expected = take_back(seq, ++as, next);
    if (expected == ErrorId::kNone && clashes(next)) expected = ErrorId::kUniqueTaken;
    std::vector<ActionRequest> requests;
    requests.push_back({.undoes = named.seq, .undoes_transaction = true});
    finish(std::move(requests), std::move(next), expected);
  }

  void finish(std::vector<ActionRequest> requests, Timelines next, ErrorId expected) {
    const Seq head = store_->head();
    const Result<TransactionReceipt> done = store_->transact(std::move(requests));
    ASSERT_EQ(done.status().id(), expected) << done.status().message();
    ASSERT_EQ(store_->head(), expected == ErrorId::kNone ? done->last_seq : head);
    if (expected != ErrorId::kNone) return;
    timelines_ = std::move(next);
    for (const ActionReceipt& action : done->actions) owner_[action.seq] = std::stoll(action.key);
  }

  void check() {
    for (const auto& [key, timeline] : timelines_) {
      if (timeline.empty()) continue;
      const Result<Record> record = store_->get("R", std::to_string(key));
      const std::optional<Fields>& expected = timeline.back().after;
      ASSERT_EQ(record.ok(), expected.has_value()) << "record " << key;
      if (expected) {
        ASSERT_EQ(fields_of(*record), *expected) << "record " << key;
      }
    }
  }

  void check_copy() {
    const Result<VerifyReport> report = verify(*store_);
    ASSERT_TRUE(report.ok() && report->ok());
    const FreshPath copy("undo_model_copy");
    ASSERT_TRUE(rebuild(*store_, copy.path()).ok());
    Store rebuilt = Store::open(copy.path()).value();
    const Result<VerifyReport> of_copy = verify(rebuilt);
    ASSERT_TRUE(of_copy.ok() && of_copy->ok());
    std::size_t differences = 0;
    ASSERT_TRUE(diff_stores(store_->view(), rebuilt.view(), "R", [&](const RecordDiff&) { return ++differences > 0; }).ok());
    EXPECT_EQ(differences, 0u);
  }

  // Everything that stands is taken back, the newest first: nothing is left, whatever was undone and done again before. An event
  // that changed nothing holds up nobody, so what made its record may have been taken back before it.
  void unwind() {
    for (auto event = owner_.rbegin(); event != owner_.rend(); ++event) {
      const Change& change = timelines_[event->second][place_of(timelines_[event->second], event->first)];
      const bool is_empty = change.before && change.after && *change.before == *change.after;
      if (change.undoes || is_empty || is_undone(timelines_[event->second], event->first)) continue;
      unwound_.push_back(event->first);
    }
    for (const Seq seq : unwound_) {
      Timelines next = timelines_;
      const ErrorId expected = take_back(seq, store_->head() + 1, next);
      ASSERT_EQ(expected, ErrorId::kNone) << "event " << seq;
      if (clashes(next)) return;  // a unique value went elsewhere meanwhile
      std::vector<ActionRequest> requests;
      requests.push_back({.undoes = seq});
      finish(std::move(requests), std::move(next), expected);
      if (::testing::Test::HasFatalFailure()) return;
    }
    for (const auto& [key, timeline] : timelines_) EXPECT_FALSE(!timeline.empty() && timeline.back().after) << "record " << key;
  }

  Dice dice_;
  FreshPath path_{"undo_model"};
  std::optional<Store> store_;
  Timelines timelines_;
  std::map<Seq, std::int64_t> owner_;  // the record of each event
  std::vector<Seq> unwound_;
};

TEST(UndoModel, RandomActionsAndUndosAgree) {
  for (std::uint64_t run = 0; run < 8 && !::testing::Test::HasFailure(); ++run) {
    const std::uint64_t seed = seed_of_run() + run;
    SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
    UndoHistory(seed).run();
  }
}

}  // namespace
}  // namespace forge::testing_support
