#pragma once

// A record as it stood at one point: an owning, immutable value.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/value.h"

namespace forge {

class Record {
 public:
  // `bytes` is the record's verified table under `domain`, `seq` the event that made this version.
  Record(std::shared_ptr<const Domain> domain, const Resource& resource, std::string key, Version version, Seq seq,
         std::uint32_t incarnation, std::vector<std::uint64_t> bytes, std::size_t size);

  const Resource& resource() const { return *resource_; }
  const std::string& key() const { return key_; }
  Version version() const { return version_; }
  Seq seq() const { return seq_; }
  std::uint32_t incarnation() const { return incarnation_; }

  // The field's value; null for a null or an unknown field.
  Value operator[](std::string_view field) const;
  // By field index, defaults resolved; lives as long as the record.
  std::span<const Cell> cells() const { return cells_; }
  // The fields in declared order.
  Object to_object() const;
  // The fields flat, then _version and _seq.
  std::string to_json() const;

 private:
  std::shared_ptr<const Domain> domain_;
  const Resource* resource_;
  std::string key_;
  Version version_;
  Seq seq_;
  std::uint32_t incarnation_;
  std::vector<std::uint64_t> bytes_;  // aligned for FlatBuffers
  Row cells_;
};

}  // namespace forge
