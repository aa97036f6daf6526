// Reads of the past and of the present, against seeks in the same files by hand, a store without history, and SQLite. All of it is
// in memory and in one thread, so the thread's processor time is measured: other programs disturb it least.

#include <algorithm>

#include "figures.h"
#include "forge/events/key.h"
#include "raw_store.h"
#include "sqlite_table.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

// Microseconds of one call, over `count` of them.
double micros_of(std::uint64_t count, const std::function<void(std::uint64_t)>& call) {
  const ThreadTime thread;
  for (std::uint64_t i = 0; i < count; ++i) call(i);
  return thread.seconds() * 1e6 / static_cast<double>(count);
}

// Notes `first` to `first` + `notes` - 1, each written `versions` times, in turns.
Seq write_notes(Store& store, std::uint64_t first, std::uint64_t notes, std::uint64_t versions, int changed_at_a_time) {
  std::vector<Note> all(notes);
  for (std::uint64_t i = 0; i < notes; ++i) all[i].number = first + i;
  return load(store, notes * versions, [&](std::uint64_t i) {
    return write_note(all[i % notes], changed_at_a_time == kAllTexts ? kAllTexts : static_cast<int>(scramble(i) % 4));
  });
}

// --- as of ---------------------------------------------------------------------------------------------------------------------

// Notes with so many versions each: together as many in every subject, so that the tables are alike.
struct Subject {
  std::uint64_t first_note = 0, notes = 0, versions = 0;
  bool deltas = false;
  Seq first = 0, last = 0;

  std::string key(std::uint64_t i) const { return key_of(first_note + scramble(~i) % notes); }
  // A point at which all of the notes exist.
  Seq seq(std::uint64_t i) const { return first + notes + scramble(i) % (last - first - notes + 1); }
};

std::vector<Subject> write_subjects(const Settings& settings, const std::filesystem::path& path) {
  Store store = open_store(path, {.durability = Durability::kOs});
  std::vector<Subject> subjects;
  std::uint64_t next_note = 0;
  const std::uint64_t all = settings.quick ? 10'000 : 100'000;
  for (const bool deltas : {false, true}) {
    for (const std::uint64_t versions : {std::uint64_t{10}, std::uint64_t{1000}, all}) {
      Subject subject{
          .first_note = next_note, .notes = all / versions, .versions = versions, .deltas = deltas, .first = store.head() + 1};
      subject.last = write_notes(store, next_note, subject.notes, versions, deltas ? 0 : kAllTexts);
      next_note += subject.notes;
      subjects.push_back(subject);
    }
  }
  must(store.close());
  return subjects;
}

// Finds a version by hand: a new iterator, one seek, the value copied.
class RawVersions {
 public:
  RawVersions(const Store& store, const std::filesystem::path& data)
      : resource_(*store.domain()->find_resource("Note")), database_(data, data, RawDatabase::Mode::kRead) {}

  void read(const std::string& key, Seq seq) {
    std::string start;
    append_version_key(resource_.number, encode_key(resource_, key).value(), seq, start);
    rocksdb::ReadOptions options;
    options.prefix_same_as_start = true;
    const std::unique_ptr<rocksdb::Iterator> row(database_.db().NewIterator(options, database_.table(Table::kVersions)));
    row->Seek(start);
    if (!row->Valid()) must(rocksdb::Status::NotFound(key));
    value_.assign(row->value().data(), row->value().size());
  }

 private:
  const Resource& resource_;
  RawDatabase database_;
  std::string value_;
};

// --- history -------------------------------------------------------------------------------------------------------------------

constexpr const char* kHistoryTable =
    "CREATE TABLE events (type INTEGER, key TEXT, seq INTEGER, version INTEGER, time INTEGER, action TEXT, actor TEXT, a TEXT, b "
    "TEXT, "
    "c TEXT, d TEXT, PRIMARY KEY (type, key, seq)) WITHOUT ROWID";

struct HistoryRow {
  std::int64_t seq = 0, version = 0, time = 0;
  std::string action, actor, texts[4];
};

// The same notes as write_notes, in turns, with what each version changed.
void fill_history(SqliteDatabase& database, std::uint64_t notes, std::uint64_t versions, int changed_at_a_time) {
  SqliteStatement insert(database, "INSERT INTO events VALUES (16, ?, ?, ?, ?, 'Note.write', '', ?, ?, ?, ?)");
  database.run("BEGIN");
  for (std::uint64_t i = 0; i < notes * versions; ++i) {
    const std::string key = key_of(i % notes);
    const auto seq = static_cast<std::int64_t>(i + 1);
    insert.bind(0, key).bind(1, seq).bind(2, 1 + seq / static_cast<std::int64_t>(notes)).bind(3, system_clock().now().micros);
    for (int text = 0; text < 4; ++text) {
      const bool changed = changed_at_a_time == kAllTexts || static_cast<int>(scramble(i) % 4) == text;
      insert.bind(4 + text, changed ? random_text(4 * i + text, 64) : std::string_view());
    }
    insert.run();
  }
  database.run("COMMIT");
}

std::size_t read_history(SqliteStatement& select, const std::string& key) {
  std::vector<HistoryRow> rows;
  select.bind(0, key);
  while (select.step()) {
    HistoryRow& row = rows.emplace_back();
    row.seq = select.integer(0), row.version = select.integer(1), row.time = select.integer(2);
    row.action = select.text(3), row.actor = select.text(4);
    for (int i = 0; i < 4; ++i) row.texts[i] = select.text(5 + i);
  }
  return rows.size();
}

void expect(std::size_t found, std::size_t expected) {
  if (found != expected) must(Status(ErrorId::kInternal, "a benchmark read " + std::to_string(found) + " rows"));
}

Promise at_most(double limit) {
  return {.bound = Bound::kRatioAtMost, .limit = limit};
}

}  // namespace

void measure_as_of(const Settings& settings, std::vector<Figure>& figures) {
  const std::filesystem::path path = settings.fresh("asof");
  const std::vector<Subject> subjects = write_subjects(settings, path);
  const Store store = open_store(path);
  RawVersions raw(store, data_of(path));
  const std::uint64_t reads = settings.quick ? 5'000 : 20'000;
  std::vector<Measurement> measurements;
  for (const Subject& subject : subjects) {
    measurements.push_back([&] {
      return micros_of(reads, [&](std::uint64_t i) {
        static_cast<void>(store.as_of(subject.seq(i)).value().get("Note", subject.key(i)).value());
      });
    });
    measurements.push_back([&] { return micros_of(reads, [&](std::uint64_t i) { raw.read(subject.key(i), subject.seq(i)); }); });
  }
  const auto measured = alternate(settings.rounds, measurements);
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const std::string size = std::to_string(subjects[i].versions);
    figures.push_back(
        {.name = std::string(subjects[i].deltas ? "asof.deltas." : "asof.full.") + size,
         .what = "as-of read of a record with " + size + " versions" + (subjects[i].deltas ? ", a quarter changed in each" : ""),
         .unit = "µs",
         .baseline = "RocksDB, one seek in the same files",
         .forge = measured[2 * i],
         .other = measured[2 * i + 1],
         .promise = at_most(1.5)});
  }
  const std::size_t most = subjects.size() / 2 - 1;
  figures.push_back({.name = "asof.flat",
                     .what = "as-of read of a record with " + std::to_string(subjects[most].versions) + " versions",
                     .unit = "µs",
                     .baseline = "Forge, of one with 10",
                     .forge = measured[2 * most],
                     .other = measured[0],
                     .promise = at_most(1.5)});
}

void measure_scans(const Settings& settings, std::vector<Figure>& figures) {
  const std::uint64_t notes = settings.quick ? 2'000 : 10'000;
  const auto filled = [&](const char* name, std::uint64_t versions) {
    const std::filesystem::path path = settings.fresh(name);
    Store store = open_store(path, {.durability = Durability::kOs});
    write_notes(store, 0, notes, versions, kAllTexts);
    must(store.close());
    return open_store(path);
  };
  const Store with = filled("scan.with", 10), without = filled("scan.without", 1);
  // At rest: the store merges its files in the background.
  for (const Store* store : {&with, &without}) {
    const WallTime wall;
    while (wall.seconds() < 1) must(store->view().list({.resource = "Note"}, [](const Record&) { return true; }));
  }
  const auto scan = [&](const Store& store) {
    std::uint64_t records = 0;
    const ThreadTime thread;
    must(store.view().list({.resource = "Note"}, [&](const Record&) { return ++records, true; }));
    expect(records, notes);
    return thread.seconds() * 1e6 / static_cast<double>(records);
  };
  const auto measured = alternate(settings.rounds, {[&] { return scan(with); }, [&] { return scan(without); }});
  figures.push_back({.name = "scan",
                     .what = "scan of current records beside 10 versions of each, a record",
                     .unit = "µs",
                     .baseline = "Forge, the same beside one version",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = at_most(1.2)});
}

void measure_history(const Settings& settings, std::vector<Figure>& figures) {
  constexpr std::uint64_t kVersions = 100;
  const std::uint64_t notes = settings.quick ? 50 : 200;
  for (const int changed : {kAllTexts, 0}) {
    const std::string name = changed == kAllTexts ? "history.full" : "history.deltas";
    if (!settings.wants(name)) continue;
    const std::filesystem::path path = settings.fresh(name);
    Store store = open_store(path, {.durability = Durability::kOs});
    write_notes(store, 0, notes, kVersions, changed);
    must(store.close());
    store = open_store(path);
    SqliteDatabase database(settings.fresh(name + ".sqlite"), kHistoryTable);
    fill_history(database, notes, kVersions, changed);
    SqliteStatement select(database,
                           "SELECT seq, version, time, action, actor, a, b, c, d FROM events WHERE type = 16 AND key = ?");

    const View view = store.view();
    const auto measured = alternate(settings.rounds, {[&] {
                                                        return micros_of(2 * notes, [&](std::uint64_t i) {
                                                          expect(view.history("Note", key_of(i % notes)).value().size(), kVersions);
                                                        });
                                                      },
                                                      [&] {
                                                        return micros_of(2 * notes, [&](std::uint64_t i) {
                                                          expect(read_history(select, key_of(i % notes)), kVersions);
                                                        });
                                                      }});
    figures.push_back({.name = name,
                       .what = std::string("history of 100 versions") + (changed == kAllTexts ? "" : ", a quarter changed in each"),
                       .unit = "µs",
                       .baseline = "SQLite, the same rows",
                       .forge = measured[0],
                       .other = measured[1],
                       .promise = at_most(1.5)});
  }
}

}  // namespace forge::bench
