#include "session.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "errors.h"
#include "forge/events/json.h"
#include "forge/events/system_reason.h"
#include "forge/workflows/runs.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::size_t kDateDigits = 10;  // of 2026-11-23: a time alone that is so short has no hour

Status no_store() {
  return Status(ErrorId::kStoreNotFound, "no store is named, and none is in this directory or above it")
      .remedy("name one with --store or FORGE_STORE, or create one: forgectl init DIR");
}

class FileSource : public Source {
 public:
  explicit FileSource(const std::string& path) : path_(path), file_(path, std::ios::binary) {}
  bool is_open() const { return file_.is_open(); }
  Result<std::size_t> read(char* into, std::size_t size) override {
    file_.read(into, static_cast<std::streamsize>(size));
    if (file_.bad()) return Status(ErrorId::kInputUnreadable, "reading '" + path_ + "' failed");
    return static_cast<std::size_t>(file_.gcount());
  }

 private:
  std::string path_;
  std::ifstream file_;
};

// The process's own input, which lives longer.
class BorrowedSource : public Source {
 public:
  explicit BorrowedSource(Source& source) : source_(source) {}
  Result<std::size_t> read(char* into, std::size_t size) override { return source_.read(into, size); }

 private:
  Source& source_;
};

}  // namespace

Session::~Session() {
  if (has_failed_) return;
  for (const std::string& line : held_back_) notice_at_once(line);
}

void Session::notice(std::string_view line) const {
  if (out.format() != Format::kJson) return notice_at_once(line);
  held_back_.emplace_back(line);
}

void Session::notice_at_once(std::string_view line) const {
  if (arguments.is_on("quiet")) return;
  (void)streams.err->write(printable(line) + "\n");
}

void Session::warn(const std::vector<Status>& warnings) const {
  if (arguments.is_on("quiet")) return;
  for (const Status& warning : warnings) (void)streams.err->write(warning_text(warning, error_style_));
}

void Session::print(const Status& error, const Object& more) const {
  if (out.format() != Format::kJson) {
    (void)streams.err->write(error_text(error, error_style_));
    return;
  }
  has_failed_ = true;
  Object problem = problem_object(error);
  for (const auto& [name, value] : more.members()) problem.add(name, value);
  (void)streams.err->write(to_json(problem) + "\n");
}

int Session::refuse(const std::vector<Status>& errors, const Object& more) const {
  if (out.format() == Format::kJson) {
    List all;
    for (const Status& error : errors) all.emplace_back(problem_object(error));
    Object members{{"errors", std::move(all)}};
    for (const auto& [name, value] : more.members()) members.add(name, value);
    print(errors.front(), members);
  } else {
    for (const Status& error : errors) (void)streams.err->write(diagnostic_text(error, error_style_));
  }
  return exit_status_of(errors.front());
}

Result<std::string> Session::store_path() const {
  // An empty --store is most likely a variable that is not set: the nearest store would be another one.
  if (arguments.given("store") && arguments.text("store").empty()) {
    return Status(ErrorId::kUsage, "--store is empty").remedy("name the store's directory, or leave --store out");
  }
  const std::string path = arguments.text("store");
  if (path.empty()) return no_store();
  if (path == ":memory:") {
    return Status(ErrorId::kUsage, "a store in memory ends with the command, so nothing could be seen of it")
        .remedy("name a directory");
  }
  if (path.find("://") != std::string::npos) {
    return Status(ErrorId::kUsage, "'" + path + "' is an address")
        .why("a store is named by its directory")
        .remedy("name a directory");
  }
  return path;
}

Result<Store> Session::open_for_reading() {
  return with_notices(open({}));
}

Result<Store> Session::open_to_follow() {
  return with_notices(open({.attach = true}));
}

Result<Store> Session::open_again() {
  return open({.attach = true});
}

Result<Store> Session::open_for_writing() {
  const bool read_only = arguments.is_on("read-only") || dry_run();
  Result<Store> store =
      with_notices(open({.read_only = read_only, .attach = !arguments.is_on("read-only"), .may_share = !read_only}));
  if (store.ok() || read_only || !store.status().text().state.empty()) return store;
  return Status(store.status()).state("nothing was written");
}

Result<Store> Session::with_notices(Result<Store> store) const {
  if (!store.ok() || around != nullptr) return store;
  for (const std::string& line : store->notices()) notice("notice: " + line);
  return store;
}

Result<Store> Session::open_other(const std::string& path) {
  return with_notices(open_at(path, {}));
}

std::unique_ptr<Server> Session::serve(Store& store) const {
  if (store.read_only() || store.is_attached()) return nullptr;
  Result<Server> server = Server::start(store);
  if (server.ok()) return std::make_unique<Server>(*std::move(server));
  notice("notice: other processes cannot act on the store meanwhile: " + server.status().message());
  return nullptr;
}

// One that goes through another process shows what was there when it was opened.
Result<Store> Session::open(Opening how) const {
  FORGE_ASSIGN(const std::string path, store_path());
  const bool is_shared =
      how.may_share && around != nullptr && around->store != nullptr && !(how.read_only && around->store->is_attached());
  std::error_code error;
  if (is_shared && (path == around->path || std::filesystem::equivalent(path, around->path, error))) return around->store->share();
  return open_at(path, how);
}

Result<Store> Session::open_at(const std::string& path, Opening how) const {
  OpenOptions options;
  options.attach = how.attach;
  if (arguments.duration("timeout").count() > 0) options.attach_timeout = arguments.duration("timeout");
  options.read_only = how.read_only;
  options.create = false;
  options.clock = streams.clock;
  options.ids = streams.ids;
  options.workflow_target = workflow_target();
  if (arguments.is_on("verbose")) {
    options.log = [err = streams.err](LogLevel, std::string_view line) { (void)err->write(std::string(line) + "\n"); };
  }
  return Store::open(path, std::move(options));
}

Result<View> Session::view(const Store& store) {
  const auto point = arguments.if_text("as-of");
  return point.has_value() ? view_at(store, *point) : store.view();
}

Result<View> Session::view_at(const Store& store, const std::string& text) {
  FORGE_ASSIGN(const Point point, parse_point(text));
  FORGE_ASSIGN(const Resolved resolved, store.resolve(point));
  std::string line = "as of event " + std::to_string(resolved.seq);
  line += resolved.seq > 0 ? ", " + format_time(resolved.time) : ", before the first event";
  if (std::holds_alternative<Time>(point) && text.size() == kDateDigits) line += " (" + text + " alone is 00:00Z of that day)";
  if (!resolved.final) line += " (not final: a commit of the running writer may still fall before that time)";
  notice(line);
  return store.as_of(resolved.seq);
}

Result<View> Session::view_of_records(const Store& store) {
  FORGE_ASSIGN(View found, view(store));
  if (found.seq() > 0 || store.head() == 0 || arguments.text("as-of").empty()) return found;
  FORGE_ASSIGN(const Event first, store.view().event(1));
  return Status(ErrorId::kRecordNotFound, "nothing was there as of " + arguments.text("as-of"))
      .why("the store begins with event 1 at " + format_time(first.recorded_at))
      .remedy("ask for a later point; see: forgectl help time");
}

ActOptions Session::act_options() const {
  ActOptions options;
  options.actor.id = arguments.text("actor");
  options.actor.role = arguments.text("role");
  options.reason = arguments.text("reason");
  options.timeout = arguments.duration("timeout");
  options.dry_run = dry_run();
  return options;
}

ProgressForm Session::progress_form() const {
  const std::string form = arguments.text("progress");
  const bool is_error_alone = form == "auto" && out.format() == Format::kJson && !streams.err_is_terminal;
  if (form == "none" || is_error_alone || arguments.is_on("quiet")) return ProgressForm::kNone;
  if (form == "json" || out.format() == Format::kNdjson) return ProgressForm::kJson;
  return streams.err_is_terminal ? ProgressForm::kBar : ProgressForm::kLines;
}

Result<std::unique_ptr<Source>> open_input(Session& session, const std::string& path) {
  if (path == "-") return std::unique_ptr<Source>(std::make_unique<BorrowedSource>(*session.streams.in));
  errno = 0;
  auto file = std::make_unique<FileSource>(path);
  std::error_code error;
  const bool is_directory = std::filesystem::is_directory(path, error);
  if (!file->is_open() || is_directory) {
    return Status(ErrorId::kInputUnreadable, "cannot read '" + path + "'")
        .why(system_reason(is_directory ? EISDIR : errno))
        .state("nothing was written");
  }
  return std::unique_ptr<Source>(std::move(file));
}

Result<std::string> read_input(Session& session, const std::string& path, std::size_t bytes_max) {
  FORGE_ASSIGN(const std::unique_ptr<Source> source, open_input(session, path));
  std::string out;
  char piece[65536];
  for (;;) {
    FORGE_ASSIGN(const std::size_t size, source->read(piece, sizeof piece));
    if (size == 0) return out;
    if (out.size() + size > bytes_max) {
      return Status(ErrorId::kTooLarge,
                    (path == "-" ? "standard input" : "'" + path + "'") + " is larger than " + bytes_text(bytes_max))
          .state("nothing was written");
    }
    out.append(piece, size);
  }
}

}  // namespace forge::cli
