#pragma once

// The projection that audits ask: which events an actor made, which belong to a correlation, which an action made, which changed a
// field. For each of these values the seqs stand in blocks of 256, so that a row holds many (store/FORMAT.md, "The audit index").

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/status.h"
#include "forge/projections/projection.h"

namespace forge {

inline constexpr std::string_view kAuditIndex = "audit";
inline constexpr Seq kAuditBlock = 256;

// Following; a fold over envelopes.
Projection audit_index();

// What the rows of a value begin with; the block's number u64 follows.
std::string audit_actor_prefix(std::string_view actor);
// A correlation as people write it: the transaction's id where the event names none.
std::string audit_correlation_prefix(std::string_view correlation);
std::string audit_action_prefix(std::uint16_t action);
std::string audit_field_prefix(std::uint16_t resource, std::uint16_t field);

// The block of a seq, and the block of a row's key.
constexpr std::uint64_t audit_block_of(Seq seq) {
  return seq / kAuditBlock;
}
std::uint64_t audit_block_of_key(std::string_view key);
// Adds a seq of the block, above all that are in it.
void add_to_audit_block(std::string& row, Seq seq);
// The seqs that a row holds, in order. Errors: kDataCorrupt.
Status read_audit_block(std::uint64_t block, std::string_view row, std::vector<Seq>& seqs);

// The ids of the fields that the event set or cleared, in no order. Errors: kDataCorrupt.
Status changed_fields(const Envelope& envelope, const Domain& domain, std::vector<std::uint16_t>& fields);

}  // namespace forge
