#include "store_builder.h"

#include "log_reader.h"
#include "opening.h"
#include "watermark.h"

namespace forge::internal {
namespace {

const rocksdb::IOOptions kIo;

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
  const StorePaths paths{target_.path};
  const StorePaths inside = StoreFiles::locate(*file_system, target_.path);
  if (inside.root != paths.root) return not_empty(paths.root, "holds a store");
  files_ = std::make_unique<StoreFiles>(file_system, paths);
  FORGE_TRY(check_empty(*files_));
  made_directory_ = !files_->exists(paths.root);
  const rocksdb::IOStatus made = file_system->CreateDirIfMissing(paths.root, kIo, nullptr);
  if (!made.ok()) return Status(ErrorId::kDirectoryUnusable, "cannot make the directory " + paths.root).why(made.ToString());
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
  const std::string stem = files_->paths().loading() + "/";
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const Table table = static_cast<Table>(i);
    loaders_[i] = std::make_unique<TableLoader>(*database_, table, stem + std::string(name_of(table)) + "-", *thread_);
  }
  tile_roots_ = std::make_unique<TableLoader>(*database_, Table::kTree, stem + "roots-", *thread_);
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

Result<BuiltStore> StoreBuilder::finish() {
  if (!order_.is_whole()) return Status(ErrorId::kDataCorrupt, "the log ends inside a transaction");
  FORGE_TRY(load_rest());
  built_.identity = identity_;
  built_.root = {.size = size(), .hash = root()};
  built_.records = fold_.records();
  FORGE_TRY(seal());
  is_claimed_ = false;
  lock_.reset();
  return built_;
}

Status StoreBuilder::load_rest() {
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const Table table = static_cast<Table>(i);
    Status put;
    fold_.each_row(table, [&](std::string_view key, std::string_view value) {
      if (put.ok()) put = loader(table).put(key, value);
    });
    FORGE_TRY(put);
    FORGE_TRY(loader(table).flush());
  }
  FORGE_TRY(tile_roots_->flush());
  FORGE_TRY(thread_->wait());
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const Table table = static_cast<Table>(i);
    std::vector<std::shared_ptr<LoadedFile>> files = loaders_[i]->files();
    if (table == Table::kTree) files.insert(files.end(), tile_roots_->files().begin(), tile_roots_->files().end());
    FORGE_TRY(ingest(*database_, table, std::move(files)));
    std::uint64_t bytes = 0;
    database_->db().GetIntProperty(database_->handle(table), rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
    built_.bytes += bytes;
  }
  return {};
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
