#include "log_tree.h"

#include <algorithm>
#include <cstring>

#include "forge/events/key.h"

namespace forge::internal {
namespace {

std::string tile_key(char kind, std::uint64_t index) {
  std::string key(1, kind);
  append_u64(key, index);
  return key;
}

Status broken_tile(std::uint64_t index, const char* why) {
  return Status(ErrorId::kDataCorrupt, "tile " + std::to_string(index) + " of the tree is damaged").why(why);
}

// The rows hold arrays of bytes, one after the other.
template <typename Array>
Result<std::vector<Array>> read_arrays(const Database& database, char kind, std::uint64_t index) {
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database.get(Table::kTree, tile_key(kind, index), value));
  if (!found) return broken_tile(index, "it is missing");
  if (value.size() % sizeof(Array) != 0) return broken_tile(index, "its size is wrong");
  std::vector<Array> out(value.size() / sizeof(Array));
  std::memcpy(out.data(), value.data(), value.size());
  return out;
}

Result<std::vector<Hash>> read_hashes(const Database& database, std::uint64_t index) {
  FORGE_ASSIGN(std::vector<Hash> hashes, read_arrays<Hash>(database, 'N', index));
  if (hashes.empty()) return broken_tile(index, "its size is wrong");
  return hashes;
}

template <typename Array>
std::string_view packed(const std::vector<Array>& arrays) {
  return {reinterpret_cast<const char*>(arrays.data()), arrays.size() * sizeof(Array)};
}

Result<Hash> leaf_from_log(const Database& database, Seq seq, Hasher& hasher) {
  rocksdb::PinnableSlice value;
  FORGE_ASSIGN(const bool found, database.get(Table::kLog, log_key(seq), value));
  if (!found) return Status(ErrorId::kDataCorrupt, "event " + std::to_string(seq) + " is missing from the log");
  return hasher.leaf({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

}  // namespace

LeafMark mark_of(const Hash& leaf) {
  LeafMark mark;
  std::copy_n(leaf.begin(), mark.size(), mark.begin());
  return mark;
}

Result<Tile> read_tile(const Database& database, std::uint64_t index) {
  Tile out;
  FORGE_ASSIGN(out.marks, read_arrays<LeafMark>(database, 'L', index));
  FORGE_ASSIGN(std::vector<Hash> beside, read_hashes(database, index));
  if (out.marks.size() != kTileLeaves) return broken_tile(index, "its size is wrong");
  out.root = beside.front();
  out.frontier.assign(beside.begin() + 1, beside.end());
  return out;
}

Status LogTree::restore(Seq size) {
  tiles_ = open_ = MerkleFrontier();
  marks_.clear();
  const std::uint64_t tiles = size / kTileLeaves;
  if (tiles > 0) {
    FORGE_ASSIGN(std::vector<Hash> beside, read_hashes(*database_, tiles - 1));
    beside.erase(beside.begin());
    FORGE_ASSIGN(tiles_, MerkleFrontier::restore(tiles * kTileLeaves, std::move(beside)));
  }
  for (Seq seq = tiles * kTileLeaves + 1; seq <= size; ++seq) {
    FORGE_ASSIGN(const Hash leaf, leaf_from_log(*database_, seq, hasher_));
    marks_.push_back(mark_of(leaf));
    open_.append(leaf, hasher_);
  }
  return {};
}

void LogTree::append(const Hash& leaf, const std::function<void(std::string_view key, std::string_view value)>& put) {
  open_.append(leaf, hasher_);
  marks_.push_back(mark_of(leaf));
  if (marks_.size() < kTileLeaves) return;
  const Hash root = open_.hashes().front();
  const std::uint64_t index = tiles_.size() / kTileLeaves;
  tiles_.append_subtree(root, kTileLeaves, hasher_);
  std::vector<Hash> beside{root};
  beside.insert(beside.end(), tiles_.hashes().begin(), tiles_.hashes().end());
  put(tile_key('L', index), packed(marks_));
  put(tile_key('N', index), packed(beside));
  open_ = MerkleFrontier();
  marks_.clear();
}

void LogTree::append(const Hash& leaf, rocksdb::WriteBatch& batch) {
  append(leaf, [&](std::string_view key, std::string_view value) {
    batch.Put(database_->handle(Table::kTree), slice_of(key), slice_of(value)).PermitUncheckedError();
  });
}

// The open leaves are fewer than a tile has, so that their subtrees stand behind all others.
MerkleFrontier LogTree::frontier() const {
  std::vector<Hash> hashes = tiles_.hashes();
  hashes.insert(hashes.end(), open_.hashes().begin(), open_.hashes().end());
  return MerkleFrontier::restore(tiles_.size() + open_.size(), std::move(hashes)).value();
}

std::string short_hex(std::span<const std::uint8_t> hash) {
  return to_hex(hash.first(4)) + "…";
}

Result<Hash> tree_root(const Database& database, Seq size) {
  LogTree tree(&database);
  FORGE_TRY(tree.restore(size));
  Hasher hasher;
  return tree.frontier().root(hasher);
}

Result<Hash> StoredNodes::leaf(std::uint64_t index) {
  return leaf_from_log(database_, index + 1, hasher_);
}

// Halves downwards until a stored tile root or a leaf answers.
Result<Hash> StoredNodes::node(std::uint64_t first, std::uint64_t count) {
  if (count == 1) return leaf(first);
  if (count == kTileLeaves) {
    FORGE_ASSIGN(const std::vector<Hash> beside, read_hashes(database_, first / kTileLeaves));
    return beside.front();
  }
  FORGE_ASSIGN(const Hash left, node(first, count / 2));
  FORGE_ASSIGN(const Hash right, node(first + count / 2, count / 2));
  return hasher_.interior(left, right);
}

}  // namespace forge::internal
