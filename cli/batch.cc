#include "batch.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <system_error>

#include "action_input.h"
#include "errors.h"
#include "forge/events/system_reason.h"
#include "forge/store/stream.h"
#include "quarantine.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kWindow = 256;  // transactions in flight

// Lines of a source. What is longer than a batch line may be is read, but kept only to one byte past the limit.
class LineReader {
 public:
  explicit LineReader(Source& source) : source_(source) {}

  // False at the end.
  Result<bool> next(std::string& line) {
    line.clear();
    bool any = false;
    for (;;) {
      if (at_ == size_) {
        FORGE_ASSIGN(size_, source_.read(buffer_, sizeof buffer_));
        at_ = 0;
        if (size_ == 0) return any;
      }
      any = true;
      const char* begin = buffer_ + at_;
      const char* end = std::find(begin, static_cast<const char*>(buffer_ + size_), '\n');
      const std::size_t kept = std::min<std::size_t>(end - begin, kBatchLineMax + 1 - line.size());
      line.append(begin, kept);
      read_ += static_cast<std::size_t>(end - begin) + 1;
      at_ = std::min<std::size_t>(end - buffer_ + 1, size_);
      if (end != buffer_ + size_) return true;
    }
  }
  std::uint64_t bytes_read() const { return read_; }

 private:
  Source& source_;
  char buffer_[65536];
  std::size_t at_ = 0, size_ = 0;
  std::uint64_t read_ = 0;
};

bool is_blank_line(const std::string& line) {
  return line.find_first_not_of(" \t\r") == std::string::npos;
}

// A key in one line of acks: no line breaks and no blanks that would move the numbers.
std::string ack_line(const std::string& key, const TransactionReceipt& receipt) {
  return "ack " + (key.empty() ? "-" : printable(key)) + " " + std::to_string(receipt.first_seq) + " " +
         std::to_string(receipt.last_seq) + "\n";
}

// Where refused lines go: NDJSON, appended, each with its number, its reason and the line itself.
class Quarantine {
 public:
  Status open(const std::string& path) {
    path_ = path;
    errno = 0;
    file_.open(path, std::ios::app | std::ios::binary);
    if (file_.is_open()) return {};
    return Status(ErrorId::kOutputFailed, "cannot write the quarantine file '" + path + "'")
        .why(system_reason(errno))
        .state("nothing was written")
        .remedy("check its path and permissions");
  }
  bool is_open() const { return file_.is_open(); }
  Status add(std::uint64_t number, const std::string& line, const Status& reason) {
    errno = 0;
    file_ << quarantine_line(Object{{"line", number}}, reason, line) << std::flush;
    if (file_.good()) return {};
    return Status(ErrorId::kOutputFailed, "line " + std::to_string(number) + " was refused and cannot be set aside")
        .why("writing to '" + path_ + "' failed" + (errno == 0 ? "" : ": " + system_reason(errno)))
        .remedy("make room for the quarantine file, or name another, and go on with this line");
  }

 private:
  std::string path_;
  std::ofstream file_;
};

struct Counts {
  std::uint64_t transactions = 0;
  std::uint64_t events = 0;
  std::uint64_t replayed = 0;
  std::uint64_t quarantined = 0;
};

class Batch {
 public:
  explicit Batch(Session& session) : session_(session), acks_(session.arguments.is_on("acks")) {}

  Result<int> run();

 private:
  Status check_flags();
  std::string input_path() const;
  Status set_defaults();
  Status read_lines(TransactionStream& stream, LineReader& lines, std::uint64_t bytes_total);
  Status submit(TransactionStream& stream, std::uint64_t number, std::string line);
  void decided(std::uint64_t number, const std::string& key, const std::string& line, const Result<TransactionReceipt>& outcome);
  void refused(std::uint64_t number, const std::string& line, const Status& reason);
  std::string stored_text() const;
  void wait_until_decided();
  bool is_stopped();
  Status report(std::int64_t micros);
  int exit_status();

  Session& session_;
  bool acks_;
  std::string source_name_;
  ActOptions defaults_;
  Quarantine quarantine_;

  std::mutex mutex_;  // guards everything below: outcomes come from a thread of the store
  std::condition_variable decided_;
  Counts counts_;
  std::uint64_t in_flight_ = 0;
  std::uint64_t last_stored_ = 0;  // number of the last line that is stored
  std::uint64_t failed_line_ = 0;  // the first refused line that stopped the run; 0: none
  Status failure_;
};

Status Batch::check_flags() {
  const Arguments& arguments = session_.arguments;
  const auto refuse = [](const char* what) { return Status(ErrorId::kUsage, what).remedy("see: forgectl help do"); };
  if (!arguments.words().empty()) return refuse("--batch takes its actions from the lines, not from the command line");
  if (arguments.given("idempotency-key")) return refuse("--idempotency-key is of one transaction: a line of a batch has its own");
  if (arguments.given("if-version")) return refuse("--if-version is of one action: an action of a batch has its own");
  for (const char* flag : {"unless-type", "unless-tag", "after"}) {
    if (arguments.given(flag)) return refuse("a condition is of one transaction: a line of a batch has its own");
  }
  if (acks_ && session_.out.format() == Format::kJson)
    return refuse("--acks prints lines of its own, so it does not go with -o json");
  const std::string input = arguments.text("input");
  if (!input.empty() && input != "-" && !input.starts_with('@')) return refuse("--batch reads standard input or --input @FILE");
  FORGE_ASSIGN(const std::optional<std::string> path, quarantine_path(arguments.text("on-error"), input_path()));
  return path ? quarantine_.open(*path) : Status();
}

// "-" for standard input.
std::string Batch::input_path() const {
  const std::string input = session_.arguments.text("input");
  return input.starts_with('@') ? input.substr(1) : "-";
}

// What a line does not say.
Status Batch::set_defaults() {
  defaults_ = session_.act_options();
  defaults_.correlation = session_.arguments.text("correlation");
  if (const auto at = session_.arguments.if_text("at")) {
    FORGE_ASSIGN(defaults_.occurred_at, parse_time(*at));
  }
  return {};
}

Result<int> Batch::run() {
  FORGE_TRY(check_flags());
  const std::string path = input_path();
  source_name_ = path == "-" ? "standard input" : path;
  FORGE_ASSIGN(const std::unique_ptr<Source> source, open_input(session_, path));
  std::error_code unknown;
  const std::uint64_t bytes_total = path == "-" ? 0 : std::filesystem::file_size(path, unknown);
  FORGE_TRY(set_defaults());
  FORGE_ASSIGN(Store store, session_.open_for_writing());
  const std::unique_ptr<Server> server = session_.serve(store);

  const std::int64_t begun = session_.streams.clock->now().micros;
  auto lines = std::make_unique<LineReader>(*source);
  Status stopped;
  {
    TransactionStream stream(store, {.window = kWindow, .stop_on_refusal = !quarantine_.is_open()});
    stopped = read_lines(stream, *lines, unknown ? 0 : bytes_total);
    static_cast<void>(stream.finish().ok());
  }
  FORGE_TRY(report(session_.streams.clock->now().micros - begun));
  if (failed_line_ == 0 && !stopped.ok()) return std::move(stopped).state(stored_text());
  return exit_status();
}

Status Batch::read_lines(TransactionStream& stream, LineReader& lines, std::uint64_t bytes_total) {
  Progress progress(session_.streams, session_.progress_form(), "transactions");
  std::string line;
  for (std::uint64_t number = 1; !is_stopped(); ++number) {
    if (session_.interrupted()) {
      return Status(ErrorId::kCancelled, "stopped before line " + std::to_string(number))
          .remedy("run the same file again to go on");
    }
    FORGE_ASSIGN(const bool any, lines.next(line));
    if (!any) return {};
    if (is_blank_line(line)) continue;
    FORGE_TRY(submit(stream, number, std::move(line)));
    const std::lock_guard lock(mutex_);
    const double part = bytes_total == 0 ? -1 : static_cast<double>(lines.bytes_read()) / static_cast<double>(bytes_total);
    progress.show(counts_.transactions + counts_.replayed, std::min(part, 1.0));
  }
  return {};
}

Status Batch::submit(TransactionStream& stream, std::uint64_t number, std::string line) {
  Result<BatchTransaction> read = read_batch_line(line, source_name_ + ":" + std::to_string(number), defaults_);
  if (!read.ok()) {
    wait_until_decided();
    const std::lock_guard lock(mutex_);
    if (failed_line_ == 0) refused(number, line, read.status());
    return {};
  }
  {
    const std::lock_guard lock(mutex_);
    ++in_flight_;
  }
  const std::string key = read->options.idempotency_key;
  if (!quarantine_.is_open()) line.clear();
  // Every outcome comes to `decided`; what submit itself says of a stopped stream is the same again.
  static_cast<void>(stream
                        .submit(std::move(read->actions), std::move(read->options),
                                [this, number, key, text = std::move(line)](const Result<TransactionReceipt>& outcome) {
                                  decided(number, key, text, outcome);
                                })
                        .ok());
  return {};
}

void Batch::decided(std::uint64_t number, const std::string& key, const std::string& line,
                    const Result<TransactionReceipt>& outcome) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  decided_.notify_all();
  if (!outcome.ok()) {
    if (failed_line_ == 0) refused(number, line, outcome.status());
    return;
  }
  last_stored_ = number;
  if (outcome->replayed) {
    ++counts_.replayed;
  } else {
    ++counts_.transactions;
    counts_.events += outcome->last_seq - outcome->first_seq + 1;
  }
  if (!acks_ || session_.dry_run() || failed_line_ != 0) return;
  Status written = session_.streams.out->write(ack_line(key, *outcome));
  if (written.ok() && session_.streams.out->closed()) written = Status(ErrorId::kOutputFailed, "nobody reads the acks any more");
  if (!written.ok()) {
    failed_line_ = number;
    failure_ = std::move(written).state("lines up to " + std::to_string(number) + " and perhaps some after it are stored");
  }
}

// Under the lock.
void Batch::refused(std::uint64_t number, const std::string& line, const Status& reason) {
  const bool is_known = is_refusal(reason);
  if (quarantine_.is_open() && is_known) {
    Status added = quarantine_.add(number, line, reason);
    if (added.ok()) {
      ++counts_.quarantined;
      return;
    }
    failed_line_ = number;
    failure_ = std::move(added).state(stored_text() + (last_stored_ > 0 ? ", and perhaps some after it" : ""));
    return;
  }
  // Says the reason, of its own line.
  const bool wrote_nothing = reason.text().state.empty() || reason.text().state == "nothing was written";
  failed_line_ = number;
  Status status(as_outcome(reason).id(), "line " + std::to_string(number) + ": " + reason.text().what);
  std::string written = stored_text();
  if (last_stored_ > 0 && !session_.dry_run()) written += ", nothing from line " + std::to_string(number) + " on";
  failure_ = std::move(status)
                 .why(reason.text().why)
                 .place(reason.text().place)
                 .state(is_known || wrote_nothing ? written : reason.text().state)
                 .remedy(is_known && reason.id() != ErrorId::kKeyReused ? "mend the line and run the same file again"
                                                                        : reason.text().remedy);
}

// What the run has written, once nothing is in flight.
std::string Batch::stored_text() const {
  if (last_stored_ == 0 || session_.dry_run()) return "nothing was written";
  return "lines up to " + std::to_string(last_stored_) + " are stored";
}

void Batch::wait_until_decided() {
  std::unique_lock lock(mutex_);
  decided_.wait(lock, [this] { return in_flight_ == 0; });
}

bool Batch::is_stopped() {
  const std::lock_guard lock(mutex_);
  return failed_line_ != 0;
}

Status Batch::report(std::int64_t micros) {
  const std::lock_guard lock(mutex_);
  const double seconds = static_cast<double>(micros) / 1e6;
  const auto rate = seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(counts_.transactions) / seconds) : 0;
  if (session_.dry_run()) session_.notice("dry run: each line was decided alone, against the store as it is; nothing was written");
  session_.notice(counted(counts_.transactions, "transaction") + " · " + counted(counts_.events, "event") + " · " +
                  grouped(counts_.replayed) + " replayed · " + grouped(counts_.quarantined) + " quarantined · " +
                  elapsed_text(micros) + " · " + grouped(rate) + "/s");
  if (failed_line_ != 0) session_.print(failure_, Object{{"line", failed_line_}});
  if (failed_line_ != 0 || acks_) return {};
  return session_.out.object(Object{{"transactions", counts_.transactions},
                                    {"events", counts_.events},
                                    {"replayed", counts_.replayed},
                                    {"quarantined", counts_.quarantined},
                                    {"seconds", seconds}});
}

int Batch::exit_status() {
  if (failed_line_ != 0) return exit_status_of(failure_);
  return counts_.quarantined > 0 && session_.arguments.is_on("strict") ? 4 : 0;
}

}  // namespace

Result<int> run_batch(Session& session) {
  Batch batch(session);
  return batch.run();
}

}  // namespace forge::cli
