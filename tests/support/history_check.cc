#include "support/history_check.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace forge {
namespace {

struct Committed {
  Seq first = 0, last = 0;
  Uuid transaction;
  Time recorded_at;
  std::vector<Event> events;
};

std::map<std::string, Committed> transactions_of(const std::vector<Event>& events) {
  std::map<std::string, Committed> out;
  for (std::size_t i = 0; i < events.size(); i += events[i].count) {
    Committed committed{.first = events[i].seq, .transaction = events[i].transaction, .recorded_at = events[i].recorded_at};
    for (std::size_t place = 0; place < events[i].count; ++place) {
      EXPECT_LT(i + place, events.size()) << "the log ends within a transaction";
      if (i + place >= events.size()) return out;
      const Event& event = events[i + place];
      EXPECT_EQ(event.place, place) << "at event " << event.seq;
      EXPECT_EQ(event.count, events[i].count) << "at event " << event.seq;
      EXPECT_EQ(event.transaction, committed.transaction) << "at event " << event.seq;
      EXPECT_EQ(event.recorded_at, committed.recorded_at) << "at event " << event.seq;
      committed.last = event.seq;
      committed.events.push_back(event);
    }
    if (i > 0) {
      EXPECT_GT(committed.recorded_at, events[i - 1].recorded_at) << "at event " << committed.first;
    }
    EXPECT_TRUE(out.emplace(events[i].correlation, committed).second) << events[i].correlation << " is in the log twice";
  }
  return out;
}

void check_versions(const std::vector<Event>& events) {
  std::map<std::pair<std::string, std::string>, Version> last;
  for (const Event& event : events) {
    if (event.resource.empty()) continue;
    Version& version = last[{event.resource, event.key}];
    if (version != 0) {
      EXPECT_EQ(event.version, version + 1) << event.resource << " " << event.key << " at event " << event.seq;
    }
    version = event.version;
  }
}

void expect_as_answered(const TransactionReceipt& receipt, const Committed& committed) {
  EXPECT_EQ(receipt.first_seq, committed.first);
  EXPECT_EQ(receipt.last_seq, committed.last);
  EXPECT_EQ(receipt.transaction, committed.transaction);
  EXPECT_EQ(receipt.recorded_at, committed.recorded_at);
  for (std::size_t i = 0; i < receipt.actions.size(); ++i) {
    EXPECT_EQ(receipt.actions[i].key, committed.events[i].key);
    EXPECT_EQ(receipt.actions[i].version, committed.events[i].version);
    EXPECT_EQ(receipt.actions[i].seq, committed.events[i].seq);
  }
}

}  // namespace

void check_history(const Store& store, Seq base, const std::vector<CallerHistory>& callers,
                   const std::vector<std::string>& others) {
  std::vector<Event> events;
  const Status read = store.view().log({.from = base + 1}, [&](const Event& event) {
    EXPECT_EQ(event.seq, base + 1 + events.size()) << "the log has a hole or a repeat";
    events.push_back(event);
    return true;
  });
  ASSERT_TRUE(read.ok()) << read.message();
  check_versions(events);
  std::map<std::string, Committed> committed = transactions_of(events);
  for (const CallerHistory& caller : callers) {
    Seq last = 0;
    for (const CallerHistory::Acknowledged& one : caller.acknowledged) {
      const auto found = committed.find(one.correlation);
      ASSERT_NE(found, committed.end()) << one.correlation << " was acknowledged and is lost";
      expect_as_answered(one.receipt, found->second);
      EXPECT_GT(one.receipt.first_seq, last) << one.correlation << " overtook its caller's earlier transaction";
      last = one.receipt.last_seq;
      committed.erase(found);
    }
    for (const std::string& refused : caller.refused) {
      EXPECT_FALSE(committed.contains(refused)) << refused << " was refused and is in the log";
    }
  }
  for (const std::string& other : others) EXPECT_EQ(committed.erase(other), 1u) << other << " is not in the log once";
  for (const auto& [correlation, unused] : committed) ADD_FAILURE() << correlation << " was never acknowledged and is in the log";
}

}  // namespace forge
