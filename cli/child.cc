#include "child.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "forge/events/system_reason.h"

extern char** environ;

namespace forge::cli {
namespace {

Status failed(const std::string& command, int error) {
  return Status(ErrorId::kIoError, "cannot run '" + command + "'").why(system_reason(error)).state("it was not run");
}

// A file without a name that holds `input`: unlike a pipe it never fills, and nobody is signalled when it is not read.
int open_input_of(std::string_view input) {
  const int descriptor = ::memfd_create("forge-event", MFD_CLOEXEC);
  if (descriptor < 0) return -1;
  while (!input.empty()) {
    const ssize_t written = ::write(descriptor, input.data(), input.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      ::close(descriptor);
      return -1;
    }
    input.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(descriptor, 0, SEEK_SET);
  return descriptor;
}

int spawn(const std::string& command, int input, pid_t& child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  // This process ignores a broken pipe and the limit on the size of files; the command is to meet them as usual.
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const char* const words[] = {"sh", "-c", command.c_str(), nullptr};
  const int error = ::posix_spawn(&child, "/bin/sh", &actions, &attributes, const_cast<char* const*>(words), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

std::string ChildEnd::text() const {
  return status < 128 ? "exit status " + std::to_string(status) : "signal " + std::to_string(status - 128);
}

Result<ChildEnd> run_child(const std::string& command, std::string_view input) {
  const int descriptor = open_input_of(input);
  if (descriptor < 0) return failed(command, errno);
  pid_t child = 0;
  const int error = spawn(command, descriptor, child);
  ::close(descriptor);
  if (error != 0) return failed(command, error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed(command, errno);
  }
  return ChildEnd{.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status)};
}

}  // namespace forge::cli
