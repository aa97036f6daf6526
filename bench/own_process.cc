#include "own_process.h"

#include <spawn.h>
#include <unistd.h>

#include <cstdlib>

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

}  // namespace forge::bench
