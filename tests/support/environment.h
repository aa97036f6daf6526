#pragma once

// Variables of this process. To be set while no other thread of it reads any.

#include <cstdlib>

namespace forge::testing_support {

inline void set_environment(const char* name, const char* value) {
  ::setenv(name, value, 1);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace forge::testing_support
