#pragma once

// What a command runs with: its arguments, its output, and the store it was pointed at.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "forge/cli/run.h"
#include "forge/store/server.h"
#include "forge/store/store.h"
#include "line.h"
#include "printer.h"
#include "progress.h"

namespace forge::cli {

class Session {
 public:
  // `lines` are the others that it is one of; null where it stands alone.
  Session(const Arguments& command_line, Streams& surroundings, Printer& printer, Style errors, const Surroundings* lines = nullptr)
      : arguments(command_line), streams(surroundings), out(printer), around(lines), error_style_(errors) {}
  // Says the notices that are still held back.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Arguments& arguments;
  Streams& streams;
  Printer& out;
  const Surroundings* const around;

  // A line on standard error; not with --quiet. With -o json it is held back until the command ends, and dropped where that prints
  // an error, which then stands there alone.
  void notice(std::string_view line) const;
  // The same, never held back: of a command that may go on for long.
  void notice_at_once(std::string_view line) const;
  // Errors as lines with their places, and one problem object that lists them all with -o json. `more` joins the object.
  // Returns the exit status of the first.
  int refuse(const std::vector<Status>& errors, const Object& more = {}) const;
  // What is no error, a line each with its place; not with --quiet.
  void warn(const std::vector<Status>& warnings) const;
  // One error in the form the user asked for.
  void print(const Status& error, const Object& more = {}) const;

  // The store that the settings name; as one of several lines, the one that they share. Reading takes no lock and works beside a
  // writer.
  // Errors: as Store::open, and kStoreNotFound with the places looked at.
  Result<Store> open_for_reading();
  // For reading, and to see what comes: where another process holds the store and answers, its events come through that one.
  Result<Store> open_to_follow();
  // The same once more, without repeating what opening had to say.
  Result<Store> open_again();
  // Where another process holds the store and answers, through that one. A dry run opens for reading: it works beside a writer, on
  // a full disk and where writing is not allowed; only what needs the holder's code is asked of it.
  Result<Store> open_for_writing();
  // Another store than the one that was named, for reading.
  Result<Store> open_other(const std::string& path);
  Result<std::string> store_path() const;
  // Answers other processes for as long as the object lives, for a command that holds the store for a while. Null where it does not
  // hold it; where it cannot answer, a notice says so.
  std::unique_ptr<Server> serve(Store& store) const;

  // The store as of --as-of, or as it is now; says on standard error what a time resolved to. Errors: as Store::as_of.
  Result<View> view(const Store& store);
  Result<View> view_at(const Store& store, const std::string& point);
  // As view(), to show records of. Errors: kRecordNotFound before the first event, naming it.
  Result<View> view_of_records(const Store& store);

  // What the flags say about an action: actor, reason, time limit, dry run.
  ActOptions act_options() const;
  // Where output of unknown length goes for a Progress.
  ProgressForm progress_form() const;
  bool interrupted() const { return streams.interrupted && streams.interrupted(); }
  bool dry_run() const { return arguments.is_on("dry-run"); }

 private:
  struct Opening {
    bool read_only = true;
    bool attach = false;    // where another process holds the store, through that one
    bool may_share = true;  // the store of the other lines
  };
  Result<Store> open(Opening how) const;
  Result<Store> open_at(const std::string& path, Opening how) const;
  Result<Store> with_notices(Result<Store> store) const;

  Style error_style_;
  mutable std::vector<std::string> held_back_;
  mutable bool has_failed_ = false;
};

// A file, or standard input for "-". Errors: kInputUnreadable.
Result<std::unique_ptr<Source>> open_input(Session& session, const std::string& path);
// All of it, at most `bytes_max`. Errors: kInputUnreadable, kTooLarge.
Result<std::string> read_input(Session& session, const std::string& path, std::size_t bytes_max);

}  // namespace forge::cli
