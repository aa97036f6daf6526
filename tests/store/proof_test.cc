#include "forge/store/proof.h"

#include <gtest/gtest.h>

#include "database.h"
#include "forge/events/json.h"
#include "forge/projections/table_keys.h"
#include "store/sample_store.h"
#include "store_state.h"

namespace forge::testing_support {
namespace {

class Proofs : public ::testing::Test {
 protected:
  SampleDirectory directory_{SampleDirectory::State::kClosed};
  Store store_ = Store::open(directory_.path()).value();
};

TEST_F(Proofs, ShowOfflineThatEventsAreInTheLog) {
  const Root kept = store_.root().value();
  for (const Seq seq : {Seq{1}, Seq{7}, Seq{256}, Seq{257}, Seq{512}, Seq{513}, kept.size}) {
    const InclusionProof proof = InclusionProof::parse(prove(store_, seq).value().to_json()).value();
    EXPECT_EQ(proof.seq, seq);
    EXPECT_EQ(proof.leaf, store_.view().leaf(seq).value());
    const Status checked = check_proof(proof, kept);
    EXPECT_TRUE(checked.ok()) << checked.message();
  }
}

TEST_F(Proofs, AreAlsoOfEarlierSizes) {
  const Root kept = store_.root().value();
  act_on(store_, 1024, 10);
  const InclusionProof proof = prove(store_, 7, kept.size).value();
  EXPECT_TRUE(check_proof(proof, kept).ok());
  EXPECT_EQ(check_proof(proof, store_.root().value()).id(), ErrorId::kProofInvalid) << "it is of an earlier head";
}

TEST_F(Proofs, DoNotHoldOnceAnythingInThemIsChanged) {
  const Root kept = store_.root().value();
  const InclusionProof sound = prove(store_, 7).value();
  std::vector<InclusionProof> wrong(5, sound);
  wrong[0].leaf[3] ^= 1;
  wrong[1].seq = 8;
  wrong[2].path[1][0] ^= 1;
  wrong[3].path.pop_back();
  wrong[4].seq = 0;
  for (const InclusionProof& proof : wrong) EXPECT_EQ(check_proof(proof, kept).id(), ErrorId::kProofInvalid) << proof.to_json();
}

TEST_F(Proofs, HaveADocumentedForm) {
  const InclusionProof proof = prove(store_, 2, 3).value();
  const std::string json = "{\"seq\":2,\"size\":3,\"leaf\":\"" + to_hex(proof.leaf) + "\",\"proof\":[\"" +
                           to_hex(proof.path.at(0)) + "\",\"" + to_hex(proof.path.at(1)) + "\"],\"root\":\"" +
                           to_hex(proof.root.hash) + "\"}";
  EXPECT_EQ(proof.to_json(), json);
  const ConsistencyProof consistency = prove_consistency(store_, 2, 3).value();
  EXPECT_EQ(consistency.to_json(), "{\"old_size\":2,\"old_root\":\"" + to_hex(consistency.old_root.hash) +
                                       "\",\"size\":3,\"proof\":[\"" + to_hex(consistency.path.at(0)) + "\"],\"root\":\"" +
                                       to_hex(consistency.root.hash) + "\"}");
}

TEST_F(Proofs, AreRefusedWhereTheyCannotBeRead) {
  const std::string sound = prove(store_, 2, 3)->to_json();
  EXPECT_EQ(InclusionProof::parse("nonsense").status().id(), ErrorId::kJsonInvalid);
  EXPECT_EQ(InclusionProof::parse("[]").status().id(), ErrorId::kProofInvalid);
  const auto without = [&](const std::string& member) {
    std::string text = sound;
    text.replace(text.find("\"" + member + "\""), member.size() + 2, "\"other\"");
    return InclusionProof::parse(text).status();
  };
  for (const char* member : {"seq", "size", "leaf", "proof", "root"}) {
    EXPECT_EQ(without(member).id(), ErrorId::kProofInvalid) << member;
    EXPECT_NE(without(member).text().why.find(member), std::string::npos) << without(member).message();
  }
  EXPECT_EQ(InclusionProof::parse("{\"seq\":-2,\"size\":3}").status().id(), ErrorId::kProofInvalid);
}

TEST_F(Proofs, AreNotMadeOfWhatIsNotThere) {
  const Seq head = store_.head();
  EXPECT_EQ(prove(store_, 0).status().id(), ErrorId::kEventNotFound);
  EXPECT_EQ(prove(store_, head + 1).status().id(), ErrorId::kEventNotFound);
  EXPECT_EQ(prove(store_, 7, head + 1).status().id(), ErrorId::kTimeInFuture);
  EXPECT_EQ(prove_consistency(store_, 10, 9).status().id(), ErrorId::kArgumentRange);
  ASSERT_TRUE(store_.close().ok());
  EXPECT_EQ(prove(store_, 1).status().id(), ErrorId::kClosed);
}

TEST_F(Proofs, AreNotMadeOfAnAlteredEvent) {
  const internal::Database& database = *StoreAccess::state(store_).database;
  rocksdb::PinnableSlice row;
  ASSERT_TRUE(database.get(Table::kLog, log_key(8), row).value());
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(batch.Put(database.handle(Table::kLog), log_key(7), row).ok());
  ASSERT_TRUE(StoreAccess::state(store_).database->write(batch, false).ok());
  EXPECT_EQ(prove(store_, 7).status().id(), ErrorId::kEventAltered);
  EXPECT_EQ(prove(store_, 8).status().id(), ErrorId::kEventAltered) << "its path leads over the altered leaf";
  EXPECT_TRUE(prove(store_, 300).ok()) << "the tile's root is recorded";
}

TEST_F(Proofs, ShowOfflineThatALogBeginsWithAnEarlierOne) {
  const Root kept = store_.root().value();
  act_on(store_, 1024, 10);
  const Root later = store_.root().value();
  ASSERT_GT(later.size, kept.size);
  const ConsistencyProof proof = ConsistencyProof::parse(prove_consistency(store_, kept.size).value().to_json()).value();
  EXPECT_TRUE(check_proof(proof, kept, later).ok());
  Root other = kept;
  other.hash[0] ^= 1;
  EXPECT_EQ(check_proof(proof, other, later).id(), ErrorId::kProofInvalid);
  EXPECT_TRUE(check_proof(prove_consistency(store_, 0).value(), {0, Hasher().sha256({})}, later).ok());
}

}  // namespace
}  // namespace forge::testing_support
