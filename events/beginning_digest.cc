#include "forge/events/beginning_digest.h"

#include <algorithm>

namespace forge {
namespace {

constexpr std::size_t kBlockBytes = 64 << 10;

Hash hash_after(const Hash& before, std::string_view block) {
  thread_local Hasher hasher;
  std::string bytes(reinterpret_cast<const char*>(before.data()), before.size());
  bytes.append(block);
  return hasher.sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

void BeginningDigest::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kBlockBytes - block_.size());
    block_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (block_.size() < kBlockBytes) return;
    before_ = hash_after(before_, block_);
    block_.clear();
  }
}

std::string BeginningDigest::hex() const {
  return to_hex(hash_after(before_, block_));
}

}  // namespace forge
