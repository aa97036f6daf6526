#include "inline_folds.h"

#include <algorithm>

#include "log_fold.h"

namespace forge::internal {

InlineFold::InlineFold(const Database& database, const Overlay& in_flight, const Projection& projection, Checkpoint checkpoint)
    : projection_(projection),
      key_(checkpoint_key(projection.name)),
      checkpoint_(std::move(checkpoint)),
      staged_(checkpoint_),
      rows_([&database, &in_flight,
             space = space_key(checkpoint_.space)](std::string_view key) -> Result<std::optional<std::string>> {
        const std::string full_key = space + std::string(key);
        if (const Overlay::Entry* staged = in_flight.find(Table::kRows, full_key)) {
          return staged->value ? std::optional<std::string>(*staged->value) : std::nullopt;
        }
        return stored_row(database, full_key);
      }) {}

std::shared_ptr<InlineFold> InlineFolds::join(const Database& database, const Projection& projection,
                                              const Checkpoint& checkpoint) {
  auto fold = std::make_shared<InlineFold>(database, in_flight_, projection, checkpoint);
  fold->is_joined_ = true;
  folds_.push_back(fold);
  return fold;
}

void InlineFolds::leave(InlineFold& fold) {
  fold.is_joined_ = false;
  std::erase_if(folds_, [&](const std::shared_ptr<InlineFold>& one) { return one.get() == &fold; });
}

void InlineFolds::begin() {
  for (const std::shared_ptr<InlineFold>& one : folds_) {
    one->rows_.clear();
    one->staged_ = one->checkpoint_;
    one->is_lost_ = false;
  }
}

void InlineFolds::fold(const Envelope& envelope, const Domain& domain) {
  for (const std::shared_ptr<InlineFold>& one : folds_) fold(*one, envelope, domain);
}

void InlineFolds::fold(InlineFold& one, const Envelope& envelope, const Domain& domain) {
  if (one.is_lost_ || one.staged_.failure) return;
  const Status folded = fold_event(one.projection_, envelope, domain, one.rows_);
  if (folded.ok()) {
    one.staged_.seq = envelope.seq;
  } else if (folded.id() == ErrorId::kProjectionFailed) {
    note_failure(folded, envelope.seq, envelope.recorded_at, one.staged_);
  } else {
    one.is_lost_ = true;
  }
}

void InlineFolds::accept(const Database& database, rocksdb::WriteBatch& batch, std::uint64_t group) {
  const std::vector<std::shared_ptr<InlineFold>> folds = folds_;
  for (const std::shared_ptr<InlineFold>& one : folds) {
    if (!one->is_lost_) put(database, *one, batch, group);
    if (one->staged_.failure && log_) {
      log_(LogLevel::kWarning, "the projection '" + one->projection_.name + "' failed on event " +
                                   std::to_string(one->staged_.failure->seq) + " and stands still: " + one->staged_.failure->text);
    }
    if (one->is_lost_ || one->staged_.failure) leave(*one);
  }
}

void InlineFolds::put(const Database& database, InlineFold& one, rocksdb::WriteBatch& batch, std::uint64_t group) {
  one.staged_.updated = clock_.now();
  put_changes(database, one.staged_.space, one.rows_, batch);
  std::string key = space_key(one.staged_.space);
  one.rows_.each_change([&](std::string_view own_key, const std::optional<std::string>& value) {
    key.resize(kSpaceBytes);
    key.append(own_key);
    in_flight_.put(Table::kRows, key, value ? std::optional<std::string_view>(*value) : std::nullopt, group);
  });
  one.rows_.clear();
  batch.Put(database.handle(Table::kCursors), slice_of(one.key_), encode(one.staged_)).PermitUncheckedError();
  one.checkpoint_ = one.staged_;
}

void InlineFolds::restore() {
  for (const std::shared_ptr<InlineFold>& one : folds_) one->is_joined_ = false;
  folds_.clear();
  in_flight_.clear();
}

}  // namespace forge::internal
