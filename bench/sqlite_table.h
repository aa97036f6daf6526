#pragma once

// The other baseline: an event table in SQLite as a C++ developer writes it by hand, with the state beside it, its unique column
// and a thread that commits for all callers.

#include <sqlite3.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace forge::bench {

// A new one: write-ahead log, synchronous = FULL. Aborts on errors.
class SqliteDatabase {
 public:
  SqliteDatabase(const std::filesystem::path& path, const char* tables);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  void run(const char* sql);
  sqlite3* handle() const { return handle_; }
  void check(int code) const;

 private:
  sqlite3* handle_ = nullptr;
};

// A prepared statement. Parameters and columns count from 0; bound text is borrowed until the next run.
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& database, const char* sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& bind(int parameter, std::int64_t value);
  SqliteStatement& bind(int parameter, std::string_view text);
  // True while there is a row; at the end the statement is ready to run again.
  bool step();
  void run();
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const;

 private:
  SqliteDatabase& database_;
  sqlite3_stmt* statement_ = nullptr;
};

// Makes items as Forge's workload does.
class SqliteTable {
 public:
  explicit SqliteTable(const std::filesystem::path& path);
  ~SqliteTable();

  // One caller: a transaction of its own. Not together with the others.
  void act(std::uint64_t number);
  // Many callers: the thread commits what is waiting, at most 256 at once.
  void act_in_group(std::uint64_t number);
  void act_async(std::uint64_t number, std::function<void()> done);

 private:
  struct Waiting {
    std::uint64_t number = 0;
    std::function<void()> done;
  };
  void write(std::uint64_t number);
  void commit_loop();

  SqliteDatabase database_;
  SqliteStatement begin_, commit_, find_, add_event_, add_state_;
  std::int64_t last_seq_ = 0;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace forge::bench
