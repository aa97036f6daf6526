#include "own_process.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

extern char** environ;

namespace forge::bench {

OwnProcess start_own_process(std::vector<std::string> arguments) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string program = "/proc/self/exe";
  std::vector<char*> words = {program.data()};
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  OwnProcess process{.id = 0, .out = ends[0]};
  if (::posix_spawn(&process.id, program.c_str(), &actions, nullptr, words.data(), environ) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  return process;
}

double largest_set_of(std::vector<std::string> arguments) {
  const OwnProcess process = start_own_process(std::move(arguments));
  char text[32] = {};
  const ssize_t got = ::read(process.out, text, sizeof text - 1);
  int status = 0;
  ::waitpid(process.id, &status, 0);
  ::close(process.out);
  if (got <= 0 || status != 0) std::abort();
  return std::strtod(text, nullptr) / 1024;
}

// Not by getrusage: what it tells is at least what the parent had when it started this process.
void tell_largest_set() {
  constexpr std::string_view kPeak = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kPeak)) std::printf("%llu\n", std::strtoull(line.c_str() + kPeak.size(), nullptr, 10));
  }
}

}  // namespace forge::bench
