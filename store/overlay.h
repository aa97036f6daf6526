#pragma once

// What has been decided but is not yet on disk: rows that hide those of the database. Absent from the overlay means unknown; an
// entry without a value means that the row is gone. Used by the decider alone.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/projections/table_keys.h"

namespace forge::internal {

class Overlay {
 public:
  struct Entry {
    std::optional<std::string> value;  // nothing: the row is gone
    std::uint64_t group = 0;           // the group that wrote it last
  };

  // Null: unknown, ask the database. Lives until the next change.
  const Entry* find(Table table, std::string_view key) const;
  void put(Table table, std::string_view key, std::optional<std::string_view> value, std::uint64_t group);

  // Marks the beginning of a transaction; roll_back() takes back every change since.
  void begin() { undo_.clear(); }
  void roll_back();
  // Forgets what `group` wrote last: it is in the database now.
  void forget(std::uint64_t group);
  void clear();

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Undo {
    std::string key;
    std::optional<Entry> before;  // nothing: there was no entry
  };

  static std::string entry_key(Table table, std::string_view key);

  boost::unordered_flat_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
  std::vector<Undo> undo_;
  std::vector<std::pair<std::uint64_t, std::string>> written_;  // (group, key) in order
  std::size_t forgotten_ = 0;                                   // entries of written_ already done with
};

}  // namespace forge::internal
