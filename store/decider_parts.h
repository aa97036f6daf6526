#pragma once

// What the decider works on. Its own sources alone include this.

#include <algorithm>
#include <array>
#include <cstring>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decider.h"
#include "forge/events/event.h"
#include "record_name.h"
#include "undo_plan.h"

namespace forge::internal {

// Reused from transaction to transaction.
struct Decider::Staging {
  void reset(PreparedTransaction& of, Group& into) {
    transaction = &of;
    group = &into;
    raw_clock.reset();
    restart();
  }
  // Forgets what was staged; what was opened stays.
  void restart() {
    next_seq -= leaves.size();
    leaves.clear();
    unique.clear();
    events.clear();
    is_followed = false;
    receipt = {};
    memory.release();
  }
  // A copy that lives as long as the transaction.
  std::string_view keep(std::string_view bytes) {
    char* const copy = static_cast<char*>(memory.allocate(bytes.size(), 1));
    if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
  }

  PreparedTransaction* transaction = nullptr;
  Group* group = nullptr;
  Uuid id;
  Time now;  // the transaction's time: its recorded_at
  std::optional<Time> raw_clock;
  Seq next_seq = 0;
  std::size_t size_before = 0;  // of the batch
  std::vector<Hash> leaves;
  bool is_followed = false;          // a follow-up sees the events
  std::vector<Event> events;         // for it
  std::vector<UniqueChange> unique;  // in order
  TransactionReceipt receipt;
  std::array<std::byte, 4096> first_memory;
  std::pmr::monotonic_buffer_resource memory{first_memory.data(), first_memory.size()};

  std::uint16_t place() const { return static_cast<std::uint16_t>(leaves.size()); }
  RuleInput input(std::span<const Cell> record, std::span<const Cell> arguments) const {
    const Actor& actor = transaction->options().actor;
    return {.record = record, .arguments = arguments, .actor_id = actor.id, .actor_role = actor.role, .now = now};
  }
};

struct Decider::Subject {
  const Resource* resource = nullptr;
  std::string key;          // encoded
  std::string current_key;  // in the table `current`
  bool lives = false;
  CurrentEntry before;
  AlignedBytes bytes;
  Row before_row;  // as stored: absent where not set
  Row seen;        // the same with defaults and the key, for rules; empty when there is no record
  Row arguments;   // with defaults
  Row after;       // as it will be stored
  Row after_seen;  // with defaults and the key
  Row changes;
  std::vector<std::uint16_t> cleared;

  std::string name() const { return name_of_record(*resource, key); }
};

}  // namespace forge::internal
