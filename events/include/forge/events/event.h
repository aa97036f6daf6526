#pragma once

// An event with its numbers turned into names and its tables into values: what readers of the log see. Plain data.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/value.h"

namespace forge {

struct Event {
  Seq seq = 0;
  std::string type;      // "Order.placed"; "_transaction.empty" for an event that changes nothing
  std::string resource;  // empty for such an event, as are key, action, version and incarnation
  std::string key;
  Version version = 0;
  std::string action;
  Time recorded_at;
  std::optional<Time> occurred_at;
  std::string actor;
  Uuid transaction;
  std::uint16_t place = 0;
  std::uint16_t count = 1;
  std::string correlation;  // the transaction's id where none was given
  std::optional<Seq> causation;
  std::optional<Seq> undoes;  // the event that this one takes back
  std::string idempotency_key;
  std::optional<std::uint8_t> hops_left;
  std::uint32_t schema_version = 0;
  std::uint32_t incarnation = 0;
  std::vector<std::string> tags;
  Object arguments;
  Object changes;
  std::vector<std::string> cleared;  // names of fields set to null
  std::optional<Time> raw_clock;
  Object metadata;

  // The members in the order of the documented JSON shape; absent optional ones are left out.
  Object to_object() const;
  std::string to_json() const;
};

inline constexpr std::string_view kEmptyTransactionType = "_transaction.empty";

// Names and values by the event's own schema version. Errors: kDataCorrupt where a number is unknown or a table does not verify.
Result<Event> resolve_event(const Envelope& envelope, const Domain& domain);

// "Order.*", "*.placed", "Order.p?aced": `*` any run of characters, `?` one.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace forge
