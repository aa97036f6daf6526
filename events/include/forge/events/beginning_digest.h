#pragma once

#include <string>
#include <string_view>

#include "forge/events/merkle.h"

namespace forge {

// The digest of the bytes given so far. Each block of 64 KiB is hashed with the digest before it, so that the digest of a beginning
// costs a block at most, and so does a copy.
class BeginningDigest {
 public:
  void add(std::string_view bytes);
  std::string hex() const;

 private:
  Hash before_{};      // of all whole blocks
  std::string block_;  // begun
};

}  // namespace forge
