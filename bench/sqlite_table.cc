#include "sqlite_table.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "workload.h"

namespace forge::bench {
namespace {

constexpr std::size_t kGroupMax = 256;
constexpr std::size_t kTextBytes = 256 - 16 - 16 - 4;

// `events` in order of seq, with an index for a record's history; `state` with a unique column.
constexpr const char* kTables = R"sql(
CREATE TABLE events (seq INTEGER PRIMARY KEY, type INTEGER NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
                     time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, code TEXT NOT NULL, qty INTEGER NOT NULL,
                     text TEXT NOT NULL);
CREATE UNIQUE INDEX events_by_record ON events (type, key, version);
CREATE TABLE state (type INTEGER NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL,
                    code TEXT NOT NULL UNIQUE, qty INTEGER NOT NULL CHECK (qty > 0), text TEXT NOT NULL, PRIMARY KEY (type, key));
)sql";

}  // namespace

SqliteDatabase::SqliteDatabase(const std::filesystem::path& path, const char* tables) {
  check(sqlite3_open(path.c_str(), &handle_));
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;");
  run(tables);
}

SqliteDatabase::~SqliteDatabase() {
  sqlite3_close(handle_);
}

void SqliteDatabase::check(int code) const {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  std::fprintf(stderr, "forge_bench: SQLite says: %s\n", sqlite3_errmsg(handle_));
  std::abort();
}

void SqliteDatabase::run(const char* sql) {
  check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, const char* sql) : database_(database) {
  database_.check(sqlite3_prepare_v2(database_.handle(), sql, -1, &statement_, nullptr));
}

SqliteStatement::~SqliteStatement() {
  sqlite3_finalize(statement_);
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
  database_.check(sqlite3_bind_int64(statement_, parameter + 1, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  database_.check(sqlite3_bind_text(statement_, parameter + 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  return *this;
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  database_.check(code);
  if (code == SQLITE_ROW) return true;
  database_.check(sqlite3_reset(statement_));
  return false;
}

void SqliteStatement::run() {
  while (step()) {
  }
}

std::string_view SqliteStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

SqliteTable::SqliteTable(const std::filesystem::path& path)
    : database_(path, kTables),
      begin_(database_, "BEGIN IMMEDIATE"),
      commit_(database_, "COMMIT"),
      find_(database_, "SELECT version FROM state WHERE type = 16 AND key = ?"),
      add_event_(database_, "INSERT INTO events VALUES (?, 16, ?, 1, ?, '', 'Item.make', ?, ?, ?)"),
      add_state_(database_, "INSERT INTO state VALUES (16, ?, 1, ?, ?, ?, ?)"),
      thread_([this] { commit_loop(); }) {}

SqliteTable::~SqliteTable() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void SqliteTable::write(std::uint64_t number) {
  const std::string key = key_of(number), code = key_of(~number);
  const std::string_view text = random_text(number, kTextBytes);
  const auto qty = static_cast<std::int64_t>(1 + number % 9);
  if (find_.bind(0, key).step()) std::abort();
  ++last_seq_;
  add_event_.bind(0, last_seq_).bind(1, key).bind(2, system_clock().now().micros).bind(3, code).bind(4, qty).bind(5, text).run();
  add_state_.bind(0, key).bind(1, last_seq_).bind(2, code).bind(3, qty).bind(4, text).run();
}

void SqliteTable::act(std::uint64_t number) {
  begin_.run();
  write(number);
  commit_.run();
}

void SqliteTable::act_in_group(std::uint64_t number) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  act_async(number, [done] {
    *done = true;
    done->notify_one();
  });
  done->wait(false);
}

void SqliteTable::act_async(std::uint64_t number, std::function<void()> done) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({.number = number, .done = std::move(done)});
  if (waiting_.size() == 1) ready_.notify_one();
}

void SqliteTable::commit_loop() {
  std::vector<Waiting> group;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kGroupMax));
      group.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
    }
    begin_.run();
    for (const Waiting& waiting : group) write(waiting.number);
    commit_.run();
    for (const Waiting& waiting : group) waiting.done();
  }
}

}  // namespace forge::bench
