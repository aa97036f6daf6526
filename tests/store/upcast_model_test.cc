// Random histories of records and schema versions with upcasts, held against a model that brings every record up at the moment a
// version is added. The store does it whenever it reads; both must come to the same, at the head and in the past, from current
// rows, versions, deltas and indexes, after reopening and in a rebuilt store. FORGE_SEED repeats a run.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "forge/events/json.h"
#include "forge/store/rebuild.h"
#include "forge/store/store.h"
#include "forge/store/verify.h"
#include "store/sample_store.h"
#include "store/seeds.h"
#include "support/dice.h"

namespace forge::testing_support {
namespace {

using Fields = std::map<std::string, Value>;  // what is set
using Records = std::map<std::int64_t, Fields>;

struct FieldModel {
  std::string name;
  bool is_int = true;
  std::int64_t initial = 0;  // of an int
  std::string marks;
};

// A step as text, and what it means.
struct Step {
  std::string field, text;
  std::function<Value(const Fields& seen)> value;
};

struct Version {
  std::vector<FieldModel> fields;
  std::vector<Step> steps;
};

Value value_of(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? Value() : found->second;
}

// The record as a read under `version` shows it.
Fields seen_under(const Version& version, const Fields& stored) {
  Fields out = stored;
  for (const FieldModel& field : version.fields) {
    if (field.is_int) out.emplace(field.name, Value(field.initial));
  }
  return out;
}

// The same after `to` was added to `from`.
Fields upcast(const Version& from, const Version& to, Fields stored) {
  Fields seen = seen_under(to, seen_under(from, stored));
  for (std::size_t step = from.steps.size(); step < to.steps.size(); ++step) {
    const Value value = to.steps[step].value(seen);
    seen.erase(to.steps[step].field);
    stored.erase(to.steps[step].field);
    if (value == Value()) continue;
    seen[to.steps[step].field] = value;
    stored[to.steps[step].field] = value;
  }
  return stored;
}

std::string schema_of(const Version& version) {
  std::string fields, arguments, steps;
  for (const FieldModel& field : version.fields) {
    const std::string initial = field.is_int ? " = " + std::to_string(field.initial) : "";
    fields += " " + field.name + ": " + (field.is_int ? "long" : "string") + initial + field.marks + ";";
    arguments += " " + field.name + (field.is_int ? ": long = null;" : ": string;");
  }
  for (const Step& step : version.steps) steps += (steps.empty() ? "" : "; ") + step.field + " = " + step.text;
  return "include \"forge.fbs\";\ntable R (resource" + (steps.empty() ? "" : ", upcast: \"" + steps + "\"") + ") { id: int (key);" +
         fields + " }\ntable Put (action: \"R.put\", upserts) {" + arguments +
         " }\ntable Drop (action: \"R.drop\", destroys) {}\ntable All (action: \"R.all\", reads) {}\n";
}

// As a failed comparison shows it.
std::string text_of(const Fields& fields) {
  Object out;
  for (const auto& [name, value] : fields) out.add(name, value);
  return to_json(out);
}
std::string text_of(const Records& records) {
  std::string out;
  for (const auto& [key, fields] : records) out += std::to_string(key) + " " + text_of(fields) + "\n";
  return out;
}

// What a store shows of its records: the key and what is not null.
Fields fields_of(const Record& record) {
  Fields out;
  const Object object = record.to_object();
  for (const auto& [name, value] : object.members()) {
    if (name != "id" && value != Value()) out[name] = value;
  }
  return out;
}

class History {
 public:
  explicit History(std::uint64_t seed) : dice_(seed) {
    versions_.push_back({.fields = {{"n0", true, 3, " (index)"}, {"t0", false, 0, ""}, {"u", false, 0, " (unique)"}}, .steps = {}});
    reopen();
    store_->add_schema({{"r.fbs", schema_of(versions_.back())}}).value();
    past_.push_back({store_->head(), 0, {}});
  }

  void run() {
    for (int i = 0; i < 120; ++i) {
      const std::uint64_t kind = dice_.below(100);
      if (kind < 70) {
        put();
      } else if (kind < 82) {
        drop();
      } else if (kind < 92) {
        grow();
      } else {
        reopen();
      }
      past_.push_back({store_->head(), versions_.size() - 1, records_});
      check_head();
    }
    reopen();
    check_head();
    check_past();
    check_histories();
    check_copy();
  }

 private:
  struct Past {
    Seq seq = 0;
    std::size_t version = 0;
    Records records;
  };
  const Version& now() const { return versions_.back(); }

  void reopen() {
    store_.reset();
    store_.emplace(Store::open(path_.path()).value());
  }

  void put() {
    const std::int64_t key = dice_.between(1, 6);
    const bool is_new = !records_.contains(key);
    Fields& record = records_[key];
    if (is_new) record = seen_under(now(), {});
    Args args{{"id", key}};
    for (const FieldModel& field : now().fields) {
      if (!dice_.chance(is_new ? 60 : 25) || (field.name == "u" && !is_new)) continue;
      Value value(dice_.between(0, 9));
      if (!field.is_int) value = Value(field.name == "u" ? "u" + std::to_string(++taken_) : dice_.pick({"low", "Mid", "HIGH"}));
      args.add(field.name, value);
      record[field.name] = value;
    }
    store_->act("R.put", std::move(args)).value();
  }

  void drop() {
    const std::int64_t key = dice_.between(1, 6);
    if (records_.erase(key) != 0) store_->act("R.drop", {{"id", key}}).value();
  }

  // A version with a field or without, with up to two steps, and perhaps another default of what one of them sets.
  void grow() {
    Version next = now();
    const std::string number = std::to_string(next.fields.size());
    if (dice_.chance(40)) next.fields.push_back({"n" + number, true, dice_.between(0, 9), dice_.chance(30) ? " (index)" : ""});
    if (dice_.chance(30)) next.fields.push_back({"t" + number, false, 0, ""});
    for (std::uint64_t steps = dice_.below(3); steps > 0; --steps) next.steps.push_back(random_step(next));
    for (FieldModel& field : next.fields) {
      const bool is_set = std::any_of(next.steps.begin() + static_cast<std::ptrdiff_t>(now().steps.size()), next.steps.end(),
                                      [&](const Step& step) { return step.field == field.name; });
      if (field.is_int && is_set && dice_.chance(40)) field.initial = dice_.between(10, 19);
    }
    if (schema_of(next) == schema_of(now())) return;
    const Result<LoadedDomain> added = store_->add_schema({{"r.fbs", schema_of(next)}});
    ASSERT_TRUE(added.ok()) << added.status().message() << "\n" << schema_of(next);
    for (auto& [key, record] : records_) record = upcast(now(), next, record);
    versions_.push_back(std::move(next));
  }

  Step random_step(const Version& version) {
    std::vector<std::string> ints, texts;
    for (const FieldModel& field : version.fields) {
      if (field.name != "u") (field.is_int ? ints : texts).push_back(field.name);
    }
    const std::string n = dice_.pick(ints), m = dice_.pick(ints), t = dice_.pick(texts), s = dice_.pick(texts);
    const auto as_text = [](const Value& value) { return value == Value() ? std::string() : value.as_text(); };
    switch (dice_.below(7)) {
      case 0:
        return {n, n + " + 1", [=](const Fields& seen) { return Value(value_of(seen, n).as_int() + 1); }};
      case 1:
        return {n, "(" + n + " * 3 + " + m + ") % 100",
                [=](const Fields& seen) { return Value((value_of(seen, n).as_int() * 3 + value_of(seen, m).as_int()) % 100); }};
      case 2:
        return {n, "length(coalesce(" + t + ", ''))",
                [=](const Fields& seen) { return Value(static_cast<std::int64_t>(as_text(value_of(seen, t)).size())); }};
      case 3:
        return {t, "coalesce(" + s + ", 'none') || '+'", [=](const Fields& seen) {
                  const Value value = value_of(seen, s);
                  return Value((value == Value() ? "none" : value.as_text()) + "+");
                }};
      case 4:
        return {t, "case when " + n + " > 5 then 'high' else 'low' end",
                [=](const Fields& seen) { return Value(value_of(seen, n).as_int() > 5 ? "high" : "low"); }};
      case 5:
        return {t, "nullif(" + t + ", 'low')", [=](const Fields& seen) {
                  const Value value = value_of(seen, t);
                  return value == Value("low") ? Value() : value;
                }};
      default:
        return {"u", "'#' || u", [=](const Fields& seen) {
                  const Value value = value_of(seen, "u");
                  return value == Value() ? Value() : Value("#" + value.as_text());
                }};
    }
  }

  static Records records_of(const View& view, const ListQuery& query = {.resource = "R"}) {
    Records out;
    const Status listed =
        view.list(query, [&](const Record& record) { return out[std::stoll(record.key())] = fields_of(record), true; });
    EXPECT_TRUE(listed.ok()) << listed.message();
    return out;
  }

  static Records seen(const Version& version, const Records& records) {
    Records out;
    for (const auto& [key, record] : records) out[key] = seen_under(version, record);
    return out;
  }

  void check_head() {
    const Records expected = seen(now(), records_);
    ASSERT_EQ(text_of(records_of(store_->view())), text_of(expected)) << "at event " << store_->head();
    const std::int64_t wanted = dice_.between(0, 12);
    Records found;
    for (const auto& [key, record] : expected) {
      if (value_of(record, "n0") == Value(wanted)) found[key] = record;
    }
    ASSERT_EQ(text_of(records_of(store_->view(), {.resource = "R", .where = "n0 = " + std::to_string(wanted)})), text_of(found));
  }

  void check_past() {
    for (const Past& past : past_) {
      const View view = store_->as_of(past.seq).value();
      ASSERT_EQ(text_of(records_of(view)), text_of(seen(versions_[past.version], past.records))) << "as of event " << past.seq;
      Records expected = past.records;
      for (std::size_t version = past.version; version + 1 < versions_.size(); ++version) {
        for (auto& [key, record] : expected) record = upcast(versions_[version], versions_[version + 1], record);
      }
      Records found;
      const Status asked = view.query(
          "R.all", {}, {}, [&](const Record& record) { return found[std::stoll(record.key())] = fields_of(record), true; });
      ASSERT_TRUE(asked.ok()) << asked.message();
      ASSERT_EQ(text_of(found), text_of(seen(now(), expected))) << "as of event " << past.seq << ", by the schema of today";
    }
  }

  // What history tells of a record adds up to each of its versions.
  void check_histories() {
    for (int key = 1; key <= 6; ++key) {
      const Result<std::vector<VersionRow>> rows = store_->view().history("R", std::to_string(key));
      if (!rows.ok()) continue;
      Fields fields;
      for (const VersionRow& row : *rows) {
        if (row.deleted) {
          fields.clear();
          continue;
        }
        for (const VersionRow::Change& change : row.changes) {
          ASSERT_EQ(value_of(fields, change.field), change.before);
          fields.erase(change.field);
          if (change.after != Value()) fields[change.field] = change.after;
        }
        const Record record = store_->view().get_version("R", std::to_string(key), row.version).value();
        ASSERT_EQ(text_of(fields_of(record)), text_of(fields)) << "version " << row.version << " of " << key;
      }
    }
  }

  void check_copy() {
    const FreshPath target("upcast-copy");
    rebuild(*store_, target.path()).value();
    const Store copy = Store::open(target.path()).value();
    ASSERT_EQ(contents_of(copy).value(), contents_of(*store_).value());
    for (const Store* store : {std::as_const(store_).operator->(), &copy}) {
      const VerifyReport report = verify(*store, {.files = false}).value();
      for (const VerifyCheck& check : report.checks) {
        for (const Status& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding.message();
      }
    }
  }

  Dice dice_;
  FreshPath path_{"upcast-model"};
  std::optional<Store> store_;
  std::vector<Version> versions_;
  Records records_;
  std::vector<Past> past_;
  std::uint64_t taken_ = 0;
};

TEST(UpcastModel, BringingUpWhenReadingEqualsBringingUpWhenTheVersionCame) {
  const std::uint64_t first = seed_of_run();
  for (std::uint64_t seed = first; seed < first + 4; ++seed) {
    SCOPED_TRACE("FORGE_SEED=" + std::to_string(seed));
    History(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace forge::testing_support
