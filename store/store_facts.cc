// What a store can be asked: its records as of any point, its bookmarks, and what it is itself.

#include <algorithm>

#include "forge/events/key.h"
#include "forge/store/store.h"
#include "log_reader.h"
#include "names.h"
#include "store_state.h"
#include "view_state.h"

namespace forge {

using internal::closed_error;
using internal::nothing_written;
using internal::Pass;

// --- reads ----------------------------------------------------------------------------------------------------------------------

View::State Store::State::look(const internal::Database* in, Seq seq) const {
  View::State state;
  state.database = in;
  state.catalog = &catalog;
  state.clock = &clock();
  state.domain = catalog.as_of(seq);
  state.seq = seq;
  state.store = identity.id;
  return state;
}

View Store::view() const {
  const Pass pass(*state_->gate);
  auto state = std::make_shared<View::State>(state_->look(pass ? state_->database.get() : nullptr, head()));
  state->gate = state_->gate;
  return View(std::move(state));
}

Result<View> Store::as_of(Seq seq) const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  if (seq > head()) {
    return Status(ErrorId::kTimeInFuture, "event " + std::to_string(seq) + " is past the head of the log")
        .why("the head is event " + std::to_string(head()) + ", recorded at " + format_time(state_->head_time()));
  }
  auto state = std::make_shared<View::State>(state_->look(state_->database.get(), seq));
  state->gate = state_->gate;
  return View(std::move(state));
}

Result<View> Store::as_of(const Point& point) const {
  const Pass pass(*state_->gate);
  FORGE_ASSIGN(const Resolved resolved, resolve(point));
  return as_of(resolved.seq);
}

Result<Record> Store::get(std::string_view resource, std::string_view key) const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  const View::State now = state_->look(state_->database.get(), head());
  FORGE_ASSIGN(const View::State::Target target, now.target(resource, key));
  return now.record_at(target, now.seq, nullptr);
}

// --- bookmarks ------------------------------------------------------------------------------------------------------------------

Result<Bookmark> Store::add_bookmark(const std::string& name, const Point& point, const ActOptions& options) {
  if (!internal::is_name(name)) {
    return Status(ErrorId::kKeyInvalid, "'" + name + "' cannot name a bookmark")
        .why("letters, digits and _ . : - are allowed, 200 at most")
        .state("nothing was written")
        .remedy("choose another name");
  }
  const Pass pass(*state_->gate);
  if (!pass) return nothing_written(closed_error());
  if (state_->writes_elsewhere()) return state_->attachment->add_bookmark(name, point, options);
  FORGE_ASSIGN(const Resolved resolved, resolve(point));
  const Status added = act("_bookmark.add", {{"name", name}, {"seq", resolved.seq}}, options).status();
  if (added.id() == ErrorId::kRecordExists) {
    return Status(ErrorId::kRecordExists, "there is a bookmark '" + name + "' already")
        .state("nothing was written")
        .remedy("use another name, or remove that one first: forgectl bookmark remove " + name);
  }
  FORGE_TRY(added);
  return Bookmark{.name = name, .seq = resolved.seq, .recorded_at = resolved.time};
}

Status Store::remove_bookmark(const std::string& name, const ActOptions& options) {
  Status removed = act("_bookmark.remove", {{"name", name}}, options).status();
  if (removed.id() != ErrorId::kRecordNotFound) return removed;
  return Status(ErrorId::kBookmarkNotFound, "there is no bookmark '" + name + "'").state("nothing was written");
}

Result<std::vector<Bookmark>> Store::bookmarks() const {
  const Pass pass(*state_->gate);
  std::vector<Bookmark> out;
  FORGE_ASSIGN(const View now, as_of(head()));
  const Status listed = now.list({.resource = "_bookmark"}, [&](const Record& record) {
    out.push_back({.name = record.key(), .seq = static_cast<Seq>(record["seq"].as_int()), .recorded_at = {}});
    return true;
  });
  FORGE_TRY(listed);
  for (Bookmark& bookmark : out) {
    if (bookmark.seq == 0) continue;
    internal::AlignedBytes bytes;
    const Result<Envelope> event = internal::read_event(*state_->database, bookmark.seq, bytes);
    if (event.ok()) bookmark.recorded_at = event->recorded_at;
  }
  return out;
}

// --- what it is -----------------------------------------------------------------------------------------------------------------

Seq Store::head() const {
  return state_->head();
}
const std::string& Store::path() const {
  return state_->path;
}
std::string Store::id() const {
  return state_->identity.id.to_string();
}
bool Store::read_only() const {
  return state_->is_read_only;
}
bool Store::is_attached() const {
  return state_->attachment != nullptr;
}
const std::vector<std::string>& Store::notices() const {
  return state_->notices;
}

Result<Root> Store::root() const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  Root root;
  root.size = head();
  FORGE_ASSIGN(root.hash, internal::tree_root(*state_->database, root.size));
  return root;
}

Seq Store::State::durable_seq() const {
  return options.durability == Durability::kSync || watermark == nullptr ? head() : watermark->synced_seq();
}

Seq Store::durable_seq() const {
  return state_->durable_seq();
}

Result<Seq> Store::newest_head() const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  FORGE_ASSIGN(const internal::WatermarkFile::Reading reading, internal::WatermarkFile::read(*state_->files));
  return reading.newest ? std::max(head(), reading.newest->seq) : head();
}

namespace {

// What the write-ahead log takes on the disk.
Result<std::uint64_t> wal_bytes(const internal::StoreFiles& files) {
  const std::string data = files.paths().data();
  std::vector<std::string> names;
  FORGE_TRY(internal::to_status(files.file_system().GetChildren(data, rocksdb::IOOptions(), &names, nullptr), "listing " + data));
  std::uint64_t sum = 0;
  for (const std::string& name : names) {
    const Result<std::uint64_t> size = name.ends_with(".log") ? files.size_of(data + "/" + name) : Result<std::uint64_t>(0);
    if (size.ok()) sum += *size;  // one that was deleted meanwhile takes nothing
  }
  return sum;
}

}  // namespace

Result<StoreStats> Store::stats() const {
  const Pass pass(*state_->gate);
  if (!pass) return closed_error();
  const internal::Database& database = *state_->database;
  const auto bytes_of = [&](Table table) {
    std::uint64_t files = 0, memory = 0;
    if (database.handle(table) == nullptr) return files;
    database.db().GetIntProperty(database.handle(table), rocksdb::DB::Properties::kLiveSstFilesSize, &files);
    database.db().GetIntProperty(database.handle(table), rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
    return files + memory;
  };
  StoreStats stats;
  stats.id = state_->identity.id.to_string();
  stats.origin = state_->identity.origin;
  stats.head = head();
  stats.head_time = state_->head_time();
  stats.schema_version = state_->catalog.version();
  database.db().GetIntProperty(database.handle(Table::kCurrent), rocksdb::DB::Properties::kEstimateNumKeys,
                               &stats.records_estimate);
  stats.log_bytes = bytes_of(Table::kLog);
  stats.state_bytes = bytes_of(Table::kCurrent);
  stats.history_bytes = bytes_of(Table::kVersions);
  stats.index_bytes = bytes_of(Table::kUnique) + bytes_of(Table::kIdempotency) + bytes_of(Table::kIndex) + bytes_of(Table::kTags);
  stats.tree_bytes = bytes_of(Table::kTree);
  stats.rows_bytes = bytes_of(Table::kRows) + bytes_of(Table::kCursors);
  FORGE_ASSIGN(stats.wal_bytes, wal_bytes(*state_->files));
  return stats;
}

std::vector<Metric> Store::metrics() const {
  const Pass pass(*state_->gate);
  if (!pass) return {};
  std::vector<Metric> out = {{"forge.head", "1", false, static_cast<double>(head())},
                             {"forge.durable_seq", "1", false, static_cast<double>(durable_seq())}};
  if (state_->writer == nullptr) return out;
  const internal::WriterTotals& totals = state_->writer->totals();
  const auto total = [&](std::string_view name, const internal::Total& value) {
    out.push_back({name, "1", true, static_cast<double>(value.value())});
  };
  total("forge.transactions.accepted", totals.accepted);
  total("forge.transactions.refused", totals.refused);
  total("forge.transactions.replayed", totals.replayed);
  total("forge.groups", totals.groups);
  total("forge.syncs", totals.syncs);
  out.push_back({"forge.sync.seconds", "s", true, static_cast<double>(totals.sync_nanos.value()) / 1e9});
  out.push_back({"forge.actions.waiting", "1", false, static_cast<double>(state_->writer->waiting().actions)});
  return out;
}

}  // namespace forge
