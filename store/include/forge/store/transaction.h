#pragma once

// What callers ask of the store and what they get back. Plain data.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/envelope.h"
#include "forge/events/status.h"
#include "forge/events/value.h"
#include "forge/store/condition.h"

namespace forge {

// Who acts. Not verified by the store: the embedding program vouches for it.
struct Actor {
  std::string id;
  std::string role;

  Actor() = default;
  Actor(const char* name) : id(name) {}             // NOLINT(google-explicit-constructor)
  Actor(std::string name) : id(std::move(name)) {}  // NOLINT(google-explicit-constructor)
  Actor(std::string name, std::string of_role) : id(std::move(name)), role(std::move(of_role)) {}
};

// One action on one record. The parts of the key are arguments named like the resource's key fields; a create without a key of one
// text, where the schema sets that no limits, gets a UUIDv7.
struct ActionRequest {
  std::string action = {};  // "Order.place"
  Args args = {};
  std::optional<Version> if_version = {};  // refuse unless the record is at this version; 0: unless there is no such record
  // Instead of an action, without arguments: takes this event back (Store::undo), before the transaction's actions on that record.
  std::optional<Seq> undoes = {};
  bool undoes_transaction = false;  // and the other events of its transaction, the last first; without `if_version`
};

// How far whoever feeds the store has come, in words of its own: the caller's counterpart to a projection's checkpoint. Kept until
// it is removed, but not by copies of the store: it does not follow from the log.
struct NamedCheckpoint {
  std::string name;   // letters, digits and _ . : -, 200 at most
  std::string value;  // any bytes, at most 64 KiB
};

class TransactionSoFar;

// The next action of a transaction, or nothing: that was the last. Neither generic nor one that takes an event back. (follow_up.h)
using FollowUp = std::function<Result<std::optional<ActionRequest>>(const TransactionSoFar& so_far)>;

struct ActOptions {
  Actor actor = {};
  std::string key = {};                           // of Store::act: the record's, as text, where the arguments do not hold it
  std::optional<Version> if_version = {};         // of Store::act; in a transaction each action has its own
  std::optional<AppendCondition> condition = {};  // refuse where such an event has been written meanwhile
  // 1 to 256 bytes of UTF-8; kept as long as the log. The same input of the same actor gets the first answer again.
  std::string idempotency_key = {};
  std::optional<Time> occurred_at = {};
  std::string correlation = {};  // at most 128 bytes; empty: the transaction's id
  std::optional<Seq> causation = {};
  std::optional<std::uint8_t> hops_left = {};
  std::string reason = {};               // kept in the event's metadata under "reason"
  bool dry_run = false;                  // decide and answer as if, write nothing
  std::chrono::microseconds timeout{0};  // in the queue, by the store's clock; 0: as long as the actions' own timeouts, if any
  // Written with the transaction's events, or none of both; not where the transaction is replayed.
  std::optional<NamedCheckpoint> checkpoint = {};
  FollowUp follow_up = {};  // makes further actions, on what those that were asked for came to
};

struct ActionReceipt {
  std::string resource;
  std::string key;
  Version version = 0;
  Seq seq = 0;
  std::string type;  // the event's
};

struct TransactionReceipt {
  Uuid transaction;
  Time recorded_at;
  Seq first_seq = 0;
  Seq last_seq = 0;
  bool replayed = false;               // an earlier transaction with this idempotency key and input was answered again
  std::vector<ActionReceipt> actions;  // in order; empty for a transaction without actions
};

// The receipt of Store::act: one action's, with its transaction's.
struct Receipt : ActionReceipt {
  Uuid transaction;
  Time recorded_at;
  bool replayed = false;
};

}  // namespace forge
