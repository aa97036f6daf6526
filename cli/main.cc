// The process around forge::cli::run: file descriptors, terminal, environment, signals and the pager.

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <vector>

#include "forge/cli/run.h"
#include "forge/events/system_reason.h"
#include "line_editor.h"

namespace forge::cli {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<bool> terminated{false};
// Wakes a read that waits for input: the signal may reach any thread of the process.
int wake_ends[2] = {-1, -1};

// The first Ctrl-C lets the command finish what is in flight; the second ends the process.
extern "C" void on_interrupt(int signal) {
  (signal == SIGTERM ? terminated : interrupted) = true;
  static_cast<void>(::write(wake_ends[1], "", 1) == 1);
}

// What woke a read and is forgotten since.
void take_wakes() {
  char taken[64];
  while (::read(wake_ends[0], taken, sizeof taken) > 0) {
  }
}

bool is_interrupted() {
  return interrupted || terminated;
}

std::string reason_of(int error, const char* closed) {
  return error == EBADF ? closed : system_reason(error);
}

class DescriptorSink : public Sink {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

  Status write(std::string_view bytes) override {
    while (!bytes.empty() && !closed_) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EPIPE) {
        closed_ = true;
      } else if (errno != EINTR) {
        return Status(ErrorId::kOutputFailed, "writing the output failed").why(reason_of(errno, "it is closed"));
      }
    }
    return {};
  }
  bool closed() const override { return closed_; }

 private:
  int descriptor_;
  bool closed_ = false;
};

class DescriptorSource : public Source {
 public:
  explicit DescriptorSource(int descriptor) : descriptor_(descriptor) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    for (;;) {
      std::array<pollfd, 2> ready = {{{descriptor_, POLLIN, 0}, {wake_ends[0], POLLIN, 0}}};
      const bool waited = is_interrupted() || ::poll(ready.data(), ready.size(), -1) >= 0;
      if (is_interrupted()) return Status(ErrorId::kCancelled, "stopped while reading the input");
      if (ready[1].revents != 0) take_wakes();
      if (waited && ready[0].revents == 0) continue;
      const ssize_t got = waited ? ::read(descriptor_, into, size) : -1;
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR)
        return Status(ErrorId::kInputUnreadable, "reading the input failed")
            .why(reason_of(errno, "there is no input: it is closed"));
    }
  }

 private:
  int descriptor_;
};

// A shell command that shows what is written to it.
class Pager : public DescriptorSink {
 public:
  Pager(int descriptor, pid_t child) : DescriptorSink(descriptor), descriptor_(descriptor), child_(child) {}
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;
  ~Pager() override {
    ::close(descriptor_);
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
  }

 private:
  int descriptor_;
  pid_t child_;
};

std::unique_ptr<Sink> open_pager(const std::string& command) {
  int ends[2];
  if (::pipe(ends) != 0) return nullptr;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::setenv("LESS", "FRX", 0);  // NOLINT(concurrency-mt-unsafe): the child has one thread
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[0]);
  if (child < 0) {
    ::close(ends[1]);
    return nullptr;
  }
  return std::make_unique<Pager>(ends[1], child);
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");  // NOLINT(concurrency-mt-unsafe): nothing sets variables
  const int number = columns == nullptr ? 0 : std::atoi(columns);
  return number > 0 ? static_cast<std::size_t>(number) : 80;
}

void handle_interrupts(int flags) {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = flags;
  ::sigaction(SIGINT, &action, nullptr);
}

void set_signals() {
  if (::pipe2(wake_ends, O_CLOEXEC | O_NONBLOCK) != 0) std::perror("forgectl: pipe");
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGTERM, &action, nullptr);
  handle_interrupts(action.sa_flags);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // the write fails instead
}

// What the next open would take for itself: a pipe of this process would stand where its input is looked for, a file of the store
// where its output goes. Whoever reads or writes there meets EBADF, as on the closed descriptor.
void occupy_closed_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    const int opened = ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened != descriptor) ::_exit(1);  // nobody could be told
  }
}

void forget_interrupt() {
  handle_interrupts(0);
  interrupted = false;
  take_wakes();
}

// Nobody waits longer for candidates. They are printed at the end, and nothing is written to disk for them.
extern "C" void on_time_up(int) {
  ::_exit(0);
}

void limit_completion() {
  constexpr unsigned kSecondsMax = 2;
  ::signal(SIGALRM, on_time_up);
  ::alarm(kSecondsMax);
}

// Each thread would keep memory of its own that others have freed. No more are at work at once than there are processors.
void limit_arenas() {
  const int arenas = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  ::mallopt(M_ARENA_MAX, arenas);  // NOLINT(concurrency-mt-unsafe): no other thread runs yet
}

}  // namespace
}  // namespace forge::cli

int main(int argc, char** argv) {
  using namespace forge::cli;
  limit_arenas();
  occupy_closed_descriptors();
  set_signals();
  DescriptorSource in(STDIN_FILENO);
  DescriptorSink out(STDOUT_FILENO);
  DescriptorSink err(STDERR_FILENO);
  Streams streams;
  streams.in = &in;
  streams.out = &out;
  streams.err = &err;
  streams.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  streams.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  streams.terminal_columns = terminal_columns();
  streams.environment = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets variables
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  streams.interrupted = is_interrupted;
  streams.forget_interrupt = forget_interrupt;
  streams.open_pager = open_pager;
  if (streams.out_is_terminal && ::isatty(STDIN_FILENO) == 1) {
    streams.open_editor = [&in](std::function<LineCompletion(std::string_view)> complete) {
      return open_line_editor([&in](char* byte) { return in.read(byte, 1); }, std::move(complete));
    };
  }
  streams.clock = &forge::system_clock();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments.front() == "__complete") limit_completion();
  return run(arguments, streams);
}
