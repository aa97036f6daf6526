#pragma once

// The entries that make records findable by their values: unique and index entries from the record before and after an event, tags
// from both. Pure: the same rows give the same entries, whoever asks. Not safe for concurrent use.

#include <string>
#include <string_view>
#include <vector>

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"
#include "forge/projections/row_change.h"

namespace forge {

class EntryProjection {
 public:
  // The changes of `unique` and `index` from one state of a record to the next; null: there is none. The rows are as stored, with
  // absent cells where a field is not set. Of one constraint, the entry that disappears comes before the one that appears.
  // Errors: kKeyInvalid where a value cannot stand in an entry, kRuleFailed where a condition cannot be evaluated.
  Status project(const Resource& resource, std::string_view key, const Row* before, const Row* after, const RowSink& sink);

 private:
  struct Side {
    const Row* row = nullptr;  // what entries are made of; null: no record
    Row whole;
    std::string entry;
  };

  Status complete(const Resource& resource, std::string_view key, const Row* row, bool whole, Side& side);
  void change(Table table, std::string_view value, const RowSink& sink);

  Side before_, after_;
};

// The tags of an event that leads from one state of a record to the next; null: there is none. Both rows have their defaults and
// the key. A value that changes gives two tags, so that who looks for either finds the event. A value before that cannot be a tag
// gives none. Errors: kKeyInvalid where one after cannot: above 1,024 bytes, or with a NUL.
Status append_tags(const Resource& resource, const Row* before, const Row* after, std::vector<std::string>& tags);

}  // namespace forge
