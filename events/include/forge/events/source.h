#pragma once

#include <cstddef>

#include "forge/events/status.h"

namespace forge {

// Where bytes come from. Safe to call from one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  // At most `size` bytes, as soon as there are any; 0 at the end. Errors: kInputUnreadable, kCancelled.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

}  // namespace forge
