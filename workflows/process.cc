// One loop waits for whatever comes first: output, an error, room for input, a word to stop, the end of the process. The end is
// seen through a descriptor of the process and without collecting it, so that its group still has its number when what is left of
// the group is killed; then it is collected. A group is never signalled after that.

#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

namespace forge::internal {
namespace {

constexpr std::size_t kErrorBytesKept = 4096;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

bool make_pipe(Pipe& pipe, bool keeps_read) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe.read = Descriptor(ends[0]);
  pipe.write = Descriptor(ends[1]);
  return ::fcntl(keeps_read ? ends[0] : ends[1], F_SETFL, O_NONBLOCK) == 0;
}

// A thread that writes to a pipe nobody reads gets no signal while one of these lives, whatever the program does with signals.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&broken_);
    sigaddset(&broken_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &broken_, &before_);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;
  ~NoBrokenPipe() {
    const timespec now{};
    while (!was_pending_ && sigtimedwait(&broken_, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t broken_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

class Process {
 public:
  Process(const ProcessStart& start, const std::stop_token& stop) : start_(start), stop_(stop) {}

  // 0, or the error.
  int begin() {
    const bool piped = make_pipe(in_, false) && make_pipe(out_, true) && make_pipe(errors_, true);
    if (!piped) return errno;
    told_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (told_.number() < 0) return errno;
    const int error = spawn();
    in_.read.close();
    out_.write.close();
    errors_.write.close();
    if (error != 0) return error;
    process_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, child_, 0)));
    if (process_.number() >= 0) return 0;
    const int unknown = errno;
    end_group();
    collect();
    return unknown;
  }

  ProcessEnd wait() {
    const NoBrokenPipe no_signal;
    const std::stop_callback tell(stop_, [number = told_.number()] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(number, &one, sizeof(one));
    });
    if (start_.input.empty()) in_.write.close();
    while (!turn()) {
    }
    end_group();
    read_into(out_.read);
    read_into(errors_.read);
    collect();
    return std::move(end_);
  }

 private:
  int spawn() {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in_.read.number(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out_.write.number(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors_.write.number(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (!start_.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, start_.directory.c_str());
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    const int error = ::posix_spawn(&child_, start_.command.at(0).c_str(), &actions, &attributes,
                                    pointers_to(start_.command).data(), pointers_to(start_.environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }

  // Waits for what comes next. True once the process has ended.
  bool turn() {
    std::array<pollfd, 5> waits{{{process_.number(), POLLIN, 0},
                                 {end_.stopped ? -1 : told_.number(), POLLIN, 0},
                                 {out_.read.number(), POLLIN, 0},
                                 {errors_.read.number(), POLLIN, 0},
                                 {in_.write.number(), POLLOUT, 0}}};
    if (::poll(waits.data(), waits.size(), milliseconds_left()) < 0) return false;
    if (waits[1].revents != 0) ask_to_end();
    if (waits[2].revents != 0) read_into(out_.read);
    if (waits[3].revents != 0) read_into(errors_.read);
    if (waits[4].revents != 0) write_input();
    if (kill_at_ && std::chrono::steady_clock::now() >= *kill_at_) end_group();
    return waits[0].revents != 0;
  }

  int milliseconds_left() const {
    if (!kill_at_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void ask_to_end() {
    end_.stopped = true;
    ::kill(-child_, SIGTERM);
    kill_at_ = std::chrono::steady_clock::now() + std::chrono::microseconds(start_.grace_us);
  }

  void end_group() {
    ::kill(-child_, SIGKILL);
    kill_at_.reset();
  }

  // All that is there now.
  void read_into(Descriptor& from) {
    std::array<char, 16384> piece{};
    for (;;) {
      const ssize_t got = ::read(from.number(), piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return from.close();
      const std::string_view text(piece.data(), static_cast<std::size_t>(got));
      &from == &out_.read ? take_output(text) : take_errors(text);
    }
  }

  void take_output(std::string_view text) {
    if (end_.too_large) return;
    end_.output += text;
    if (end_.output.size() <= start_.output_bytes_max) return;
    end_.too_large = true;
    end_.output.clear();
    end_group();
  }

  void take_errors(std::string_view text) {
    end_.errors += text;
    if (end_.errors.size() > kErrorBytesKept) end_.errors.erase(0, end_.errors.size() - kErrorBytesKept);
  }

  void write_input() {
    const std::string_view left = start_.input.substr(written_);
    const ssize_t wrote = ::write(in_.write.number(), left.data(), left.size());
    if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (wrote > 0) written_ += static_cast<std::size_t>(wrote);
    // A program need not read what it is given.
    if (wrote <= 0 || written_ == start_.input.size()) in_.write.close();
  }

  void collect() {
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
      end_.signal = WTERMSIG(status);
    } else {
      end_.exit_status = WEXITSTATUS(status);
    }
  }

  const ProcessStart& start_;
  const std::stop_token& stop_;
  Pipe in_;
  Pipe out_;
  Pipe errors_;
  Descriptor told_;  // readable once it is to stop
  Descriptor process_;
  pid_t child_ = 0;
  std::size_t written_ = 0;
  std::optional<std::chrono::steady_clock::time_point> kill_at_;
  ProcessEnd end_;
};

}  // namespace

Result<ProcessEnd> run_process(const ProcessStart& start, const std::stop_token& stop) {
  Process process(start, stop);
  const int error = process.begin();
  if (error == 0) return process.wait();
  return Status(ErrorId::kIoError, "cannot run '" + start.command.at(0) + "'")
      .why(std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace forge::internal
