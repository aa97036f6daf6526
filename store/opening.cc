#include "opening.h"

#include <algorithm>

#include "data_files.h"
#include "forge/events/key.h"
#include "log_reader.h"
#include "wal_scan.h"
#include "wreck_list.h"

namespace forge::internal {
namespace {

// What a store's log and tree say when they have just been opened.
struct Recovered {
  std::vector<FilePrefix> prefixes;  // what RocksDB may read of its files, where that is not all
  Seq head = 0;
  Time head_time;
  Time floor;  // no later commit is at or before this
};

std::string store_name(const Store::State& state) {
  return "the store " + state.files->paths().root;
}

// The logs that the open database has need of.
Result<WalScan> scan_logs(const Store::State& state) {
  return scan_wals(*state.files, state.database->oldest_log());
}

// What is missing, and where the write-ahead log says that it broke off.
Status lost_events(const Store::State& state, Seq head, const Watermark& watermark) {
  const Result<WalScan> logs = scan_logs(state);
  const bool damaged = logs.ok() && !logs->damages.empty();
  std::string why = "events " + std::to_string(head + 1) + " to " + std::to_string(watermark.seq) +
                    " were known to be on disk; what can be read ends at event " + std::to_string(head);
  std::string place = state.files->paths().data();
  if (damaged) {
    const WalDamage& first = logs->damages.front();
    why += "; " + first.what;
    place = first.file + ", offset " + std::to_string(first.offset);
  }
  return Status(damaged ? ErrorId::kDataCorrupt : ErrorId::kDataTruncated, store_name(state) + " has lost acknowledged events")
      .why(std::move(why))
      .place(std::move(place))
      .state("nothing was changed")
      .remedy(kRepairRemedy);
}

// A damaged record with sound ones behind it above the watermark: they are dropped, so they are named.
Status note_hidden_damage(Store::State& state, Seq head) {
  FORGE_ASSIGN(const WalScan logs, scan_logs(state));
  const WalDamage* hidden = logs.hidden();
  if (hidden == nullptr || *hidden->first_after <= head) return {};
  state.notices.push_back("the write-ahead log is damaged at " + hidden->file + ", offset " + std::to_string(hidden->offset) +
                          " (" + hidden->what + "): events from " + std::to_string(head + 1) +
                          " on are lost; the files as found are kept in " + state.files->paths().quarantine());
  return {};
}

// The log's last event, and a look for holes: first and last key and their count must agree.
Result<Recovered> recover_head(const Store::State& state) {
  const Database& database = *state.database;
  Recovered out;
  FORGE_ASSIGN(out.head, last_seq(database));
  if (out.head == 0) return out;
  AlignedBytes bytes;
  FORGE_ASSIGN(const Envelope last, read_event(database, out.head, bytes));
  out.head_time = last.recorded_at;
  const auto iterator = database.iterate(Table::kLog);
  iterator->SeekToFirst();
  FORGE_TRY(Database::check(*iterator, "reading the log"));
  FORGE_ASSIGN(const std::uint64_t count, database.count_entries(Table::kLog));
  const bool starts = iterator->Valid() && iterator->key().size() == 8 && read_u64(iterator->key().data()) == 1;
  if (starts && count == out.head) return out;
  return Status(ErrorId::kDataTruncated, store_name(state) + " has holes in its log")
      .why("it ends at event " + std::to_string(out.head) + " and holds " + std::to_string(count) + " events" +
           (starts ? "" : ", the first of them missing"))
      .place(state.files->paths().data())
      .remedy(kRepairRemedy);
}

Status compare_with(const Store::State& state, const Recovered& recovered, const Watermark& watermark) {
  if (watermark.store != state.identity.id) {
    return Status(ErrorId::kStoreForeignFile, "the watermark belongs to another store").place(state.files->paths().watermark());
  }
  if (recovered.head < watermark.seq) return lost_events(state, recovered.head, watermark);
  FORGE_ASSIGN(const Hash root, tree_root(*state.database, watermark.seq));
  if (root == watermark.root) return {};
  return Status(ErrorId::kEventAltered, store_name(state) + " was altered")
      .why("the tree over events 1 to " + std::to_string(watermark.seq) + " has root " + to_hex(root) + ", the watermark says " +
           to_hex(watermark.root))
      .remedy("see: forgectl verify");
}

// The id in the data must be the directory's, or files of two stores were mixed.
Status check_store_id(const Store::State& state) {
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, state.database->get(Table::kMeta, kStoreIdKey, value));
  if (found && view_of(value) == state.identity.id.to_string()) return {};
  return Status(ErrorId::kStoreForeignFile, "the data files belong to another store")
      .why(found ? "they carry the id " + value.ToString() : "they carry no id")
      .place(state.files->paths().data());
}

DatabaseOptions database_options(const Store::State& state, bool read_only, std::vector<FilePrefix> prefixes = {}) {
  return {.path = state.files->paths().data(),
          .env = state.env.get(),
          .prefixes = std::move(prefixes),
          .read_only = read_only,
          .is_glance = read_only && !state.options.read_only,
          .cache_bytes = state.options.cache_bytes,
          .write_buffer_bytes = state.options.write_buffer_bytes,
          .log = state.options.log};
}

Status create(Store::State& state) {
  state.identity.id = state.options.ids->next(state.clock().now());
  state.identity.created = state.clock().now();
  FORGE_TRY(state.files->begin_creation(state.identity));
  DatabaseOptions options = database_options(state, false);
  options.create = true;
  FORGE_ASSIGN(state.database, Database::open(options));
  FORGE_TRY(put_store_id(*state.database, state.identity.id));
  return state.files->finish_creation();
}

Status take_lock(Store::State& state) {
  if (state.env != nullptr) return {};
  FORGE_ASSIGN(state.lock, DirectoryLock::acquire(state.files->paths().root, state.options.owner, state.clock().now(),
                                                  DirectoryLock::Phase::kOpening));
  return {};
}

// The files that an opening found which then failed for want of space or descriptors: no stop of its own. They are as the stop
// before left them, and the next opening keeps them for its own. Empty where there are none.
std::string kept_by_failed_opening(const Store::State& state) {
  std::vector<std::string> names;
  const std::string path = state.files->paths().quarantine();
  state.files->file_system().GetChildren(path, rocksdb::IOOptions(), &names, nullptr).PermitUncheckedError();
  const auto found =
      std::find_if(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(kFailedOpening); });
  return found == names.end() ? std::string() : *found;
}

Status rename_kept(const Store::State& state, const std::string& from, const std::string& to) {
  const std::string path = state.files->paths().quarantine() + "/";
  return to_status(state.files->file_system().RenameFile(path + from, path + to, rocksdb::IOOptions(), nullptr),
                   "renaming " + from);
}

// After an unclean stop the files are kept as they were found before anything may change them, under the name that `name` becomes.
Status quarantine(Store::State& state, std::string& name) {
  name = format_time(state.clock().now());
  std::replace(name.begin(), name.end(), ':', '-');
  if (const std::string before = kept_by_failed_opening(state); !before.empty()) {
    name = before.substr(0, before.size() - kFailedOpening.size());
    return rename_kept(state, before, name);
  }
  const Result<bool> kept = state.files->quarantine_data(name);
  if (!kept.ok()) return kept.status();
  if (!*kept) state.notices.push_back("the file system has no hard links: the files as found could not be kept");
  return {};
}

Status start_writing(Store::State& state, const Recovered& recovered) {
  FORGE_ASSIGN(const Hash root, tree_root(*state.database, recovered.head));
  const Watermark start{
      .store = state.identity.id, .seq = recovered.head, .root = root, .time_floor = recovered.floor, .clean = false};
  std::function<Status()> sync_log;
  if (state.options.durability == Durability::kOs) sync_log = [database = state.database.get()] { return database->sync_log(); };
  FORGE_ASSIGN(state.watermark, WatermarkKeeper::start(*state.files, start, std::move(sync_log), state.tuning.watermark_interval));
  state.decider = std::make_unique<Decider>(*state.database, state.catalog, state.clock(), *state.options.ids, state.options.limits,
                                            state.options.handlers);
  state.inline_folds = std::make_unique<InlineFolds>(state.clock(), state.options.log);
  state.decider->fold_inline(state.inline_folds.get());
  state.writer = std::make_unique<Writer>(*state.database, *state.decider, *state.watermark, state.options.durability,
                                          state.options.limits, state.tuning, *state.gate, state.clock());
  state.writer->raise_floor(recovered.floor);
  return state.writer->start(recovered.head, recovered.head_time);
}

// A table that the list names and that is not there may have gone in order, and the list lost what it said of that: then the list
// is at fault. It is where its end is torn, or where there are newer tables than that, which it does not name.
Status find_fault(const Store::State& state, Status opened) {
  const std::string table = opened.text().place.substr(opened.text().place.rfind('/') + 1);
  if (opened.text().why != kMissingFile || !table.ends_with(".sst")) return opened;
  const Result<FilePrefix> list = sound_manifest(*state.files);
  const Result<TableInventory> found = take_inventory(*state.files, {});
  if (!list.ok()) return opened;
  const Result<std::uint64_t> bytes = state.files->size_of(list->path);
  const bool is_torn = bytes.ok() && *bytes > list->bytes;
  const bool is_old = found.ok() && !found->unlisted.empty() && found->unlisted.back() > table;
  if (!is_torn && !is_old) return opened;
  return Status(ErrorId::kDataCorrupt, opened.text().what)
      .why("the list of the data files " + std::string(is_torn ? "is cut short" : "is older than they are") +
           ": it names the table " + table + ", which is not there" +
           (is_old ? ", and not " + found->unlisted.back() + ", which is" : ""))
      .place(list->path)
      .remedy(kRepairRemedy);
}

// Opens the database read-only with what can be read of RocksDB's list of files.
Status open_list(Store::State& state, std::vector<FilePrefix>& prefixes) {
  FORGE_ASSIGN(const std::optional<FilePrefix> manifest, readable_manifest(*state.files));
  if (manifest) prefixes.push_back(*manifest);
  Result<std::unique_ptr<Database>> opened = Database::open(database_options(state, true, prefixes));
  if (opened.ok()) {
    state.database = *std::move(opened);
    return {};
  }
  if (!manifest) return find_fault(state, opened.status());
  const Status whole = Database::open(database_options(state, true)).status();  // it says what is wrong with the rest
  return find_fault(state, whole.ok() ? opened.status() : whole);
}

// RocksDB passes over a block of zeros in the write-ahead log, and over the torn end of a file, and goes on behind it. A power loss
// leaves both where writes are not synced; and a damage in a file that is needed no more means nothing. So where the log has a
// hole, what stands behind a damage is left unread, and the longest log without a hole is taken.
Result<Recovered> recover_before_damage(Store::State& state, const Status& hole, std::vector<FilePrefix>& prefixes) {
  FORGE_ASSIGN(const WalScan logs, scan_logs(state));
  const std::vector<FilePrefix> list = prefixes;
  for (auto damage = logs.damages.rbegin(); damage != logs.damages.rend(); ++damage) {
    prefixes = logs.before(*damage);
    prefixes.insert(prefixes.end(), list.begin(), list.end());
    FORGE_ASSIGN(state.database, Database::open(database_options(state, true, prefixes)));
    Result<Recovered> recovered = recover_head(state);
    if (recovered.ok()) return recovered;
  }
  return hole;
}

// Files that are not sound to their end are read up to there only where a watermark tells what must be in them.
Result<Recovered> open_sound(Store::State& state, bool has_watermark) {
  std::vector<FilePrefix> prefixes;
  if (has_watermark) {
    FORGE_TRY(open_list(state, prefixes));
  } else {
    Result<std::unique_ptr<Database>> opened = Database::open(database_options(state, true));
    if (!opened.ok()) return find_fault(state, opened.status());
    state.database = *std::move(opened);
  }
  FORGE_TRY(check_store_id(state));
  Result<Recovered> recovered = recover_head(state);
  if (has_watermark && recovered.status().id() == ErrorId::kDataTruncated) {
    recovered = recover_before_damage(state, recovered.status(), prefixes);
  }
  if (recovered.ok()) recovered->prefixes = std::move(prefixes);
  return recovered;
}

// Everything that can be known without changing a byte: identity, watermark, log, tree and schema. The database is open read-only
// when this returns.
Result<Recovered> examine(Store::State& state, const WatermarkFile::Reading& reading) {
  FORGE_TRY(check_data_files(*state.files));
  FORGE_ASSIGN(Recovered recovered, open_sound(state, reading.newest.has_value()));
  recovered.floor = recovered.head_time;
  if (reading.newest) {
    FORGE_TRY(compare_with(state, recovered, *reading.newest));
    recovered.floor = std::max(recovered.floor, reading.newest->time_floor);
  } else {
    state.notices.push_back("the watermark file is missing or unreadable: whether the newest events are all here cannot be told");
  }
  if (reading.newest && reading.damaged_slots > 0) {
    state.notices.push_back("the watermark file has " + std::to_string(reading.damaged_slots) +
                            " damaged slot(s); a sound one was used");
  }
  FORGE_TRY(state.catalog.load(*state.database));
  return recovered;
}

bool is_same(const Result<DataFileList>& a, const Result<DataFileList>& b) {
  return a.ok() == b.ok() && (!a.ok() || *a == *b);
}

// Looks at a store that somebody else may be writing to. A log whose events went into tables is deleted: whoever had read RocksDB's
// list of files before that, and looks for logs after it, misses these events without a word. So the list is compared.
Result<Recovered> examine_for_reading(Store::State& state, bool& stood_still) {
  state.notices.clear();
  state.database.reset();
  state.catalog.clear();
  const Result<DataFileList> before = data_file_list(*state.files);
  FORGE_ASSIGN(const WatermarkFile::Reading reading, WatermarkFile::read(*state.files));
  state.read_watermark = reading.newest;
  Result<Recovered> recovered = examine(state, reading);
  stood_still = is_same(before, data_file_list(*state.files));
  return recovered;
}

// Beside a writer, files come and go between two looks at the directory; a look that failed for that reason, or may have missed
// something, is taken again. Beside one in a hurry many fail in a row, and none of them says that the store is damaged. Where the
// list stood still only a file that it no longer names may have gone meanwhile: that does not happen many times.
Status open_reading(Store::State& state) {
  constexpr int kLooks = 5, kFailedLooks = 50, kFailedStillLooks = 8;
  Status last;
  int still_failures = 0;
  for (int look = 1; look <= kFailedLooks && still_failures < kFailedStillLooks; ++look) {
    bool stood_still = true;
    const Result<Recovered> recovered = examine_for_reading(state, stood_still);
    last = recovered.status();
    if (!stood_still && look < (recovered.ok() ? kLooks : kFailedLooks)) continue;
    if (recovered.ok()) {
      state.read_head = recovered->head;
      state.read_head_time = recovered->head_time;
      state.dry_run = std::make_unique<DryRun>(*state.database, state.catalog, state.clock(), *state.options.ids,
                                               state.options.limits, state.options.handlers, state.read_head, state.read_head_time);
      return {};
    }
    if (state.env != nullptr || DirectoryLock::holder(state.files->paths().root).empty()) break;
    ++still_failures;
  }
  return last;
}

// Opening for writing takes some space of its own; reading takes none.
Status no_room(const Store::State& state, const Status& full) {
  return Status(full.id(), "the store " + state.files->paths().root + " cannot be opened for writing")
      .why(full.text().why)
      .state("nothing was written")
      .remedy("free some space and try again; reading works: --read-only");
}

Status open_for_writing(Store::State& state, const Recovered& recovered) {
  FORGE_ASSIGN(state.database, Database::open(database_options(state, false, recovered.prefixes)));
  FORGE_TRY(state.database->merge_small_files());
  state.database->merge_current();
  return start_writing(state, recovered);
}

// The store as its last clean close left it.
void mark_as_found(Store::State& state, const Watermark& found) {
  state.writer.reset();
  state.watermark.reset();
  const Result<std::unique_ptr<WatermarkFile>> file = WatermarkFile::open(*state.files);
  if (file.ok()) static_cast<void>((*file)->write(found, true).ok());
}

bool is_for_want(const Status& failure) {
  return failure.id() == ErrorId::kDiskFull || failure.id() == ErrorId::kNoMemory || is_out_of_descriptors(failure);
}

// Where it fails for want of something nothing was committed: what it marked as a stop out of order is taken back.
Status begin_writing(Store::State& state, const Recovered& recovered, const WatermarkFile::Reading& reading, bool is_clean) {
  std::string kept;
  if (Status done = is_clean ? Status() : quarantine(state, kept); !done.ok()) {
    if (is_for_want(done)) static_cast<void>(state.files->remove_tree(state.files->paths().quarantine() + "/" + kept).ok());
    return done;
  }
  Status begun = open_for_writing(state, recovered);
  if (begun.ok() || !is_for_want(begun)) return begun;
  if (!kept.empty()) static_cast<void>(rename_kept(state, kept, kept + std::string(kFailedOpening)).ok());
  if (is_clean) mark_as_found(state, *reading.newest);
  return begun;
}

// Looks at everything read-only first; only a store that proved sound is opened for writing, because RocksDB tidies away what it
// does not know.
Status open_existing(Store::State& state) {
  FORGE_ASSIGN(state.identity, state.files->read_identity());
  if (state.options.read_only) return open_reading(state);
  FORGE_TRY(take_lock(state));
  FORGE_ASSIGN(const WatermarkFile::Reading reading, WatermarkFile::read(*state.files));
  FORGE_ASSIGN(const Recovered recovered, examine(state, reading));
  const bool is_clean = reading.newest && reading.newest->clean && recovered.prefixes.empty();
  if (!is_clean) FORGE_TRY(note_hidden_damage(state, recovered.head));
  state.database.reset();
  Status begun = begin_writing(state, recovered, reading, is_clean);
  return begun.id() == ErrorId::kDiskFull ? no_room(state, begun) : begun;
}

// A copy that was not finished must never pass for a store, nor make room for an empty one. A draft that cannot be read was itself
// being written: nothing stands behind it.
Status refuse_unfinished_copy(const StoreFiles& files) {
  const Result<Identity> draft = files.read_draft();
  if (!draft.ok() || !draft->origin) return {};
  return Status(ErrorId::kCopyUnfinished, files.paths().root + " holds an unfinished copy of a store")
      .why("it was to hold events 1 to " + std::to_string(draft->origin->seq) + " of the store " + draft->origin->store)
      .state("nothing was changed");
}

bool may_create(const Store::State& state) {
  return !state.options.read_only && state.options.create;
}

// The lock comes before the first file. Under it the directory is looked at again: another process may have made a store there
// meanwhile, or begun one.
Status open_new(Store::State& state) {
  if (!may_create(state)) {
    return Status(ErrorId::kStoreNotFound, "there is no store in " + state.path).remedy("create one: forgectl init " + state.path);
  }
  FORGE_TRY(state.files->make_root());
  FORGE_TRY(take_lock(state));
  FORGE_ASSIGN(const StoreFiles::Found found, state.files->look());
  if (found == StoreFiles::Found::kUnfinished) {
    FORGE_TRY(refuse_unfinished_copy(*state.files));
    FORGE_TRY(state.files->discard_creation());
  } else if (found != StoreFiles::Found::kNothing) {
    state.lock.reset();
    return open_state(state);
  }
  FORGE_TRY(create(state));
  return start_writing(state, {});
}

// A look is several looks at the directory. Where a store is just being made there, they may not fit together and show remains or
// foreign things: then another one tells.
Result<StoreFiles::Found> look_at(const Store::State& state) {
  constexpr int kLooks = 5;
  for (int look = 1;; ++look) {
    FORGE_ASSIGN(const StoreFiles::Found found, state.files->look());
    const bool is_odd = found == StoreFiles::Found::kRemains || found == StoreFiles::Found::kForeign;
    if (!is_odd || look == kLooks || state.env != nullptr) return found;
    if (DirectoryLock::holder(state.files->paths().root).empty()) return state.files->look();
  }
}

}  // namespace

Status put_store_id(Database& database, const Uuid& id) {
  rocksdb::WriteBatch batch;
  batch.Put(database.handle(Table::kMeta), slice_of(kStoreIdKey), id.to_string()).PermitUncheckedError();
  FORGE_TRY(to_status(database.write(batch, true), "writing the new store"));
  return database.flush();
}

Status open_state(Store::State& state) {
  FORGE_ASSIGN(const StoreFiles::Found found, look_at(state));
  const std::string& root = state.files->paths().root;
  switch (found) {
    case StoreFiles::Found::kStore:
      return open_existing(state);
    case StoreFiles::Found::kNothing:
      return open_new(state);
    case StoreFiles::Found::kUnfinished:
      FORGE_TRY(refuse_unfinished_copy(*state.files));
      if (!may_create(state)) return unfinished_creation(state.files->paths());
      return open_new(state);
    case StoreFiles::Found::kRemains:
      return Status(ErrorId::kRemainsOfStore, root + " holds remains of a store without its identity file")
          .why("the file FORGE, which says which store it is and in what format, is missing")
          .place(state.files->paths().identity())
          .state("nothing was changed")
          .remedy(kLostIdentityRemedy);
    case StoreFiles::Found::kForeign:
      return Status(ErrorId::kForeignDirectory, root + " holds other things than a store").state("nothing was changed");
  }
  return {};
}

}  // namespace forge::internal
