// Rebuilding, against the least that somebody must do by hand with the same log: scan it, verify the structure of each event, fold
// it into a map. A rebuild proves the events, too: so against the same with each event hashed into the tree. And against what
// RocksDB takes to write the rows that a rebuilt store has.

#include <unordered_map>

#include "figures.h"
#include "forge/events/envelope.h"
#include "forge/events/merkle.h"
#include "forge/store/rebuild.h"
#include "own_process.h"
#include "raw_store.h"
#include "stopwatch.h"
#include "workload.h"

namespace forge::bench {
namespace {

// Half items of their own, half rewritten notes: a state that grows and a history that does.
Seq fill(Store& store, std::uint64_t events) {
  std::vector<Note> notes(events / 20);
  for (std::uint64_t i = 0; i < notes.size(); ++i) notes[i].number = i;
  return load(store, events, [&](std::uint64_t i) {
    return i % 2 == 0 ? make_item(i) : write_note(notes[scramble(i) % notes.size()], static_cast<int>(i % 4));
  });
}

// Events a second of a scan by hand: each row verified as an event, its newest bytes kept by record; with `hash`, its leaf added to
// the tree, too.
double fold_by_hand(const std::filesystem::path& data, Seq events, bool hash) {
  const RawDatabase database(data, data, RawDatabase::Mode::kRead);
  const WallTime wall;
  std::unordered_map<std::string, std::string> state;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> row(database.db().NewIterator(options, database.table(Table::kLog)));
  std::vector<std::uint64_t> words;
  Hasher hasher;
  MerkleFrontier tree;
  std::uint64_t seen = 0;
  for (row->SeekToFirst(); row->Valid(); row->Next(), ++seen) {
    words.resize((row->value().size() + 7) / 8);
    std::memcpy(words.data(), row->value().data(), row->value().size());
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(words.data()), row->value().size());
    if (hash) tree.append(hasher.leaf(bytes), hasher);
    const Envelope event = read_envelope(bytes).value();
    state[std::string(event.key)].assign(reinterpret_cast<const char*>(event.changes.data()), event.changes.size());
  }
  must(row->status());
  if (seen != events) must(Status(ErrorId::kInternal, "the log holds another number of events than were written"));
  return static_cast<double>(seen) / wall.seconds();
}

// Events a second where every row of the store is written to a database without a log, and flushed.
double write_by_hand(const std::filesystem::path& data, const std::filesystem::path& into, Seq events) {
  const RawDatabase from(data, data, RawDatabase::Mode::kRead);
  const RawDatabase to(into, data, RawDatabase::Mode::kCreate);
  const WallTime wall;
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const Table table = static_cast<Table>(i);
    const std::unique_ptr<rocksdb::Iterator> row(from.db().NewIterator({}, from.table(table)));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      must(batch.Put(to.table(table), row->key(), row->value()));
      if (batch.Count() < 1000) continue;
      must(to.db().Write(unlogged, &batch));
      batch.Clear();
    }
    must(row->status());
  }
  must(to.db().Write(unlogged, &batch));
  std::vector<rocksdb::ColumnFamilyHandle*> tables;
  for (std::size_t i = 0; i < kTableCount; ++i) tables.push_back(to.table(static_cast<Table>(i)));
  must(to.db().Flush(rocksdb::FlushOptions(), tables));
  return static_cast<double>(events) / wall.seconds();
}

double rebuild_rate(const Store& store, const std::filesystem::path& into) {
  const WallTime wall;
  const Copy copy = rebuild(store, into.string()).value();
  return static_cast<double>(copy.root.size) / wall.seconds();
}

// The largest resident set, in MiB, of a rebuild of so many events of the same records.
double rebuilt_mebibytes(const Settings& settings, std::uint64_t events, std::uint64_t records) {
  const std::filesystem::path path = settings.fresh("rebuild"), copy = settings.fresh("rebuild.copy");
  Store store = open_store(path, {.durability = Durability::kOs});
  std::vector<Note> notes(records);
  for (std::uint64_t i = 0; i < records; ++i) notes[i].number = i;
  load(store, events, [&](std::uint64_t i) { return write_note(notes[i % records], static_cast<int>(i % 4)); });
  must(store.close());
  return largest_set_of({"--rebuild", path.string(), copy.string()});
}

void measure_memory(const Settings& settings, std::vector<Figure>& figures) {
  const std::uint64_t events = settings.quick ? 100'000 : 1'000'000, records = 10'000;
  figures.push_back({.name = "rebuild.memory",
                     .what = "the largest resident set of a rebuild of " + std::to_string(events) + " events of " +
                             std::to_string(records) + " records",
                     .unit = "MiB",
                     .baseline = "of a quarter of the events, of as many records",
                     .forge = {rebuilt_mebibytes(settings, events, records)},
                     .other = {rebuilt_mebibytes(settings, events / 4, records)},
                     .promise = Promise{.bound = Bound::kRatioAtMost, .limit = 1.5}});
}

void measure_rates(const Settings& settings, std::vector<Figure>& figures) {
  const std::filesystem::path path = settings.fresh("rebuild");
  Store store = open_store(path, {.durability = Durability::kOs});
  const Seq events = fill(store, settings.quick ? 50'000 : 500'000);
  must(store.close());
  store = Store::open(path.string(), {.read_only = true}).value();
  const std::filesystem::path data = data_of(path);
  const auto measured = alternate(
      settings.rounds, {[&] { return rebuild_rate(store, settings.fresh("rebuild.copy")); },
                        [&] { return fold_by_hand(data, events, false); }, [&] { return fold_by_hand(data, events, true); },
                        [&] { return write_by_hand(data, settings.fresh("rebuild.raw"), events); }});
  figures.push_back({.name = "rebuild.fold",
                     .what = "rebuilding a store, checked against its tree",
                     .unit = "events/s",
                     .baseline = "RocksDB by hand: scan, verify and fold, nothing written",
                     .forge = measured[0],
                     .other = measured[1],
                     .promise = Promise{.bound = Bound::kRatioAtLeast, .limit = 0.5}});
  figures.push_back({.name = "rebuild.proof",
                     .what = "the same",
                     .unit = "events/s",
                     .baseline = "RocksDB by hand: scan, verify, hash into the tree and fold, nothing written",
                     .forge = measured[0],
                     .other = measured[2],
                     .promise = {}});
  figures.push_back({.name = "rebuild.write",
                     .what = "the same",
                     .unit = "events/s",
                     .baseline = "RocksDB by hand: all rows copied past the log, nothing folded",
                     .forge = measured[0],
                     .other = measured[3],
                     .promise = {}});
}

}  // namespace

void rebuild_alone(const std::filesystem::path& origin, const std::filesystem::path& target) {
  const Store store = Store::open(origin.string(), {.read_only = true}).value();
  rebuild(store, target.string()).value();
  tell_largest_set();
}

void measure_rebuild(const Settings& settings, std::vector<Figure>& figures) {
  const bool wants_rates = settings.wants("rebuild.fold") || settings.wants("rebuild.proof") || settings.wants("rebuild.write");
  if (wants_rates) measure_rates(settings, figures);
  if (settings.wants("rebuild.memory")) measure_memory(settings, figures);
}

}  // namespace forge::bench
