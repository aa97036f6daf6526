#pragma once

// This very program as another process, for what must be killed or measured alone.

#include <sys/types.h>

#include <string>
#include <vector>

namespace forge::bench {

struct OwnProcess {
  pid_t id = 0;
  int out = -1;  // what it writes to standard output; the caller closes it
};

// Starts it with these arguments. Aborts where that is not possible.
OwnProcess start_own_process(std::vector<std::string> arguments);

// Runs it to its end. It tells with tell_largest_set() how many KiB its resident set had at most; here they are MiB. Aborts where
// it fails.
double largest_set_of(std::vector<std::string> arguments);
void tell_largest_set();

}  // namespace forge::bench
