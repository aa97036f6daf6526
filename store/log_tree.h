#pragma once

// The Merkle tree over the log as it is stored: one tile for every 256 events, written in the batch that completes it: the tile's
// root with the tree's right edge after it, and the marks of its leaves, which tell an altered event from the others. The leaves
// themselves are recomputed from the log.
//
// Table `tree`: 'L' + tile u64 → 256 marks; 'N' + tile u64 → the tile's root, then the frontier's hashes after it.

#include <rocksdb/write_batch.h>

#include <array>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "database.h"
#include "forge/events/envelope.h"
#include "forge/events/merkle.h"

namespace forge::internal {

inline constexpr std::uint64_t kTileLeaves = 256;

// The first bytes of a leaf's hash. The tile's root proves the leaves; a mark only names the one that is another.
using LeafMark = std::array<std::uint8_t, 8>;
LeafMark mark_of(const Hash& leaf);

// Not safe for concurrent use.
class LogTree {
 public:
  // `database` is where restore() reads and batches go; null where neither is called.
  explicit LogTree(const Database* database) : database_(database) {}

  // Starts at the tree over the first `size` events. Errors: kDataCorrupt, kIoError.
  Status restore(Seq size);
  Hash leaf_of(std::span<const std::uint8_t> event) { return hasher_.leaf(event); }
  // Appends a leaf; the rows of a tile that it completes go to `put`.
  void append(const Hash& leaf, const std::function<void(std::string_view key, std::string_view value)>& put);
  // The same into `batch`.
  void append(const Hash& leaf, rocksdb::WriteBatch& batch);
  MerkleFrontier frontier() const;
  std::uint64_t size() const { return tiles_.size() + open_.size(); }

 private:
  const Database* database_;
  Hasher hasher_;
  MerkleFrontier tiles_;         // over the complete tiles
  MerkleFrontier open_;          // over the leaves since
  std::vector<LeafMark> marks_;  // since the last complete tile
};

// "4c1f09aa…": enough of a hash to tell it from others in a message.
std::string short_hex(std::span<const std::uint8_t> hash);

// The root over the first `size` events. Errors: kDataCorrupt, kIoError.
Result<Hash> tree_root(const Database& database, Seq size);

// What is stored of one complete tile. Errors: kDataCorrupt when it is missing or malformed.
struct Tile {
  std::vector<LeafMark> marks;
  Hash root{};
  std::vector<Hash> frontier;
};
Result<Tile> read_tile(const Database& database, std::uint64_t index);

// Nodes for proofs over a tree of `size` leaves. Lives no longer than the database.
class StoredNodes : public MerkleNodes {
 public:
  explicit StoredNodes(const Database& database) : database_(database) {}
  Result<Hash> node(std::uint64_t first, std::uint64_t count) override;

 private:
  Result<Hash> leaf(std::uint64_t index);
  const Database& database_;
  Hasher hasher_;
};

}  // namespace forge::internal
