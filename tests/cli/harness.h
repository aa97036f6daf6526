#pragma once

// The real CLI code in process: captured streams, a clock that stands still, ids that count, and a fresh directory.

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "forge/cli/run.h"
#include "store/sample_store.h"

namespace forge::cli {

class TextSink : public Sink {
 public:
  Status write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

// The reader went away after `left` bytes.
class ClosingSink : public Sink {
 public:
  explicit ClosingSink(std::size_t left) : left_(left) {}
  Status write(std::string_view bytes) override {
    closed_ = closed_ || bytes.size() > left_;
    left_ -= std::min(left_, bytes.size());
    return {};
  }
  bool closed() const override { return closed_; }

 private:
  std::size_t left_;
  bool closed_ = false;
};

// Every write fails, as on a full disk.
class FailingSink : public Sink {
 public:
  Status write(std::string_view) override {
    return Status(ErrorId::kOutputFailed, "writing the output failed").why("No space left");
  }
};

class TextSource : public Source {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t count = std::min(size, text_.size() - at_);
    text_.copy(into, count, at_);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// 2026-11-23T04:00:00Z until somebody moves it.
class StillClock : public Clock {
 public:
  Time now() override { return {micros.load()}; }
  std::atomic<std::int64_t> micros{1795406400000000};
};

class CountingIds : public IdSource {
 public:
  Uuid next(Time) override {
    Uuid id;
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    const std::uint32_t number = ++last_;
    for (std::size_t i = 0; i < 4; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return id;
  }

 private:
  std::atomic<std::uint32_t> last_{0};
};

struct Answer {
  int exit = 0;
  std::string out;
  std::string err;
};

// A fresh directory, named shop, that is the current one while the object lives.
class Bench {
 public:
  using Place = testing_support::FreshPath::Place;
  explicit Bench(Place place = Place::kMemory);
  // With a copy of the store that `commands` make in another bench; that one is made once for each list of commands.
  explicit Bench(const std::vector<std::string>& commands);
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Answer run(const std::vector<std::string>& arguments, const std::string& input = {});
  // The words of `line` as a shell splits them, without the program's name.
  Answer line(std::string_view line, const std::string& input = {});
  // The same with another standard output.
  int run_into(Sink& out, const std::vector<std::string>& arguments, std::string* err);

  // A command that has to succeed; ends the program where it does not.
  void expect(const std::string& command);

  void write(const std::string& path, const std::string& text) const;
  // Into a directory that is still empty; no store may be open in `other`.
  void copy_files_of(const Bench& other) const;
  const std::filesystem::path& directory() const { return directory_; }

  StillClock clock;
  CountingIds ids;
  std::map<std::string, std::string> environment;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t columns = 80;
  bool interrupted = false;
  std::vector<std::string> pagers;  // started so far

 private:
  Streams streams(Source& in, Sink& out, Sink& err);

  std::filesystem::path before_;
  testing_support::FreshPath parent_;
  std::filesystem::path directory_;
};

std::vector<std::string> shell_words(std::string_view line);

// The domain most tests use.
extern const char* const kShop;

}  // namespace forge::cli
