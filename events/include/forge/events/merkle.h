#pragma once

// The Merkle tree over the log: RFC 6962 (section 2.1), one leaf for each event in seq order. Appending costs one leaf hash and,
// on average, one interior hash. None of the classes here is safe for concurrent use.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"

namespace forge {

using Hash = std::array<std::uint8_t, 32>;

std::string to_hex(std::span<const std::uint8_t> bytes);
// 64 hexadecimal digits; nothing for other text.
std::optional<Hash> parse_hash(std::string_view hex);

// SHA-256 with one reused context: the library's one-shot call is three times slower.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Hash sha256(std::span<const std::uint8_t> data);
  // SHA-256(0x00 || data) and SHA-256(0x01 || left || right).
  Hash leaf(std::span<const std::uint8_t> data);
  Hash interior(const Hash& left, const Hash& right);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The right edge of a tree: the roots of its complete subtrees from the largest to the smallest, one for each bit of the size.
// Enough to append and to give the root.
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  // Errors: kDataCorrupt when the number of hashes is not the number of bits in `size`.
  static Result<MerkleFrontier> restore(std::uint64_t size, std::vector<Hash> hashes);

  void append(const Hash& leaf, Hasher& hasher) { append_subtree(leaf, 1, hasher); }
  // Appends a complete subtree, given by its root: `count` leaves, a power of two that divides the size.
  void append_subtree(const Hash& root, std::uint64_t count, Hasher& hasher);
  // The root; of the empty tree SHA-256 of nothing.
  Hash root(Hasher& hasher) const;
  std::uint64_t size() const { return size_; }
  const std::vector<Hash>& hashes() const { return hashes_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> hashes_;
};

// Where proofs read leaves from: the hash of the leaf range [first, first + count), count a power of two and first a multiple of
// it, all of it inside the tree.
class MerkleNodes {
 public:
  virtual ~MerkleNodes() = default;
  virtual Result<Hash> node(std::uint64_t first, std::uint64_t count) = 0;
};

// The audit path of leaf `index` (from 0) in the tree of `size` leaves, from the leaf upwards (RFC 6962, 2.1.1).
Result<std::vector<Hash>> inclusion_proof(MerkleNodes& nodes, std::uint64_t index, std::uint64_t size, Hasher& hasher);
// That the tree of `old_size` leaves is a prefix of the one of `new_size` (RFC 6962, 2.1.2).
Result<std::vector<Hash>> consistency_proof(MerkleNodes& nodes, std::uint64_t old_size, std::uint64_t new_size, Hasher& hasher);
// Errors: kProofInvalid.
Status verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, std::span<const Hash> proof, const Hash& root,
                        Hasher& hasher);
Status verify_consistency(std::uint64_t old_size, const Hash& old_root, std::uint64_t new_size, const Hash& new_root,
                          std::span<const Hash> proof, Hasher& hasher);

}  // namespace forge
