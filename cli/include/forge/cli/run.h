#pragma once

// forgectl as a function: everything the program does, with its surroundings handed in. `main` hands in the process's own; tests
// hand in captured streams, a fixed clock and seeded ids.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "forge/events/id.h"
#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge::cli {

// Where bytes go. Safe to call from one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  // Writes all of `bytes`, with one system call where the target takes them at once. Errors: kOutputFailed. Once the reader has
  // gone away closed() is true and bytes are dropped without an error.
  virtual Status write(std::string_view bytes) = 0;
  virtual bool closed() const { return false; }
};

// Where bytes come from.
class Source {
 public:
  virtual ~Source() = default;
  // At most `size` bytes, as soon as there are any; 0 at the end. Errors: kInputUnreadable, kCancelled.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

// What a run has around it. Everything borrowed outlives the run.
struct Streams {
  Source* in = nullptr;
  Sink* out = nullptr;
  Sink* err = nullptr;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t terminal_columns = 80;
  std::function<std::optional<std::string>(const char* name)> environment;
  std::function<bool()> interrupted;  // whether the user asked to stop
  // Starts a pager and gives what feeds it; its destructor waits until the user has left it. Null where it cannot be started.
  std::function<std::unique_ptr<Sink>(const std::string& command)> open_pager;
  Clock* clock = nullptr;
  IdSource* ids = nullptr;  // null: the system's
};

// Runs one command line, without the program's name. Returns the exit status.
int run(std::span<const std::string> arguments, Streams& streams);

}  // namespace forge::cli
