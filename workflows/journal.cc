#include "journal.h"

#include "buffer.h"
#include "datum.h"

namespace forge::internal {
namespace {

constexpr const char* kIdentifier = "FGWJ";

// The enums are one: their names stand in the same order.
static_assert(static_cast<int>(Fact::Kind::kWaive) == static_cast<int>(fb::FactKind::Waive));
static_assert(static_cast<int>(Fact::Kind::kItems) == static_cast<int>(fb::FactKind::Items));
static_assert(static_cast<int>(TimerKind::kRunDeadline) == static_cast<int>(fb::TimerKind::RunDeadline));

Status corrupt(std::string why) {
  return Status(ErrorId::kDataCorrupt, "an entry of a run's journal is damaged").why(std::move(why));
}

}  // namespace

std::vector<std::uint8_t> encode_fact(const Fact& fact) {
  fb::RunFactT model;
  model.kind = static_cast<fb::FactKind>(fact.kind);
  model.at = fact.at.micros;
  model.frame = fact.hop.frame;
  model.step = fact.hop.step;
  model.attempt = fact.attempt;
  if (!fact.value.is_null()) model.value = std::make_unique<fb::DatumT>(to_datum(fact.value));
  if (fact.error != RunError{}) {
    model.failure = std::make_unique<fb::FailureT>();
    model.failure->code = fact.error.code;
    model.failure->message = fact.error.message;
  }
  model.timer = static_cast<fb::TimerKind>(fact.timer);
  model.last = fact.last;
  model.run = fact.run;
  model.correlation = fact.correlation;
  model.hops = fact.hops;
  model.actor = fact.actor;
  model.reason = fact.reason;
  model.parent = fact.parent;
  model.deadline = fact.deadline_us;
  model.warnings = fact.warnings;
  model.undo_failed = fact.undo_failed;
  if (!fact.cursor.is_null()) model.cursor = std::make_unique<fb::DatumT>(to_datum(fact.cursor));
  model.pause = fact.pause_us;
  model.concurrency = fact.concurrency;
  return pack<fb::RunFact>(model, kIdentifier);
}

Result<Fact> decode_fact(std::span<const std::uint8_t> bytes) {
  fb::RunFactT model;
  if (!unpack<fb::RunFact>(bytes, kIdentifier, model)) return corrupt("its bytes are no fact");
  if (model.kind > fb::FactKind::MAX || model.timer > fb::TimerKind::MAX) return corrupt("its kind is unknown here");
  Fact fact;
  fact.kind = static_cast<Fact::Kind>(model.kind);
  fact.at = Time{model.at};
  fact.hop = {model.frame, model.step};
  fact.attempt = model.attempt;
  if (model.value != nullptr) {
    FORGE_ASSIGN(fact.value, to_value(*model.value));
  }
  if (model.failure != nullptr) fact.error = {model.failure->code, model.failure->message};
  fact.timer = static_cast<TimerKind>(model.timer);
  fact.last = model.last;
  fact.run = model.run;
  fact.correlation = model.correlation;
  fact.hops = model.hops;
  fact.actor = model.actor;
  fact.reason = model.reason;
  fact.parent = model.parent;
  fact.deadline_us = model.deadline;
  fact.warnings = model.warnings;
  fact.undo_failed = model.undo_failed;
  if (model.cursor != nullptr) {
    FORGE_ASSIGN(fact.cursor, to_value(*model.cursor));
  }
  fact.pause_us = model.pause;
  fact.concurrency = model.concurrency;
  return fact;
}

}  // namespace forge::internal
