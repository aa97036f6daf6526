#pragma once

// The envelope of an event: schemas/event.fbs as plain, borrowed data. What is decoded points into the bytes it came from.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "forge/events/id.h"
#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge {

using Seq = std::uint64_t;      // an event's place in the log: dense, from 1
using Version = std::uint64_t;  // of a record: dense, from 1

// The first 16 bytes of the SHA-256 over what a transaction was asked to do: its actions, their keys, versions and given arguments.
using InputDigest = std::array<std::uint8_t, 16>;

struct Envelope {
  Seq seq = 0;
  Time recorded_at;
  Uuid transaction;
  Version version = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t schema_version = 0;
  std::uint16_t resource = 0;  // 0: an event that changes nothing
  std::uint16_t action = 0;
  std::uint16_t place = 0;  // in the transaction, from 0
  std::uint16_t count = 1;  // events in the transaction

  std::string_view key;  // encoded
  std::string_view actor;
  std::string_view idempotency_key;
  std::optional<Time> occurred_at;
  std::string_view correlation;  // empty: the transaction's id
  std::optional<Seq> causation;
  std::optional<std::uint8_t> hops_left;
  std::optional<Seq> undoes;   // the event that this one takes back
  bool has_arguments = false;  // false: the arguments are to be read from `changes`
  std::span<const std::uint8_t> arguments;
  std::span<const std::uint8_t> changes;
  std::span<const std::uint16_t> cleared;
  std::vector<std::string_view> tags;
  std::optional<Time> raw_clock;
  std::vector<std::pair<std::string_view, std::string_view>> metadata;
  std::optional<InputDigest> input_digest;  // on the first event of a transaction with an idempotency key
};

// Encodes envelopes one after another, reusing its memory. Not safe for concurrent use.
class EnvelopeWriter {
 public:
  EnvelopeWriter();
  ~EnvelopeWriter();
  EnvelopeWriter(EnvelopeWriter&&) noexcept;
  EnvelopeWriter& operator=(EnvelopeWriter&&) noexcept;

  // The bytes live until the next call.
  std::span<const std::uint8_t> write(const Envelope& envelope);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Verifies and reads one event; `bytes` start at an address divisible by 8. The nested tables are not looked into: verify_table
// them against the event's schema version. Errors: kDataCorrupt.
Result<Envelope> read_envelope(std::span<const std::uint8_t> bytes);

}  // namespace forge
