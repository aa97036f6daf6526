#pragma once

// A record as it stood at one point: an owning, immutable value. Copies are cheap; safe to share between threads.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/envelope.h"
#include "forge/events/status.h"
#include "forge/events/value.h"

namespace forge {

class Record {
 public:
  // `bytes` is the record's verified table, `size` bytes of it, under `domain`; `encoded_key` its key. Errors: kDataCorrupt.
  static Result<Record> make(std::shared_ptr<const Domain> domain, const Resource& resource, std::string_view encoded_key,
                             Version version, Seq seq, std::uint32_t incarnation, std::vector<std::uint64_t> bytes,
                             std::size_t size);

  const Resource& resource() const;
  const std::string& key() const;
  Version version() const;
  Seq seq() const;  // of the event that made this version
  std::uint32_t incarnation() const;

  // The field's value, also of a secret one: what a program does with it is its own affair. Null for a null or an unknown field.
  Value operator[](std::string_view field) const;
  // By field index, defaults resolved; lives as long as a copy of the record.
  std::span<const Cell> cells() const;
  // The fields in declared order, to be shown: secret ones as kSecretShown.
  Object to_object() const;
  // The fields flat, then _version and _seq.
  std::string to_json() const;

 private:
  struct Data;
  explicit Record(std::shared_ptr<const Data> data);
  std::shared_ptr<const Data> data_;  // shared by copies
};

}  // namespace forge
