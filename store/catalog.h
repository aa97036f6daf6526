#pragma once

// The domains of every schema version in the store, by version. Safe from any thread.

#include <memory>
#include <shared_mutex>
#include <vector>

#include "database.h"
#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/value.h"

namespace forge::internal {

class Catalog {
 public:
  Catalog();
  // Back to Forge's own resources alone.
  void clear();

  // Reads every `_schema` record and parses its sources again. Errors: kDataCorrupt, also where stored sources no longer parse.
  Status load(const Database& database);
  // The next version from its `_schema` record, a verified table, which event `seq` made. Errors: kDataCorrupt where its sources
  // are missing or no longer parse.
  Status add_stored(std::span<const std::uint8_t> record, Seq seq);
  // The next version, added by event `seq`.
  void add(std::shared_ptr<const Domain> domain, Seq seq);

  // The domain in force, and its version: 0 and Forge's own resources before the first schema.
  std::shared_ptr<const Domain> current() const;
  std::uint32_t version() const;
  // Null when there is no such version.
  std::shared_ptr<const Domain> at(std::uint32_t version) const;
  // The domain in force just after event `seq`.
  std::shared_ptr<const Domain> as_of(Seq seq) const;

  struct Version {
    std::shared_ptr<const Domain> domain;
    Seq seq = 0;  // of the event that added it
  };
  std::vector<Version> versions() const;

 private:
  mutable std::shared_mutex mutex_;
  std::vector<Version> versions_;  // by version number
};

// The arguments of `_schema.add` for `domain` as version `version`.
Args schema_arguments(const Domain& domain, std::uint32_t version);

}  // namespace forge::internal
