// An entry is a line of the file; a line feed in it is written \n, a backslash \\.

#include "history.h"
#include "forge/events/system_reason.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace forge::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEntriesMax = 1000;   // that are offered
constexpr std::size_t kEntriesKept = 4000;  // beyond which the file is shortened
constexpr std::size_t kEntryBytesMax = 64 << 10;

std::string escaped_entry(const std::string& entry) {
  std::string out;
  for (const char c : entry) out += c == '\n' ? std::string("\\n") : c == '\\' ? std::string("\\\\") : std::string(1, c);
  return out + "\n";
}

std::string unescaped(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_escape = line[i] == '\\' && i + 1 < line.size();
    out += !is_escape ? line[i] : line[++i] == 'n' ? '\n' : line[i];
  }
  return out;
}

Status not_kept(const std::string& path) {
  return Status(ErrorId::kOutputFailed, "the history of the shell cannot be kept")
      .why(path + ": " + system_reason(errno))
      .remedy("check the permissions of the directory");
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Words of an identifier in the text: is one of them `name`?
bool has_name(std::string_view text, std::string_view name) {
  const auto is_part = [](char c) { return c == '_' || (static_cast<unsigned char>(c) < 128 && std::isalnum(c) != 0); };
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool begins = at == 0 || !is_part(text[at - 1]);
    const bool ends = at + name.size() == text.size() || !is_part(text[at + name.size()]);
    if (begins && ends) return true;
  }
  return false;
}

bool names_secret(std::string_view text, const TableType& table, int depth = 0) {
  constexpr int kDepthMax = 8;
  for (const Field& field : table.fields) {
    if (field.secret && has_name(text, field.name)) return true;
    if (field.nested != nullptr && depth < kDepthMax && names_secret(text, *field.nested, depth + 1)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> history_path(const Streams& streams) {
  const auto variable = [&](const char* name) { return streams.environment ? streams.environment(name).value_or("") : ""; };
  const std::string own = variable("XDG_STATE_HOME"), home = variable("HOME");
  if (own.starts_with("/")) return own + "/forge/history";
  if (home.starts_with("/")) return home + "/.local/state/forge/history";
  return std::nullopt;
}

bool may_be_kept(const std::string& entry, const Domain& domain) {
  if (entry.empty() || entry.front() == ' ' || entry.size() > kEntryBytesMax) return false;
  for (const Resource& resource : domain.resources()) {
    if (names_secret(entry, resource.record)) return false;
    for (const Action* action : resource.actions) {
      if (names_secret(entry, action->arguments)) return false;
    }
  }
  return true;
}

Result<History> History::open(const std::string& path) {
  std::error_code error;
  const fs::path directory = fs::path(path).parent_path();
  if (!fs::exists(directory, error)) {
    fs::create_directories(directory.parent_path(), error);
    ::mkdir(directory.c_str(), 0700);
  }
  History history(path);
  FORGE_TRY(history.read());
  return history;
}

Status History::read() {
  const Descriptor file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open() || ::fchmod(file.number(), 0600) != 0) return not_kept(path_);
  std::string text;
  char piece[65536];
  for (;;) {
    const ssize_t got = ::read(file.number(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return not_kept(path_);
    if (got == 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) entries_.push_back(unescaped(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  const bool is_long = entries_.size() > kEntriesKept;
  if (entries_.size() > kEntriesMax) entries_.erase(entries_.begin(), entries_.end() - kEntriesMax);
  return is_long ? shorten() : Status();
}

// The newest entries in a file of their own, which then takes the other's place.
Status History::shorten() const {
  const std::string made = path_ + "." + std::to_string(::getpid()) + ".new";
  std::string text;
  for (const std::string& entry : entries_) text += escaped_entry(entry);
  const Descriptor file(::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.is_open() && write_all(file.number(), text) && ::rename(made.c_str(), path_.c_str()) == 0) return {};
  Status status = not_kept(path_);
  ::unlink(made.c_str());
  return status;
}

Status History::append(const std::string& entry) {
  const Descriptor file(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open() || !write_all(file.number(), escaped_entry(entry))) return not_kept(path_);
  entries_.push_back(entry);
  return {};
}

}  // namespace forge::cli
