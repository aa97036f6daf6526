// verify() against a store that is altered behind its back, row by row.

#include "forge/store/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "forge/events/key.h"
#include "forge/projections/record_entry.h"
#include "idempotency.h"
#include "log_reader.h"
#include "log_tree.h"
#include "store/sample_store.h"
#include "store_state.h"
#include "watermark.h"

namespace forge::testing_support {
namespace {

using internal::Database;

// An open copy of the sample whose rows a test rewrites under it.
class Verify : public ::testing::Test {
 protected:
  Database& database() { return *StoreAccess::state(store_).database; }

  std::string get(Table table, const std::string& key) {
    rocksdb::PinnableSlice value;
    EXPECT_TRUE(database().get(table, key, value).value());
    return value.ToString();
  }
  void put(Table table, const std::string& key, const std::string& value) {
    rocksdb::WriteBatch batch;
    ASSERT_TRUE(batch.Put(database().handle(table), key, value).ok());
    ASSERT_TRUE(database().write(batch, false).ok());
  }
  void erase(Table table, const std::string& key) {
    rocksdb::WriteBatch batch;
    ASSERT_TRUE(batch.Delete(database().handle(table), key).ok());
    ASSERT_TRUE(database().write(batch, false).ok());
  }
  std::string current_key(const std::string& order) {
    const Resource& resource = *store_.domain()->find_resource("Order");
    std::string out;
    append_current_key(resource.number, encode_key(resource, order).value(), out);
    return out;
  }
  std::string version_key(const std::string& order, Seq seq) {
    std::string out = current_key(order);
    append_u64(out, ~seq);
    return out;
  }
  std::string unique_key(const std::string& email) {
    const Resource& resource = *store_.domain()->find_resource("Order");
    Row row(resource.record.fields.size());
    row[resource.record.find("email")->id] = Cell::of(std::string_view(email));
    std::string out;
    EXPECT_TRUE(append_unique_key(resource, resource.unique.front(), row, out).value());
    return out;
  }
  // Rewrites the event as `change` says; what its row was is returned.
  std::string rewrite_event(Seq seq, const std::function<void(Envelope&)>& change) {
    std::string row = get(Table::kLog, log_key(seq));
    internal::AlignedBytes bytes;
    Envelope envelope = internal::decode_event(seq, row, bytes).value();
    change(envelope);
    EnvelopeWriter writer;
    const std::span<const std::uint8_t> altered = writer.write(envelope);
    put(Table::kLog, log_key(seq), {reinterpret_cast<const char*>(altered.data()), altered.size()});
    return row;
  }
  // Writes a record of other values: the order with another quantity.
  std::string with_quantity(std::span<const std::uint8_t> record, std::int64_t quantity) {
    const TableType& table = store_.domain()->find_resource("Order")->record;
    internal::AlignedBytes bytes;
    Row row;
    read_row(table, bytes.assign(record), row);
    row[table.find("qty")->id] = Cell::of(quantity);
    TableWriter writer;
    const std::span<const std::uint8_t> out = writer.write(table, row);
    return {reinterpret_cast<const char*>(out.data()), out.size()};
  }

  // The findings of one check; every other one must be sound, unless `others` allows more.
  std::vector<Status> findings(const std::string& name, const VerifyOptions& options = {.files = false}) {
    const VerifyReport report = verify(store_, options).value();
    std::vector<Status> out;
    for (const VerifyCheck& check : report.checks) {
      if (check.name == name) out = check.findings;
      if (check.name != name && check.name != also_) {
        EXPECT_TRUE(check.findings.empty()) << check.name << ": " << check.findings.front().message();
      }
    }
    return out;
  }
  void expect_one(const std::string& name, ErrorId id, const std::string& what, const std::string& why) {
    const std::vector<Status> found = findings(name);
    ASSERT_FALSE(found.empty()) << "nothing was found by the check of the " << name;
    EXPECT_EQ(found.front().id(), id) << found.front().message();
    EXPECT_EQ(found.front().text().what, what);
    EXPECT_EQ(found.front().text().why, why);
    for (std::size_t i = 1; i < found.size(); ++i) ADD_FAILURE() << "found, too: " << found[i].message();
  }
  std::string hex(const Hash& hash) { return to_hex(std::span(hash).first(4)) + "…"; }

  SampleDirectory directory_{SampleDirectory::State::kClosed};
  Store store_ = Store::open(directory_.path()).value();
  std::string also_;  // a check that may find something, too
};

TEST_F(Verify, FindsNothingInASoundStoreAndCountsWhatItLookedAt) {
  Seq last_progress = 0;
  const auto progress = [&](Seq done, Seq total) {
    last_progress = done;
    EXPECT_EQ(total, store_.head());
  };
  const VerifyReport report = verify(store_, {.expected = store_.root().value(), .progress = progress}).value();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.root.size, store_.head());
  EXPECT_EQ(report.root.hash, store_.root()->hash);
  EXPECT_EQ(last_progress, store_.head());
  std::vector<std::string> names;
  for (const VerifyCheck& check : report.checks) {
    names.push_back(check.name);
    EXPECT_GT(check.count, 0u) << check.name;
    for (const Status& finding : check.findings) ADD_FAILURE() << finding.message();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"files", "tree", "state", "head"}));
  ASSERT_GT(store_.head(), 600u) << "the sample should have two whole tiles and a part of one";
}

TEST_F(Verify, LeavesOutWhatIsSwitchedOff) {
  const VerifyReport report = verify(store_, {.files = false, .state = false}).value();
  ASSERT_EQ(report.checks.size(), 2u);
  EXPECT_EQ(report.checks[0].name, "tree");
  EXPECT_EQ(report.checks[1].name, "head");
}

TEST_F(Verify, FindsNothingInAnEmptyStore) {
  const Store empty = Store::open(":memory:").value();
  const VerifyReport report = verify(empty).value();
  for (const VerifyCheck& check : report.checks) {
    for (const Status& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding.message();
  }
  EXPECT_EQ(report.root.size, 0u);
  EXPECT_EQ(report.root.hash, empty.root()->hash);
}

TEST_F(Verify, SaysThatAClosedStoreCannotBeChecked) {
  ASSERT_TRUE(store_.close().ok());
  EXPECT_EQ(verify(store_).status().id(), ErrorId::kClosed);
}

// --- the log and its tree ------------------------------------------------------------------------------------------------------

TEST_F(Verify, NamesTheFirstAlteredEventWithBothLeaves) {
  const Hash recorded = store_.view().leaf(7).value();
  rewrite_event(9, [](Envelope& envelope) { envelope.actor = "somebody"; });
  rewrite_event(7, [](Envelope& envelope) { envelope.actor = "somebody"; });
  const Hash computed = store_.view().leaf(7).value();
  also_ = "state";
  const std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id(), ErrorId::kEventAltered);
  EXPECT_EQ(found[0].text().what, "event 7 was altered: leaf recorded " + hex(recorded) + ", computed " + hex(computed));
  EXPECT_EQ(found[0].text().why, "events 1–6 are intact");
  EXPECT_TRUE(found[1].text().what.starts_with("event 9 was altered")) << found[1].message();
}

TEST_F(Verify, ComputesLeavesOnlyFromWhereItIsTold) {
  rewrite_event(7, [](Envelope& envelope) { envelope.actor = "somebody"; });
  also_ = "state";
  EXPECT_EQ(findings("tree", {.from = 7, .files = false}).size(), 1u);
  EXPECT_EQ(findings("tree", {.from = internal::kTileLeaves, .files = false}).size(), 1u) << "the tile of that event is whole";
  EXPECT_EQ(findings("tree", {.from = internal::kTileLeaves + 1, .files = false}).size(), 0u);
}

TEST_F(Verify, FindsAnEventThatNoLongerDecodes) {
  std::string row = get(Table::kLog, log_key(300));
  row[4] = 'X';  // the identifier
  put(Table::kLog, log_key(300), row);
  const std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), ErrorId::kEventAltered);
  EXPECT_NE(found[0].text().why.find("events 1–299 are intact"), std::string::npos) << found[0].message();
}

TEST_F(Verify, FindsSwappedEventsAlsoWhereTheirSeqsWereMended) {
  const std::string third = get(Table::kLog, log_key(3)), fourth = get(Table::kLog, log_key(4));
  put(Table::kLog, log_key(3), fourth);
  put(Table::kLog, log_key(4), third);
  also_ = "state";
  std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NE(found[0].message().find("event 3 was altered"), std::string::npos) << found[0].message();
  EXPECT_NE(found[0].text().why.find("it says 4"), std::string::npos) << found[0].message();

  put(Table::kLog, log_key(3), third);
  put(Table::kLog, log_key(4), fourth);
  EXPECT_TRUE(findings("tree").empty());
  internal::AlignedBytes bytes_of_third, bytes_of_fourth;
  Envelope swapped_third = internal::decode_event(4, fourth, bytes_of_fourth).value();
  Envelope swapped_fourth = internal::decode_event(3, third, bytes_of_third).value();
  swapped_third.seq = 3;
  swapped_fourth.seq = 4;
  for (const Envelope& envelope : {swapped_third, swapped_fourth}) {
    EnvelopeWriter writer;
    const std::span<const std::uint8_t> row = writer.write(envelope);
    put(Table::kLog, log_key(envelope.seq), {reinterpret_cast<const char*>(row.data()), row.size()});
  }
  found = findings("tree");
  ASSERT_GE(found.size(), 2u);
  EXPECT_NE(found[0].message().find("event 3 was altered"), std::string::npos) << found[0].message();
  EXPECT_NE(found[0].text().why.find("does not follow event 2"), std::string::npos) << found[0].message();
}

TEST_F(Verify, FindsDeletedEvents) {
  for (const Seq seq : {20u, 21u, 22u}) erase(Table::kLog, log_key(seq));
  also_ = "state";
  const std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), ErrorId::kDataTruncated);
  EXPECT_EQ(found[0].text().what, "events 20–22 are missing from the log");
  EXPECT_EQ(found[0].text().why, "events 1–19 are intact");
  also_ = "tree";
  const std::vector<Status> state = findings("state");
  ASSERT_FALSE(state.empty());
  EXPECT_EQ(state.front().id(), ErrorId::kStateDiffers);
}

TEST_F(Verify, FindsATruncatedLog) {
  const Seq head = store_.head();
  for (Seq seq = head - 2; seq <= head; ++seq) erase(Table::kLog, log_key(seq));
  also_ = "state";
  const std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text().what, "events " + std::to_string(head - 2) + "–" + std::to_string(head) + " are missing from the log");
}

TEST_F(Verify, FindsRowsThatAreNoEvents) {
  put(Table::kLog, log_key(0), "x");
  put(Table::kLog, "abc", "x");
  const std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].text().what, "the log holds a row that is no event");
  EXPECT_EQ(found[0].text().why, "its key is 0000000000000000");
  EXPECT_EQ(found[1].text().why, "its key is 616263");
}

TEST_F(Verify, FindsEventsThatLeaveTheirTransaction) {
  const Seq head = store_.head();  // behind the last tile: no leaf is recorded for it
  rewrite_event(head, [](Envelope& envelope) { envelope.count = 3; });
  also_ = "head";
  expect_one("tree", ErrorId::kDataCorrupt, "event " + std::to_string(head) + " is not sound",
             "its transaction has 3 events, the log ends before; events 1–" + std::to_string(head - 1) + " are intact");
}

TEST_F(Verify, KnowsFromTheWatermarkThatAnEventBehindTheLastTileWasAltered) {
  rewrite_event(store_.head(), [](Envelope& envelope) { envelope.actor = "somebody"; });
  also_ = "state";
  const std::vector<Status> found = findings("head");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), ErrorId::kEventAltered);
  EXPECT_NE(found[0].text().why.find("the watermark says"), std::string::npos) << found[0].message();
  EXPECT_NE(found[0].text().why.find("events 1–512 have leaves recorded beside them"), std::string::npos) << found[0].message();
  also_ = "head";
  expect_one("state", ErrorId::kStateDiffers, "Order o-128 version 120 differs from event " + std::to_string(store_.head()),
             "the actor is \"\", the log gives \"somebody\"");
}

TEST_F(Verify, ComparesWithARootKeptElsewhere) {
  const Root kept = store_.root().value();
  EXPECT_TRUE(findings("head", {.files = false, .expected = kept}).empty());
  Root other = kept;
  other.hash[0] ^= 1;
  EXPECT_EQ(findings("head", {.files = false, .expected = other}).at(0).id(), ErrorId::kEventAltered);
  EXPECT_EQ(findings("head", {.files = false, .expected = Root{kept.size + 1, kept.hash}}).at(0).id(), ErrorId::kDataTruncated);
  act_on(store_, 1024, 4);
  EXPECT_TRUE(findings("head", {.files = false, .expected = kept}).empty()) << "the log only grew";
  // Inside a tile whose leaves need not be computed otherwise.
  const Root inside{300, internal::tree_root(database(), 300).value()};
  EXPECT_TRUE(findings("head", {.from = 600, .files = false, .expected = inside}).empty());
  Root forged = inside;
  forged.hash[0] ^= 1;
  EXPECT_EQ(findings("head", {.from = 600, .files = false, .expected = forged}).at(0).id(), ErrorId::kEventAltered);
}

TEST_F(Verify, NamesADamagedMarkOfATile) {
  std::string key(1, 'L');
  append_u64(key, 1);
  std::string marks = get(Table::kTree, key);
  marks[5] = static_cast<char>(marks[5] ^ 1);
  put(Table::kTree, key, marks);
  expect_one("tree", ErrorId::kDataCorrupt, "tile 1 of the tree is damaged",
             "its marks differ from its events, which its root agrees with");
}

TEST_F(Verify, NamesADamagedRootAndEdgeOfATile) {
  std::string key(1, 'N');
  append_u64(key, 1);
  const std::string sound = get(Table::kTree, key);
  std::string altered = sound;
  altered[0] = static_cast<char>(altered[0] ^ 1);
  put(Table::kTree, key, altered);
  std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text().what, "tile 1 of the tree is damaged");

  altered = sound;
  altered.back() = static_cast<char>(altered.back() ^ 1);
  put(Table::kTree, key, altered);
  found = findings("tree");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].text().why.find("right edge after event 512"), std::string::npos) << found[0].message();

  erase(Table::kTree, key);
  found = findings("tree");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text().why, "it is missing");
}

// The marks only name events; it is the root that proves them.
TEST_F(Verify, IsNotMisledByAMarkThatWasRewrittenWithItsEvent) {
  rewrite_event(7, [](Envelope& envelope) { envelope.actor = "somebody"; });
  std::string key(1, 'L');
  append_u64(key, 0);
  std::string marks = get(Table::kTree, key);
  const internal::LeafMark mark = internal::mark_of(store_.view().leaf(7).value());
  std::copy(mark.begin(), mark.end(), marks.begin() + 6 * static_cast<std::ptrdiff_t>(mark.size()));
  put(Table::kTree, key, marks);
  also_ = "state";
  const VerifyReport report = verify(store_, {.files = false}).value();
  ASSERT_FALSE(report.checks[0].findings.empty());
  EXPECT_EQ(report.checks[0].findings[0].text().what, "tile 0 of the tree is damaged");
  EXPECT_NE(report.checks[0].findings[0].text().why.find(", its events give "), std::string::npos);
}

// An attacker who rewrites an event and its whole tile is caught by the next tile's edge, and by the watermark.
TEST_F(Verify, IsNotMisledByATileThatWasRewrittenWithItsEvent) {
  rewrite_event(7, [](Envelope& envelope) { envelope.actor = "somebody"; });
  internal::LogTree tree(&database());
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(tree.restore(0).ok());
  for (Seq seq = 1; seq <= internal::kTileLeaves; ++seq) tree.append(store_.view().leaf(seq).value(), batch);
  ASSERT_TRUE(database().write(batch, false).ok());
  also_ = "state";
  const VerifyReport report = verify(store_, {.files = false}).value();
  ASSERT_EQ(report.checks[0].findings.size(), 1u);
  EXPECT_NE(report.checks[0].findings[0].text().why.find("right edge after event 512"), std::string::npos);
  ASSERT_EQ(report.checks[2].findings.size(), 1u);
  EXPECT_EQ(report.checks[2].findings[0].id(), ErrorId::kEventAltered);
}

TEST_F(Verify, KeepsTheFirstTenFindings) {
  for (Seq seq = 5; seq < 40; ++seq) rewrite_event(seq, [](Envelope& envelope) { envelope.actor = "somebody"; });
  also_ = "state";
  const std::vector<Status> found = findings("tree");
  ASSERT_EQ(found.size(), 10u);
  EXPECT_TRUE(found.front().text().what.starts_with("event 5 was altered"));
}

// --- the state -----------------------------------------------------------------------------------------------------------------

TEST_F(Verify, FindsAnAlteredCurrentRow) {
  const std::string row = get(Table::kCurrent, current_key("o-2"));
  CurrentEntry entry = read_current_entry(row).value();
  const std::string record = with_quantity(entry.record, 77);
  entry.record = {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()};
  std::string altered;
  append_entry(entry, altered);
  put(Table::kCurrent, current_key("o-2"), altered);
  expect_one("state", ErrorId::kStateDiffers, "Order o-2 differs from its newest version", "qty is 77, the log gives 2");
}

TEST_F(Verify, FindsAnAlteredHeaderOfACurrentRow) {
  CurrentEntry entry = read_current_entry(get(Table::kCurrent, current_key("o-2"))).value();
  const std::string row = get(Table::kCurrent, current_key("o-2"));
  entry = read_current_entry(row).value();
  entry.version += 1;
  std::string altered;
  append_entry(entry, altered);
  put(Table::kCurrent, current_key("o-2"), altered);
  expect_one("state", ErrorId::kStateDiffers, "Order o-2 differs from its newest version", "the version is 2, the log gives 1");
}

TEST_F(Verify, FindsMissingAndExtraCurrentRows) {
  const std::string row = get(Table::kCurrent, current_key("o-2"));
  erase(Table::kCurrent, current_key("o-2"));
  expect_one("state", ErrorId::kStateDiffers, "Order o-2 has versions and no state", "its row is missing");

  put(Table::kCurrent, current_key("o-2"), row);
  put(Table::kCurrent, current_key("zz-forged"), row);
  expect_one("state", ErrorId::kStateDiffers, "Order zz-forged has a state and no versions", "no event made it");
}

TEST_F(Verify, FindsAnAlteredVersion) {
  std::vector<VersionRow> history = store_.view().history("Order", "o-1").value();
  ASSERT_GE(history.size(), 2u);
  const std::string key = version_key("o-1", history[0].seq);
  const std::string row = get(Table::kVersions, key);
  VersionEntry entry = read_version_entry(row).value();
  const std::string record = with_quantity(entry.record, 77);
  entry.record = {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()};
  std::string altered;
  append_entry(entry, altered);
  put(Table::kVersions, key, altered);
  expect_one("state", ErrorId::kStateDiffers, "Order o-1 version 1 differs from event " + std::to_string(history[0].seq),
             "qty is 77, the log gives 1");

  entry = read_version_entry(row).value();
  entry.actor = "nobody";
  altered.clear();
  append_entry(entry, altered);
  put(Table::kVersions, key, altered);
  expect_one("state", ErrorId::kStateDiffers, "Order o-1 version 1 differs from event " + std::to_string(history[0].seq),
             "the actor is \"nobody\", the log gives \"desk\"");
}

TEST_F(Verify, FindsAnAlteredDelta) {
  const std::vector<VersionRow> history = store_.view().history("Order", "o-0").value();
  std::string key, row;
  for (const VersionRow& version : history) {
    key = version_key("o-0", version.seq);
    row = get(Table::kVersions, key);
    if (read_version_entry(row)->kind == EntryKind::kDelta && version.version > 20) break;
  }
  VersionEntry entry = read_version_entry(row).value();
  ASSERT_EQ(entry.kind, EntryKind::kDelta);
  const std::string record = with_quantity(entry.record, 77'777);
  entry.record = {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()};
  std::string altered;
  append_entry(entry, altered);
  put(Table::kVersions, key, altered);
  const std::vector<Status> found = findings("state");
  ASSERT_EQ(found.size(), 1u) << "later versions of the record rest on it and are not reported again";
  EXPECT_NE(found[0].text().why.find("qty is 77777"), std::string::npos) << found[0].message();
}

TEST_F(Verify, FindsMissingAndExtraVersions) {
  const std::vector<VersionRow> history = store_.view().history("Order", "o-2").value();
  const std::string key = version_key("o-2", history[0].seq);
  const std::string row = get(Table::kVersions, key);
  put(Table::kVersions, version_key("aa-forged", history[0].seq), row);
  std::vector<Status> found = findings("state");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].text().what, "Order aa-forged has versions and no state");
  EXPECT_EQ(found[1].text().what, "Order aa-forged has a version that no event made");

  erase(Table::kVersions, version_key("aa-forged", history[0].seq));
  erase(Table::kVersions, key);
  expect_one("state", ErrorId::kStateDiffers, "Order o-2 lacks version 1", "event " + std::to_string(history[0].seq) + " made it");
}

TEST_F(Verify, FindsAVersionFromTheFuture) {
  const std::vector<VersionRow> history = store_.view().history("Order", "o-2").value();
  put(Table::kVersions, version_key("o-2", store_.head() + 5), get(Table::kVersions, version_key("o-2", history[0].seq)));
  const std::vector<Status> found = findings("state");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NE(found[0].text().why.find("the seq is"), std::string::npos) << found[0].message();
  EXPECT_EQ(found[1].text().what, "Order o-2 has a version that no event made");
}

TEST_F(Verify, FindsUniqueEntriesThatAreMissingForeignOrExtra) {
  const std::string key = unique_key("o-2@example.org");
  const std::string owner = get(Table::kUnique, key);
  erase(Table::kUnique, key);
  expect_one("state", ErrorId::kStateDiffers, "Order.email of Order o-2 has no unique entry",
             "another record could take the value");

  put(Table::kUnique, key, encode_key(*store_.domain()->find_resource("Order"), "o-4").value());
  expect_one("state", ErrorId::kStateDiffers, "Order.email of Order o-2 belongs to another record",
             "its unique entry names Order o-4");

  put(Table::kUnique, key, owner);
  put(Table::kUnique, unique_key("nobody@example.org"), owner);
  expect_one("state", ErrorId::kStateDiffers, "a unique entry of Order.email names a record without that value", "Order o-2");

  erase(Table::kUnique, unique_key("nobody@example.org"));
  put(Table::kUnique, std::string("\x7f\x7f\x01x\0", 5), owner);
  expect_one("state", ErrorId::kStateDiffers, "a unique entry belongs to no constraint", "its number is 32639");
}

TEST_F(Verify, FindsIdempotencyRecordsThatAreMissingAlteredOrExtra) {
  const std::string row = get(Table::kIdempotency, "key-3");
  const internal::IdempotencyRecord sound = internal::read_idempotency_record(row).value();
  const std::string events =
      sound.first == sound.last ? std::to_string(sound.first) : std::to_string(sound.first) + "–" + std::to_string(sound.last);
  erase(Table::kIdempotency, "key-3");
  expect_one("state", ErrorId::kStateDiffers, "the idempotency record 'key-3' is missing", "it was given with event " + events);

  internal::IdempotencyRecord altered = sound;
  altered.first += 1;
  altered.last += 1;
  put(Table::kIdempotency, "key-3", encode(altered));
  std::vector<Status> found = findings("state");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text().what, "the idempotency record 'key-3' differs");

  put(Table::kIdempotency, "key-3", row);
  put(Table::kIdempotency, "forged", row);
  expect_one("state", ErrorId::kStateDiffers, "the idempotency record 'forged' belongs to no transaction",
             "event " + std::to_string(sound.first) + " has another key");
}

TEST_F(Verify, FindsAnEventThatLacksTheDigestOfItsInput) {
  const Seq first = internal::read_idempotency_record(get(Table::kIdempotency, "key-3")).value().first;
  rewrite_event(first, [](Envelope& envelope) { envelope.input_digest.reset(); });
  also_ = "tree";
  expect_one("state", ErrorId::kStateDiffers, "event " + std::to_string(first) + " lacks the digest of its transaction's input",
             "it carries the idempotency key 'key-3'");
}

TEST_F(Verify, FindsASchemaThatCanNoLongerBeRead) {
  const Resource& resource = *Domain::system()->find_resource("_schema");
  std::string key;
  append_current_key(resource.number, encode_key(resource, "2").value(), key);
  const std::string row = get(Table::kCurrent, key);
  CurrentEntry entry = read_current_entry(row).value();
  TableWriter writer;
  entry.record = writer.write(resource.record, Row(resource.record.fields.size()));
  std::string altered;
  append_entry(entry, altered);
  put(Table::kCurrent, key, altered);
  const std::vector<Status> found = findings("state");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].text().what, "_schema 2 differs from its newest version");
  EXPECT_EQ(found[1].text().what, "schema version 2 in the store cannot be read");
}

// --- the files -----------------------------------------------------------------------------------------------------------------

TEST_F(Verify, FindsADamagedAndAForeignWatermark) {
  const std::string path = directory_.path() + "/WATERMARK";
  ASSERT_TRUE(store_.close().ok());
  store_ = Store::open(directory_.path(), {.read_only = true}).value();
  internal::StoreFiles files(rocksdb::FileSystem::Default(), {directory_.path()});
  const std::string sound = files.read(path).value();
  internal::Watermark watermark = *internal::WatermarkFile::read(files)->newest;
  std::string damaged = sound;
  for (const std::size_t at : {30u, 4096u + 30u}) damaged[at] = static_cast<char>(damaged[at] ^ 1);
  ASSERT_TRUE(files.replace(path, damaged).ok());
  std::vector<Status> found = findings("files", {});
  ASSERT_GE(found.size(), 1u);
  EXPECT_EQ(found[0].id(), ErrorId::kDataCorrupt);
  EXPECT_EQ(found[0].text().place, path);

  ASSERT_TRUE(files.replace(path, sound).ok());
  watermark.store.bytes[3] ^= 1;
  ASSERT_TRUE(internal::WatermarkFile::open(files).value()->write(watermark, true).ok());
  found = findings("files", {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), ErrorId::kStoreForeignFile) << found[0].message();
}

TEST_F(Verify, FindsAWatermarkAheadOfTheLog) {
  internal::StoreFiles files(rocksdb::FileSystem::Default(), {directory_.path()});
  internal::Watermark watermark = *internal::WatermarkFile::read(files)->newest;
  watermark.seq += 10;
  ASSERT_TRUE(internal::WatermarkFile::open(files).value()->write(watermark, true).ok());
  also_ = "files";
  const std::vector<Status> found = findings("head", {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), ErrorId::kDataTruncated);
  also_ = "head";
  EXPECT_EQ(findings("files", {}).size(), 1u) << "the store would not open again";
}

TEST_F(Verify, FindsTheDraftOfAnInterruptedCreation) {
  const std::string draft = directory_.path() + "/FORGE.new";
  std::filesystem::copy_file(directory_.path() + "/FORGE", draft);
  const std::vector<Status> found = findings("files", {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), ErrorId::kRemainsOfStore);
  EXPECT_EQ(found[0].text().place, draft);
}

TEST_F(Verify, RaisesNoFalseAlarmBesideWriters) {
  const Store reader = Store::open(directory_.path(), {.read_only = true}).value();
  std::atomic<bool> done{false};
  std::thread writer([&] {
    // Files come and go, too.
    for (int first = 4096; first < 4096 + 256; first += 16) {
      act_on(store_, first, 16);
      EXPECT_TRUE(database().flush().ok());
      EXPECT_TRUE(database().db().CompactRange({}, database().handle(Table::kVersions), nullptr, nullptr).ok());
    }
    done = true;
  });
  int rounds = 0;
  do {
    for (const Store* store : {const_cast<const Store*>(&store_), &reader}) {
      const VerifyReport report = verify(*store).value();
      for (const VerifyCheck& check : report.checks) {
        for (const Status& finding : check.findings) ADD_FAILURE() << check.name << ": " << finding.message();
      }
    }
    ++rounds;
  } while (!done && rounds < 20 && !HasFailure());
  writer.join();
}

TEST_F(Verify, HoldsAStoreThatWasOpenedForReadingAgainstWhatWasKnownThen) {
  act_on(store_, 4096, 3);
  const Store reader = Store::open(directory_.path(), {.read_only = true}).value();
  act_on(store_, 8192, 16);
  const VerifyReport report = verify(reader).value();
  ASSERT_EQ(report.checks.back().name, "head");
  EXPECT_EQ(report.checks.back().count, reader.head());
  EXPECT_TRUE(report.ok());
}

// What is stored is what the events give, also where an equal value is written another way.
TEST_F(Verify, AgreesWithACommitThatSetsAnEqualValueOfAnotherForm) {
  store_.act("Order.place", {{"id", "zero"}, {"rate", 0.0}}).value();
  store_.act("Order.change", {{"id", "zero"}, {"rate", -0.0}}).value();
  EXPECT_TRUE(findings("state").empty());
  const std::string row = get(Table::kCurrent, current_key("zero"));
  const CurrentEntry entry = read_current_entry(row).value();
  const TableType& table = store_.domain()->find_resource("Order")->record;
  internal::AlignedBytes bytes;
  Row cells;
  read_row(table, bytes.assign(entry.record), cells);
  EXPECT_FALSE(std::signbit(cells[table.find("rate")->id].number)) << "the event changes nothing, so the record must not either";
}

}  // namespace
}  // namespace forge::testing_support
