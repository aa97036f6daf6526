#include "forge/events/merkle.h"

#include <bit>

namespace forge {
namespace {

// Where RFC 6962 splits a range of at least two leaves: the largest power of two smaller than `count`.
std::uint64_t split_of(std::uint64_t count) {
  return std::bit_floor(count - 1);
}

// The hash of the leaf range [first, first + count), count > 0. Every range that the splits lead to and that is a power of two is
// aligned, so that one node holds it.
Result<Hash> range_hash(MerkleNodes& nodes, std::uint64_t first, std::uint64_t count, Hasher& hasher) {
  if (std::has_single_bit(count)) return nodes.node(first, count);
  const std::uint64_t left_count = split_of(count);
  FORGE_ASSIGN(const Hash left, nodes.node(first, left_count));
  FORGE_ASSIGN(const Hash right, range_hash(nodes, first + left_count, count - left_count, hasher));
  return hasher.interior(left, right);
}

// PATH of RFC 6962, 2.1.1, for the range [first, first + count), which holds `index`.
Status append_path(MerkleNodes& nodes, std::uint64_t index, std::uint64_t first, std::uint64_t count, Hasher& hasher,
                   std::vector<Hash>& path) {
  if (count == 1) return {};
  const std::uint64_t left_count = split_of(count);
  const std::uint64_t middle = first + left_count;
  const bool goes_left = index < middle;
  FORGE_TRY(goes_left ? append_path(nodes, index, first, left_count, hasher, path)
                      : append_path(nodes, index, middle, count - left_count, hasher, path));
  FORGE_ASSIGN(const Hash sibling,
               goes_left ? range_hash(nodes, middle, count - left_count, hasher) : range_hash(nodes, first, left_count, hasher));
  path.push_back(sibling);
  return {};
}

// SUBPROOF of RFC 6962, 2.1.2, for the range [first, first + count), of which the first `old_count` > 0 leaves are old.
// `old_is_known`: the old part of this range is the whole old tree, whose root the verifier has.
Status append_subproof(MerkleNodes& nodes, std::uint64_t old_count, std::uint64_t first, std::uint64_t count, bool old_is_known,
                       Hasher& hasher, std::vector<Hash>& path) {
  if (old_count == count) {
    if (old_is_known) return {};
    FORGE_ASSIGN(const Hash old_part, range_hash(nodes, first, count, hasher));
    path.push_back(old_part);
    return {};
  }
  const std::uint64_t left_count = split_of(count);
  const std::uint64_t middle = first + left_count;
  const bool goes_left = old_count <= left_count;
  FORGE_TRY(goes_left ? append_subproof(nodes, old_count, first, left_count, old_is_known, hasher, path)
                      : append_subproof(nodes, old_count - left_count, middle, count - left_count, false, hasher, path));
  FORGE_ASSIGN(const Hash sibling,
               goes_left ? range_hash(nodes, middle, count - left_count, hasher) : range_hash(nodes, first, left_count, hasher));
  path.push_back(sibling);
  return {};
}

constexpr const char* kTooShort = "the proof has too few hashes";
constexpr const char* kTooLong = "the proof has too many hashes";

// The way of a verifier from a node to the root (RFC 9162, 2.1.3.2 and 2.1.4.2; there `fn` and `sn`): the number of the node in its
// level, the number of the level's last node, and the hash of all leaves of the node's subtree.
struct Climb {
  std::uint64_t node;
  std::uint64_t last;
  Hash hash;

  void up() {
    node >>= 1;
    last >>= 1;
  }

  // Goes up along `proof` to the root. `left_part`, where given, takes up only what stands to the left: it becomes the root of the
  // tree that ended with the first node. Null, or what is wrong.
  const char* follow(std::span<const Hash> proof, Hasher& hasher, Hash* left_part) {
    for (const Hash& sibling : proof) {
      if (last == 0) return kTooLong;
      if ((node & 1) != 0 || node == last) {
        hash = hasher.interior(sibling, hash);
        if (left_part != nullptr) *left_part = hasher.interior(sibling, *left_part);
        // A last node without a sibling stands in the level above as it is: the proof has no hash there.
        while ((node & 1) == 0 && node != 0) up();
      } else {
        hash = hasher.interior(hash, sibling);
      }
      up();
    }
    return last == 0 ? nullptr : kTooShort;
  }
};

Status invalid_proof(std::string what, std::string why) {
  return Status(ErrorId::kProofInvalid, std::move(what)).why(std::move(why));
}

Status invalid_inclusion(std::uint64_t index, std::uint64_t size, std::string why) {
  return invalid_proof("leaf " + std::to_string(index) + " is not proven to be in the tree of " + std::to_string(size) + " leaves",
                       std::move(why));
}

Status invalid_consistency(std::uint64_t old_size, std::uint64_t new_size, std::string why) {
  return invalid_proof("the tree of " + std::to_string(old_size) + " leaves is not proven to be a prefix of the tree of " +
                           std::to_string(new_size) + " leaves",
                       std::move(why));
}

std::string mismatch(const Hash& reached, const Hash& expected, const char* name) {
  return std::string("the proof leads to ") + name + " " + to_hex(reached) + ", not " + to_hex(expected);
}

}  // namespace

Result<MerkleFrontier> MerkleFrontier::restore(std::uint64_t size, std::vector<Hash> hashes) {
  if (hashes.size() != static_cast<std::size_t>(std::popcount(size))) {
    return Status(ErrorId::kDataCorrupt, "the tree's right edge is damaged")
        .why("a tree of " + std::to_string(size) + " leaves has " + std::to_string(std::popcount(size)) +
             " complete subtrees, not " + std::to_string(hashes.size()));
  }
  MerkleFrontier frontier;
  frontier.size_ = size;
  frontier.hashes_ = std::move(hashes);
  return frontier;
}

// Adding to `size_` carries through its ones from that bit upwards: each carry joins two subtrees of one size.
void MerkleFrontier::append_subtree(const Hash& root, std::uint64_t count, Hasher& hasher) {
  FORGE_ASSERT(std::has_single_bit(count) && size_ % count == 0);
  Hash subtree = root;
  for (std::uint64_t bits = size_ / count; (bits & 1) != 0; bits >>= 1) {
    subtree = hasher.interior(hashes_.back(), subtree);
    hashes_.pop_back();
  }
  hashes_.push_back(subtree);
  size_ += count;
}

Hash MerkleFrontier::root(Hasher& hasher) const {
  if (hashes_.empty()) return hasher.sha256({});
  Hash root = hashes_.back();
  for (std::size_t i = hashes_.size() - 1; i-- > 0;) root = hasher.interior(hashes_[i], root);
  return root;
}

Result<std::vector<Hash>> inclusion_proof(MerkleNodes& nodes, std::uint64_t index, std::uint64_t size, Hasher& hasher) {
  if (index >= size) {
    return Status(ErrorId::kArgumentRange, "there is no proof for leaf " + std::to_string(index))
        .why("the tree has " + std::to_string(size) + " leaves, counted from 0");
  }
  std::vector<Hash> path;
  FORGE_TRY(append_path(nodes, index, 0, size, hasher, path));
  return path;
}

Result<std::vector<Hash>> consistency_proof(MerkleNodes& nodes, std::uint64_t old_size, std::uint64_t new_size, Hasher& hasher) {
  if (old_size > new_size) {
    return Status(ErrorId::kArgumentRange, "there is no proof from size " + std::to_string(old_size))
        .why("the tree has " + std::to_string(new_size) + " leaves");
  }
  std::vector<Hash> path;
  if (old_size > 0) FORGE_TRY(append_subproof(nodes, old_size, 0, new_size, true, hasher, path));
  return path;
}

Status verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, std::span<const Hash> proof, const Hash& root,
                        Hasher& hasher) {
  if (index >= size) return invalid_inclusion(index, size, "leaves are counted from 0");
  Climb climb{index, size - 1, leaf};
  if (const char* wrong = climb.follow(proof, hasher, nullptr)) return invalid_inclusion(index, size, wrong);
  if (climb.hash != root) return invalid_inclusion(index, size, mismatch(climb.hash, root, "root"));
  return {};
}

Status verify_consistency(std::uint64_t old_size, const Hash& old_root, std::uint64_t new_size, const Hash& new_root,
                          std::span<const Hash> proof, Hasher& hasher) {
  const auto invalid = [&](std::string why) { return invalid_consistency(old_size, new_size, std::move(why)); };
  if (old_size > new_size) return invalid("the old tree is larger");
  if (old_size == 0 || old_size == new_size) {
    if (!proof.empty()) return invalid(kTooLong);
    if (old_size == new_size && old_root != new_root) return invalid("the roots differ");
    if (old_size == 0 && old_root != hasher.sha256({})) return invalid("the old root is not that of the empty tree");
    return {};
  }
  // The first hash is a complete subtree at the old tree's right edge. Where that is the whole old tree, the proof leaves it out.
  const bool starts_at_old_root = std::has_single_bit(old_size);
  if (!starts_at_old_root && proof.empty()) return invalid(kTooShort);
  const Hash start = starts_at_old_root ? old_root : proof.front();
  if (!starts_at_old_root) proof = proof.subspan(1);

  Hash old_hash = start;
  Climb climb{old_size - 1, new_size - 1, start};
  while ((climb.node & 1) != 0) climb.up();
  if (const char* wrong = climb.follow(proof, hasher, &old_hash)) return invalid(wrong);
  if (old_hash != old_root) return invalid(mismatch(old_hash, old_root, "old root"));
  if (climb.hash != new_root) return invalid(mismatch(climb.hash, new_root, "new root"));
  return {};
}

}  // namespace forge
