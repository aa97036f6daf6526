// Lines over one open store. Each is run as a command line of its own, with what the shell was given as its defaults; only what
// begins with a dot is the shell's own.

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "commands.h"
#include "complete.h"
#include "errors.h"
#include "history.h"
#include "line.h"
#include "parser.h"
#include "session.h"
#include "settings.h"
#include "suggest.h"
#include "text.h"
#include "words.h"

namespace forge::cli {
namespace {

constexpr const char* kHelp = R"txt(Any command without the word forgectl, as: get Order o-1; help tells of all. Also:
  .asof POINT   what only reads answers as of then: a seq, a time, -2h, bookmark:NAME; .asof alone: now
  .mode FORMAT  how data is printed: table, json, ndjson, csv, tsv, name
  .help         this
  .quit         the end, as exit and Ctrl-D
A line with an open quote, brace or bracket, or with a backslash at its end, goes on in the next one. Ctrl-C cancels it.
)txt";

constexpr std::size_t kEntryBytesMax = 256 << 10;

// Standard input where that is where the lines come from.
class NoSource : public Source {
 public:
  Result<std::size_t> read(char*, std::size_t) override {
    return Status(ErrorId::kInputUnreadable, "standard input has the shell's lines").remedy("name a file: --input @FILE");
  }
};

// Lines of a script.
class ScriptReader {
 public:
  explicit ScriptReader(Source& source) : source_(source) {}

  // Nothing at the end.
  Result<std::optional<std::string>> next() {
    for (;;) {
      const std::size_t end = text_.find('\n', at_);
      if (end != std::string::npos) {
        std::string line = text_.substr(at_, end - at_);
        at_ = end + 1;
        return std::optional(std::move(line));
      }
      text_.erase(0, at_);
      at_ = 0;
      char piece[4096];
      FORGE_ASSIGN(const std::size_t size, source_.read(piece, sizeof piece));
      if (size == 0 && text_.empty()) return std::optional<std::string>();
      if (size == 0) return std::optional(std::exchange(text_, {}));
      text_.append(piece, size);
    }
  }

 private:
  Source& source_;
  std::string text_;
  std::size_t at_ = 0;
};

std::string shown_name(const std::string& path) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::weakly_canonical(path, error);
  if (place.filename() == ".forge") place = place.parent_path();
  return printable(place.filename().string());
}

// What was given to the shell, or holds by its settings, for each of its lines.
std::map<std::string, std::string> defaults_of(const Arguments& arguments) {
  std::map<std::string, std::string> out;
  for (const Setting& setting : settings()) {
    if (auto value = arguments.if_text(setting.flag.name)) out[setting.flag.name] = *std::move(value);
  }
  for (const char* flag : {"quiet", "verbose", "yes", "dry-run", "no-pager"}) {
    if (arguments.is_on(flag)) out[flag] = "true";
  }
  if (arguments.is_on("json")) out["output"] = "json";
  return out;
}

class Shell {
 public:
  Shell(Session& session, Store store) : session_(session), store_(std::move(store)), lines_(session.streams) {
    around_.path = session.arguments.text("store");
    around_.defaults = defaults_of(session.arguments);
    // One that is open for reading shows what was there when it was opened: each line then opens its own.
    if (!store_.read_only()) around_.store = &store_;
    server_ = session_.serve(store_);
  }

  Result<int> run() {
    FORGE_ASSIGN(const int status, run_lines());
    FORGE_TRY(store_.close());
    return status;
  }

 private:
  Result<int> run_lines() {
    const std::vector<std::string> given = session_.arguments.texts("command");
    if (!given.empty()) return run_given(given);
    const auto complete_line = [this](std::string_view line) { return complete(line); };
    const auto& open_editor = session_.streams.open_editor;
    const std::unique_ptr<LineEditor> editor = open_editor ? open_editor(complete_line) : nullptr;
    return editor == nullptr ? run_script() : run_dialogue(*editor);
  }

  // --- without a person -------------------------------------------------------------------------------------------------------

  // Whether the lines go on after one that ended with `status`; keeps the first that was not 0.
  bool goes_on(int status) {
    if (first_failure_ == 0) first_failure_ = status;
    return (status == 0 || session_.arguments.is_on("keep-going")) && !session_.interrupted() && !is_over_;
  }

  Result<int> run_given(const std::vector<std::string>& entries) {
    for (const std::string& entry : entries) {
      FORGE_TRY(check_whole(entry));
      if (!goes_on(perform(entry))) break;
    }
    return first_failure_;
  }

  static Status check_whole(const std::string& entry) {
    const std::string open = split_words(entry).open;
    if (open.empty()) return {};
    return Status(ErrorId::kUsage, "the line ends too early").why(open + " is missing at its end").state("it was not run");
  }

  Result<int> run_script() {
    Source& source = *session_.streams.in;
    NoSource none;
    lines_.in = &none;
    ScriptReader script(source);
    std::string entry;
    for (;;) {
      FORGE_ASSIGN(const std::optional<std::string> line, script.next());
      if (!line.has_value()) break;
      entry += *line;
      if (entry.size() > kEntryBytesMax) {
        return Status(ErrorId::kTooLarge, "an entry of the script is larger than " + bytes_text(kEntryBytesMax))
            .why("a quote, brace or bracket may be left open before it")
            .state("it was not run")
            .remedy("close it; larger input goes in a file: --input @FILE");
      }
      if (!split_words(entry).open.empty()) {
        entry += '\n';
        continue;
      }
      if (!goes_on(perform(std::exchange(entry, {})))) return first_failure_;
    }
    FORGE_TRY(check_whole(entry));
    return first_failure_;
  }

  // --- with one ---------------------------------------------------------------------------------------------------------------

  Result<int> run_dialogue(LineEditor& editor) {
    Streams& streams = session_.streams;
    if (streams.forget_interrupt) streams.forget_interrupt();
    open_history(editor);
    while (!is_over_) {
      FORGE_ASSIGN(const bool goes_on, turn(editor));
      if (streams.forget_interrupt) streams.forget_interrupt();
      if (!goes_on || session_.interrupted()) break;
    }
    return session_.interrupted() ? 130 : 0;
  }

  // Reads a line and, where it makes an entry whole, runs that. False at the end of the input.
  Result<bool> turn(LineEditor& editor) {
    const Result<std::optional<std::string>> line = editor.read(entry_.empty() ? prompt() : "... ");
    if (line.status().id() == ErrorId::kCancelled) {
      entry_.clear();
      return true;
    }
    if (!line.ok()) return line.status();
    if (!line->has_value()) return false;
    entry_ += **line;
    if (!split_words(entry_).open.empty()) {
      entry_ += '\n';
      return true;
    }
    const std::string entry = std::exchange(entry_, {});
    keep(editor, entry);
    perform(entry);
    return true;
  }

  std::string prompt() const {
    std::string at = around_.as_of;
    if (at.empty()) {
      const Result<Seq> head = store_.read_only() ? store_.newest_head() : Result<Seq>(store_.head());
      at = head.ok() ? std::to_string(*head) : "?";
    }
    return "forge " + shown_name(around_.path) + "@" + at + "> ";
  }

  void open_history(LineEditor& editor) {
    const auto path = history_path(session_.streams);
    if (!path.has_value()) return;
    Result<History> history = History::open(*path);
    if (!history.ok()) return session_.notice_at_once("notice: " + history.status().message());
    for (const std::string& entry : history->entries()) editor.remember(entry);
    history_ = *std::move(history);
  }

  void keep(LineEditor& editor, const std::string& entry) {
    if (!may_be_kept(entry, *store_.domain())) return;
    const bool is_repeated = history_.has_value() && !history_->entries().empty() && history_->entries().back() == entry;
    if (is_repeated || split_words(entry).words.empty()) return;
    editor.remember(entry);
    if (!history_.has_value()) return;
    if (const Status kept = history_->append(entry); !kept.ok()) {
      session_.notice_at_once("notice: " + kept.message());
      history_.reset();
    }
  }

  // `line` is what stands before the cursor; lines before it belong to the same entry.
  LineCompletion complete(std::string_view line) {
    const std::string text = entry_ + std::string(line);
    const Words words = split_words(text);
    std::vector<std::string> found;
    Session session(session_.arguments, session_.streams, session_.out, Style(), &around_);
    for (const Candidate& row : candidates(session, "forgectl " + text)) found.push_back(row.word);
    for (const char* own : {".asof", ".mode", ".help", ".quit"}) {
      const bool is_first = words.last_at == 0 && std::string_view(own).starts_with(text);
      if (is_first && text.starts_with('.')) found.emplace_back(own);
    }
    if (words.last_at < entry_.size() || found.empty()) return {line.size(), "", {}};
    const std::size_t from = words.last_at - entry_.size();
    std::string common = found.front();
    for (const std::string& word : found) {
      common.resize(
          static_cast<std::size_t>(std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first - common.begin()));
    }
    const bool goes_on = common.ends_with('=') || common.ends_with('.') || common.ends_with(':');
    if (found.size() == 1) return {from, quoted_word(common) + (goes_on ? "" : " "), {}};
    const std::string typed = text.substr(words.last_at);
    if (common.size() > typed.size() && quoted_word(common) == common) return {from, common, {}};
    return {line.size(), "", std::move(found)};
  }

  // --- an entry ---------------------------------------------------------------------------------------------------------------

  // The exit status.
  int perform(const std::string& entry) {
    std::vector<std::string> words = split_words(entry).words;
    if (!words.empty() && words.front() == "forgectl") words.erase(words.begin());
    if (words.empty()) return 0;
    const std::string& first = words.front();
    Status done;
    if (first == "exit" || first == "quit" || first == ".quit" || first == ".exit") {
      is_over_ = true;
    } else if (first == "shell") {
      done = Status(ErrorId::kUsage, "this is the shell").remedy("see: .help");
    } else if (first.starts_with('.')) {
      done = perform_own(words);
    } else {
      return run_line(words, lines_, &around_);
    }
    if (!done.ok()) session_.print(done);
    return exit_status_of(done);
  }

  Status perform_own(const std::vector<std::string>& words) {
    const std::string& first = words.front();
    if (words.size() > 2) return Status(ErrorId::kUsage, first + " does not take '" + words[2] + "'").remedy("see: .help");
    if (first == ".help") return session_.streams.out->write(kHelp);
    if (first == ".asof") return pin(words.size() == 2 ? words[1] : "now");
    if (first == ".mode") return set_mode(words);
    return Status(ErrorId::kUnknownCommand,
                  "unknown command '" + first + "'" + did_you_mean(first, {".asof", ".mode", ".help", ".quit"}))
        .remedy("see: .help");
  }

  // A time is turned into a seq once, so that every line sees the same.
  Status pin(const std::string& text) {
    if (text == "now") {
      around_.as_of.clear();
      return {};
    }
    FORGE_ASSIGN(const Point point, parse_point(text));
    Session line(session_.arguments, session_.streams, session_.out, Style(), &around_);
    FORGE_ASSIGN(const Store store, line.open_for_reading());
    FORGE_ASSIGN(const Resolved resolved, store.resolve(point));
    around_.as_of = std::to_string(resolved.seq);
    return {};
  }

  Status set_mode(const std::vector<std::string>& words) {
    const Setting& output = *find_setting("output");
    std::string& mode = around_.defaults["output"];
    if (words.size() == 1) return session_.streams.out->write(mode + "\n");
    FORGE_TRY(check_flag_value(output.flag, ".mode", words[1]));
    mode = words[1];
    return {};
  }

  Session& session_;
  Store store_;
  std::unique_ptr<Server> server_;  // of the store; null where another process has it
  Streams lines_;                   // of the lines: in a script, without its input
  Surroundings around_;
  std::optional<History> history_;
  std::string entry_;  // what was typed so far of an entry of several lines
  int first_failure_ = 0;
  bool is_over_ = false;
};

Result<int> run_shell(Session& session) {
  FORGE_ASSIGN(Store store, session.open_for_writing());
  return Shell(session, std::move(store)).run();
}

}  // namespace

const Command& shell_command() {
  static const Command kCommand{
      .name = "shell",
      .summary = "many commands over one open store, typed or from a script",
      .flags = {{.name = "command",
                 .letter = 'c',
                 .type = FlagType::kText,
                 .value = "LINE",
                 .summary = "run this line instead",
                 .repeated = true},
                {.name = "keep-going", .summary = "do not stop a script at the first line that fails"}},
      .examples = {{"forgectl shell", "lines are edited, completed with Tab and kept for the next time"},
                   {"forgectl shell < steps", "stops at the first line that fails, with its exit status"},
                   {"forgectl shell -c 'get Order o-1' -c 'history Order o-1'", ""}},
      .notes =
          "The store is opened once, for writing: while the shell runs, other processes act through it. With --read-only it "
          "stands\n"
          "beside a writer.\n"
          "Flags given to the shell are the defaults of its lines. In the shell, .help tells what is its own: .asof pins a point.\n"
          "What was typed is kept in $XDG_STATE_HOME/forge/history, but for lines that begin with a blank or name a secret field.",
      .writes = true,
      .run = run_shell,
  };
  return kCommand;
}

}  // namespace forge::cli
