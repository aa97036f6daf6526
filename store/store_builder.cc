#include "store_builder.h"

#include "forge/store/enclosure.h"
#include "log_reader.h"
#include "opening.h"
#include "watermark.h"

namespace forge::internal {
namespace {

Status not_empty(const std::string& path, const std::string& what) {
  return Status(ErrorId::kTargetNotEmpty, path + " " + what).state("nothing was written");
}

// Nothing where a copy may be made in the directory.
Status check_empty(const StoreFiles& files) {
  const std::string& root = files.paths().root;
  FORGE_ASSIGN(const StoreFiles::Found found, files.look());
  switch (found) {
    case StoreFiles::Found::kStore:
      return not_empty(root, "holds a store");
    case StoreFiles::Found::kRemains:
      return not_empty(root, "holds remains of a store");
    case StoreFiles::Found::kForeign:
      return not_empty(root, "is not empty");
    case StoreFiles::Found::kNothing:
    case StoreFiles::Found::kUnfinished:
      return {};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<StoreFiles>> target_files(const std::string& path, std::shared_ptr<rocksdb::FileSystem> file_system) {
  if (file_system == rocksdb::FileSystem::Default()) FORGE_TRY(check_outside(path));
  if (StoreFiles::locate(*file_system, path).root != path) return not_empty(path, "holds a store");
  auto files = std::make_unique<StoreFiles>(std::move(file_system), StorePaths{path});
  FORGE_TRY(check_empty(*files));
  return files;
}

StoreBuilder::StoreBuilder(BuildTarget target, Origin origin) : target_(std::move(target)), tree_(nullptr) {
  identity_.origin = std::move(origin);
}

Result<std::unique_ptr<StoreBuilder>> StoreBuilder::begin(BuildTarget target, Origin origin) {
  std::unique_ptr<StoreBuilder> builder(new StoreBuilder(std::move(target), std::move(origin)));
  FORGE_TRY(builder->claim());
  FORGE_TRY(builder->create());
  return builder;
}

// The lock is the directory's, so the directory comes first; what it holds is looked at again under the lock.
Status StoreBuilder::claim() {
  const std::shared_ptr<rocksdb::FileSystem> file_system =
      target_.env != nullptr ? target_.env->GetFileSystem() : rocksdb::FileSystem::Default();
  FORGE_ASSIGN(files_, target_files(target_.path, file_system));
  const StorePaths& paths = files_->paths();
  made_directory_ = !files_->exists(paths.root);
  const rocksdb::IOStatus made = file_system->CreateDirIfMissing(paths.root, kIo, nullptr);
  if (!made.ok()) {
    return Status(ErrorId::kDirectoryUnusable, "cannot make the directory " + paths.root)
        .why(to_status(made, "").text().why)
        .state("nothing was written");
  }
  if (target_.env == nullptr) {
    FORGE_ASSIGN(lock_, DirectoryLock::acquire(paths.root, {}, target_.clock->now()));
  }
  FORGE_TRY(check_empty(*files_));
  is_claimed_ = true;
  if (files_->exists(paths.identity_draft())) FORGE_TRY(files_->discard_creation());
  return {};
}

Status StoreBuilder::create() {
  identity_.created = target_.clock->now();
  identity_.id = target_.ids->next(identity_.created);
  FORGE_TRY(files_->begin_creation(identity_));
  FORGE_TRY(to_status(files_->file_system().CreateDirIfMissing(files_->paths().loading(), kIo, nullptr), "making a directory"));
  FORGE_ASSIGN(database_,
               Database::open({.path = files_->paths().data(), .env = target_.env.get(), .create = true, .log = target_.log}));
  FORGE_TRY(put_store_id(*database_, identity_.id));
  thread_ = std::make_unique<SideThread>();
  const std::shared_ptr<TableLoader::Memory> memory = TableLoader::new_memory();
  const auto new_loader = [&](Table table, std::string_view name) {
    const bool any_order = table == Table::kVersions || table == Table::kIdempotency || table == Table::kTags;
    const std::string stem = files_->paths().loading() + "/" + std::string(name) + "-";
    return std::make_unique<TableLoader>(*database_, table, any_order ? TableLoader::Order::kAny : TableLoader::Order::kSorted,
                                         stem, memory, *thread_, target_.limits);
  };
  for (std::size_t i = 0; i < kTableCount; ++i) loaders_[i] = new_loader(static_cast<Table>(i), name_of(static_cast<Table>(i)));
  tile_roots_ = new_loader(Table::kTree, "roots");
  return {};
}

// Whatever is still there of an unfinished build is of no use to anybody: failing to remove it loses nothing, and the next build
// removes it.
StoreBuilder::~StoreBuilder() {
  thread_.reset();
  for (auto& loader : loaders_) loader.reset();
  tile_roots_.reset();
  database_.reset();
  if (!is_claimed_) return;
  if (files_->exists(files_->paths().identity_draft())) static_cast<void>(files_->discard_creation().ok());
  lock_.reset();
  if (made_directory_) files_->file_system().DeleteDir(files_->paths().root, kIo, nullptr).PermitUncheckedError();
}

TableLoader& StoreBuilder::loader(Table table) {
  return *loaders_[static_cast<std::size_t>(table)];
}

Status StoreBuilder::add(const LogRow& row) {
  const Seq expected = size() + 1;
  if (row.seq != expected) {
    return Status(ErrorId::kDataCorrupt,
                  "event " + std::to_string(row.seq) + " came where event " + std::to_string(expected) + " was to follow");
  }
  FORGE_ASSIGN(const Envelope envelope, decode_event(row.seq, row.row, bytes_));
  if (std::string why = order_.problem(envelope); !why.empty())
    return Status(ErrorId::kDataCorrupt, "event " + std::to_string(row.seq) + " is not sound").why(std::move(why));
  order_.take(envelope);
  last_time_ = envelope.recorded_at;
  FORGE_TRY(loader(Table::kLog).put(log_key(row.seq), row.row));
  Status put;
  FORGE_TRY(fold_.fold(envelope, [&](const RowChange& change) {
    if (put.ok()) put = loader(change.table).put(change.key, change.value);
  }));
  tree_.append(row.leaf, [&](std::string_view key, std::string_view value) {
    if (put.ok()) put = (key.front() == 'L' ? loader(Table::kTree) : *tile_roots_).put(key, value);
  });
  return put;
}

Result<Seq> StoreBuilder::add_note(std::string_view actor, std::string_view reason) {
  Envelope note;
  note.seq = size() + 1;
  note.recorded_at = std::max(target_.clock->now(), Time{last_time_.micros + 1});
  note.transaction = target_.ids->next(note.recorded_at);
  note.schema_version = catalog_.version();
  note.actor = actor;
  note.metadata.emplace_back("reason", reason);
  EnvelopeWriter writer;
  const std::span<const std::uint8_t> bytes = writer.write(note);
  FORGE_TRY(
      add({.seq = note.seq, .row = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, .leaf = hasher_.leaf(bytes)}));
  return note.seq;
}

Result<BuiltStore> StoreBuilder::finish() {
  if (!order_.is_whole()) return Status(ErrorId::kDataCorrupt, "the log ends inside a transaction");
  built_.records = fold_.records();
  FORGE_TRY(load_rest());
  built_.bytes = bytes_on_disk();
  built_.identity = identity_;
  built_.root = {.size = size(), .hash = root()};
  FORGE_TRY(seal());
  is_claimed_ = false;
  lock_.reset();
  return built_;
}

// The tables that only grow are complete. They are merged, where they came in runs, and taken in while the state is sorted and
// written.
Status StoreBuilder::load_rest() {
  FORGE_TRY(fold_.fill_indexes());
  std::vector<Table> growing, changing;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const Table table = static_cast<Table>(i);
    (is_append_only(table) ? growing : changing).push_back(table);
    if (is_append_only(table)) FORGE_TRY(loader(table).flush());
  }
  FORGE_TRY(tile_roots_->flush());
  FORGE_TRY(thread_->wait());
  SideThread taking;
  FORGE_TRY(taking.give([&] { return take_in(growing); }));
  for (const Table table : changing) FORGE_TRY(load_state(table));
  FORGE_TRY(thread_->wait());
  FORGE_TRY(taking.wait());
  return take_in(changing);
}

Status StoreBuilder::load_state(Table table) {
  Status put;
  fold_.take_rows(table, [&](std::string_view key, std::string_view value) {
    if (put.ok()) put = loader(table).put(key, value);
  });
  FORGE_TRY(put);
  return loader(table).flush();
}

Status StoreBuilder::take_in(const std::vector<Table>& tables) {
  for (const Table table : tables) {
    FORGE_TRY(loader(table).merge());
    std::vector<std::shared_ptr<LoadedFile>> files = loader(table).files();
    if (table == Table::kTree) files.insert(files.end(), tile_roots_->files().begin(), tile_roots_->files().end());
    FORGE_TRY(ingest(*database_, table, files));
  }
  return {};
}

std::uint64_t StoreBuilder::bytes_on_disk() const {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    std::uint64_t bytes = 0;
    database_->db().GetIntProperty(database_->handle(static_cast<Table>(i)), rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
    out += bytes;
  }
  return out;
}

// The name of the identity file is what makes it a store: it comes last, with everything else on disk.
Status StoreBuilder::seal() {
  FORGE_TRY(database_->flush());
  thread_.reset();
  database_.reset();
  FORGE_TRY(files_->remove_tree(files_->paths().loading()));
  FORGE_ASSIGN(const std::unique_ptr<WatermarkFile> watermark, WatermarkFile::open(*files_));
  FORGE_TRY(watermark->write(
      {.store = identity_.id, .seq = built_.root.size, .root = built_.root.hash, .time_floor = last_time_, .clean = true}, true));
  return files_->finish_creation();
}

}  // namespace forge::internal
