#include "forge/events/merkle.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>

namespace forge {
namespace {

// A tree by the definition of RFC 6962, 2.1, which remembers the ranges it was asked for.
class NaiveTree : public MerkleNodes {
 public:
  explicit NaiveTree(std::uint64_t size) {
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::array<std::uint8_t, 2> data = {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
      leaves_.push_back(hasher_.leaf(data));
    }
  }

  Hash range(std::uint64_t first, std::uint64_t count) {
    if (count == 0) return hasher_.sha256({});
    if (count == 1) return leaves_.at(first);
    const auto [place, is_new] = ranges_.try_emplace({first, count});
    if (!is_new) return place->second;
    std::uint64_t left = 1;
    while (left * 2 < count) left *= 2;
    return place->second = hasher_.interior(range(first, left), range(first + left, count - left));
  }

  Result<Hash> node(std::uint64_t first, std::uint64_t count) override {
    EXPECT_TRUE(std::has_single_bit(count) && first % count == 0 && first + count <= leaves_.size());
    return range(first, count);
  }

  const Hash& leaf(std::uint64_t index) const { return leaves_.at(index); }

 private:
  Hasher hasher_;
  std::vector<Hash> leaves_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Hash> ranges_;
};

class BrokenNodes : public MerkleNodes {
 public:
  Result<Hash> node(std::uint64_t, std::uint64_t) override { return Status(ErrorId::kIoError, "no node"); }
};

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

Hash flipped(Hash hash) {
  hash[31] ^= 1;
  return hash;
}

TEST(Hasher, GivesTheHashesOfThePublishedExamples) {
  Hasher hasher;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(to_hex(hasher.sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(hasher.sha256(bytes_of("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(hasher.leaf({})), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  }
}

TEST(Hasher, ReadsBackTheHashesItPrintsAndNothingElse) {
  const std::string text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(parse_hash(text), Hasher().sha256(bytes_of("abc")));
  for (const std::string& wrong : {text.substr(2), text + "00", "g" + text.substr(1), "-1" + text.substr(2), std::string()}) {
    EXPECT_FALSE(parse_hash(wrong)) << wrong;
  }
}

// The leaves and roots of Certificate Transparency's reference tests.
TEST(MerkleFrontier, GivesTheRootsOfThePublishedExamples) {
  const std::vector<std::vector<std::uint8_t>> leaves = {
      {},
      {0x00},
      {0x10},
      {0x20, 0x21},
      {0x30, 0x31},
      {0x40, 0x41, 0x42, 0x43},
      {0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57},
      {0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f}};
  const std::vector<std::string> roots = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Hasher hasher;
  MerkleFrontier frontier;
  EXPECT_EQ(to_hex(frontier.root(hasher)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    frontier.append(hasher.leaf(leaves[i]), hasher);
    EXPECT_EQ(to_hex(frontier.root(hasher)), roots[i]) << i + 1 << " leaves";
  }
}

TEST(MerkleFrontier, AgreesWithTheDefinitionAtEverySizeAlsoWhenRestored) {
  NaiveTree tree(300);
  Hasher hasher;
  MerkleFrontier frontier;
  for (std::uint64_t size = 0; size < 300; ++size) {
    ASSERT_EQ(frontier.root(hasher), tree.range(0, size)) << size;
    ASSERT_EQ(frontier.size(), size);
    frontier = MerkleFrontier::restore(size, frontier.hashes()).value();
    frontier.append(tree.leaf(size), hasher);
  }
}

TEST(MerkleFrontier, RefusesToRestoreWithTheWrongNumberOfHashes) {
  const auto frontier = MerkleFrontier::restore(5, std::vector<Hash>(3));
  EXPECT_EQ(frontier.status().id(), ErrorId::kDataCorrupt);
  EXPECT_EQ(frontier.status().text().why, "a tree of 5 leaves has 2 complete subtrees, not 3");
}

TEST(MerkleProof, ProvesEveryLeafOfEveryTreeAndNoOtherPlace) {
  NaiveTree tree(300);
  Hasher hasher;
  for (std::uint64_t size = 1; size <= 300; ++size) {
    const Hash root = tree.range(0, size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const std::vector<Hash> proof = inclusion_proof(tree, index, size, hasher).value();
      ASSERT_TRUE(verify_inclusion(tree.leaf(index), index, size, proof, root, hasher).ok()) << index << " of " << size;
      ASSERT_FALSE(verify_inclusion(tree.leaf(index), index + 1, size, proof, root, hasher).ok()) << index << " of " << size;
      ASSERT_FALSE(verify_inclusion(flipped(tree.leaf(index)), index, size, proof, root, hasher).ok());
    }
  }
}

TEST(MerkleProof, ProvesEveryPrefixOfEveryTree) {
  NaiveTree tree(300);
  Hasher hasher;
  for (std::uint64_t new_size = 0; new_size <= 300; ++new_size) {
    const Hash new_root = tree.range(0, new_size);
    for (std::uint64_t old_size = 0; old_size <= new_size; ++old_size) {
      const Hash old_root = tree.range(0, old_size);
      const std::vector<Hash> proof = consistency_proof(tree, old_size, new_size, hasher).value();
      ASSERT_TRUE(verify_consistency(old_size, old_root, new_size, new_root, proof, hasher).ok()) << old_size << " " << new_size;
      ASSERT_FALSE(verify_consistency(old_size, flipped(old_root), new_size, new_root, proof, hasher).ok());
      if (old_size == 0 && new_size > 0) continue;  // every tree has the empty one as a prefix
      ASSERT_FALSE(verify_consistency(old_size, old_root, new_size, flipped(new_root), proof, hasher).ok());
    }
  }
}

TEST(MerkleProof, RefusesProofsThatWereTamperedWith) {
  NaiveTree tree(37);
  Hasher hasher;
  const Hash root = tree.range(0, 37);
  const Hash old_root = tree.range(0, 21);
  const std::vector<Hash> inclusion = inclusion_proof(tree, 13, 37, hasher).value();
  const std::vector<Hash> consistency = consistency_proof(tree, 21, 37, hasher).value();
  const auto refused = [&](const std::vector<Hash>& path, const std::vector<Hash>& subproof) {
    const Status first = verify_inclusion(tree.leaf(13), 13, 37, path, root, hasher);
    const Status second = verify_consistency(21, old_root, 37, root, subproof, hasher);
    return first.id() == ErrorId::kProofInvalid && second.id() == ErrorId::kProofInvalid;
  };
  for (std::size_t i = 0; i < inclusion.size(); ++i) {
    std::vector<Hash> path = inclusion;
    std::vector<Hash> subproof = consistency;
    path[i] = flipped(path[i]);
    subproof[i % subproof.size()] = flipped(subproof[i % subproof.size()]);
    EXPECT_TRUE(refused(path, subproof)) << "hash " << i << " flipped";
  }
  std::vector<Hash> longer_path = inclusion;
  std::vector<Hash> longer_subproof = consistency;
  longer_path.push_back(root);
  longer_subproof.push_back(root);
  EXPECT_TRUE(refused(longer_path, longer_subproof));
  EXPECT_TRUE(refused({inclusion.begin(), inclusion.end() - 1}, {consistency.begin(), consistency.end() - 1}));
  EXPECT_TRUE(refused({}, {}));
}

TEST(MerkleProof, SaysWhatIsWrong) {
  NaiveTree tree(6);
  Hasher hasher;
  const Hash root = tree.range(0, 6);
  EXPECT_EQ(inclusion_proof(tree, 6, 6, hasher).status().id(), ErrorId::kArgumentRange);
  EXPECT_EQ(consistency_proof(tree, 7, 6, hasher).status().id(), ErrorId::kArgumentRange);
  EXPECT_EQ(verify_inclusion(tree.leaf(2), 2, 6, {}, root, hasher).text().why, "the proof has too few hashes");
  EXPECT_EQ(verify_consistency(6, root, 5, root, {}, hasher).text().why, "the old tree is larger");
  EXPECT_EQ(verify_consistency(6, root, 6, root, {{root}}, hasher).text().why, "the proof has too many hashes");
  EXPECT_EQ(verify_consistency(0, root, 6, root, {}, hasher).text().why, "the old root is not that of the empty tree");
  EXPECT_EQ(verify_inclusion(tree.leaf(2), 2, 1, {}, root, hasher).text().what,
            "leaf 2 is not proven to be in the tree of 1 leaves");
}

TEST(MerkleProof, PassesOnThatANodeCannotBeRead) {
  BrokenNodes nodes;
  Hasher hasher;
  EXPECT_EQ(inclusion_proof(nodes, 1, 6, hasher).status().id(), ErrorId::kIoError);
  EXPECT_EQ(consistency_proof(nodes, 3, 6, hasher).status().id(), ErrorId::kIoError);
}

}  // namespace
}  // namespace forge
