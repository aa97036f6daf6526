#include "wreck.h"

#include <array>
#include <filesystem>

#include "data_files.h"
#include "log_reader.h"
#include "opening.h"

namespace forge::internal {
namespace {

// Says that a directory is a Wreck's and may be removed.
constexpr const char* kScratchMark = "/SALVAGE";

// Not a want of space or memory, which is no fault of the files. A file that is missing is told as an I/O error.
bool is_damage(const Status& status) {
  return status.id() == ErrorId::kDataCorrupt || status.id() == ErrorId::kIoError;
}

}  // namespace

Wreck::Wreck(const std::string& path, const std::string& scratch, const CopyOptions& options)
    : files_(rocksdb::FileSystem::Default(), StoreFiles::locate(*rocksdb::FileSystem::Default(), path)),
      scratch_(rocksdb::FileSystem::Default(), StorePaths{scratch}),
      log_(options.log) {}

// Failing to remove the scratch directory loses nothing: it is marked, and the next repair removes it.
Wreck::~Wreck() {
  database_.reset();
  if (made_scratch_) static_cast<void>(scratch_.remove_tree(scratch_.paths().root).ok());
}

Status Wreck::check_place() const {
  FORGE_ASSIGN(const StoreFiles::Found found, files_.look());
  if (found == StoreFiles::Found::kUnfinished) {
    const Result<Identity> draft = files_.read_draft();
    if (!draft.ok() || !draft->origin) return unfinished_creation(files_.paths());
  }
  if (!files_.exists(files_.paths().data())) {
    return Status(ErrorId::kStoreNotFound, "there is no store in " + root()).why("it has no directory data");
  }
  if (lock_ != nullptr) return {};
  if (const std::string holder = DirectoryLock::holder(root()); !holder.empty()) {
    return Status(ErrorId::kStoreLocked, "the store " + root() + " is held by another process")
        .why(holder)
        .state("nothing was changed");
  }
  return {};
}

Status Wreck::hold(Clock& clock) {
  FORGE_TRY(check_place());
  FORGE_ASSIGN(lock_, DirectoryLock::acquire(root(), {}, clock.now()));
  return {};
}

Status Wreck::open() {
  FORGE_TRY(check_place());
  FORGE_TRY(read_identity());
  const Status listed = check_data_files(files_);
  FORGE_TRY(listed.ok() ? open_here() : open_copy());
  if (damage_.ok()) damage_ = listed;
  FORGE_TRY(read_id());
  const Result<WatermarkFile::Reading> reading = WatermarkFile::read(files_);
  if (reading.ok() && reading->newest && reading->newest->store.to_string() == id_) watermark_ = reading->newest;
  return look_for_more();
}

// A log that ends before the watermark may go on in tables that the list does not name.
Status Wreck::look_for_more() {
  const Result<Seq> head = last_seq(*database_);
  if (made_scratch_ || !watermark_ || (head.ok() && *head >= watermark_->seq)) return {};
  const Result<TableInventory> inventory = take_inventory(files_, log_);
  if (!inventory.ok() || event_tables(files_.paths().data(), inventory->unlisted).empty()) return {};
  database_.reset();
  const Status old = Status(ErrorId::kDataTruncated, "the list of the data files is older than they are")
                         .why("it does not name " + inventory->unlisted.back())
                         .place(files_.paths().data());
  return open_rest_of(files_.paths().data(), old);
}

Status Wreck::read_identity() {
  const Result<Identity> identity = files_.read_identity();
  if (identity.status().id() == ErrorId::kFormatTooNew) return identity.status();
  if (identity.ok()) {
    id_ = identity->id.to_string();
  } else {
    damage_ = identity.status();
  }
  return {};
}

Status Wreck::unusable(const Status& why, const std::string& place) const {
  return Status(why.id(), "the data files of the store " + root() + " cannot be opened")
      .why(why.text().why.empty() ? why.text().what : why.text().why)
      .place(why.text().place.empty() ? place : why.text().place)
      .state("nothing was changed")
      .remedy("restore a backup");
}

// RocksDB opens a database with all files of the tables that it is asked for, or not at all.
Status Wreck::open_data(const std::string& directory) {
  const std::array<std::vector<Table>, 3> choices = {{{}, {Table::kMeta, Table::kLog, Table::kTree}, {Table::kMeta, Table::kLog}}};
  Status first, last;
  for (const std::vector<Table>& only : choices) {
    Result<std::unique_ptr<Database>> opened = Database::open({.path = directory, .read_only = true, .only = only, .log = log_});
    if (opened.ok()) {
      database_ = *std::move(opened);
      if (damage_.ok()) damage_ = first;
      return {};
    }
    last = unusable(opened.status(), directory);
    if (first.ok()) first = last;
  }
  return last;
}

// As it is, or else the rest of it on a copy.
Status Wreck::open_here() {
  const std::string data = files_.paths().data();
  const Status whole = open_data(data);
  return whole.ok() || !is_damage(whole) ? whole : open_rest_of(data, whole);
}

Status Wreck::open_rest_of(const std::string& data, const Status& whole) {
  FORGE_ASSIGN(const std::string current, files_.read(data + "/CURRENT"));
  FORGE_TRY(make_copy());
  FORGE_TRY(scratch_.replace(scratch_.paths().data() + "/CURRENT", current));
  const Status rest = open_rest();
  if (!rest.ok()) return is_damage(rest) ? whole : rest;
  if (damage_.ok()) damage_ = whole;
  return {};
}

// What the copy's list names and can be used, and the events in tables that it does not name: a list that lost its end is older
// than the tables.
Status Wreck::open_rest() {
  FORGE_TRY(strike_from_list(scratch_, {}));
  FORGE_ASSIGN(const TableInventory inventory, take_inventory(scratch_, log_));
  FORGE_TRY(strike_from_list(scratch_, inventory));
  const std::vector<std::string> more = event_tables(files_.paths().data(), inventory.unlisted);
  FORGE_ASSIGN(database_, Database::open({.path = scratch_.paths().data(), .read_only = more.empty(), .log = log_}));
  if (!more.empty()) FORGE_TRY(add_events_of(more, *database_));
  for (const ListedTable& table : inventory.unusable) {
    if (table.family != name_of(Table::kLog)) continue;
    log_loss_ = Status(table.why).place(files_.paths().data() + "/" + table.name);
    break;
  }
  return {};
}

Status Wreck::make_copy() {
  FORGE_TRY(claim_scratch());
  return copy_data();
}

Status Wreck::open_copy() {
  FORGE_TRY(make_copy());
  const std::string data = scratch_.paths().data();
  Status last = unusable(Status(ErrorId::kDataCorrupt, "no list of them (MANIFEST) is left"), files_.paths().data());
  for (const std::string& name : manifests_in(scratch_, data)) {
    FORGE_TRY(scratch_.replace(data + "/CURRENT", name + "\n"));
    last = open_data(data);
    if (!last.ok() && is_damage(last) && open_rest().ok()) last = {};
    if (!last.ok()) continue;
    manifest_ = name;
    return {};
  }
  return last;
}

Status Wreck::claim_scratch() {
  const std::string& path = scratch_.paths().root;
  FORGE_ASSIGN(const StoreFiles::Found found, scratch_.look());
  if (found != StoreFiles::Found::kNothing && !scratch_.exists(path + kScratchMark)) {
    return Status(ErrorId::kTargetNotEmpty, path + " is not empty")
        .why("a copy of the data files is to stand there while they are read")
        .state("nothing was changed")
        .remedy("move it away, or name another target");
  }
  FORGE_TRY(scratch_.remove_tree(path));
  made_scratch_ = true;
  rocksdb::FileSystem& files = scratch_.file_system();
  FORGE_TRY(to_status(files.CreateDirIfMissing(path, kIo, nullptr), "making " + path));
  FORGE_TRY(scratch_.replace(path + kScratchMark, ""));
  return to_status(files.CreateDirIfMissing(scratch_.paths().data(), kIo, nullptr), "making " + scratch_.paths().data());
}

Status Wreck::copy_data() {
  rocksdb::FileSystem& files = files_.file_system();
  std::vector<std::string> children;
  const std::string from = files_.paths().data() + "/", to = scratch_.paths().data() + "/";
  FORGE_TRY(to_status(files.GetChildren(from, kIo, &children, nullptr), "listing " + from));
  for (const std::string& child : children) {
    if (child == "." || child == ".." || child == "LOCK" || child == "CURRENT") continue;
    const bool may_be_written = child.starts_with("MANIFEST-") || child.ends_with(".log");
    if (!may_be_written && files.LinkFile(from + child, to + child, kIo, nullptr).ok()) continue;
    std::error_code error;
    std::filesystem::copy_file(from + child, to + child, error);
    if (!error) continue;
    const bool is_full = error == std::errc::no_space_on_device || error == std::errc::file_too_large;
    return Status(is_full ? ErrorId::kDiskFull : ErrorId::kIoError, "copying " + from + child + " failed")
        .why(error.message())
        .state("nothing was changed");
  }
  return {};
}

Status Wreck::read_id() {
  rocksdb::PinnableSlice value;
  const Result<bool> found = database_->get(Table::kMeta, kStoreIdKey, value);
  const bool is_id = found.ok() && *found && Uuid::parse(view_of(value)).has_value();
  if (is_id && !id_.empty() && view_of(value) != id_) {
    return Status(ErrorId::kStoreForeignFile, "the data files belong to another store")
        .why("they carry the id " + value.ToString() + ", the identity file says " + id_)
        .state("nothing was changed");
  }
  if (is_id) id_ = value.ToString();
  if (!id_.empty()) return {};
  return Status(ErrorId::kDataCorrupt, "which store this was cannot be told")
      .why("neither the identity file nor the data files carry its id")
      .state("nothing was changed");
}

}  // namespace forge::internal
