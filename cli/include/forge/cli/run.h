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
#include <vector>

#include "forge/events/id.h"
#include "forge/events/source.h"
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

// What completes a line: its end from `from` on becomes `text`; where that adds nothing, `choices` tell what could follow.
struct LineCompletion {
  std::size_t from = 0;
  std::string text;
  std::vector<std::string> choices;
};

// Asks a person for lines, and lets them edit, complete and repeat them. Safe to call from one thread at a time.
class LineEditor {
 public:
  virtual ~LineEditor() = default;
  // A line without its end; nothing at the end of input. Errors: kCancelled where it was interrupted, kInputUnreadable.
  virtual Result<std::optional<std::string>> read(const std::string& prompt) = 0;
  // Offers the entry as the newest to go back to.
  virtual void remember(const std::string& entry) = 0;
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
  // Begins a dialogue with whoever sits there; the function is given what stands before the cursor. Empty where nobody
  // does; gives null where the terminal cannot be used.
  std::function<std::unique_ptr<LineEditor>(std::function<LineCompletion(std::string_view)>)> open_editor;
  // Takes back that the user asked to stop, for a dialogue that goes on; from then on it never ends the process. May be empty.
  std::function<void()> forget_interrupt;
  Clock* clock = nullptr;
  IdSource* ids = nullptr;  // null: the system's
};

// Runs one command line, without the program's name. Returns the exit status.
int run(std::span<const std::string> arguments, Streams& streams);

}  // namespace forge::cli
