#pragma once

// The log read through the audit index: the seqs that it names for a query, and how far it has come.

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint.h"
#include "database.h"
#include "forge/events/domain.h"
#include "forge/store/view.h"

namespace forge::internal {

class AuditLog {
 public:
  // Nothing where the store has no such index, or it cannot answer the query, or its checkpoint cannot be used. `domain` knows the
  // names of the query. Errors: kIoError.
  static Result<std::unique_ptr<AuditLog>> open(const Database& database, const Uuid& store, const Domain& domain,
                                                const LogQuery& query);

  // Events after this one are not in it.
  Seq reaches_to() const { return reaches_to_; }
  // "audit.actor".
  const std::string& name() const { return name_; }
  // The seqs from `from` to `to` in order, or backwards, until `visit` returns false. Errors: kDataCorrupt, kIoError; those of
  // `visit`.
  Status each(Seq from, Seq to, bool newest_first, const std::function<Result<bool>(Seq)>& visit) const;

 private:
  AuditLog(const Database& database, std::string name, std::string prefix)
      : database_(database), snapshot_(&database.db()), name_(std::move(name)), prefix_(std::move(prefix)) {}

  const Database& database_;
  mutable rocksdb::ManagedSnapshot snapshot_;
  const std::string name_;
  std::string prefix_;  // of the rows, with their space
  Seq reaches_to_ = 0;
};

}  // namespace forge::internal
